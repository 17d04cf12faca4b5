"""The database: sessions that read one snapshot, on a replica too; sessions that write one transaction."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, create_engine

from models.replica import Replica
from models.sending import copy_rows

# How long a writer waits for another one before it gives up.
BUSY_SECONDS = 30
# What passes for at once: as long as another one needs that writes a row or two.
AT_ONCE_MILLISECONDS = 50
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


class Database:
    """A SQLite file or a PostgreSQL database, by its URL; and its replica, by another one."""

    def __init__(
        self,
        url: str,
        connections: Connections = Connections(),
        *,
        replica: str | None = None,
        direct: str | None = None,
    ) -> None:
        address = address_of(url)
        self.sqlite = address.get_backend_name() == "sqlite"
        # Behind PgBouncer a session is a transaction long: what is said to one connection reaches another.
        self.pgbouncer = _behind_pgbouncer(address)
        self.engine = _engine(address, connections)
        self._reading = _reading(self.engine, connections)
        self._writing = self.engine.execution_options(writes=True)
        self.replica: Replica | None = None
        if replica is not None:
            copy = address_of(replica)
            if self.sqlite or copy.get_backend_name() == "sqlite":
                raise NoDatabase("a replica is one PostgreSQL server that follows another")
            engine = _engine(copy, connections)
            self.replica = Replica(engine, _reading(engine, connections), self.engine, connections.catch_up)
        # The same database for what needs a session of its own, past PgBouncer.
        self.own = Database(direct) if direct else self
        self._others: list[Engine] = []
        # What prepares for readers what a revision touches: see `models.record.Change.seal`.
        self.prepare: Callable[[Any], None] | None = None

    @contextmanager
    def read(self, at_least: int | None = None, *, long: bool = False) -> Iterator[Session]:
        """A session that sees one state of the record from its first statement to its last.

        `at_least` is the oldest revision that will do, 0 if any will: then a replica answers that has it.
        None is the newest one there is, which the database itself alone is sure to have. `long` lifts the
        limit of `read_seconds`, for what is read in large pieces.
        """
        options = {"read_seconds": 0} if long else {}
        session = None
        if self.replica is not None and at_least is not None:
            session = self.replica.session(at_least, options)
        if session is None:
            session = Session(self._reading, expire_on_commit=False)
        with session:
            if options and not session.in_transaction():
                session.connection(execution_options=options)
            yield session
            # The same as a rollback where nothing was written; but that makes the driver forget which
            # statements it has prepared. What was read is read, whether this is answered or not.
            with suppress(DBAPIError):
                session.commit()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose transaction is committed at the end of the block, or leaves no trace."""
        try:
            info = {"prepare": self.prepare}
            with Session(self._writing, info=info) as session, session.begin():
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

    def alone(self) -> Engine:
        """Another engine of a SQLite file: one connection, and transactions that its user begins."""
        threads = {"check_same_thread": False}
        engine = create_engine(self.engine.url, poolclass=StaticPool, connect_args=threads)
        event.listen(engine, "connect", _prepare_sqlite)
        self._others.append(engine)
        return engine

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
        for engine in (self.engine, *self._others):
            engine.dispose()
        if self.replica is not None:
            self.replica.close()
        if self.own is not self:
            self.own.close()


def _behind_pgbouncer(address: URL) -> bool:
    """Whether the URL says so: `?pgbouncer=true`, the word that other tools know, too."""
    given = address.query.get("pgbouncer", "false")
    if given not in ("true", "false"):
        raise NoDatabase("`pgbouncer` in the URL of a database is true or false")
    return given == "true"


def _engine(address: URL, connections: Connections) -> Engine:
    # What people ask for stays out of the messages of errors, and so out of the log.
    options: dict[str, Any] = {"hide_parameters": True, "pool_size": connections.size}
    options |= {"max_overflow": connections.overflow, "pool_timeout": connections.wait}
    if address.get_backend_name() == "sqlite":
        engine = create_engine(address, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    driver: dict[str, Any] = {}
    if "connect_timeout" not in address.query:
        driver["connect_timeout"] = CONNECT_SECONDS
    if _behind_pgbouncer(address):
        # Before PgBouncer 1.21 a statement is prepared on one connection and missed on the next.
        driver["prepare_threshold"] = None
    address = address.set(drivername="postgresql+psycopg").difference_update_query(["pgbouncer"])
    engine = create_engine(address, pool_pre_ping=True, connect_args=driver, **options)
    event.listen(engine, "begin", _begin_postgresql)
    for execution in ("do_execute", "do_executemany"):
        event.listen(engine, execution, copy_rows)
    return engine


def _reading(engine: Engine, connections: Connections) -> Engine:
    if engine.dialect.name == "sqlite":
        return engine
    # The driver begins nothing by itself: see _begin_postgresql.
    return engine.execution_options(isolation_level="AUTOCOMMIT", read_seconds=connections.read_seconds)


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


def _begin_postgresql(connection: Connection) -> None:
    # In one message to the server, and for this transaction alone: so it holds behind PgBouncer, too.
    seconds = connection.get_execution_options().get("read_seconds")
    if seconds is not None:
        limit = f"; SET LOCAL statement_timeout = {round(seconds * 1000)}" if seconds else ""
        connection.exec_driver_sql(f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY{limit}")
