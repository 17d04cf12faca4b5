"""Committing a change: one transaction, tried again as long as another writer comes first."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from models.record import By, Change, Conflict, newest
from models.session import Database

Result = TypeVar("Result")
# With the pauses between them, some seconds in all.
ATTEMPTS = 12
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0
# PostgreSQL: unique violation, deadlock, serialization failure. SQLite: an id that another has recorded.
_RACES = {"23505", "40P01", "40001", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
# PostgreSQL: a rule of the record is broken, or a row that is pointed at was purged meanwhile. SQLite has one
# writer at a time: never by another's doing.
_RULES = {"23514", "23503"}


def _nothing(session: Session, number: int | None, result: object) -> None:
    pass


class _Undone(Exception):
    """Ends a rehearsal: its transaction leaves no trace."""


def commit(
    database: Database,
    work: Callable[[Change], Result],
    by: By,
    *,
    then: Callable[[Session, int | None, Result], None] = _nothing,
    rehearse: bool = False,
) -> Result:
    """Do the work as one revision, or leave no trace; no revision if it changes nothing.

    `then` is called in the same transaction with the revision's number, none if there is none, and may
    write what belongs beside the record. Both may be called again: the transaction is tried anew if another
    writer came first. A rehearsal goes through all of it, rules included, and takes it back. Raises Conflict
    if others keep coming first.
    """
    for attempt in range(1, ATTEMPTS + 1):
        begun = None
        try:
            with database.write() as session:
                begun = newest(session)
                change = Change(session)
                result = work(change)
                number = change.seal(by) if change else None
                then(session, number, result)
                if rehearse:
                    raise _Undone
            if change:
                database.optimize()
            return result
        except _Undone:
            return result
        except Conflict:
            pass
        except DBAPIError as error:
            # Only a race is worth another try; a rule that was broken stays broken, unless the record with
            # which the work was compared has changed since.
            code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
            again = code in _RULES and attempt < ATTEMPTS and _moved_on(database, begun)
            if not again and code not in _RACES:
                raise
        _pause(attempt)
    raise Conflict(f"other writers came first {ATTEMPTS} times; nothing was changed, try again")


def _pause(attempt: int) -> None:
    """Longer with each attempt and by chance, so that those who met once do not meet again."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
    time.sleep(random.uniform(longest / 4, longest))  # noqa: S311  # no secret


def _moved_on(database: Database, begun: tuple[int, str] | None) -> bool:
    with database.read() as session:
        return begun is not None and newest(session) != begun
