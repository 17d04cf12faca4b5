"""The database: its schema, and what is in it."""

from typing import Annotated

from rich.table import Table

from api.commands.options import Json, Url, existing_database, option
from api.terminal import confirm, err, fail, out, print_json


def migrate(
    to: Annotated[str, option("Step to go to, up or down; `base` empties the database.")] = "head",
    check_drift: Annotated[bool, option("Tell whether models and migrations agree.", "--check")] = False,
    yes: Annotated[bool, option("Go down without asking, although it loses data.", "--yes", "-y")] = False,
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
    database = Database(database_url or Settings().own_url)
    try:
        if steps.goes_down(database, to) and not yes:
            confirm(f"Going down to {to} loses data. Go on?", "--yes")
        steps.migrate(database, to)
    except CommandError as error:
        fail(str(error))
    err.print(f"The database is at {steps.current(database) or 'base'}.")


def stats(database_url: Url = None, as_json: Json = False) -> None:
    """Count what is on record."""
    from api.exports import statistics

    found = statistics(existing_database(database_url))
    if as_json:
        print_json(found)
        return
    table = Table("noun", "on record", title=f"Revision {found['revision']} of {found['time']}")
    for noun, count in found["counts"].items():
        table.add_row(noun, str(count))
    out.print(table)
