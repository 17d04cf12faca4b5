"""What a list is asked for: its filters as clauses, and the statements that they make in its order."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, func, union_all
from sqlmodel import col

from api.listing import cursor
from api.listing.order import DOCUMENT, Lead, Order, counted, lead_of, readable, tables_of
from api.listing.parameters import RANKED, ListParameters
from api.listing.reading import Reading
from api.listing.resource import Resource
from api.listing.sql import select
from api.listing.template import Given, listed
from api.listing.words import full_text, matches, ranked
from api.problems import Mistake, unprocessable
from models.document import Document

# Parameters that say how a page is shown, not which rows are on it.
_SHOWN = {"limit", "cursor", "count", "format", "bom", "facet", "include", "offsets", "as_of"}
Clauses = Mapping[str, list[ColumnElement[bool]]]


class Query:
    """One resource, filtered and sorted as a request asks, at one revision."""

    def __init__(self, resource: Resource, parameters: ListParameters, reading: Reading) -> None:
        self.resource, self.parameters, self.reading = resource, parameters, reading
        given = parameters.given()
        self.utf16 = parameters.offsets == "utf16"
        self.include: Sequence[str] = getattr(parameters, "include", None) or ()
        self.query = {name: value for name, value in given.items() if name not in _SHOWN}
        self.sort = self.query.get("sort") or resource.own_sort(sought="q" in self.query)
        if self.sort == "rank" and "q" not in self.query:
            raise unprocessable(Mistake(parameter="sort", message="`rank` needs words to rank by: give `q`"))
        filters = sorted((name, value) for name, value in self.query.items() if name != "sort")
        self.digest = cursor.digest(resource.name, self.sort, filters)

    def filtered(self, without: str | None = None) -> Select[Any]:
        """What the filters leave; `without` one of them."""
        return self.resource.select(self.reading).where(*self.clauses_without(without))

    @cached_property
    def given(self) -> dict[str, list[Given]]:
        """The values of the query by parameter."""
        return {
            name: [Given(name, place, one) for place, one in enumerate(listed(value))]
            for name, value in self.query.items()
        }

    @cached_property
    def clauses(self) -> Clauses:
        """Clauses by filter; rows, count, facets and exports all use them."""
        clauses: dict[str, list[ColumnElement[bool]]] = {}
        for filter in self.resource.filters:
            for parameter in filter.parameters():
                if (values := self.given.get(parameter.name)) is not None:
                    operator = parameter.name.removeprefix(filter.name).removeprefix("__")
                    value = values if parameter.repeated else values[0]
                    clauses.setdefault(filter.name, []).append(filter.clause(self.reading, operator, value))
        if self.sought is not None and not self.resource.across:
            clauses["q"] = [matches(self.resource.model, self.sought, sqlite=self.reading.sqlite)]
        return clauses

    @property
    def sought(self) -> Given | None:
        """The words that are sought."""
        return self.given["q"][0] if "q" in self.given else None

    def ordered(self, *, ready: bool) -> tuple[Any, Order]:
        """The filtered select in its total order; for what is prepared no more than its `row_key`."""
        resource, reading, model = self.resource, self.reading, self.resource.model
        if ready and self.lead:
            return self._led(self.lead)
        if self.sort == "rank":
            hits = self._ranked().subquery("hits")
            order = Order.of_columns((hits.c.rank,), [hits.c[column.key] for column in resource.tie])
            if ready:
                return select(hits.c.row_key), order
            return resource.select(reading).join(hits, model.row_key == hits.c.row_key), order
        sort = resource.sorts[self.sort.removeprefix("-")]
        columns = sort.columns if sort.count is None else (sort.count(reading),)
        down, tie = self.sort.startswith("-"), resource.tie
        if DOCUMENT in self._looked_at and columns[0].key == "document_id":
            # Of two columns that are equal SQLite knows the order of that one where it begins.
            columns, tie = (col(Document.id),), (col(Document.id), *tie[1:])
        rows = self._rows(*columns) if ready else resource.select(reading)
        if self.sought is not None and reading.sqlite and columns == (model.row_key,):
            # In the order of the full text itself, so that it stops at the last one of the page.
            words, match = full_text(model, self.sought)
            columns = (words.c.rowid,)
            statement = rows.where(match, words.c.rowid == model.row_key, *self.clauses_without("q"))
        else:
            statement = rows.where(*self.clauses_without())
        return statement, Order.of_columns(columns, tie, down=down)

    def merged(self, most: Any, after: Sequence[Any]) -> tuple[Select[Any], Order]:
        """The first rows of several branches after these sort values, and their order.

        Each branch stops at its own first ones, rather than find all that there are and sort them.
        """
        down = self.sort.startswith("-")
        columns = self.resource.sorts[self.sort.removeprefix("-")].columns
        order = Order.of_columns(columns, self.resource.tie, down=down)
        first = [column.desc() if down else column.asc() for column in columns]
        then = [order.after(after)] if after else []
        branches = (order.of(rows.where(*then)) for rows in self._branches())
        cut = (rows.order_by(None).order_by(*first).limit(most).subquery() for rows in branches)
        hits = union_all(*(select(rows) for rows in cut)).subquery("hits")
        sorts = [hits.c[f"sort_{place}"] for place in range(len(order))]
        turned = (c.desc() if down_ else c.asc() for c, (_, down_) in zip(sorts, order.columns, strict=True))
        return select(hits).order_by(*turned).limit(most), order

    def _branches(self) -> list[Select[Any]]:
        """The filtered rows of each noun that is asked for."""
        assert self.resource.branches is not None, "asked before"
        assert self.sought is not None, "required"
        every = self.resource.branches(self.reading, self.sought)
        asked = (rows for noun, rows in every.items() if noun in self.nouns or not self.nouns)
        return [rows.where(*self.clauses_without()) for rows in asked]

    @property
    def nouns(self) -> tuple[str, ...]:
        """The branches that are asked for; none: all that there are."""
        return tuple(listed(self.query.get("type", [])))

    def _ranked(self) -> Any:
        """The newest of the rows that have the words: `row_key`, `rank` and what tells equal ones apart.

        Cut last of all, so that what other clauses leave out takes no place among the newest.
        """
        assert self.sought is not None, "checked before"
        resource, reading, model = self.resource, self.reading, self.resource.model
        clauses = self.clauses_without("q")
        # Many are ranked for one page: which of them can be read is asked of those that cannot.
        bare = self._counted(clauses)
        if bare is not None:
            left = select(model.row_key).where(*bare)
        else:
            rows = self._rows() if resource.prepared else resource.select(reading)
            left = rows.where(*clauses)
        return ranked(left, model, self.sought, RANKED, resource.tie, sqlite=reading.sqlite)

    def _rows(self, *columns: Any) -> Any:
        """What filters and these columns look at, and no more."""
        return readable(self.resource, self.reading, (*self.clauses_without(), *columns))

    def _led(self, lead: Lead) -> tuple[Select[Any], Order]:
        """The same, where the value of one filter is kept in the list's order."""
        clauses = self.clauses_without(lead.filter.name)
        rows = (
            lead.narrow(self._rows(), self.reading).where(*clauses) if clauses else lead.select(self.reading)
        )
        return rows, lead.order(down=self.sort.startswith("-"))

    @cached_property
    def lead(self) -> Lead | None:
        """The filter whose items are kept in the order of the list, if it is asked for."""
        return lead_of(self.resource, self.sort, self.given, self.reading)

    @property
    def narrowed(self) -> bool:
        """Whether a database may begin with the documents that filters leave, and so must sort their rows."""
        return self.lead is None and DOCUMENT in self._looked_at

    @cached_property
    def lean(self) -> bool:
        """Whether which rows are listed can be told without all that they show."""
        return self.resource.bare is not None and not self._looked_at & set(self.resource.beside)

    @cached_property
    def _looked_at(self) -> set[Any]:
        """The tables that the filters look at."""
        return {table for clause in self.clauses_without() for table in tables_of(clause)}

    def clauses_without(self, without: str | None = None) -> list[ColumnElement[bool]]:
        """The clauses of all filters, or of all but one."""
        return [c for name, group in self.clauses.items() if name != without for c in group]

    def total(self) -> Any:
        conditions = self._counted(self.clauses_without())
        if conditions is not None:
            return select(func.count()).select_from(self.resource.model).where(*conditions).scalar_subquery()
        every = self._branches() if self.resource.across else [self.filtered()]
        keys = [rows.with_only_columns(rows.selected_columns.row_key) for rows in every]
        return select(func.count()).select_from(union_all(*keys).subquery()).scalar_subquery()

    def _counted(self, clauses: Sequence[ColumnElement[bool]]) -> list[ColumnElement[bool]] | None:
        """The conditions under which rows can be counted alone; None if they cannot."""
        model = self.resource.model
        below = self.resource.prepared and hasattr(model, "document_id")
        return counted(model, clauses, self.reading) if below else None

    def shape(self) -> Any:
        """What of the query decides how its statement is built."""
        values = (
            (name, tuple(one == "none" for one in value) if isinstance(value, list) else None)
            for name, value in self.query.items()
        )
        words = tuple(len(term.words) > 1 for term in self.reading.terms)
        return self.sort, words, RANKED, tuple(sorted(values))
