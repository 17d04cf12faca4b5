"""A replica answers what it has, in time; the primary answers the rest, and everything that writes."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from models import replica
from models.engines import Connections, NoDatabase
from models.record import newest
from models.session import Database
from tests.models.test_record import write
from tests.replicas import NEVER, PATIENCE, Pair, nowhere, pair


@pytest.fixture(scope="module")
def both() -> Iterator[Pair]:
    with pair() as started:
        yield started


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica that was away is asked again at once."""
    monkeypatch.setattr(replica, "AGAIN", 0)


@contextmanager
def opened(both: Pair, name: str, *, catch_up: float = 0.2, copy: str | None = None) -> Iterator[Database]:
    """A database that knows its replica."""
    connections = Connections(catch_up=catch_up)
    read = both.standby.url(copy or name)
    with closing(Database(both.primary.url(name), connections, replica=read)) as database:
        yield database


def asked(session: Session) -> tuple[str, int]:
    """Who answers, and with which revision."""
    standby = session.execute(text("SELECT pg_is_in_recovery()")).scalar_one()
    return "replica" if standby else "primary", newest(session)[0]


def answers(database: Database, at_least: int | None = None) -> tuple[str, int]:
    with database.read(at_least) as session:
        return asked(session)


def test_a_replica_answers_with_what_it_has_and_the_primary_with_the_rest(both: Pair) -> None:
    with opened(both, both.new_record()) as database:
        assert write(database, "a") == 1
        both.follow(database)
        assert answers(database, 0) == answers(database, 1) == ("replica", 1)
        both.standby.delay(NEVER)
        assert write(database, "b") == 2
        # Who has seen nothing may read an older state; who has seen more never does.
        assert answers(database, 0) == answers(database, 1) == ("replica", 1)
        assert answers(database, 2) == ("primary", 2)
        assert answers(database) == ("primary", 2)
        # Nobody has this one: what there is is read, and whoever asked can see that it is less.
        assert answers(database, 99) == ("primary", 2)


def test_a_reader_waits_a_moment_for_the_replica_to_catch_up(both: Pair) -> None:
    with opened(both, both.new_record(), catch_up=PATIENCE) as database:
        both.standby.delay("700ms")
        assert write(database, "a") == 1
        assert answers(database, 0) == ("replica", 0)
        assert answers(database, 1) == ("replica", 1)


def test_few_wait_for_the_replica_and_the_others_go_to_the_primary_at_once(both: Pair) -> None:
    with opened(both, both.new_record(), catch_up=3600) as database:
        both.standby.delay(NEVER)
        assert write(database, "a") == 1
        assert database.replica is not None
        for _ in range(replica.WAITING):
            database.replica._waiting.acquire()
        assert answers(database, 1) == ("primary", 1)


def test_a_reading_stays_with_the_state_that_it_began_with(both: Pair) -> None:
    with opened(both, both.new_record()) as database:
        with database.read(0) as session:
            assert asked(session) == ("replica", 0)
            write(database, "a")
            both.follow(database)
            assert asked(session) == ("replica", 0)
        assert answers(database, 0) == ("replica", 1)


def test_a_replica_that_is_away_is_done_without_until_it_is_back(both: Pair) -> None:
    with opened(both, both.new_record()) as database:
        assert answers(database, 0) == ("replica", 0)
        both.standby.halt()
        try:
            assert [answers(database, 0) for _ in range(3)] == [("primary", 0)] * 3
        finally:
            both.standby.resume()
        assert answers(database, 0) == ("replica", 0)


def test_a_replica_that_is_away_is_not_asked_by_every_reader(
    both: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "AGAIN", 3600)
    name = both.new_record()
    with closing(Database(both.primary.url(name), replica=nowhere().url(name))) as database:
        assert answers(database, 0) == ("primary", 0)
        assert database.replica is not None
        monkeypatch.setattr(database.replica, "_begin", None)  # would fail if it were called
        assert answers(database, 0) == ("primary", 0)


