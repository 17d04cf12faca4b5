"""Exports: everything that matches, streamed."""

import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.listing.engine import Listing
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
    nothing: Iterator[dict[str, Any]] = iter(())
    exported = nothing if request.scope.get("head") else _items(request.app.state.database, listing, after)
    lines = csv_rows(listing.resource.view, exported) if media == "csv" else ndjson(exported)
    headers = {**headers, "X-Revision": str(listing.reading.number)}
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


def _items(database: Database, first: Listing, after: Sequence[Any]) -> Iterator[dict[str, Any]]:
    parameters: ListParameters = first.parameters
    include = getattr(parameters, "include", None) or ()
    while True:
        with database.read() as session:
            reading = read(session, str(first.reading.number), first.reading.terms, desk=first.reading.desk)
            listing = Listing(first.resource, parameters, reading)
            page = listing.page(BATCH, after, include=include)
        yield from listing.items(page, include)
        if page.after is None:
            return
        after = page.after
