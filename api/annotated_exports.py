"""Annotated documents by the command: as files of several tools, or all of them as one file."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, select
from sqlmodel import Session, col

from annotations.archive import files_of
from api import archive, tool_files
from api.exports import Export, ExportError, told
from api.listing.reading import Reading, read
from api.problems import Problem, nearest
from api.tool_files import Files, Recorded, recorded
from models.document import Document
from models.measures import vocabulary
from models.revision import Revision
from models.session import Database

ARCHIVES = tuple(archive.CHUNKS)


def export_archive(database: Database, wanted: Export) -> Iterator[bytes]:
    """All documents of the record, whatever their status, as one file that `onrecord load` reads."""
    if wanted.where:
        raise ExportError("a file of the whole record has all documents; choose some with --format files")
    with database.read() as session:
        reading = _reading(session, wanted.as_of)
    return filter(None, archive.CHUNKS[wanted.format](database, reading, vocabulary(), hidden=True))


def export_files(database: Database, folder: Path, wanted: Export, progress: Callable[[str], None]) -> int:
    """Write documents, all or those with an `id=…`, as files of one of FORMATS; returns how many."""
    format = wanted.format
    if format not in FORMATS:
        guess = nearest(format, (*FORMATS, *ARCHIVES))
        hint = f"did you mean {guess}?" if guess else f"there are {', '.join((*FORMATS, *ARCHIVES))}"
        raise ExportError(f"no form of documents is called {format}; {hint}")
    asked = [one.partition("=") for one in wanted.where]
    if any(name != "id" or not id_ for name, _, id_ in asked):
        raise ExportError("documents are chosen by their ids, such as id=beirut-strikes-2024-10-15")
    ids = {id_ for _, _, id_ in asked}
    with database.read() as session:
        reading = _reading(session, wanted.as_of)
        rows = _rows(reading, ids)
        if missing := sorted(ids - {row["id"] for row in rows}):
            raise ExportError(f"{', '.join(missing)}: not on record; nothing was written")
        folder.mkdir(parents=True, exist_ok=True)
        for row in rows:
            for name, data in FORMATS[format](recorded(reading, row, wanted.base)).items():
                (folder / name).write_bytes(data)
            progress(row["id"])
    return len(rows)


def _rows(reading: Reading, ids: set[str]) -> Sequence[RowMapping]:
    """The ids of documents, whatever their status, and when they were recorded."""
    columns: Any = (Document.id, col(Revision.time).label("revision_time"))
    rows = (
        select(*columns).join(Revision, col(Revision.key) == Document.recorded).where(reading.valid(Document))
    )
    rows = rows.where(col(Document.id).in_(ids)) if ids else rows
    return reading.session.execute(rows.order_by(col(Document.id))).mappings().all()


def _reading(session: Session, as_of: str | None) -> Reading:
    try:
        return read(session, as_of, desk=True)
    except Problem as problem:
        raise told(problem) from None


def _own(given: Recorded) -> Files:
    return files_of(given.document, vocabulary())


def _with_text(given: Recorded) -> Files:
    # As `onrecord import` wants it.
    return tool_files.web_annotations(given) | {f"{given.document.id}.txt": given.document.text.encode()}


FORMATS: dict[str, Callable[[Recorded], Files]] = {
    "files": _own,
    "brat": tool_files.brat,
    "cas": tool_files.cas,
    "w3c": _with_text,
    "ninjs": tool_files.ninjs,
}
