"""The authorisation matrix: every operation with no key, with keys that are none, with each scope.

`python -m tests.api.authorisation` writes it anew into `authorisation.csv`. Read what it changes: that
file is the decision who may do what, and the test only holds the service to it.
"""

import csv
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from api.access.keys import revoke
from migrations.schema import migrate
from models.api_key import Scope
from models.session import Database
from tests.conftest import serve
from tests.keys import bearer, id_of, key

FILE = Path(__file__).with_suffix(".csv")
SCOPES = get_args(Scope)
# Nothing of this is right, so that nothing is done; who may ask is decided before anybody looks.
NONSENSE, NO_JSON = {"nonsense": "1"}, b"{"
Table = dict[str, dict[str, str]]


def operations(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of every route, in the OpenAPI document or not; a HEAD is a GET."""
    for context in iter_route_contexts(app.routes):
        # A mounted folder has no methods of its own.
        for method in (context.methods or {"GET"}) - {"HEAD"}:
            yield method, str(context.path)


def senders(database: Database) -> dict[str, dict[str, str]]:
    """Headers by who sends them; the columns of the table, those without a key aside."""
    revoked = key(database, *SCOPES)
    revoke(database, id_of(revoked))
    good = key(database, *SCOPES)
    return {
        "malformed": bearer("secret"),
        "bad": bearer(good[:-1] + ("a" if good[-1] != "a" else "b")),
        "revoked": bearer(revoked),
        "expired": bearer(key(database, *SCOPES, expires="2024-10-15T00:00:00.000Z")),
        **{scope: bearer(key(database, scope)) for scope in SCOPES},
    }


def table(database: Database) -> Table:
    """What becomes of every operation by whoever sends it."""
    headers = senders(database)
    with serve(database) as client, serve(database, reads="closed") as closed:
        assert isinstance(client.app, FastAPI)
        return {
            f"{method} {path}": {
                "no key": ask(client, method, path, {}),
                "no key (closed)": ask(closed, method, path, {}),
                **{name: ask(client, method, path, sent) for name, sent in headers.items()},
            }
            for method, path in sorted(operations(client.app), key=lambda of: (of[1], of[0]))
        }


def ask(client: TestClient, method: str, path: str, headers: dict[str, str]) -> str:
    """`401`, `403`, or that it was allowed, whatever else was wrong with it."""
    answer = client.request(
        method,
        re.sub(r"\{\w+\}", "nobody", path),
        params=NONSENSE,
        content=None if method == "GET" else NO_JSON,
        headers={"Content-Type": "application/json", **headers},
        follow_redirects=False,
    )
    assert answer.status_code < 500, (method, path, answer.text)
    return str(answer.status_code) if answer.status_code in (401, 403) else "allowed"


def checked_in() -> Table:
    with FILE.open(newline="") as file:
        return {row.pop("operation"): row for row in csv.DictReader(file)}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/record.sqlite")
        migrate(database)
        found = table(database)
        database.close()
    with FILE.open("w", newline="") as file:
        columns = ("operation", *next(iter(found.values())))
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({"operation": operation, **cells} for operation, cells in found.items())


if __name__ == "__main__":
    main()
