"""Who sends the revision that he has seen reads no older one, whichever database answers."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from fastapi.testclient import TestClient

from annotations.annotated import AnnotatedDocument
from api.resources import RESOURCES
from migrations.schema import migrate
from models import replica
from models.record import newest
from models.session import Database
from tests.api.writers import FLOOD, body, key, tag
from tests.conftest import DOCUMENT, serve
from tests.documents import put
from tests.replicas import NEVER, Pair, pair

# What is there from the beginning, and what one write adds.
OLD, NEW = {"X-Revision": "1"}, {"X-Revision": "2"}
LISTS = [*(f"/v1/{name}?limit=2" for name in RESOURCES), "/v1/search?q=harbour&limit=2"]
READS = [
    *LISTS,
    "/v1/record",
    f"/v1/documents/{DOCUMENT}",
    f"/v1/documents/{DOCUMENT}/text",
    f"/v1/documents/{DOCUMENT}/annotated",
    f"/v1/documents/{DOCUMENT}/versions",
    "/v1/claims?format=csv",
    "/v1/quotes?format=ndjson",
    "/v1/documents?format=atom",
]
ADDED = [FLOOD, f"{FLOOD}/text", f"{FLOOD}/annotated", f"{FLOOD}/versions", "/v1/quotes/flood.q1"]


@pytest.fixture(scope="module")
def both() -> Iterator[Pair]:
    with pair() as started:
        yield started


@pytest.fixture
def behind(both: Pair, seed: AnnotatedDocument, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A service whose replica has the first revision, and will have the second one when all is over."""
    monkeypatch.setattr(replica, "AGAIN", 0)
    name = both.new_record()
    with closing(Database(both.primary.url(name))) as database:
        migrate(database)
        put(database, seed)
        both.follow(database)
        client = serve(database, read_url=both.standby.url(name), catch_up_seconds=0.1)
        # The replica has copied neither key nor document.
        both.standby.delay(NEVER)
        client.headers.update(key(database))
        made = client.put(FLOOD, json=body())
        assert (made.status_code, made.headers["x-revision"]) == (201, "2")
        yield client


