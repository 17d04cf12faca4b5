"""Claims: who gave which figure, of what, where, over which period."""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import RowMapping, Select
from sqlmodel import col

from api.chain import ClaimSourceView, source_views, sources
from api.entities import entity_labels, entity_operators
from api.following.entries import claim_entry
from api.listing.filters import Contains, Exact
from api.listing.ranges import Bounds, Dates, Numbers
from api.listing.reading import Reading
from api.listing.resource import Include, Part, Parts, Resource, Sort
from api.listing.sql import aliased, select
from api.listing.table import JSON_ONLY
from api.nested import (
    DOCUMENT_COLUMNS,
    RECORDED_COLUMNS,
    SPANS,
    TIMES,
    document_filters,
    document_reference,
    entity_columns,
    entity_reference,
    exact_number,
    in_document,
    indicator_reference,
    recorded_view,
    sentences_of,
    spans,
    texts_of,
    times,
)
from api.nodes import claim_node
from api.sources import (
    STANCE_AND_QUOTE,
    about_claims,
    behind_claims,
    days_of,
    source_of,
    speaker_of,
    trait,
)
from api.survivors import OfEntity, survivor
from api.views import (
    SEED,
    DocumentReference,
    EntityReference,
    IndicatorReference,
    Number,
    RecordedView,
    SentenceView,
    SpanView,
    TimexView,
)
from models.claim import Claim, ClaimBase, ClaimSource
from models.document import Document
from models.entity import Entity
from models.indicator import Indicator
from models.measures import vocabulary
from models.vocabulary import Aggregation, BoundsBasis, Comparator, Modality


class ClaimView(ClaimBase):
    """A claim with its bounds, its sources and its characters. Without a source it is the outlet's own."""

    value: Number | None = Field(description="The number as stated; none if none is", examples=[2350])
    low: Number | None = Field(description="Lower bound", examples=[2350])
    high: Number | None = Field(description="Upper bound", examples=[None])
    document: DocumentReference = Field(description="Where it stands")
    place: EntityReference | None = Field(description="Where it holds")
    responsible: EntityReference | None = Field(description="Who is said to have caused it")
    period: TimexView | None = Field(description="Over which period")
    reference_date: TimexView | None = Field(description="As of which day")
    sources: list[ClaimSourceView] = Field(description="On whose word; none: the outlet's own voice")
    indicator: IndicatorReference | None = Field(description="The question that it answers")
    subset_of: str | None = Field(description="Id of the claim that it is part of", examples=[None])
    refines: str | None = Field(description="Id of the claim that it makes more exact", examples=[None])
    caveats: list[str] = Field(description="What the article says that limits the figure")
    spans: Annotated[list[SpanView], JSON_ONLY] = Field(
        description="The characters of the article, by role; the figure is `number`"
    )
    recorded: RecordedView = Field(description="Since when this state is on record")
    text_sha256: str = Field(description="SHA-256 of the text that the offsets count in")
    sentences: Annotated[list[SentenceView] | None, JSON_ONLY] = Field(
        None, description="With `include=sentences`"
    )


PLACE, RESPONSIBLE = aliased(Entity, "place"), aliased(Entity, "responsible")


def _bare(reading: Reading) -> Select[Any]:
    return select(col(Claim.row_key)).where(reading.valid(Claim))


def _select(reading: Reading) -> Select[Any]:
    more = ("text_sha256", "value", "low", "high", "subset_of", "refines")
    own = [col(getattr(Claim, name)) for name in ("row_key", *ClaimBase.model_fields, *more)]
    entities = [
        column.label(f"{name}_{key}")
        for name, entity in (("place", PLACE), ("responsible", RESPONSIBLE))
        for key, column in entity_columns(entity).items()
    ]
    indicator: Any = (col(Indicator.id).label("indicator_id"), col(Indicator.label).label("indicator_label"))
    columns = (*own, *entities, *indicator, *DOCUMENT_COLUMNS, *RECORDED_COLUMNS)
    return (
        in_document(select(*columns).select_from(Claim), Claim, reading)
        .outerjoin(PLACE, (PLACE.id == survivor(reading, Claim.place_id)) & reading.valid(PLACE))
        .outerjoin(
            RESPONSIBLE,
            (RESPONSIBLE.id == survivor(reading, Claim.responsible_id)) & reading.valid(RESPONSIBLE),
        )
        .outerjoin(Indicator, (col(Indicator.id) == Claim.indicator_id) & reading.valid(Indicator))
    )


def _render(row: RowMapping, parts: Parts) -> dict[str, Any]:
    own, when = spans(parts), times(parts)
    numbers = {name: exact_number(row[name]) for name in ("value", "low", "high")}
    return {name: row[name] for name in ClaimBase.model_fields} | numbers | {
        "document": document_reference(row),
        "place": entity_reference(row, "place_"),
        "responsible": entity_reference(row, "responsible_"),
        "period": when.get("period"),
        "reference_date": when.get("reference"),
        "sources": source_views(parts.get("sources", [])),
        "indicator": indicator_reference(row),
        "subset_of": row["subset_of"],
        "refines": row["refines"],
        "caveats": [span["exact"] for span in own if span["role"] == "caveat"],
        "spans": own,
        "recorded": recorded_view(row),
        "text_sha256": row["text_sha256"],
    }  # fmt: skip


