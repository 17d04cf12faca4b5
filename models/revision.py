"""A revision: one committed change of the record, numbered without gaps in commit order."""

from sqlalchemy import BigInteger, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.columns import check, column


class RevisionBase(SQLModel):
    """What the record says of a revision."""

    number: int = Field(sa_type=BigInteger, description="Place in the gap-free order of commits", ge=0)
    time: str = column(
        "When it was committed, UTC, never before an earlier one", examples=["2024-10-16T08:00:00.000Z"]
    )
    agent: str | None = column("Who changed the record", default=None, examples=["desk"])
    tool: str | None = column("With which tool", default=None, examples=["onrecord load"])
    reason: str | None = column("Why, in one of a few words", default=None, examples=["load"])
    note: str | None = column(
        "Why, in free words", default=None, examples=["The ministry corrected the count."]
    )


class Revision(RevisionBase, table=True):
    """Rows point at `key`, made when work begins; `number` comes last, so that a long load blocks nobody."""

    __table_args__ = (
        UniqueConstraint("number"),
        check("time", "length(time) = 24 AND time LIKE '____-__-__T__:__:__.___Z'"),
        check("number", "number >= 0"),
    )

    key: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})


class Counter(SQLModel, table=True):
    """The one row that numbers revisions. Its number must have a revision at commit: so there are no gaps."""

    __table_args__ = (
        check("one", "id = 1"),
        ForeignKeyConstraint(["number"], ["revision.number"], deferrable=True, initially="DEFERRED"),
    )

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(sa_type=BigInteger)
    time: str = column("Of the last revision")
