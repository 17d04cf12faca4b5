"""Files that lie beside each other, in a folder or in a zip: what one of them needs of the others."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from annotations.formats import json_file
from annotations.mistakes import Mistake, Mistakes

# Of a zip: files, and their bytes unpacked.
MOST_FILES, MOST_BYTES = 5_000, 100 * 1024 * 1024
TYPES = "TypeSystem.xml"


@dataclass(frozen=True)
class Files:
    """Files by name, as they lie beside each other; `open` opens one, `place` says where it is."""

    names: frozenset[str]
    open: Callable[[str], IO[bytes]]
    place: Callable[[str], str]

    def read(self, name: str) -> bytes:
        """The bytes of a file, up to MOST_BYTES. Raises Mistakes."""
        with self._blamed(name), self.open(name) as opened:
            data = opened.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise Mistakes([Mistake(self.place(name), f"has more than {MOST_BYTES:,} bytes")])
        return data

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a file, however many, one after the other. Raises Mistakes."""
        with self._blamed(name), self.open(name) as opened:
            while line := opened.readline(json_file.MOST_OF_VALUE + 1):
                yield line

    @contextmanager
    def _blamed(self, name: str) -> Iterator[None]:
        try:
            yield
        except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError) as error:
            said = getattr(error, "strerror", None) or error
            raise Mistakes([Mistake(self.place(name), f"cannot be read: {said}")]) from None

    def beside(self, name: str, suffix: str) -> str | None:
        """The file of the same name with another ending, if it is there."""
        other = str(PurePosixPath(name).with_suffix(suffix))
        return other if other in self.names else None

    def types(self, name: str) -> str | None:
        """The type system of an XMI file: in its folder, or in one above."""
        folders = (str(folder / TYPES) for folder in PurePosixPath(name).parents)
        return next((found for found in folders if found in self.names), None)


def beside(path: Path) -> Files:
    """A file and what lies in its folder."""
    folder = path.parent
    names = frozenset(entry.name for entry in folder.iterdir()) if folder.is_dir() else frozenset()

    return Files(
        names | {path.name}, lambda name: (folder / name).open("rb"), lambda name: str(folder / name)
    )


def unpacked(path: Path) -> Files:
    """The files of a zip; nothing is written anywhere. Raises Mistakes for a path that leads out of it."""
    try:
        packed = zipfile.ZipFile(io.BytesIO(beside(path).read(path.name)))
    except zipfile.BadZipFile as error:
        raise Mistakes([Mistake(str(path), f"is no zip: {error}")]) from None
    entries = {entry.filename: entry for entry in packed.infolist() if not entry.is_dir()}
    for name in entries:
        if (
            name.startswith(("/", "\\"))
            or ".." in PurePosixPath(name.replace("\\", "/")).parts
            or ":" in name[:3]
        ):
            raise Mistakes([Mistake(str(path), "has a path that leads out of the zip", extract=name)])
    total = sum(entry.file_size for entry in entries.values())
    if len(entries) > MOST_FILES or total > MOST_BYTES:
        message = (
            f"has {len(entries):,} files of {total:,} bytes; {MOST_FILES:,} and {MOST_BYTES:,} are the most"
        )
        raise Mistakes([Mistake(str(path), message)])

    return Files(frozenset(entries), lambda name: packed.open(entries[name]), lambda name: f"{path}/{name}")
