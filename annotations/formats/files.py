"""Files of annotation tools, by their format: found by what they are, or as somebody says."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

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
from annotations.formats.beside import MOST_BYTES, TYPES, Files, beside, unpacked
from annotations.formats.offsets import Unit
from annotations.formats.standoff import Standoff
from annotations.mistakes import Mistake, Mistakes, nearest


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
        files = unpacked(path)
        names: Sequence[str] = sorted(files.names)
    else:
        files, names = beside(path), [path.name]
    found, alone = False, len(names) == 1
    for name in names:
        if format is None:
            told = _told(files, name, alone=alone)
        else:
            told = format if alone or _may_be(name, format) else None
        if told is not None:
            found = True
            yield from FORMATS[told](files, name, unit)
    if not found:
        raise Mistakes([Mistake(str(path), f"is none of {', '.join(FORMATS)}; say which one it is")])


def _may_be(name: str, format: str) -> bool:
    return PurePosixPath(name).suffix in ENDINGS[format] and PurePosixPath(name).name != TYPES


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


FORMATS: Mapping[str, Callable[[Files, str, Unit | None], Iterator[Standoff]]] = {
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
