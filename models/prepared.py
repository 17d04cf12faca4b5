"""What follows from the rows of documents and is prepared when they are written, so that reading is quick.

It says nothing of its own: whatever a revision touches is prepared anew, and what nobody prepared is made
when it is read. Like the record it is kept by revision, so that reading as of an earlier one is as quick.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Index, and_, or_, text, update
from sqlmodel import Field, Session, SQLModel, col

from models.columns import check, column
from models.recorded import numbered

# As many documents as one statement is sent.
AT_ONCE = 500


class Prepared(SQLModel):
    """For which revisions a prepared row holds: from the one with key `since` up to that of `until`."""

    since: int = Field(sa_type=BigInteger)
    until: int | None = Field(default=None, sa_type=BigInteger)


class Shown(Prepared, table=True):
    """An item of a document as it is shown: JSON, with holes for what other documents may change."""

    __table_args__ = (Index("ix_shown_row_key", "row_key"),)

    document_id: str = column("The document", primary_key=True)
    row_key: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    since: int = Field(sa_type=BigInteger, primary_key=True)
    body: str = column("JSON, with holes")


class Found(Prepared, table=True):
    """An item of a document by one of the values that a filter finds it by, in the order of its list."""

    __table_args__ = (
        Index("ix_found_order", "name", "value", text("rank DESC"), "document_id", "start", "id", "until"),
        {"sqlite_with_rowid": False},
    )

    document_id: str = column("The document", primary_key=True)
    row_key: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str = column("List and filter", primary_key=True, examples=["quotes.speaker"])
    value: str = column("What is asked for", primary_key=True, examples=["benjamin-netanyahu"])
    since: int = Field(sa_type=BigInteger, primary_key=True)
    rank: str = column("First sort value of the list's own order")
    start: int = Field(description="Place in the text")
    id: str = column("Id of the item")


class Complete(SQLModel, table=True):
    """The one row that says from which revision on everything is prepared; none if something is missing."""

    __table_args__ = (check("one", "id = 1"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int | None = Field(default=None, sa_type=BigInteger)


PREPARED: tuple[type[Prepared], ...] = (Shown, Found)


def holds(model: Any, at: Any) -> ColumnElement[bool]:
    """The condition that a prepared row holds now (`at` None) or at revision `at`."""
    now: ColumnElement[bool] = model.until.is_(None)
    if at is None:
        return now
    return and_(numbered(model.since) <= at, or_(now, numbered(model.until) > at))


def outdate(session: Session, key: int, documents: Collection[str]) -> None:
    """End what was prepared of these documents with the revision of this key: nobody prepares it anew."""
    ids = sorted(documents)
    if ids:
        session.execute(update(Complete).values(number=None))
    for start in range(0, len(ids), AT_ONCE):
        for model in PREPARED:
            rows: Any = col(model.document_id).in_(ids[start : start + AT_ONCE])  # type: ignore[attr-defined]
            session.execute(update(model).where(rows, col(model.until).is_(None)).values(until=key))