KEY = col(Claim.row_key)
SOURCED = select(1).where(col(ClaimSource.claim_key) == KEY).correlate(Claim).exists()
TERMS = frozenset(vocabulary())
MINISTRY, KILLED = "lebanese-health-ministry", "killed-in-lebanon-since-october-2023"
CLAIMS = Resource(
    name="claims",
    noun="claim",
    about="Numeric claims: exact or vague figures with bounds, place, period, and on whose word.",
    model=Claim,
    view=ClaimView,
    select=_select,
    bare=_bare,
    render=_render,
    entry=claim_entry,
    node=claim_node,
    prepared=True,
    texts=texts_of(Claim),
    parts=(SPANS, TIMES, Part("sources", sources)),
    filters=(
        Exact("id", "Ids of claims.", f"{SEED}.c1", of=col(Claim.id), counted=False, names="claims"),
        Exact(
            "measure", "Term of the vocabulary at /v1/measures.", "killed", of=col(Claim.measure),
            names="measures", vocabulary=TERMS,
        ),
        Numbers("value", "The number as stated.", "41", key=col(Claim.value_key)),
        Bounds(
            "range", "`A..B`, both included: the stated bounds overlap it. Unknown ends do not match.",
            "2000..3000", low_key=col(Claim.low_key), high_key=col(Claim.high_key),
            low_end=col(Claim.low_end), high_end=col(Claim.high_end),
        ),
        Exact(
            "comparator", "How the number limits the figure.", ">=",
            of=col(Claim.comparator), type=Comparator,
        ),
        Exact(
            "bounds_basis", "On what basis the bounds are given.", "convention",
            of=col(Claim.bounds_basis), type=BoundsBasis,
        ),
        Exact(
            "modality", "Asserted, possible, projected or denied.", "possible",
            of=col(Claim.modality), type=Modality,
        ),
        Exact(
            "aggregation", "Over a period, one event, a level, or a projection.", "cumulative",
            of=col(Claim.aggregation), type=Aggregation,
        ),
        Exact("unit", "Unit of the value.", "person", of=col(Claim.unit)),
        Contains("statement", "Part of the words of the claim.", "individuals", folded=col(Claim.folded)),
        OfEntity(
            "place", "Where it holds.", "lebanon", of=col(Claim.place_id), label=PLACE.name, shown=PLACE.id,
            none=True, names="entities",
            operators=entity_operators("place", "lebanon", within="lebanon"),
        ),
        OfEntity(
            "responsible", "Who is said to have caused it.", "israel", of=col(Claim.responsible_id),
            label=RESPONSIBLE.name, shown=RESPONSIBLE.id, none=True, names="entities",
            operators=entity_operators("responsible", "israel", within="israel"),
        ),
        Exact(
            "source", "Entity on whose word it is, at any link of the chain; `none`: the outlet's own voice.",
            MINISTRY, by=behind_claims(source_of), key=KEY, none=True,
            labels=entity_labels, operators=entity_operators("source", "ministry"), names="entities",
            has=SOURCED, prepared="claims.source",
        ),
        trait(
            "source__naming", "How a source is named.", "anonymous",
            of=behind_claims(source_of), key=KEY, prepared="claims.source",
        ),
        Exact(
            "speaker", "Entity that speaks a quote behind it, relays left aside.", MINISTRY,
            by=behind_claims(speaker_of), key=KEY, prepared="claims.speaker",
            labels=entity_labels, operators=entity_operators("speaker", "ministry"), names="entities",
        ),
        *STANCE_AND_QUOTE,
        Exact(
            "about", "Entity that it is about: place, responsible party, or mentioned in its words.",
            "hezbollah", by=about_claims, key=KEY, names="entities",
            prepared="claims.about",
            labels=entity_labels, operators=entity_operators("about", "hezbollah", within="lebanon"),
        ),
        Exact(
            "indicator", "Question that it answers.", KILLED, of=col(Claim.indicator_id),
            label=col(Indicator.label), none=True, names="indicators",
        ),
        Exact(
            "subset_of", "Claim that it is part of.", f"{SEED}.c17",
            of=col(Claim.subset_of), counted=False, none=True, names="claims",
        ),
        Exact(
            "refines", "Claim that it makes more exact.", f"{SEED}.c6",
            of=col(Claim.refines), counted=False, none=True, names="claims",
        ),
        Dates(
            "period", "Period that it covers.", "2024-10-14",
            **days_of("period", KEY, col(Claim.period_order)),
        ),
        *document_filters(Claim),
    ),
    sorts={
        "period": Sort("first day of the period, unknown ones first", (col(Claim.period_order),)),
        "value": Sort("value, else lower bound; vague ones first", (col(Claim.value_order),)),
        "published": Sort("day of publication", (col(Document.published_order),)),
        "recorded": Sort("when this state was recorded", (col(Claim.row_key),)),
        "position": Sort("document, then place in it", (col(Claim.document_id),)),
    },
    default_sort="-period",
    tie=(col(Claim.document_id), col(Claim.start), col(Claim.id)),
    includes={"sentences": Include("the sentences that it stands in", sentences_of(Claim))},
    words="the words of the claim",
)  # fmt: skip
