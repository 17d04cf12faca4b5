"""A large record out of a smaller one: every document many times, under other ids, with all that it has.

What is shared (named entities, indicators, measures) stays one, so that a speaker has many times the quotes.
Loading is measured by loading; this is for reading, and takes minutes where loading takes an hour. Rules are
off meanwhile, and every row is one that a load has written but for its ids.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from sqlalchemy import text

from models.record import METADATA, TABLES
from models.session import Database

# Of a document that the generator names; no word and no other id holds it.
OWN, COPY = "a-0", "c{number}-0"
# How far the keys of one copy lie from those of the next: more than one load's keys are apart.
APART = 1 << 44
_KEYS = {"row_key", "quote_key", "claim_key", "owner_key"}
_IDS = {
    "document_id", "id", "quote_id", "mention_id", "entity_id", "within_id", "subset_of", "refines",
    "part_of", "acts_for", "body",
}  # fmt: skip
_TABLES = (
    "text", "document", "document_state", "listed", "entity", "mention", "quote", "speaker", "claim",
    "claim_source", "span", "timex", "shown", "found",
)  # fmt: skip
assert {table.__tablename__ for table in TABLES} > set(_TABLES) - {"shown", "found"}
_WORDS = ("entity", "document", "mention", "quote", "claim")


def multiply(database: Database, times: int) -> None:
    """Have each document so many times, itself included."""
    if database.sqlite:
        # Nobody else may have the file open where its log is put away.
        database.close()
        with closing(sqlite3.connect(database.engine.url.database or "", isolation_level=None)) as connection:
            _on_sqlite(connection, times)
        return
    with database.engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        # What is copied stands still meanwhile: copies of copies would be too many.
        for table in _TABLES:
            connection.execute(text(f"CREATE TEMP TABLE one_{table} AS SELECT * FROM public.{table}"))
        for number in range(1, times):
            for statement in _statements(number):
                connection.execute(text(statement))


def _on_sqlite(connection: sqlite3.Connection, times: int) -> None:
    """Without triggers and indexes, which are made anew at the end; foreign keys are checked then."""
    left_out = "type IN ('trigger', 'index') AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    made = connection.execute(f"SELECT type, name, sql FROM sqlite_master WHERE {left_out}").fetchall()
    for pragma in ("foreign_keys = OFF", "synchronous = OFF", "journal_mode = OFF", "cache_size = -2000000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN EXCLUSIVE")
    for kind, name, _ in made:
        connection.execute(f"DROP {kind} {name}")
    for table in _TABLES:
        connection.execute(f"CREATE TEMP TABLE one_{table} AS SELECT * FROM main.{table}")
    for number in range(1, times):
        for statement in _statements(number):
            connection.execute(statement)
    for table in _WORDS:
        new = f"INSERT INTO {table}_words (rowid, folded) SELECT row_key, folded FROM {table}"
        own = f"SELECT row_key FROM one_{table}"
        connection.execute(f"{new} WHERE row_key NOT IN ({own}) ORDER BY row_key")
    for _, _, sql in sorted(made):
        connection.execute(sql)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    broken = connection.execute("PRAGMA foreign_key_check").fetchmany(3)
    assert not broken, broken


def _statements(number: int) -> Iterator[str]:
    for table in _TABLES:
        columns = METADATA.tables[table].columns.keys()
        terms = ", ".join(_term(table, column, number) for column in columns)
        names = ", ".join(f'"{column}"' for column in columns)
        own = "id" if table == "document" else "document_id"
        yield f"INSERT INTO {table} ({names}) SELECT {terms} FROM one_{table} WHERE {own} LIKE '{OWN}%'"


def _term(table: str, column: str, number: int) -> str:
    if column in _KEYS:
        return f'"{column}" + {number * APART}'
    if column in _IDS or (table, column) == ("found", "value"):
        return f"replace(\"{column}\", '{OWN}', '{COPY.format(number=number)}')"
    return f'"{column}"'
