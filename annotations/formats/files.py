"""Files of annotation tools, by their format: found by what they are, or as somebody says."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from annotations import source
from annotations.formats import (
    brat,
    cas,
    citron,
    doccano,
    json_file,
    label_studio,
    ninjs,
    prodigy,
    web_annotation,
)
from annotations.formats.offsets import Unit
from annotations.formats.standoff import Standoff
from annotations.mistakes import Mistake, Mistakes, nearest

# Of a zip: files, and their bytes unpacked.
MOST_FILES, MOST_BYTES = 5_000, 100 * 1024 * 1024
TYPES = "TypeSystem.xml"
Read = Callable[["Files", str, Unit | None], Iterator[Standoff]]


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


def read(path: Path, format: str | None = None, unit: Unit | None = None) -> Iterator[Standoff]:
    """The annotated texts of a file, or of the files in a zip.

    `format` is one of FORMATS; without it a file says by its name and its members what it is. Raises Mistakes
    with file and place.
    """
    if format is not None and format not in FORMATS:
        guess = nearest(format, FORMATS)
        help_ = f"did you mean {guess}?" if guess else f"there are {', '.join(FORMATS)}"
        raise Mistakes([Mistake(str(path), f"no format is called '{format}'; {help_}")])
    if path.suffix == ".zip":
        files = _unpacked(path)
        names: Sequence[str] = sorted(files.names)
    else:
        files, names = _beside(path), [path.name]
    found = False
    for name in names:
        told = (
            format
            if format and (len(names) == 1 or _may_be(name, format))
            else None
            if format
            else _told(files, name, alone=len(names) == 1)
        )
        if told is not None:
            found = True
            yield from FORMATS[told](files, name, unit)
    if not found:
        raise Mistakes([Mistake(str(path), f"is none of {', '.join(FORMATS)}; say which one it is")])


def _may_be(name: str, format: str) -> bool:
    return PurePosixPath(name).suffix in ENDINGS[format] and PurePosixPath(name).name != TYPES


def _beside(path: Path) -> Files:
    folder = path.parent
    names = frozenset(entry.name for entry in folder.iterdir()) if folder.is_dir() else frozenset()

    return Files(
        names | {path.name}, lambda name: (folder / name).open("rb"), lambda name: str(folder / name)
    )


def _unpacked(path: Path) -> Files:
    """The files of a zip; nothing is written anywhere. Raises Mistakes for a path that leads out of it."""
    try:
        packed = zipfile.ZipFile(io.BytesIO(_beside(path).read(path.name)))
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


def _told(files: Files, name: str, *, alone: bool) -> str | None:
    """The format of a file by its name and its members; None if it is none of them.

    Raises Mistakes if it is damaged, where it is not one of many.
    """
    suffix = PurePosixPath(name).suffix
    if suffix in (".ann", ".xmi", ".jsonld"):
        return {".ann": "brat", ".xmi": "cas", ".jsonld": "w3c"}[suffix]
    if suffix not in (".json", ".jsonl"):
        return None
    try:
        first = next((value for _, value in json_file.lines(_begun(files, name), name, MOST_BYTES)), None)
    except Mistakes:
        if alone:
            raise
        return None
    if isinstance(first, list):
        first = first[0] if first else None
    members = set(first) if isinstance(first, dict) else set()
    for format, wanted in _MEMBERS:
        if any(one <= members for one in wanted):
            return format
    return None


def _begun(files: Files, name: str) -> Iterator[bytes]:
    """What a file begins with: of JSON lines their lines, else all of it."""
    return files.lines(name) if name.endswith(".jsonl") else iter((files.read(name),))


# The members by which a JSON file is told, the rarest first.
_MEMBERS: tuple[tuple[str, tuple[set[str], ...]], ...] = (
    ("cas", ({"%FEATURE_STRUCTURES"},)),
    ("w3c", ({"@context", "type"},)),
    ("label-studio", ({"data", "annotations"}, {"data", "completions"})),
    ("citron", ({"text", "quotes"},)),
    ("prodigy", ({"text", "spans"}, {"text", "tokens"}, {"text", "_input_hash"}, {"text", "answer"})),
    ("doccano", ({"text", "label"}, {"text", "labels"}, {"text", "entities"})),
    ("ninjs", ({"uri", "bodies"}, {"uri", "body_text"}, {"uri", "body_main"}, {"uri", "headlines"})),
)


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _brat(files: Files, name: str, unit: Unit | None) -> Iterator[Standoff]:
    text = _text(files, name)
    yield brat.read(_stem(name), text, source.utf8(files.read(name), name), unit)


def _text(files: Files, name: str) -> str:
    """The article beside a file that does not hold it."""
    other = files.beside(name, ".txt")
    if other is None:
        raise Mistakes(
            [Mistake(name, f"its text, {PurePosixPath(name).with_suffix('.txt').name}, is not beside it")]
        )
    return source.utf8(files.read(other), other)


def _w3c(files: Files, name: str, _: Unit | None) -> Iterator[Standoff]:
    yield web_annotation.read(_stem(name), _text(files, name), files.read(name))


def _cas(files: Files, name: str, _: Unit | None) -> Iterator[Standoff]:
    if not name.endswith(".xmi"):
        yield cas.read_json(_stem(name), files.read(name))
        return
    types = files.types(name)
    if types is None:
        raise Mistakes([Mistake(name, f"its type system, {TYPES}, is not beside it")])
    yield cas.read_xmi(_stem(name), files.read(name), files.read(types))


def _label_studio(files: Files, name: str, unit: Unit | None) -> Iterator[Standoff]:
    yield from label_studio.read(_stem(name), files.read(name), unit)


def _doccano(files: Files, name: str, unit: Unit | None) -> Iterator[Standoff]:
    yield from doccano.read(_stem(name), files.lines(name), unit)


def _prodigy(files: Files, name: str, unit: Unit | None) -> Iterator[Standoff]:
    yield from prodigy.read(_stem(name), files.lines(name), unit)


def _citron(files: Files, name: str, unit: Unit | None) -> Iterator[Standoff]:
    yield citron.read(_stem(name), files.read(name), unit)


def _ninjs(files: Files, name: str, _: Unit | None) -> Iterator[Standoff]:
    yield ninjs.read(_stem(name), files.read(name))


FORMATS: dict[str, Any] = {
    "brat": _brat,
    "w3c": _w3c,
    "cas": _cas,
    "label-studio": _label_studio,
    "doccano": _doccano,
    "prodigy": _prodigy,
    "citron": _citron,
    "ninjs": _ninjs,
}
ENDINGS = dict.fromkeys(FORMATS, (".json",)) | {
    "brat": (".ann",), "w3c": (".jsonld", ".json"), "cas": (".xmi", ".json"),
    "doccano": (".jsonl", ".json"), "prodigy": (".jsonl", ".json"),
}  # fmt: skip
