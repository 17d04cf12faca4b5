"""Limits: of each address and each key, told in every answer, shared by all processes, in nobody's way."""

import re
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import event, text

from api.access.limits import MINUTE, ON_TRUST, Limits, network_of
from api.settings import Settings
from models.session import Database
from tests.conftest import Statements, serve
from tests.keys import bearer, key
from tests.postgres import free_port
from tests.serving import environment, serving

COMMAND = Path(sys.executable).parent / "onrecord"
QUOTES = "/v1/quotes?limit=1"
# What a process logs when it grants without a lease.
TRUST = "permits on trust"
# A Tuesday at 10:20:30: half a minute is left.
NOON = 28_816_220 * MINUTE + 30.0


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where leases are what is looked at, a slow disk must not look like one that cannot be had; locks are
    still given up at once.
    """
    monkeypatch.setattr("api.access.limits.PATIENCE", 20.0)


def limits_of(client: TestClient) -> Limits:
    assert isinstance(client.app, FastAPI)
    limits = client.app.state.limits
    assert isinstance(limits, Limits)
    return limits


@contextmanager
def limited(database: Database, at: float = NOON, **settings: object) -> Iterator[TestClient]:
    """A client of a service with these limits, for which no time passes."""
    with serve(database, **settings) as client:
        limits_of(client).clock = lambda: at
        yield client


def statuses(client: TestClient, times: int, **headers: str) -> list[int]:
    return [client.get(QUOTES, headers=headers).status_code for _ in range(times)]


def left(answer: Response) -> dict[str, int]:
    """What the RateLimit field says is left, by policy."""
    return {name: int(r) for name, r in re.findall(r'"(\w+)";r=(\d+);t=\d+', answer.headers["ratelimit"])}


def taken(database: Database) -> list[tuple[str, int]]:
    with database.read() as session:
        rows = session.execute(text("SELECT subject, taken FROM permit ORDER BY subject")).all()
    return [(str(subject), int(number)) for subject, number in rows]


def test_answers_say_what_is_left_until_when(empty_database: Database) -> None:
    with limited(empty_database, limit_address=100) as client:
        for remaining, url in (
            (99, QUOTES),
            (98, "/v1/quotes/nobody"),
            (97, "/v1/none"),
            (96, "/v1/quotes?a=1"),
        ):
            answer = client.get(url)
            assert answer.headers["ratelimit-policy"] == '"address";q=100;w=60'
            assert answer.headers["ratelimit"] == f'"address";r={remaining};t=30'


def test_what_is_too_much_is_429_until_the_minute_ends(empty_database: Database) -> None:
    with limited(empty_database, limit_address=5) as client:
        assert statuses(client, 5) == [200] * 5
        for refused in (client.get(QUOTES), client.get("/v1/none"), client.post("/v1/audit")):
            assert refused.status_code == 429
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.json()["type"] == "urn:onrecord:problem:429"
            assert "5 requests a minute" in refused.json()["detail"]
            assert refused.headers["retry-after"] == "30"
            assert refused.headers["ratelimit"] == '"address";r=0;t=30'
            assert refused.headers["x-request-id"]
        limits_of(client).clock = lambda: NOON + 29.9
        assert client.get(QUOTES).headers["retry-after"] == "1"
        limits_of(client).clock = lambda: NOON + 30
        assert statuses(client, 5) == [200] * 5


def test_a_clock_that_was_set_back_gives_no_more_than_a_minute(empty_database: Database) -> None:
    with limited(empty_database, limit_address=5) as client:
        assert statuses(client, 6)[-1] == 429
        limits_of(client).clock = lambda: NOON - 3600
        assert statuses(client, 6) == [200] * 5 + [429]
        limits_of(client).clock = lambda: NOON
        assert statuses(client, 1) == [429]


def test_every_address_has_its_own(empty_database: Database) -> None:
    with limited(empty_database, limit_address=2) as client:
        assert isinstance(client.app, FastAPI)
        for address in ("192.0.2.7", "192.0.2.8", "2001:db8:1:2::1", "2001:db8:1:3::1"):
            other = TestClient(client.app, client=(address, 50000))
            assert statuses(other, 3) == [200, 200, 429]
        # Whoever has an address of IPv6 has the others of its network, too.
        neighbour = TestClient(client.app, client=("2001:db8:1:2:ffff::9", 50000))
        assert statuses(neighbour, 1) == [429]


@pytest.mark.parametrize(
    ("address", "stands_for"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
        ("x" * 500, "x" * 100),
    ],
)
def test_an_address_stands_for_one_reader(address: str, stands_for: str) -> None:
    assert network_of(address) == stands_for


def test_every_key_has_its_own_wherever_it_is_used(empty_database: Database) -> None:
    one, other = bearer(key(empty_database, "read")), bearer(key(empty_database, "read"))
    with limited(empty_database, limit_key=4, limit_address=100) as client:
        assert isinstance(client.app, FastAPI)
        elsewhere = TestClient(client.app, client=("192.0.2.9", 50000))
        assert statuses(client, 2, **one) + statuses(elsewhere, 3, **one) == [200] * 4 + [429]
        assert statuses(client, 1, **other) == [200]
        answer = client.get(QUOTES, headers=other)
        assert left(answer) == {"address": 96, "key": 2}
        assert answer.headers["ratelimit-policy"] == '"address";q=100;w=60, "key";q=4;w=60'
        # Without a key the address counts alone.
        assert left(client.get(QUOTES)) == {"address": 95}


def test_keys_that_are_none_are_counted_for_their_address(empty_database: Database) -> None:
    with limited(empty_database, limit_address=3, limit_key=100) as client:
        guess = bearer(f"or_{'a' * 8}_{'b' * 43}")
        assert statuses(client, 4, **guess) == [401, 401, 401, 429]


def test_no_limit_says_nothing(empty_database: Database) -> None:
    with serve(empty_database) as client:
        answer = client.get(QUOTES, headers=bearer(key(empty_database, "read")))
    assert not {"ratelimit", "ratelimit-policy"} & set(answer.headers)
    assert taken(empty_database) == []


def test_limits_are_on_unless_they_are_turned_off() -> None:
    fields = Settings.model_fields
    assert fields["limit_address"].default == 6000
    assert fields["limit_key"].default == 12000


def test_what_is_not_of_the_record_has_no_limit(empty_database: Database) -> None:
    with limited(empty_database, limit_address=1) as client:
        for _ in range(3):
            for url in ("/health", "/ready", "/metrics", "/docs", "/openapi.json"):
                answer = client.get(url)
                assert answer.status_code == 200
                assert "ratelimit" not in answer.headers
        assert statuses(client, 2) == [200, 429]


def test_ten_writes_at_most_for_all_reads_of_a_minute_and_none_for_the_first_hundredth(
    empty_database: Database,
) -> None:
    with limited(empty_database, limit_address=1000) as client:
        sent = Statements()
        assert isinstance(client.app, FastAPI)
        event.listen(client.app.state.database.engine, "before_cursor_execute", sent.record)
        urls = ["/v1/schemas/annotated-document", "/v1/none"]
        assert {client.get(urls[i % 2]).status_code for i in range(10)} == {200, 404}
        assert not any("permit" in statement for statement in sent.sent)
        answers = [client.get("/v1/none") for _ in range(991)]
        leases = [statement for statement in sent.sent if statement.startswith("INSERT INTO permit")]
    assert [answer.status_code for answer in answers] == [404] * 990 + [429]
    assert [left(answer)["address"] for answer in answers] == [*range(989, -1, -1), 0]
    assert 1 < len(leases) <= 11


@pytest.mark.usefixtures("patient")
def test_processes_share_one_limit(empty_database: Database) -> None:
    """Each leases from the same permits; beyond them is only what each may give on trust."""
    for quota, trusted in ((50, 0), (400, 4)):
        with ExitStack() as stack:
            at = NOON + quota * MINUTE
            services = [
                stack.enter_context(limited(empty_database, at, limit_address=quota)) for _ in range(3)
            ]
            allowed = 0
            for turn in range(2 * quota):
                allowed += services[turn % 3].get("/v1/none").status_code == 404
            assert trusted == quota // ON_TRUST
            assert quota <= allowed <= quota + 3 * trusted
            assert all(service.get("/v1/none").status_code == 429 for service in services)


@pytest.mark.usefixtures("patient")
def test_old_minutes_are_removed(empty_database: Database) -> None:
    with limited(empty_database, limit_address=5) as client:
        for minutes in range(20):
            limits_of(client).clock = lambda at=NOON + minutes * MINUTE: at  # type: ignore[misc]
            client.get(QUOTES)
    assert len(taken(empty_database)) == 11


def test_reads_go_on_while_another_writes(empty_database: Database) -> None:
    """On SQLite nobody else can write meanwhile; on PostgreSQL nobody can touch the permits."""
    with limited(empty_database, limit_address=20) as client:
        assert statuses(client, 1) == [200]
        with empty_database.write() as session:
            session.execute(text("DELETE FROM permit"))
            session.execute(text("INSERT INTO permit SELECT 'address testclient', minute, 0 FROM permit"))
            if not empty_database.sqlite:
                session.execute(text("LOCK TABLE permit IN ACCESS EXCLUSIVE MODE"))
            # Each process for itself, within the limit.
            assert statuses(client, 20) == [200] * 19 + [429]
    with limited(empty_database, NOON + MINUTE, limit_address=3) as client:
        assert statuses(client, 4) == [200] * 3 + [429]
        assert taken(empty_database)[-1][1] >= 3


def test_reads_go_on_without_the_permits(empty_database: Database) -> None:
    with limited(empty_database, limit_address=20) as client:
        with empty_database.engine.begin() as connection:
            connection.execute(text("DROP TABLE permit"))
        assert statuses(client, 21) == [200] * 20 + [429]


def test_many_at_once_get_no_more_than_the_limit(empty_database: Database) -> None:
    with limited(empty_database, limit_address=60) as client, ThreadPoolExecutor(8) as pool:
        begin = threading.Barrier(8)

        def ask(_: int) -> list[int]:
            begin.wait()
            return [client.get("/v1/none").status_code for _ in range(10)]

        found = [status for part in pool.map(ask, range(8)) for status in part]
    assert (found.count(404), found.count(429)) == (60, 20)


def early_in_a_minute() -> None:
    """So that the minute does not end during the test."""
    if (over := time.time() % MINUTE) > 20:
        time.sleep(MINUTE - over + 0.1)


def test_servers_share_one_limit(empty_database: Database, tmp_path: Path) -> None:
    """Two processes of `onrecord serve`, as behind a balancer, asked by turns.

    While others keep the disk or the database busy a process grants on trust, and says so: then it is asked
    again, from another address.
    """
    url, quota = empty_database.engine.url.render_as_string(hide_password=False), 300
    env = environment(ONRECORD_DATABASE_URL=url, ONRECORD_SEEDS="false", ONRECORD_LIMIT_ADDRESS=str(quota))
    with ExitStack() as stack:
        ports, logs = [], []
        for name in ("one", "other"):
            (folder := tmp_path / name).mkdir()
            ports.append(port := free_port())
            logs.append(folder / "serve.log")
            command: list[str | Path] = [COMMAND, "serve", "--port", str(port)]
            stack.enter_context(serving(command, port, folder=folder, env=env))
        for address in range(2, 6):
            early_in_a_minute()
            before = [log.read_text().count(TRUST) for log in logs]
            with httpx.Client(transport=httpx.HTTPTransport(local_address=f"127.0.0.{address}")) as client:
                urls = [f"http://127.0.0.1:{port}/v1/none" for port in ports]
                found = [client.get(urls[turn % 2]).status_code for turn in range(2 * quota)]
            if [log.read_text().count(TRUST) for log in logs] == before:
                break
    assert set(found) == {404, 429}
    # What one of them gave on trust is paid with its first lease.
    assert quota <= found.count(404) <= quota + quota // ON_TRUST


def test_only_a_trusted_proxy_says_who_asks(empty_database: Database, tmp_path: Path) -> None:
    url = empty_database.engine.url.render_as_string(hide_password=False)
    for trusted, expected in (('["127.0.0.0/8"]', {"192.0.2.1", "192.0.2.2"}), ("[]", {"127.0.0.1"})):
        env = environment(
            ONRECORD_DATABASE_URL=url, ONRECORD_SEEDS="false", ONRECORD_TRUSTED_PROXIES=trusted,
            # What uvicorn would believe by itself.
            FORWARDED_ALLOW_IPS="*", ONRECORD_LIMIT_ADDRESS="10",
        )  # fmt: skip
        port = free_port()
        command: list[str | Path] = [COMMAND, "serve", "--port", str(port)]
        with empty_database.write() as session:
            session.execute(text("DELETE FROM permit"))
        with serving(command, port, folder=tmp_path, env=env) as client:
            for address in ("192.0.2.1", "192.0.2.2"):
                # The last one is what the proxy itself has seen.
                answer = client.get("/v1/none", headers={"X-Forwarded-For": f"203.0.113.9, {address}"})
                assert answer.status_code == 404
        assert {subject for subject, _ in taken(empty_database)} == {f"address {of}" for of in expected}


@pytest.mark.parametrize("proxy", ["localhost", "10.0.0.0/33", "10.0.0.1/8", ""])
def test_a_proxy_is_an_address_or_a_network(proxy: str) -> None:
    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings.model_validate({"trusted_proxies": [proxy]})
