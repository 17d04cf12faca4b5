"""The same Idempotency-Key: the saved answer for the same request, whoever sends it how often and when."""

import datetime
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, update
from sqlmodel import select

from models.audit import Answer, Audit
from models.moment import written
from models.session import Database
from tests.api.writers import FLOOD, body, key, tag, writer

KEY = {"Idempotency-Key": "6f1c-0001"}


@pytest.fixture
def client(empty_database: Database) -> TestClient:
    return writer(empty_database)


def test_the_same_request_gets_the_saved_answer(client: TestClient, empty_database: Database) -> None:
    first = client.put(FLOOD, json=body(), headers=KEY)
    for _ in range(3):
        again = client.put(FLOOD, json=body(), headers=KEY)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        for name in ("etag", "location", "content-type"):
            assert again.headers[name] == first.headers[name]
        assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    with empty_database.read() as session:
        assert session.scalar(select(func.count()).select_from(Answer)) == 1
        puts = select(func.count()).select_from(Audit).where(Audit.operation == "put_document")
        assert session.scalar(puts) == 1


def test_another_request_under_the_same_key_is_refused(client: TestClient) -> None:
    client.put(FLOOD, json=body(), headers=KEY)
    for refused in (
        client.put(FLOOD, json=body(title="Other"), headers={**KEY, "If-Match": "*"}),
        client.put("/v1/documents/other", json=body(), headers=KEY),
        client.post("/v1/documents", json=body(), headers=KEY),
        client.put(FLOOD, json=body(), params={"note": "x"}, headers=KEY),
    ):
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["parameter"] == "Idempotency-Key"
    assert client.get("/v1/record").json()["revision"] == 1


def test_the_form_of_the_body_does_not_matter_its_content_does(client: TestClient) -> None:
    """A client that sends files again draws another boundary."""
    text, annotation = body()["text"].encode(), json.dumps(body()["annotation"]).encode()
    files = {"text": text, "annotation": annotation}
    first = client.put(FLOOD, files=files, headers=KEY)
    again = client.put(FLOOD, files=files, headers=KEY)
    assert (first.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"


def test_refusals_are_not_kept(client: TestClient) -> None:
    """Nothing was done: what is mended, or sent again with a fresh ETag, is the same write."""
    assert client.put(FLOOD, json=body(basis="guessed"), headers=KEY).status_code == 422
    client.put(FLOOD, json=body())
    stale = client.put(
        FLOOD, json=body(title="B"), params={"reason": "typo"}, headers={**KEY, "If-Match": '"a"'}
    )
    assert stale.status_code == 412
    fresh = {**KEY, **tag(client, FLOOD)}
    assert (
        client.put(FLOOD, json=body(title="B"), params={"reason": "typo"}, headers=fresh).status_code == 200
    )
    again = client.put(FLOOD, json=body(title="B"), params={"reason": "typo"}, headers=fresh)
    assert again.headers["idempotency-replayed"] == "true"


def test_every_write_honours_it(client: TestClient) -> None:
    client.put(FLOOD, json=body())
    writes: list[tuple[str, str, Any]] = [
        ("POST", "/v1/documents", {"json": body()}),
        ("PATCH", FLOOD, {"json": {"title": "B"}}),
        ("PATCH", "/v1/quotes/flood.q1", {"json": {"act": "warning"}}),
        ("DELETE", "/v1/claims/flood.c1", {}),
    ]
    for number, (method, path, more) in enumerate(writes):
        headers = {"Idempotency-Key": f"key-{number}", "If-Match": "*"}
        if method == "POST":
            del headers["If-Match"]
        params = {"reason": "typo"}
        first = client.request(method, path, params=params, headers=headers, **more)
        assert first.is_success, first.text
        again = client.request(method, path, params=params, headers=headers, **more)
        assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert client.get("/v1/record").json()["revision"] == 1 + len(writes)


def test_each_key_has_its_own(client: TestClient, empty_database: Database) -> None:
    client.put(FLOOD, json=body(), headers=KEY)
    other = client.post("/v1/documents", json=body(), headers={**KEY, **key(empty_database)})
    assert other.status_code == 201


@pytest.mark.parametrize("token", [b"", b" ", b'""', b"x" * 256, b"\xe9"])
def test_a_key_is_printable_and_short(client: TestClient, token: bytes) -> None:
    assert client.put(FLOOD, json=body(), headers={b"Idempotency-Key": token}).status_code == 422
    assert client.get("/v1/record").json()["revision"] == 0


def test_a_key_may_be_quoted(client: TestClient) -> None:
    client.put(FLOOD, json=body(), headers={"Idempotency-Key": '"abc"'})
    again = client.put(FLOOD, json=body(), headers={"Idempotency-Key": "abc"})
    assert again.headers["idempotency-replayed"] == "true"


def test_those_who_send_at_once_get_one_answer(client: TestClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post("/v1/documents", json=body(), headers=KEY), range(8)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert client.get("/v1/record").json()["revision"] == 1


def test_answers_are_kept_for_two_days(client: TestClient, empty_database: Database) -> None:
    client.put(FLOOD, json=body(), headers=KEY)

    def age(hours: int) -> None:
        then = written(datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=hours))
        with empty_database.write() as session:
            session.execute(update(Answer).values(time=then))

    age(47)
    client.post("/v1/documents", json=body(), headers={"Idempotency-Key": "another"})
    assert client.put(FLOOD, json=body(), headers=KEY).status_code == 201
    age(49)
    client.post("/v1/documents", json=body(title="Third"), headers={"Idempotency-Key": "a third"})
    assert client.put(FLOOD, json=body(), headers=KEY).status_code == 428
