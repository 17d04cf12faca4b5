"""Purging for legal reasons."""

from typing import Annotated, Any

import typer

from api.commands.options import Json, Url, existing_database, option
from api.terminal import confirm, err, fail, out, print_json

STAYS = "Backups, and the write-ahead logs of PostgreSQL that are kept or archived, are yours to purge."


def purge(
    documents: Annotated[list[str], typer.Argument(help="Ids of the documents.")],
    reason: Annotated[str, option("Why. Kept for those who run the service; readers are not told.")],
    key: Annotated[
        str, option("Your key, with the scope `admin`: the audit says who purged.", envvar="ONRECORD_KEY")
    ],
    yes: Annotated[
        bool, option("Purge without asking, although nothing brings it back.", "--yes", "-y")
    ] = False,
    database_url: Url = None,
    as_json: Json = False,
) -> None:
    """Remove the words of documents from every row and version, for legal reasons. It cannot be undone.

    Ids stay, and that they are purged. Readers are answered 410, at every revision. Backups, and the
    write-ahead logs of PostgreSQL that are kept or archived, are yours to purge.
    """
    from api.writing.purges import Refused, purge_by_command
    from models.erasing import unerased

    if not reason.strip():
        fail("--reason is empty; a purge says why")
    database = existing_database(database_url)
    if not yes:
        confirm(f"Purging {', '.join(documents)} cannot be undone. Go on?", "--yes")
    try:
        found = purge_by_command(database, documents, reason.strip(), key)
    except Refused as refused:
        fail(str(refused))
    left = unerased(database)
    if as_json:
        print_json({"purged": found, "not_erased": left})
        return
    _show(found)
    if left:
        err.print(
            f"Not yet gone from the files of the database: {', '.join(left)}. Others read an older state, or"
            " the disk is full. The next purge tries again, and so does the next start of the service.",
            markup=False,
        )
    err.print(STAYS, markup=False)


def _show(found: list[dict[str, Any]]) -> None:
    for one in found:
        at = f"in revision {one['revision']} of {one['time']}"
        if one["outcome"] == "unchanged":
            out.print(
                f"{one['document']}: purged before, {at}: {one['reason']}", markup=False, soft_wrap=True
            )
            continue
        gone = [*one["entities"], *one["indicators"]]
        more = f", with {', '.join(gone)}" if gone else ""
        out.print(f"{one['document']}: purged {at}, {one['rows']} rows{more}", markup=False, soft_wrap=True)
