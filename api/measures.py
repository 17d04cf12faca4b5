"""Measures: the vocabulary of what claims count."""

from typing import Any

from pydantic import Field
from sqlalchemy import RowMapping, Select, func
from sqlmodel import col

from api.following.entries import measure_entry
from api.listing.filters import Contains, Counts, Exact
from api.listing.reading import Reading
from api.listing.resource import Parts, Resource, Sort
from api.listing.sql import select
from api.nested import RECORDED, RECORDED_COLUMNS, published, recorded_view
from api.nodes import measure_node
from api.views import RecordedView
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
    entry=measure_entry,
    node=measure_node,
    filters=(
        Exact("id", "Terms.", "killed", of=col(Measure.id), counted=False, names="measures"),
        Exact("unit", "Unit of a value that names none.", "person", of=col(Measure.unit)),
        Contains("definition", "Part of its words.", "persons", folded=col(Measure.folded)),
        Counts("claims", "Number of claims that use it.", 1, count=claim_count),
        RECORDED,
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
