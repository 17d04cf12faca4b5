"""Indicators: the questions that claims of several documents answer."""

from typing import Any

from pydantic import Field
from sqlalchemy import RowMapping, Select, func, select
from sqlmodel import col

from api.entities import entity_operators, published
from api.listing.filters import Contains, Counts, Exact, Moments
from api.listing.reading import Reading
from api.listing.resource import Parts, Resource, Sort
from api.nested import (
    RECORDED_COLUMNS,
    EntityReference,
    RecordedView,
    entity_columns,
    entity_reference,
    recorded_view,
)
from models.claim import Claim
from models.entity import Entity
from models.indicator import Indicator, IndicatorBase
from models.revision import Revision


class IndicatorView(IndicatorBase):
    """An indicator with the number of claims that answer it, and where they are."""

    place: EntityReference | None = Field(description="Where")
    claims: int = Field(description="Claims that answer it", examples=[2])
    claims_url: str = Field(description="Those claims", examples=["/v1/claims?indicator=killed-in-lebanon"])
    recorded: RecordedView = Field(description="Since when this state is on record")


def claim_count(reading: Reading) -> Any:
    """Claims that answer the indicator of the row."""
    claims = (
        select(func.count())
        .select_from(Claim)
        .where(col(Claim.indicator_id) == Indicator.id, reading.valid(Claim))
    )
    return claims.where(published(reading, Claim.document_id)).correlate(Indicator).scalar_subquery()


def _select(reading: Reading) -> Select[Any]:
    own = [col(getattr(Indicator, name)) for name in ("row_key", *IndicatorBase.model_fields)]
    place = [column.label(f"place_{name}") for name, column in entity_columns(Entity).items()]
    return (
        select(*own, *place, claim_count(reading).label("claims"), *RECORDED_COLUMNS)
        .select_from(Indicator)
        .join(Revision, col(Revision.key) == Indicator.recorded)
        .outerjoin(Entity, (col(Entity.id) == Indicator.place_id) & reading.valid(Entity))
        .where(reading.valid(Indicator))
    )


def _render(row: RowMapping, _: Parts) -> dict[str, Any]:
    return {name: row[name] for name in IndicatorBase.model_fields} | {
        "place": entity_reference(row, "place_"),
        "claims": row["claims"],
        "claims_url": f"/v1/claims?indicator={row['id']}",
        "recorded": recorded_view(row),
    }


INDICATORS = Resource(
    name="indicators",
    noun="indicator",
    about="Questions that claims of several documents answer, so that their figures can be compared.",
    model=Indicator,
    view=IndicatorView,
    select=_select,
    render=_render,
    filters=(
        Exact(name="id", of=col(Indicator.id), about="Ids of indicators.", example="killed-in-lebanon", counted=False),
        Exact(name="measure", of=col(Indicator.measure), about="Term of the vocabulary.", example="killed"),
        Exact(name="place", of=col(Indicator.place_id), label=col(Entity.name), about="Where.", example="lebanon", none=True, operators=entity_operators("place", "lebanon", within="lebanon")),
        Contains(name="label", folded=col(Indicator.folded), about="Part of the question.", example="killed"),
        Counts(name="claims", count=claim_count, about="Number of claims that answer it.", example=1),
        Moments(name="recorded", time=col(Revision.time), about="Time at which this state was recorded.", example="2024-10-15"),
    ),
    sorts={
        "id": Sort("id", (col(Indicator.id),)),
        "label": Sort("question", (col(Indicator.label),)),
        "recorded": Sort("revision", (col(Revision.number),)),
    },
    default_sort="id",
    tie=(col(Indicator.id),),
    words="the question",
)  # fmt: skip
