"""Merged entities: what names one of them is shown, found and counted as the one that survives it.

As long as nothing was ever merged, nothing of this is in any statement.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, union_all

from api.listing.filters import Exact, Narrow, Relation, Test
from api.listing.reading import Reading
from api.listing.sql import aliased, select
from models.entity import Entity


def survivor(reading: Reading, id: Any) -> Any:
    """The id that an entity's id leads to: its own, unless it is merged."""
    if not reading.merged:
        return id
    merged = aliased(Entity, "merged")
    into = select(merged.survivor).where(merged.id == id, reading.valid(merged), merged.survivor.is_not(None))
    return func.coalesce(into.correlate_except(merged).scalar_subquery(), id)


def leading(reading: Reading, test: Test) -> Test:
    """A test of survivors, as one of the ids that lead to them."""
    if not reading.merged:
        return test
    itself, merged = aliased(Entity, "itself"), aliased(Entity, "merged")
    # Two selects, each of which begins at an index.
    ids = union_all(
        select(itself.id).where(test(itself.id), itself.survivor.is_(None), reading.valid(itself)),
        select(merged.id).where(test(merged.survivor), reading.valid(merged)),
    )
    return lambda column: column.in_(ids)


def led(reading: Reading, column: Any, entity: Any) -> ColumnElement[bool]:
    """The condition that an id leads to the entity of the row around it."""
    own: ColumnElement[bool] = column == entity.id
    if not reading.merged:
        return own
    merged = aliased(Entity, "merged")
    others = select(merged.id).where(merged.survivor == entity.id, reading.valid(merged))
    ids = select(entity.id).correlate(entity).union_all(others.correlate(entity))
    leads: ColumnElement[bool] = column.in_(ids)
    return leads


def resolved(relation: Relation) -> Relation:
    """A relation whose values are entities, as one whose values are those that survive."""

    def rows(reading: Reading, narrow: Narrow) -> Select[Any]:
        if not reading.merged:
            return relation(reading, narrow)
        test = narrow.values and leading(reading, narrow.values)
        found = relation(reading, Narrow(narrow.owners, test)).subquery()
        return select(found.c.owner, survivor(reading, found.c.value).label("value"))

    return rows


@dataclass(frozen=True, kw_only=True)
class OfEntity(Exact):
    """Equality with the entity that a column names; `shown` is the id of the row that is joined for it."""

    shown: Any

    def value(self, reading: Reading) -> Any:
        return self.shown if reading.merged else self.of

    def _has(self, reading: Reading, test: Test) -> ColumnElement[bool]:
        return super()._has(reading, leading(reading, test))
