"""Finding entities by their names and by what they are part of: selects of ids for many filters."""

from typing import Any

from sqlalchemy import Select, or_

from api.listing.filters import Exact
from api.listing.reading import Reading
from api.listing.sql import aliased, select
from models.entity import Alias, Entity
from models.folding import fold


def named(reading: Reading, words: str) -> Select[Any]:
    """Ids of entities with these words in their name or an alias."""
    return _like(reading, f"%{fold(words)}%")


def begins(reading: Reading, words: str) -> Select[Any]:
    """Ids of entities whose name or an alias has a word that begins so."""
    return _like(reading, f"{fold(words)}%", f"% {fold(words)}%")


def _like(reading: Reading, *patterns: str) -> Select[Any]:
    entity, alias = aliased(Entity, "named"), aliased(Alias, "named_alias")
    aliases = select(alias.entity_key).where(or_(*(alias.folded.like(pattern) for pattern in patterns)))
    names = or_(*(entity.name_order.like(pattern) for pattern in patterns))
    return select(entity.id).where(reading.valid(entity), or_(names, entity.row_key.in_(aliases)))


def parts_of(reading: Reading, whole: str) -> Select[Any]:
    """Ids of an entity and of all that is part of it, at any depth."""
    entity, inner = aliased(Entity, "whole"), aliased(Entity, "inner")
    start = select(entity.id).where(entity.id == whole, reading.valid(entity)).cte(recursive=True)
    # UNION, not UNION ALL: it also ends where entities are part of each other.
    tree = start.union(select(inner.id).where(inner.part_of == start.c.id, reading.valid(inner)))
    return select(tree.c.id)


class Prefix(Exact):
    """Autocompletion: `prefix` itself, without the other parameters of an equality."""

    def parameters(self) -> Any:
        yield next(iter(super().parameters()))

    def clause(self, reading: Reading, operator: str, value: Any) -> Any:
        return or_(*(self.of.in_(begins(reading, words)) for words in value))
