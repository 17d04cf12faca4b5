"""Batches of documents: all or nothing, or line by line."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from models.session import Database
from tests.api.writers import body, key, tag, writer

BATCH = "/v1/documents:batch"
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def client(empty_database: Database) -> TestClient:
    return writer(empty_database)


def send(client: TestClient, *lines: Any, headers: Any = (), **params: Any) -> Any:
    content = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return client.post(BATCH, content=content.encode(), params=params, headers={**NDJSON, **dict(headers)})


def line(id: str, **about: Any) -> Any:
    return {"id": id, **body(**about)}


def count(client: TestClient) -> int:
    return int(client.get("/v1/record").json()["counts"]["documents"])


def test_a_batch_is_one_revision(client: TestClient) -> None:
    answer = send(client, *(line(f"flood-{n}") for n in range(20)))
    assert answer.status_code == 200
    assert answer.json()["revision"] == 1
    assert [result["outcome"] for result in answer.json()["results"]] == ["created"] * 20
    assert [result["line"] for result in answer.json()["results"]] == list(range(1, 21))
    again = send(client, *(line(f"flood-{n}") for n in range(20)))
    assert {result["outcome"] for result in again.json()["results"]} == {"unchanged"}
    assert again.json()["revision"] is None


def test_one_mistake_keeps_all_lines_out(client: TestClient) -> None:
    refused = send(client, line("one"), line("two", basis="guessed"), "{", line("one"), "[]")
    assert refused.status_code == 422
    entries = {error["entry"] for error in refused.json()["errors"]}
    assert entries == {2, 3, 4, 5}
    assert any(error.get("pointer") == "/document/basis" for error in refused.json()["errors"])
    assert count(client) == 0


def test_what_a_line_changes_needs_its_etag(client: TestClient) -> None:
    send(client, line("one"), line("two"))
    fresh = tag(client, "/v1/documents/one")["If-Match"]
    changed = line("one", title="Other")
    assert send(client, changed, line("three"), reason="typo").status_code == 428
    assert send(client, {**changed, "if_match": '"stale"'}, line("three"), reason="typo").status_code == 412
    assert send(client, {**changed, "if_match": fresh}, line("three")).status_code == 422
    assert count(client) == 2
    taken = send(client, {**changed, "if_match": fresh}, line("two"), line("three"), reason="typo")
    assert [r["outcome"] for r in taken.json()["results"]] == ["corrected", "unchanged", "created"]


def test_line_by_line_each_is_told_of(client: TestClient, empty_database: Database) -> None:
    answer = send(client, line("one"), "{", line("two", basis="guessed"), line("three"), atomic=False)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [r["outcome"] for r in results] == ["created", "refused", "refused", "created"]
    assert [r["revision"] for r in results] == [1, None, None, 2]
    assert results[1]["problem"]["status"] == 400
    assert results[2]["problem"]["errors"][0]["pointer"] == "/document/basis"
    admin = key(empty_database, "admin")
    audit = client.get("/v1/audit?operation=load_documents", headers=admin).json()["results"]
    assert sorted((row["status"], row["revision"]) for row in audit if row["revision"] is None) == [
        (200, None), (400, None), (422, None),
    ]  # fmt: skip
    assert count(client) == 2


def test_a_batch_that_was_cut_off_is_sent_again(client: TestClient) -> None:
    send(client, line("one"), line("two"), atomic=False)
    answer = send(client, *(line(id_) for id_ in ("one", "two", "three")), atomic=False)
    assert [r["outcome"] for r in answer.json()["results"]] == ["unchanged", "unchanged", "created"]


@pytest.mark.parametrize("atomic", [True, False])
def test_a_batch_is_done_once(client: TestClient, atomic: bool) -> None:
    key = {"Idempotency-Key": "batch-1"}
    first = send(client, line("one"), headers=key, atomic=atomic)
    again = send(client, line("one"), headers=key, atomic=atomic)
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert send(client, line("two"), headers=key, atomic=atomic).status_code == 422


def test_lines_that_disagree_are_refused_together(client: TestClient) -> None:
    one, two = line("one"), line("two")
    for given, wikidata in ((one, "Q1"), (two, "Q2")):
        given["annotation"]["entities"]["port"] = {"kind": "place", "name": "Port", "wikidata": wikidata}
    assert send(client, one, two).status_code == 409
    assert count(client) == 0
    results = send(client, one, two, atomic=False).json()["results"]
    assert [r["outcome"] for r in results] == ["created", "refused"]


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_batch_is_a_mistake(client: TestClient, content: bytes) -> None:
    assert client.post(BATCH, content=content, headers=NDJSON).status_code == 422


def test_a_batch_is_ndjson(client: TestClient) -> None:
    assert client.post(BATCH, json=[line("one")]).status_code == 415


def test_a_line_has_an_id(client: TestClient) -> None:
    refused = send(client, body(), {"id": True, **body()}, {**body(), "if_match": 7})
    assert {error["entry"] for error in refused.json()["errors"]} == {1, 2, 3}
    assert send(client, body(id="inside")).json()["results"][0]["document"] == "inside"
    mixed = send(client, {"id": "outside", **body(id="inside")})
    assert mixed.json()["errors"][0]["pointer"] == "/document/id"


def test_too_large_a_batch_is_refused_at_the_door(empty_database: Database) -> None:
    client = writer(empty_database, batch_limit=2000, body_limit=100)
    assert send(client, line("one")).status_code == 200
    assert send(client, line("two"), line("three"), line("four")).status_code == 413
    assert client.put("/v1/documents/five", json=body()).status_code == 413
    assert count(client) == 1
