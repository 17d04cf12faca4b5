"""Backups: the whole record in one file, taken while others write; and the record made of such a file."""

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from api.keeping import dump
from api.keeping.dump import Unfit
from migrations.schema import head, migrate, steps
from models.session import Database

__all__ = ["Held", "Unfit", "back_up", "holds_record", "restore"]
# What a dump of PostgreSQL begins with, and a SQLite file.
DUMP, SQLITE = b"PGDMP", b"SQLite format 3\x00"


@dataclass(frozen=True)
class Held:
    """What a backup holds: the record up to this revision, in the schema of this step."""

    step: str
    revision: int
    time: str


def back_up(database: Database, file: Path) -> Held:
    """Write the record, as it stands in one moment, to a file that only its owner may read.

    Nobody waits for it: on SQLite it reads one snapshot, on PostgreSQL pg_dump does. The file takes its name
    once it is whole, was checked, and lies on the disk. It holds the secrets of subscriptions. Raises Unfit
    where a program is missing or the copy is not sound.
    """
    _refuse_pgbouncer(database)
    part = file.with_name(file.name + ".part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL, 0o600))
        if database.sqlite:
            with closing(database.engine.raw_connection()) as source:
                driver = source.driver_connection
                assert isinstance(driver, sqlite3.Connection)
                _copy(driver, part)
        else:
            dump.write(database.engine, part)
        held = _held(part, sqlite=database.sqlite)
        _put(part, file)
    finally:
        part.unlink(missing_ok=True)
    return held


def _refuse_pgbouncer(database: Database) -> None:
    if database.pgbouncer:
        message = "PostgreSQL's programs do not work through PgBouncer: give the URL that leads past it"
        raise Unfit(f"{message}, by --database-url or in ONRECORD_DIRECT_URL")


def holds_record(database: Database) -> bool:
    """Whether there is anything that a restored record would take the place of."""
    if not database.sqlite:
        return bool(dump.tables(database))
    path = _path(database)
    if not path.exists() or not path.stat().st_size:
        return False
    try:
        with closing(_opened(path)) as connection:
            return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
    except sqlite3.DatabaseError:
        # Broken, perhaps: it is not for us to say that there is nothing in it.
        return True


def restore(database: Database, file: Path) -> Held:
    """Put the record of a backup in the place of what the database has, in the schema of this release.

    What the database has stays as it is until all of the backup stands in its place: who reads meanwhile sees
    the one or the other. Raises Unfit if the file is no backup of this kind of database, is not sound, or has
    the schema of a newer release.
    """
    _refuse_pgbouncer(database)
    kind = _kind(file)
    if kind != ("SQLite" if database.sqlite else "PostgreSQL"):
        other = "PostgreSQL" if database.sqlite else "SQLite"
        message = f"a backup of {other}; name such a database with --database-url" if kind else "no backup"
        raise Unfit(f"{file} is {message}")
    held = _held(file, sqlite=database.sqlite)
    if database.sqlite:
        _restore_file(_path(database), file)
    else:
        dump.read(database, file)
        migrate(database)
        dump.analyze(database)
    return held


def _restore_file(target: Path, file: Path) -> None:
    """Make the new record beside the old one, then copy it over in one transaction.

    The old file is not replaced: a service that has it open would go on writing to a file without a name, and
    the log of a database must never lie beside another one.
    """
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL, 0o600))
        with closing(_opened(file)) as source:
            _copy(source, part)
        made = Database(f"sqlite:///{part}")
        migrate(made)
        made.close()
        with closing(sqlite3.connect(part)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        if not target.exists():
            _put(part, target)
            return
        try:
            with closing(sqlite3.connect(part)) as source, closing(sqlite3.connect(target)) as old:
                old.execute("PRAGMA synchronous = FULL")
                source.backup(old)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise
            # Nothing to be kept: nobody can read it.
            for rest in ("-wal", "-shm", "-journal"):
                target.with_name(target.name + rest).unlink(missing_ok=True)
            _put(part, target)
    finally:
        for rest in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + rest).unlink(missing_ok=True)


def _copy(source: sqlite3.Connection, part: Path) -> None:
    with closing(sqlite3.connect(part)) as target:
        # All pages at once: in steps it would begin anew after each write of another.
        source.backup(target)
        # One file, which can be read where nothing can be written beside it.
        target.execute("PRAGMA journal_mode = DELETE")


def _held(file: Path, *, sqlite: bool) -> Held:
    """What a backup holds, once all of it has been read. Raises Unfit if it is not sound."""
    if sqlite:
        try:
            with closing(_opened(file)) as connection:
                found = _read_sqlite(connection)
        except sqlite3.DatabaseError as error:
            raise Unfit(f"{file} is not sound: {error}") from None
    else:
        found = dump.held(file)
    if found is None:
        raise Unfit(f"{file} is no backup of a record")
    step, revision, time = found
    if step not in steps():
        raise Unfit(f"{file} has step {step} of the schema; this release knows those up to {head()}")
    return Held(step, int(revision), time)


def _read_sqlite(connection: sqlite3.Connection) -> tuple[str, int, str] | None:
    problems = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if problems != "ok":
        raise sqlite3.DatabaseError(problems)
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        raise sqlite3.DatabaseError("a row has lost its parent")
    with suppress(sqlite3.OperationalError):  # no such table
        query = "SELECT version_num, number, time FROM alembic_version, counter"
        found: tuple[str, int, str] | None = connection.execute(query).fetchone()
        return found
    return None


def _kind(file: Path) -> str | None:
    with file.open("rb") as opened:
        start = opened.read(len(SQLITE))
    return "SQLite" if start == SQLITE else "PostgreSQL" if start.startswith(DUMP) else None


def _path(database: Database) -> Path:
    return Path(database.engine.url.database or "")


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)


def _put(part: Path, file: Path) -> None:
    """Give a finished file its name, so that it has it after a power cut, too."""
    for path, flags in ((part, os.O_RDWR), (part.parent, os.O_RDONLY)):
        if path is not part:
            part.replace(file)
        opened = os.open(path, flags)
        os.fsync(opened)
        os.close(opened)
