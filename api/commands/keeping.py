"""Keeping the record: backups, and a record made of one."""

from pathlib import Path
from sqlite3 import Error as SQLiteError
from typing import Annotated

import typer

from api.commands.options import Url, existing_database, option
from api.terminal import FAILED, confirm, err, fail


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.", dir_okay=False)],
    force: Annotated[bool, option("Write over the file if there is one.", "--force")] = False,
    database_url: Url = None,
) -> None:
    """Write the whole record to one file, while it is served and written; it holds secrets: keep it well."""
    from api.keeping.backup import Unfit, back_up

    if file.exists() and not force:
        fail(f"{file} exists; --force writes over it")
    if not file.parent.is_dir():
        fail(f"there is no folder {file.parent}")
    try:
        held = back_up(existing_database(database_url), file)
    except Unfit as error:
        fail(str(error))
    except (OSError, SQLiteError) as error:
        fail(f"{error}; there is no backup", FAILED)
    err.print(f"{file} has the record up to revision {held.revision} of {held.time}.", soft_wrap=True)


def restore(
    file: Annotated[Path, typer.Argument(help="What `backup` wrote.", exists=True, dir_okay=False)],
    yes: Annotated[
        bool,
        option("Put it in the place of what the database has, without asking.", "--yes", "--force", "-y"),
    ] = False,
    database_url: Url = None,
) -> None:
    """Put the record of a backup into the database, in the schema of this release; all of it, or nothing."""
    from api.keeping.backup import Unfit, holds_record, restore
    from api.settings import Settings
    from models.session import Database

    database = Database(database_url or Settings().own_url)
    if holds_record(database) and not yes:
        confirm("The database is not empty; what it has will be gone. Go on?", "--yes")
    try:
        held = restore(database, file)
    except Unfit as error:
        fail(f"{error}; nothing was changed")
    except (OSError, SQLiteError) as error:
        fail(f"{error}; nothing was changed", FAILED)
    err.print(f"The database has the record up to revision {held.revision} of {held.time}.", soft_wrap=True)
