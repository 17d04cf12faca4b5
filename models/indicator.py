"""An indicator: a question that claims of several documents answer."""

from sqlalchemy import Index
from sqlmodel import SQLModel

from models.columns import check, column, recorded
from models.recorded import Recorded


class IndicatorBase(SQLModel):
    """What the record says of an indicator in its own words."""

    id: str = column("Slug", examples=["killed-in-lebanon-since-october-2023"])
    label: str = column("The question in words", examples=["Killed in Lebanon since October 2023"])
    measure: str = column("Term of the vocabulary at /v1/measures", examples=["killed"])
    counted: str | None = column("What is counted", default=None, examples=["people"])
    unit: str | None = column("Unit of the values", default=None, examples=["person"])


class Indicator(IndicatorBase, Recorded, table=True):
    """One state of an indicator."""

    __table_args__ = (
        *recorded("indicator"),
        Index("ix_indicator_place", "place_id"),
        check("label", "length(label) > 0"),
    )

    place_id: str | None = column("Where", default=None)
