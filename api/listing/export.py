"""Exports: everything that matches, streamed."""

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.listing.engine import Listing, Page
from api.listing.formats import MEDIA_TYPES
from api.listing.giving_way import give_way
from api.listing.parameters import ListParameters
from api.listing.reading import read
from api.listing.table import header, rows, rows_of_lines
from api.problems import Problem
from models.session import Database

BATCH = 500


def export(
    request: Request, listing: Listing, after: Sequence[Any], media: str, headers: dict[str, str]
) -> Response:
    """Everything that matches after these sort values, in batches: each reads the same revision in a short
    transaction of its own, so that a slow client holds no connection. Few run at once, because each keeps
    a thread busy.
    """
    running: threading.BoundedSemaphore = request.app.state.exports
    if not running.acquire(blocking=False):
        raise Problem(503, "as many exports as may run at once are running", headers={"Retry-After": "5"})
    release = _once(running.release)
    # A HEAD is answered by what answers the GET; it must not read the whole record for it.
    nothing: Iterator[bytes] = iter(())
    database: Database = request.app.state.database
    batches = nothing if request.scope.get("head") else _batches(database, listing, after, media)
    chunks = _released(written(listing, batches, media), release)
    # The first one before the answer begins: what goes wrong so far, as a database that is away, is answered.
    first = next(chunks, b"")
    response = StreamingResponse(chain((first,), chunks), 200, headers, MEDIA_TYPES[media])
    # A client that leaves before the first byte never starts the generator, nor its `finally`.
    weakref.finalize(response, release)
    return response


def _once(release: Callable[[], None]) -> Callable[[], None]:
    left = [release]
    return lambda: left.pop()() if left else None


def _released(chunks: Iterator[bytes], release: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from chunks
    finally:
        release()


def written(listing: Listing, batches: Iterable[bytes], media: str) -> Iterator[bytes]:
    """What `taken` gave of pages, with what stands before the first one."""
    head = header(listing.resource.view) if media == "csv" else b""
    for batch in batches:
        yield head + batch
        head = b""
    if head:
        yield head


def taken(listing: Listing, page: Page, media: str) -> bytes:
    """A page as rows of CSV, or lines of NDJSON."""
    include = getattr(listing.parameters, "include", None) or ()
    if not page.rows:
        return b""
    if media == "ndjson":
        return listing.lines(page, include) + b"\n"
    view = listing.resource.view
    if page.lines is not None:
        return rows_of_lines(view, page.lines.split(b"\n"))
    return rows(view, listing.items(page, include))


def _batches(database: Database, first: Listing, after: Sequence[Any], media: str) -> Iterator[bytes]:
    parameters: ListParameters = first.parameters
    include = getattr(parameters, "include", None) or ()
    more: Sequence[Any] | None = after
    while more is not None:
        # Each batch may find itself in another thread.
        give_way()
        with database.read(first.reading.number, long=True) as session:
            reading = read(session, str(first.reading.number), first.reading.sought, desk=first.reading.desk)
            listing = Listing(first.resource, parameters, reading)
            page = listing.page(BATCH, more, include=include)
        yield taken(listing, page, media)
        more = page.after
