"""PostgreSQL restarted under load: nothing acknowledged is lost, and errors come only while it is away."""

import signal
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from migrations.schema import migrate
from models.session import Database
from tests.available import require
from tests.conftest import Tell
from tests.faults.everything import events
from tests.faults.service import Service, Writer, await_writes, writing, writing_key
from tests.faults.test_killed import assert_gap_free
from tests.postgres import Cluster

WRITERS, READERS = 3, 2
# "fast" ends the sessions, "immediate" is a crash: what was acknowledged is read from its log again.
RESTARTS = (signal.SIGINT, signal.SIGINT, signal.SIGQUIT)
PATHS = ("/v1/documents?limit=5", "/v1/record", "/v1/claims?format=ndjson", "/ready")


@dataclass
class Reader:
    """Asks one thing after another; keeps when each was asked and answered, and the answer."""

    service: Service
    asked: list[tuple[float, float, httpx.Response]] = field(default_factory=list)
    broken: list[tuple[float, float]] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        with self.service.client() as client:
            while not stop.is_set():
                for path in PATHS:
                    began = time.monotonic()
                    try:
                        answer = client.get(path)
                    except httpx.RemoteProtocolError:
                        # An export that had begun ends short, and says so by ending its connection.
                        assert "format" in path
                        self.broken.append((began, time.monotonic()))
                        continue
                    self.asked.append((began, time.monotonic(), answer))


@pytest.fixture
def cluster() -> "Cluster":
    require("postgresql")
    # As in production: what was acknowledged has been given to the system, to outlive the process.
    return Cluster(synchronous_commit="on")


def test_postgresql_restarted_under_load_loses_nothing(cluster: Cluster, tmp_path: Path, tell: Tell) -> None:
    with cluster, closing(Database(cluster.create_database("record"))) as database:
        migrate(database)
        key = writing_key(database)
        away: list[tuple[float, float]] = []
        with Service(cluster.url("record"), tmp_path) as service:
            writers = [Writer(f"w{at}", service, key) for at in range(WRITERS)]
            readers = [Reader(service) for _ in range(READERS)]
            stop = threading.Event()
            threads = [threading.Thread(target=reader.run, args=(stop,)) for reader in readers]
            with writing(writers) as gate:
                for thread in threads:
                    thread.start()
                for how in RESTARTS:
                    await_writes(writers, 15)
                    left = time.monotonic()
                    cluster.restart(how, away=0.5)
                    away.append((left, time.monotonic()))
                await_writes(writers, 15)
                gate()
                stop.set()
                for thread in threads:
                    thread.join()
                with service.client(key) as client:
                    for writer in writers:
                        writer.assert_kept(client)
                gate()
        asked = [one for reader in readers for one in reader.asked]
        refused = [one for one in asked if one[2].status_code != 200]
        broken = [one for reader in readers for one in reader.broken]
        assert_only_while(away, [*broken, *((began, ended) for began, ended, _ in refused)])
        told = [answer for writer in writers for answer in writer.refused]
        for answer in (*told, *(answer for _, _, answer in refused)):
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) > 0
        assert told and refused
        assert_gap_free(database)
        written = {revision: what for writer in writers for revision, what in writer.revisions.items()}
        assert sorted(written) == list(range(1, len(written) + 1))
        done = {revision: id for revision, _, noun, id, *_ in events(database) if noun == "document"}
        assert done == {revision: id for revision, (id, _) in written.items()}
    tell(
        f"{len(RESTARTS)} restarts, {len(written)} acknowledged writes, none lost; 503 for {len(told)} writes"
        f" and {len(refused)} of {len(asked)} reads, all while it was away"
    )


def assert_only_while(away: list[tuple[float, float]], failed: list[tuple[float, float]]) -> None:
    """Each request that failed was under way while the database was away."""
    for began, ended in failed:
        assert any(began < back and ended > left for left, back in away), (began, ended, away)
