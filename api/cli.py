"""The command `onrecord`. Heavy imports stand inside the commands: `check` must answer an editor at once."""

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

if TYPE_CHECKING:
    from annotations.annotated import AnnotatedDocument
    from models.session import Database

# Exit codes: what was asked for is wrong; the service or the database could not.
WRONG, FAILED = 1, 3

app = typer.Typer(
    name="onrecord", no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_show_locals=False,
    help="Who said what, and who gave which figure: the quotes and numeric claims of annotated articles.",
)  # fmt: skip
out, err = Console(), Console(stderr=True)

Url = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        envvar="ONRECORD_DATABASE_URL",
        help="SQLite file or PostgreSQL database.",
        show_default="sqlite:///onrecord.sqlite",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Files = Annotated[
    list[Path],
    typer.Argument(help="NAME.txt or NAME.claims.yaml; either stands for both. A folder: all in it."),
]
Measures = Annotated[
    Path | None,
    typer.Option(
        envvar="ONRECORD_MEASURES", exists=True, dir_okay=False, help="Your own measures, added to ours."
    ),
]


def main() -> None:
    """Run the command; what the database cannot do ends in one line, not in a traceback."""
    from sqlalchemy.exc import DBAPIError

    try:
        app()
    except DBAPIError as error:
        _fail(f"the database: {str(error.orig).splitlines()[0]}", FAILED)


