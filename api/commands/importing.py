"""Import: files of annotation tools become annotated documents."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from api.commands.documents import load
from api.commands.options import Json, Measures, Url, option
from api.terminal import WRONG, err, fail, out, print_json

if TYPE_CHECKING:
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

    found = _composed(paths, format, _unit(unit), _mapping(map), _document(given or []))
    written = _write(found, output, force=force)
    missing = [_missing(one, vocabulary(measures)) for one in found]
    if as_json:
        print_json(
            [
                {
                    "document": one.name,
                    "files": [str(file) for file in files],
                    "left": one.left,
                    "missing": lacks,
                }
                for one, files, lacks in zip(found, written, missing, strict=True)
            ]
        )
    else:
        for one, files, lacks in zip(found, written, missing, strict=True):
            _show(one, files[1], lacks)
    if load_too:
        if any(missing):
            fail("something is missing, so nothing was loaded: finish the files, then `onrecord load` them")
        load([files[1] for files in written], database_url, measures, as_json)
    elif any(missing):
        raise typer.Exit(WRONG)


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
) -> "list[Composed]":
    from annotations.formats.compose import compose
    from annotations.formats.files import read
    from annotations.mistakes import Mistakes

    try:
        found = [compose(one, meaning, document) for path in paths for one in read(path, format, unit)]
    except Mistakes as error:
        fail(f"{error}\nnothing was written")
    names = [one.name for one in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        called = ", ".join(twice)
        fail(f"several texts would be called {called}: import them one by one, with --set id=…")
    return found


def _write(found: "list[Composed]", folder: Path, *, force: bool) -> list[tuple[Path, Path]]:
    from annotations.read import ANNOTATION, ARTICLE

    files = [(folder / f"{one.name}{ARTICLE}", folder / f"{one.name}{ANNOTATION}") for one in found]
    there = [str(file) for pair in files for file in pair if file.exists()]
    if there and not force:
        fail(f"{', '.join(there)}: already there; --force writes over it. Nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    for one, (article, annotation) in zip(found, files, strict=True):
        article.write_bytes(one.text.encode())
        annotation.write_bytes(one.annotation)
    return files


def _missing(one: "Composed", terms: "dict[str, Term]") -> list[str]:
    """What the check says of the files."""
    from annotations.mistakes import Mistakes
    from annotations.read import read

    try:
        read(one.name, one.text.encode(), one.annotation, terms)
    except Mistakes as error:
        return [str(mistake) for mistake in error.mistakes]
    return []


def _show(one: "Composed", annotation: Path, missing: list[str]) -> None:
    counts = ", ".join(f"{len(one.tree[noun])} {noun}" for noun in ("entities", "quotes", "claims"))
    out.print(f"{annotation}: {counts}", soft_wrap=True)
    for label, lines in (("left out", one.left), ("to finish", missing)):
        if lines:
            err.print(f"  {label}:", style="bold")
            for line in lines:
                err.print(f"    {line}", markup=False, soft_wrap=True)
