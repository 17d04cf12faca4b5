"""Drafts and embargoes: seen by the desk alone, until they are published, by hand or by the clock."""

import datetime
import time

import pytest
from fastapi.testclient import TestClient

from annotations.embargo import due, release
from api.subscriptions import clock
from models.measures import vocabulary
from models.moment import written
from models.session import Database
from tests.api.asking import ask
from tests.api.writers import FLOOD, body, key, tag, writer
from tests.conftest import serve

PATHS = (
    FLOOD,
    f"{FLOOD}/text",
    f"{FLOOD}/annotated",
    "/v1/quotes/flood.q1",
    "/v1/claims/flood.c1",
    "/v1/entities/flood.master",
)
LISTS = (
    "documents",
    "quotes",
    "claims",
    "entities",
    "actors",
    "mentions",
    "search?q=boats",
    "search?q=harbour",
)


@pytest.fixture
def desk(empty_database: Database) -> TestClient:
    return writer(empty_database)


@pytest.fixture
def reader(empty_database: Database) -> TestClient:
    return serve(empty_database)


def soon(**delta: float) -> str:
    return written(datetime.datetime.now(datetime.UTC) + datetime.timedelta(**delta))


def listed(client: TestClient, path: str) -> int:
    return len(client.get(f"/v1/{path}").json()["results"])


@pytest.mark.parametrize("status", ["draft", "embargoed"])
def test_only_the_desk_sees_it(desk: TestClient, reader: TestClient, status: str) -> None:
    assert desk.put(FLOOD, json=body(status=status)).status_code == 201
    for path in PATHS:
        assert reader.get(path).status_code == 404
        assert desk.get(path).status_code == 200
    for path in LISTS:
        assert (listed(reader, path), listed(desk, path) > 0) == (0, True), path
    for format in ("csv", "ndjson"):
        assert "boats" not in reader.get("/v1/quotes", params={"format": format}).text
        assert "boats" in desk.get("/v1/quotes", params={"format": format}).text
    assert ask(reader, "record")["counts"]["quotes"] == 0
    assert ask(desk, "record")["counts"]["quotes"] == 1


def test_not_every_key_is_the_desk(desk: TestClient, reader: TestClient, empty_database: Database) -> None:
    desk.put(FLOOD, json=body(status="draft"))
    for scope, seen in (("read", 404), ("subscriptions", 404), ("write", 200), ("admin", 200)):
        assert reader.get(FLOOD, headers=key(empty_database, scope)).status_code == seen


def test_an_answer_for_the_desk_is_no_answer_for_readers(desk: TestClient, reader: TestClient) -> None:
    """Caches must not mix them up, and tags must not agree."""
    desk.put(FLOOD, json=body(status="draft"))
    seen = desk.get("/v1/quotes")
    assert "Authorization" in seen.headers["vary"]
    assert reader.get("/v1/quotes", headers={"If-None-Match": seen.headers["etag"]}).status_code == 200


def test_publishing_shows_it_from_then_on(desk: TestClient, reader: TestClient) -> None:
    desk.put(FLOOD, json=body(status="draft"))
    publish = desk.patch(FLOOD, json={"status": "published"}, headers=tag(desk, FLOOD))
    assert publish.json()["changes"] == {"documents": {"corrected": 1}}
    for path in PATHS:
        assert reader.get(path).status_code == 200
        assert reader.get(path, params={"as_of": 1}).status_code == 404
        assert desk.get(path, params={"as_of": 1}).status_code == 200


def test_the_clock_ends_an_embargo(desk: TestClient, reader: TestClient, empty_database: Database) -> None:
    assert desk.put(FLOOD, json=body(status="embargoed", embargo=soon(seconds=3))).status_code == 201
    assert reader.get(FLOOD).status_code == 404
    time.sleep(3.1)
    with empty_database.read() as session:
        assert due(session) == ["flood"]
    for _ in range(2):
        release(empty_database, ["flood"], vocabulary())
    assert reader.get(FLOOD).json()["status"] == "published"
    assert ask(desk, "record")["revision"] == 2
    assert ask(desk, "documents/flood")["embargo"] is None


def test_a_running_service_keeps_the_time(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "TICK", 0.05)
    with writer(empty_database, worker=True) as desk:
        desk.put(FLOOD, json=body(status="embargoed", embargo=soon(seconds=0.3)))
        deadline = time.monotonic() + 20
        while desk.get(FLOOD).json()["status"] != "published":
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert serve(empty_database).get(FLOOD).status_code == 200


def test_an_embargo_that_has_ended_is_none(desk: TestClient, reader: TestClient) -> None:
    """The newsroom's file still says it; loading it again does not take the article back."""
    old = body(status="embargoed", embargo="2024-10-16T07:00:00+02:00")
    assert desk.put(FLOOD, json=old).status_code == 201
    assert reader.get(FLOOD).json()["status"] == "published"
    again = desk.put(FLOOD, json=old, headers=tag(desk, FLOOD))
    assert again.json()["outcome"] == "unchanged"


def test_an_embargo_goes_with_its_status(desk: TestClient) -> None:
    for wrong in ({"embargo": soon(hours=1)}, {"status": "embargoed", "embargo": "tomorrow"}):
        refused = desk.put(FLOOD, json=body(**wrong))
        assert refused.json()["errors"][0]["pointer"] == "/document/embargo"
    naive = desk.put(FLOOD, json=body(status="embargoed", embargo="2030-01-01T00:00:00"))
    assert naive.status_code == 422


def test_an_embargo_survives_other_corrections(desk: TestClient, reader: TestClient) -> None:
    moment = soon(hours=1)
    desk.put(FLOOD, json=body(status="embargoed", embargo=moment))
    desk.patch(FLOOD, json={"title": "B"}, params={"reason": "typo"}, headers=tag(desk, FLOOD))
    assert desk.get(FLOOD).json()["embargo"] == moment
    desk.patch(FLOOD, json={"status": "draft"}, params={"reason": "typo"}, headers=tag(desk, FLOOD))
    assert desk.get(FLOOD).json()["embargo"] is None
    assert reader.get(FLOOD).status_code == 404


def test_what_went_back_to_the_desk_is_not_told_of(desk: TestClient, reader: TestClient) -> None:
    desk.put(FLOOD, json=body())
    desk.patch(FLOOD, json={"status": "draft"}, params={"reason": "annotation"}, headers=tag(desk, FLOOD))
    assert {reader.get(path).status_code for path in PATHS} == {404}
