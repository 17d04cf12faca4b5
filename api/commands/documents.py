"""Annotated documents: check, load and export them, and the schema of their files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.options import Files, Json, Listed, Measures, Output, Url, Where, existing_database, option
from api.terminal import WRONG, err, fail, out, print_json, progress_bar, write_lines

if TYPE_CHECKING:
    from annotations.annotated import AnnotatedDocument


def check(paths: Files, measures: Measures = None, as_json: Json = False) -> None:
    """List every mistake of annotated documents: file, line, extract, and what was probably meant."""
    nouns = ("entities", "mentions", "quotes", "claims")
    documents = read_all(paths, measures, as_json)
    counts = [{"document": d.id} | {noun: len(getattr(d, noun)) for noun in nouns} for d in documents]
    if as_json:
        print_json({"mistakes": [], "documents": counts})
        return
    for n in counts:
        err.print(f"{n['document']}: good. " + ", ".join(f"{n[noun]} {noun}" for noun in nouns))


def load(
    paths: Files,
    database_url: Url = None,
    measures: Measures = None,
    as_json: Json = False,
    agent: Annotated[str | None, option("Who loads; it is recorded.")] = None,
    reason: Annotated[str, option("Why; it is recorded.")] = "load",
    again: Annotated[bool, option("Load an earlier state anew: undo the corrections since.")] = False,
) -> None:
    """Load annotated documents: all, or none if one has a mistake. What is on record changes nothing."""
    from annotations.load import Disagreement, load
    from api.starting import migrated
    from models.measures import vocabulary
    from models.record import By

    documents, terms = read_all(paths, measures, as_json), vocabulary(measures)
    by = By(agent, "onrecord load", reason)
    database = migrated(database_url)
    with progress_bar("Loading", len(documents), quiet=as_json) as done:
        try:
            loaded = load(database, documents, terms, by=by, again=again, progress=done)
        except Disagreement as error:
            fail(str(error))
    if as_json:
        print_json([vars(result) for result in loaded])
        return
    for result in loaded:
        at = f" in revision {result.revision}" if result.revision else ""
        if result.equals is not None:
            at = f": it equals revision {result.equals}, corrected since; --again loads it anew"
        out.print(f"{result.document}: {result.outcome}{at}", soft_wrap=True)
        for noun, changes in result.changes.items():
            out.print(f"  {noun}: " + ", ".join(f"{n} {outcome}" for outcome, n in changes.items()))


def export(
    resource: Listed,
    output: Output = None,
    format: Annotated[str, option("`ndjson` or `csv`.")] = "ndjson",
    as_of: Annotated[str | None, option("Revision or time.")] = None,
    where: Where = None,
    database_url: Url = None,
) -> None:
    """Write everything that a list of the API has, or the annotated documents as files."""
    from api.exports import ExportError, export_annotated, export_list

    database = existing_database(database_url)
    try:
        if resource != "annotated":
            write_lines(output, export_list(database, resource, format, as_of, where or []))
            return
        if output is None:
            fail("`annotated` writes two files a document: name a folder with --output")
        with progress_bar("Writing", None) as done:
            count = export_annotated(database, output, as_of, done)
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


def read_all(paths: list[Path], measures: Path | None, as_json: bool) -> "list[AnnotatedDocument]":
    from annotations.mistakes import Mistakes
    from annotations.read import ANNOTATION, read_files
    from models.measures import vocabulary

    found = [
        file for path in paths for file in (sorted(path.rglob(f"*{ANNOTATION}")) if path.is_dir() else [path])
    ]
    if not found:
        fail(f"no *{ANNOTATION} in {', '.join(map(str, paths))}")
    try:
        return read_files(found, vocabulary(measures))
    except Mistakes as error:
        if as_json:
            print_json({"mistakes": [mistake.as_dict() for mistake in error.mistakes]})
            raise typer.Exit(WRONG) from None
        count = len(error.mistakes)
        fail(
            "\n".join(
                [*map(str, error.mistakes), f"{count} mistake{'s' if count > 1 else ''}; nothing was loaded"]
            )
        )
    except ValueError as error:
        fail(str(error))
