"""A timex: a time expression, with the first and the last day that it may mean."""

from typing import Literal

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from models.columns import check, column, one_of
from models.vocabulary import Anchor, TimexBasis, TimexRole

Owner = Literal["quote", "claim"]


class TimexBase(SQLModel):
    """What the record says of a time expression in its own words."""

    value: str = column("EDTF", examples=["2024-10-15"])
    earliest: str | None = column("First day, none if open", default=None, examples=["2024-10-15"])
    latest: str | None = column("Last day, none if open", default=None, examples=["2024-10-15"])
    as_written: str | None = column("The words, none if inferred", default=None, examples=["on Tuesday"])
    anchor: str = column("What a relative expression counts from", examples=["publication"])
    basis: str = column("Whether the words give the date whole", examples=["resolved"])


class Timex(TimexBase, table=True):
    """A time expression of one state of a quote or a claim."""

    __table_args__ = (
        Index("ix_timex_owner", "owner_key"),
        Index("ix_timex_days", "role", "earliest", "latest"),
        one_of("owner", Owner),
        one_of("role", TimexRole),
        one_of("anchor", Anchor),
        one_of("basis", TimexBasis),
        check("days", "earliest <= latest"),
        check("day_length", "coalesce(length(earliest), 10) = 10 AND coalesce(length(latest), 10) = 10"),
        check("known", "earliest IS NOT NULL OR latest IS NOT NULL"),
        check("owner_role", "(owner = 'quote') = (role = 'said')"),
        check("inferred", "as_written IS NOT NULL OR basis = 'inferred'"),
    )

    document_id: str = column("The document", primary_key=True)
    owner_key: int = Field(sa_type=BigInteger, primary_key=True)
    role: str = column("Said, period or reference date", primary_key=True)
    owner: str = column("Noun of the owner")
