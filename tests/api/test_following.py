"""Following a service that runs: next to writers nothing is missed, waiting costs nothing, and it ends."""

import asyncio
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from sqlalchemy import text
from sqlmodel import col, select

from annotations.annotated import AnnotatedDocument
from annotations.load import load
from api.access.keys import create
from api.app import create_app
from api.settings import Settings
from models.event import Event
from models.measures import vocabulary
from models.session import Database
from tests.api.asking import Json
from tests.conftest import Tell
from tests.documents import document, put
from tests.postgres import free_port
from tests.serving import PATIENCE, environment, serving

COMMAND = Path(sys.executable).parent / "onrecord"
WRITERS, DOCUMENTS, EVENTS = 8, 20, 3000
CLIENTS = 1000
LINE = "An aide said that {n} people fled, {n} people stayed and {n} people sang in Arda in case {case}."
PART = """
- id: q{n}
  mark: '{{speaker=aide|An aide}} {{cue|said}} that {{content|{n} people fled, {n} people stayed}}'
"""


@dataclass(frozen=True)
class Running:
    """A service as a process of its own."""

    client: httpx.Client
    port: int
    pid: int

    def measured(self, name: str) -> float:
        lines = self.client.get("/metrics").text.splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + " "))

    def until_open(self, number: int) -> None:
        """Until so many requests are being answered, beside the one that asks."""
        deadline = time.monotonic() + PATIENCE
        while self.measured("onrecord_requests_open") != number + 1:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def until_gone(self) -> None:
        deadline = time.monotonic() + PATIENCE
        with suppress(httpx.TransportError):
            while self.client.get("/health").is_success:
                assert time.monotonic() < deadline


@contextmanager
def running(database: Database, folder: Path, workers: int = 1, **settings: str) -> Iterator[Running]:
    port, pid = free_port(), folder / "pid"
    url = database.engine.url.render_as_string(hide_password=False)
    env = environment(
        ONRECORD_DATABASE_URL=url, ONRECORD_SEEDS="false", ONRECORD_LOG_LEVEL="error", **settings
    )
    serve = [str(COMMAND), "serve", "--port", str(port), "--workers", str(workers)]
    # The shell becomes the service, so that its id is known.
    command = ["sh", "-c", f'echo $$ > {pid}; exec "$@"', "sh", *serve]
    with serving(command, port, folder=folder, env=env) as client:
        yield Running(client, port, int(pid.read_text()))


def article(id: str, numbers: Sequence[int]) -> AnnotatedDocument:
    """A document of as many quotes as numbers, with a source that is not named and a place that all share."""
    lines = [LINE.format(n=number, case=id) for number in numbers]
    parts = ["entities:", "  aide: {kind: actor, naming: anonymous, name: aide}"]
    parts += ["  arda: {kind: place, name: Arda}", "quotes:"]
    parts += [PART.format(n=number).strip() for number in numbers]
    marked = (line.replace("An aide", "{aide|An aide}").replace("Arda", "{arda|Arda}") for line in lines)
    parts += ["text:", *(f"- '{line}'" for line in marked)]
    return document(id, "\n".join(lines), "\n".join(parts))


def _write(url: str, writer: int) -> None:
    """Documents of one writer, every fourth of which is corrected once: a quote less, another one more."""
    with closing(Database(url)) as database:
        for number in range(DOCUMENTS):
            id = f"w{writer}-{number}"
            load(database, [article(id, range(100, 114))], vocabulary())
            if number % 4 == 0:
                load(database, [article(id, [*range(101, 114), 200 + number])], vocabulary())


def _poll(client: httpx.Client, path: str, over: threading.Event) -> list[Json]:
    """Everything from the beginning until the writers are done, and nothing follows."""
    found: list[Json] = []
    while True:
        last = over.is_set()
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["results"]
        path = page["next"]
        if last and not page["results"]:
            return found


def _stream(client: httpx.Client, path: str, last: str) -> list[Json]:
    """Everything from the beginning until the document with this id, as it comes."""
    found: list[Json] = []
    with client.stream("GET", path) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: ")))
                if found[-1]["id"] == last:
                    break
    return found


def _place(change: Json) -> tuple[int, str, str, str]:
    return change["revision"], change["noun"], change["id"], change["change"]


