"""Indicators: the questions that claims of several documents answer."""

from typing import Any

from pydantic import Field
from sqlalchemy import RowMapping, Select, func
from sqlmodel import col

from api.entities import entity_operators
from api.following.entries import indicator_entry
from api.listing.filters import Contains, Counts, Exact
from api.listing.reading import Reading
from api.listing.resource import Parts, Resource, Sort
from api.listing.sql import select
from api.nested import (
    RECORDED,
    RECORDED_COLUMNS,
    entity_columns,
    entity_reference,
    listed_openly,
    published,
    recorded_view,
)
from api.nodes import indicator_node
from api.survivors import OfEntity, survivor
from api.views import EntityReference, RecordedView
from models.claim import Claim
from models.entity import Entity
from models.indicator import Indicator, IndicatorBase
from models.measures import vocabulary
from models.revision import Revision


class IndicatorView(IndicatorBase):
    """An indicator with the number of claims that answer it, and where they are."""

    place: EntityReference | None = Field(description="Where")
    claims: int = Field(description="Claims that answer it", examples=[2])
    claims_url: str = Field(
        description="Those claims", examples=["/v1/claims?indicator=displaced-in-lebanon"]
    )
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
        .outerjoin(Entity, (col(Entity.id) == survivor(reading, Indicator.place_id)) & reading.valid(Entity))
        .where(reading.valid(Indicator), listed_openly(reading, "indicator", Indicator.id))
    )


def _render(row: RowMapping, _: Parts) -> dict[str, Any]:
    return {name: row[name] for name in IndicatorBase.model_fields} | {
        "place": entity_reference(row, "place_"),
        "claims": row["claims"],
        "claims_url": f"/v1/claims?indicator={row['id']}",
        "recorded": recorded_view(row),
    }


TERMS = frozenset(vocabulary())
KILLED = "killed-in-lebanon-since-october-2023"
INDICATORS = Resource(
    name="indicators",
    noun="indicator",
    about="Questions that claims of several documents answer, so that their figures can be compared.",
    model=Indicator,
    view=IndicatorView,
    select=_select,
    render=_render,
    entry=indicator_entry,
    node=indicator_node,
    filters=(
        Exact("id", "Ids of indicators.", KILLED, of=col(Indicator.id), counted=False, names="indicators"),
        Exact(
            "measure", "Term of the vocabulary.", "killed", of=col(Indicator.measure),
            names="measures", vocabulary=TERMS,
        ),
        OfEntity(
            "place", "Where.", "lebanon", of=col(Indicator.place_id), label=col(Entity.name),
            shown=col(Entity.id), none=True,
            names="entities", operators=entity_operators("place", "lebanon", within="lebanon"),
        ),
        Contains("label", "Part of the question.", "killed", folded=col(Indicator.folded)),
        Counts("claims", "Number of claims that answer it.", 1, count=claim_count),
        RECORDED,
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
