"""A resource as data: what the list engine needs to know of a noun to serve it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from sqlalchemy import RowMapping, Select
from sqlalchemy.sql.functions import FunctionElement

from api.listing.filters import Filter
from api.listing.reading import Reading

Parts = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Part:
    """Nested rows: `rows` selects `owner` (a row key), `place` (their order) and `body` (JSON) for the page's keys."""

    name: str
    rows: Callable[[Reading, Sequence[int]], Select[Any]]


@dataclass(frozen=True)
class Include:
    """A part that comes on request: on lists for one statement, or from another resource on items alone."""

    about: str
    part: Part | None = None
    resource: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class Sort:
    """Columns, never null, in their order; the named one comes first and is the one that `-` turns round."""

    about: str
    columns: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """`select` gives one row an item with its `row_key` and `id`; `render` makes the item of it and its parts."""

    name: str
    noun: str
    about: str
    model: Any
    view: type[BaseModel]
    select: Callable[[Reading], Select[Any]]
    render: Callable[[RowMapping, Parts], dict[str, Any]]
    parts: tuple[Part, ...] = ()
    # The text itself, for offsets in other units.
    texts: Part | None = None
    filters: tuple[Filter, ...] = ()
    sorts: Mapping[str, Sort]
    default_sort: str
    # Ends every order, so that it is total.
    tie: tuple[Any, ...]
    includes: Mapping[str, Include] = field(default_factory=dict)
    # What `q` searches, in words; none where there is no full text.
    words: str | None = None
    # Searches several nouns: it needs `q`, and has neither items nor a rank of its own.
    across: bool = False

    def facets(self) -> dict[str, Filter]:
        """The filters that can be counted by value."""
        return {filter.name: filter for filter in self.filters if filter.counted}


class json_object(FunctionElement[str]):  # noqa: N801  # a function in SQL
    """JSON text of alternating names and values, built by the database."""

    inherit_cache = True
    name = "json_object"
