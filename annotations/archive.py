"""Annotated documents packed in one file: a zip of two files each, or a SQLite database with a row each."""

import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from annotations.annotated import AnnotatedDocument
from annotations.mistakes import Mistake, Mistakes
from annotations.read import ANNOTATION, ARTICLE
from annotations.reading import Measures
from annotations.stream import Stream
from annotations.write import write

# Of one file, unpacked: an article or its annotation is never as large. All of them are at most so many times
# as large as what they are packed in, and a file more: words are packed to a fifth.
MOST_BYTES, MOST_TIMES = 16 * 1024 * 1024, 50
TABLE = "annotated_document"
CREATE = f"CREATE TABLE {TABLE} (id TEXT PRIMARY KEY, text TEXT NOT NULL, annotation TEXT NOT NULL)"
INSERT = f"INSERT INTO {TABLE} VALUES (?, ?, ?)"  # noqa: S608  # a name of ours
# One byte more than may be tells that there are more.
_SELECT = f"SELECT id, substr(text, 1, :most), substr(annotation, 1, :most) FROM {TABLE}"  # noqa: S608  # as above
_IS_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
PACKED = (".zip", ".sqlite")
_NAME = re.compile(r"[^/\\\x00-\x1f:]+\Z")


def files_of(document: AnnotatedDocument, measures: Measures) -> dict[str, bytes]:
    """`ID.txt` and `ID.claims.yaml`, by their names."""
    return {
        document.id + ARTICLE: document.text.encode(),
        document.id + ANNOTATION: write(document, measures),
    }


def zipped(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """A zip of files, as it grows. The same files are the same bytes."""
    stream = Stream()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, data in files:
            # Of no time.
            packed.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
            yield stream.take()
    yield stream.take()


def row_of(document: AnnotatedDocument, measures: Measures) -> tuple[str, str, str]:
    """The row of the table TABLE: id, text, annotation."""
    return document.id, document.text, write(document, measures).decode()


def unpack(path: Path, folder: Path) -> list[Path]:
    """Write the documents of a packed file into a folder; returns their annotation files.

    Raises Mistakes for a file that is neither, is damaged, or would write elsewhere; none of it is good.
    """
    found, other, left = [], False, path.stat().st_size * MOST_TIMES + MOST_BYTES
    for name, data in (_of_zip if path.suffix == ".zip" else _of_sqlite)(path):
        left -= len(data)
        if left < 0:
            raise Mistakes(
                [Mistake(str(path), f"unpacks to more than {MOST_TIMES} times its size", extract=name)]
            )
        if not _NAME.match(name) or not name.endswith((ARTICLE, ANNOTATION)):
            message = f"has a file that is no NAME{ARTICLE} or NAME{ANNOTATION}"
            raise Mistakes([Mistake(str(path), message, extract=name)])
        try:
            # Not over another one of its name.
            with (folder / name).open("xb") as written:
                written.write(data)
        except OSError as error:
            where = f"{path}/{name[:60]}"
            raise Mistakes([Mistake(where, f"cannot be unpacked: {error.strerror}")]) from None
        other = True
        if name.endswith(ANNOTATION):
            found.append(folder / name)
    if other and not found:
        raise Mistakes([Mistake(str(path), f"has no *{ANNOTATION}")])
    return sorted(found)


def _of_zip(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as packed:
            for entry in packed.infolist():
                if not entry.is_dir():
                    with packed.open(entry) as opened:
                        # What a file says of its size is not believed.
                        yield entry.filename, _bounded(opened.read(MOST_BYTES + 1), path, entry.filename)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise Mistakes([Mistake(str(path), f"cannot be unpacked: {error}")]) from None


def _of_sqlite(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if connection.execute(_IS_TABLE, (TABLE,)).fetchone() is None:
                raise Mistakes([Mistake(str(path), f"has no table {TABLE}")])
            for id_, text, annotation in connection.execute(_SELECT, {"most": MOST_BYTES + 1}):
                yield f"{id_}{ARTICLE}", _bounded(str(text).encode(), path, f"{id_}{ARTICLE}")
                yield f"{id_}{ANNOTATION}", _bounded(str(annotation).encode(), path, f"{id_}{ANNOTATION}")
    except sqlite3.Error as error:
        raise Mistakes([Mistake(str(path), f"is no dump of annotated documents: {error}")]) from None


def _bounded(data: bytes, path: Path, name: str) -> bytes:
    if len(data) > MOST_BYTES:
        raise Mistakes([Mistake(f"{path}/{name}", f"has more than {MOST_BYTES:,} bytes")])
    return data
