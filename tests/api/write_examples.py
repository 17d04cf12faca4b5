"""The examples of writing documents, quotes and claims, and of what is refused."""

import json
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import event

from api.writing.bodies import EXAMPLE_ANNOTATION, EXAMPLE_TEXT
from models.session import Database
from tests.keys import bearer, key

WORDS = {"text": EXAMPLE_TEXT, "annotation": EXAMPLE_ANNOTATION}
ABOUT = {"title": "Calm", "published": "2024-10-16", "basis": "stated"}
OTHER = {"text": "Calm seas.\n", "annotation": {"document": ABOUT, "text": ["Calm seas."]}}
PATH = "/v1/documents/harbour-flood-2"
QUOTE, CLAIM = "/v1/quotes/harbour-flood-2.q1", "/v1/claims/harbour-flood-2.c1"
WHY = {"reason": "annotation"}


def written_documents(database: Database, client: TestClient) -> dict[str, Any]:
    """What is answered, by operation id, and by status where it is refused."""
    writer = bearer(key(database, "write"))
    matched = writer | {"If-Match": "*"}

    def sent(method: str, url: str, **more: Any) -> Any:
        return client.request(method, url, **{"headers": matched, "params": WHY, **more}).json()

    line = json.dumps({"id": "harbour-flood-3", **OTHER}).encode()
    ndjson = writer | {"Content-Type": "application/x-ndjson"}
    found = {
        "check_document": sent("POST", "/v1/documents:check", json=WORDS, params={}),
        "create_document": sent("POST", "/v1/documents", json=WORDS, headers=writer),
        "put_document": sent("PUT", PATH, json=WORDS, headers=writer),
        "problem_428": sent("PUT", PATH, json=WORDS, headers=writer),
        "problem_412": sent("PUT", PATH, json=OTHER, headers=writer | {"If-Match": '"0a"'}),
        "problem_415": sent(
            "PUT", PATH, content=b"Calm seas.", headers=writer | {"Content-Type": "text/plain"}
        ),
        "load_documents": sent("POST", "/v1/documents:batch", content=line, headers=ndjson),
        "patch_document": sent("PATCH", PATH, json={"outlet": "Harbour News"}),
        "patch_quote": sent("PATCH", QUOTE, json={"act": "warning"}),
        "patch_claim": sent("PATCH", CLAIM, json={"aggregation": "event"}),
        "get_annotated_document": client.get(f"{PATH}/annotated").json(),
        "get_annotated_document_yaml": client.get(
            f"{PATH}/annotated", headers={"Accept": "application/yaml"}
        ).text,
        "delete_claim": sent("DELETE", CLAIM),
        "delete_quote": sent("DELETE", QUOTE),
    }
    return found | {"problem_409": _disagreed(client, writer), "problem_507": _full(client, writer)}


def _disagreed(client: TestClient, writer: dict[str, str]) -> Any:
    other = {"entities": {"beirut": {"kind": "actor", "name": "Beirut"}}, "text": ["{beirut|Beirut} spoke."]}
    about = {"document": {"title": "Another Beirut", "published": "2024-10-16", "basis": "stated"}}
    body = {"text": "Beirut spoke.\n", "annotation": about | other}
    return client.post("/v1/documents:check", json=body, headers=writer).json()


def _full(client: TestClient, writer: dict[str, str]) -> Any:
    """The disk is as full as a file that may not grow."""
    engine = client.app.state.database.engine  # type: ignore[attr-defined]

    def limit(connection: Any, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    engine.dispose()
    event.listen(engine, "connect", limit)
    days = [f"Calm seas on day {day}." for day in range(5000)]
    body = {"text": "\n".join(days), "annotation": {"document": ABOUT, "text": days}}
    answer = client.put("/v1/documents/harbour-flood-4", json=body, headers=writer).json()
    event.remove(engine, "connect", limit)
    engine.dispose()
    return answer
