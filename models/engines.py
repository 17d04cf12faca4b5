"""Engines: connections to SQLite and PostgreSQL as the record needs them, by the URL of the database."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool
from sqlmodel import create_engine

from models.sending import copy_rows

# How long a writer waits for another one before it gives up.
BUSY_SECONDS = 30
# How long a connection to PostgreSQL is waited for, unless its URL says `connect_timeout`.
CONNECT_SECONDS = 5


class NoDatabase(ValueError):
    """A URL that names no database that the record can be kept in; the message says what would."""


def address_of(url: str) -> URL:
    """The address of a database. A file name alone is that of a SQLite file."""
    try:
        address = make_url(url if "://" in url else f"sqlite:///{url}")
        supported = address.get_backend_name() in ("sqlite", "postgresql", "postgres")
    except ArgumentError:
        supported = False
    if not supported:
        raise NoDatabase(
            "no database of this kind: sqlite:///record.sqlite, or postgresql://user@host/record"
        )
    return address


@dataclass(frozen=True)
class Connections:
    """How many connections a process may keep (`size`) and add to them in a rush (`overflow`).

    In seconds: `wait` is how long a request waits for a free one; `read_seconds` how long PostgreSQL may work
    at one statement of a reading, 0: as long as it takes; `catch_up` how long a replica may need to come to
    what a reader has seen.
    """

    # A request holds one connection at a time. Forty threads answer requests, a few more do what time brings.
    size: int = 10
    overflow: int = 40
    wait: float = 30
    read_seconds: float = 0
    catch_up: float = 0.5


USUAL = Connections()


def behind_pgbouncer(address: URL) -> bool:
    """Whether the URL says so: `?pgbouncer=true`, the word that other tools know, too."""
    given = address.query.get("pgbouncer", "false")
    if given not in ("true", "false"):
        raise NoDatabase("`pgbouncer` in the URL of a database is true or false")
    return given == "true"


def engine_of(address: URL, connections: Connections) -> Engine:
    """The engine of a database: its transactions write at once on SQLite if they are marked `writes`."""
    # What people ask for stays out of the messages of errors, and so out of the log.
    options: dict[str, Any] = {"hide_parameters": True, "pool_size": connections.size}
    options |= {"max_overflow": connections.overflow, "pool_timeout": connections.wait}
    if address.get_backend_name() == "sqlite":
        engine = create_engine(address, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    driver = _in_time(address)
    if behind_pgbouncer(address):
        # Before PgBouncer 1.21 a statement is prepared on one connection and missed on the next.
        driver["prepare_threshold"] = None
    address = address.set(drivername="postgresql+psycopg").difference_update_query(["pgbouncer"])
    engine = create_engine(address, pool_pre_ping=True, connect_args=driver, **options)
    event.listen(engine, "begin", _begin_postgresql)
    for execution in ("do_execute", "do_executemany"):
        event.listen(engine, execution, copy_rows)
    return engine


def reading_of(engine: Engine, connections: Connections) -> Engine:
    """The same engine for readers: one snapshot a transaction, and each statement in time."""
    if engine.dialect.name == "sqlite":
        return engine
    # The driver begins nothing by itself: see _begin_postgresql.
    return engine.execution_options(isolation_level="AUTOCOMMIT", read_seconds=connections.read_seconds)


def alone(engine: Engine) -> Engine:
    """Another engine of a SQLite file: one connection, and transactions that its user begins."""
    threads = {"check_same_thread": False}
    other = create_engine(engine.url, poolclass=StaticPool, connect_args=threads)
    event.listen(other, "connect", _prepare_sqlite)
    return other


def aside(engine: Engine, size: int, *, prepare: bool) -> Engine:
    """Another engine of a PostgreSQL database: nothing is begun, taken back or looked after on the way."""
    driver = _in_time(engine.url) | {"autocommit": True, "prepare_threshold": 0 if prepare else None}
    options: dict[str, Any] = {"pool_size": size, "max_overflow": 0, "pool_reset_on_return": None}
    return create_engine(engine.url, connect_args=driver, hide_parameters=True, **options)


def _in_time(address: URL) -> dict[str, Any]:
    return {} if "connect_timeout" in address.query else {"connect_timeout": CONNECT_SECONDS}


def dispose(engine: Engine) -> None:
    """Close the connections of an engine: those in use as soon as they are let go.

    A pool that was disposed of takes them back all the same, and nobody would take them out again.
    """
    event.listen(engine, "checkin", _close_returned)
    engine.dispose()


def _close_returned(_: object, record: ConnectionPoolEntry) -> None:
    record.invalidate()


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # The driver must not begin transactions behind our back: see _begin_sqlite.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        # What was acknowledged outlives a power cut.
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads, then writes, loses the race for the lock then: take it first.
    immediate = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    # In one message to the server, and for this transaction alone: so it holds behind PgBouncer, too.
    seconds = connection.get_execution_options().get("read_seconds")
    if seconds is not None:
        limit = f"; SET LOCAL statement_timeout = {round(seconds * 1000)}" if seconds else ""
        connection.exec_driver_sql(f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY{limit}")
