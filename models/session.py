"""The database: one engine, sessions that read one snapshot, sessions that write one transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlmodel import Session, create_engine

# How long a writer waits for another one before it gives up.
BUSY_SECONDS = 30
# What passes for at once: as long as another one needs that writes a row or two.
AT_ONCE_MILLISECONDS = 50


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


class Database:
    """A SQLite file or a PostgreSQL database, by its URL."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        address = address_of(url)
        if address.drivername in ("postgresql", "postgres"):
            address = address.set(drivername="postgresql+psycopg")
        self.sqlite = address.get_backend_name() == "sqlite"
        # What people ask for stays out of the messages of errors, and so out of the log.
        options: dict[str, Any] = {"hide_parameters": True, "pool_pre_ping": not self.sqlite}
        # A page leaves at most two connections a thread; the pool never blocks the thread pool's last one.
        self.engine: Engine = create_engine(address, pool_size=pool_size, max_overflow=40, **options)
        if self.sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        reading: dict[str, Any] = (
            {} if self.sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        self._reading = self.engine.execution_options(**reading)
        self._writing = self.engine.execution_options(writes=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the record from its first statement to its last."""
        with Session(self._reading) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose transaction is committed at the end of the block, or leaves no trace."""
        try:
            with Session(self._writing) as session, session.begin():
                yield session
        except DBAPIError as error:
            raise _first(error) from None

    @contextmanager
    def write_at_once(self) -> Iterator[Session]:
        """The same, unless others are writing for longer than a moment: then it raises a DBAPIError."""
        with self._writing.connect() as connection:
            if self.sqlite:
                driver: Any = connection.connection.driver_connection
                driver.execute(f"PRAGMA busy_timeout = {AT_ONCE_MILLISECONDS}")
            try:
                with Session(connection) as session, session.begin():
                    if not self.sqlite:
                        session.execute(text(f"SET LOCAL lock_timeout = {AT_ONCE_MILLISECONDS}"))
                    yield session
            finally:
                if self.sqlite:
                    driver.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")

    def optimize(self) -> None:
        """Tell SQLite's planner of tables that have grown since it looked; on PostgreSQL autovacuum does.

        It reads a few rows of each index, outside any transaction, and leaves it to the next load where
        another one is writing.
        """
        if not self.sqlite:
            return
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("PRAGMA busy_timeout = 0")
            cursor.execute("PRAGMA analysis_limit = 400")
            with suppress(sqlite3.OperationalError):
                # 0x10000: also tables that this connection has not read, where SQLite can (3.46).
                cursor.execute("PRAGMA optimize = 0x10002")
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        finally:
            connection.close()

    def close(self) -> None:
        self.engine.dispose()


def _first(error: DBAPIError) -> DBAPIError:
    """What went wrong, where SQLite has taken the transaction back at once, as when the disk is full.

    Its savepoints went with it: that one of them is missing then is not what went wrong.
    """
    first = error.__context__
    missing = "no such savepoint" in str(error.orig)
    return _first(first) if missing and isinstance(first, DBAPIError) else error


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
