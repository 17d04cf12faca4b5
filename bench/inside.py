"""What of an answer is On Record's own: the application called at its ASGI interface, without a server.

    .venv/bin/python -m bench.inside [--size 10k] [--rounds 5]

Microseconds a request of some cases, the best of the rounds, with the two or three that this caller takes;
of ranked words also what FTS5 takes for its bm25 alone. Then the anonymous memory of a process of its own
after each import.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from api.app import Service, create_app
from api.settings import Settings
from bench import cases, material, records
from bench.generator import Request
from bench.material import Material
from bench.peers import onrecord
from bench.words import TERMS
from models.session import Database

CASES = ("conditional", "list again", "item", "list", "words 1.0%", "ranked 1.0%")
DIFFERENT, AGAIN = 1_000, 5_000
# In the order in which a process that serves would come to need them.
IMPORTS = (
    "uvicorn, uvloop, httptools, uvicorn.protocols.http.httptools_impl",
    "pydantic, fastapi",
    "sqlalchemy, sqlalchemy.orm, sqlmodel",
    "alembic.autogenerate, alembic.command",
    "api.app",
)
_MEMORY = """
import importlib, re, sys
def megabytes():
    found = re.search(r"Anonymous:\\s+(\\d+) kB", open("/proc/self/smaps_rollup").read())
    return int(found[1]) / 1000
print(f"{megabytes():6.1f} MB python")
for part in sys.argv[1:]:
    for name in part.split(", "):
        importlib.import_module(name)
    print(f"{megabytes():6.1f} MB {part}")
"""


async def answer(app: Service, request: Request) -> dict[bytes, bytes]:
    """Have a request answered; the headers of the answer. Raises RuntimeError unless it is 200 or 304."""
    path, _, query = request.path.partition("?")
    headers = [(name.lower().encode(), value.encode()) for name, value in request.headers]
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": unquote_to_bytes(path).decode(), "raw_path": path.encode(), "query_string": query.encode(),
        "root_path": "", "headers": [(b"host", b"localhost"), *headers], "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if sent[0]["status"] not in (200, 304):
        raise RuntimeError(f"{sent[0]['status']} to {request.path}")
    return dict(sent[0]["headers"])


async def case(app: Service, name: str, found: Material) -> tuple[float, list[Request]]:
    """Microseconds a request of a case, in one round."""
    chosen = next(one for one in cases.CASES if one.name == name)
    asked = [onrecord(question) for question in chosen.questions(found, 1 if chosen.again else DIFFERENT)]
    if chosen.conditional:
        etag = (await answer(app, asked[0]))[b"etag"].decode()
        asked = [Request(asked[0].path, headers=(("If-None-Match", etag),))]
    if chosen.again:
        asked = asked * AGAIN
    for request in asked[:50]:
        await answer(app, request)
    app.state.memory.of(None)
    begun = time.perf_counter()
    for request in asked:
        await answer(app, request)
    return (time.perf_counter() - begun) / len(asked) * 1e6, asked


async def measured(app: Service, found: Material, rounds: int) -> dict[str, float]:
    """The best of the rounds, of each case."""
    best = dict.fromkeys(CASES, float("inf"))
    for _ in range(rounds):
        for name in CASES:
            best[name] = min(best[name], (await case(app, name, found))[0])
    return best


def ranking(database: Database, terms: Sequence[str], most: int = 1_000) -> float:
    """Microseconds of FTS5's bm25 over the newest rows that have a term."""
    with database.engine.connect() as connection:
        begun = time.perf_counter()
        for term in terms:
            connection.exec_driver_sql(
                "SELECT sum(rank) FROM (SELECT rank FROM quote_words WHERE quote_words MATCH ?"
                " ORDER BY rowid DESC LIMIT ?)",
                (f'"{term}"', most),
            ).scalar()
        return (time.perf_counter() - begun) / len(terms) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.inside")
    parser.add_argument("--size", default="10k", choices=records.SIZES)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    record = records.on_sqlite(given.size)
    settings = {"worker": False, "log_level": "warning", "limit_address": 0, "limit_key": 0}
    app = create_app(Settings.model_validate({"database_url": record.url, **settings}))
    for name, took in asyncio.run(measured(app, material.of(record), given.rounds)).items():
        print(f"{took:8.0f} us {name}")
    terms = list(TERMS[0.01])
    best = min(ranking(app.state.database, terms) for _ in range(given.rounds))
    print(f"{best:8.0f} us bm25 alone, of ranked 1.0%")
    subprocess.run([sys.executable, "-c", _MEMORY, *IMPORTS], check=True)


if __name__ == "__main__":
    main()
