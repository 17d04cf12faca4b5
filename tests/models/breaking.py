"""A record in which a test breaks one rule at a time, by changed copies of good rows."""

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from models.record import METADATA
from models.session import Database
from tests.conftest import DOCUMENT

D = DOCUMENT
TABLES = METADATA.tables
OTHER_TEXT = "b" * 64
# What makes the copy of a row another row; `row_key` and `recorded` are given anyway.
ANOTHER: dict[str, dict[str, Any]] = {
    "alias": {"position": 99},
    "claim": {"id": f"{D}.c99"},
    "claim_source": {"quote_id": f"{D}.q99"},
    "counter": {},
    "document": {"id": "another"},
    "document_state": {"digest": "c" * 64},
    "entity": {"id": "another"},
    "event": {"position": 9999},
    "indicator": {"id": "another"},
    "listed": {"position": 999, "id": "another"},
    "measure": {"id": "another"},
    "mention": {"id": f"{D}.m0-9999"},
    "quote": {"id": f"{D}.q99"},
    "revision": {"key": 99, "number": 99},
    "span": {"position": 99},
    "speaker": {"position": 99},
    "text": {"sha256": OTHER_TEXT},
    "timex": {"owner_key": 99},
}

TIME = "2024-10-16T08:00:00.000Z"
# A row of what the seed brings nothing of.
MADE: dict[str, dict[str, Any]] = {
    "answer": {
        "key": "or_1", "token": "t", "request": "r", "status": 200, "headers": "{}", "body": "{}",
        "time": TIME,
    },
    "api_key": {"id": "or_1", "name": "desk", "digest": "a" * 64, "scopes": "read", "created": TIME},
    "audit": {
        "id": 1, "time": TIME, "address": "192.0.2.7", "operation": "put_document", "status": 200,
        "request": "r",
    },
    "delivery": {
        "id": 1, "subscription_id": "sub_1", "message": "m", "type": "quote.created", "attempt": 1,
        "time": TIME, "milliseconds": 5, "outcome": "delivered",
    },
    "permit": {"subject": "192.0.2.7", "minute": 1, "taken": 1},
    "purge": {"noun": "document", "id": D, "recorded": 0, "reason": "An order."},
    "subscription": {
        "id": "sub_1", "key": "or_1", "url": "https://news.example/hook", "events": "", "filters": "",
        "secret": "s", "status": "active", "created": TIME, "changed": TIME, "revision": 0, "position": 0,
        "attempts": 0, "due": TIME,
    },
}  # fmt: skip


class Broken:
    """One transaction on the seeded record; `key` is the revision that it writes."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._transaction = connection.begin()
        self.sqlite = connection.dialect.name == "sqlite"
        self._keys = itertools.count(2**62)
        self.key = next(self._keys)

    def row(self, table: str, where: str = "1 = 1") -> dict[str, Any]:
        if table in MADE:
            return dict(MADE[table])
        found = self.connection.execute(select(TABLES[table]).where(text(where)).limit(1))
        return dict(found.mappings().one())

    def add(self, table: str, where: str = "1 = 1", **changes: Any) -> Any:
        """Insert a changed copy of the first of these rows; returns its key."""
        row = self.row(table, where) | ANOTHER.get(table, {})
        if "row_key" in row:
            row["row_key"] = next(self._keys)
        if "superseded" in row:
            row |= {"recorded": self.key, "superseded": None}
        if table == "purge":
            row["recorded"] = self.key
        if table == "delivery" and "subscription_id" not in changes:
            self.connection.execute(insert(TABLES["subscription"]).values(MADE["subscription"]))
        self.connection.execute(insert(TABLES[table]).values({**row, **changes}))
        return row.get("row_key")

    def close(self, table: str, where: str) -> None:
        change = update(TABLES[table]).where(text(where), text("superseded IS NULL"))
        assert self.connection.execute(change.values(superseded=self.key)).rowcount

    def sql(self, statement: str) -> None:
        self.connection.execute(text(statement))

    def seal(self) -> None:
        self.sql("UPDATE counter SET number = number + 1")
        number, time = self.connection.execute(text("SELECT number, time FROM counter")).one()
        self.connection.execute(
            insert(TABLES["revision"]).values(key=self.key, number=number, time=time, reason="test")
        )

    def triggers(self) -> dict[str, tuple[str, str]]:
        """Table and message of every trigger that is a rule; those that fill the full-text index are none."""
        if self.sqlite:
            query = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
        else:
            query = (
                "SELECT t.tgname, c.relname, p.prosrc FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal"
            )
        found = {}
        for name, table, source in self.connection.execute(text(query)):
            message = re.search(r"(?:ABORT,|EXCEPTION) '((?:[^']|'')*)'", source)
            if message:
                found[name] = (table, message[1].replace("''", "'"))
        return found

    def commit(self) -> None:
        with self._transaction:
            pass

    def prepare(self, table: str) -> None:
        """Let nothing but the constraints of the table stand in the way of a copy of its rows."""
        for on in {table, "revision"}:
            self.only(table=on)
        self.sql("DROP INDEX ux_document_state_current")
        self.add("text", document_id="another", sha256=self.row("document")["text_sha256"])

    def release(self, table: str) -> None:
        """Let no key of the table stand in the way; PostgreSQL looks at rules of entering rows last."""
        self.sql("DROP INDEX ux_document_state_current")
        for key in () if self.sqlite else TABLES[table].foreign_key_constraints:
            self.sql(f"ALTER TABLE {table} DROP CONSTRAINT {key.name}")

    def only(self, keep: str | None = None, table: str | None = None) -> None:
        """Switch all triggers off (of one table), that of one rule and of the revision's number excepted."""
        for name, (on, _) in self.triggers().items():
            numbered = keep is not None and name == "revision_insert_numbered_by_counter"
            if name != keep and not numbered and table in (None, on):
                self.sql(f"DROP TRIGGER {name}" + ("" if self.sqlite else f" ON {on}"))


@contextmanager
def broken(database: Database) -> Iterator[Broken]:
    """What the block does not commit is rolled back."""
    with database.engine.execution_options(writes=True).connect() as connection:
        yield Broken(connection)