def test_a_replica_answers_while_the_primary_is_away(both: Pair) -> None:
    with opened(both, both.new_record()) as database:
        assert answers(database, 0) == ("replica", 0)
        both.primary.halt()
        try:
            assert answers(database, 0) == ("replica", 0)
            with pytest.raises(DBAPIError):
                answers(database)
        finally:
            both.primary.resume()
        assert answers(database) == ("primary", 0)


def test_a_copy_of_another_record_or_schema_answers_nothing(both: Pair) -> None:
    name, other = both.new_record(), both.new_record()
    with opened(both, name, copy=other) as database:
        assert answers(database, 0) == ("primary", 0)
    with opened(both, name, copy="postgres") as database:
        assert answers(database, 0) == ("primary", 0)
    with opened(both, name) as database:
        both.standby.delay(NEVER)
        with database.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = 'next'"))
        # The service of the next release begins while the replica still has the schema of this one.
        assert answers(database, 0) == ("primary", 0)
        both.standby.delay("0")
        write(database, "a")
        both.follow(database)
        assert answers(database, 0) == ("replica", 1)


def test_a_replica_that_is_restored_with_the_record_answers_again(both: Pair) -> None:
    with opened(both, both.new_record()) as database:
        assert answers(database, 0) == ("replica", 0)
        with database.engine.begin() as connection:
            connection.execute(text("ALTER TABLE revision DISABLE TRIGGER ALL"))
            connection.execute(text("UPDATE revision SET time = '2020-01-01T00:00:00.000Z' WHERE number = 0"))
        write(database, "a")
        both.follow(database)
        assert database.replica is not None
        database.replica.engine.dispose()
        assert answers(database, 0) == ("replica", 1)


def test_a_replica_is_of_postgresql() -> None:
    here, there = "sqlite:///record.sqlite", "postgresql://host/record"
    for url, copy in ((here, there), (there, here)):
        with pytest.raises(NoDatabase, match="replica"):
            Database(url, replica=copy)


@pytest.fixture
def url(both: Pair) -> str:
    return both.primary.url(both.new_record())


def test_a_reading_has_limited_time_for_a_statement(url: str) -> None:
    with closing(Database(url, Connections(read_seconds=0.2))) as database:
        with pytest.raises(DBAPIError) as stopped, database.read() as session:
            session.execute(text("SELECT pg_sleep(600)"))
        assert getattr(stopped.value.orig, "sqlstate", None) == "57014"
        limit = text("SHOW statement_timeout")
        with database.read() as session:
            assert session.execute(limit).scalar_one() == "200ms"
        with database.read(long=True) as session:
            assert session.execute(limit).scalar_one() == "0"
        with database.write() as session:
            assert session.execute(limit).scalar_one() == "0"


def test_a_reading_is_of_one_state_and_cannot_write(url: str) -> None:
    with closing(Database(url)) as database, database.read() as session:
        shown = text(
            "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"
        )
        assert session.execute(shown).one() == ("repeatable read", "on")
        with pytest.raises(DBAPIError):
            session.execute(text("UPDATE counter SET number = 7"))


@pytest.mark.parametrize(("option", "some"), [("", True), ("?pgbouncer=true", False)])
def test_statements_are_prepared_unless_pgbouncer_is_between(url: str, option: str, some: bool) -> None:
    with closing(Database(url + option, Connections(size=1, overflow=0))) as database:
        for _ in range(8):
            with database.read() as session:
                newest(session)
        with database.read() as session:
            count = session.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one()
    assert bool(count) is some


def test_the_url_says_whether_pgbouncer_is_between() -> None:
    assert Database("postgresql://host/record?pgbouncer=true").pgbouncer
    assert not Database("postgresql://host/record?pgbouncer=false").pgbouncer
    with pytest.raises(NoDatabase, match="pgbouncer"):
        Database("postgresql://host/record?pgbouncer=perhaps")