@app.command()
def serve(
    host: Annotated[
        str | None,
        typer.Option(envvar="ONRECORD_HOST", help="Address to listen on.", show_default="127.0.0.1"),
    ] = None,
    port: Annotated[
        int | None, typer.Option(envvar="ONRECORD_PORT", min=0, max=65535, help="Port.", show_default="8000")
    ] = None,
    database_url: Url = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Migrate the database, load the seed, and serve /v1 and /docs. Settings: ONRECORD_… in the environment."""
    import os

    import uvicorn

    from api.settings import Settings

    given = {"host": host, "port": port, "database_url": database_url}
    for name, value in given.items():
        if value is not None:
            # So that every worker reads the same.
            os.environ[f"ONRECORD_{name.upper()}"] = str(value)
    settings = Settings()
    database = _migrated(settings.database_url)
    if settings.seeds:
        _load_seeds(database, settings.measures)
    database.close()
    err.print(f"On Record: http://{settings.host}:{settings.port}/docs", highlight=False)
    uvicorn.run(
        "api.app:create_app", factory=True, host=settings.host, port=settings.port, workers=workers,
        log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds, h11_max_incomplete_event_size=32_768,
    )  # fmt: skip


@app.command()
def check(paths: Files, measures: Measures = None, as_json: Json = False) -> None:
    """List every mistake of annotated documents: file, line, extract, and what was probably meant."""
    documents = _read(paths, measures, as_json)
    if as_json:
        print(json.dumps({"mistakes": [], "documents": [_counts(document) for document in documents]}))
        return
    for document in documents:
        counts = _counts(document)
        err.print(
            f"{counts.pop('document')}: good. " + ", ".join(f"{n} {noun}" for noun, n in counts.items()),
            highlight=False,
        )


@app.command()
def load(
    paths: Files,
    database_url: Url = None,
    measures: Measures = None,
    as_json: Json = False,
    agent: str | None = None,
) -> None:
    """Load annotated documents: all of them or, if one has a mistake, none. What is on record already changes nothing."""
    from annotations.load import Disagreement
    from annotations.load import load as load_documents
    from models.measures import vocabulary

    documents = _read(paths, measures, as_json)
    database = _migrated(_url(database_url))
    with _progress(as_json) as progress:
        task = progress.add_task("Loading", total=len(documents))
        try:
            results = load_documents(
                database,
                documents,
                vocabulary(measures),
                agent=agent,
                progress=lambda _: progress.advance(task),
            )
        except Disagreement as error:
            _fail(str(error))
    if as_json:
        print(json.dumps([vars(result) for result in results]))
        return
    for result in results:
        rows = "; ".join(
            f"{noun}: " + ", ".join(f"{n} {what}" for what, n in c.items())
            for noun, c in result.changes.items()
        )
        at = f" in revision {result.revision}" if result.revision else ""
        out.print(
            f"{result.document}: {result.outcome}{at}{f' ({rows})' if rows else ''}",
            highlight=False,
            soft_wrap=True,
        )


@app.command()
def export(
    resource: Annotated[
        str, typer.Argument(help="quotes, claims, entities …; or `annotated` for the files themselves.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File, or for `annotated` a folder; else standard output."),
    ] = None,
    format: Annotated[str, typer.Option(help="`ndjson` or `csv`.")] = "ndjson",
    as_of: Annotated[str | None, typer.Option(help="Revision or time.")] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", "-w", help="A filter of the API, such as `measure=killed`.")
    ] = None,
    database_url: Url = None,
) -> None:
    """Write everything that a list of the API has, or the annotated documents as files."""
    from api.exports import ExportError, export_annotated, export_list

    database = _open(database_url)
    try:
        if resource == "annotated":
            if output is None:
                _fail("`annotated` writes two files a document: name a folder with --output")
            with _progress(False) as progress:
                task = progress.add_task("Writing", total=None)
                count = export_annotated(database, output, as_of, lambda _: progress.advance(task))
            err.print(f"{count} documents written to {output}", highlight=False)
            return
        lines = export_list(database, resource, format, as_of, where or [])
        if output is None:
            sys.stdout.buffer.writelines(lines)
            return
        _write_whole(output, lines)
    except ExportError as error:
        _fail(str(error))


@app.command()
def schema(
    openapi: Annotated[bool, typer.Option("--openapi", help="The OpenAPI document of the service.")] = False,
    measures: Annotated[bool, typer.Option("--measures", help="The measures that claims may use.")] = False,
) -> None:
    """Print the JSON Schema of an annotation file, for your editor."""
    if openapi:
        from api.app import create_app
        from api.settings import Settings

        content: Any = create_app(Settings(database_url="sqlite://", log_level="error")).openapi()
    elif measures:
        from models.measures import vocabulary

        content = [vars(term) for term in vocabulary().values()]
    else:
        from annotations.schema import json_schema

        content = json_schema()
    print(json.dumps(content, indent=2, ensure_ascii=False))


@app.command()
def migrate(
    to: Annotated[str, typer.Option(help="Step to go to, up or down; `base` empties the database.")] = "head",
    check_drift: Annotated[
        bool, typer.Option("--check", help="Only tell whether models and migrations agree.")
    ] = False,
    database_url: Url = None,
) -> None:
    """Bring the database to the schema of this release."""
    from alembic.util.exc import CommandError

    from migrations.schema import current, drift
    from migrations.schema import migrate as run
    from models.session import Database

    if check_drift:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            fresh = Database(f"sqlite:///{folder}/drift.sqlite")
            run(fresh)
            differences = drift(fresh)
            fresh.close()
        for difference in differences:
            err.print(difference, highlight=False)
        if differences:
            _fail(f"{len(differences)} differences between the models and the migrations")
        err.print("The models and the migrations agree.")
        return
    database = Database(_url(database_url))
    try:
        run(database, to)
    except CommandError as error:
        _fail(str(error))
    err.print(f"The database is at {current(database) or 'base'}.", highlight=False)


@app.command()
def stats(database_url: Url = None, as_json: Json = False) -> None:
    """Count what is on record."""
    from api.exports import statistics

    found = statistics(_open(database_url))
    if as_json:
        print(json.dumps(found))
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
        inner
        for path in paths
        for inner in (sorted(path.rglob(f"*{ANNOTATION}")) if path.is_dir() else [path])
    ]
    if not found:
        _fail(f"no *{ANNOTATION} in {', '.join(map(str, paths))}")
    try:
        return read_files(found, vocabulary(measures))
    except Mistakes as error:
        if as_json:
            print(
                json.dumps(
                    {"mistakes": [mistake.as_dict() for mistake in error.mistakes]}, ensure_ascii=False
                )
            )
        else:
            for mistake in error.mistakes:
                err.print(str(mistake), highlight=False, markup=False, soft_wrap=True)
            err.print(f"{len(error.mistakes)} mistakes; nothing was loaded", style="bold red")
        raise typer.Exit(WRONG) from None
    except ValueError as error:
        _fail(str(error))


def _counts(document: "AnnotatedDocument") -> dict[str, Any]:
    nouns = ("entities", "mentions", "quotes", "claims")
    return {"document": document.id, **{noun: len(getattr(document, noun)) for noun in nouns}}


def _load_seeds(database: "Database", measures: Path | None) -> None:
    from annotations.load import load as load_documents
    from annotations.read import read_files
    from models.measures import vocabulary

    terms = vocabulary(measures)
    folder = Path(str(files("seeds")))
    load_documents(
        database, read_files(sorted(folder.glob("*.claims.yaml")), terms), terms, tool="onrecord serve"
    )


def _url(given: str | None) -> str:
    from api.settings import Settings

    return given or Settings().database_url


def _migrated(url: str) -> "Database":
    from migrations.schema import current, head, migrate
    from models.session import Database

    database = Database(url)
    if current(database) != head():
        migrate(database)
    return database


def _open(given: str | None) -> "Database":
    """A database that has the schema already: reading creates nothing."""
    from sqlalchemy import make_url

    from migrations.schema import current, head
    from models.session import Database

    url = make_url(_url(given))
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        _fail(f"there is no record at {url.database}; `onrecord load` makes one", FAILED)
    database = Database(str(url.render_as_string(hide_password=False)))
    if current(database) != head():
        _fail("the database has another schema; run `onrecord migrate`", FAILED)
    return database


def _write_whole(path: Path, lines: Any) -> None:
    """Write beside the target, then take its place: a broken export leaves no half file."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as opened:
            opened.writelines(lines)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _progress(quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal)


def _fail(message: str, code: int = WRONG) -> NoReturn:
    err.print(message, style="bold red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(code)
