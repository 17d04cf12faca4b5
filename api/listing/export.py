"""Exports: everything that matches, streamed."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import chain
from typing import Any

from anyio import CancelScope
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.listing.engine import Listing
from api.listing.forms import MEDIA_TYPES, Form, rows_of, written
from api.listing.giving_way import give_way
from api.listing.parameters import ListParameters
from api.listing.reading import read
from api.problems import Problem
from models.session import Database

# Items of a batch: of 500 it takes twelve megabytes more, and no less time.
BATCH = 200


def export(
    request: Request,
    listing: Listing,
    after: Sequence[Any],
    form: tuple[str, Form],
    headers: dict[str, str],
) -> Response:
    """Everything that matches after these sort values, in batches: each reads the same revision in a short
    transaction of its own, so that a slow client holds no connection. `form` comes with its name.
    """
    database: Database = request.app.state.database
    name, made = form
    chunks = written(made, _batches(database, listing, after, made))
    return stream(request, chunks, MEDIA_TYPES[name], headers)


def stream(request: Request, chunks: Iterator[bytes], media_type: str, headers: dict[str, str]) -> Response:
    """An answer in chunks. Few run at once: each keeps a thread busy."""
    running: threading.BoundedSemaphore = request.app.state.exports
    if not running.acquire(blocking=False):
        raise Problem(503, "as many exports as may run at once are running", headers={"Retry-After": "5"})
    # A HEAD is answered by what answers the GET; it must not read the whole record for it.
    chunks = _released(iter(()) if request.scope.get("head") else chunks, running.release)
    # The first one before the answer begins: what goes wrong so far, as a database that is away, is answered.
    return _Streamed(next(chunks, b""), chunks, media_type, headers)


class _Streamed(StreamingResponse):
    """Chunks that end with the answer: of a client that left, the garbage collector would close them late."""

    def __init__(
        self, first: bytes, chunks: Generator[bytes], media_type: str, headers: dict[str, str]
    ) -> None:
        super().__init__(chain((first,), chunks), 200, headers, media_type)
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # No thread is in them: what is cancelled has waited for its own.
            with CancelScope(shield=True):
                await run_in_threadpool(self._chunks.close)


def _released(chunks: Iterator[bytes], release: Callable[[], None]) -> Generator[bytes]:
    try:
        yield from chunks
    finally:
        release()


def _batches(database: Database, first: Listing, after: Sequence[Any], form: Form) -> Iterator[bytes]:
    parameters: ListParameters = first.parameters
    more: Sequence[Any] | None = after
    while more is not None:
        # Each batch may find itself in another thread.
        give_way()
        with database.read(first.reading.number, long=True) as session:
            reading = read(session, str(first.reading.number), first.reading.sought, desk=first.reading.desk)
            listing = Listing(first.resource, parameters, reading)
            page = listing.page(BATCH, more, include=listing.include)
            some = rows_of(listing, page, form)
        yield some
        more = page.after
