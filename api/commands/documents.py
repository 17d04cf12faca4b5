"""Annotated documents: check, load and export them, and the schema of their files."""

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.options import Files, Json, Listed, Measures, Output, Url, Where, existing_database, option
from api.terminal import INTERRUPTED, WRONG, err, fail, out, print_json, progress_bar, write_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from annotations.load import Loaded
    from annotations.mistakes import Mistake
    from models.measures import Term


def check(paths: Files, measures: Measures = None, as_json: Json = False) -> None:
    """List every mistake of annotated documents: file, line, extract, and what was probably meant."""
    from annotations.checking import NOUNS
    from models.measures import vocabulary

    with _unpacked(paths) as (files, packed):
        counts = _checked(files, packed, vocabulary(measures), as_json)
    if as_json:
        print_json({"mistakes": [], "documents": counts})
        return
    for n in counts:
        err.print(f"{n['document']}: good. " + ", ".join(f"{n[noun]} {noun}" for noun in NOUNS))


def load(
    paths: Files,
    database_url: Url = None,
    measures: Measures = None,
    as_json: Json = False,
    agent: Annotated[str | None, option("Who loads; it is recorded.")] = None,
    reason: Annotated[str, option("Why; it is recorded.")] = "load",
    note: Annotated[str | None, option("Why, in free words; it is recorded.")] = None,
    again: Annotated[bool, option("Load an earlier state anew: undo the corrections since.")] = False,
) -> None:
    """Load annotated documents. All are checked first, and nothing is loaded if one has a mistake.

    A hundred make one revision. What was cut off is run again: what is on record changes nothing.
    """
    from annotations.loading import load_in_parts
    from api.starting import migrated
    from models.measures import vocabulary
    from models.record import By

    terms, loaded = vocabulary(measures), []
    with _unpacked(paths) as (files, packed):
        with progress_bar("Checking", len(files), quiet=as_json) as done:
            _checked(files, packed, terms, as_json, done)
        by, database = By(agent, "onrecord load", reason, note), migrated(database_url)
        try:
            with progress_bar("Loading", len(files), quiet=as_json) as done:
                for result in load_in_parts(database, files, terms, by, again=again, progress=done):
                    loaded.append(result)  # noqa: PERF402  # what came before an interruption is told of, too
        except ValueError as error:
            fail(f"{error}{_so_far(len(loaded), len(files))}")
        except KeyboardInterrupt:
            fail(f"interrupted{_so_far(len(loaded), len(files))}", INTERRUPTED)
    if as_json:
        print_json([vars(result) for result in loaded])
        return
    for result in loaded:
        _show(result)


def _so_far(loaded: int, all: int) -> str:
    if not loaded:
        return "; nothing was loaded"
    return f"; {loaded} of {all} documents are loaded: run it again to go on"


def _show(result: "Loaded") -> None:
    at = f" in revision {result.revision}" if result.revision else ""
    if result.equals is not None:
        at = f": it equals revision {result.equals}, corrected since; --again loads it anew"
    out.print(f"{result.document}: {result.outcome}{at}", soft_wrap=True)
    for noun, changes in result.changes.items():
        out.print(f"  {noun}: " + ", ".join(f"{n} {outcome}" for outcome, n in changes.items()))


