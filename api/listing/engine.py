"""The list engine: from validated parameters to rows, in at most three statements and one for each facet."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, literal, or_, union_all

from api.listing import cursor
from api.listing.filters import NONE, Exact, Narrow
from api.listing.formats import utf16
from api.listing.parameters import MOST_FACET_VALUES, RANKED, ListParameters
from api.listing.reading import Reading
from api.listing.resource import Part, Parts, Resource
from api.listing.sql import select
from api.listing.words import matches, ranked
from api.problems import Mistake, unprocessable

# Parameters that say how a page is shown, not which rows are on it.
_SHOWN = {"limit", "cursor", "count", "format", "facet", "include", "offsets", "as_of"}
Clauses = Mapping[str, list[ColumnElement[bool]]]


@dataclass(frozen=True)
class Page:
    """Rows with their parts, by row key; `after` are the sort values of the last row if more follow."""

    rows: Sequence[RowMapping]
    parts: Mapping[int, Parts]
    after: list[Any] | None
    total: int | None


class Listing:
    """One resource, filtered and sorted as a request asks, at one revision."""

    def __init__(self, resource: Resource, parameters: ListParameters, reading: Reading) -> None:
        self.resource, self.parameters, self.reading = resource, parameters, reading
        given = parameters.model_dump(exclude_none=True)
        self.utf16 = parameters.offsets == "utf16"
        self.query = {name: value for name, value in given.items() if name not in _SHOWN}
        self.sort = self.query.get("sort") or resource.default_sort
        if self.sort == "rank" and "q" not in self.query:
            raise unprocessable(Mistake(parameter="sort", message="`rank` needs words to rank by: give `q`"))
        filters = sorted((name, value) for name, value in self.query.items() if name != "sort")
        self.digest = cursor.digest(resource.name, self.sort, filters)
        self.clauses = self._clauses()

    def page(
        self, limit: int, after: Sequence[Any] = (), *, count: bool = False, include: Sequence[str] = ()
    ) -> Page:
        """The next rows after these sort values, in two statements."""
        statement, order = self._ordered()
        labelled = [column.label(f"sort_{i}") for i, (column, _) in enumerate(order)]
        total = self._total().label("total") if count else literal(None).label("total")
        statement = statement.add_columns(*labelled, total)
        if after:
            statement = statement.where(_following(order, after))
        statement = statement.order_by(*(c.desc() if down else c.asc() for c, down in order)).limit(limit + 1)
        rows = self.reading.session.execute(statement).mappings().all()
        found = rows[:limit]
        more = [rows[limit - 1][f"sort_{i}"] for i in range(len(order))] if len(rows) > limit else None
        parts = self.parts([row["row_key"] for row in found], include)
        if count and not rows and after:
            return Page(found, parts, more, self.reading.session.execute(select(self._total())).scalar())
        return Page(found, parts, more, (rows[0]["total"] if rows else 0) if count else None)

    def empty(self) -> bool:
        """Whether nothing is found, in one statement."""
        one = self._filtered().with_only_columns(literal(1)).limit(1)
        return self.reading.session.execute(one).first() is None

    def parts(self, keys: Sequence[int], include: Sequence[str] = ()) -> Mapping[int, Parts]:
        """Everything nested in the rows with these keys, in one statement, and the words that were sought."""
        asked = (part for name in include if (part := self.resource.includes[name].part))
        texts = (self.resource.texts,) if self.utf16 and self.resource.texts else ()
        found = fetch_parts(self.reading, (*self.resource.parts, *asked, *texts), keys)
        return {key: {**parts, "terms": list(self.reading.terms)} for key, parts in found.items()}

    def items(self, page: Page, include: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """The rows of a page as they are shown."""
        for row in page.rows:
            yield item_of(self.resource, row, page.parts[row["row_key"]], include, utf16_offsets=self.utf16)

    def facet(self, name: str) -> list[dict[str, Any]]:
        """The values of a filter with the number of hits that each would leave, its own filter left out."""
        filter = self.resource.facets()[name]
        rows = self.reading.session.execute(
            _counted(filter, self.reading, self._filtered(without=name))
        ).all()
        return [
            {"value": value, "label": label, "count": count, "url": self._facet_url(name, value)}
            for value, label, count in rows
        ]

    def _clauses(self) -> Clauses:
        """Clauses by filter; rows, count, facets and exports all use them."""
        clauses: dict[str, list[ColumnElement[bool]]] = defaultdict(list)
        for filter in self.resource.filters:
            for parameter in filter.parameters():
                if (value := self.query.get(parameter.name)) is not None:
                    operator = parameter.name.removeprefix(filter.name).removeprefix("__")
                    clauses[filter.name].append(filter.clause(self.reading, operator, value))
        if self.reading.terms and not self.resource.across:
            clauses["q"].append(matches(self.resource.model, self.reading.terms, sqlite=self.reading.sqlite))
        return clauses

    def _filtered(self, without: str | None = None) -> Select[Any]:
        clauses = (c for name, group in self.clauses.items() if name != without for c in group)
        return self.resource.select(self.reading).where(*clauses)

    def _ordered(self) -> tuple[Select[Any], list[tuple[Any, bool]]]:
        """The filtered select, and the columns of its total order, each with whether it goes down."""
        tie = [(column, False) for column in self.resource.tie]
        if self.sort == "rank":
            model, reading = self.resource.model, self.reading
            # Cut last of all, so that what other clauses leave out takes no place among the newest.
            left = self._filtered(without="q")
            hits = ranked(left, model, reading.terms, RANKED, sqlite=reading.sqlite).subquery("hits")
            statement = self.resource.select(reading).join(hits, model.row_key == hits.c.row_key)
            return statement, [(hits.c.rank, False), *tie]
        statement = self._filtered()
        sort = self.resource.sorts[self.sort.removeprefix("-")]
        columns = sort.columns if sort.count is None else (sort.count(self.reading),)
        return statement, [(column, self.sort.startswith("-")) for column in columns] + tie

    def _total(self) -> Any:
        filtered = self._filtered()
        keys = filtered.with_only_columns(filtered.selected_columns.row_key)
        return select(func.count()).select_from(keys.subquery()).scalar_subquery()

    def _facet_url(self, name: str, value: Any) -> str:
        """The list that has exactly `count` hits: the same query at the same revision."""
        own = {parameter.name for parameter in self.resource.facets()[name].parameters()}
        kept = {key: v for key, v in self.query.items() if key not in own}
        chosen = {**kept, name: NONE if value is None else value, "as_of": self.reading.number}
        return f"/v1/{self.resource.name}?{urlencode(chosen, doseq=True)}"


def fetch_parts(
    reading: Reading, parts: Sequence[Part], keys: Sequence[int]
) -> Mapping[int, Mapping[str, list[dict[str, Any]]]]:
    """The rows of several parts for several owners, in one statement."""
    found: dict[int, dict[str, list[dict[str, Any]]]] = {key: defaultdict(list) for key in keys}
    if not parts or not keys:
        return found
    selects = []
    for part in parts:
        rows = part.rows(reading, keys).subquery()
        selects.append(select(rows.c.owner, literal(part.name).label("part"), rows.c.place, rows.c.body))
    nested = union_all(*selects).subquery()
    # The body last: parts that begin at one place come in one order, always.
    statement = select(nested).order_by(nested.c.owner, nested.c.part, nested.c.place, nested.c.body)
    for owner, name, _, body in reading.session.execute(statement):
        found[owner][name].append(orjson.loads(body))
    return found


def item_of(
    resource: Resource, row: RowMapping, parts: Parts, include: Sequence[str] = (), *, utf16_offsets: bool
) -> dict[str, Any]:
    """A row with its parts as it is shown."""
    item = resource.render(row, parts)
    for name in include:
        item[name] = parts["text"][0]["text"] if name == "text" else list(parts.get(name, ()))
    if utf16_offsets:
        utf16(item, resource.counted_in(item, parts))
    return item


def batches(listing: Listing, size: int) -> Iterator[Page]:
    """All pages of a list, one after the other."""
    after: Sequence[Any] = ()
    while True:
        page = listing.page(size, after)
        yield page
        if page.after is None:
            return
        after = page.after


def _following(order: Sequence[tuple[Any, bool]], after: Sequence[Any]) -> ColumnElement[bool]:
    """Rows after these values in an order whose columns may go different ways."""
    if len(after) != len(order) or not all(map(_fits, (column for column, _ in order), after)):
        raise unprocessable(Mistake(parameter="cursor", message="not of this sort; begin at the first page"))
    clauses = []
    for i, (column, down) in enumerate(order):
        equal = [c == literal(v, c.type) for (c, _), v in zip(order[:i], after, strict=False)]
        value = literal(after[i], column.type)
        clauses.append(and_(*equal, column < value if down else column > value))
    first, down = order[0]
    value = literal(after[0], first.type)
    # Implied by the rest, but an index can use it.
    return and_(first <= value if down else first >= value, or_(*clauses))


def _fits(column: Any, value: Any) -> bool:
    """Whether a value of a cursor can be compared with the column: words with words, numbers with numbers."""
    return isinstance(value, str) == (column.type.python_type is str)


def _counted(filter: Exact, reading: Reading, filtered: Select[Any]) -> Select[Any]:
    """Value, label and number of the most frequent values among the rows of a filtered select."""
    number = func.count().label("number")
    if filter.by is None:
        value = filter.value(reading)
        label = value if filter.label is None else filter.label
        counted = filtered.with_only_columns(value, func.max(label), number)
        return counted.group_by(value).order_by(number.desc(), value).limit(MOST_FACET_VALUES)
    # Not correlated: the relation may read the tables that the filtered rows come from.
    owners = filtered.with_only_columns(filter.key).correlate(None)
    relation = filter.by(reading, Narrow(owners=owners)).subquery()
    value, number = relation.c.value, func.count(relation.c.owner.distinct()).label("number")
    grouped = select(value, number).where(value.is_not(None)).group_by(value)
    counts = grouped.order_by(number.desc(), value).limit(MOST_FACET_VALUES).subquery()
    order = (counts.c.number.desc(), counts.c.value)
    if filter.labels is None:
        return select(counts.c.value, counts.c.value, counts.c.number).order_by(*order)
    labels = filter.labels(reading).subquery()
    labelled = select(counts.c.value, labels.c.label, counts.c.number).select_from(counts)
    return labelled.outerjoin(labels, labels.c.value == counts.c.value).order_by(*order)
