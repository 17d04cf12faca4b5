"""Import: files of annotation tools become annotated documents."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from api.commands.documents import load
from api.commands.options import Json, Measures, Url, option
from api.terminal import WRONG, err, fail, out, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotations.formats.compose import Composed
    from annotations.formats.mapping import Mapping
    from annotations.formats.offsets import Unit
    from models.measures import Term

Sources = Annotated[
    list[Path], typer.Argument(help="Files of annotation tools, or zips of them.", exists=True)
]


def import_files(  # what an import may be told
    paths: Sources,
    output: Annotated[Path, option("Folder for NAME.txt and NAME.claims.yaml.", "--output", "-o")] = Path(),
    map: Annotated[
        str, option("What labels mean: `onrecord`, `parc`, `citron`, or a file.", "--map")
    ] = "onrecord",
    format: Annotated[str | None, option("brat, cas, w3c …, if the files do not say.", "--from")] = None,
    unit: Annotated[str | None, option("What offsets count: codepoint, utf16, byte, grapheme.")] = None,
    given: Annotated[
        list[str] | None, option("What the files do not say of their article: `title=…`.", "--set")
    ] = None,
    load_too: Annotated[bool, option("Load them, if nothing is missing.", "--load")] = False,
    force: Annotated[bool, option("Write over files of the same name.")] = False,
    database_url: Url = None,
    measures: Measures = None,
    as_json: Json = False,
) -> None:
    """Write what annotation tools export as annotated documents, for an editor to finish, or load them.

    What has no place in them is listed, and what is missing.
    """
    from models.measures import vocabulary

    composed = _composed(paths, format, _unit(unit), _mapping(map), _document(given or []))
    with _Staged(output) as staged:
        for one in composed:
            staged.add(one, _missing(one, vocabulary(measures)))
        annotations = staged.place(force=force)
        if as_json:
            staged.print_json()
        else:
            staged.show()
    if load_too:
        if staged.missing:
            fail("something is missing, so nothing was loaded: finish the files, then `onrecord load` them")
        load(annotations, database_url, measures, as_json)
    elif staged.missing:
        raise typer.Exit(WRONG)


class _Staged:
    """Documents as they come, written beside their folder: into it once all are there, else nowhere."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.missing = folder, 0
        self._names: set[str] = set()

    def __enter__(self) -> "_Staged":
        if self.folder.exists() and not self.folder.is_dir():
            fail(f"{self.folder} is no folder; nothing was written")
        near = next(parent for parent in (self.folder, *self.folder.absolute().parents) if parent.is_dir())
        try:
            self._stage = TemporaryDirectory(prefix=".onrecord-", dir=near)
        except OSError as error:
            fail(f"{near}: {error.strerror}; nothing was written")
        self._told = (Path(self._stage.name) / "told").open("w+", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._told.close()
        self._stage.cleanup()

    def add(self, one: "Composed", missing: list[str]) -> None:
        """A document, and what it lacks."""
        if one.name in self._names:
            fail(f"several texts would be called {one.name}: import them one by one, with --set id=…")
        self._names.add(one.name)
        self.missing += bool(missing)
        for file, data in zip(self._files(one.name), (one.text.encode(), one.annotation), strict=True):
            (Path(self._stage.name) / file.name).write_bytes(data)
        counts = {noun: len(one.tree[noun]) for noun in ("entities", "quotes", "claims")}
        files = [str(file) for file in self._files(one.name)]
        told = {"document": one.name, "files": files, "counts": counts, "left": one.left, "missing": missing}
        self._told.write(json.dumps(told, ensure_ascii=False) + "\n")

    def place(self, *, force: bool) -> list[Path]:
        """Put the files where they belong; returns those of annotations."""
        files = [file for name in sorted(self._names) for file in self._files(name)]
        there = [str(file) for file in files if file.exists() and not (force and file.is_file())]
        if there:
            help_ = "it is no file" if force else "already there; --force writes over it"
            fail(f"{', '.join(there)}: {help_}. Nothing was written")
        placed = 0
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for file in files:
                (Path(self._stage.name) / file.name).replace(file)
                placed += 1
        except OSError as error:
            where = error.filename2 or error.filename
            fail(f"{where}: {error.strerror}; {placed} of {len(files)} files are written")
        return files[1::2]

    def show(self) -> None:
        """What came of each document, for readers."""
        for told in self._all():
            counts = ", ".join(f"{number} {noun}" for noun, number in told["counts"].items())
            out.print(f"{told['files'][1]}: {counts}", soft_wrap=True)
            for label, lines in (("left out", told["left"]), ("to finish", told["missing"])):
                if lines:
                    err.print(f"  {label}:", style="bold")
                    for line in lines:
                        err.print(f"    {line}", markup=False, soft_wrap=True)

    def print_json(self) -> None:
        """The same, for machines."""
        print_json([{name: told[name] for name in told if name != "counts"} for told in self._all()])

    def _all(self) -> "Iterator[dict[str, Any]]":
        self._told.seek(0)
        return map(json.loads, self._told)

    def _files(self, name: str) -> tuple[Path, Path]:
        from annotations.read import ANNOTATION, ARTICLE

        return self.folder / f"{name}{ARTICLE}", self.folder / f"{name}{ANNOTATION}"


def _unit(given: str | None) -> "Unit | None":
    from annotations.formats.offsets import Unit

    if given is not None and given not in get_args(Unit):
        fail(f"--unit is one of {', '.join(get_args(Unit))}")
    return given  # type: ignore[return-value]


def _mapping(given: str) -> "Mapping":
    from annotations.formats.mapping import mapping, ready
    from annotations.mistakes import Mistakes

    try:
        return mapping(given)
    except OSError as error:
        fail(f"--map {given}: {error.strerror}; it is a file, or one of {', '.join(ready())}")
    except Mistakes as error:
        fail(str(error))


def _document(given: list[str]) -> dict[str, str]:
    from annotations.file_format import Document

    pairs = [one.partition("=") for one in given]
    for name, equals, _ in pairs:
        if not equals or name not in Document.model_fields:
            fail(f"--set {name}: it is KEY=VALUE, and KEY one of {', '.join(Document.model_fields)}")
    return {name: value for name, _, value in pairs}


def _composed(
    paths: list[Path], format: str | None, unit: "Unit | None", meaning: "Mapping", document: dict[str, str]
) -> "Iterator[Composed]":
    from annotations.formats.compose import compose
    from annotations.formats.files import read
    from annotations.mistakes import Mistakes

    try:
        for path in paths:
            for one in read(path, format, unit):
                yield compose(one, meaning, document)
    except Mistakes as error:
        fail(f"{error}\nnothing was written")


def _missing(one: "Composed", terms: "dict[str, Term]") -> list[str]:
    """What the check says of the files."""
    from annotations.mistakes import Mistakes
    from annotations.read import read

    try:
        read(one.name, one.text.encode(), one.annotation, terms)
    except Mistakes as error:
        return [str(mistake) for mistake in error.mistakes]
    return []
