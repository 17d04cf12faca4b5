"""The command `onrecord`. Commands import what they need: `check` must answer an editor at once."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from api.terminal import FAILED, WRONG, confirm, err, fail, out, print_json, progress_bar, write_lines

if TYPE_CHECKING:
    from annotations.annotated import AnnotatedDocument
    from models.session import Database

app = typer.Typer(
    name="onrecord",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help="Who said what, and who gave which figure: the quotes and numeric claims of annotated articles.",
)


def _option(help: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, **more)


Host = Annotated[str | None, _option("Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, _option("Port to listen on.", min=0, max=65535, show_default="8000")]
Url = Annotated[
    str | None,
    _option(
        "SQLite file or PostgreSQL database.", "--database-url", show_default="sqlite:///onrecord.sqlite"
    ),
]
Json = Annotated[bool, _option("Print JSON, for machines.", "--json")]
Measures = Annotated[
    Path | None,
    _option("Your own measures, added to ours.", envvar="ONRECORD_MEASURES", exists=True, dir_okay=False),
]
Files = Annotated[
    list[Path],
    typer.Argument(help="NAME.txt or NAME.claims.yaml, either stands for both; a folder: all in it."),
]
Listed = Annotated[str, typer.Argument(help="quotes, claims …; or `annotated` for the files themselves.")]
Output = Annotated[Path | None, _option("File, or folder for `annotated`; else shown.", "--output", "-o")]
Where = Annotated[list[str] | None, _option("A filter, such as `measure=killed`.", "--where", "-w")]


def main() -> None:
    """Run the command; what the database cannot do ends in one line, not in a traceback."""
    try:
        app()
    except Exception as error:
        # Looked up by name: importing SQLAlchemy would double the time of `check`.
        if not {"DBAPIError", "Conflict"} & {kind.__name__ for kind in type(error).__mro__}:
            raise
        err.print(f"the database: {str(error).splitlines()[0]}", style="bold red", markup=False)
        sys.exit(FAILED)


@app.command()
def serve(
    host: Host = None,
    port: Port = None,
    database_url: Url = None,
    workers: Annotated[int, _option("Processes.", min=1)] = 1,
) -> None:
    """Migrate the database, load the seed, serve /v1 and /docs. Settings: ONRECORD_… in the environment."""
    from api import starting

    given = {"host": host, "port": port, "database_url": database_url}
    starting.serve(given, workers, lambda line: err.print(line, markup=False, soft_wrap=True))


@app.command()
def check(paths: Files, measures: Measures = None, as_json: Json = False) -> None:
    """List every mistake of annotated documents: file, line, extract, and what was probably meant."""
    nouns = ("entities", "mentions", "quotes", "claims")
    documents = _read(paths, measures, as_json)
    counts = [{"document": d.id} | {noun: len(getattr(d, noun)) for noun in nouns} for d in documents]
    if as_json:
        print_json({"mistakes": [], "documents": counts})
        return
    for n in counts:
        err.print(f"{n['document']}: good. " + ", ".join(f"{n[noun]} {noun}" for noun in nouns))


@app.command()
def load(
    paths: Files,
    database_url: Url = None,
    measures: Measures = None,
    as_json: Json = False,
    agent: Annotated[str | None, _option("Who loads; it is recorded.")] = None,
    reason: Annotated[str, _option("Why; it is recorded.")] = "load",
    again: Annotated[bool, _option("Load an earlier state anew: undo the corrections since.")] = False,
) -> None:
    """Load annotated documents: all, or none if one has a mistake. What is on record changes nothing."""
    from annotations.load import Disagreement, load
    from api.starting import migrated
    from models.measures import vocabulary

    documents, terms = _read(paths, measures, as_json), vocabulary(measures)
    database = migrated(database_url)
    with progress_bar("Loading", len(documents), quiet=as_json) as done:
        try:
            loaded = load(database, documents, terms, agent=agent, reason=reason, again=again, progress=done)
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


@app.command()
def export(
    resource: Listed,
    output: Output = None,
    format: Annotated[str, _option("`ndjson` or `csv`.")] = "ndjson",
    as_of: Annotated[str | None, _option("Revision or time.")] = None,
    where: Where = None,
    database_url: Url = None,
) -> None:
    """Write everything that a list of the API has, or the annotated documents as files."""
    from api.exports import ExportError, export_annotated, export_list

    database = _existing(database_url)
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


@app.command()
def schema(
    openapi: Annotated[bool, _option("The OpenAPI document of the service.", "--openapi")] = False,
    measures: Annotated[bool, _option("The measures that claims may use.", "--measures")] = False,
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


@app.command()
def migrate(
    to: Annotated[str, _option("Step to go to, up or down; `base` empties the database.")] = "head",
    check_drift: Annotated[bool, _option("Tell whether models and migrations agree.", "--check")] = False,
    yes: Annotated[bool, _option("Go down without asking, although it loses data.", "--yes", "-y")] = False,
    database_url: Url = None,
) -> None:
    """Bring the database to the schema of this release; a step down loses data, and is asked about."""
    from alembic.util.exc import CommandError

    from api.settings import Settings
    from api.starting import drift_of_models
    from migrations import schema as steps
    from models.session import Database

    if check_drift:
        if differences := drift_of_models():
            fail("\n".join([*differences, "the models and the migrations differ"]))
        err.print("The models and the migrations agree.")
        return
    database = Database(database_url or Settings().database_url)
    try:
        if steps.goes_down(database, to) and not yes:
            confirm(f"Going down to {to} loses data. Go on?", "--yes")
        steps.migrate(database, to)
    except CommandError as error:
        fail(str(error))
    err.print(f"The database is at {steps.current(database) or 'base'}.")


@app.command()
def stats(database_url: Url = None, as_json: Json = False) -> None:
    """Count what is on record."""
    from api.exports import statistics

    found = statistics(_existing(database_url))
    if as_json:
        print_json(found)
        return
    table = Table("noun", "on record", title=f"Revision {found['revision']} of {found['time']}")
    for noun, count in found["counts"].items():
        table.add_row(noun, str(count))
    out.print(table)


def _read(paths: list[Path], measures: Path | None, as_json: bool) -> "list[AnnotatedDocument]":
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


def _existing(url: str | None) -> "Database":
    from api.starting import NotReady, existing

    try:
        return existing(url)
    except NotReady as error:
        fail(str(error), FAILED)
