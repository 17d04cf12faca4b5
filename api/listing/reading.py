"""A reading: at which revision a request reads the record, through one snapshot of one session."""

import datetime
import re
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Select, bindparam, func, literal, select
from sqlmodel import Session, col

from api.listing.words import Term, parse
from api.problems import Mistake, Problem, unprocessable
from models import prepared, recorded
from models.document import Document
from models.entity import Entity
from models.moment import written
from models.prepared import Complete, Found
from models.purge import Purge
from models.record import FINAL, final
from models.revision import Counter, Revision

# What the parameter of all statements is called that says at which revision they read.
AT_REVISION = "at_revision"


@dataclass(frozen=True)
class Reading:
    """`number` is the revision that is read, `newest` the last one; `began` tells one record from another.

    A purge makes another one of it: nobody may keep what was purged because its revision did not change.
    """

    session: Session
    number: int
    newest: int
    began: str
    sqlite: bool
    # The words that are sought, as they were given.
    sought: str | None = None
    # Whether the reader is of the desk, which sees drafts and what is under embargo.
    desk: bool = False
    # Whether entities were ever merged, so that what names one may have to be resolved.
    merged: bool = False
    # Whether it reads what a revision is about to record, which has no row yet.
    unsealed: bool = False
    # The revision from which on all items are prepared; none if some are not.
    complete: int | None = None

    @property
    def terms(self) -> tuple[Term, ...]:
        """What is sought, in terms."""
        return parse(self.sought) if self.sought else ()

    @property
    def record(self) -> str:
        """When the record began, whatever was purged since: those who follow it go on following it."""
        return self.began.partition(" ")[0]

    @property
    def at_revision(self) -> BindParameter[int] | None:
        """The revision as a parameter of statements, always of one name; none for the newest one."""
        return None if self.number == self.newest else bindparam(AT_REVISION, self.number, BigInteger)

    @cached_property
    def shape(self) -> Hashable:
        """What of it decides how statements are built."""
        return self.sqlite, self.number == self.newest, self.desk, self.merged, self.prepared

    @property
    def prepared(self) -> bool:
        """Whether all items are prepared at this revision."""
        return self.complete is not None and self.number >= self.complete

    def valid(self, model: Any) -> ColumnElement[bool]:
        """The one clause that makes a select answer for this revision."""
        return recorded.valid(model, self.at_revision)

    def holds(self, model: Any) -> ColumnElement[bool]:
        """The same for what is prepared."""
        return prepared.holds(model, self.at_revision)

    @property
    def finds(self) -> bool:
        """Whether items are found by what is prepared of their relations.

        Where entities were merged, several values stand for one, and what was prepared does not say which.
        """
        return self.prepared and not self.merged

    def found(self, relation: str) -> ColumnElement[bool]:
        """The rows of a prepared relation, such as `quotes.speaker`."""
        return (col(Found.name) == literal(relation, literal_execute=True)) & self.holds(Found)

    def sees(self, document: Any) -> ColumnElement[bool]:
        """The condition that a document, and what stands in it, can be read."""
        status = document.status
        sees: ColumnElement[bool] = status != "withdrawn" if self.desk else status == "published"
        return sees

    def hidden(self) -> Select[Any]:
        """The ids of the documents that cannot be read: few, with an index that is worded as this is."""
        unpublished = col(Document.status) != literal("published", literal_execute=True)
        # As no other index is worded: SQLite counts on one with few rows to have many.
        now = func.coalesce(col(Document.superseded), 0) == 0
        ids = select(col(Document.id)).where(
            now if self.at_revision is None else self.valid(Document), unpublished
        )
        return ids.where(col(Document.status) == "withdrawn") if self.desk else ids

    def at(self, number: int) -> "Reading":
        """The same at an earlier revision, in the same snapshot."""
        return replace(self, number=number)


_TIME = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?".replace(r"\d", "[0-9]")
MOMENT, AS_OF = rf"^{_TIME}$", rf"^([0-9]{{1,15}}|{_TIME})$"


def read(session: Session, as_of: str | None, sought: str | None = None, *, desk: bool = False) -> Reading:
    """Begin a reading, in one statement; `as_of` is a revision's number or an ISO 8601 time (UTC by default).

    What is not final is refused, because the answer would change: what is still to come, and a time of the
    last seconds after the newest revision. A revision gets its time when it is sealed, later than all before,
    and can be read once it is committed (`models.record.Change.seal`): so a time up to the newest revision's
    is final, and a later one when no revision with an earlier time can be on its way any more.
    """
    number, moment = _as_of(as_of)
    # Before the statement, whose snapshot has everything that was committed by then.
    now, settled = written(datetime.datetime.now(datetime.UTC)), final()
    began = select(col(Revision.time)).where(col(Revision.number) == 0).scalar_subquery()
    merged = select(col(Entity.survivor)).where(col(Entity.survivor).is_not(None)).exists()
    purges = select(func.count()).select_from(Purge).scalar_subquery()
    complete = select(col(Complete.number)).scalar_subquery()
    columns: list[Any] = [col(Counter.number), col(Counter.time), began, purges, merged, complete]
    if moment is not None:
        before = select(func.coalesce(func.max(col(Revision.number)), 0)).where(col(Revision.time) <= moment)
        columns.append(before.scalar_subquery())
    newest, time, beginning, purged, resolve, ready, *at = session.execute(select(*columns)).one()
    if (number is not None and number > newest) or (moment is not None and moment > now):
        raise _not_final(f"still to come; the newest revision is {newest}")
    if moment is not None and moment > max(time, settled):
        raise _not_final(f"too recent to be final; give a revision, or a time at least {FINAL} seconds ago")
    revision = number if number is not None else at[0] if at else newest
    bind = session.get_bind()
    sqlite = bind.dialect.name == "sqlite"
    beginning = f"{beginning} {purged}" if purged else beginning
    return Reading(
        session, revision, newest, beginning, sqlite, sought, desk, merged=bool(resolve), complete=ready
    )


def _as_of(value: str | None) -> tuple[int | None, str | None]:
    if value is None:
        return None, None
    if re.fullmatch(r"\d{1,15}", value, re.ASCII):
        return int(value), None
    try:
        return None, moment(value)
    except ValueError:
        message = "neither a revision nor a time such as 2024-10-16T08:00:00Z"
        raise unprocessable(Mistake(parameter="as_of", message=message)) from None


def moment(value: str) -> str:
    """An ISO 8601 time as the record writes it: UTC, milliseconds; a day is its first moment."""
    if not re.fullmatch(_TIME, value):
        raise ValueError("not in the one form that is documented")
    time = datetime.datetime.fromisoformat(value)
    aware = time if time.tzinfo else time.replace(tzinfo=datetime.UTC)
    if not 1 < aware.year < 9999:
        raise ValueError("no such time in UTC")
    return written(aware)


def _not_final(message: str) -> Problem:
    return unprocessable(Mistake(parameter="as_of", message=message))
