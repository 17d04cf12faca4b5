"""The record: its newest revision, and the one way to write another."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import CursorResult, case, insert, select, update
from sqlmodel import Session, SQLModel, col

from models.claim import Claim, ClaimSource
from models.document import Document, DocumentState, Listed
from models.entity import Alias, Entity
from models.indicator import Indicator
from models.measure import Measure
from models.mention import Mention
from models.quote import Quote, Speaker
from models.recorded import Recorded, key_run
from models.revision import Counter, Revision
from models.span import Span
from models.text import Text
from models.timex import Timex

# Every table below the revision, owners before what they own.
TABLES: tuple[type[SQLModel], ...] = (
    Text, Measure, Entity, Alias, Indicator, Document, Mention,
    Quote, Speaker, Claim, ClaimSource, Span, Timex, DocumentState, Listed,
)  # fmt: skip


class Conflict(Exception):
    """Another transaction changed the same rows first: read again, then retry."""


class Change:
    """One revision in the making: rows to close and rows to add, numbered when it is sealed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.keys = key_run()
        self.key = next(self.keys)
        self._rows: dict[type[SQLModel], list[dict[str, Any]]] = defaultdict(list)
        self._closed: dict[type[Recorded], list[int]] = defaultdict(list)
        self._touched = False

    def __bool__(self) -> bool:
        return self._touched

    def add(self, *rows: SQLModel) -> None:
        """Rows of any table; recorded ones are valid from this revision on."""
        for row in rows:
            columns = type(row).__table__.columns.keys()  # type: ignore[attr-defined]
            self._touched = True
            self._rows[type(row)].append({name: getattr(row, name) for name in columns})

    def close(self, model: type[Recorded], row_keys: Iterable[int]) -> None:
        """End the validity of current rows with this revision."""
        self._closed[model].extend(row_keys)
        self._touched = self._touched or bool(self._closed[model])

    def flush(self) -> None:
        """Send the collected rows; the revision has no number yet and others may commit before it."""
        for model, keys in self._closed.items():
            self._close(model, keys)
        self._closed.clear()
        for table in TABLES:
            if rows := self._rows.pop(table, None):
                self.session.execute(insert(table), rows)

    def seal(self, *, agent: str | None, tool: str | None, reason: str | None) -> int:
        """Send what is left and number the revision: last, so that numbers are in commit order.

        Returns the number. From here to the commit other writers wait for the counter's row.
        """
        self.flush()
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        # A clock that was set back must not make the record's time run backwards.
        later = case((col(Counter.time) > now, col(Counter.time)), else_=now)
        statement = (
            update(Counter)
            .values(number=col(Counter.number) + 1, time=later)
            .returning(col(Counter.number), col(Counter.time))
        )
        number, time = self.session.execute(statement).one()
        self.session.execute(
            insert(Revision).values(
                key=self.key, number=number, time=time, agent=agent, tool=tool, reason=reason
            )
        )
        return int(number)

    def _close(self, model: type[Recorded], keys: Sequence[int]) -> None:
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            statement = update(model).where(col(model.row_key).in_(part), col(model.superseded).is_(None))
            result = self.session.execute(statement.values(superseded=self.key))
            assert isinstance(result, CursorResult)
            if result.rowcount != len(part):
                raise Conflict(f"{model.__name__.lower()}: a row was corrected meanwhile")


def newest(session: Session) -> tuple[int, str]:
    """Number and time of the newest revision; 0 is the empty record."""
    number, time = session.execute(select(col(Counter.number), col(Counter.time))).one()
    return int(number), str(time)
