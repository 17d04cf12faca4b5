"""Bring a database to a step of the schema, and tell whether the models still agree with it."""

import re
import warnings
from importlib.resources import files
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from models.record import METADATA
from models.session import Database

# Where PostgreSQL makes the tables of the models for a moment, to compare.
SCRATCH = "onrecord_drift"


def config(connection: Connection | None = None) -> Config:
    """Alembic's settings without an ini file, which would not be in the wheel."""
    settings = Config()
    settings.set_main_option("script_location", str(files("migrations")))
    settings.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    settings.attributes["connection"] = connection
    return settings


def head() -> str:
    """The newest step."""
    newest = ScriptDirectory.from_config(config()).get_current_head()
    assert newest is not None
    return newest


def steps() -> list[str]:
    """All steps that this release knows, the newest one first."""
    return [step.revision for step in ScriptDirectory.from_config(config()).walk_revisions()]


def current(database: Database) -> str | None:
    """The step that a database is at; None before the first."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(database: Database, step: str = "head") -> None:
    """Run all steps up, or down, to `step` (`base` is the empty database) in one transaction."""
    with database.engine.execution_options(writes=True).connect() as connection:
        if database.sqlite:
            # Dropping a table empties it first, which the rules of the record would refuse; and a pragma
            # is ignored inside a transaction, so it comes before the first statement.
            _set_foreign_keys(connection, on=False)
        try:
            with connection.begin():
                down = _is_below(connection, step)
                (command.downgrade if down else command.upgrade)(config(connection), step)
                if database.sqlite and (
                    broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                ):
                    raise RuntimeError(f"the migration left rows without their parents: {broken[:3]}")
        finally:
            if database.sqlite:
                _set_foreign_keys(connection, on=True)


def goes_down(database: Database, step: str) -> bool:
    """Whether a migration to this step drops what the steps above it made."""
    with database.engine.connect() as connection:
        return (
            _is_below(connection, step)
            and step != MigrationContext.configure(connection).get_current_revision()
        )


def drift(database: Database) -> list[str]:
    """What differs between a migrated database and the models: tables, columns, indexes, keys, checks."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": _alembic_compares}
        )
        with warnings.catch_warnings():
            # It says that it skips what it is told to skip.
            warnings.filterwarnings("ignore", "autogenerate skipping")
            differences = [str(difference) for difference in compare_metadata(context, METADATA)]
        # Alembic compares neither CHECKs nor the conditions and directions of indexes: both are compared as a
        # database that is made from the models has them.
        migrated = _definitions(connection)
        if database.sqlite:
            with create_engine("sqlite://").connect() as scratch:
                METADATA.create_all(scratch)
                made = _definitions(scratch)
        else:
            connection.execute(text(f"CREATE SCHEMA {SCRATCH}"))
            scratch = connection.execution_options(schema_translate_map={None: SCRATCH})
            METADATA.create_all(scratch)
            made = _definitions(connection, SCRATCH)
            connection.rollback()
        return differences + [f"{name}: {definition}" for name, definition in sorted(migrated ^ made)]


def belongs_to_models(name: str | None, kind: str, _: Any) -> bool:
    """Leaves out the full-text tables and indexes, which only the migrations know."""
    if kind == "index":
        return not str(name).endswith("_words")
    return kind != "table" or name in METADATA.tables


def _alembic_compares(_: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    return kind != "index" and belongs_to_models(name, kind, other)


def _is_below(connection: Connection, step: str) -> bool:
    current = MigrationContext.configure(connection).get_current_revision()
    if step in ("base", "head") or current is None:
        return step == "base" and current is not None
    script = ScriptDirectory.from_config(config())
    return step in {s.revision for s in script.iterate_revisions(current, "base")}


def _set_foreign_keys(connection: Connection, *, on: bool) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def _definitions(connection: Connection, schema: str | None = None) -> set[tuple[str, str]]:
    """Checks and indexes of the models' tables, by name, in the database's own words."""
    found = set()
    inspector = inspect(connection)
    for table in METADATA.tables:
        for check in inspector.get_check_constraints(table, schema=schema):
            found.add((str(check["name"]), check["sqltext"]))
    sqlite = connection.dialect.name == "sqlite"
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    if not sqlite:
        query = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = coalesce(:schema, current_schema())"
    parameters = {} if sqlite else {"schema": schema}
    for name, definition in connection.execute(text(query), parameters):
        if belongs_to_models(name, "index", None) and not name.startswith("alembic_"):
            found.add((name, re.sub(r" ON (\w+\.)?", " ON ", definition)))
    return found
