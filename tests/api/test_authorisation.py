"""Who may do what: the service does as the checked-in table says, and the OpenAPI document says the same."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from models.session import Database
from tests.api.authorisation import SCOPES, Table, checked_in, table

NONE = ("malformed", "bad", "revoked", "expired")


@pytest.fixture(scope="module")
def decided() -> Table:
    return checked_in()


def test_every_route_does_as_the_table_says(empty_database: Database, decided: Table) -> None:
    found = table(empty_database)
    hint = "who may do what? say it with `python -m tests.api.authorisation`"
    assert found.keys() == decided.keys(), hint
    assert {name: cells for name, cells in found.items() if cells != decided[name]} == {}, hint


def test_a_key_that_is_none_opens_nothing_of_the_record(decided: Table) -> None:
    for operation, cells in decided.items():
        of_the_record = "/v1/" in operation and "/v1/schemas/" not in operation
        assert {cells[name] for name in NONE} == {"401" if of_the_record else "allowed"}, operation


def test_nothing_is_written_without_a_key(decided: Table) -> None:
    for operation, cells in decided.items():
        if not operation.startswith("GET"):
            assert {cells["no key"], cells["no key (closed)"]} == {"401"}, operation
            assert cells["read"] == "403", operation


def test_an_admin_may_do_everything(decided: Table) -> None:
    assert {cells["admin"] for cells in decided.values()} == {"allowed"}


def test_closed_reads_leave_nothing_of_the_record_open(decided: Table) -> None:
    left = {operation for operation, cells in decided.items() if cells["no key (closed)"] == "allowed"}
    assert {operation for operation in left if "/v1/" in operation} == {"GET /v1/schemas/annotated-document"}


def test_the_openapi_document_says_who_may(client: TestClient, decided: Table) -> None:
    document: dict[str, Any] = client.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    asked = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            asked.add(f"{method.upper()} {path}")
            cells, responses = decided[f"{method.upper()} {path}"], operation["responses"]
            said = operation.get("security", document["security"])
            if not said:
                assert {"allowed"} == set(cells.values())
                assert "401" not in responses
            elif {} in said:
                assert cells["no key"] == "allowed"
                assert {cells[scope] for scope in SCOPES} == {"allowed"}
                assert "401" in responses and "403" not in responses
            else:
                (needed,) = said[0]["key"]
                may = {scope for scope in SCOPES if cells[scope] == "allowed"}
                assert may == {needed, "admin"}, path
                assert f"`{needed}`" in operation["description"]
                assert {"401", "403"} <= responses.keys()
            assert ("429" in responses) == path.startswith("/v1/")
    others = decided.keys() - asked
    assert {operation.partition(" ")[2] for operation in others} == {
        "/", "/docs", "/openapi.json", "/static",
    }  # fmt: skip
