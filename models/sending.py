"""Sending rows to the database, many at once: several in a statement on SQLite, by COPY on PostgreSQL.

A statement of one row costs more than the row does: on SQLite it copies each page that it changes, because a
rule may yet refuse it, and each statement is planned, sent and answered.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import SQLModel

# Rows in one statement on SQLite: it takes 32,766 parameters, and more rows bring nothing.
AT_ONCE = 100

_NEW = text(
    "SELECT c.relname FROM pg_class c JOIN unnest(CAST(:names AS text[])) t (name)"
    " ON c.oid = to_regclass(t.name) WHERE c.reltuples < 0 ORDER BY c.relname"
)

Row = Mapping[str, Any]
"""A row by column."""


@cache
def columns_of(table: type[SQLModel]) -> tuple[str, ...]:
    """The names of the columns."""
    return tuple(table.__table__.columns.keys())  # type: ignore[attr-defined]


def send(connection: Connection, table: type[SQLModel], rows: Sequence[Row]) -> None:
    """Insert rows, each with all of its columns, into a table."""
    columns = columns_of(table)
    assert rows[0].keys() == set(columns), f"{table.__name__}: {rows[0].keys() ^ set(columns)}"
    values = list(map(itemgetter(*columns), rows))
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"COPY {_into(table)} FROM STDIN", values)
        return
    for start in range(0, len(values), AT_ONCE):
        part = values[start : start + AT_ONCE]
        connection.exec_driver_sql(_insert(table, len(part)), tuple(chain.from_iterable(part)))


def introduce(connection: Connection, tables: Iterable[type[SQLModel]]) -> None:
    """Let PostgreSQL look at tables that it has never looked at, and in which there are rows now.

    Until it does it takes most rows for closed, and so the indexes of current rows for next to empty: it
    would read such an index whole for each row that it looks up. By itself it looks after a minute, at what
    is committed; a first load may be large.
    """
    if connection.dialect.name == "postgresql":
        named = {_name(table): table for table in tables}
        if new := connection.execute(_NEW, {"names": list(named)}).scalars().all():
            # A few thousand rows tell enough until it comes. By columns: the words of the full-text indexes
            # take it longest, and what it looked at by columns it looks at again.
            connection.exec_driver_sql("SET LOCAL default_statistics_target = 10")
            connection.exec_driver_sql(f"ANALYZE {', '.join(_into(named[name]) for name in new)}")


def copy_rows(cursor: Any, statement: str, rows: Any, _: object) -> bool | None:
    """For SQLAlchemy's events `do_execute` (of one row) and `do_executemany`: do a COPY, and nothing else."""
    if not statement.startswith("COPY "):
        return None
    with cursor.copy(statement) as copying:
        for row in rows if isinstance(rows, list) else [rows]:
            copying.write_row(row)
    return True


@cache
def _into(table: type[SQLModel]) -> str:
    names = ", ".join(f'"{name}"' for name in columns_of(table))
    return f"{_name(table)} ({names})"


def _name(table: type[SQLModel]) -> str:
    return str(table.__tablename__)


def _insert(table: type[SQLModel], rows: int) -> str:
    marks = f"({', '.join('?' * len(columns_of(table)))})"
    return f"INSERT INTO {_into(table)} VALUES {', '.join([marks] * rows)}"  # noqa: S608  # names of ours