def test_followers_of_8_writers_miss_nothing_and_see_nothing_twice(
    empty_database: Database, tmp_path: Path, tell: Tell
) -> None:
    url, over = empty_database.engine.url.render_as_string(hide_password=False), threading.Event()
    everything = "/v1/changes?limit=50&wait=5"
    put(empty_database, article("first", [100]))
    with (
        running(empty_database, tmp_path, workers=2, ONRECORD_LIMIT_ADDRESS="0") as service,
        ThreadPoolExecutor() as pool,
    ):
        follow = [
            pool.submit(_poll, service.client, path, over)
            for path in (everything, f"{everything}&type=quote.created", "/v1/changes?limit=7&entity=arda")
        ]
        stream = pool.submit(_stream, service.client, "/v1/changes?format=sse", "last")
        for written in [pool.submit(_write, url, writer) for writer in range(WRITERS)]:
            written.result()
        put(empty_database, document("last", "It is over."))
        over.set()
        seen, created, of_arda = (polled.result() for polled in follow)
        streamed = stream.result()
    order = (col(Event.revision), col(Event.position))
    with empty_database.read() as session:
        events = session.execute(
            select(Event).where(col(Event.public).is_not(None)).order_by(*order)
        ).scalars()
        table = [(event.revision, event.noun, event.id, event.public) for event in events]
    assert len(table) >= EVENTS
    assert [_place(change) for change in seen] == table
    assert [_place(change) for change in streamed] == table
    assert [_place(c) for c in created] == [row for row in table if row[1] == "quote" and row[3] == "created"]
    # The place stands in all of the documents, and in the content of no quote.
    assert [_place(change) for change in of_arda] == [row for row in table if row[2] == "arda"]
    assert sorted({row[0] for row in table}) == list(range(1, table[-1][0] + 1))
    assert len({change["cursor"] for change in seen}) == len(seen)
    tell(f"{len(table)} events of {table[-1][0]} revisions by {WRITERS} writers, followed in 4 ways")


