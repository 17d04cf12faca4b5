"""The service itself: is it well, what it measures, logs and allows, and how it ends."""

import gc
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from starlette.types import Message

from models.session import Database
from tests.available import require
from tests.conftest import DOCUMENT, SEED, Statements, serve
from tests.postgres import Cluster, free_port
from tests.serving import environment, serving

COMMAND = Path(sys.executable).parent / "onrecord"
QUOTE = f"/v1/quotes/{DOCUMENT}.q1"
EXPORT = "/v1/mentions?format=ndjson&include=sentences"
ASKED = 40


def application(client: TestClient) -> FastAPI:
    assert isinstance(client.app, FastAPI)
    return client.app


def test_health_asks_nothing_of_the_database(tmp_path: Path) -> None:
    with serve(Database(f"sqlite:///{tmp_path}/none/at/all.sqlite")) as client:
        assert client.get("/health").json() == {"status": "ok"}
        assert client.get("/ready").status_code == 503


def test_ready_once_the_database_is_migrated(empty_database: Database, tmp_path: Path) -> None:
    with serve(empty_database) as client:
        assert client.get("/ready").json() == {"status": "ok"}
    with serve(Database(f"sqlite:///{tmp_path}/empty.sqlite")) as client:
        answer = client.get("/ready")
    assert answer.status_code == 503
    assert "onrecord migrate" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "10"


def test_not_ready_while_postgresql_is_gone_and_ready_again() -> None:
    require("postgresql")
    with Cluster() as cluster, closing(Database(cluster.create_database("onrecord"))) as database:
        subprocess.run(
            [COMMAND, "load", SEED, "--database-url", database.engine.url.render_as_string(False)],
            env=environment(), check=True, capture_output=True,
        )  # fmt: skip
        with serve(database) as client:
            assert client.get("/ready").status_code == 200
            assert client.get(QUOTE).status_code == 200
            # As after a restart: the connections of the pool are dead, and nobody notices.
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                others = (
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                )
                connection.execute(text(f"{others} AND datname = current_database()"))
            assert [client.get(QUOTE).status_code for _ in range(3)] == [200, 200, 200]
            cluster.stop()
            for url in ("/ready", QUOTE, "/v1/quotes", "/v1/quotes?format=csv"):
                answer = client.get(url)
                assert answer.status_code == 503, url
                assert answer.json()["type"] == "urn:onrecord:problem:503"
                assert answer.headers["retry-after"] == "2"
            assert client.get("/health").status_code == 200


def measured(client: TestClient) -> set[str]:
    """The routes that requests were counted under."""
    return set(
        re.findall(
            r'^onrecord_requests_total\{[^}]*route="([^"]*)"', client.get("/metrics").text, re.MULTILINE
        )
    )


def test_requests_are_measured_by_route_and_never_by_path(client: TestClient) -> None:
    for url in (
        QUOTE,
        "/v1/quotes",
        "/v1/quotes/nobody-there",
        f"/v1/documents/{DOCUMENT}/text",
        "/v1/record",
    ):
        client.get(url)
        client.head(url)
    client.get("/nothing/here/either")
    client.request("BREW", "/v1/quotes")
    routes = measured(client)
    assert {"/v1/quotes", "/v1/quotes/{id}", "/v1/documents/{id}/text", "/v1/record", "none"} <= routes
    known = {getattr(path, "path", path) for path in client.get("/openapi.json").json()["paths"]}
    assert routes <= known | {"none", "/", "/docs", "/openapi.json", "/boom"}
    exposed = client.get("/metrics").text
    assert "nobody-there" not in exposed
    assert 'method="HEAD",route="/v1/quotes/{id}",status="200"' in exposed
    assert 'method="other",route="/v1/quotes",status="405"' in exposed
    assert "onrecord_requests_open 1.0" in exposed
    assert re.search(r'onrecord_request_seconds_bucket\{le="0.1",route="/v1/quotes/\{id\}"\} [1-9]', exposed)


