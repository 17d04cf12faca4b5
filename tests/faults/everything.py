"""All that a record says, as bytes, to see whether a fault has changed any of it."""

import re
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select
from sqlmodel import col

from api.annotated_exports import export_files
from api.exports import Export, export_list
from api.resources import RESOURCES
from models.event import Event
from models.record import METADATA, newest
from models.revision import Revision
from models.session import Database

Rows = dict[str, list[tuple[object, ...]]]
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


# Each noun once: actors, organisations and places are entities.
NOUNS = ("documents", "entities", "mentions", "quotes", "claims", "indicators")


def everything(
    database: Database, revisions: Iterable[int | None] = (None,), lists: Iterable[str] = tuple(RESOURCES)
) -> dict[str, bytes]:
    """Every list as NDJSON and every annotated document as its files, by revision (None: now) and name."""
    found: dict[str, bytes] = {}
    for revision in revisions:
        as_of = None if revision is None else str(revision)
        for name in lists:
            found[f"{revision} {name}"] = b"".join(export_list(database, name, Export("ndjson", as_of)))
        with TemporaryDirectory() as folder:
            export_files(database, Path(folder), Export("files", as_of), lambda _: None)
            files = sorted(Path(folder).iterdir())
            found |= {f"{revision} {file.name}": file.read_bytes() for file in files}
    return found


def timeless(found: dict[str, bytes]) -> dict[str, bytes]:
    """The same with every time of the record masked: two loads are never at the same moment."""
    return {name: _TIME.sub(b"(time)", value) for name, value in found.items()}


def events(database: Database) -> list[tuple[object, ...]]:
    """The events in their order, but for the keys of rows, which are made anew each time."""
    shown = (
        Event.revision,
        Event.position,
        Event.noun,
        Event.id,
        Event.document_id,
        Event.kind,
        Event.public,
    )
    with database.read() as session:
        query = select(*map(col, shown)).order_by(col(Event.revision), col(Event.position))
        return [tuple(row) for row in session.execute(query)]


def state(database: Database) -> tuple[int, dict[str, int]]:
    """The newest revision, and how many rows each table has."""
    with database.read() as session:
        tables = METADATA.tables.values()
        counts = {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}
        return newest(session)[0], counts


def rows(database: Database) -> Rows:
    """Every row of every table, as it is."""
    with database.read() as session:
        tables = METADATA.tables.values()
        return {
            t.name: [tuple(row) for row in session.execute(select(t).order_by(*t.primary_key))]
            for t in tables
        }


def revisions(database: Database) -> list[int]:
    with database.read() as session:
        return list(session.execute(select(col(Revision.number)).order_by(col(Revision.number))).scalars())
