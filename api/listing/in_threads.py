"""Answers of PostgreSQL in a few threads with connections of their own: past the framework, not the network.

A snapshot is opened, asked once and left: three ways to the server and back, while other threads work. What
takes it longer than a moment is left to the routes, so that light requests do not wait for heavy ones.
"""

from asyncio import get_running_loop
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from pydantic import ValidationError
from sqlalchemy import PoolProxiedConnection
from sqlalchemy.exc import SQLAlchemyError

from api.listing.quick import Quickly, known_of
from api.listing.reading import Reading, read
from api.listing.ready import Rows, names_of
from api.listing.resource import Resource
from api.problems import Problem
from models.session import Database

# More would wait for Python as well, and each keeps a connection.
THREADS = 8
# Milliseconds that the server may work at one statement.
MOMENT = 50
_BEGIN = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {MOMENT};"
_STATE = " SELECT number, time, (SELECT number FROM complete) FROM counter"
State = tuple[int, str, int | None]


class Connection:
    """Runs statements on one connection; each is prepared on its first use."""

    def __init__(self, database: Database, pooled: PoolProxiedConnection) -> None:
        self.dialect, self.names = database.engine.dialect, names_of(database.engine)
        driver = pooled.driver_connection
        assert isinstance(driver, psycopg.Connection)
        self.driver = driver

    def __call__(self, sql: str, values: Any) -> Rows:
        return self.driver.execute(sql, values).fetchall()

    def begin(self) -> State:
        """Take a snapshot: what tells the state of the record from all others."""
        cursor = self.driver.execute(_BEGIN + _STATE, prepare=False)
        cursor.nextset()
        cursor.nextset()
        number, time, complete = cursor.fetchall()[0]
        return number, time, complete


class InThreads:
    """What is answered in threads, of one PostgreSQL database."""

    def __init__(self, database: Database, resources: Iterable[Resource]) -> None:
        self._database = database
        self._known = known_of(resources)
        threads = min(THREADS, database.pool_size)
        self._engine = database.aside(threads)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="quick")
        # In one piece: threads replace it.
        self._newest: tuple[State, Reading] | None = None

    def state(self) -> None:
        """Nobody knows without asking the server."""

    async def answer(self, path: str, query: bytes) -> Quickly | None:
        """The answer to a GET of a list or an item by anybody; None if it is for the routes."""
        _, _, name, *rest = path.split("/")
        if name not in self._known or len(rest) > 1:
            return None
        return await get_running_loop().run_in_executor(self._threads, self._answer, name, rest, query)

    def close(self) -> None:
        """Let the threads end; their connections are the database's to close."""
        self._threads.shutdown()

    def _answer(self, name: str, rest: list[str], query: bytes) -> Quickly | None:
        try:
            pooled = self._engine.raw_connection()
        except SQLAlchemyError:
            return None
        try:
            run = Connection(self._database, pooled)
            try:
                newest = self._look(run.begin())
                return None if newest is None else self._known[name].answer(rest, query, newest, run)
            except (psycopg.errors.QueryCanceled, Problem, ValidationError):
                return None
            finally:
                # Not ROLLBACK, at which the driver forgets which statements it has prepared.
                run.driver.execute("COMMIT", prepare=False)
        except (psycopg.Error, SQLAlchemyError):
            # It may be gone, or in the midst of something: the next one begins anew.
            pooled.invalidate()
            return None
        finally:
            pooled.close()

    def _look(self, state: State) -> Reading | None:
        """The reading of a state, if it still is the newest one."""
        known = self._newest
        if known is None or known[0] != state:
            with self._database.read() as session:
                newest = read(session, None)
            if (newest.newest, newest.complete) != (state[0], state[2]):
                return None
            self._newest = known = state, newest
        return known[1]
