"""Exports: everything that matches, streamed."""

import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.listing.engine import Listing, Page
from api.listing.formats import MEDIA_TYPES, csv_rows, ndjson
from api.listing.parameters import ListParameters
from api.listing.reading import read
from api.problems import Problem
from models.session import Database

BATCH = 500
CHUNK = 1 << 16


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
    nothing: Iterator[Sequence[Any]] = iter(())
    database: Database = request.app.state.database
    batches = nothing if request.scope.get("head") else _batches(database, listing, after, media)
    lines = written(listing, batches, media)
    chunks = _released(lines, release)
    # The first one before the answer begins: what goes wrong so far, as a database that is away, is answered.
    first = next(chunks, b"")
    response = StreamingResponse(chain((first,), chunks), 200, headers, MEDIA_TYPES[media])
    # A client that leaves before the first byte never starts the generator, nor its `finally`.
    weakref.finalize(response, release)
    return response


def _once(release: Callable[[], None]) -> Callable[[], None]:
    left = [release]
    return lambda: left.pop()() if left else None


def _released(lines: Iterator[bytes], release: Callable[[], None]) -> Iterator[bytes]:
    try:
        chunk = bytearray()
        for line in lines:
            chunk += line
            if len(chunk) > CHUNK:
                yield bytes(chunk)
                chunk.clear()
        yield bytes(chunk)
    finally:
        release()


def written(listing: Listing, batches: Iterator[Sequence[Any]], media: str) -> Iterator[bytes]:
    """What `taken` gave of pages, as lines of CSV or NDJSON."""
    one = chain.from_iterable(batches)
    return csv_rows(listing.resource.view, one) if media == "csv" else ndjson(one)


def taken(listing: Listing, page: Page, media: str) -> Sequence[Any]:
    """The items of a page: for CSV as they are shown, for NDJSON as their JSON."""
    include = getattr(listing.parameters, "include", None) or ()
    return list(listing.items(page, include)) if media == "csv" else listing.lines(page, include)


def _batches(database: Database, first: Listing, after: Sequence[Any], media: str) -> Iterator[Sequence[Any]]:
    parameters: ListParameters = first.parameters
    include = getattr(parameters, "include", None) or ()
    more: Sequence[Any] | None = after
    while more is not None:
        with database.read(first.reading.number, long=True) as session:
            reading = read(session, str(first.reading.number), first.reading.sought, desk=first.reading.desk)
            listing = Listing(first.resource, parameters, reading)
            page = listing.page(BATCH, more, include=include)
            batch = taken(listing, page, media)
        yield batch
        more = page.after
