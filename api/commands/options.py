"""Options that several commands take, and the database that they name."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.terminal import FAILED, fail

if TYPE_CHECKING:
    from models.session import Database


def option(help: str, *names: str, **more: Any) -> Any:
    """An option with its help."""
    return typer.Option(*names, help=help, **more)


Host = Annotated[str | None, option("Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, option("Port to listen on.", min=0, max=65535, show_default="8000")]
Url = Annotated[
    str | None,
    option("SQLite file or PostgreSQL database.", "--database-url", show_default="sqlite:///onrecord.sqlite"),
]
Json = Annotated[bool, option("Print JSON, for machines.", "--json")]
Measures = Annotated[
    Path | None,
    option("Your own measures, added to ours.", envvar="ONRECORD_MEASURES", exists=True, dir_okay=False),
]
Files = Annotated[
    list[Path],
    typer.Argument(
        help="NAME.txt or NAME.claims.yaml, either stands for both; a folder; an exported zip or dump."
    ),
]
Listed = Annotated[str, typer.Argument(help="quotes, claims …; or `annotated` for the files themselves.")]
Output = Annotated[Path | None, option("File, or folder for `annotated`; else shown.", "--output", "-o")]
Where = Annotated[list[str] | None, option("A filter, such as `measure=killed`.", "--where", "-w")]


def existing_database(url: str | None) -> "Database":
    """The database of this URL, which must have the schema of this release."""
    from api.starting import NotReady, existing

    try:
        return existing(url)
    except NotReady as error:
        fail(str(error), FAILED)
