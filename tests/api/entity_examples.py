"""The examples of writing entities: made, edited, merged into another one, and the merge undone."""

from typing import Any

from fastapi.testclient import TestClient

from api.writing.entity_bodies import UNIFIL
from models.session import Database
from tests.keys import bearer, key

DOUBLE = {"id": "un-force", "kind": "organisation", "name": "U.N. force"}


def written(database: Database, client: TestClient) -> dict[str, Any]:
    """What is answered, by operation id."""
    editor, path = bearer(key(database, "entities")), "/v1/entities/un-force"

    def sent(method: str, url: str, body: Any = None) -> Any:
        match = {} if url == "/v1/entities" else {"If-Match": "*"}
        return client.request(method, url, json=body, headers=editor | match).raise_for_status().json()

    made = sent("POST", "/v1/entities", UNIFIL)
    edited = sent("PATCH", "/v1/entities/unifil?reason=annotation", {"description": "peacekeepers"})
    sent("POST", "/v1/entities", DOUBLE)
    return {
        "create_entity": made,
        "patch_entity": edited,
        "merge_entity": sent("POST", f"{path}:merge", {"into": "unifil"}),
        "unmerge_entity": sent("POST", f"{path}:unmerge"),
    }
