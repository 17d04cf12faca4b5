"""How fast documents are loaded, beside the limit: the same rows into the same tables and indexes, bare.

    .venv/bin/python -m bench.loading [--documents 500] [--database sqlite|postgresql] [--rounds 3] [--alone]
        [--statements]

The bare load is one transaction of `executemany` on SQLite, of COPY on PostgreSQL, of the rows that loading
has written, into a migrated database without its triggers, its foreign keys off: it checks nothing that a
trigger would. It fills the full-text index, too, which on PostgreSQL is one like any other. Both are done in
turn, each time into an empty database; the medians are compared. On a machine that others use, too, the
seconds of the processors say more than those of the clock. Loading also prepares what readers ask for: with
`--alone` it writes the record and nothing beside it. With `--statements` it then loads once more and tells
which statements it waited for.
"""

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event, text

from annotations.annotated import AnnotatedDocument
from annotations.load import load
from api.starting import migrated
from bench.record import QUOTES_OF_ARTICLE, documents
from models.measures import vocabulary
from models.record import METADATA
from models.session import Database
from tests.postgres import Cluster

SHOWN = 15  # statements
WARM = 3  # documents that are loaded before anything is timed, for the statements' sake
# What is in the database before anything is loaded, or is written by migrations alone.
BEFORE = {"counter", "complete", "alembic_version"}
Rows = dict[str, tuple[list[str], list[tuple[Any, ...]]]]
"""Columns and rows by table."""


@dataclass
class Seconds:
    """How long something took, by the clock and of the processors: of this process and of PostgreSQL's."""

    clock: float
    processors: float


@dataclass
class Timed:
    """What the same rows took, loaded and bare."""

    rows: int = 0
    loaded: list[Seconds] = field(default_factory=list)
    bare: list[Seconds] = field(default_factory=list)


@contextmanager
def timing(database: Database, into: list[Seconds]) -> Iterator[None]:
    begun, used = time.perf_counter(), _processors(database)
    yield
    clock = time.perf_counter() - begun
    into.append(Seconds(clock, _processors(database) - used))


def _processors(database: Database) -> float:
    if database.sqlite:
        return time.process_time()
    with database.engine.connect() as connection:
        servers = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        ids = connection.execute(text(servers)).scalars().all()
    times = [Path(f"/proc/{id_}/stat").read_text().rsplit(")")[1].split()[11:13] for id_ in ids]
    return time.process_time() + sum(int(ticks) for both in times for ticks in both) / os.sysconf(
        "SC_CLK_TCK"
    )


@contextmanager
def databases(kind: str) -> Iterator[Iterator[Database]]:
    """Databases as `onrecord load` opens them, each a new one; PostgreSQL flushes to disk."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "sqlite":
            yield (migrated(f"sqlite:///{Path(folder) / str(n)}") for n in itertools.count())
            return
        durable = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
        with Cluster(**durable) as cluster:
            yield (migrated(cluster.create_database(f"bench_{n}")) for n in itertools.count())


def written(database: Database) -> Rows:
    """All rows of the tables, but for the empty record's own."""
    found: Rows = {}
    with database.engine.connect() as connection:
        for table in METADATA.sorted_tables:
            if table.name in BEFORE:
                continue
            where = " WHERE key <> 0" if table.name == "revision" else ""
            columns = [column.name for column in table.columns]
            names = ", ".join(f'"{name}"' for name in columns)
            rows = connection.execute(text(f"SELECT {names} FROM {table.name}{where}"))
            found[table.name] = columns, [tuple(row) for row in rows]
    return {name: part for name, part in found.items() if part[1]}


def write_bare(database: Database, rows: Rows, into: list[Seconds]) -> None:
    """Write the same rows in one transaction, without triggers."""
    connection = database.engine.raw_connection()
    driver: Any = connection.driver_connection
    if database.sqlite:
        driver.execute("PRAGMA foreign_keys = OFF")
        for (name,) in driver.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            driver.execute(f"DROP TRIGGER {name}")
    else:
        # Its foreign keys are triggers, too.
        driver.execute("SET session_replication_role = replica")
        driver.commit()
    with timing(database, into):
        (_execute_many if database.sqlite else _copy)(driver, rows)
    connection.invalidate()


