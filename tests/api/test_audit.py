"""The audit: every write and every refused write, told to admins alone, newest first."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, text
from sqlmodel import Session

from api.access.keys import COMMAND, revoke
from api.writing.bodies import EXAMPLE_ANNOTATION, EXAMPLE_TEXT
from models.audit import Audit, AuditBase
from models.session import Database
from tests.conftest import NewDatabase, serve
from tests.keys import bearer, id_of, key

BODY = {"text": EXAMPLE_TEXT, "annotation": EXAMPLE_ANNOTATION}
FLOOD = "/v1/documents/harbour-flood"


@pytest.fixture
def desk(empty_database: Database) -> Iterator[TestClient]:
    with serve(empty_database) as client:
        yield client


def audit(client: TestClient, database: Database, query: str = "") -> list[dict[str, Any]]:
    """The rows of the audit, the newest first, the making of keys aside."""
    answer = client.get(f"/v1/audit?{query}", headers=bearer(key(database, "admin", name="auditor")))
    assert answer.status_code == 200, answer.text
    return [row for row in answer.json()["results"] if row["address"] != COMMAND]


def test_a_write_is_told_with_who_what_from_where_and_which_revision(
    empty_database: Database, desk: TestClient
) -> None:
    secret = key(empty_database, "write", name="city desk")
    sent = {**bearer(secret), "X-Request-ID": "desk-42.test_7"}
    answer = desk.put(FLOOD, json=BODY, headers=sent)
    assert answer.status_code == 201, answer.text
    (row,) = audit(desk, empty_database)
    assert row.pop("id").isdecimal()
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row.pop("time"))
    assert row == {
        "key": id_of(secret),
        "agent": "city desk",
        "address": "testclient",
        "operation": "put_document",
        "subject": "harbour-flood",
        "status": 201,
        "revision": 1,
        "request": "desk-42.test_7",
    }


def test_a_refused_write_is_told_with_whose_key_it_was(empty_database: Database, desk: TestClient) -> None:
    reader, revoked, writer = (key(empty_database, scope) for scope in ("read", "write", "write"))
    revoke(empty_database, id_of(revoked))
    unknown = f"or_{'a' * 8}_{'b' * 43}"
    for headers, status in (
        ({}, 401),
        (bearer(unknown), 401),
        (bearer(revoked), 401),
        (bearer(reader), 403),
        ({**bearer(writer), "If-Match": '"x"'}, 412),
    ):
        assert desk.put(FLOOD, json=BODY, headers=headers).status_code == status
    assert desk.put(FLOOD, json={"text": 1}, headers=bearer(writer)).status_code == 422
    rows = audit(desk, empty_database)
    assert [(row["status"], row["key"]) for row in reversed(rows)] == [
        (401, None),
        (401, None),
        (401, id_of(revoked)),
        (403, id_of(reader)),
        (412, id_of(writer)),
        (422, id_of(writer)),
    ]
    for row in rows:
        assert (row["operation"], row["subject"], row["revision"]) == ("put_document", "harbour-flood", None)


def test_making_and_revoking_keys_is_told(empty_database: Database, desk: TestClient) -> None:
    secret = key(empty_database, "read")
    for _ in range(2):
        revoke(empty_database, id_of(secret))
    admin = bearer(key(empty_database, "admin"))
    rows = desk.get(f"/v1/audit?subject={id_of(secret)}", headers=admin).json()["results"]
    assert [(row["operation"], row["address"]) for row in rows] == [
        ("revoke_key", COMMAND),
        ("create_key", COMMAND),
    ]


def test_what_the_limits_refuse_writes_nothing(empty_database: Database) -> None:
    writer = bearer(key(empty_database, "write"))
    with serve(empty_database, limit_key=1) as client:
        found = [client.put(FLOOD, json=BODY, headers=writer).status_code for _ in range(3)]
    assert found in ([201, 429, 429], [201, 428, 429])  # the second one if the minute ended
    with serve(empty_database) as client:
        assert 429 not in [row["status"] for row in audit(client, empty_database)]


def test_no_row_is_changed_or_deleted(empty_database: Database) -> None:
    key(empty_database, "read")
    for statement in ("DELETE FROM audit", "UPDATE audit SET agent = 'nobody'"):
        with (
            pytest.raises(Exception, match=r"nothing (is deleted|changes)"),
            empty_database.write() as session,
        ):
            session.execute(text(statement))


ROWS = 45


@pytest.fixture(scope="module")
def many(new_database: NewDatabase) -> Iterator[tuple[TestClient, dict[str, str]]]:
    """A client, and the header of an admin, of a service with many rows, three of each time."""
    database = new_database()
    cycle = itertools.cycle([200, 201, 401, 412])
    with Session(database.engine) as session, session.begin():
        for i in range(ROWS):
            session.execute(
                insert(Audit).values(
                    id=(1 << 62) + i,
                    time=f"2026-01-01T00:{i // 3:02}:00.000Z",
                    key=f"or_{i % 4}" if i % 4 else None,
                    agent=f"desk {i % 4}" if i % 4 else None,
                    address=f"192.0.2.{i % 2}",
                    operation=("put_document", "create_document")[i % 2],
                    subject=f"document-{i % 5}",
                    status=next(cycle),
                    revision=i if i % 4 < 2 else None,
                    request=f"request-{i}",
                )
            )
    with serve(database) as client:
        yield client, bearer(key(database, "admin"))


Many = tuple[TestClient, dict[str, str]]


def pages(many: Many, url: str) -> list[list[dict[str, Any]]]:
    client, admin = many
    found, following = [], url
    while following:
        page = client.get(following, headers=admin).json()
        assert set(page) == {"results", "next", "total", "facets"}
        found.append(page["results"])
        following = page["next"]
    return found


@pytest.mark.parametrize("limit", [1, 2, 7, 45, 46, 200])
def test_pages_reach_every_row_once_newest_first(many: Many, limit: int) -> None:
    found = pages(many, f"/v1/audit?time__lt=2026-02-01&limit={limit}")
    assert all(len(page) == limit for page in found[:-1])
    rows = [row for page in found for row in page]
    assert [row["request"] for row in rows] == [f"request-{i}" for i in reversed(range(ROWS))]
    assert all(set(row) == {*AuditBase.model_fields, "id"} for row in rows)


def test_the_next_page_is_linked(many: Many) -> None:
    client, admin = many
    answer = client.get("/v1/audit?limit=1&operation=put_document", headers=admin)
    assert answer.headers["link"] == f'<{answer.json()["next"]}>; rel="next"'
    assert "operation=put_document" in answer.json()["next"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("key=or_1", lambda i: i % 4 == 1),
        ("key=or_1&key=or_2", lambda i: i % 4 in (1, 2)),
        ("agent=desk+3", lambda i: i % 4 == 3),
        ("address=192.0.2.1", lambda i: i % 2),
        ("operation=create_document", lambda i: i % 2),
        ("subject=document-4&operation=put_document", lambda i: i % 5 == 4 and i % 2 == 0),
        ("status=401&status=412", lambda i: i % 4 > 1),
        ("status__gte=400", lambda i: i % 4 > 1),
        ("status__lt=201", lambda i: i % 4 == 0),
        ("revision=5", lambda i: i == 5),
        ("request=request-8", lambda i: i == 8),
        ("time__gte=2026-01-01T00:03:00Z&time__lt=2026-01-01T02:05:00%2B02:00", lambda i: 9 <= i < 15),
        ("operation=nothing", lambda i: False),
    ],
)
def test_filters(many: Many, query: str, holds: Any) -> None:
    client, admin = many
    query = query if "time__" in query else f"{query}&time__lt=2026-02-01"
    found = [row["request"] for page in pages(many, f"/v1/audit?{query}&limit=5") for row in page]
    assert found == [f"request-{i}" for i in reversed(range(ROWS)) if holds(i)]
    total = client.get(f"/v1/audit?{query}&count=on&limit=1", headers=admin).json()["total"]
    assert total == {"value": len(found), "relation": "eq"}


def test_facets_count_and_lead_to_what_they_count(many: Many) -> None:
    client, admin = many
    query = "time__lt=2026-02-01&operation=put_document&facet=operation&facet=status&facet=key&limit=1"
    facets = client.get(f"/v1/audit?{query}", headers=admin).json()["facets"]
    assert {of["value"]: of["count"] for of in facets["operation"]} == {
        "put_document": 23,
        "create_document": 22,
    }
    assert {of["value"]: of["count"] for of in facets["status"]} == {"200": 12, "401": 11}
    assert {of["value"] for of in facets["key"]} == {"or_2"}
    for value in (of for values in facets.values() for of in values):
        found = client.get(f"{value['url']}&count=on", headers=admin).json()
        assert found["total"]["value"] == value["count"], value


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("agnet=desk", "agnet"),
        ("sort=time", "sort"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=1&limit=2", "limit"),
        ("status=20", "status"),
        ("status__gte=400&status__lt=400", "status__lt"),
        ("time__gte=yesterday", "time__gte"),
        ("time__gte=2026-01-02&time__lt=2026-01-01", "time__lt"),
        ("key=", "key"),
        ("facet=subject", "facet"),
        ("cursor=nonsense", "cursor"),
    ],
)
def test_what_is_not_understood_is_refused(many: Many, query: str, parameter: str) -> None:
    client, admin = many
    answer = client.get(f"/v1/audit?{query}", headers=admin)
    assert answer.status_code == 422, answer.text
    assert [mistake["parameter"] for mistake in answer.json()["errors"]] == [parameter]


def test_a_cursor_goes_with_its_filters(many: Many) -> None:
    client, admin = many
    following = client.get("/v1/audit?limit=1&status=200", headers=admin).json()["next"]
    answer = client.get(following.replace("status=200", "status=201"), headers=admin)
    assert answer.status_code == 422
    other = client.get("/v1/quotes?limit=1", headers=admin).json()["next"]
    assert other is None
