"""Keys: made, listed and revoked by whoever runs the service."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from api.commands.options import Json, Url, existing_database, option
from api.terminal import err, fail, out, print_json

if TYPE_CHECKING:
    from models.api_key import ApiKey, Scope

SCOPES: "tuple[Scope, ...]" = ("read", "write", "entities", "subscriptions", "admin")
keys = typer.Typer(no_args_is_help=True, help="Make, list and revoke the keys of the service.")


@keys.command()
def create(
    name: Annotated[str, option("Who holds it: the agent of the revisions that it makes.")],
    scope: Annotated[
        list[str] | None,
        option(f"What it may do: {', '.join(SCOPES)}. Repeat it for several.", show_default="read"),
    ] = None,
    expires: Annotated[str | None, option("When it ends, such as 2027-01-01 (UTC).")] = None,
    database_url: Url = None,
    as_json: Json = False,
) -> None:
    """Make a key. Its secret is shown this once and stored nowhere."""
    from api.access.keys import create as make

    if not name.strip():
        fail("--name is empty; the revisions that the key makes carry it")
    key, secret = make(
        existing_database(database_url), name.strip(), _scopes(scope or ["read"]), _end(expires)
    )
    if as_json:
        print_json({**_shown(key), "secret": secret})
        return
    err.print(f"{key.name} may {key.scopes}{f' until {key.expires}' if key.expires else ''}.", markup=False)
    err.print("This is the key. It is not shown again:", markup=False)
    out.print(secret, markup=False, soft_wrap=True)


@keys.command("list")
def list_keys(database_url: Url = None, as_json: Json = False) -> None:
    """List all keys, the newest first, without their secrets."""
    from api.access.keys import listed

    found = [_shown(key) for key in listed(existing_database(database_url))]
    if as_json:
        print_json(found)
        return
    names = ("id", "name", "scopes", "state", "created", "expires", "used")
    table = Table()
    for name in names:
        # What is revoked by its id must be seen whole.
        table.add_column(name, no_wrap=name == "id", overflow="fold")
    for key in found:
        table.add_row(*(str(key[name] or "") for name in names))
    out.print(table)


@keys.command()
def revoke(
    id: Annotated[str, typer.Argument(help="The key's id: the readable beginning of its secret.")],
    database_url: Url = None,
) -> None:
    """End a key, at once and for good."""
    from api.access.keys import revoke as end

    key = end(existing_database(database_url), "_".join(id.split("_")[:2]))
    if key is None:
        fail("there is no such key; `onrecord key list` has them all")
    err.print(f"{key.id} ({key.name}) was revoked at {key.revoked}.", markup=False)


def _scopes(given: list[str]) -> "list[Scope]":
    from api.problems import nearest

    for scope in given:
        if scope not in SCOPES:
            meant = nearest(scope, SCOPES)
            hint = f"; did you mean {meant}?" if meant else ""
            fail(f"--scope is one of {', '.join(SCOPES)}{hint}")
    return [scope for scope in SCOPES if scope in given]


def _end(given: str | None) -> str | None:
    from api.listing.reading import moment
    from models.moment import now

    if given is None:
        return None
    try:
        time = moment(given)
    except ValueError:
        fail("--expires is neither a day nor a time such as 2027-01-01T08:00:00Z")
    if time <= now():
        fail("--expires is over; a key ends in the future")
    return time


def _shown(key: "ApiKey") -> dict[str, str | None]:
    from models.moment import now

    ended = "revoked" if key.revoked else "expired" if key.expires and key.expires <= now() else "good"
    return {**key.model_dump(exclude={"digest"}), "state": ended}