def export(
    resource: Listed,
    output: Output = None,
    format: Annotated[
        str | None,
        option(
            "ndjson, csv, parquet, jsonld, atom; of `annotated` files, zip, sqlite, brat, cas, w3c, ninjs."
        ),
    ] = None,
    as_of: Annotated[str | None, option("Revision or time.")] = None,
    where: Where = None,
    bom: Annotated[bool, option("Begin a CSV with a byte-order mark, as Excel wants it.")] = False,
    base: Annotated[
        str | None,
        option(
            "Where the service stands, for forms that name it.",
            envvar="ONRECORD_PUBLIC_URL",
            show_default="http://127.0.0.1:8000",
        ),
    ] = None,
    database_url: Url = None,
) -> None:
    """Write everything that a list of the API has, or the annotated documents as files."""
    from api.annotated_exports import ARCHIVES, export_archive, export_files
    from api.exports import STANDS, Export, ExportError, export_list

    base = (base or STANDS).rstrip("/")
    if not base.startswith(("http://", "https://")):
        fail(f"the service cannot stand at {base}; say it as https://record.example")
    database = existing_database(database_url)
    usual = "files" if resource == "annotated" else "ndjson"
    wanted = Export(format or usual, as_of, where or (), base, bom)
    try:
        if resource != "annotated":
            write_lines(output, export_list(database, resource, wanted))
        elif bom:
            fail("a byte-order mark has no place in annotated documents")
        elif output is None:
            fail("`annotated` writes files: name a folder, or the file of a zip or a dump, with --output")
        elif format in ARCHIVES:
            write_lines(output, export_archive(database, wanted))
        else:
            with progress_bar("Writing", None) as done:
                count = export_files(database, output, wanted, done)
            err.print(f"{count} documents written to {output}")
    except ExportError as error:
        fail(str(error))


def schema(
    openapi: Annotated[bool, option("The OpenAPI document of the service.", "--openapi")] = False,
    measures: Annotated[bool, option("The measures that claims may use.", "--measures")] = False,
) -> None:
    """Print the JSON Schema of an annotation file, for your editor."""
    if openapi:
        from api.app import create_app

        print_json(create_app().openapi(), indent=2)
    elif measures:
        from models.measures import vocabulary

        print_json([vars(term) for term in vocabulary().values()], indent=2)
    else:
        from annotations.schema import json_schema

        print_json(json_schema(), indent=2)


@contextmanager
def _unpacked(paths: list[Path]) -> "Iterator[tuple[list[Path], dict[str, Path]]]":
    """The annotation files that are meant; those of a zip or a dump lie in a folder for as long.

    With them the packed files by their folders: mistakes are told as of what was given.
    """
    from annotations.archive import PACKED, unpack
    from annotations.mistakes import Mistakes

    packed: dict[str, Path] = {}
    with ExitStack() as folders:
        plain, files = [], []
        for path in paths:
            if path.suffix not in PACKED or path.is_dir():
                plain.append(path)
                continue
            folder = folders.enter_context(TemporaryDirectory(prefix="onrecord-"))
            packed[folder] = path
            try:
                files += unpack(path, Path(folder))
            except Mistakes as error:
                fail(f"{error}; nothing was loaded")
        yield (_found(plain) if plain else []) + files, packed


def _as_packed(mistake: "Mistake", packed: "Mapping[str, Path]") -> "Mistake":
    folder, _, name = mistake.file.rpartition("/")
    return replace(mistake, file=f"{packed[folder]}/{name}") if folder in packed else mistake


def _found(paths: list[Path]) -> list[Path]:
    """The annotation files that are meant, each once."""
    from annotations.read import ANNOTATION, ARTICLE

    found = [
        file for path in paths for file in (sorted(path.rglob(f"*{ANNOTATION}")) if path.is_dir() else [path])
    ]
    if not found:
        fail(f"no *{ANNOTATION} in {', '.join(map(str, paths))}")
    names = dict.fromkeys(str(file).removesuffix(ANNOTATION).removesuffix(ARTICLE) for file in found)
    return [Path(name + ANNOTATION) for name in names]


def _checked(
    files: list[Path],
    packed: "Mapping[str, Path]",
    terms: "Mapping[str, Term]",
    as_json: bool,
    done: "Callable[[str], None]" = lambda document: None,
) -> "list[dict[str, str | int]]":
    """How much is annotated in each of the documents; ends with all mistakes of all of them."""
    from annotations.checking import check_files
    from annotations.mistakes import Mistakes

    try:
        return check_files(files, terms, done)
    except Mistakes as error:
        mistakes = [_as_packed(mistake, packed) for mistake in error.mistakes]
        if as_json:
            print_json({"mistakes": [mistake.as_dict() for mistake in mistakes]})
            raise typer.Exit(WRONG) from None
        count = len(mistakes)
        fail(
            "\n".join([*map(str, mistakes), f"{count} mistake{'s' if count > 1 else ''}; nothing was loaded"])
        )
    except ValueError as error:
        fail(str(error))