def _execute_many(driver: Any, rows: Rows) -> None:
    driver.execute("BEGIN IMMEDIATE")
    for table, (columns, part) in rows.items():
        names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
        driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", part)
        if {"folded", "row_key"} <= set(columns):
            key, folded = columns.index("row_key"), columns.index("folded")
            into = f"INSERT INTO {table}_words (rowid, folded) VALUES (?, ?)"
            driver.executemany(into, [(row[key], row[folded]) for row in part])
    driver.execute("COMMIT")


def _copy(driver: Any, rows: Rows) -> None:
    with driver.cursor() as cursor:
        for table, (columns, part) in rows.items():
            names = ", ".join(f'"{name}"' for name in columns)
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in part:
                    copy.write_row(row)
    driver.commit()


def compare(articles: Sequence[AnnotatedDocument], kind: str, rounds: int, *, alone: bool = False) -> Timed:
    """Load and write bare in turn, `rounds` times; the record `alone`, or with what is prepared of it."""
    timed = Timed()
    with databases(kind) as new:
        warm = next(new)
        load(warm, articles[:WARM], vocabulary())
        warm.close()
        for _ in range(rounds):
            loaded, bare = next(new), next(new)
            if alone:
                loaded.prepare = None
            with timing(loaded, timed.loaded):
                load(loaded, articles, vocabulary())
            rows = written(loaded)
            timed.rows = sum(len(part) for _, part in rows.values())
            write_bare(bare, rows, timed.bare)
            loaded.close()
            bare.close()
    return timed


def waited_for(
    articles: Sequence[AnnotatedDocument], kind: str, *, alone: bool
) -> tuple[float, dict[str, tuple[int, float]]]:
    """Seconds of one load, and of its statements, each with how often it was sent."""
    found: dict[str, tuple[int, float]] = {}
    with databases(kind) as new:
        database = next(new)
        load(database, articles[:WARM], vocabulary())
        if alone:
            database.prepare = None
        begun = [0.0]

        @event.listens_for(database.engine, "before_cursor_execute")
        def _before(*_: object) -> None:
            begun[0] = time.perf_counter()

        @event.listens_for(database.engine, "after_cursor_execute")
        def _after(_: object, __: object, statement: str, *___: object) -> None:
            times, seconds = found.get(statement, (0, 0.0))
            found[statement] = times + 1, seconds + time.perf_counter() - begun[0]

        first = time.perf_counter()
        load(database, articles[WARM:], vocabulary())
        took = time.perf_counter() - first
        database.close()
    return took, found


def some(count: int) -> list[AnnotatedDocument]:
    """So many documents."""
    return list(itertools.islice(documents(count * 2 * QUOTES_OF_ARTICLE), count))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.loading")
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--statements", action="store_true")
    asked = parser.parse_args()
    timed = compare(some(asked.documents), asked.database, asked.rounds, alone=asked.alone)
    what = "the record alone" if asked.alone else "with what is prepared"
    print(
        f"{asked.database}: {asked.documents} documents, {what}: {timed.rows} rows, median of {asked.rounds}"
    )
    for measure in ("clock", "processors"):
        loaded, bare = (
            statistics.median(getattr(seconds, measure) for seconds in part)
            for part in (timed.loaded, timed.bare)
        )
        rates = (
            f"{timed.rows / time_:.0f} rows/s ({asked.documents / time_:.1f} documents/s)"
            for time_ in (loaded, bare)
        )
        print(f"by the {measure}: loaded {', bare '.join(rates)}, ratio {bare / loaded:.2f}")
    if asked.statements:
        took, found = waited_for(some(asked.documents), asked.database, alone=asked.alone)
        longest = sorted(found.items(), key=lambda one: -one[1][1])
        print(f"{took:.2f} s, of which {sum(part[1] for part in found.values()):.2f} s for statements:")
        for statement, (times, seconds) in longest[:SHOWN]:
            print(f"{seconds:7.3f} s  {times:5} x  {' '.join(statement.split())[:100]}")


if __name__ == "__main__":
    main()
