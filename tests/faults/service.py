"""A service that a test kills and starts again, and writers that know what it has acknowledged."""

import copy
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
from fastapi.testclient import TestClient

from api.access.keys import create
from api.writing.bodies import EXAMPLE_ANNOTATION, EXAMPLE_TEXT
from models.session import Database
from tests.faults.everything import events
from tests.postgres import free_port
from tests.serving import PATIENCE, environment

COMMAND = str(Path(sys.executable).parent / "onrecord")
Json = dict[str, Any]


class Service:
    """`onrecord serve` on a database, in a folder that has its log."""

    def __init__(self, url: str, folder: Path, **env: str) -> None:
        self.port, self.log = free_port(), folder / "serve.log"
        quiet = {"ONRECORD_SEEDS": "false", "ONRECORD_LIMIT_KEY": "0", "ONRECORD_LIMIT_ADDRESS": "0"}
        self.env = environment(ONRECORD_DATABASE_URL=url, **quiet, **env)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill(signal.SIGTERM)

    def start(self) -> None:
        with self.log.open("ab") as log:
            # So that tests which are killed themselves leave no service behind.
            dying = (setpriv, "--pdeathsig", "KILL") if (setpriv := shutil.which("setpriv")) else ()
            command = [*dying, COMMAND, "serve", "--port", str(self.port)]
            self.process = subprocess.Popen(command, env=self.env, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        with self.client() as client:
            while self.process.poll() is None and time.monotonic() < deadline:
                try:
                    if client.get("/health").is_success:
                        return
                except httpx.TransportError:
                    time.sleep(0.02)
        raise AssertionError(self.log.read_text(errors="replace"))

    def kill(self, how: int = signal.SIGKILL) -> None:
        assert self.process is not None
        os.kill(self.process.pid, how)
        self.process.wait(timeout=30)

    def client(self, key: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers=headers, trust_env=False, timeout=60
        )


def writing_key(database: Database) -> str:
    return create(database, "city desk", ["write"], None)[1]


def body(boats: int) -> Json:
    """The example, in a version of its own: the figure stands in title, text, quote and claim."""
    annotation = copy.deepcopy(dict(EXAMPLE_ANNOTATION))
    told = _told(annotation, boats)
    told["document"]["title"] = f"{boats} boats"
    return {"text": EXAMPLE_TEXT.replace("12", str(boats)), "annotation": told}


def _told(value: Any, boats: int) -> Any:
    if isinstance(value, dict):
        return {name: _told(item, boats) for name, item in value.items()}
    if isinstance(value, list):
        return [_told(item, boats) for item in value]
    return value.replace("least 12", f"least {boats}")


def version(client: httpx.Client | TestClient, id: str) -> int:
    """Which version of a document is on record, all of it: its parts must agree; 0 if it is not there."""
    path = f"/v1/documents/{id}"
    answer = client.get(path, params={"include": ["text", "quotes", "claims"]})
    if answer.status_code == 404:
        for resource in ("quotes", "claims", "mentions"):
            part = client.get(f"/v1/{resource}/{id}.{resource[0]}1")
            assert part.status_code == 404, part.text
        return 0
    assert answer.status_code == 200, answer.text
    found = answer.json()
    (claim,), (quote,) = found["claims"], found["quotes"]
    boats = int(claim["value"])
    assert found["title"] == f"{boats} boats"
    assert found["text"] == EXAMPLE_TEXT.replace("12", str(boats))
    assert quote["content"] == f"At least {boats} boats sank"
    assert claim["as_written"] == f"At least {boats}"
    assert [source["quote"] for source in claim["sources"]] == [quote["id"]]
    return boats


class Writer:
    """Loads documents of its own and corrects each of them, one version after the other.

    What is not answered is sent again, under the same Idempotency-Key and precondition, until it is.
    """

    CORRECTIONS = 3

    def __init__(self, name: str, service: Service, key: str) -> None:
        self.name, self.service, self.key = name, service, key
        # By id of the document: the version that was acknowledged last; by revision: what was written.
        self.acknowledged: dict[str, int] = {}
        self.revisions: dict[int, tuple[str, int]] = {}
        self.sent_again = self.replayed = 0
        self.under_way: tuple[str, int] | None = None
        self.refused: list[httpx.Response] = []
        self.asking = False

    def run(self, stop: threading.Event, open_: threading.Event) -> None:
        """Write until told to stop; `open_` is clear while nobody is to write."""
        with self.service.client(self.key) as client:
            for at in range(10_000):
                etag = None
                for boats in range(1, self.CORRECTIONS + 2):
                    if stop.is_set():
                        return
                    etag = self._write(client, f"{self.name}-{at}", boats, etag, open_)

    def _write(
        self, client: httpx.Client, id: str, boats: int, etag: str | None, open_: threading.Event
    ) -> str:
        self.under_way = id, boats
        headers = {"Idempotency-Key": f"{id}/{boats}"} | ({"If-Match": etag} if etag else {})
        why = {"reason": "source corrected"} if etag else {}
        while True:
            open_.wait()
            self.asking = True
            try:
                if not open_.is_set():
                    continue
                answer = client.put(f"/v1/documents/{id}", json=body(boats), headers=headers, params=why)
            except httpx.TransportError:
                self.sent_again += 1
                # Until those who stopped the service have told so.
                time.sleep(0.05)
                continue
            finally:
                self.asking = False
            if answer.status_code in (503, 507):
                self.refused.append(answer)
                time.sleep(0.05)
                continue
            break
        assert answer.status_code == (200 if etag else 201), answer.text
        self.replayed += "idempotency-replayed" in answer.headers
        revision = answer.json()["revision"]
        assert revision not in self.revisions
        self.acknowledged[id], self.revisions[revision] = boats, (id, boats)
        self.under_way = None
        return answer.headers["etag"]

    def assert_kept(self, client: httpx.Client) -> None:
        """Nothing that was acknowledged is lost, nothing is half there; writers must be waiting."""
        for id, boats in list(self.acknowledged.items()):
            under_way = self.under_way == (id, boats + 1)
            assert version(client, id) in ((boats, boats + 1) if under_way else (boats,)), id
        if self.under_way is not None and self.under_way[1] == 1:
            assert version(client, self.under_way[0]) in (0, 1)


class Follower:
    """Follows the feed from its beginning, with one cursor through everything that happens to the service."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self._next = "/v1/changes"

    def follow(self, client: httpx.Client | TestClient) -> None:
        """Read on to the end."""
        while True:
            answer = client.get(self._next)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            if not page["results"]:
                return
            self.told += [(change["type"], change["id"]) for change in page["results"]]
            self._next = page["next"]

    def assert_missed_nothing(self, database: Database) -> None:
        """Every event of the record once, in its order; the follower must have a key that may see drafts."""
        assert self.told == [(f"{noun}.{kind}", id) for _, _, noun, id, _, kind, _ in events(database)]


def await_writes(writers: list[Writer], more: int) -> None:
    """Wait until so many more writes have been acknowledged."""
    enough = sum(len(writer.revisions) for writer in writers) + more
    deadline = time.monotonic() + PATIENCE
    while sum(len(writer.revisions) for writer in writers) < enough:
        assert time.monotonic() < deadline, "nothing is written any more"
        time.sleep(0.02)


@contextmanager
def writing(writers: list[Writer]) -> Iterator[Callable[[], None]]:
    """Writers that write while the block runs; what is given closes the gate to them, or opens it again.

    Once it is closed nothing is under way any more.
    """
    stop, open_ = threading.Event(), threading.Event()
    open_.set()
    failures: list[BaseException] = []

    def run(writer: Writer) -> None:
        try:
            writer.run(stop, open_)
        except BaseException as error:
            failures.append(error)

    def gate() -> None:
        if not open_.is_set():
            open_.set()
            return
        open_.clear()
        while any(writer.asking for writer in writers):
            time.sleep(0.01)

    threads = [threading.Thread(target=run, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        yield gate
    finally:
        stop.set()
        open_.set()
        for thread in threads:
            thread.join()
    assert not failures, failures
