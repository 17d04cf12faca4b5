"""The list engine: from validated parameters to rows, in at most three statements and one for each facet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, literal

from api.listing import cursor
from api.listing.formats import dump, exact
from api.listing.order import AFTER, Lead, Order, lead_of, refuse_unfit, with_revision
from api.listing.parameters import RANKED, ListParameters
from api.listing.parts import fetch_parts, item_of
from api.listing.reading import AT_REVISION, Reading
from api.listing.ready import InSession, Run, body, joined, shape_of, template
from api.listing.resource import Parts, Resource
from api.listing.sql import select
from api.listing.template import Example, Given, listed
from api.listing.words import full_text, matches, ranked
from api.problems import Mistake, unprocessable

# Parameters that say how a page is shown, not which rows are on it.
_SHOWN = {"limit", "cursor", "count", "format", "facet", "include", "offsets", "as_of"}
LIMIT = "page_limit"
Clauses = Mapping[str, list[ColumnElement[bool]]]


@dataclass(frozen=True)
class Page:
    """Items; `after` are the sort values of the last one if more follow.

    They are rows with their parts, by row key, or what was prepared of them: JSON.
    """

    rows: Sequence[Any]
    after: list[Any] | None
    total: int | None
    parts: Mapping[int, Parts] = field(default_factory=dict)
    lines: Sequence[bytes] | None = None


class Listing:
    """One resource, filtered and sorted as a request asks, at one revision."""

    def __init__(
        self, resource: Resource, parameters: ListParameters, reading: Reading, run: Run | None = None
    ) -> None:
        self.resource, self.parameters, self.reading = resource, parameters, reading
        self._run = run
        given = parameters.given()
        self.utf16 = parameters.offsets == "utf16"
        self.query = {name: value for name, value in given.items() if name not in _SHOWN}
        self.sort = self.query.get("sort") or resource.own_sort(sought="q" in self.query)
        if self.sort == "rank" and "q" not in self.query:
            raise unprocessable(Mistake(parameter="sort", message="`rank` needs words to rank by: give `q`"))
        filters = sorted((name, value) for name, value in self.query.items() if name != "sort")
        self.digest = cursor.digest(resource.name, self.sort, filters)

    @cached_property
    def run(self) -> Run:
        """What runs statements of the driver in the reading's snapshot."""
        return self._run or InSession(self.reading)

    def page(
        self, limit: int, after: Sequence[Any] = (), *, count: bool = False, include: Sequence[str] = ()
    ) -> Page:
        """The next rows after these sort values, in one statement if they are prepared, else in two."""
        if self.resource.prepared and not include and not self.utf16:
            page = self.ready_page(limit, after, count=count)
            if page is not None:
                return page
        return self._rendered(limit, after, count=count, include=include)

    def empty(self) -> bool:
        """Whether nothing is found, in one statement."""
        one = self.filtered().with_only_columns(literal(1)).limit(1)
        return self.reading.session.execute(one).first() is None

    def parts(self, keys: Sequence[int], include: Sequence[str] = ()) -> Mapping[int, Parts]:
        """Everything nested in the rows with these keys, in one statement, and the words that were sought."""
        asked = (part for name in include if (part := self.resource.includes[name].part))
        texts = (self.resource.texts,) if self.utf16 and self.resource.texts else ()
        found = fetch_parts(self.reading, (*self.resource.parts, *asked, *texts), keys)
        return {key: {**parts, "terms": list(self.reading.terms)} for key, parts in found.items()}

    def items(self, page: Page, include: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """The items of a page as they are shown."""
        if page.lines is not None:
            yield from map(exact, page.lines)
            return
        for row in page.rows:
            yield item_of(self.resource, row, page.parts[row["row_key"]], include, utf16_offsets=self.utf16)

    def lines(self, page: Page, include: Sequence[str] = ()) -> Sequence[bytes]:
        """The same, each as JSON."""
        return [dump(item) for item in self.items(page, include)] if page.lines is None else page.lines

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

    def ready_page(self, limit: int, after: Sequence[Any], *, count: bool = False) -> Page | None:
        """A page of what is prepared; None if something on it is not."""
        reading, run = self.reading, self.run
        shape = (self.resource.name, "page", self._shape(), bool(after), count, shape_of(reading))
        found = template(shape, lambda: self._ready(after, count=count), run.dialect)
        if after:
            refuse_unfit(found.sorts, after)
        more = {AT_REVISION: reading.number, LIMIT: limit + 1}
        more |= {f"{AFTER}{place}": value for place, value in enumerate(after)}
        rows = run(found.sql, found.values(self.query, more))
        bodies = [row[1] for row in rows[:limit]]
        if None in bodies:
            return None
        if count and not rows and after:
            return None
        last = list(rows[limit - 1][3:]) if len(rows) > limit else None
        # All at once, parted by what stands in no JSON but escaped.
        whole = b"\n".join(bodies) if reading.sqlite else "\n".join(bodies).encode()
        lines = run.names.fill(whole, reading, run).split(b"\n") if bodies else []
        return Page(rows[:limit], last, (rows[0][2] if rows else 0) if count else None, lines=lines)

    def _shape(self) -> Any:
        """What of the query decides how its statement is built."""
        values = (
            (name, tuple(one == "none" for one in value) if isinstance(value, list) else None)
            for name, value in self.query.items()
        )
        words = tuple(len(term.words) > 1 for term in self.reading.terms)
        return self.sort, words, RANKED, tuple(sorted(values))

    def _ready(self, after: Sequence[Any], *, count: bool) -> Example:
        """The statement of a page of what is prepared: row key, body, total, sort values."""
        statement, order = self._ordered(ready=True)
        total = self._total() if count else literal(None)
        key = statement.selected_columns[0]
        statement = joined(statement, key, self.reading).with_only_columns(
            key, body(self.reading), total.label("total"), maintain_column_froms=True
        )
        statement = order.of(statement).limit(bindparam(LIMIT, 1, Integer))
        if after:
            statement = statement.where(order.after(after))
        given = [one for values in self.given.values() for one in values]
        return Example(statement, given, order.types)

    def _rendered(self, limit: int, after: Sequence[Any], *, count: bool, include: Sequence[str]) -> Page:
        """A page that is made now."""
        statement, order = self._ordered(ready=False)
        total = self._total().label("total") if count else literal(None).label("total")
        statement = order.of(statement.add_columns(total))
        if after:
            statement = statement.where(order.after(after))
        rows = self.reading.session.execute(statement.limit(limit + 1)).mappings().all()
        found = rows[:limit]
        more = [rows[limit - 1][f"sort_{i}"] for i in range(len(order))] if len(rows) > limit else None
        parts = self.parts([row["row_key"] for row in found], include)
        if count and not rows and after:
            return Page(found, more, self.reading.session.execute(select(self._total())).scalar(), parts)
        return Page(found, more, (rows[0]["total"] if rows else 0) if count else None, parts)

    def _ordered(self, *, ready: bool) -> tuple[Any, Order]:
        """The filtered select in its total order; for what is prepared no more than its `row_key`."""
        resource, reading = self.resource, self.reading
        rows = self._rows if ready else resource.select
        if self.sort == "rank":
            assert self.sought is not None, "checked before"
            model = resource.model
            # Cut last of all, so that what other clauses leave out takes no place among the newest.
            left = self.filtered(without="q")
            hits = ranked(left, model, self.sought, RANKED, sqlite=reading.sqlite).subquery("hits")
            statement = rows(reading).join(hits, model.row_key == hits.c.row_key)
            return statement, Order.of_columns((hits.c.rank,), resource.tie)
        if ready and (lead := lead_of(resource, self.sort, self.given, reading)):
            return self._led(lead)
        down = self.sort.startswith("-")
        sort = resource.sorts[self.sort.removeprefix("-")]
        columns = sort.columns if sort.count is None else (sort.count(reading),)
        statement = rows(reading).where(*self.clauses_without())
        newest = not resource.across and columns == (resource.model.row_key,)
        if self.sought is not None and reading.sqlite and newest:
            # In the order of the full text itself, so that it stops at the last one of the page.
            words, match = full_text(resource.model, self.sought)
            found = match & (words.c.rowid == resource.model.row_key)
            columns, statement = (words.c.rowid,), rows(reading).where(found, *self.clauses_without("q"))
        return statement, Order.of_columns(columns, resource.tie, down=down)

    def _rows(self, reading: Reading) -> Any:
        return with_revision(self.resource.rows(reading), self.resource.model, self.clauses_without())

    def _led(self, lead: Lead) -> tuple[Select[Any], Order]:
        """The same, where the value of one filter is kept in the list's order."""
        clauses = self.clauses_without(lead.filter.name)
        statement = lead.select(self.reading)
        if clauses:
            statement = lead.narrow(self._rows(self.reading), self.reading).where(*clauses)
        return statement, lead.order(down=self.sort.startswith("-"))

    def clauses_without(self, without: str | None = None) -> list[ColumnElement[bool]]:
        """The clauses of all filters, or of all but one."""
        return [c for name, group in self.clauses.items() if name != without for c in group]

    def _total(self) -> Any:
        filtered = self.filtered()
        keys = filtered.with_only_columns(filtered.selected_columns.row_key)
        return select(func.count()).select_from(keys.subquery()).scalar_subquery()


def batches(listing: Listing, size: int) -> Iterator[Page]:
    """All pages of a list, one after the other."""
    after: Sequence[Any] = ()
    while True:
        page = listing.page(size, after)
        yield page
        if page.after is None:
            return
        after = page.after
