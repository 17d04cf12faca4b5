"""The statements of each case with their plans, on both databases, as the service really runs them.

    .venv/bin/python -m bench.plans [--size 100k] [--database sqlite]

On SQLite the service is traced, and each statement explained; on PostgreSQL `auto_explain` writes the plan
that was used, with its rows and without its times. A case is asked once, in words that were not used before.
"""

import argparse
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import cases, material, records
from bench.cluster import TUNED, Kept
from bench.folder import HERE
from bench.generator import Request
from bench.material import Material
from bench.measuring import fetch
from bench.peers import onrecord
from bench.records import Record
from bench.serving import QUIET, Server
from bench.serving import onrecord as serve
from bench.tracing import PARTED

FOLDER = HERE / "plans"
LONGEST = 1200  # characters of a statement
EXPLAINING = {
    "session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on", "auto_explain.log_timing": "off", "log_line_prefix": "\x1e",
}  # fmt: skip


def on_sqlite(record: Record, found: Material) -> Iterator[str]:
    """Each case's statements with what EXPLAIN QUERY PLAN says."""
    connection = sqlite3.connect(record.sqlite)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "statements"
        log.touch()
        command = [sys.executable, "-m", "bench.tracing", str(log), "serve", "--port", "{port}"]
        command += ["--database-url", record.url]
        with Server("traced", command, "/ready", QUIET) as server:
            for name, request in _asked(found, server):
                before = log.stat().st_size
                fetch(server, request)
                time.sleep(0.05)
                yield from _heading(name, request)
                written = log.read_bytes()[before:].decode()
                for statement in dict.fromkeys(part.strip() for part in written.split(PARTED)):
                    if re.match(r"(?i)SELECT|WITH", statement):
                        yield _short(statement)
                        yield from _explained(connection, statement)
                        yield ""
    connection.close()


def _explained(connection: sqlite3.Connection, statement: str) -> Iterator[str]:
    depth = {0: 0}
    for id_, parent, _, detail in connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
        depth[id_] = depth.get(parent, 0) + 1
        yield "  " * depth[id_] + detail


def on_postgresql(record: Record, found: Material, cluster: Kept) -> Iterator[str]:
    """Each case's statements with the plans that were used."""
    log = cluster.folder / "log"
    with serve(record.url) as server:
        for name, request in _asked(found, server):
            before = log.stat().st_size
            fetch(server, request)
            time.sleep(0.2)
            yield from _heading(name, request)
            for entry in dict.fromkeys(log.read_bytes()[before:].decode().split("\x1e")):
                if "plan:" in entry and re.search(r"(?im)Query Text: (SELECT|WITH)", entry):
                    # The plan begins with the first line that has costs.
                    lines = entry.partition("Query Text:")[2].split("\n")
                    first = next(n for n, line in enumerate(lines) if "(cost=" in line)
                    text, plan = " ".join(lines[:first]), "\n".join(lines[first:])
                    yield _short(text)
                    yield plan.replace("\t", "").rstrip()
                    yield ""


def _asked(found: Material, server: Server) -> Iterator[tuple[str, Request]]:
    material.walk(found, server)
    for number, case in enumerate(cases.CASES):
        if not case.again:
            questions = case.questions(found, 500)
            yield case.name, onrecord(questions[100 + number if len(questions) > 200 else -1])
    facets = next(case for case in cases.CASES if case.name == "facets again")
    yield "facets over everything", onrecord(facets.questions(found, 1)[0])


def _heading(name: str, request: Request) -> Iterator[str]:
    yield f"== {name}"
    yield f"GET {request.path[:200]}\n"


def _short(statement: str) -> str:
    plain = " ".join(statement.split())
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]} …"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.plans")
    parser.add_argument("--size", default="100k", choices=records.SIZES)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    record = records.on_sqlite(given.size)
    found = material.of(record)
    about = f"Plans of a record of {given.size} quotes; made by python -m bench.plans\n"
    if given.database != "postgresql":
        lines = [about, *on_sqlite(record, found)]
        (FOLDER / "sqlite.txt").write_text("\n".join(lines).rstrip() + "\n")
    if given.database != "sqlite":
        with Kept(TUNED | EXPLAINING) as cluster:
            lines = [about, *on_postgresql(records.on_postgresql(given.size, cluster), found, cluster)]
        (FOLDER / "postgresql.txt").write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
