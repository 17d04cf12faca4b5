"""A request holds one connection to the database at a time: where there are few, nobody waits for himself."""

import pytest

from models.session import Database
from tests.api.test_read_your_writes import READS
from tests.api.writers import FLOOD, body, key, tag
from tests.conftest import serve

# Who waits for himself waits for ever; the use of a key is written down aside, on the same connection, and a
# slow disk takes a moment for it.
ONE = {"pool_size": 1, "pool_overflow": 0, "pool_seconds": 10}


@pytest.mark.parametrize("path", [*READS, "/v1/changes?limit=2", "/v1/audit", "/v1/subscriptions", "/ready"])
def test_a_read_needs_one_connection(seeded_database: Database, path: str) -> None:
    one = serve(seeded_database, **ONE)
    answer = one.get(path, headers=key(seeded_database, "admin"))
    assert answer.status_code == 200, answer.text


def test_a_write_needs_one_connection(seeded_database: Database) -> None:
    one = serve(seeded_database, **ONE)
    one.headers.update(key(seeded_database, "admin"))
    once = {"Idempotency-Key": "once"}
    for _ in range(2):
        assert one.put(FLOOD, json=body(), headers=once).status_code == 201
    title = {"title": "Flood"}
    assert one.patch(FLOOD, json=title, params={"reason": "typo"}, headers=tag(one, FLOOD)).status_code == 200
    assert one.post(f"{FLOOD}:purge", json={"reason": "A court's order."}).status_code == 200


def test_a_rush_adds_connections_and_who_finds_none_in_time_comes_back(seeded_database: Database) -> None:
    service = serve(seeded_database, pool_size=1, pool_overflow=1, pool_seconds=0.1)
    database: Database = service.app.state.database  # type: ignore[attr-defined]
    with database.engine.connect():
        assert service.get("/v1/record").status_code == 200
        with database.engine.connect():
            refused = service.get("/v1/record")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert service.get("/v1/record").status_code == 200