@contextmanager
def lines_of(capsys: pytest.CaptureFixture[str]) -> Iterator[list[dict[str, Any]]]:
    """The log's lines while the block ran."""
    capsys.readouterr()
    lines: list[dict[str, Any]] = []
    yield lines
    lines += [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.fixture
def broken(seeded_database: Database, capsys: pytest.CaptureFixture[str]) -> Iterator[TestClient]:
    """A client of a service with a route that fails, and whose log is read."""
    with serve(seeded_database, log_level="info") as client:

        @application(client).get("/boom")
        def get_boom(secret: str) -> None:
            raise RuntimeError("it broke")

        yield client


def test_each_request_is_one_line_with_its_id(broken: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    with lines_of(capsys) as lines:
        answer = broken.get(QUOTE, params={"as_of": "1"}, headers={"X-Request-ID": "desk-42.test_7"})
        other = broken.get("/v1/quotes/nobody", headers={"X-Request-ID": "a b\tc"})
    assert answer.headers["x-request-id"] == "desk-42.test_7"
    assert re.fullmatch("[0-9a-f]{16}", other.headers["x-request-id"])
    assert [line["request_id"] for line in lines] == ["desk-42.test_7", other.headers["x-request-id"]]
    first = lines[0]
    assert first["ms"] > 0
    assert first["timestamp"].endswith("Z")
    assert (first["event"], first["level"]) == ("request", "info")
    assert [first[name] for name in ("method", "path", "status")] == ["GET", QUOTE, 200]
    assert first["route"] == "/v1/quotes/{id}"


def test_an_error_of_ours_is_logged_once_without_what_was_asked(
    broken: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    with lines_of(capsys) as lines:
        answer = broken.get("/boom", params={"secret": "nobody-may-read-this"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "broke" not in answer.text
    assert [line["event"] for line in lines] == ["failed", "request"]
    failed = lines[0]
    assert failed["request_id"] == answer.headers["x-request-id"]
    assert failed["exception"][0]["exc_type"] == "RuntimeError"
    assert any(frame["name"] == "get_boom" for frame in failed["exception"][0]["frames"])
    assert "nobody-may-read-this" not in json.dumps(lines)
    assert lines[1]["status"] == 500


def test_a_mistake_in_our_sql_is_ours(broken: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    database: Database = application(broken).state.database
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE measure RENAME TO measures_of_old"))
    with lines_of(capsys) as lines:
        answer = broken.get("/v1/measures", params={"id": "nobody-may-read-this"})
    assert answer.status_code == 500
    assert "retry-after" not in answer.headers
    assert [line["event"] for line in lines] == ["failed", "request"]
    assert "nobody-may-read-this" not in json.dumps(lines)


def test_a_database_without_a_free_connection_is_busy(seeded_database: Database) -> None:
    with serve(seeded_database) as client:
        pool = application(client).state.database.engine.pool
        pool._timeout = 0.1
        held = [pool.connect() for _ in range(50)]
        answer = client.get(QUOTE)
        for connection in held:
            connection.close()
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert client.get(QUOTE).status_code == 200


def test_more_exports_than_may_run_are_asked_to_come_back(seeded_database: Database) -> None:
    with serve(seeded_database, exports=1) as client:
        running = application(client).state.exports
        assert client.get("/v1/quotes?format=csv").status_code == 200
        with running:
            answer = client.get("/v1/quotes?format=csv")
            assert client.get("/v1/quotes").status_code == 200
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        # The places are given back, also by those who ask for nothing but the head.
        for _ in range(3):
            assert client.head("/v1/quotes?format=csv").status_code == 200
            assert client.get("/v1/quotes?format=ndjson").status_code == 200


@pytest.mark.parametrize(("stays", "begun"), [(0, []), (0.05, [200])])
def test_an_export_whose_reader_left_gives_its_place_back_at_once(
    seeded_database: Database, stays: float, begun: list[int]
) -> None:
    with serve(seeded_database, exports=2) as client:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/v1/quotes",
            "query_string": b"format=jsonld",
            "headers": [],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        statuses: list[int] = []

        async def leaves() -> Message:
            if stays:
                await anyio.sleep(stays)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            # Nobody takes it: what is sent does not come back before the reader's leaving is heard of.
            await anyio.sleep(1)

        # What the collector would find in the end does not count.
        gc.collect()
        gc.disable()
        try:
            for _ in range(5):
                anyio.run(application(client), dict(scope), leaves, send)
            assert client.get("/v1/quotes?format=jsonld").status_code == 200
        finally:
            gc.enable()
        assert statuses == 5 * begun


def test_other_origins_read_where_the_setting_says(seeded_database: Database) -> None:
    asked = {"Origin": "https://desk.example", "Access-Control-Request-Method": "GET"}
    with serve(seeded_database) as client:
        assert "access-control-allow-origin" not in client.get(QUOTE, headers=asked).headers
        assert client.options(QUOTE, headers=asked).status_code == 405
    with serve(seeded_database, cors_origins=["https://desk.example"]) as client:
        answer = client.get(QUOTE, headers=asked)
        assert answer.headers["access-control-allow-origin"] == "https://desk.example"
        exposed = set(answer.headers["access-control-expose-headers"].split(", "))
        assert {"ETag", "Link", "RateLimit", "RateLimit-Policy", "Retry-After"} <= exposed
        assert client.options(QUOTE, headers=asked).status_code == 200
        for method in ("PUT", "POST", "PATCH", "DELETE"):
            wanted = "authorization, content-type, if-match, idempotency-key"
            write = {
                **asked,
                "Access-Control-Request-Method": method,
                "Access-Control-Request-Headers": wanted,
            }
            permitted = client.options(QUOTE, headers=write)
            assert permitted.status_code == 200
            assert permitted.headers["access-control-allow-headers"] == wanted
        # Also what a script was refused, it may read: why, and when to come back.
        assert client.put(QUOTE, headers=asked).headers["access-control-allow-origin"]
        refused = {**asked, "Origin": "https://evil.example"}
        assert "access-control-allow-origin" not in client.get(QUOTE, headers=refused).headers
        assert client.get("/v1/nothing", headers=asked).headers["access-control-allow-origin"]
        assert client.get("/v1/quotes?q=%00", headers=asked).headers["access-control-allow-origin"]
        conditional = {**asked, "Access-Control-Request-Headers": "if-none-match"}
        assert client.options(QUOTE, headers=conditional).status_code == 200


def test_the_root_leads_to_the_explorer(client: TestClient) -> None:
    answer = client.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


@pytest.mark.parametrize("accept", ["application/xml", "image/png", "application/json;q=0"])
def test_an_item_has_no_other_form(client: TestClient, accept: str) -> None:
    assert client.get(QUOTE, headers={"Accept": accept}).status_code == 406


@pytest.mark.parametrize("path", ["quotes?format=parquet", "record/archive?format=zip"])
def test_what_is_packed_already_is_not_packed_again(client: TestClient, path: str) -> None:
    answer = client.get(f"/v1/{path}", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers


def test_long_answers_are_packed_and_their_tags_told_apart(client: TestClient) -> None:
    plain = client.get("/v1/quotes", headers={"Accept-Encoding": "identity"})
    packed = client.get("/v1/quotes", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) * 3 < len(plain.content)
    assert packed.content == plain.content
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert packed.headers["etag"] == f'{plain.headers["etag"][:-1]}-gzip"'
    for tag in (packed.headers["etag"], plain.headers["etag"], f'"x", W/{plain.headers["etag"]}'):
        answer = client.get("/v1/quotes", headers={"If-None-Match": tag})
        assert answer.status_code == 304
        assert not answer.content
        assert answer.headers["etag"] in (packed.headers["etag"], plain.headers["etag"])


def test_the_head_of_an_export_reads_no_rows(client: TestClient, statements: Statements) -> None:
    assert client.head("/v1/quotes?format=csv").status_code == 200
    head = len(statements.sent)
    assert client.get("/v1/quotes?format=csv").status_code == 200
    assert len(statements.sent) > 2 * head


@pytest.mark.parametrize("url", [QUOTE, "/v1/quotes?limit=1", "/v1/quotes?format=csv", "/health", "/docs"])
def test_a_head_is_the_get_without_its_body(client: TestClient, url: str) -> None:
    head, get = client.head(url), client.get(url)
    assert head.status_code == get.status_code == 200
    assert not head.content
    assert {**head.headers, "x-request-id": ""} == {**get.headers, "x-request-id": ""}


def test_a_running_export_is_finished_when_the_service_stops(tmp_path: Path) -> None:
    """The client asks for more than its connection holds and reads slowly, so that an export is under way."""
    port, pid_file = free_port(), tmp_path / "pid"
    env = environment(ONRECORD_DATABASE_URL=f"sqlite:///{tmp_path}/record.sqlite")
    # The shell becomes the service, so that its id is known.
    command = [
        "sh",
        "-c",
        f'echo $$ > {pid_file}; exec "$@"',
        "sh",
        str(COMMAND),
        "serve",
        "--port",
        str(port),
    ]
    with serving(command, port, folder=tmp_path, env=env) as client:
        lines = len(client.get(EXPORT).text.splitlines())
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.settimeout(30)
            slow.connect(("127.0.0.1", port))
            slow.sendall(f"GET {EXPORT} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * ASKED)
            received = slow.recv(1024)
            assert received.startswith(b"HTTP/1.1 200")
            time.sleep(0.5)
            os.kill(int(pid_file.read_text()), signal.SIGTERM)
            time.sleep(0.5)
            with pytest.raises(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False)
            finished = (tmp_path / "serve.log").read_text().count('"route": "/v1/mentions"') - 1
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            while chunk := slow.recv(1 << 20):
                received += chunk
    assert finished < ASKED, "they were over before the signal came"
    answers = received.count(b"HTTP/1.1 200")
    assert answers > finished
    assert received.endswith(b"\r\n0\r\n\r\n")
    assert received.count(b'"sentences":[') == answers * lines
