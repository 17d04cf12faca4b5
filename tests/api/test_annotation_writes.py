"""Correcting and withdrawing single quotes and claims: new rows for what changed, and nothing else moves."""

import copy
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func
from sqlmodel import select

from models.record import METADATA
from models.session import Database
from tests.api.asking import ask
from tests.api.writers import FLOOD, body, key, pointers, tag, writer
from tests.conftest import DOCUMENT

CLAIM, QUOTE = "/v1/claims/flood.c1", "/v1/quotes/flood.q1"
WHY = {"reason": "annotation"}


@pytest.fixture
def client(empty_database: Database) -> TestClient:
    client = writer(empty_database)
    assert client.put(FLOOD, json=body()).status_code == 201
    return client


def rows(database: Database) -> dict[str, int]:
    with database.read() as session:
        tables = METADATA.tables.values()
        return {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def patch(client: TestClient, path: str, change: Any, **params: str) -> Any:
    return client.patch(path, json=change, params=params or WHY, headers=tag(client, path))


def test_one_thing_is_corrected(client: TestClient, empty_database: Database) -> None:
    before, quote = rows(empty_database), client.get(QUOTE).json()
    answer = patch(client, CLAIM, {"aggregation": "event"}, reason="annotation", note="One storm.")
    assert (answer.status_code, answer.json()["changes"]) == (200, {"claims": {"corrected": 1}})
    assert client.get(CLAIM).json()["aggregation"] == "event"
    assert client.get(QUOTE).json() == quote
    added = {
        name: count - before[name] for name, count in rows(empty_database).items() if count > before[name]
    }
    assert added.keys() == {
        "revision", "document_state", "listed", "claim", "span", "claim_source", "event", "audit",
        "shown", "found",
    }  # fmt: skip
    one = ("claim", "claim_source", "event", "audit", "shown")
    assert [added[name] for name in one] == [1] * len(one)


def test_the_seed_is_corrected_one_claim_at_a_time(seeded_database: Database) -> None:
    """What the file says of every other quote, claim, mention and entity of a real article stays as it is."""
    client = writer(seeded_database)
    path = f"/v1/claims/{DOCUMENT}.c8"
    answer = patch(client, path, {"aggregation": "level"})
    assert answer.json()["changes"] == {"claims": {"corrected": 1}}, answer.text
    assert ask(client, "record")["counts"] == ask(client, "record", as_of=1)["counts"]
    assert ask(client, f"claims/{DOCUMENT}.c8", as_of=1)["aggregation"] == "cumulative"


def test_what_a_patch_breaks_is_told_with_its_place(client: TestClient) -> None:
    for change, pointer in (
        ({"value": "over 12"}, "/claims/0/value"),
        ({"valu": "12"}, "/claims/0/valu"),
        ({"measure": "destroied"}, "/claims/0/measure"),
        ({"sources": ["q9"]}, "/claims/0/sources/0"),
        ({"mark": "{number|At least 13} boats"}, "/claims/0/mark"),
        ({"value": None}, "/claims/0/value"),
    ):
        refused = patch(client, CLAIM, change)
        assert refused.status_code == 422
        assert pointer in pointers(refused) or "/claims/0" in pointers(refused)
    assert client.get("/v1/record").json()["revision"] == 1


def test_null_takes_a_member_away(client: TestClient) -> None:
    patch(client, CLAIM, {"place": None, "aggregation": "event"})
    patch(client, CLAIM, {"aggregation": None})
    assert client.get(CLAIM).json()["aggregation"] is None


def test_ids_survive(client: TestClient) -> None:
    refused = patch(client, CLAIM, {"id": "c2"})
    assert refused.status_code == 422
    assert "survives" in refused.json()["detail"]


def test_what_is_withdrawn_is_gone_with_date_and_reason(client: TestClient) -> None:
    held = client.delete(QUOTE, params=WHY, headers=tag(client, QUOTE))
    # A claim still rests on it.
    assert (held.status_code, pointers(held)) == (422, ["/claims/0/sources/0"])
    retracted = {"reason": "retracted", "note": "The count was withdrawn."}
    answer = client.delete(CLAIM, params=retracted, headers=tag(client, CLAIM))
    assert answer.json()["changes"] == {"claims": {"withdrawn": 1}}
    gone = client.get(CLAIM)
    assert gone.status_code == 410
    assert gone.json()["withdrawn"]["reason"] == "retracted"
    assert client.get(CLAIM, params={"as_of": 1}).status_code == 200
    assert client.delete(CLAIM, params=WHY, headers={"If-Match": "*"}).status_code == 410
    assert client.delete(QUOTE, params=WHY, headers=tag(client, QUOTE)).status_code == 200


def test_an_id_that_comes_back_is_the_same_claim(client: TestClient) -> None:
    client.delete(CLAIM, params=WHY, headers=tag(client, CLAIM))
    put = client.put(FLOOD, json=body(), params=WHY, headers=tag(client, FLOOD))
    assert put.json()["changes"] == {"claims": {"created": 1}}
    assert client.get(CLAIM).status_code == 200


CONDITIONS = {
    "without If-Match": ({}, WHY, 428),
    "a stale If-Match": ({"If-Match": '"stale"'}, WHY, 412),
    "a weak one": ({"If-Match": 'W/"x"'}, WHY, 412),
    "without a reason": ({"If-Match": "*"}, {}, 422),
    "another reason": ({"If-Match": "*"}, {"reason": "whim"}, 422),
    "an unknown parameter": ({"If-Match": "*"}, {**WHY, "because": "x"}, 422),
}


@pytest.mark.parametrize("what", CONDITIONS)
def test_conditions_come_first(client: TestClient, what: str) -> None:
    headers, params, status = CONDITIONS[what]
    assert (
        client.patch(CLAIM, json={"counted": "ships"}, params=params, headers=headers).status_code == status
    )
    assert client.delete(CLAIM, params=params, headers=headers).status_code == status
    assert client.get("/v1/record").json()["revision"] == 1


@pytest.mark.parametrize("path", ["/v1/claims/flood.c9", "/v1/quotes/flood.q9", "/v1/claims/nothing"])
def test_what_is_not_on_record_cannot_be_corrected(client: TestClient, path: str) -> None:
    assert client.patch(path, json={"x": "y"}, params=WHY, headers={"If-Match": "*"}).status_code == 404
    assert client.delete(path, params=WHY, headers={"If-Match": "*"}).status_code == 404


@pytest.mark.parametrize("wrong", [b"", b"[]", b"{}", b'"x"', b"{", b"\xff"])
def test_a_patch_is_an_object(client: TestClient, wrong: bytes) -> None:
    headers = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
    assert client.patch(CLAIM, content=wrong, params=WHY, headers=headers).status_code in (400, 422)
    as_text = {**headers, "Content-Type": "text/plain"}
    assert client.patch(CLAIM, content=b'{"a": "b"}', params=WHY, headers=as_text).status_code == 415


def test_two_who_correct_different_things_do_not_meet(client: TestClient) -> None:
    quote, claim = tag(client, QUOTE), tag(client, CLAIM)
    for path, headers, change in (
        (QUOTE, quote, {"act": "warning"}),
        (CLAIM, claim, {"aggregation": "event"}),
    ):
        assert client.patch(path, json=change, params=WHY, headers=headers).status_code == 200
    assert (client.get(QUOTE).json()["act"], client.get(CLAIM).json()["aggregation"]) == ("warning", "event")


def test_a_draft_is_corrected_by_the_desk(empty_database: Database) -> None:
    client = writer(empty_database)
    client.put(FLOOD, json=body(status="draft"))
    reader = copy.copy(key(empty_database, "read"))
    assert client.get(CLAIM, headers=reader).status_code == 404
    assert patch(client, CLAIM, {"aggregation": "event"}).status_code == 200
    assert client.get(CLAIM).json()["aggregation"] == "event"