@contextmanager
def many_files(number: int) -> Iterator[None]:
    """This process and those that it starts may have so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Who may not raise the hard limit is told so: the test can not be run there.
    enough = hard if hard == resource.RLIM_INFINITY else max(hard, number)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, number), enough))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


Open = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _ask(port: int, path: str) -> Open:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
    return reader, writer


async def _ask_all(port: int, paths: Sequence[str]) -> list[Open]:
    opened: list[Open] = []
    for start in range(0, len(paths), 100):
        opened += await asyncio.gather(*(_ask(port, path) for path in paths[start : start + 100]))
    return opened


async def _answer(opened: Open) -> tuple[int, bytes]:
    reader, writer = opened
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), body


def _connections(database: Database, pid: int) -> int:
    """Connections of a service to its database: of PostgreSQL, or of files that SQLite has open."""
    if not database.sqlite:
        mine = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        with database.engine.connect() as connection:
            return int(connection.execute(text(mine)).scalar_one())
    name = str(database.engine.url.database)
    return sum(1 for file in Path(f"/proc/{pid}/fd").iterdir() if file.is_symlink() and _target(file) == name)


def _target(file: Path) -> str:
    try:
        return str(file.readlink())
    except FileNotFoundError:
        return ""


def _threads(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Threads:"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says what a process holds")
def test_1000_waiting_clients_hold_no_thread_and_no_connection(
    empty_database: Database, tmp_path: Path, tell: Tell
) -> None:
    put(empty_database, document("a", "One."))
    with many_files(CLIENTS * 2 + 500), running(empty_database, tmp_path) as service:
        start = service.client.get("/v1/changes").json()["cursor"]
        waits = f"/v1/changes?after={start}&wait=60"
        paths = [waits] * (CLIENTS - 200) + [f"{waits}&type=quote"] * 100
        paths += [f"/v1/changes?after={start}&format=sse"] * 100

        async def follow() -> list[tuple[int, bytes]]:
            opened = await _ask_all(service.port, paths)
            await asyncio.to_thread(service.until_open, CLIENTS)
            held = _threads(service.pid), _connections(empty_database, service.pid)
            for path in ("/v1/quotes", "/v1/record", "/v1/changes?limit=1", "/health"):
                answer = await asyncio.to_thread(service.client.get, path)
                assert answer.status_code == 200
            assert held[0] < 100 and held[1] < 20, held
            tell(f"{CLIENTS} clients wait: {held[0]} threads, {held[1]} connections")
            await asyncio.to_thread(put, empty_database, article("b", [100]))
            answers = await asyncio.gather(*map(_answer, opened[: CLIENTS - 100]))
            for reader, writer in opened[CLIENTS - 100 :]:
                while b"document.created" not in await reader.readline():
                    pass
                writer.close()
            return answers

        answers = asyncio.run(follow())
        # The streams that were left are noticed, and end.
        service.until_open(0)
    assert {status for status, _ in answers} == {200}
    pages = [json.loads(body) for _, body in answers]
    told = [[change["type"] for change in page["results"]] for page in pages]
    every = ["document.created", "quote.created", "entity.created", "entity.created"]
    assert told == [every] * (CLIENTS - 200) + [["quote.created"]] * 100
    assert len({page["next"] for page in pages}) == 2


def test_clients_that_leave_are_not_waited_for(empty_database: Database, tmp_path: Path) -> None:
    with running(empty_database, tmp_path) as service:

        async def leave() -> None:
            paths = ["/v1/changes?wait=60"] * 30 + ["/v1/changes?format=sse"] * 30
            opened = await _ask_all(service.port, paths)
            await asyncio.to_thread(service.until_open, 60)
            for _, writer in opened:
                writer.close()
            await asyncio.to_thread(service.until_open, 0)

        asyncio.run(leave())


@pytest.mark.parametrize("workers", [1, 2])
def test_a_service_that_ends_lets_everybody_go_who_waits(
    empty_database: Database, tmp_path: Path, workers: int
) -> None:
    with running(empty_database, tmp_path, workers=workers, ONRECORD_SHUTDOWN_SECONDS="300") as service:

        async def told_to_end() -> list[tuple[int, bytes]]:
            paths = ["/v1/changes?wait=60"] * 20 + ["/v1/changes?format=sse"] * 20
            opened = await _ask_all(service.port, paths)
            if workers == 1:
                await asyncio.to_thread(service.until_open, 40)
            for reader, _ in opened[20:]:
                assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            os.kill(service.pid, signal.SIGTERM)
            # Before the time is over that each of them, or the server, would have waited.
            async with asyncio.timeout(40):
                answers = await asyncio.gather(*map(_answer, opened[:20]))
                rest = await asyncio.gather(*(reader.read() for reader, _ in opened[20:]))
            for _, writer in opened[20:]:
                writer.close()
            assert all(stream.endswith(b"0\r\n\r\n") for stream in rest)
            return answers

        answers = asyncio.run(told_to_end())
        service.until_gone()
    assert {status for status, _ in answers} == {200}
    assert all(json.loads(body)["next"] for _, body in answers)
    assert "Cancel" not in (tmp_path / "serve.log").read_text()


@contextmanager
def streaming(database: Database) -> Iterator[httpx.Client]:
    """A client of a service in a thread of this process."""
    url, port = database.engine.url.render_as_string(hide_password=False), free_port()
    app = create_app(Settings(database_url=url, log_level="error"))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=PATIENCE) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def _blocks(answer: httpx.Response) -> Iterator[dict[str, str]]:
    """Server-sent events, as their specification reads them, and comments under an empty name."""
    block: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(":")
            block[name] = value.removeprefix(" ")
        elif block:
            yield block
            block = {}


def test_a_stream_tells_what_comes_and_is_taken_up_where_it_broke_off(empty_database: Database) -> None:
    put(empty_database, article("a", [100]))
    packed = {"Accept": "text/event-stream", "Accept-Encoding": "gzip"}
    with streaming(empty_database) as client:
        listed = client.get("/v1/changes").json()["results"]
        with client.stream("GET", "/v1/changes", headers=packed) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            assert "content-encoding" not in answer.headers
            blocks = _blocks(answer)
            assert next(blocks) == {"retry": "3000"}
            seen = [next(blocks) for _ in listed]
            put(empty_database, article("b", [100]))
            assert next(blocks)["event"] == "document.created"
        assert [json.loads(block["data"]) for block in seen] == listed
        assert [(b["id"], b["event"]) for b in seen] == [(c["cursor"], c["type"]) for c in listed]
        again = packed | {"Last-Event-ID": seen[1]["id"]}
        # The address still has the place that it began at.
        with client.stream("GET", f"/v1/changes?after={seen[0]['id']}", headers=again) as answer:
            blocks = _blocks(answer)
            next(blocks)
            assert next(blocks) == seen[2]
        refused = client.get("/v1/changes", headers=packed | {"Last-Event-ID": "nonsense"})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["parameter"] == "Last-Event-ID"


def test_a_stream_shows_that_it_lives_and_moves_past_what_was_not_asked_for(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.following.changes.HEARTBEAT", 0.2)
    with streaming(empty_database) as client:
        with client.stream("GET", "/v1/changes?format=sse&type=claim") as answer:
            blocks = _blocks(answer)
            next(blocks)
            first = next(blocks)
            assert first.keys() == {"", "id"}
            put(empty_database, article("a", [100]))
            while (later := next(blocks))["id"] == first["id"]:
                pass
            assert later.keys() == {"", "id"}
        assert client.get(f"/v1/changes?after={later['id']}").json()["results"] == []


def test_a_stream_ends_with_the_right_to_see_it(empty_database: Database) -> None:
    secret = create(empty_database, "city desk", ["write"], None)[1]
    with streaming(empty_database) as client:
        headers = {"Authorization": f"Bearer {secret}"}
        with client.stream("GET", "/v1/changes?format=sse", headers=headers) as answer:
            blocks = _blocks(answer)
            put(empty_database, document("a", "One.", status="draft"))
            next(blocks)
            assert next(blocks)["event"] == "document.created"
            with empty_database.write() as session:
                session.execute(text("UPDATE api_key SET revoked = created"))
            put(empty_database, document("b", "Two.", status="draft"))
            assert list(blocks) == []
