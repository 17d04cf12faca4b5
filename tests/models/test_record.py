"""Revisions: without gaps, in commit order, never backwards in time; a long load blocks nobody."""

import datetime
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Self

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from api.listing.reading import read
from api.problems import Problem
from models import moment, record
from models.measure import Measure
from models.record import By, Change, Conflict, newest
from models.recorded import valid
from models.revision import Counter, Revision
from models.session import Database

WRITERS, ROUNDS = 8, 6


def measure(id_: str, label: str = "Label") -> Measure:
    return Measure(
        row_key=0, recorded=0, digest=label, folded="", id=id_, label=label, unit="person", definition="What."
    )


def add(change: Change, row: Measure) -> None:
    row.row_key, row.recorded = next(change.keys), change.key
    change.add(row)


def seal(change: Change) -> int:
    return change.seal(By("desk", "test", "because"))


def write(database: Database, id_: str) -> int:
    with database.write() as session:
        change = Change(session)
        add(change, measure(id_))
        return seal(change)


def write_and_fail(database: Database) -> None:
    with database.write() as session:
        change = Change(session)
        add(change, measure("b"))
        assert seal(change) == 2
        raise RuntimeError("the power is cut")


def revisions(database: Database) -> list[tuple[int, str]]:
    with database.read() as session:
        query = select(col(Revision.number), col(Revision.time)).order_by(col(Revision.number))
        return [(number, time) for number, time in session.execute(query)]


def test_an_empty_record_is_at_revision_0(empty_database: Database) -> None:
    with empty_database.read() as session:
        assert newest(session)[0] == 0
    assert [number for number, _ in revisions(empty_database)] == [0]


def test_revisions_are_numbered_without_gaps_although_some_fail(empty_database: Database) -> None:
    assert write(empty_database, "a") == 1
    with pytest.raises(RuntimeError):
        write_and_fail(empty_database)
    assert write(empty_database, "c") == 2
    assert [number for number, _ in revisions(empty_database)] == [0, 1, 2]
    with empty_database.read() as session:
        assert set(session.execute(select(col(Measure.id))).scalars()) == {"a", "c"}


def test_time_never_runs_backwards(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    write(empty_database, "a")
    before = revisions(empty_database)[-1][1]

    class SetBack(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Self:
            return super().now(tz) - datetime.timedelta(days=365)

    clock = SimpleNamespace(datetime=SetBack, UTC=datetime.UTC, timedelta=datetime.timedelta)
    monkeypatch.setattr("models.record.datetime", clock)
    write(empty_database, "b")
    number, after = revisions(empty_database)[-1]
    assert number == 2
    passed = datetime.datetime.fromisoformat(after) - datetime.datetime.fromisoformat(before)
    assert passed == datetime.timedelta(milliseconds=1)


def test_a_revision_whose_rules_take_long_is_sealed_anew(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time is never long ago when it is committed, and never ahead."""
    monkeypatch.setattr(record, "PROMPT", 0.2)
    count, waits = Change._count, [0.4, 0.3]

    def slow(change: Change, ahead: float) -> tuple[int, str]:
        numbered = count(change, ahead)
        time.sleep(waits.pop() if waits else 0)
        return numbered

    monkeypatch.setattr(Change, "_count", slow)
    assert write(empty_database, "a") == 1
    now = moment.written(datetime.datetime.now(datetime.UTC))
    ago = moment.written(datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=1))
    assert not waits
    assert ago < revisions(empty_database)[-1][1] <= now
    assert write(empty_database, "b") == 2


def test_numbers_are_in_the_order_of_commits(empty_database: Database) -> None:
    """A long write lets others commit on PostgreSQL and comes after them; SQLite has one writer at a time."""
    with ThreadPoolExecutor(1) as pool, empty_database.write() as session:
        long = Change(session)
        add(long, measure("long"))
        long.flush()
        short = pool.submit(write, empty_database, "short")
        if empty_database.sqlite:
            assert seal(long) == 1
            session.commit()
            assert short.result() == 2
            return
        assert short.result(timeout=20) == 1
        with empty_database.read() as reader:
            assert set(reader.execute(select(col(Measure.id))).scalars()) == {"short"}
        assert seal(long) == 2


def test_writers_at_once_lose_nothing(empty_database: Database) -> None:
    start = threading.Barrier(WRITERS)

    def work(writer: int) -> list[int]:
        start.wait()
        return [write(empty_database, f"w{writer}-{at}") for at in range(ROUNDS)]

    with ThreadPoolExecutor(WRITERS) as pool:
        numbers = sorted(number for found in pool.map(work, range(WRITERS)) for number in found)
    assert numbers == list(range(1, WRITERS * ROUNDS + 1))
    found = revisions(empty_database)
    assert [number for number, _ in found] == [0, *numbers]
    assert [time for _, time in found] == sorted(time for _, time in found)
    with empty_database.read() as session:
        assert len(session.execute(select(col(Measure.id))).all()) == WRITERS * ROUNDS


def test_a_row_that_another_closed_is_a_conflict(empty_database: Database) -> None:
    write(empty_database, "a")
    with empty_database.read() as session:
        (key,) = session.execute(select(col(Measure.row_key))).scalars()
    with empty_database.write() as session:
        change = Change(session)
        change.close(Measure, [key])
        seal(change)
    with empty_database.write() as session:
        change = Change(session)
        change.close(Measure, [key])
        with pytest.raises(Conflict):
            change.flush()


def test_a_time_is_answered_once_it_is_final(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time between the newest revision and one that is sealed but not committed is refused for so long."""

    def as_of(moment: str) -> int:
        with empty_database.read() as session:
            return read(session, moment).number

    write(empty_database, "a")
    first = revisions(empty_database)[-1][1]
    with empty_database.write() as session:
        change = Change(session)
        add(change, measure("b"))
        seal(change)
        second = session.execute(select(col(Counter.time))).scalar_one()
        time.sleep(0.01)
        assert as_of(first) == 1
        with pytest.raises(Problem) as refused:
            as_of(second)
        assert "too recent to be final" in refused.value.errors[0].message
    assert as_of(first) == 1
    assert as_of(second) == 2
    monkeypatch.setattr(record, "FINAL", 0.001)
    assert as_of(record.final()) == 2


def test_the_record_can_be_read_as_it_stood(empty_database: Database) -> None:
    write(empty_database, "a")
    with empty_database.write() as session:
        change = Change(session)
        (key,) = session.execute(select(col(Measure.row_key))).scalars()
        change.close(Measure, [key])
        add(change, measure("a", "Corrected"))
        seal(change)

    def labels(at: int | None) -> list[str]:
        with empty_database.read() as session:
            return list(session.execute(select(col(Measure.label)).where(valid(Measure, at))).scalars())

    assert [labels(at) for at in (0, 1, 2, None)] == [[], ["Label"], ["Corrected"], ["Corrected"]]


def test_a_reader_sees_one_state_of_the_record(empty_database: Database) -> None:
    with empty_database.read() as session:
        before = newest(session)
        write(empty_database, "a")
        assert newest(session) == before
        assert session.execute(select(col(Measure.id))).all() == []
    with empty_database.read() as session:
        assert newest(session)[0] == 1


def test_the_counter_is_the_newest_revision(seeded_database: Database) -> None:
    with seeded_database.read() as session:
        counter = session.execute(select(col(Counter.number), col(Counter.time))).one()
        assert tuple(counter) == revisions(seeded_database)[-1]
        assert session.execute(text("SELECT count(*) FROM counter")).scalar() == 1
