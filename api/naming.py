"""Finding entities by their names and by what they are part of: selects of ids for many filters."""

from typing import Any

from sqlalchemy import Select, false, func, literal, or_
from sqlmodel import col

from api.listing.filters import Exact, Narrow, containing
from api.listing.reading import Reading
from api.listing.sql import aliased, select
from api.listing.template import Given, bound
from models.entity import Alias, Entity
from models.folding import fold

# Entities that are looked at for the one that words may mean.
MOST_MEANT = 20


def named(reading: Reading, words: str | Given) -> Select[Any]:
    """Ids of entities with these words in their name or an alias."""
    return _like(reading, bound(words, containing))


def begins(reading: Reading, words: str | Given) -> Select[Any]:
    """Ids of entities whose name or an alias has a word that begins so."""
    return _like(reading, bound(words, _beginning), bound(words, lambda w: f"% {_beginning(w)}"))


def _beginning(words: str) -> str:
    return f"{fold(words)}%"


def called(reading: Reading, words: str) -> Select[Any]:
    """Ids of entities that may be meant by words: those of this very name or alias first, then beginnings."""
    if not fold(words):
        return select(col(Entity.id)).where(false())
    exactly = _like(reading, fold(words)).subquery("exactly")
    beginning = begins(reading, words).subquery("beginning")
    ranked = select(exactly.c[0].label("id"), literal(0).label("rank")).union_all(
        select(beginning.c[0], literal(1))
    )
    found = ranked.subquery("meant")
    best = func.min(found.c.rank)
    return select(found.c.id).group_by(found.c.id).order_by(best, found.c.id).limit(MOST_MEANT)


def _like(reading: Reading, *patterns: Any) -> Select[Any]:
    entity, alias = aliased(Entity, "named"), aliased(Alias, "named_alias")
    aliases = select(alias.entity_key).where(or_(*(alias.folded.like(pattern) for pattern in patterns)))
    names = or_(*(entity.name_order.like(pattern) for pattern in patterns))
    # Whoever has the name of a merged one in mind means the one that survives.
    found = func.coalesce(entity.survivor, entity.id) if reading.merged else entity.id
    return select(found).where(reading.valid(entity), or_(names, entity.row_key.in_(aliases)))


def alias_of(reading: Reading, narrow: Narrow) -> Select[Any]:
    """Other names, by the rows of entities: aliases, and all names of what is merged into one."""
    owner, value = col(Alias.entity_key), col(Alias.alias)
    if not reading.merged:
        return narrow.where(select(owner.label("owner"), value.label("value")), owner, value)
    entity, named = aliased(Entity, "surviving"), aliased(Entity, "named")
    leads = (entity.id == func.coalesce(named.survivor, named.id)) & reading.valid(entity)

    def called(name: Any) -> Select[Any]:
        rows = select(entity.row_key.label("owner"), name.label("value")).select_from(named)
        return narrow.where(rows.join(entity, leads).where(reading.valid(named)), entity.row_key, name)

    aliases = called(value).join(Alias, owner == named.row_key)
    every = aliases.union_all(called(named.name).where(named.survivor.is_not(None))).subquery()
    return select(every.c.owner, every.c.value)


def parts_of(reading: Reading, whole: str | Given) -> Select[Any]:
    """Ids of an entity and of all that is part of it, at any depth, and of what is merged into them."""
    entity, inner = aliased(Entity, "whole"), aliased(Entity, "inner")
    start = select(entity.id).where(entity.id == bound(whole), reading.valid(entity))
    if reading.merged:
        start = start.where(entity.survivor.is_(None))
    found = start.cte(recursive=True)
    below = inner.part_of == found.c.id
    if reading.merged:
        # What is merged is no part itself, but has parts.
        below = (below & inner.survivor.is_(None)) | (inner.survivor == found.c.id)
    # UNION, not UNION ALL: it also ends where entities are part of each other.
    tree = found.union(select(inner.id).where(below, reading.valid(inner)))
    return select(tree.c.id)


class Prefix(Exact):
    """Autocompletion: `prefix` itself, without the other parameters of an equality."""

    def parameters(self) -> Any:
        yield next(iter(super().parameters()))

    def clause(self, reading: Reading, operator: str, value: Any) -> Any:
        return or_(*(self.of.in_(begins(reading, words)) for words in value))
