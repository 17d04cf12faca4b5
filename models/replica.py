"""A replica: a copy of the database that follows it, a moment behind, and takes reads off it."""

import time
from collections.abc import Mapping, Sequence
from threading import BoundedSemaphore
from typing import Any

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from models.engines import dispose
from models.revision import Counter

# Seconds without a replica after it did not answer: until then no reader waits for it.
AGAIN = 5.0
# Seconds between two looks at how far it has come.
PAUSE = 0.01
# Readers who wait for it at once, each in a thread; the others go to the primary.
WAITING = 8
# Which record it is, in which schema: a copy of another, or of a state before a migration, answers nothing.
_WHICH = text("SELECT version_num, (SELECT time FROM revision WHERE number = 0) FROM alembic_version")
_FIT = "onrecord.fit"


class Replica:
    """Reads of one or more servers that follow `primary`; whatever they lack, the primary has."""

    def __init__(self, engine: Engine, reading: Engine, primary: Engine, catch_up: float) -> None:
        self.engine, self._reading, self._primary, self._catch_up = engine, reading, primary, catch_up
        self._waiting = BoundedSemaphore(WAITING)
        self._which: Sequence[Any] | None = None
        self._away_until, self._away = 0.0, False

    def session(self, at_least: int, options: Mapping[str, Any]) -> Session | None:
        """A session whose transaction sees this revision or a later one; None if there is none in time.

        What one look has seen says nothing of the next one: several replicas may answer at one address. So
        the look is the first statement of the very snapshot that is read.
        """
        if time.monotonic() < self._away_until:
            return None
        try:
            session = self._begin(at_least, options)
            if session is None and self._waiting.acquire(blocking=False):
                try:
                    session = self._wait(at_least, options)
                finally:
                    self._waiting.release()
        except (DBAPIError, _Other) as error:
            self._gone(error)
            return None
        if self._away:
            self._away = False
            structlog.get_logger().info("replica answers again")
        return session

    def close(self) -> None:
        dispose(self.engine)

    def _wait(self, at_least: int, options: Mapping[str, Any]) -> Session | None:
        """Look again, with a connection for that moment alone, until it has caught up or the time is over."""
        until = time.monotonic() + self._catch_up
        while time.monotonic() < until:
            time.sleep(PAUSE)
            if session := self._begin(at_least, options):
                return session
        return None

    def _begin(self, at_least: int, options: Mapping[str, Any]) -> Session | None:
        session = Session(self._reading, expire_on_commit=False)
        try:
            info = session.connection(execution_options=options).info
            if _FIT not in info:
                self._compare(session)
                info[_FIT] = True
            if at_least <= 0 or session.execute(select(col(Counter.number))).scalar_one() >= at_least:
                return session
        except BaseException:
            session.close()
            raise
        session.close()
        return None

    def _compare(self, session: Session) -> None:
        """Once for each connection that is made; the primary is asked only if it may have changed."""
        which = session.execute(_WHICH).all()
        if which != self._which:
            with self._primary.connect() as connection:
                self._which = connection.execute(_WHICH).all()
            if which != self._which:
                raise _Other("of another record, or in another schema")

    def _gone(self, error: Exception) -> None:
        self._away_until = time.monotonic() + AGAIN
        if not self._away:
            self._away = True
            what = str(error) if isinstance(error, _Other) else type(error).__name__
            structlog.get_logger().warning("replica away: the primary is read", error=what)


class _Other(Exception):
    """This is no copy of the record that is served."""
