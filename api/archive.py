"""The whole record as one file that loads back: a zip of annotated documents, or a SQLite dump.

Both hold what the record says now, or said at a revision, to whoever asks: its history stays in the record.
"""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlmodel import col, select

from annotations import archive
from annotations.annotated import AnnotatedDocument
from annotations.reading import Measures
from annotations.unload import annotated
from api.access.callers import caller_of
from api.listing.engine import Listing
from api.listing.export import BATCH, stream
from api.listing.formats import exact
from api.listing.giving_way import give_way
from api.listing.negotiation import etag_of, headers_of, negotiate, not_modified, same
from api.listing.openapi import HEADERS, problems
from api.listing.parameters import AsOf, parameters_of
from api.listing.reading import Reading, read
from api.listing.resource import Resource
from api.listing.seen import at_least, not_older
from api.listing.table import fields
from api.resources import RESOURCES
from api.writing.corrections import measures_of
from models.document import Document
from models.session import Database

router = APIRouter(prefix="/v1")
ZIP, SQLITE = "application/zip", "application/vnd.sqlite3"
MEDIA_TYPES = {"zip": ZIP, "sqlite": SQLITE}
_KINDS = {"*/*": "zip", "application/*": "zip", ZIP: "zip", SQLITE: "sqlite"}
# Documents that one transaction reads.
AT_ONCE = 20
# Bytes of a file that are sent at once.
PIECE = 1 << 18
# Every noun once; the lists of one kind of entity are parts of another one.
TABLES = tuple(name for name in RESOURCES if name not in ("actors", "organisations", "places"))


class ArchiveParameters(AsOf):
    """In which form."""

    format: Literal["zip", "sqlite"] | None = Field(
        None,
        description="`zip`: text and annotation of each document; `sqlite`: the same in one table, and a "
        "table of every list. Goes before `Accept`.",
        examples=["zip"],
    )


@router.get(
    "/record/archive",
    operation_id="get_record_archive",
    summary="Get the whole record as one file",
    tags=["record"],
    response_class=Response,
    responses={
        200: {
            "description": "The file",
            "content": {
                type_: {"schema": {"type": "string", "format": "binary"}} for type_ in MEDIA_TYPES.values()
            },
            "headers": HEADERS,
        },
        304: {"description": "Not modified"},
        **problems(400, 406, 422, 503),
    },
)
def get_record_archive(request: Request, parameters: Annotated[ArchiveParameters, Query()]) -> Response:
    """Every document with its annotation; `onrecord load` makes the same record of it."""
    give_way()
    format = negotiate(request, parameters.format, _KINDS)
    database: Database = request.app.state.database
    with database.read(at_least(request, parameters)) as session:
        reading = not_older(request, read(session, parameters.as_of, desk=caller_of(request).desk))
        etag = etag_of("archive", format, reading.began, reading.number, reading.desk)
        if same(request, etag):
            return not_modified(etag, reading.number)
    chunks = CHUNKS[format](database, reading, measures_of(request))
    name = f'attachment; filename="record-{reading.number}.{format}"'
    headers = headers_of(etag, reading.number) | {"Content-Disposition": name}
    return stream(request, chunks, MEDIA_TYPES[format], headers)


def documents(database: Database, reading: Reading, *, hidden: bool = False) -> Iterator[AnnotatedDocument]:
    """The documents that can be read, or the `hidden` ones, too, by their ids: a few in each transaction."""
    last = ""
    while True:
        with database.read(reading.number, long=True) as session:
            now = read(session, str(reading.number), desk=reading.desk)
            ids = select(col(Document.id)).where(now.valid(Document), col(Document.id) > last)
            ids = ids if hidden else ids.where(now.sees(Document))
            found = session.execute(ids.order_by(col(Document.id)).limit(AT_ONCE)).scalars().all()
            at = None if now.number == now.newest else now.number
            some = [annotated(session, id_, at) for id_ in found]
        yield from some
        if len(some) < AT_ONCE:
            return
        last = found[-1]


def zipped(
    database: Database, reading: Reading, measures: Measures, *, hidden: bool = False
) -> Iterator[bytes]:
    """The zip, as it grows."""
    every = documents(database, reading, hidden=hidden)
    return archive.zipped(chain.from_iterable(archive.files_of(one, measures).items() for one in every))


def dumped(
    database: Database, reading: Reading, measures: Measures, *, hidden: bool = False
) -> Iterator[bytes]:
    """The dump, once it is whole: SQLite writes here and there in its file."""
    with tempfile.TemporaryDirectory(prefix="onrecord-") as folder:
        file = Path(folder) / "record.sqlite"
        with closing(sqlite3.connect(file, check_same_thread=False)) as connection:
            every = documents(database, reading, hidden=hidden)
            rows = (archive.row_of(document, measures) for document in every)
            for _ in _filled(connection, rows, database, reading):
                # Each step may find itself in another thread; a client that left ends it here.
                yield b""
        with file.open("rb") as opened:
            yield from iter(lambda: opened.read(PIECE), b"")


CHUNKS: Mapping[str, Callable[..., Iterator[bytes]]] = {"zip": zipped, "sqlite": dumped}


def _filled(
    connection: sqlite3.Connection,
    rows: Iterator[tuple[str, str, str]],
    database: Database,
    reading: Reading,
) -> Iterator[None]:
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + archive.CREATE)
    for row in rows:
        connection.execute(archive.INSERT, row)
        yield
    for name in TABLES:
        yield from _table(connection, database, reading, RESOURCES[name])
    connection.commit()


def _table(
    connection: sqlite3.Connection, database: Database, reading: Reading, resource: Resource
) -> Iterator[None]:
    """A table of a list: what is nested in its items is JSON."""
    names = [name for name, _, _ in fields(resource.view)]
    columns = ", ".join(f'"{name}"' for name in names)
    connection.execute(f'CREATE TABLE "{resource.name}" ({columns}, PRIMARY KEY (id))')
    marks = ", ".join("?" * len(names))
    insert = f'INSERT INTO "{resource.name}" VALUES ({marks})'  # noqa: S608  # a name of ours
    parameters = parameters_of(resource)()
    more: list[Any] | None = []
    while more is not None:
        with database.read(reading.number, long=True) as session:
            listing = Listing(resource, parameters, read(session, str(reading.number), desk=reading.desk))
            page = listing.page(BATCH, more)
            lines = listing.lines(page).split(b"\n") if page.rows else []
        items = map(exact, lines)
        connection.executemany(insert, ([_cell(item.get(name)) for name in names] for item in items))
        more = page.after
        yield


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    if isinstance(value, orjson.Fragment):
        digits = orjson.dumps(value).decode()
        # What a float does not hold as it is written stays text.
        return number if Decimal(repr(number := float(digits))) == Decimal(digits) else digits
    return value
