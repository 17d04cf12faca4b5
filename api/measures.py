"""Measures: the vocabulary of what claims count."""

from typing import Any

from pydantic import Field
from sqlalchemy import RowMapping, Select, func, select
from sqlmodel import col

from api.entities import published
from api.listing.filters import Contains, Counts, Exact, Moments
from api.listing.reading import Reading
from api.listing.resource import Parts, Resource, Sort
from api.nested import RECORDED_COLUMNS, RecordedView, recorded_view
from models.claim import Claim
from models.measure import Measure, MeasureBase
from models.revision import Revision


class MeasureView(MeasureBase):
    """A measure with the number of claims that use it."""

    claims: int = Field(description="Claims that use it", examples=[5])
    recorded: RecordedView = Field(description="Since when this state is on record")


def claim_count(reading: Reading) -> Any:
    """Claims of the measure of the row."""
    claims = (
        select(func.count()).select_from(Claim).where(col(Claim.measure) == Measure.id, reading.valid(Claim))
    )
    return claims.where(published(reading, Claim.document_id)).correlate(Measure).scalar_subquery()


def _select(reading: Reading) -> Select[Any]:
    own = [col(getattr(Measure, name)) for name in ("row_key", *MeasureBase.model_fields)]
    statement = select(*own, claim_count(reading).label("claims"), *RECORDED_COLUMNS).select_from(Measure)
    return statement.join(Revision, col(Revision.key) == Measure.recorded).where(reading.valid(Measure))


def _render(row: RowMapping, _: Parts) -> dict[str, Any]:
    own = {name: row[name] for name in MeasureBase.model_fields}
    return own | {"claims": row["claims"], "recorded": recorded_view(row)}


MEASURES = Resource(
    name="measures",
    noun="measure",
    about="The vocabulary of what claims count, with definitions.",
    model=Measure,
    view=MeasureView,
    select=_select,
    render=_render,
    filters=(
        Exact(name="id", of=col(Measure.id), about="Terms.", example="killed", counted=False),
        Exact(name="unit", of=col(Measure.unit), about="Unit of a value that names none.", example="person"),
        Contains(
            name="definition", folded=col(Measure.folded), about="Part of its words.", example="persons"
        ),
        Counts(name="claims", count=claim_count, about="Number of claims that use it.", example=1),
        Moments(
            name="recorded",
            time=col(Revision.time),
            about="Time at which this state was recorded.",
            example="2024-10-15",
        ),
    ),
    sorts={
        "id": Sort("term", (col(Measure.id),)),
        "label": Sort("label", (col(Measure.label),)),
        "recorded": Sort("revision", (col(Revision.number),)),
    },
    default_sort="id",
    tie=(col(Measure.id),),
    words="term, label and definition",
)
