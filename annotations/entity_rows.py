"""Entities and indicators as rows of the record, and what the rows say, as an annotated document says it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from sqlalchemy import select
from sqlmodel import Session, col

from annotations.annotated import Entity, Indicator
from annotations.recording import Draft, parts
from models import entity as rows
from models import number
from models.folding import fold
from models.indicator import Indicator as IndicatorRow
from models.vocabulary import EntityKind, Naming

# PostgreSQL indexes no value above 2,704 bytes; two hundred characters are at most 800.
LONGEST_KEY = 200


@dataclass(frozen=True)
class Standing:
    """What the desk decided of an entity beside its words: the merge it is in, and whose word comes first."""

    merged_into: str | None = None
    survivor: str | None = None
    authority: str | None = None


def entity_draft(given: Entity, document_id: str | None, standing: Standing = Standing()) -> Draft:
    """An entity by its key in the record; `document_id` is that of one that is not named."""
    row = {
        "folded": fold(given.name, *given.aliases, given.description),
        "id": given.key,
        "kind": given.kind,
        "naming": given.naming,
        "name": given.name,
        "description": given.description,
        "wikidata": given.wikidata,
        "country": given.country,
        "document_id": document_id,
        "part_of": given.part_of,
        "acts_for": given.acts_for,
        "latitude": _canonical(given.latitude),
        "longitude": _canonical(given.longitude),
        "merged_into": standing.merged_into,
        "survivor": standing.survivor,
        "authority": standing.authority,
        "name_order": fold(given.name)[:LONGEST_KEY].rstrip(),
    }
    aliases = [
        {"position": position, "alias": alias, "folded": fold(alias)[:LONGEST_KEY].rstrip()}
        for position, alias in enumerate(given.aliases)
    ]
    return Draft(rows.Entity, row, [(rows.Alias, alias) for alias in aliases])


def indicator_draft(given: Indicator) -> Draft:
    """An indicator whose place is given by its key in the record."""
    row = {
        "folded": fold(given.label),
        "id": given.key,
        "label": given.label,
        "measure": given.measure,
        "counted": given.counted,
        "unit": given.unit,
        "place_id": given.place,
    }
    return Draft(IndicatorRow, row)


def aliases_of(session: Session, keys: Iterable[int]) -> dict[int, list[str]]:
    """The aliases of the rows with these keys, in their order."""
    found: dict[int, list[str]] = defaultdict(list)
    for some in parts(keys):
        query = select(rows.Alias).where(col(rows.Alias.entity_key).in_(some))
        for alias in session.execute(query.order_by(col(rows.Alias.position))).scalars():
            found[alias.entity_key].append(alias.alias)
    return found


def standing_of(row: rows.Entity) -> Standing:
    """What the desk decided of the entity of this row."""
    return Standing(row.merged_into, row.survivor, row.authority)


def entity_of(row: rows.Entity, aliases: Iterable[str]) -> Entity:
    """What the record says of an entity, by its key in the record."""
    return Entity(
        key=row.id,
        # The database holds the vocabularies.
        kind=cast("EntityKind", row.kind),
        naming=cast("Naming", row.naming),
        name=row.name,
        aliases=tuple(aliases),
        description=row.description,
        wikidata=row.wikidata,
        part_of=row.part_of,
        acts_for=row.acts_for,
        latitude=Decimal(row.latitude) if row.latitude else None,
        longitude=Decimal(row.longitude) if row.longitude else None,
        country=row.country,
    )


def indicator_of(row: IndicatorRow) -> Indicator:
    """What the record says of an indicator; its place is given by its key in the record."""
    return Indicator(row.id, row.label, row.measure, row.counted, row.unit, row.place_id)


def _canonical(value: Decimal | None) -> str | None:
    return None if value is None else number.canonical(value)
