"""What one more document costs: what it brings with it, not what the record holds already.

Counted in steps of SQLite's virtual machine, which are the same on every machine. Without statistics: of a
small table the planner knows that reading it from end to end is cheap, and rightly does so.
"""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import event

from api.starting import migrated
from models.session import Database
from tests.documents import document, put

FEW, MANY = 20, 800


def load(database: Database, first: int, last: int) -> None:
    """Load documents that bring an actor each, and all list one that is shared."""
    annotation = (
        "entities: {{ann: {{kind: actor, name: Ann Lee}}, bob-{n}: {{kind: actor, name: Bob Roe {n}}}}}\n"
        "text: ['{{ann|Ann Lee}} and {{bob-{n}|Bob Roe {n}}} fled.']\n"
    )
    documents = (
        document(f"d{n:04}", f"Ann Lee and Bob Roe {n} fled.\n", annotation.format(n=n))
        for n in range(first, last)
    )
    put(database, *documents)


def steps(database: Database, file: Path, number: int) -> int:
    """The steps, in tens, that SQLite takes to load one document of this number."""
    taken, sent = 0, ""

    def follow(connection: Any, *_: object) -> None:
        connection.set_trace_callback(send)
        connection.set_progress_handler(step, 10)

    def send(statement: str) -> None:
        nonlocal sent
        sent = statement

    def step() -> None:
        nonlocal taken
        # Statistics are gathered when a connection closes, up to a bound.
        taken += not sent.startswith("-- ANALYZE")

    database.engine.dispose()
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM sqlite_stat1")
    connection.close()
    event.listen(database.engine, "connect", follow)
    load(database, number, number + 1)
    event.remove(database.engine, "connect", follow)
    database.engine.dispose()
    return taken


def test_a_document_costs_the_same_in_a_large_record(tmp_path: Path) -> None:
    file = tmp_path / "record.sqlite"
    database = migrated(f"sqlite:///{file}")
    load(database, 0, FEW)
    before = steps(database, file, FEW)
    load(database, FEW + 1, MANY)
    assert 0 < steps(database, file, MANY) < 1.1 * before
    database.close()
