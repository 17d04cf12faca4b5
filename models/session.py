"""The database: sessions that read one snapshot, on a replica too; sessions that write one transaction."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from models.engines import (
    BUSY_SECONDS,
    USUAL,
    Connections,
    NoDatabase,
    address_of,
    alone,
    aside,
    behind_pgbouncer,
    dispose,
    engine_of,
    reading_of,
)
from models.replica import Replica

# What passes for at once: as long as another one needs that writes a row or two.
AT_ONCE_MILLISECONDS = 50


class Database:
    """A SQLite file or a PostgreSQL database, by its URL; and its replica, by another one."""

    def __init__(
        self,
        url: str,
        connections: Connections = USUAL,
        *,
        replica: str | None = None,
        direct: str | None = None,
    ) -> None:
        address = address_of(url)
        self.sqlite = address.get_backend_name() == "sqlite"
        # Behind PgBouncer a session is a transaction long: what is said to one connection reaches another.
        self.pgbouncer = behind_pgbouncer(address)
        self.engine, self.pool_size = engine_of(address, connections), connections.size
        self._reading = reading_of(self.engine, connections)
        self._writing = self.engine.execution_options(writes=True)
        self.replica: Replica | None = None
        if replica is not None:
            copy = address_of(replica)
            if self.sqlite or copy.get_backend_name() == "sqlite":
                raise NoDatabase("a replica is one PostgreSQL server that follows another")
            engine = engine_of(copy, connections)
            self.replica = Replica(engine, reading_of(engine, connections), self.engine, connections.catch_up)
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
        engine = alone(self.engine)
        self._others.append(engine)
        return engine

    def aside(self, size: int) -> Engine:
        """Another engine of a PostgreSQL database, for so many threads: its users begin transactions and end
        them, and see for themselves whether a connection is gone.
        """
        engine = aside(self.engine, size, prepare=not self.pgbouncer)
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
        """Close all connections: those in use as soon as they are let go."""
        for engine in (self.engine, *self._others):
            dispose(engine)
        if self.replica is not None:
            self.replica.close()
        if self.own is not self:
            self.own.close()


def _first(error: DBAPIError) -> DBAPIError:
    """What went wrong, where SQLite has taken the transaction back at once, as when the disk is full.

    Its savepoints went with it: that one of them is missing then is not what went wrong.
    """
    first = error.__context__
    missing = "no such savepoint" in str(error.orig)
    return _first(first) if missing and isinstance(first, DBAPIError) else error
