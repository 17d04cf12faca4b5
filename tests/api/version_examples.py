"""The examples of versions: a figure is corrected; and of a purge, which ends the examples."""

from typing import Any

from fastapi.testclient import TestClient

from api.writing.bodies import EXAMPLE_ANNOTATION, EXAMPLE_TEXT
from models.session import Database
from tests.keys import bearer, key

FLOOD = "harbour-flood"
WHY = {"reason": "source corrected", "note": "The ministry corrected the count."}


def corrected(database: Database, client: TestClient) -> dict[str, Any]:
    """By operation id: the versions of an article whose figure is corrected, and of what stands in it."""
    writer = bearer(key(database, "write"))
    words = {"text": EXAMPLE_TEXT, "annotation": EXAMPLE_ANNOTATION}
    current = client.get(f"/v1/documents/{FLOOD}").headers["ETag"]
    answer = client.put(
        f"/v1/documents/{FLOOD}", json=_another(words), params=WHY, headers=writer | {"If-Match": current}
    )
    answer.raise_for_status()
    paths = {"document": f"documents/{FLOOD}", "quote": f"quotes/{FLOOD}.q1", "claim": f"claims/{FLOOD}.c1"}
    paths |= {"entity": "entities/hezbollah"}
    return {
        f"get_{noun}_versions": client.get(f"/v1/{path}/versions").raise_for_status().json()
        for noun, path in paths.items()
    }


def purged(database: Database, client: TestClient) -> dict[str, Any]:
    """The same of a purge."""
    admin, why = bearer(key(database, "admin")), {"reason": "Court order of 12 March."}
    answer = client.post(f"/v1/documents/{FLOOD}:purge", json=why, headers=admin)
    return {"purge_document": answer.raise_for_status().json()}


def _another(value: Any) -> Any:
    """The article with another figure, wherever it stands."""
    if isinstance(value, dict):
        return {name: _another(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_another(inner) for inner in value]
    return str(value).replace("least 12", "least 14")
