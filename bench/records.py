"""Records that are built once: loaded as `onrecord load` does, in revisions of a hundred documents.

.venv/bin/python -m bench.records 10k 100k [--postgresql]
"""

import argparse
import itertools
import json
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
import psycopg.sql

from annotations.load import load
from annotations.loading import PART
from api.starting import migrated
from bench.cluster import Kept
from bench.folder import of_this_schema
from bench.multiply import multiply
from bench.record import documents
from models.measures import vocabulary
from models.record import METADATA

# What is loaded; larger records are made of it, because loading a million quotes takes an hour here.
BASE = "10k"
SIZES = {"10k": 10_000, "100k": 100_000, "1M": 1_000_000, "10M": 10_000_000}


@dataclass(frozen=True)
class Record:
    """A loaded record: its URL, and what loading it took."""

    size: str
    url: str
    seconds: float
    rows: int
    bytes: int

    @property
    def quotes(self) -> int:
        return SIZES[self.size]

    @property
    def sqlite(self) -> Path:
        """The file of a record on SQLite."""
        assert self.url.startswith("sqlite")
        return Path(self.url.removeprefix("sqlite:///"))


def on_sqlite(size: str) -> Record:
    """The record of this size as a SQLite file, built unless it is there."""
    file = of_this_schema() / f"{size}.sqlite"
    about = file.with_suffix(".json")
    url = f"sqlite:///{file}"
    if not about.exists():
        for left in file.parent.glob(f"{file.name}*"):
            left.unlink()
        seconds = _build(url, size)
        with sqlite3.connect(file) as connection:
            connection.execute("ANALYZE")
            rows = sum(
                connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
                for table in METADATA.tables
            )
        connection.close()
        about.write_text(json.dumps({"seconds": seconds, "rows": rows, "bytes": file.stat().st_size}))
    return Record(size, url, **json.loads(about.read_text()))


def on_postgresql(size: str, cluster: Kept) -> Record:
    """The record of this size as a database of the cluster, built unless it is there."""
    about = of_this_schema() / f"{size}.postgresql.json"
    name = f"record_{size.lower()}"
    url = cluster.url(name)
    if not about.exists():
        cluster.drop_database(name)
        cluster.create_database(name)
        seconds = _build(url, size)
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            count = psycopg.sql.SQL("SELECT count(*) FROM {}")
            tables = (psycopg.sql.Identifier(name) for name in METADATA.tables)
            rows = sum(_one(connection.execute(count.format(table))) for table in tables)
            bytes_ = _one(connection.execute("SELECT pg_database_size(current_database())"))
        about.write_text(json.dumps({"seconds": seconds, "rows": rows, "bytes": bytes_}))
    return Record(size, url, **json.loads(about.read_text()))


def _one(cursor: "psycopg.Cursor[tuple[int]]") -> int:
    row = cursor.fetchone()
    assert row is not None
    return row[0]


def _build(url: str, size: str) -> float:
    """Load all documents, or a part of them that is then multiplied; the seconds that it took."""
    database = migrated(url)  # as `onrecord load` does, so that it prepares what it loads
    terms, seconds, done = vocabulary(), 0.0, 0
    made = documents(min(SIZES[size], SIZES[BASE]))
    while part := list(itertools.islice(made, PART)):
        begun = time.perf_counter()
        load(database, part, terms)
        seconds += time.perf_counter() - begun
        done += sum(len(document.quotes) for document in part)
        print(f"\r{size}: {done:,} quotes, {done / seconds:,.0f} a second", end="", flush=True)
    print()
    if SIZES[size] > SIZES[BASE]:
        begun = time.perf_counter()
        multiply(database, SIZES[size] // SIZES[BASE])
        seconds += time.perf_counter() - begun
    database.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description="Build records for the benchmark")
    parser.add_argument("sizes", nargs="+", choices=SIZES)
    parser.add_argument("--postgresql", action="store_true")
    given = parser.parse_args()
    if given.postgresql:
        with Kept() as cluster:
            for size in given.sizes:
                print(on_postgresql(size, cluster))
        return
    for size in given.sizes:
        print(on_sqlite(size))


if __name__ == "__main__":
    main()
