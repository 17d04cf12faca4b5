"""A load stopped at any statement leaves no trace; done again, it is as if it had never been stopped."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from annotations.annotated import AnnotatedDocument
from annotations.load import load
from models.session import Database
from tests.annotations.flood import MEASURES, SECTIONS, TEXT, flood
from tests.conftest import NewDatabase, Tell
from tests.faults.everything import NOUNS, Rows, events, everything, rows, state, timeless
from tests.postgres import shared

FIRST = flood()
# Of everything something: words, an entity's name, a quote more, a claim less.
SECOND = flood(
    TEXT.replace("at dawn", "at early dawn"),
    entities=SECTIONS["entities"].replace("name: Harbour", "name: The harbour"),
    quotes=SECTIONS["quotes"]
    + """
- id: q2
  form: direct
  mark: '{content|“We are coping,”} {speaker=aide|he} {cue|said}, {content|“for now.”}'
""",
    claims="",
    text=SECTIONS["text"].replace("at dawn", "at early dawn"),
)


class Stopped(Exception):
    """As the power cut would be, but that the test goes on."""


def stopped(database: Database, document: AnnotatedDocument, at: int) -> bool:
    """Whether the load was long enough to be stopped before its statement of this number."""
    statements = count(1)

    def stop(*_: object) -> None:
        if next(statements) == at:
            raise Stopped

    with listening(database, "before_cursor_execute", stop):
        try:
            load(database, [document], MEASURES)
        except Stopped:
            return True
    return False


@contextmanager
def listening(database: Database, name: str, listener: Callable[..., None]) -> Iterator[None]:
    event.listen(database.engine, name, listener)
    try:
        yield
    finally:
        event.remove(database.engine, name, listener)


class Reset:
    """A database, made anew as its template is; its engine stays and has all statements compiled already."""

    def __init__(self, new: NewDatabase) -> None:
        self.template, self.database = new(), new()
        self.backend = "sqlite" if self.database.sqlite else "postgresql"

    def __call__(self) -> Database:
        names = [str(database.engine.url.database) for database in (self.template, self.database)]
        for database in (self.template, self.database):
            database.close()
        if not self.database.sqlite:
            shared().drop_database(names[1])
            shared().create_database(names[1], names[0])
            return self.database
        for rest in ("-wal", "-shm"):
            Path(names[1] + rest).unlink(missing_ok=True)
        shutil.copy(names[0], names[1])
        return self.database


@dataclass
class Loads:
    """A load that a test stops, the rows that were there before it, and how it ends undisturbed."""

    reset: Reset
    document: AnnotatedDocument
    before: Rows
    expected: tuple[object, ...]

    def assert_no_trace(self) -> None:
        assert rows(self.reset.database) == self.before

    def assert_as_undisturbed(self) -> None:
        assert outcome(self.reset.database) == self.expected


def outcome(database: Database) -> tuple[object, ...]:
    """All that a load can change, but for times."""
    revision, counts = state(database)
    return revision, counts, events(database), timeless(everything(database, lists=NOUNS))


@pytest.fixture(params=["first", "correction"])
def loads(request: pytest.FixtureRequest, new_database: NewDatabase) -> Loads:
    reset, correction = Reset(new_database), request.param == "correction"
    if correction:
        load(reset.template, [FIRST], MEASURES)
    database, document = reset(), SECOND if correction else FIRST
    before = rows(database)
    load(database, [document], MEASURES)
    return Loads(reset, document, before, outcome(database))


def test_a_load_stopped_at_any_statement_leaves_no_trace(loads: Loads, tell: Tell) -> None:
    for at in range(1, 200):
        if not stopped(loads.reset(), loads.document, at):
            break
        loads.assert_no_trace()
        load(loads.reset.database, [loads.document], MEASURES)
        loads.assert_as_undisturbed()
    assert 30 < at < 199
    tell(f"stopped at each of {at - 1} statements, then loaded again")


@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
def test_a_load_stopped_at_its_commit_is_done_or_leaves_no_trace(loads: Loads, committed: bool) -> None:
    """If nobody was told that it was committed, doing it again changes nothing."""

    def stop(connection: Connection) -> None:
        if committed:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("COMMIT")
        raise Stopped

    database = loads.reset()
    with listening(database, "commit", stop), pytest.raises(Stopped):
        load(database, [loads.document], MEASURES)
    if committed:
        loads.assert_as_undisturbed()
    else:
        loads.assert_no_trace()
    (again,) = load(database, [loads.document], MEASURES)
    assert (again.outcome == "unchanged") == committed
    loads.assert_as_undisturbed()
