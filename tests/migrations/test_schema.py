"""Migrations: up, down and up again on a filled database, and no drift between them and the models."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select, text

from annotations.annotated import AnnotatedDocument
from annotations.load import load
from annotations.unload import annotated
from api.listing.prepare import fill
from api.resources import RESOURCES
from migrations import schema
from migrations.schema import current, drift, head, migrate
from models.measures import vocabulary
from models.record import METADATA
from models.session import Database
from tests.conftest import DOCUMENT

STEPS = tuple(f"{step:04}" for step in range(1, 10))


def names(database: Database) -> set[str]:
    """Everything in the database that somebody named."""
    if database.sqlite:
        query = "SELECT type || ' ' || name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    else:
        query = (
            "SELECT 'relation ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " UNION SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " UNION SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal"
            " UNION SELECT 'constraint ' || conname FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace"
        )
    with database.engine.connect() as connection:
        found = set(connection.execute(text(query)).scalars())
    return {name for name in found if "alembic_version" not in name}


def test_a_filled_database_goes_down_and_up_again(seeded_database: Database, seed: AnnotatedDocument) -> None:
    before = names(seeded_database)
    migrate(seeded_database, "base")
    assert current(seeded_database) is None
    assert names(seeded_database) == set()
    for step in STEPS:
        migrate(seeded_database, step)
        assert current(seeded_database) == step
    assert head() == STEPS[-1]
    assert names(seeded_database) == before
    load(seeded_database, [seed], vocabulary())
    with seeded_database.read() as session:
        assert annotated(session, DOCUMENT) == seed


def test_a_step_down_keeps_what_it_does_not_drop(seeded_database: Database) -> None:
    """The rules and the full-text index go and come back; the rows stay; what follows is prepared anew."""
    words = "SELECT count(*) FROM quote WHERE array_to_tsvector(string_to_array(folded, ' ')) @@ 'israel'"
    if seeded_database.sqlite:
        words = "SELECT count(*) FROM quote_words WHERE quote_words MATCH 'israel'"

    def rows() -> dict[str, int]:
        with seeded_database.read() as session:
            there = inspect(session.connection()).get_table_names()
            # The audit goes with the step that made it, and nothing can tell it again.
            tables = [t for t in METADATA.tables.values() if t.name in there and t.name != "audit"]
            return {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}

    def hits() -> int:
        with seeded_database.read() as session:
            return session.scalar(text(words)) or 0

    before, found, rules = rows(), hits(), names(seeded_database)
    assert before["quote"] > found > 0
    migrate(seeded_database, "0001")
    left = rows()
    assert left == {table: count for table, count in before.items() if table in left}
    migrate(seeded_database)
    fill(seeded_database, RESOURCES.values(), lambda _: None)
    assert (rows(), hits()) == (before, found)
    assert names(seeded_database) == rules


def test_migrating_twice_changes_nothing(seeded_database: Database) -> None:
    before = names(seeded_database)
    migrate(seeded_database)
    assert names(seeded_database) == before


def test_foreign_keys_hold_after_a_migration(empty_database: Database) -> None:
    migrate(empty_database, "base")
    migrate(empty_database)
    if empty_database.sqlite:
        with empty_database.read() as session:
            assert session.scalar(text("PRAGMA foreign_keys")) == 1
            assert session.scalar(text("PRAGMA journal_mode")) == "wal"


def test_the_models_are_what_the_migrations_made(empty_database: Database) -> None:
    before = names(empty_database)
    assert drift(empty_database) == []
    assert names(empty_database) == before


CHANGES: dict[str, Callable[[Database], str]] = {
    "ix_claim_place": lambda _: "DROP INDEX ix_claim_place",
    "ux_quote_current": lambda _: (
        "DROP INDEX ux_quote_current;"
        " CREATE UNIQUE INDEX ux_quote_current ON quote (document_id, id, superseded)"
    ),
    "extra": lambda _: "ALTER TABLE claim ADD COLUMN extra TEXT",
    "ck_revision_number": lambda database: (
        "ALTER TABLE revision DROP CONSTRAINT ck_revision_number"
        if not database.sqlite
        else "PRAGMA writable_schema = ON; UPDATE sqlite_master"
        " SET sql = replace(sql, 'number >= 0', 'number >= 1') WHERE name = 'revision'"
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_drift_is_noticed(empty_database: Database, what: str) -> None:
    with empty_database.engine.execution_options(writes=True).begin() as connection:
        for statement in CHANGES[what](empty_database).split("; "):
            connection.execute(text(statement))
    empty_database.close()
    assert any(what in difference for difference in drift(empty_database))


def test_the_steps_are_found_without_an_ini_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Installed from a wheel there is neither pyproject.toml nor alembic.ini."""
    monkeypatch.chdir(tmp_path)
    settings = schema.config()
    assert settings.config_file_name is None
    assert head() == STEPS[-1]
