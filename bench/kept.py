"""What keeping costs: reading an earlier revision, writing with subscribers, the tail of a long feed.

    .venv/bin/python bench/kept.py [ROUNDS]

Two services on SQLite files of their own hold the same documents; one has subscriptions, each a saved query
that is called back here on loopback. The requests of a round follow each other, so that a busy machine slows
them all; the medians are compared as ratios.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from start import BIN, free_port

TEXT = "Flood {n}\n\nAt least {n} boats sank on Tuesday, the harbour master said.\n"
SUBSCRIPTIONS = 20
LOADED = 300  # documents on record before anything is timed


class Receiver(BaseHTTPRequestHandler):
    """Takes every call."""

    taken = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).taken += 1
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def document(n: int, counted: str = "boats") -> dict[str, object]:
    mark = f"At least {n} boats sank"
    return {
        "text": TEXT.format(n=n),
        "annotation": {
            "document": {"title": f"Flood {n}", "published": "2024-10-15", "basis": "stated"},
            "entities": {"master": {"kind": "actor", "naming": "role", "name": "harbour master"}},
            "quotes": [
                {
                    "id": "q1",
                    "form": "indirect",
                    "mark": f"{{content|{mark}}} on Tuesday, "
                    "{speaker=master|the harbour master} {cue|said}",
                }
            ],
            "claims": [
                {
                    "id": "c1", "value": f"at least {n}", "measure": "destroyed", "unit": "boat",
                    "counted": counted, "sources": ["q1"], "mark": f"{{number|At least {n}}} boats sank",
                }
            ],
            "text": [f"Flood {n}", f"{mark} on Tuesday, {{master|the harbour master}} said."],
        },
    }  # fmt: skip


class Service:
    """A service of its own on a new SQLite file, and a client that holds a key for everything."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        env = {
            **os.environ,
            "ONRECORD_DATABASE_URL": f"sqlite:///{folder}/record.sqlite", "ONRECORD_SEEDS": "false",
            "ONRECORD_CALLBACK_HTTP": "true", "ONRECORD_CALLBACK_LOOPBACK": "true",
            "ONRECORD_LIMIT_ADDRESS": "0", "ONRECORD_LIMIT_KEY": "0",
        }  # fmt: skip
        command = [str(BIN / "onrecord"), "serve", "--port", str(port)]
        self.process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60)
        while not self._ready():
            time.sleep(0.05)
        made = [str(BIN / "onrecord"), "key", "create", "--name", "bench", "--scope", "admin", "--json"]
        key = json.loads(subprocess.run(made, env=env, capture_output=True, check=True).stdout)
        self.client.headers["Authorization"] = f"Bearer {key['secret']}"
        self.n = 0

    def _ready(self) -> bool:
        try:
            return self.client.get("/ready").is_success
        except httpx.TransportError:
            return False

    def put(self) -> None:
        self.n += 1
        self.client.put(f"/v1/documents/flood-{self.n}", json=document(self.n)).raise_for_status()

    def get(self, path: str) -> Callable[[], None]:
        return lambda: self.client.get(path).raise_for_status() and None

    def subscribe(self, receiver: str) -> None:
        for number in range(SUBSCRIPTIONS):
            query = f"/v1/claims?measure=destroyed&value__gte={number}"
            body = {"url": receiver, "events": ["claim.created"], "query": query}
            self.client.post("/v1/subscriptions", json=body).raise_for_status()

    def close(self) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait()


def timed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main(rounds: int) -> None:
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    times: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        quiet, followed = Service(Path(one)), Service(Path(other))
        try:
            for _ in range(LOADED):
                quiet.put()
                followed.put()
            followed.subscribe(f"http://127.0.0.1:{receiver.server_port}/")
            last = quiet.client.get("/v1/changes", params={"limit": 200}).json()
            work = {
                "item, now": quiet.get("/v1/claims/flood-7.c1"),
                "item, as_of the revision before": quiet.get(f"/v1/claims/flood-7.c1?as_of={LOADED - 1}"),
                "list of 50, now": quiet.get("/v1/claims?measure=destroyed"),
                "list of 50, as_of the revision before": quiet.get(
                    f"/v1/claims?measure=destroyed&as_of={LOADED - 1}"
                ),
                "feed, first 100 events": quiet.get("/v1/changes?limit=100"),
                "feed, 100 events after 200": quiet.get(f"{last['next']}".replace("limit=200", "limit=100")),
            }
            for _ in range(rounds):
                for name, do in work.items():
                    times[name].append(timed(do))
            for _ in range(rounds):
                times["write, without subscriptions"].append(timed(quiet.put))
                times[f"write, with {SUBSCRIPTIONS} subscriptions"].append(timed(followed.put))
                # The calls of this write, so that they are not timed with the next one.
                deadline = time.monotonic() + 30
                wanted = SUBSCRIPTIONS * (followed.n - LOADED)
                while Receiver.taken < wanted and time.monotonic() < deadline:
                    time.sleep(0.01)
        finally:
            quiet.close()
            followed.close()
            receiver.shutdown()
    names = list(times)
    for base, name in zip(names[::2], names[1::2], strict=True):
        first, second = statistics.median(times[base]), statistics.median(times[name])
        print(f"{base:32} {first * 1000:7.2f} ms")
        print(f"{name:38} {second * 1000:7.2f} ms   {second / first:5.2f} x (medians of {rounds})")
    print(f"calls taken: {Receiver.taken} of {SUBSCRIPTIONS * rounds}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
