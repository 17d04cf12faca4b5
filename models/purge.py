"""A purge: the tombstone of what was removed for legal reasons, the one exception to `nothing is deleted`."""

from collections.abc import Iterable
from typing import Literal

from sqlalchemy import BigInteger, ForeignKeyConstraint, select, text
from sqlmodel import Field, Session, SQLModel, col

from models.columns import check, column, one_of

PurgedNoun = Literal["document", "entity", "indicator"]


class Purge(SQLModel, table=True):
    """While its revision is being written the rows of the document may be deleted, and what is shared."""

    __table_args__ = (
        ForeignKeyConstraint(["recorded"], ["revision.key"], deferrable=True, initially="DEFERRED"),
        one_of("noun", PurgedNoun),
        check("reason", "length(reason) > 0"),
    )

    noun: str = column("What was removed", primary_key=True)
    id: str = column("Its id", primary_key=True)
    recorded: int = Field(sa_type=BigInteger)
    reason: str = column("Why, for those who run the service alone")
    erased: str | None = column(
        "Since when its words are gone from the files of the database, too; none: not yet", default=None
    )


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


# Each item of which events tell, in the order of other events; for those to whom they tell of it. What is
# purged comes first, which a CROSS JOIN tells SQLite: it is little, the events are many.
_TOMBSTONES = """
    WITH told AS (
        SELECT e.* FROM purge p CROSS JOIN event e
        WHERE e.document_id = p.id AND p.recorded = :key AND p.noun = 'document'
        UNION
        SELECT e.* FROM purge p CROSS JOIN event e
        WHERE e.id = p.id AND e.noun = 'entity' AND e.document_id IS NULL
            AND p.recorded = :key AND p.noun = 'entity'
    ),
    item AS (
        SELECT noun, id, document_id, max(kind) AS kind, max(public) AS public,
            CASE noun WHEN 'document' THEN 0 WHEN 'quote' THEN 1 WHEN 'claim' THEN 2 ELSE 3 END AS rank
        FROM told GROUP BY noun, id, document_id
    )
    INSERT INTO event (revision, position, noun, id, document_id, kind, public)
    SELECT :number,
        (SELECT coalesce(max(e.position), -1) FROM event e WHERE e.revision = :number)
            + row_number() OVER (ORDER BY rank, id),
        noun, id, document_id,
        CASE WHEN kind IS NOT NULL THEN 'purged' END, CASE WHEN public IS NOT NULL THEN 'purged' END
    FROM item
"""


def record_tombstones(session: Session, key: int, number: int) -> None:
    """Write the events of what the revision with this key and number purges: ids, and that they are gone.

    Rows that are deleted are not seen to go; the events before tell what there was, and who could see it.
    """
    session.execute(text(_TOMBSTONES), {"key": key, "number": number})