def shown(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.headers.get("x-revision")


def test_every_read_says_which_revision_it_shows_and_is_never_older_than_one_seen(behind: TestClient) -> None:
    for path in READS:
        assert shown(behind.get(path)) == (200, "1"), path
        assert shown(behind.get(path, headers=OLD)) == (200, "1"), path
        assert shown(behind.get(path, headers=NEW)) == (200, "2"), path


def test_what_was_written_is_read_by_who_wrote_it(behind: TestClient) -> None:
    for path in ADDED:
        assert behind.get(path).status_code == 404, path
        assert shown(behind.get(path, headers=NEW)) == (200, "2"), path
    whole = "/v1/documents?format=ndjson"
    assert b"flood" not in behind.get(whole).content
    assert b"flood" in behind.get(whole, headers=NEW).content


def test_what_pins_a_revision_is_read_where_that_revision_is(behind: TestClient) -> None:
    for path in (*READS, *ADDED):
        pinned = f"{path}{'&' if '?' in path else '?'}as_of=2"
        assert shown(behind.get(pinned)) == (200, "2"), path
    for path in LISTS:
        old, new = behind.get(path).json()["next"], behind.get(path, headers=NEW).json()["next"]
        if old:
            assert shown(behind.get(old)) == (200, "1"), path
        if new:
            assert shown(behind.get(new)) == (200, "2"), path
            # Who has seen more goes on with what the first page read.
            assert shown(behind.get(old or new, headers=NEW)) == (200, "1" if old else "2"), path


def test_a_time_is_asked_where_all_revisions_are(behind: TestClient) -> None:
    time = behind.get("/v1/record", headers=NEW).json()["time"]
    assert shown(behind.get("/v1/record", params={"as_of": time})) == (200, "2")


def test_a_conditional_read_compares_with_what_has_been_seen(behind: TestClient) -> None:
    path = "/v1/documents?limit=5"
    match = {"If-None-Match": behind.get(path).headers["etag"]}
    assert shown(behind.get(path, headers=match)) == (304, "1")
    assert shown(behind.get(path, headers=match | NEW)) == (200, "2")


def test_keys_writes_and_the_feed_are_of_the_newest_revision(behind: TestClient) -> None:
    # The key, which the replica does not have, is known; so is the document to which the ETag belongs.
    match = tag_of(behind)
    corrected = behind.patch(
        FLOOD, json={"title": "Flood at the harbour"}, params={"reason": "annotation"}, headers=match
    )
    assert shown(corrected) == (200, "3"), corrected.text
    unchanged = behind.put(FLOOD, json=body() | {"annotation": annotation(behind)}, headers=tag_of(behind, 3))
    assert unchanged.json()["outcome"] == "unchanged"
    assert shown(unchanged) == (200, "3")
    changes = behind.get("/v1/changes", params={"document": "flood"})
    assert changes.headers["x-revision"] == "3"
    assert changes.json()["results"][-1]["revision"] == 3


def tag_of(client: TestClient, revision: int = 2) -> dict[str, str]:
    client.headers["X-Revision"] = str(revision)
    found = tag(client, FLOOD)
    del client.headers["X-Revision"]
    return found


def annotation(client: TestClient) -> Any:
    return client.get(f"{FLOOD}/annotated", headers={"X-Revision": "3"}).json()["annotation"]


def test_the_primary_answers_while_the_replica_is_away(behind: TestClient, both: Pair) -> None:
    both.standby.halt()
    try:
        for path in READS:
            assert shown(behind.get(path)) == (200, "2"), path
    finally:
        both.standby.resume()


def test_the_replica_answers_while_the_primary_is_away(behind: TestClient, both: Pair) -> None:
    assert behind.get("/v1/record").status_code == 200
    del behind.headers["Authorization"]
    limited = serve(behind.app.state.database, **limits(behind))  # type: ignore[attr-defined]
    assert limited.get("/v1/record").status_code == 200
    both.primary.halt()
    try:
        for client in (behind, limited):
            for path in READS:
                assert shown(client.get(path)) == (200, "1"), path
            # Nobody who can answer has it: no older one is shown in its place.
            assert client.get("/v1/record", headers=NEW).status_code == 503
    finally:
        both.primary.resume()
    assert shown(behind.get("/v1/record", headers=NEW)) == (200, "2")


def limits(client: TestClient) -> dict[str, object]:
    """The settings of the client's service, with limits, which are counted in the primary."""
    settings = client.app.state.settings  # type: ignore[attr-defined]
    given: dict[str, object] = settings.model_dump(include={"read_url", "catch_up_seconds"})
    return given | {"limit_address": 100_000}


def test_who_waits_is_answered_by_the_replica_as_soon_as_it_has_caught_up(
    behind: TestClient, both: Pair
) -> None:
    database: Database = behind.app.state.database  # type: ignore[attr-defined]
    both.follow(database)
    assert shown(behind.get(FLOOD)) == (200, "2")


def test_who_has_seen_more_than_there_is_is_told_so(client: TestClient) -> None:
    """On both databases, with a replica or without: the record was restored, or lost its newest revisions."""
    database: Database = client.app.state.database  # type: ignore[attr-defined]
    with database.read() as session:
        number = newest(session)[0]
    for path in (*READS, "/v1/changes"):
        assert shown(client.get(path, headers={"X-Revision": str(number)})) == (200, str(number)), path
        answer = client.get(path, headers={"X-Revision": str(number + 1)})
        assert answer.status_code == 422, path
        assert answer.json()["errors"][0]["parameter"] == "X-Revision", path


@pytest.mark.parametrize("given", ["", "x", "-1", "1.0", "1, 1", "9" * 16, "١"])
def test_a_header_that_is_no_revision_is_refused(client: TestClient, given: str) -> None:
    answer = client.get("/v1/documents", headers={b"X-Revision": given.encode()})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "X-Revision"


def test_the_header_is_documented_wherever_it_is_taken(client: TestClient) -> None:
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        reading = methods.get("get")
        if not path.startswith("/v1/") or reading is None or "304" not in reading["responses"]:
            continue
        # What shows nothing of the record, or not by its revision.
        private = path.startswith("/v1/subscriptions") or path in ("/v1/annotation-schema", "/v1/dictionary")
        headers = {p["name"] for p in reading["parameters"] if p["in"] == "header"}
        assert ("X-Revision" in headers) is not private, path
        assert ("X-Revision" in reading["responses"]["200"].get("headers", {})) is not private, path
