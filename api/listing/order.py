"""The order of a list: its columns, what follows a row in it, and where a list begins that is kept in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, literal, or_
from sqlalchemy.sql.util import find_tables
from sqlmodel import col

from api.listing.filters import NONE, Exact
from api.listing.reading import Reading
from api.listing.resource import Resource
from api.listing.sql import select
from api.listing.template import Given
from api.problems import Mistake, unprocessable
from models.document import Document
from models.prepared import Found
from models.revision import Revision

# What the parameters of all statements are called that say after which sort values a page begins.
AFTER = "after_"


@dataclass(frozen=True)
class Order:
    """Columns, each with whether it goes down; they end in the key, so that the order is total."""

    columns: tuple[tuple[Any, bool], ...]

    @classmethod
    def of_columns(cls, columns: Sequence[Any], tie: Sequence[Any], *, down: bool = False) -> "Order":
        """These columns, all turned round or none, and what tells equal rows apart."""
        alone = len(columns) == 1 and columns[0].key in ("row_key", "rowid")
        return cls((*((c, down) for c in columns), *((c, False) for c in (() if alone else tie))))

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def types(self) -> tuple[type, ...]:
        """The types of the columns, in Python."""
        return tuple(column.type.python_type for column, _ in self.columns)

    def of(self, statement: Select[Any]) -> Select[Any]:
        """A select in this order, with the values of its columns."""
        labelled = (column.label(f"sort_{place}") for place, (column, _) in enumerate(self.columns))
        turned = (column.desc() if down else column.asc() for column, down in self.columns)
        return statement.add_columns(*labelled).order_by(*turned)

    def after(self, values: Sequence[Any]) -> ColumnElement[bool]:
        """The rows after these values, though the columns may go different ways."""
        refuse_unfit(self.types, values)
        given = [
            bindparam(f"{AFTER}{place}", value, column.type)
            for place, ((column, _), value) in enumerate(zip(self.columns, values, strict=True))
        ]
        clauses = []
        for place, (column, down) in enumerate(self.columns):
            equal = [c == g for (c, _), g in zip(self.columns[:place], given, strict=False)]
            clauses.append(and_(*equal, column < given[place] if down else column > given[place]))
        first, down = self.columns[0]
        # Implied by the rest, but an index can use it.
        return and_(first <= given[0] if down else first >= given[0], or_(*clauses))


def refuse_unfit(types: Sequence[type], values: Sequence[Any]) -> None:
    """Refuse values of a cursor that the columns cannot be compared with: words go with words alone."""
    if [isinstance(value, str) for value in values] != [type_ is str for type_ in types]:
        raise unprocessable(Mistake(parameter="cursor", message="not of this sort; begin at the first page"))


@dataclass(frozen=True)
class Lead:
    """A filter whose items are kept in the list's own order: a list of one of its values begins there."""

    resource: Resource
    filter: Exact
    value: Given

    def select(self, reading: Reading) -> Select[Any]:
        """The rows of the value that can be read: `row_key`."""
        stands = (col(Document.id) == Found.document_id) & reading.valid(Document)
        rows = select(col(Found.row_key)).select_from(Found).join(Document, stands)
        return rows.where(self._found(reading), reading.sees(Document))

    def narrow(self, rows: Select[Any], reading: Reading) -> Select[Any]:
        """Those of the rows of a select that have the value."""
        same = col(Found.row_key) == self.resource.model.row_key
        return rows.join(Found, same & self._found(reading))

    def _found(self, reading: Reading) -> ColumnElement[bool]:
        name = literal(self.filter.prepared, literal_execute=True)
        return and_(col(Found.name) == name, col(Found.value) == self.value.bind(), reading.holds(Found))

    def order(self, *, down: bool) -> Order:
        columns: tuple[Any, ...] = (col(Found.rank), col(Found.document_id), col(Found.start), col(Found.id))
        return Order(tuple((column, down and not place) for place, column in enumerate(columns)))


def lead_of(resource: Resource, sort: str, given: dict[str, list[Given]], reading: Reading) -> Lead | None:
    """The filter that a list begins with, if one value of it is asked for, in the list's own order.

    Where entities were merged, several values may stand for one: then nothing says in which order they come.
    """
    own = sort.removeprefix("-") == resource.default_sort.removeprefix("-")
    if not own or reading.merged or not reading.prepared:
        return None
    for filter in resource.filters:
        if isinstance(filter, Exact) and filter.prepared:
            values = [one for p in filter.parameters() for one in given.get(p.name, ())]
            if len(values) == 1 and values[0].name == filter.name and values[0].value != NONE:
                return Lead(resource, filter, values[0])
    return None


def with_revision(rows: Select[Any], model: Any, clauses: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Joins the revision only where a clause looks at it: else a database may take it for a place to begin."""
    key: Any = col(Revision.key)
    if any(key.table in find_tables(clause, check_columns=True) for clause in clauses):
        return rows.join_from(model, Revision, key == model.recorded)
    return rows
