"""An event: what one revision did to one item, for those who follow the record."""

from typing import Literal

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel

from models.columns import check, column, one_of

EventNoun = Literal["document", "entity", "quote", "claim"]
PURGED = text("kind = 'purged' OR public = 'purged'")
EventKind = Literal["created", "corrected", "withdrawn", "merged", "unmerged", "purged"]


class Event(SQLModel, table=True):
    """Written in the transaction of its revision, in commit order: feed and outbox in one.

    What happened depends on who looks: `public` is for readers of published documents, `kind` for the
    desk, which also sees drafts. A draft that is published exists for the desk already; its readers see it
    and all that stands in it being created. Null: nothing happened that they could see.
    """

    __table_args__ = (
        ForeignKeyConstraint(["revision"], ["revision.number"], deferrable=True, initially="DEFERRED"),
        Index("ix_event_id", "id"),
        Index("ix_event_document", "document_id", "revision", "position"),
        Index("ix_event_row_key", "row_key"),
        Index("ix_event_before_key", "before_key"),
        Index("ix_event_purged", "revision", "position", sqlite_where=PURGED, postgresql_where=PURGED),
        one_of("noun", EventNoun),
        one_of("kind", EventKind),
        one_of("public", EventKind),
        check("told", "kind IS NOT NULL OR public IS NOT NULL"),
        check("position", "position >= 0"),
    )

    revision: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    position: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    noun: str = column("What it happened to")
    id: str = column("Its id")
    document_id: str | None = column("The document that it stands in, or is", default=None)
    kind: str | None = column("What happened, for the desk", default=None)
    public: str | None = column("What happened, for readers", default=None)
    row_key: int | None = Field(default=None, sa_type=BigInteger)
    before_key: int | None = Field(default=None, sa_type=BigInteger)
