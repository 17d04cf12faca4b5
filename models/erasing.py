"""Erasing what was purged from the files of the database, once its rows are deleted.

A deleted row stays legible where it lay until the place is written over. So every table is written anew, and
the planner's samples of its values with it. Whoever still reads an older state keeps it in the files: then
nothing is called erased, and it is tried again.
"""

import sqlite3
import time
from contextlib import suppress

from sqlalchemy import Connection, text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from models.engines import BUSY_SECONDS
from models.moment import now
from models.purge import Purge
from models.session import Database

# How long readers of an older state are waited for; others wait meanwhile.
PATIENCE = 5
_INDEXED = ("entity", "indicator", "document", "mention", "quote", "claim")
_TABLES = (
    "text", "document", "document_state", "listed", "mention", "quote", "speaker", "claim", "claim_source",
    "span", "timex", "entity", "alias", "indicator", "revision", "answer", "shown", "found",
)  # fmt: skip
# A number that no transaction had when the rows were deleted.
_LATER = text("SELECT CAST(CAST(pg_current_xact_id() AS xid) AS text)")
# Transactions for whose sake a table that is written anew keeps what is deleted: those that see an older
# state of this database, and those of any database that wrote before and go on: every snapshot knows of them.
_OLDER = text(
    "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    " AND (age(backend_xid) > age(CAST(:later AS xid)) OR age(backend_xmin) > age(CAST(:later AS xid))"
    " AND coalesce(datname, current_database()) = current_database())"
)
_SAMPLES = text(
    "DELETE FROM pg_catalog.pg_statistic s USING unnest(CAST(:tables AS text[])) AS t (name)"
    " WHERE s.starelid = to_regclass(t.name)"
    " OR s.starelid IN (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = to_regclass(t.name))"
)


def unerased(database: Database) -> list[str]:
    """The ids of documents that were purged, but whose words may still stand in the files."""
    with database.read() as session:
        left = select(Purge.id).where(col(Purge.erased).is_(None), col(Purge.noun) == "document")
        return list(session.execute(left.order_by(col(Purge.id))).scalars())


def erase(database: Database) -> bool:
    """Write the files of the database anew, if something was purged from it since; whether nothing is left.

    It takes as long as copying the database does, and writers wait meanwhile. False if others read an older
    state all the time or the disk is full: nothing is lost, and the next call tries again.
    """
    with database.read() as session:
        keys = set(session.execute(select(Purge.recorded).where(col(Purge.erased).is_(None))).scalars())
    if not keys:
        return True
    if not (_rewrite_sqlite if database.sqlite else _rewrite_postgresql)(database.own):
        return False
    with database.write() as session:
        # Those alone that were purged before it began.
        left = update(Purge).where(col(Purge.recorded).in_(keys), col(Purge.erased).is_(None))
        session.execute(left.values(erased=now()))
    return True


def _rewrite_sqlite(database: Database) -> bool:
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")
        try:
            for table in _INDEXED:
                # Until its segments are merged the index keeps the words that it was told to delete.
                cursor.execute(f"INSERT INTO {table}_words ({table}_words) VALUES ('optimize')")  # noqa: S608  # names of ours
            if cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat4'").fetchone():
                cursor.execute("ANALYZE")
            cursor.execute("VACUUM")
            busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        return not busy
    finally:
        connection.close()


def _rewrite_postgresql(database: Database) -> bool:
    if database.pgbouncer:
        # A limit that is set here would be somebody else's with the next statement.
        return False
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not _none_older(connection):
            return False
        try:
            connection.execute(text(f"SET lock_timeout = {PATIENCE * 1000}"))
            with suppress(DBAPIError):
                # A superuser's alone. Otherwise the samples of a table that is empty now stay: ANALYZE finds
                # nothing to put in their place.
                connection.execute(_SAMPLES, {"tables": list(_TABLES)})
            for table in _TABLES:
                connection.execute(text(f"VACUUM (FULL, ANALYZE) {table}"))
            # The samples of values that the planner had of them.
            if not _none_older(connection):
                return False
            connection.execute(text("VACUUM (FULL) pg_catalog.pg_statistic"))
        except DBAPIError:
            return False
        finally:
            connection.execute(text("RESET lock_timeout"))
    return True


def _none_older(connection: Connection) -> bool:
    """Wait until what is deleted by now is needed by nobody, if that does not take too long."""
    later = connection.execute(_LATER).scalar_one()
    until = time.monotonic() + PATIENCE
    while connection.execute(_OLDER, {"later": later}).scalar_one():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
