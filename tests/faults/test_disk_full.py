"""A full disk: writes answer 507 and leave no trace, reads go on, and room is all it takes to go on."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from psycopg import sql
from sqlalchemy import event

from api.access.keys import create
from migrations.schema import migrate
from models.session import Database
from tests.available import require
from tests.conftest import Tell, serve
from tests.faults.disk import Disk, mounted
from tests.faults.everything import state
from tests.faults.service import body, version
from tests.postgres import Cluster

READS = (
    "/v1/documents", "/v1/documents/first", "/v1/quotes?facet=speaker&count=on", "/v1/claims?as_of=1",
    "/v1/quotes?format=csv", "/v1/search?q=boats", "/v1/documents/first/text", "/v1/record", "/ready",
)  # fmt: skip
# Bytes, and by how many of those the room grows from one attempt to the next.
PAGE, STEP = 4096, 8


def put(client: TestClient, id: str, boats: int = 1) -> int:
    return client.put(f"/v1/documents/{id}", json=body(boats)).status_code


@contextmanager
def served(database: Database) -> Iterator[TestClient]:
    """A service that has one document, and a client that may write."""
    _, key = create(database, "city desk", ["write"], None)
    with serve(database, limit_key=0, limit_address=0) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        assert put(client, "first") == 201
        yield client


def assert_reads_go_on(client: TestClient) -> None:
    for path in READS:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)


def assert_full(answer: httpx2.Response) -> None:
    assert answer.status_code == 507, answer.text
    problem = answer.json()
    assert problem["type"] == "urn:onrecord:problem:507"
    assert "disk" in problem["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("spilling", [False, True], ids=["at-commit", "midway"])
def test_a_full_disk_refuses_writes_and_nothing_else_on_sqlite(
    tmp_path: Path, spilling: bool, tell: Tell
) -> None:
    """With more and more room, up to where the write fits: it is done, or leaves no trace."""
    require("tmpfs")
    with mounted(tmp_path / "disk", "16m") as disk:
        database = Database(f"sqlite:///{disk.folder}/record.sqlite")
        migrate(database)
        with served(database) as client:
            if spilling:
                # As if the change were larger than the memory for it: it is written before it is committed.
                engine = client.app.state.database.engine  # type: ignore[attr-defined]
                event.listen(
                    engine, "connect", lambda connection, _: connection.execute("PRAGMA cache_size = 10")
                )
                engine.dispose()
            refused = sweep(client, disk, database)
        with sqlite3.connect(disk.folder / "record.sqlite") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
        database.close()
    tell(f"{refused} writes refused with 507, the room growing by {STEP} pages")


def little_memory(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA cache_size = 10")


def sweep(client: TestClient, disk: Disk, database: Database) -> int:
    for refused, pages in enumerate(range(0, 1200, STEP)):
        before = state(database)
        # What has been written is put in its place, so that the log begins anew and the disk decides.
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        disk.fill(but=pages * PAGE)
        answer = client.put(f"/v1/documents/room-{pages}", json=body(pages + 2))
        if answer.status_code == 201:
            disk.clear()
            assert version(client, f"room-{pages}") == pages + 2
            return refused
        assert_full(answer)
        assert_reads_go_on(client)
        assert state(database) == before
        disk.clear()
        if refused % 5 == 0:
            assert put(client, f"again-{pages}") == 201
    raise AssertionError("it never fitted")


def test_a_full_disk_refuses_writes_and_nothing_else_on_postgresql(tell: Tell) -> None:
    require("tmpfs")
    require("postgresql")
    with Cluster() as cluster, mounted(cluster.folder / "small", "64m", cluster.owner) as disk:
        space = disk.folder / "space"
        space.mkdir()
        if cluster.owner is not None:
            os.chown(space, cluster.owner, -1)
        cluster.execute(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(str(space)))
        url = cluster.create_database("record")
        cluster.execute(sql.SQL("ALTER DATABASE record SET TABLESPACE small"))
        database = Database(url)
        migrate(database)
        with served(database) as client:
            disk.fill()
            written = refused = 0
            # Tables have some room in their last pages: it is used up first.
            for at in range(400):
                before = state(database)
                answer = client.put(f"/v1/documents/full-{at}", json=body(at + 2))
                if answer.status_code == 201:
                    written += 1
                    continue
                assert_full(answer)
                refused += 1
                assert_reads_go_on(client)
                assert state(database) == before
                if refused == 5:
                    break
            assert refused == 5
            disk.clear()
            for at in range(5):
                assert put(client, f"room-{at}", at + 2) == 201
                assert version(client, f"room-{at}") == at + 2
        database.close()
    tell(f"{written} writes found room in pages that were there, {refused} refused with 507")
