"""Column types and constraints that mean the same on SQLite and PostgreSQL."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, MetaData, Text, UniqueConstraint, text
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

from models.vocabulary import words

SQLModel.metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Byte order is the one order that both databases share: cursors and comparisons of keys depend on it.
Words: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")


def column(description: str, *, examples: Iterable[Any] = (), **options: Any) -> Any:
    """A field stored as text in byte order, described once for database, API and exports."""
    return Field(
        sa_type=Words,
        description=description,
        schema_extra={"examples": list(examples)} if examples else None,
        **options,
    )


def one_of(name: str, vocabulary: object) -> CheckConstraint:
    """The rule that a column holds a member of a vocabulary, or nothing where it may be null."""
    members = ", ".join(f"'{word}'" for word in words(vocabulary))
    return CheckConstraint(f"{name} IN ({members})", name=name)


def check(name: str, condition: str) -> CheckConstraint:
    """A rule that both databases hold, in SQL that both understand."""
    return CheckConstraint(condition, name=name)


def only(name: str, alphabet: str) -> str:
    """The condition that a column holds no character but these, in SQL that both databases understand."""
    return f"ltrim({name}, '{alphabet}') = ''"


def sparse(name: str, column: str) -> Index:
    """An index of the few rows that have a value; the others cost it nothing."""
    has = text(f"{column} IS NOT NULL")
    return Index(name, column, sqlite_where=has, postgresql_where=has)


def current(name: str, *columns: str) -> Index:
    """An index of the rows that nothing supersedes.

    It has the column that its condition names: without it, SQLite looks into the table for each row.
    """
    rows = text("superseded IS NULL")
    return Index(name, *columns, "superseded", sqlite_where=rows, postgresql_where=rows)


def by_key(table: str) -> Index:
    """An index of what is asked of the rows that words are found in, so that the table is not looked into."""
    return Index(f"ix_{table}_row_key", "row_key", "superseded", "document_id", "start", "id")


def recorded(table: str, *scope: str) -> tuple[SchemaItem, ...]:
    """Keys of a recorded noun: one row a revision, one current row an id, revisions that exist at commit.

    The foreign keys are deferred, because a revision gets its row last, once its number is known.
    `scope` is the document's key for what belongs to a document.
    """
    return (
        check(
            "slug",
            only("id", "abcdefghijklmnopqrstuvwxyz0123456789-_.") + " AND length(id) BETWEEN 1 AND 300",
        ),
        # Words parted by single spaces: both databases split them there.
        check("folded", "folded = trim(folded) AND folded NOT LIKE '%  %'"),
        UniqueConstraint(*scope, "id", "recorded"),
        Index(
            f"ux_{table}_current",
            *scope,
            "id",
            unique=True,
            sqlite_where=text("superseded IS NULL"),
            postgresql_where=text("superseded IS NULL"),
        ),
        Index(f"ix_{table}_id", "id"),
        Index(f"ix_{table}_recorded", "recorded"),
        # Partial: with the nulls in it, SQLite would take it for the way to the current rows, all of them.
        sparse(f"ix_{table}_superseded", "superseded"),
        ForeignKeyConstraint(["recorded"], ["revision.key"], deferrable=True, initially="DEFERRED"),
        ForeignKeyConstraint(["superseded"], ["revision.key"], deferrable=True, initially="DEFERRED"),
    )
