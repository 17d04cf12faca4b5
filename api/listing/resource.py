"""A resource as data: what the list engine needs to know of a noun to serve it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from sqlalchemy import RowMapping, Select
from sqlmodel import col

from api.listing.atom import Entry
from api.listing.filters import Exact, Filter
from api.listing.reading import Reading
from api.listing.sql import Keys
from api.listing.template import Given
from models.revision import Revision

Parts = Mapping[str, list[Any]]


@dataclass(frozen=True)
class Part:
    """Nested rows: `rows` selects `owner` (one of the keys), `place` (its order) and `body` (JSON)."""

    name: str
    rows: Callable[[Reading, Keys], Select[Any]]


@dataclass(frozen=True)
class Include:
    """A part that comes on request: on lists for one statement, or from another resource on items alone."""

    about: str
    part: Part | None = None
    resource: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class Sort:
    """Columns, never null, in their order, all turned round by `-`; or a number counted for the row."""

    about: str
    columns: tuple[Any, ...] = ()
    count: Callable[[Reading], Any] | None = None


@dataclass(frozen=True)
class Whole:
    """A form that one item alone has: written of its row; where the service stands comes last."""

    about: str
    media_type: str
    write: Callable[[Reading, RowMapping, str], bytes]


ENDING: tuple[Any, ...] = (
    col(Revision.number).label("number"),
    col(Revision.time).label("time"),
    col(Revision.reason).label("reason"),
)


def _text(_: Mapping[str, Any], parts: Parts) -> str:
    return str(parts["text"][0]["text"]) if parts.get("text") else ""


# Each is the only one of its name: it is compared, and found in a cache, by what it is.
@dataclass(frozen=True, kw_only=True, eq=False)
class Resource:
    """`select` gives a row an item, with `row_key` and `id`; `render` makes the item of it and its parts."""

    name: str
    noun: str
    about: str
    model: Any
    view: type[BaseModel]
    select: Callable[[Reading], Select[Any]]
    render: Callable[[RowMapping, Parts], dict[str, Any]]
    # What feed readers show of an item.
    entry: Callable[[Mapping[str, Any]], Entry]
    # An item in linked data; after it, where the service stands.
    node: Callable[[Mapping[str, Any], str], dict[str, Any]]
    parts: tuple[Part, ...] = ()
    # The text itself, for offsets in other units, and where an item has the text that its offsets count in.
    texts: Part | None = None
    counted_in: Callable[[Mapping[str, Any], Parts], str] = _text
    filters: tuple[Filter, ...] = ()
    sorts: Mapping[str, Sort]
    default_sort: str
    # Ends every order, so that it is total.
    tie: tuple[Any, ...]
    includes: Mapping[str, Include] = field(default_factory=dict)
    # The forms of an item besides those of a list, by name.
    wholes: Mapping[str, Whole] = field(default_factory=dict)
    # What `q` searches, in words; none where there is no full text.
    words: str | None = None
    # The parts of `select` where it searches several nouns, by values of its filter `type`, the hits of each
    # in the order of their keys. Such a resource needs `q`, and has neither items nor a rank of its own.
    branches: Callable[[Reading, Given], Mapping[str, Select[Any]]] | None = None
    # The column of `select` that names the state of the item alone: the first half of its ETag.
    own: str = "row_key"
    # The row keys of `select` without its joins, and so whether or not their document can be read: only what
    # is made of them by `readable` may be shown.
    bare: Callable[[Reading], Select[Any]] | None = None
    # Tables that `select` joins besides the document and the revision, and filters look at.
    beside: tuple[Any, ...] = ()
    # Whether its items are prepared when a revision is written: they follow from one document, but for holes.
    prepared: bool = False
    # The ids that words which are no id may mean, the likeliest first.
    called: Callable[[Reading, str], Select[Any]] | None = None
    # Of an id that is not listed: what took its place, and the key of its own row.
    moved: Callable[[Reading, str], Select[Any]] | None = None

    @property
    def across(self) -> bool:
        """Whether it searches several nouns."""
        return self.branches is not None

    @property
    def own_order(self) -> Sort:
        """The order of its list unless another one is asked for."""
        return self.sorts[self.default_sort.removeprefix("-")]

    def own_sort(self, *, sought: bool) -> str:
        """The order unless one is asked for: of hits those first that were recorded last, else its own."""
        return "-recorded" if sought and "recorded" in self.sorts else self.default_sort

    def facets(self) -> dict[str, Exact]:
        """The filters that can be counted by value."""
        return {f.name: f for f in self.filters if isinstance(f, Exact) and f.counted}
