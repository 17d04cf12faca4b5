"""The command `onrecord`. Commands import what they need: `check` must answer an editor at once."""

import sys
from collections.abc import Mapping
from typing import Any

import typer

from api.commands import database, documents, importing, keeping, purging, serving, working
from api.commands.keys import keys
from api.terminal import FAILED, WRONG, err

app = typer.Typer(
    name="onrecord",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help="Who said what, and who gave which figure: the quotes and numeric claims of annotated articles.",
)
for command in (
    serving.serve,
    working.worker,
    documents.check,
    documents.load,
    documents.export,
    documents.schema,
    database.migrate,
    database.stats,
    keeping.backup,
    keeping.restore,
    purging.purge,
):
    app.command()(command)
app.command("import")(importing.import_files)
app.add_typer(keys, name="key")


def main() -> None:
    """Run the command; settings that are wrong and what the database cannot do end in a line, not in a
    traceback.
    """
    try:
        app()
    except Exception as error:
        # Looked up by name: importing SQLAlchemy and Pydantic would double the time of `check`.
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if {"DBAPIError", "Conflict", "NoDatabase"} & kinds:
            told, code = [f"the database: {str(error).splitlines()[0]}"], FAILED
        elif "SettingsError" in kinds:
            told, code = [f'the settings: {error}; a list is JSON, as ["one", "two"]'], WRONG
        elif "ValidationError" in kinds and getattr(error, "title", None) == "Settings":
            told, code = [_told(mistake) for mistake in error.errors()], WRONG  # type: ignore[attr-defined]
        else:
            raise
        for line in told:
            err.print(line, style="bold red", markup=False, soft_wrap=True)
        sys.exit(code)


def _told(mistake: Mapping[str, Any]) -> str:
    name, *rest = mistake["loc"]
    place = "".join(f"[{part}]" for part in rest)
    return f"ONRECORD_{str(name).upper()}{place}: {mistake['msg']}, not {mistake['input']!r}"
