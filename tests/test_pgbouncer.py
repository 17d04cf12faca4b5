"""PgBouncer in transaction mode between a service of two workers and PostgreSQL, with few connections."""

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import run

import httpx
import pytest
import yaml
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.keeping.backup import Unfit, back_up, restore
from migrations.schema import migrate
from models.engines import Connections
from models.record import newest
from models.session import Database
from tests.available import require
from tests.conftest import Tell
from tests.faults.everything import revisions
from tests.faults.service import body, version, writing_key
from tests.keys import bearer, key
from tests.pgbouncer import console, pgbouncer
from tests.postgres import Cluster, Server, free_port
from tests.serving import environment, serving

COMMAND = Path(sys.executable).parent / "onrecord"
SIZE, CLIENTS, CORRECTIONS, LOADED = 3, 24, 3, 12
READS = (
    "/v1/documents?limit=5&count=on",
    "/v1/quotes?form=indirect&limit=20",
    "/v1/claims?measure=destroyed&facet=measure&limit=5",
    "/v1/search?q=harbour",
    "/v1/record",
    "/v1/entities?prefix=har",
    "/v1/claims?format=ndjson",
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    require("postgresql")
    with Cluster() as started:
        yield started


@pytest.fixture(scope="module")
def front(cluster: Cluster) -> Iterator[Server]:
    with pgbouncer(cluster, SIZE) as started:
        yield started


@pytest.fixture
def record(cluster: Cluster, request: pytest.FixtureRequest) -> str:
    """The name of a migrated database."""
    name = f"record_{abs(hash(request.node.name))}"
    with closing(Database(cluster.create_database(name))) as database:
        migrate(database)
    return name


def through(front: Server, record: str) -> str:
    return f"{front.url(record)}?pgbouncer=true"


@dataclass
class Client:
    """Writes a document, corrects it, and reads what it has written and what others have."""

    client: httpx.Client
    id: str
    asked: int = 0
    failed: list[str] = field(default_factory=list)

    def run(self) -> None:
        path, etag = f"/v1/documents/{self.id}", None
        for boats in range(1, CORRECTIONS + 2):
            headers: dict[str, str] = {"If-Match": etag} if etag else {}
            why: dict[str, str] | None = {"reason": "source corrected"} if etag else None
            put = self._ask("PUT", path, json=body(boats), headers=headers, params=why)
            etag = put.headers.get("etag")
            seen = {"X-Revision": put.headers["x-revision"]}
            for read in READS:
                self._ask("GET", read, headers=seen)
            again = self._ask("GET", path, headers=seen)
            self._ask("GET", path, headers=seen | {"If-None-Match": again.headers["etag"]})
            assert version(self.client, self.id) == boats

    def _ask(self, method: str, path: str, **given: object) -> httpx.Response:
        answer = self.client.request(method, path, **given)  # type: ignore[arg-type]
        self.asked += 1
        if not (answer.is_success or answer.status_code == 304):
            self.failed.append(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer


def files(folder: Path) -> list[str]:
    """Annotated documents for `onrecord load`."""
    made = []
    for at in range(LOADED):
        sent = body(at + 1)
        sent["annotation"]["document"]["id"] = f"loaded-{at}"
        (folder / f"loaded-{at}.txt").write_text(sent["text"])
        (folder / f"loaded-{at}.claims.yaml").write_text(yaml.safe_dump(sent["annotation"], sort_keys=False))
        made.append(str(folder / f"loaded-{at}.txt"))
    return made


def most_connections(front: Server, record: str, stop: threading.Event) -> tuple[int, int]:
    """How many connections PgBouncer had at once: of clients, and to PostgreSQL."""
    clients = servers = 0
    while not stop.is_set():
        for pool in console(front, "SHOW POOLS"):
            if pool["database"] == record:
                clients = max(clients, int(str(pool["cl_active"])) + int(str(pool["cl_waiting"])))
                servers = max(
                    servers, sum(int(str(pool[f"sv_{state}"])) for state in ("active", "idle", "used"))
                )
        time.sleep(0.02)
    return clients, servers


def test_many_clients_share_few_connections(
    cluster: Cluster, front: Server, record: str, tmp_path: Path, tell: Tell
) -> None:
    url, port = through(front, record), free_port()
    with closing(Database(cluster.url(record))) as database:
        secret = writing_key(database)
        env = environment(
            ONRECORD_DATABASE_URL=url, ONRECORD_DIRECT_URL=cluster.url(record), ONRECORD_EXPORTS=str(CLIENTS)
        )
        serve = [str(COMMAND), "serve", "--port", str(port), "--workers", "2"]
        with ExitStack() as stack:
            stack.enter_context(serving(serve, port, folder=tmp_path, env=env))
            pool = stack.enter_context(ThreadPoolExecutor(CLIENTS + 2))
            one = {"base_url": f"http://127.0.0.1:{port}", "headers": bearer(secret), "timeout": 120}
            clients = [
                Client(stack.enter_context(httpx.Client(**one, trust_env=False)), f"c{at}")  # type: ignore[arg-type]
                for at in range(CLIENTS)
            ]
            stop = threading.Event()
            connections = pool.submit(most_connections, front, record, stop)
            load = [str(COMMAND), "load", *files(tmp_path), "--database-url", url]
            loading = pool.submit(run, load, env=env, capture_output=True, text=True, check=False)
            try:
                for working in [pool.submit(client.run) for client in clients]:
                    working.result()
                loaded = loading.result()
            finally:
                stop.set()
            assert loaded.returncode == 0, loaded.stderr
            assert not [failed for client in clients for failed in client.failed]
            for at in range(LOADED):
                assert version(clients[0].client, f"loaded-{at}") == at + 1
            wanted, given = connections.result()
        numbers = revisions(database)
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 1 + CLIENTS * (CORRECTIONS + 1)
    assert given <= SIZE < wanted
    asked = sum(client.asked for client in clients)
    tell(f"{asked} requests of {CLIENTS} clients to 2 workers, {wanted} connections to PgBouncer, {given} on")


def test_nothing_is_left_behind_on_a_connection(cluster: Cluster, front: Server, record: str) -> None:
    settings = ("statement_timeout", "lock_timeout", "transaction_isolation", "transaction_read_only")
    shown = ", ".join(f"current_setting('{name}')" for name in settings)
    state = text(f"SELECT {shown}, (SELECT count(*) FROM pg_prepared_statements), pg_backend_pid()")
    with closing(Database(cluster.url(record))) as direct, direct.engine.connect() as connection:
        *untouched, _ = connection.execute(state).one()
    limited = Connections(read_seconds=0.2)
    with closing(Database(through(front, record), limited)) as database:
        for _ in range(8):
            with database.read() as session:
                newest(session)
            with database.write_at_once() as session:
                session.execute(text("UPDATE permit SET taken = taken"))
        with pytest.raises(DBAPIError) as stopped, database.read() as session:
            session.execute(text("SELECT pg_sleep(600)"))
        assert getattr(stopped.value.orig, "sqlstate", None) == "57014"
        with ExitStack() as stack:
            # Each has a transaction, and so a connection to PostgreSQL, of its own: these are all there are.
            open_ = [stack.enter_context(database.engine.connect()) for _ in range(SIZE)]
            found = [tuple(connection.execute(state).one()) for connection in open_]
    assert len({pid for *_, pid in found}) == SIZE
    assert all(left == untouched for *left, _ in found)


def test_what_needs_a_session_goes_past_pgbouncer(
    cluster: Cluster, front: Server, record: str, tmp_path: Path
) -> None:
    url, port = through(front, record), free_port()
    with closing(Database(url)) as database:
        for keeping in (back_up, restore):
            with pytest.raises(Unfit, match="PgBouncer"):
                keeping(database, tmp_path / "record.backup")
        admin = key(database, "admin")
    serve = [str(COMMAND), "serve", "--port", str(port)]
    env = environment(ONRECORD_DATABASE_URL=url, ONRECORD_SEEDS="false")
    for direct, erased in (({}, False), ({"ONRECORD_DIRECT_URL": cluster.url(record)}, True)):
        with serving(serve, port, folder=tmp_path, env=env | direct) as client:
            client.headers.update(bearer(admin))
            path = f"/v1/documents/{'erased' if erased else 'left'}"
            assert client.put(path, json=body(1)).status_code == 201
            purged = client.post(f"{path}:purge", json={"reason": "A court's order."})
            assert purged.status_code == 200, purged.text
            assert bool(purged.json()["erased"]) is erased
    backup = [str(COMMAND), "backup", str(tmp_path / "record.backup")]
    assert run(backup, env=env | direct, capture_output=True, check=False).returncode == 0
