"""The forms in which items leave beside a page of JSON: written from the items' JSON, from beginning to end.

Every form is written as items come, so that no more of them than a batch is in memory.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel

from api.listing.engine import Listing, Page
from api.listing.formats import ATOM, CSV, JSON, JSON_LD, NDJSON, PARQUET
from api.listing.linked import Graph
from api.listing.parameters import ItemParameters
from api.listing.reading import Reading
from api.listing.resource import Resource
from api.listing.table import Table, columns_of
from api.problems import Mistake, unprocessable

if TYPE_CHECKING:
    from api.listing.columns import Columns


class Form(Protocol):
    """A document of items in the making."""

    def begin(self) -> bytes:
        """What stands before the first item."""

    def rows(self, lines: bytes, reading: Reading) -> bytes:
        """Some items, at least one, by their JSON: a line each, the last one without its end."""

    def end(self) -> bytes:
        """What stands behind the last item."""


class Lines:
    """NDJSON."""

    def begin(self) -> bytes:
        return b""

    def rows(self, lines: bytes, _: Reading) -> bytes:
        return lines + b"\n"

    def end(self) -> bytes:
        return b""


class Parquet:
    """Parquet, whose library is loaded when its first bytes are on their way: it takes a second."""

    def __init__(self, view: type[BaseModel]) -> None:
        self.view = view

    def begin(self) -> bytes:
        return b"PAR1"

    def rows(self, lines: bytes, _: object) -> bytes:
        return self._columns.rows(lines)

    def end(self) -> bytes:
        return self._columns.end()

    @cached_property
    def _columns(self) -> "Columns":
        # Read when the library is loaded: its own pool would keep forty megabytes for the next export.
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
        from api.listing.columns import Columns  # noqa: PLC0415  # see above

        return Columns(self.view)


def form_of(format: str, resource: Resource, base: str, *, bom: bool = False) -> Form | None:
    """A document of items of a resource; none of those that are made of a page or an item at once.

    `base` is where the service stands; `bom` begins a table with a byte-order mark.
    """
    made = FORMS.get(format)
    return made(resource, base, bom) if made else None


FORMS: Mapping[str, Callable[[Resource, str, bool], Form]] = {
    "ndjson": lambda _resource, _base, _bom: Lines(),
    "csv": lambda resource, _base, bom: Table(resource.view, bom=bom),
    "parquet": lambda resource, _base, _bom: Parquet(resource.view),
    "jsonld": lambda resource, base, _bom: Graph(resource, base),
}
MEDIA_TYPES = {
    "json": JSON, "csv": CSV, "ndjson": NDJSON, "atom": ATOM, "jsonld": JSON_LD, "parquet": PARQUET,
}  # fmt: skip


def written(form: Form, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The whole document: what it begins with, the chunks that it gave of its rows, and its end."""
    return filter(None, chain((form.begin(),), chunks, _end(form)))


def _end(form: Form) -> Iterator[bytes]:
    yield form.end()


def rows_of(listing: Listing, page: Page, form: Form) -> bytes:
    """The items of a page, if it has any."""
    return form.rows(listing.lines(page, listing.include), listing.reading) if page.rows else b""


def includable(resource: Resource, format: str) -> frozenset[str]:
    """The nested parts that have a place in a form."""
    if format in ("json", "ndjson"):
        return frozenset(resource.includes)
    if format in ("csv", "parquet"):
        return frozenset(column[0] for column in columns_of(resource.view)) & resource.includes.keys()
    return frozenset()


def refuse_conflicts(resource: Resource, parameters: ItemParameters, media: str) -> None:
    """Refuse what has no place in a form, with what has."""
    if media != "json":
        for name in ("facet", "count"):
            if getattr(parameters, name, None) not in (None, "off"):
                raise unprocessable(Mistake(parameter=name, message=f"has no place in {media}; ask for JSON"))
    if parameters.bom == "on" and media != "csv":
        raise unprocessable(Mistake(parameter="bom", message=f"has no place in {media}; ask for CSV"))
    if parameters.offsets == "utf16" and (media == "jsonld" or media in resource.wholes):
        message = f"`utf16` has no place in {media}, which says itself what it counts"
        raise unprocessable(Mistake(parameter="offsets", message=message))
    if include := getattr(parameters, "include", None):
        possible = includable(resource, media)
        for name in include:
            if name not in possible:
                message = f"`{name}` has no place in {media}; ask for JSON or NDJSON"
                raise unprocessable(Mistake(parameter="include", message=message))
