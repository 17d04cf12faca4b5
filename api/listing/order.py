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

    def on(self, rows: Any) -> "Order":
        """The same order of the rows that a select in it gave."""
        return Order(tuple((rows.c[f"sort_{place}"], down) for place, (_, down) in enumerate(self.columns)))

    def again(self, first: Select[Any], resource: Resource, reading: Reading) -> tuple[Select[Any], "Order"]:
        """The rows that a select in this order gave, with all that they show, in the same order."""
        hits, key = first.cte("hits"), resource.model.row_key
        # The second condition says nothing new, but that they are few: so a database begins with them.
        rows = resource.select(reading).join(hits, key == hits.c.row_key)
        rows = rows.where(key.in_(select(hits.c.row_key)))
        order = self.on(hits)
        return order.of(rows), order

    def after(self, values: Sequence[Any]) -> ColumnElement[bool]:
        """The rows after these values, though the columns may go different ways."""
        refuse_unfit(self.types, values)
        return _after(self.columns, self._given(values))

    def after_in_parts(self, values: Sequence[Any]) -> list[ColumnElement[bool]]:
        """The same in two parts, one after the other: where the first column stays as it is, and beyond that.

        An index finds the beginning of each. Of both at once it finds the first row that is equal in the
        first column, and there may be many of those.
        """
        refuse_unfit(self.types, values)
        given = self._given(values)
        (first, down), *rest = self.columns
        beyond = _beyond(first, given[0], down=down)
        return [and_(first == given[0], _after(rest, given[1:])), beyond] if rest else [beyond]

    def _given(self, values: Sequence[Any]) -> list[Any]:
        return [
            bindparam(f"{AFTER}{place}", value, column.type)
            for place, ((column, _), value) in enumerate(zip(self.columns, values, strict=True))
        ]


def _after(columns: Sequence[tuple[Any, bool]], given: Sequence[Any]) -> ColumnElement[bool]:
    clauses = []
    for place, (column, down) in enumerate(columns):
        equal = [c == g for (c, _), g in zip(columns[:place], given, strict=False)]
        clauses.append(and_(*equal, _beyond(column, given[place], down=down)))
    first, down = columns[0]
    # Implied by the rest, but an index can use it.
    return and_(first <= given[0] if down else first >= given[0], or_(*clauses))


def _beyond(column: Any, given: Any, *, down: bool) -> ColumnElement[bool]:
    beyond: ColumnElement[bool] = column < given if down else column > given
    return beyond


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
        assert self.filter.prepared is not None, "looked at by `lead_of`"
        return reading.found(self.filter.prepared) & (col(Found.value) == self.value.bind())

    def order(self, *, down: bool) -> Order:
        columns: tuple[Any, ...] = (col(Found.rank), col(Found.document_id), col(Found.start), col(Found.id))
        return Order(tuple((column, down and not place) for place, column in enumerate(columns)))


def lead_of(resource: Resource, sort: str, given: dict[str, list[Given]], reading: Reading) -> Lead | None:
    """The filter that a list begins with, if one value of it is asked for, in the list's own order."""
    own = sort.removeprefix("-") == resource.default_sort.removeprefix("-")
    if not own or not reading.finds:
        return None
    for filter in resource.filters:
        if isinstance(filter, Exact) and filter.prepared:
            values = [one for p in filter.parameters() for one in given.get(p.name, ())]
            if len(values) == 1 and values[0].name == filter.name and values[0].value != NONE:
                return Lead(resource, filter, values[0])
    return None


def readable(resource: Resource, reading: Reading, looking: Sequence[ColumnElement[Any]] = ()) -> Select[Any]:
    """The rows that `Resource.select` gives, by their `row_key`, with no more than `looking` looks at.

    Their document and their revision are joined only where these are looked at. Else a database may begin
    there, and sort everything, rather than walk the list in its order.
    """
    model, looked = resource.model, {table for one in looking for table in tables_of(one)}
    if resource.bare is not None:
        rows = resource.bare(reading)
    else:
        rows = resource.select(reading).with_only_columns(model.row_key, maintain_column_froms=True)
    own = table_of(model).columns.get("document_id")
    # What need not stand in a document says itself who can read it.
    if own is not None and not own.nullable:
        stands = (col(Document.id) == model.document_id) & reading.valid(Document) & reading.sees(Document)
        if DOCUMENT in looked:
            rows = rows.join_from(model, Document, stands)
        else:
            rows = rows.where(select(literal(1)).where(stands).correlate(model).exists())
    if REVISION in looked:
        rows = rows.join_from(model, Revision, col(Revision.key) == model.recorded)
    return rows


def counted(
    model: Any, clauses: Sequence[ColumnElement[bool]], reading: Reading
) -> list[ColumnElement[bool]] | None:
    """The conditions under which rows are counted, on the rows alone, without joining what they stand in.

    Few documents cannot be read, so those are left out; where something is asked of the documents, those that
    have it are listed first. None where that is not enough.
    """
    of_documents: list[ColumnElement[bool]] = []
    others: list[ColumnElement[bool]] = []
    for clause in clauses:
        looked = set(tables_of(clause))
        if REVISION in looked or looked > {DOCUMENT}:
            return None
        (of_documents if looked == {DOCUMENT} else others).append(clause)
    if of_documents:
        ids = select(col(Document.id)).where(reading.valid(Document), reading.sees(Document), *of_documents)
        return [reading.valid(model), model.document_id.in_(ids), *others]
    return [reading.valid(model), model.document_id.not_in(reading.hidden()), *others]


def tables_of(clause: Any) -> Sequence[Any]:
    """The tables that a condition or a column looks at, at any depth."""
    # A column of a class stands for that of its table.
    element = clause.__clause_element__() if hasattr(clause, "__clause_element__") else clause
    return find_tables(element, check_columns=True)


def table_of(model: Any) -> Any:
    """The table of a class of rows."""
    return model.__table__


DOCUMENT, REVISION = table_of(Document), table_of(Revision)
