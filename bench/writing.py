"""What is asked first after a write: facets over everything, beside a bare `GROUP BY` on the same file."""

import json
import os
import sqlite3
import statistics
import subprocess
import time
from urllib.request import Request as Asked
from urllib.request import urlopen

from bench.cases import OF, House, ours
from bench.generator import SERVER_CORE
from bench.measuring import fetch
from bench.peers import Question, onrecord
from bench.queries import GROUPED
from bench.serving import BIN, Server
from bench.words import OUTLETS

TEXT = "Flood {n}\n\nAt least {n} boats sank on Tuesday, the harbour master said.\n"


def key_for(url: str) -> str:
    """The secret of a new key that may write."""
    command = [str(BIN / "onrecord"), "key", "create", "--name", "bench", "--scope", "write", "--json"]
    said = subprocess.run(
        command, env=os.environ | {"ONRECORD_DATABASE_URL": url}, capture_output=True, check=True
    )
    secret: str = json.loads(said.stdout)["secret"]
    return secret


def write(server: Server, key: str) -> None:
    """Load one more document over HTTP."""
    n = time.time_ns() // 1_000_000
    mark = (
        f"{{content|At least {n} boats sank}} on Tuesday, {{speaker=master|the harbour master}} {{cue|said}}"
    )
    annotation = {
        "document": {
            "title": f"Flood {n}",
            "published": "2024-10-15",
            "basis": "stated",
            "outlet": OUTLETS[0],
        },
        "entities": {"master": {"kind": "actor", "naming": "role", "name": "harbour master"}},
        "quotes": [{"id": "q1", "form": "indirect", "mark": mark}],
        "text": [f"Flood {n}", f"At least {n} boats sank on Tuesday, {{master|the harbour master}} said."],
    }
    body = json.dumps({"text": TEXT.format(n=n), "annotation": annotation}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{server.port}/v1/documents/written-{n}"
    with urlopen(Asked(url, data=body, method="PUT", headers=headers), timeout=120):
        pass


def run(house: House, rounds: int) -> dict[str, float]:
    """Median seconds of the facets after a write, each alone and all at once, and of the same counts bare.

    Both run on the server's core, in turn.
    """
    server, key = house.servers[ours(house)], key_for(house.record.url)
    asked = {name: onrecord(Question("facets", {"of": [name]})) for name in OF}
    asked["all"] = onrecord(Question("facets", {"of": list(OF)}))
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, request in asked.items():
            begun = time.perf_counter()
            write(server, key)
            times.setdefault("onrecord write", []).append(time.perf_counter() - begun)
            begun = time.perf_counter()
            status, body, _ = fetch(server, request)
            times.setdefault(f"onrecord {name}", []).append(time.perf_counter() - begun)
            assert status == 200, body
        for name, seconds in _grouped(house).items():
            times.setdefault(f"bare {name}", []).append(seconds)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def _grouped(house: House) -> dict[str, float]:
    """Seconds of the bare statements; the connection is warm, as a server's is."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})
    connection = sqlite3.connect(f"file:{house.record.sqlite}?mode=ro", uri=True)
    connection.execute("SELECT count(*) FROM revision").fetchall()
    found = {}
    for name, statement in GROUPED.items():
        begun = time.perf_counter()
        connection.execute(statement).fetchall()
        found[name] = time.perf_counter() - begun
    connection.close()
    os.sched_setaffinity(0, before)
    return found | {"all": sum(found.values())}
