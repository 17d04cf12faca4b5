"""The command `onrecord`. Commands import what they need: `check` must answer an editor at once."""

import sys

import typer

from api.commands import database, documents, importing, keeping, purging, serving, working
from api.commands.keys import keys
from api.terminal import FAILED, err

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
    """Run the command; what the database cannot do ends in one line, not in a traceback."""
    try:
        app()
    except Exception as error:
        # Looked up by name: importing SQLAlchemy would double the time of `check`.
        if not {"DBAPIError", "Conflict", "NoDatabase"} & {kind.__name__ for kind in type(error).__mro__}:
            raise
        err.print(f"the database: {str(error).splitlines()[0]}", style="bold red", markup=False)
        sys.exit(FAILED)
