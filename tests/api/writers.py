"""Writing over HTTP in tests: a service, keys for it, and a small document that can be corrected."""

import copy
from collections.abc import Sequence
from typing import Any

from fastapi.testclient import TestClient

from api.access.keys import create
from api.writing.bodies import EXAMPLE_ANNOTATION, EXAMPLE_TEXT
from models.session import Database
from tests.conftest import serve

FLOOD = "/v1/documents/flood"
Json = dict[str, Any]


def key(database: Database, *scopes: Any, name: str = "city desk") -> dict[str, str]:
    """The header of a new key with these scopes."""
    _, secret = create(database, name, scopes or ("write",), None)
    return {"Authorization": f"Bearer {secret}"}


def writer(database: Database, **settings: object) -> TestClient:
    """A client that may write."""
    client = serve(database, **settings)
    client.headers.update(key(database))
    return client


def body(**about: str | None) -> Json:
    """Text and annotation of the example, with other fields of the document; None takes one away."""
    annotation: Json = copy.deepcopy(dict(EXAMPLE_ANNOTATION))
    given = {**annotation["document"], **about}
    annotation["document"] = {name: value for name, value in given.items() if value is not None}
    return {"text": EXAMPLE_TEXT, "annotation": annotation}


def tag(client: TestClient, path: str) -> dict[str, str]:
    """If-Match for what is at the path now."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return {"If-Match": answer.headers["etag"]}


def pointers(answer: Any) -> Sequence[str | None]:
    return [error.get("pointer") for error in answer.json()["errors"]]
