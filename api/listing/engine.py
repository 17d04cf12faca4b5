"""The list engine: from validated parameters to rows, in at most three statements and one for each facet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Integer, bindparam, literal

from api.listing.formats import dump, exact
from api.listing.order import (
    AFTER,
    refuse_unfit,
)
from api.listing.parameters import ListParameters
from api.listing.parts import fetch_parts, item_of
from api.listing.query import Query
from api.listing.reading import AT_REVISION, Reading
from api.listing.ready import InSession, Rows, Run, body, joined, template
from api.listing.resource import Parts, Resource
from api.listing.sql import select
from api.listing.template import Example

LIMIT = "page_limit"


@dataclass(frozen=True)
class Page:
    """Items; `after` are the sort values of the last one if more follow.

    They are rows with their parts, by row key, or what was prepared of them: JSON, a line each.
    """

    rows: Sequence[Any]
    after: list[Any] | None
    total: int | None
    parts: Mapping[int, Parts] = field(default_factory=dict)
    lines: bytes | None = None


class Listing(Query):
    """The pages of what a request asks for."""

    def __init__(
        self, resource: Resource, parameters: ListParameters, reading: Reading, run: Run | None = None
    ) -> None:
        super().__init__(resource, parameters, reading)
        self._run = run

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
            yield from map(exact, page.lines.split(b"\n") if page.rows else ())
            return
        for row in page.rows:
            yield item_of(self.resource, row, page.parts[row["row_key"]], include, utf16_offsets=self.utf16)

    def lines(self, page: Page, include: Sequence[str] = ()) -> bytes:
        """The same in JSON, a line each; the last one without its end."""
        return b"\n".join(map(dump, self.items(page, include))) if page.lines is None else page.lines

    def ready_page(self, limit: int, after: Sequence[Any], *, count: bool = False) -> Page | None:
        """A page of what is prepared; None if something on it is not."""
        reading, run = self.reading, self.run
        rows: list[Sequence[Any]] = []
        for part in range(2 if len(after) > 1 else 1):
            rows += self._ready_rows(limit + 1 - len(rows), after, part, count=count)
            if len(rows) > limit:
                break
        bodies = [row[1] for row in rows[:limit]]
        if None in bodies:
            return None
        if count and not rows and after:
            return None
        last = list(rows[limit - 1][3:]) if len(rows) > limit else None
        # All at once: the end of a line stands in no JSON but escaped.
        whole = b"\n".join(bodies) if reading.sqlite else "\n".join(bodies).encode()
        lines = run.names.fill(whole, reading, run)
        return Page(rows[:limit], last, (rows[0][2] if rows else 0) if count else None, lines=lines)

    def _ready_rows(self, limit: int, after: Sequence[Any], part: int, *, count: bool) -> Rows:
        """The first rows of what follows these sort values, or of one of its two parts."""
        shape = (
            self.resource.name, "page", self.shape(), len(after), part, count, self.reading.shape
        )  # fmt: skip
        found = template(shape, lambda: self._ready(after, part, count=count), self.run.dialect)
        if after:
            refuse_unfit(found.sorts, after)
        more = {AT_REVISION: self.reading.number, LIMIT: limit}
        more |= {f"{AFTER}{place}": value for place, value in enumerate(after)}
        return self.run(found.sql, found.values(self.query, more))

    def _ready(self, after: Sequence[Any], part: int, *, count: bool) -> Example:
        """The statement of a page of what is prepared: row key, body, total, sort values."""
        statement, order = self.ordered(ready=True)
        if after:
            statement = statement.where(order.after_in_parts(after)[part])
        if self.sort == "rank" or self.narrowed:
            # What is found is sorted before any of it is looked up.
            first = order.of(statement).limit(bindparam(LIMIT, 1, Integer)).subquery("page")
            statement, order = select(first.c.row_key), order.on(first)
        key = statement.selected_columns[0]
        statement = joined(statement, key, self.reading).with_only_columns(
            key, body(self.reading), self._total(count=count), maintain_column_froms=True
        )
        statement = order.of(statement).limit(bindparam(LIMIT, 1, Integer))
        given = [one for values in self.given.values() for one in values]
        return Example(statement, given, order.types)

    def _rendered(self, limit: int, after: Sequence[Any], *, count: bool, include: Sequence[str]) -> Page:
        """A page that is made now."""
        rows: Sequence[Any]
        if self.resource.across:
            rows, length = self._merged_rows(limit + 1, after, count=count)
        else:
            statement, order = self.ordered(ready=self.lean)
            statement, length = order.of(statement), len(order)
            if after:
                statement = statement.where(order.after(after))
            statement = statement.limit(limit + 1)
            if self.lean:
                # First which ones: what they show is looked up for no more.
                statement, order = order.again(statement, self.resource, self.reading)
            statement = statement.add_columns(self._total(count=count))
            rows = self.reading.session.execute(statement).mappings().all()
        found = rows[:limit]
        more = [rows[limit - 1][f"sort_{i}"] for i in range(length)] if len(rows) > limit else None
        parts = self.parts([row["row_key"] for row in found], include)
        if count and not rows and after:
            return Page(found, more, self.reading.session.execute(select(self.total())).scalar(), parts)
        return Page(found, more, (rows[0]["total"] if rows else 0) if count else None, parts)

    def _merged_rows(
        self, most: int, after: Sequence[Any], *, count: bool
    ) -> tuple[list[Mapping[str, Any]], int]:
        """The first rows of several branches after these sort values, and by how many they are sorted."""

        def built() -> Example:
            statement, order = self.merged(bindparam(LIMIT, 1, Integer), after)
            statement = statement.add_columns(self._total(count=count))
            given = [one for values in self.given.values() for one in values]
            return Example(statement, given, order.types)

        shape = (
            self.resource.name,
            "merged",
            self.nouns,
            self.shape(),
            len(after),
            count,
            self.reading.shape,
        )
        found = template(shape, built, self.run.dialect)
        if after:
            refuse_unfit(found.sorts, after)
        more = {AT_REVISION: self.reading.number, LIMIT: most}
        more |= {f"{AFTER}{place}": value for place, value in enumerate(after)}
        rows = self.run(found.sql, found.values(self.query, more))
        return [dict(zip(found.columns, row, strict=True)) for row in rows], len(found.sorts)

    def _total(self, *, count: bool) -> Any:
        """The column of the total, if it is asked for."""
        return (self.total() if count else literal(None)).label("total")


def batches(listing: Listing, size: int) -> Iterator[Page]:
    """All pages of a list, one after the other."""
    after: Sequence[Any] = ()
    while True:
        page = listing.page(size, after)
        yield page
        if page.after is None:
            return
        after = page.after
