"""Dumps of PostgreSQL: its own programs write and read them, as its manual says."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, inspect, text

from migrations.schema import current, steps
from models.record import METADATA
from models.session import Database

# Who holds a table longer than this has not been stopped: restoring gives up, and has changed nothing.
BEGIN = "BEGIN; SET LOCAL lock_timeout = '30s'; SET LOCAL client_min_messages = warning;\n"
# The functions of the rules would stay when the tables go, and their triggers with them.
CLEAR = """
DO $clear$ DECLARE name text; BEGIN
    FOR name IN SELECT DISTINCT tgfoid::regprocedure::text FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
        WHERE NOT tgisinternal AND c.relnamespace = current_schema()::regnamespace AND c.relname IN ({tables})
    LOOP EXECUTE 'DROP FUNCTION ' || name || ' CASCADE'; END LOOP;
END $clear$;
"""


class Unfit(ValueError):
    """A file or a database that can not be used for this; the message says why, and what can."""


def write(engine: Engine, file: Path) -> None:
    """Dump a database to a file, in one snapshot."""
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={file}", engine=engine)


def held(file: Path) -> tuple[str, int, str] | None:
    """Step of the schema, newest revision and its time, once all of a dump has been unpacked."""
    _run("pg_restore", "--file=/dev/null", str(file))
    version, counter = _row(file, "alembic_version"), _row(file, "counter")
    if not version or not counter:
        return None
    return version["version_num"], int(counter["number"]), counter["time"]


def tables(database: Database) -> list[str]:
    """The tables of a record that are there."""
    with database.engine.connect() as connection:
        ours = {*METADATA.tables, "alembic_version"}
        return sorted(ours.intersection(inspect(connection).get_table_names()))


def read(database: Database, file: Path) -> None:
    """Put what a dump has in the place of the record, in one transaction."""
    present, step = tables(database), current(database)
    if step not in (None, *steps()):
        raise Unfit(
            f"the database has step {step} of the schema, of a newer release: let that one restore it"
        )
    psql = ("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null")
    with (
        _started("pg_restore", "--no-owner", "--no-privileges", "--file=-", str(file)) as source,
        _started(*psql, engine=database.engine, stdin=subprocess.PIPE) as into,
    ):
        assert source.stdout is not None
        assert into.stdin is not None
        into.stdin.write(f"{BEGIN}{_clear(present)}".encode())
        shutil.copyfileobj(source.stdout, into.stdin)
        # Only once the dump has ended well: what is not committed leaves no trace.
        if source.wait() == 0:
            into.stdin.write(b"COMMIT;\n")


def analyze(database: Database) -> None:
    """Tell the planner of the tables, as a dump does not."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _clear(present: list[str]) -> str:
    if not present:
        return ""
    listed = ", ".join(f"'{table}'" for table in present)
    quoted = ", ".join(f'"{table}"' for table in present)
    return f"{CLEAR.format(tables=listed)} DROP TABLE {quoted} CASCADE;\n"


def _row(file: Path, table: str) -> dict[str, str]:
    """The first row of a table in a dump, by column; empty without one."""
    script = _run("pg_restore", "--data-only", f"--table={table}", "--file=-", str(file)).splitlines()
    for line, row in pairwise(script):
        if line.startswith("COPY ") and not row.startswith("\\."):
            columns = line[line.index("(") + 1 : line.index(")")].replace('"', "").split(", ")
            return dict(zip(columns, row.split("\t"), strict=True))
    return {}


def _run(*command: str, engine: Engine | None = None) -> str:
    with _started(*command, engine=engine) as process:
        assert process.stdout is not None
        return process.stdout.read().decode()


@contextmanager
def _started(
    *command: str, engine: Engine | None = None, stdin: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A running program of PostgreSQL, which has ended well when the block has; else Unfit has its words."""
    env, connected = dict(os.environ), []
    if engine is not None:
        _, parameters = engine.dialect.create_connect_args(engine.url)
        # Of the driver alone, not of the library that the programs share with it.
        parameters.pop("context", None)
        # Everybody on the machine can read the arguments of a process, its environment only its owner.
        if password := parameters.pop("password", None):
            env["PGPASSWORD"] = str(password)
        connected = [f"--dbname={make_conninfo(**parameters)}"]
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(  # noqa: S603  # no shell; a file of any name is one argument
                [*command, *connected], env=env, stdin=stdin, stdout=subprocess.PIPE, stderr=said
            )
        except FileNotFoundError:
            message = "is missing; PostgreSQL's client programs have it (on Debian, postgresql-client)"
            raise Unfit(f"{command[0]} {message}; docs/operations.md has other ways") from None
        # A program that has ended early says itself why.
        with suppress(BrokenPipeError), process:
            yield process
        if process.returncode:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            raise Unfit(f"{command[0]}: {' '.join(lines[:3])}")
