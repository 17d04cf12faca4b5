"""The keys by which the tables could be spread over PostgreSQL nodes, by document: see docs/scaling.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import ForeignKeyConstraint, Table, UniqueConstraint, inspect

from models.record import METADATA
from models.session import Database

SCALING = Path(__file__).parents[2] / "docs" / "scaling.md"


def key_of(table: Table) -> str | None:
    """The column with the document's id, of a document itself and of what is below one; else None."""
    if table.name == "document":
        return "id"
    column = table.columns.get("document_id")
    # What may have none is not below a document: named entities are everybody's.
    return None if column is None or column.nullable else "document_id"


KEYS = {table.name: key_of(table) for table in METADATA.sorted_tables}
BELOW = {name: key for name, key in KEYS.items() if key}
# What rows below a document may refer to by a foreign key: each node has all of it.
SHARED = {"revision"}


@dataclass(frozen=True)
class Key:
    """A primary, unique or foreign key; `pairs` are those of the latter, `there` is where they lead."""

    table: str
    columns: tuple[str, ...]
    there: str | None = None
    pairs: tuple[tuple[str, str], ...] = ()


def described() -> Iterator[Key]:
    """The keys as the models have them."""
    for table in METADATA.sorted_tables:
        yield Key(table.name, tuple(table.primary_key.columns.keys()))
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint):
                yield Key(table.name, tuple(constraint.columns.keys()))
            elif isinstance(constraint, ForeignKeyConstraint):
                pairs = tuple((own.parent.name, own.column.name) for own in constraint.elements)
                there = constraint.referred_table.name
                yield Key(table.name, tuple(own for own, _ in pairs), there, pairs)
        for index in table.indexes:
            if index.unique:
                yield Key(table.name, tuple(index.columns.keys()))


def migrated(database: Database) -> Iterator[Key]:
    """The keys as the migrations have made them."""
    inspector = inspect(database.engine)
    for table in KEYS:
        yield Key(table, tuple(inspector.get_pk_constraint(table)["constrained_columns"]))
        for unique in inspector.get_unique_constraints(table):
            yield Key(table, tuple(unique["column_names"]))
        for index in inspector.get_indexes(table):
            if index["unique"]:
                yield Key(table, tuple(str(name) for name in index["column_names"]))
        for key in inspector.get_foreign_keys(table):
            own = tuple(key["constrained_columns"])
            pairs = tuple(zip(own, key["referred_columns"], strict=True))
            yield Key(table, own, key["referred_table"], pairs)


def wrong(key: Key) -> bool:
    """Whether no node could hold the key alone."""
    own, there = BELOW.get(key.table), BELOW.get(key.there or "")
    if key.there is None:
        return own is not None and own not in key.columns
    if there is None:
        return own is not None and key.there not in SHARED
    return own is None or (own, there) not in key.pairs


def test_every_key_below_a_document_has_the_documents_key() -> None:
    keys = list(described())
    assert len({key.table for key in keys}) == len(KEYS)
    assert not [key for key in keys if wrong(key)]


def test_so_it_is_in_the_migrated_database(empty_database: Database) -> None:
    keys = list(migrated(empty_database))
    assert {(key.table, *sorted(key.columns)) for key in keys} == {
        (key.table, *sorted(key.columns)) for key in described()
    }
    assert not [key for key in keys if wrong(key)]


@pytest.mark.parametrize(
    "key",
    [
        Key("quote", ("row_key",)),
        Key("quote", ("id",), "text", (("text_sha256", "sha256"),)),
        Key("quote", ("document_id",), "entity", (("document_id", "id"),)),
        Key("alias", ("entity_key",), "quote", (("entity_key", "row_key"),)),
        Key("speaker", ("document_id",), "document", (("document_id", "row_key"),)),
    ],
)
def test_a_key_that_needs_several_nodes_would_be_found(key: Key) -> None:
    assert wrong(key)


def test_the_documentation_tells_of_every_table() -> None:
    told: dict[str, str] = {}
    for line in SCALING.read_text().splitlines():
        if kind := re.match(r"\| (distributed|reference|by revision|coordinator) \|", line):
            told |= dict.fromkeys(re.findall(r"`(\w+)`", line.split("|")[2]), kind[1])
    assert told.keys() == KEYS.keys()
    assert {name for name, kind in told.items() if kind == "distributed"} == BELOW.keys()
    assert {name for name, kind in told.items() if kind == "reference"} >= SHARED
