"""The record: its newest revision, and the one way to write another."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from time import sleep

from sqlalchemy import insert, select, text, update
from sqlmodel import Session, SQLModel, col

from models.api_key import ApiKey, Permit
from models.audit import Answer, Audit
from models.claim import Claim, ClaimSource
from models.document import Document, DocumentState, Listed
from models.entity import Alias, Entity
from models.event import Event
from models.events import record_events
from models.indicator import Indicator
from models.measure import Measure
from models.mention import Mention
from models.moment import written
from models.prepared import Complete, Found, Shown, outdate
from models.purge import Purge, record_tombstones
from models.quote import Quote, Speaker
from models.recorded import Recorded, key_run
from models.revision import Counter, Revision
from models.sending import Row, columns_of, introduce, send
from models.span import Span
from models.subscription import Delivery, Subscription
from models.text import Text
from models.timex import Timex

# Every table below the revision, owners before what they own.
TABLES: tuple[type[SQLModel], ...] = (
    Text, Measure, Entity, Alias, Indicator, Document, Mention,
    Quote, Speaker, Claim, ClaimSource, Span, Timex, DocumentState, Listed, Purge,
)  # fmt: skip
# Tables beside the record: what follows from it, and what the service keeps for itself.
BESIDE: tuple[type[SQLModel], ...] = (
    Complete, Shown, Found, Event, ApiKey, Permit, Audit, Answer, Subscription, Delivery,
)  # fmt: skip
# All tables that there are, with those of revisions: it is asked for here, where each of them is imported.
METADATA = SQLModel.metadata
# Seconds: a revision is sealed, and so all but committed, at most PROMPT after its time; an earlier time than
# FINAL ago can get no other revision, even if the commit itself waits for the disk or clocks differ a little.
PROMPT, FINAL = 5, 10
# What a revision touches is looked up row by row, by indexes, in the rest of its transaction. PostgreSQL
# would read whole tables as long as it does not know how much was just sent, and compile what it runs once.
_ROW_BY_ROW = text(
    "SELECT "
    + ", ".join(
        f"set_config('{name}', 'off', true)"
        for name in ("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "jit")
    )
)


@dataclass(frozen=True)
class By:
    """Who makes a revision, with which tool, and why: `reason` in one of a few words, `note` in free ones."""

    agent: str | None = None
    tool: str | None = None
    reason: str | None = None
    note: str | None = None


class Conflict(Exception):
    """Another transaction changed the same rows first: read again, then retry."""


class Change:
    """One revision in the making: rows to close and rows to add, numbered when it is sealed.

    `documents` are those of which rows were sent or closed so far: all of them once it is flushed.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.keys = key_run(newest(session)[1])
        self.key = next(self.keys)
        self.documents: set[str] = set()
        self._rows: dict[type[SQLModel], list[Row]] = defaultdict(list)
        self._closed: dict[type[Recorded], list[int]] = defaultdict(list)
        self._sent: set[type[SQLModel]] = set()
        self._touched = False

    def __bool__(self) -> bool:
        return self._touched

    def add(self, *rows: SQLModel) -> None:
        """Rows of any table; recorded ones are valid from this revision on."""
        for row in rows:
            self.enter(type(row), {name: getattr(row, name) for name in columns_of(type(row))})

    def enter(self, table: type[SQLModel], *rows: Row) -> None:
        """The same, by column."""
        self._touched = self._touched or bool(rows)
        self._rows[table].extend(rows)

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
                if column := _document_of(table):
                    self.documents |= {id_ for row in rows if (id_ := row.get(column))}
                send(self.session.connection(), table, rows)
                self._sent.add(table)

    def seal(self, by: By) -> int:
        """Send what is left and number the revision: last, so that numbers are in commit order.

        Returns the number. From here to the commit other writers wait for the counter's row. The time is at
        most PROMPT seconds ago when this returns, so that readers know when a time is final: where the rules
        of the record take longer, the revision is sealed anew with a time that lies ahead by as much.
        """
        self.flush()
        introduce(self.session.connection(), self._sent)
        prepare = self.session.info.get("prepare")
        # Before others wait. Where nobody prepares, what was prepared holds no longer.
        prepare(self) if prepare else outdate(self.session, self.key, self.documents)
        if postgresql := self.session.get_bind().dialect.name == "postgresql":
            self.session.execute(_ROW_BY_ROW)
        ahead = 0.0
        while True:
            with self.session.begin_nested() as attempt:
                number, time = self._count(ahead)
                revision = insert(Revision).values(key=self.key, number=number, time=time, **asdict(by))
                self.session.execute(revision)
                record_events(self.session, self.key, number)
                record_tombstones(self.session, self.key, number)
                if postgresql:
                    # What is deferred would be checked in the commit, after the time was looked at.
                    self.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
                    self.session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
                late = (_now() - datetime.datetime.fromisoformat(time)).total_seconds()
                if late <= PROMPT:
                    if ahead and late < 0:
                        sleep(-late)
                    return number
                attempt.rollback()
            ahead += late + 1

    def _count(self, ahead: float) -> tuple[int, str]:
        """The next number, and a time that is later than all others even if the clock was set back."""
        last = self.session.execute(select(col(Counter.time)).with_for_update()).scalar_one()
        after = datetime.datetime.fromisoformat(last) + datetime.timedelta(milliseconds=1)
        time = written(max(_now() + datetime.timedelta(seconds=ahead), after))
        count = update(Counter).values(number=col(Counter.number) + 1, time=time)
        return int(self.session.execute(count.returning(col(Counter.number))).scalar_one()), time

    def _close(self, model: type[Recorded], keys: Sequence[int]) -> None:
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            statement = update(model).where(col(model.row_key).in_(part), col(model.superseded).is_(None))
            document = getattr(model, _document_of(model) or "superseded")
            closed = self.session.execute(statement.values(superseded=self.key).returning(document))
            documents = list(closed.scalars())
            if len(documents) != len(part):
                raise Conflict(f"{model.__name__.lower()}: a row was corrected meanwhile")
            if _document_of(model):
                self.documents |= {id_ for id_ in documents if id_}


def _document_of(model: type[SQLModel]) -> str | None:
    """The column that holds the document's id, none where rows belong to no document."""
    if model is Document:
        return "id"
    return "document_id" if "document_id" in model.model_fields else None


def final() -> str:
    """The last moment of which all revisions are committed, even if the newest one is earlier."""
    return written(_now() - datetime.timedelta(seconds=FINAL))


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def newest(session: Session) -> tuple[int, str]:
    """Number and time of the newest revision; 0 is the empty record."""
    number, time = session.execute(select(col(Counter.number), col(Counter.time))).one()
    return int(number), str(time)
