"""A measure: a term for what a claim counts, with its definition."""

from sqlmodel import SQLModel

from models.columns import check, column, recorded
from models.recorded import Recorded


class MeasureBase(SQLModel):
    """What the record says of a measure in its own words."""

    id: str = column("The term", examples=["killed"])
    label: str = column("The term for readers", examples=["Killed"])
    unit: str = column("Unit of a value that names none", examples=["person"])
    definition: str = column("What is counted, and what is not", examples=["Persons who died by violence."])


class Measure(MeasureBase, Recorded, table=True):
    """One state of a measure."""

    __table_args__ = (*recorded("measure"), check("definition", "length(definition) > 0"))
