"""The record: its revision, its counts, and reading it as it stood."""

import pytest
from fastapi.testclient import TestClient

from api.resources import RESOURCES
from migrations.schema import migrate
from models.session import Database
from tests.api.asking import ask, status
from tests.conftest import NewDatabase, Statements, serve
from tests.documents import document, put


def test_counts_are_the_totals_of_the_lists(client: TestClient) -> None:
    counts = ask(client, "record")["counts"]
    assert counts == {name: ask(client, name, count="on", limit=1)["total"]["value"] for name in RESOURCES}


def test_the_record_is_polled_with_one_statement(client: TestClient, statements: Statements) -> None:
    etag = client.get("/v1/record").headers["etag"]
    statements.sent.clear()
    again = client.get("/v1/record", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, len(statements.sent)) == (304, b"", 1)


def test_a_change_is_a_new_revision_with_a_later_time(empty_database: Database) -> None:
    with serve(empty_database) as client:
        states = [ask(client, "record")]
        for n in range(3):
            put(empty_database, document(f"d{n}", "Some text."))
            states.append(ask(client, "record"))
        assert [state["revision"] for state in states] == [0, 1, 2, 3]
        assert [state["counts"]["documents"] for state in states] == [0, 1, 2, 3]
        times = [state["time"] for state in states]
        assert times == sorted(times)
        for state in states:
            assert ask(client, "record", as_of=state["revision"]) == state
        assert ask(client, "record", as_of=times[2])["revision"] >= 2
        assert ask(client, "documents", as_of=times[3], count="on")["total"]["value"] == 3


def test_a_time_before_the_record_began_reads_nothing(client: TestClient) -> None:
    assert ask(client, "quotes", as_of="2001-01-01T00:00:00+02:00")["results"] == []
    assert status(client, "record", as_of="2999-01-01") == 422
    assert status(client, "record", offsets="utf16") == 422


def test_recorded_is_an_axis_of_every_list(client: TestClient) -> None:
    time = ask(client, "record")["time"]
    for name in RESOURCES:
        every = ask(client, name, count="on", limit=1)["total"]
        assert ask(client, name, count="on", limit=1, recorded__gte=time)["total"] == every
        assert ask(client, name, count="on", limit=1, recorded__lt=time)["total"]["value"] == 0
        assert status(client, name, recorded__gte="2024-10-16", recorded__lt="2024-10-15") == 422


@pytest.mark.parametrize("url", ["/v1/record", "/v1/quotes"])
def test_two_records_at_one_revision_have_two_tags(new_database: NewDatabase, url: str) -> None:
    tags = set()
    for _ in range(2):
        database = new_database()
        migrate(database, "base")
        migrate(database)
        with serve(database) as client:
            tags.add(client.get(url).headers["etag"])
    assert len(tags) == 2
