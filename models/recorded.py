"""Recorded rows: nothing changes in place, each row is valid for the revisions `[recorded, superseded)`."""

import itertools
import secrets
import time
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col

from models.columns import column
from models.revision import Revision


def key_run(after: str | None = None) -> "itertools.count[int]":
    """Keys for the rows of one transaction: 63 bits, rising with time, made without asking the database.

    `after` is a time, as of the newest revision: a clock that was set back gives no keys before its rows.
    Microseconds are shifted by ten bits: a transaction would have to write a thousand rows a microsecond
    before its keys met those of the next one; the primary key refuses them if they ever do.
    """
    newest = round(datetime.fromisoformat(after).timestamp() * 1_000_000) if after else 0
    return itertools.count((max(time.time_ns() // 1000, newest) << 10) | secrets.randbits(10))


class Recorded(SQLModel):
    """What every recorded noun carries besides its own fields."""

    row_key: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    recorded: int = Field(sa_type=BigInteger)
    superseded: int | None = Field(default=None, sa_type=BigInteger)
    # Of the row and all that it owns: two states of an id are the same if their digests are.
    digest: str = column("SHA-256 of the row and what it owns")
    folded: str = column("The words that full text finds, folded")


def valid(model: Any, at: Any) -> ColumnElement[bool]:
    """The one clause that reads a table as it stands (`at` None), or as it stood at revision `at`.

    The two forms agree at the newest revision; the first is served by the partial index of current rows.
    """
    now: ColumnElement[bool] = model.superseded.is_(None)
    if at is None:
        return now
    return and_(numbered(model.recorded) <= at, or_(now, numbered(model.superseded) > at))


def numbered(key: Any) -> ColumnElement[int]:
    """The number of the revision with this key; null while it is being written."""
    revision = aliased(Revision, name="of_row")
    number = select(col(revision.number)).where(col(revision.key) == key)
    # The statement around it may read revisions, too: theirs is another one.
    return number.correlate_except(revision).scalar_subquery()
