"""A purge: the tombstone of what was removed for legal reasons, the one exception to `nothing is deleted`."""

from collections.abc import Iterable
from typing import Literal

from sqlalchemy import BigInteger, ForeignKeyConstraint, select
from sqlmodel import Field, Session, SQLModel, col

from models.columns import column, one_of

PurgedNoun = Literal["document", "entity", "indicator"]


class Purge(SQLModel, table=True):
    """While its revision is being written the rows of the document, or of the entity, may be deleted."""

    __table_args__ = (
        ForeignKeyConstraint(["recorded"], ["revision.key"], deferrable=True, initially="DEFERRED"),
        one_of("noun", PurgedNoun),
    )

    noun: str = column("What was removed", primary_key=True)
    id: str = column("Its id", primary_key=True)
    recorded: int = Field(sa_type=BigInteger)


class Purged(ValueError):
    """What was purged does not come back under its id."""


def refuse_purged(session: Session, documents: Iterable[str]) -> None:
    """Raise Purged if one of the documents was purged."""
    ids = list(documents)
    for start in range(0, len(ids), 500):
        purged = select(col(Purge.id)).where(
            col(Purge.noun) == "document", col(Purge.id).in_(ids[start : start + 500])
        )
        if found := session.execute(purged.order_by(col(Purge.id)).limit(1)).scalar():
            raise Purged(
                f"document {found}: it was purged for legal reasons; what is another article has another id"
            )
