"""Answers in the event loop: what SQLite finds in less than a moment needs no thread."""

import sqlite3
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Hashable, Iterable
from threading import Lock
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from api.listing.quick import Quickly, known_of
from api.listing.reading import Reading, read
from api.listing.ready import Rows, names_of
from api.listing.resource import Resource
from api.problems import Problem
from models.revision import Counter
from models.session import Database

# Steps of SQLite's machine that a statement may take in the loop, about a millisecond or two; it is asked
# every so many whether it has.
STEPS, ASKED = 60_000, 5_000
# Kibibytes of pages that its connection keeps: with SQLite's own 2,000 there is no room for the inner pages
# of the indexes, and an item of a million takes half as long again.
CACHE = 16_000


class Connection:
    """Runs statements on one connection, each for as long as it may."""

    def __init__(self, database: Database) -> None:
        self.dialect = database.engine.dialect
        self.names = names_of(database.engine)
        self.engine = database.alone()
        connection = self.engine.raw_connection().driver_connection
        assert isinstance(connection, sqlite3.Connection)
        self._connection, self.execute = connection, connection.execute
        connection.set_progress_handler(self._step, ASKED)
        connection.execute(f"PRAGMA cache_size = -{CACHE}")
        self._left = STEPS // ASKED

    def __call__(self, sql: str, values: Any) -> Rows:
        self._left = STEPS // ASKED
        return self.execute(sql, values).fetchall()

    @property
    def reading(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def _step(self) -> int:
        self._left -= 1
        return self._left < 0


class InLoop:
    """What is answered in the loop, of one SQLite file."""

    def __init__(self, database: Database, resources: Iterable[Resource]) -> None:
        self._database = database
        self._known = known_of(resources)
        self._run: Connection | None = None
        self._version: int | None = None
        self._newest: Reading | None = None
        self._stamp: tuple[int, str, str] = (0, "", "")
        # The loop that reads a snapshot in this turn.
        self._turn: AbstractEventLoop | None = None
        # Of tests alone several loops ask the same service: one of them at a time is answered here.
        self._lock = Lock()

    def state(self) -> Hashable | None:
        """The state of the record, looked at once for all requests that came in before this turn of the loop.

        Whatever was acknowledged before one of them was sent is in it: it had been received before. None if
        nothing can be read without waiting.
        """
        loop = get_running_loop()
        if self._turn is not loop:
            if not self._begin():
                return None
            self._turn = loop
            loop.call_soon(self._end)
        return self._stamp

    async def answer(self, path: str, query: bytes) -> Quickly | None:
        """The answer to a GET of a list or an item by anybody, of the state that was told in this turn; None
        if it is for the routes.
        """
        _, _, name, *rest = path.split("/")
        known, run, newest = self._known.get(name), self._run, self._newest
        if known is None or run is None or newest is None or len(rest) > 1 or not run.reading:
            return None
        try:
            return known.answer(rest, query, newest, run)
        except (sqlite3.Error, SQLAlchemyError, Problem, ValidationError):
            return None

    def close(self) -> None:
        """Let its connection go, for the database to close."""
        self._run = None

    def _begin(self) -> bool:
        """Begin to read the record as it is; `_end` must follow if that could be done."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if self._run is None:
                self._run = Connection(self._database)
            for _ in range(3):
                self._run.execute("BEGIN")
                # It takes the snapshot, too.
                (version,) = self._run("PRAGMA data_version", ())[0]
                if version == self._version:
                    return True
                self._run.execute("ROLLBACK")
                self._look(self._run)
                # Asked before it was looked: what came in between is seen the next time.
                self._version = version
        except (sqlite3.Error, SQLAlchemyError):
            pass
        self._end()
        return False

    def _end(self) -> None:
        """What was begun is over."""
        self._turn = None
        try:
            if self._run is not None and self._run.reading:
                self._run.execute("ROLLBACK")
        finally:
            self._lock.release()

    def _look(self, run: Connection) -> None:
        with Session(run.engine) as session:
            self._newest = newest = read(session, None)
            time = session.execute(select(col(Counter.time))).scalar_one()
        self._stamp = (newest.newest, time, newest.began)
