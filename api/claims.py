"""Claims: who gave which figure, of what, where, over which period."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import RowMapping, Select, literal, select, union
from sqlalchemy.orm import aliased
from sqlmodel import col

from api.entities import entity_operators
from api.listing.filters import Bounds, Contains, Dates, Exact, Moments, Numbers
from api.listing.reading import Reading
from api.listing.resource import Include, Part, Parts, Resource, Sort
from api.nested import (
    DOCUMENT_COLUMNS,
    RECORDED_COLUMNS,
    SPANS,
    TIMES,
    ChainLink,
    DocumentReference,
    EntityReference,
    Number,
    RecordedView,
    SentenceView,
    SpanView,
    Speaking,
    TimexView,
    document_reference,
    entity_columns,
    entity_reference,
    exact_number,
    in_document,
    part,
    recorded_view,
    sentences_of,
    speaking,
    texts_of,
    times,
)
from api.quotes import chain_links, mentioned_in, on_days, published_days, source_of, speaker_of
from models.claim import Claim, ClaimBase, ClaimSource
from models.document import Document
from models.entity import Entity
from models.indicator import Indicator
from models.quote import Quote, Speaker
from models.revision import Revision
from models.vocabulary import Aggregation, BoundsBasis, Comparator, Modality, Naming, Stance


class ClaimSourceView(BaseModel):
    """A quote that stands behind a claim."""

    stance: str = ClaimSource.model_fields["stance"]
    quote: str = Field(description="Id of the quote", examples=["beirut-strikes-2024-10-15.q30"])
    speakers: list[Speaking] = Field(description="Who speaks it")
    chain: list[ChainLink] = Field(description="The quotes that relay it, innermost first")


class IndicatorReference(BaseModel):
    """An indicator in brief."""

    id: str = Indicator.model_fields["id"]
    label: str = Indicator.model_fields["label"]


class ClaimView(ClaimBase):
    """A claim with its bounds, its sources and the characters it stands on. Without a source it is the outlet's own."""

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
    spans: list[SpanView] = Field(
        description="The characters of the article, by role; the figure is `number`"
    )
    recorded: RecordedView = Field(description="Since when this state is on record")
    text_sha256: str = Field(description="SHA-256 of the text that the offsets count in")
    sentences: list[SentenceView] | None = Field(None, description="With `include=sentences`")


PLACE, RESPONSIBLE = aliased(Entity, name="place"), aliased(Entity, name="responsible")


def _select(reading: Reading) -> Select[Any]:
    more = ("text_sha256", "value", "low", "high", "subset_of", "refines")
    own = [col(getattr(Claim, name)) for name in ("row_key", *ClaimBase.model_fields, *more)]
    entities = [
        column.label(f"{name}_{key}")
        for name, entity in (("place", PLACE), ("responsible", RESPONSIBLE))
        for key, column in entity_columns(entity).items()
    ]
    indicator = [col(Indicator.id).label("indicator_id"), col(Indicator.label).label("indicator_label")]
    columns = (*own, *entities, *indicator, *DOCUMENT_COLUMNS, *RECORDED_COLUMNS)
    return (
        in_document(select(*columns).select_from(Claim), Claim, reading)
        .outerjoin(PLACE, (PLACE.id == Claim.place_id) & reading.valid(PLACE))
        .outerjoin(RESPONSIBLE, (RESPONSIBLE.id == Claim.responsible_id) & reading.valid(RESPONSIBLE))
        .outerjoin(Indicator, (col(Indicator.id) == Claim.indicator_id) & reading.valid(Indicator))
    )


def _behind(reading: Reading, keys: Sequence[int]) -> Any:
    """The quotes behind the claims with these row keys and, at greater depth, those that relay them."""
    quote, outer = aliased(Quote, name="behind"), aliased(Quote, name="outer_quote")
    start = (
        select(
            col(ClaimSource.claim_key).label("owner"), col(ClaimSource.position).label("position"),
            col(ClaimSource.stance).label("stance"), quote.id.label("source"), literal(0).label("depth"),  # type: ignore[attr-defined]
            quote.document_id, quote.id, quote.row_key, quote.within_id, quote.relation,
        )
        .join(quote, (quote.document_id == ClaimSource.document_id) & (quote.id == ClaimSource.quote_id) & reading.valid(quote))
        .where(col(ClaimSource.claim_key).in_(keys))
        .cte("behind_claims", recursive=True)
    )  # fmt: skip
    c = start.c
    climb = select(
        c.owner, c.position, c.stance, c.source, c.depth + 1,
        outer.document_id, outer.id, outer.row_key, outer.within_id, outer.relation,
    ).where(c.relation == "relays", outer.document_id == c.document_id, outer.id == c.within_id, reading.valid(outer))  # fmt: skip
    return start.union_all(climb)


def _sources(reading: Reading, keys: Sequence[int]) -> Select[Any]:
    c = _behind(reading, keys).c
    said_by = (col(Speaker.quote_key) == c.row_key) & (col(Speaker.role) == "speaker")
    return (
        part(
            c.owner, c.position * 1000000 + c.depth * 1000,
            source=c.source, stance=c.stance, depth=c.depth, quote=c.id, place=Speaker.position,
            as_written=Speaker.as_written, mention=Speaker.mention_id, **entity_columns(Entity),
        )
        .outerjoin(Speaker, said_by)
        .outerjoin(Entity, (col(Entity.id) == Speaker.entity_id) & reading.valid(Entity))
    )  # fmt: skip


def _source_views(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    by_source: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: (row["depth"], row["place"] or 0)):
        by_source.setdefault(row["source"], []).append(row)
    ordered = dict.fromkeys(row["source"] for row in rows)
    return [
        {
            "stance": by_source[source][0]["stance"],
            "quote": source,
            "speakers": [
                speaking(r) for r in by_source[source] if r["depth"] == 0 and r["entity_id"] is not None
            ],
            "chain": chain_links([r for r in by_source[source] if r["depth"] > 0]),
        }
        for source in ordered
    ]


def _render(row: RowMapping, parts: Parts) -> dict[str, Any]:
    spans, when = parts.get("spans", []), times(parts)
    indicator = {"id": row["indicator_id"], "label": row["indicator_label"]} if row["indicator_id"] else None
    numbers = {name: exact_number(row[name]) for name in ("value", "low", "high")}
    return {name: row[name] for name in ClaimBase.model_fields} | numbers | {
        "document": document_reference(row),
        "place": entity_reference(row, "place_"),
        "responsible": entity_reference(row, "responsible_"),
        "period": when.get("period"),
        "reference_date": when.get("reference"),
        "sources": _source_views(parts.get("sources", [])),
        "indicator": indicator,
        "subset_of": row["subset_of"],
        "refines": row["refines"],
        "caveats": [span["exact"] for span in spans if span["role"] == "caveat"],
        "spans": spans,
        "recorded": recorded_view(row),
        "text_sha256": row["text_sha256"],
    }  # fmt: skip


def _behind_claims(of_quote: Any) -> Any:
    """A relation of quotes, as the same relation of the claims that rest on them."""

    def relation(reading: Reading) -> Select[Any]:
        quotes = of_quote(reading).subquery()
        quote = aliased(Quote, name="source_quote")
        rests = (col(ClaimSource.document_id) == quote.document_id) & (col(ClaimSource.quote_id) == quote.id)
        columns = (col(ClaimSource.claim_key).label("owner"), quotes.c.value, quotes.c.label)
        return (
            select(*columns)
            .select_from(ClaimSource)
            .join(quote, rests & reading.valid(quote))
            .join(quotes, quotes.c.owner == quote.row_key)
        )

    return relation


def _naming(reading: Reading) -> Select[Any]:
    sources = _behind_claims(source_of)(reading).subquery()
    entity = (col(Entity.id) == sources.c.value) & reading.valid(Entity)
    return select(sources.c.owner, col(Entity.naming).label("value"), col(Entity.naming).label("label")).join(
        Entity, entity
    )


def _stance(reading: Reading) -> Select[Any]:
    stance = col(ClaimSource.stance)
    return select(col(ClaimSource.claim_key).label("owner"), stance.label("value"), stance.label("label"))


def _about(reading: Reading) -> Select[Any]:
    """Entities that a claim is about: its place, the responsible party, and those mentioned in its words."""
    named = [
        select(col(Claim.row_key).label("owner"), column.label("value"), col(Entity.name).label("label"))
        .join(Entity, (col(Entity.id) == column) & reading.valid(Entity))
        .where(reading.valid(Claim))
        for column in (col(Claim.place_id), col(Claim.responsible_id))
    ]
    every = union(*named, mentioned_in(reading, "statement")).subquery()
    return select(every.c.owner, every.c.value, every.c.label)


def _quote(reading: Reading) -> Select[Any]:
    quote = col(ClaimSource.quote_id)
    return select(col(ClaimSource.claim_key).label("owner"), quote.label("value"), quote.label("label"))


KEY = col(Claim.row_key)
MINISTRY = "lebanese-health-ministry"
CLAIMS = Resource(
    name="claims",
    noun="claim",
    about="Numeric claims: exact or vague figures with bounds, place, period, and on whose word.",
    model=Claim,
    view=ClaimView,
    select=_select,
    render=_render,
    texts=texts_of(Claim),
    parts=(SPANS, TIMES, Part("sources", _sources)),
    filters=(
        Exact(name="id", of=col(Claim.id), about="Ids of claims.", example="beirut-strikes-2024-10-15.c1", counted=False),
        Exact(name="measure", of=col(Claim.measure), about="Term of the vocabulary at /v1/measures.", example="killed"),
        Numbers(name="value", key=col(Claim.value_key), about="The number as stated.", example="41"),
        Bounds(name="range", low_key=col(Claim.low_key), high_key=col(Claim.high_key), low_end=col(Claim.low_end), high_end=col(Claim.high_end), about="`A..B`, both included: the stated bounds overlap it. Ends that are unknown do not match.", example="2000..3000"),
        Exact(name="comparator", of=col(Claim.comparator), type=Comparator, about="How the number limits the figure.", example=">="),
        Exact(name="bounds_basis", of=col(Claim.bounds_basis), type=BoundsBasis, about="On what basis the bounds are given.", example="convention"),
        Exact(name="modality", of=col(Claim.modality), type=Modality, about="Asserted, possible, projected or denied.", example="possible"),
        Exact(name="aggregation", of=col(Claim.aggregation), type=Aggregation, about="Over a period, one event, a level, or a projection.", example="cumulative"),
        Exact(name="unit", of=col(Claim.unit), about="Unit of the value.", example="person"),
        Contains(name="counted", folded=col(Claim.folded), about="Part of the words of the claim, what it counts among them.", example="people"),
        Exact(name="place", of=col(Claim.place_id), label=PLACE.name, about="Where it holds.", example="lebanon", none=True, operators=entity_operators("place", "lebanon", within="lebanon")),
        Exact(name="responsible", of=col(Claim.responsible_id), label=RESPONSIBLE.name, about="Who is said to have caused it.", example="israel", none=True, operators=entity_operators("responsible", "israel")),
        Exact(name="source", by=_behind_claims(source_of), key=KEY, about="Entity on whose word it is, at any link of the chain; `none` is the outlet's own voice.", example=MINISTRY, none=True, operators=entity_operators("source", "ministry")),
        Exact(name="source__naming", by=_naming, key=KEY, type=Naming, about="How a source is named.", example="anonymous"),
        Exact(name="speaker", by=_behind_claims(speaker_of), key=KEY, about="Entity that speaks a quote behind it, relays left aside.", example=MINISTRY, operators=entity_operators("speaker", "ministry")),
        Exact(name="stance", by=_stance, key=KEY, type=Stance, about="What a quote does with it.", example="repeats"),
        Exact(name="quote", by=_quote, key=KEY, about="Quote that it rests on.", example="beirut-strikes-2024-10-15.q30", counted=False),
        Exact(name="about", by=_about, key=KEY, about="Entity that it is about: place, responsible party, or mentioned in its words.", example="hezbollah", operators=entity_operators("about", "hezbollah")),
        Exact(name="indicator", of=col(Claim.indicator_id), label=col(Indicator.label), about="Question that it answers.", example="killed-in-lebanon", none=True),
        Exact(name="subset_of", of=col(Claim.subset_of), about="Claim that it is part of.", example="beirut-strikes-2024-10-15.c1", counted=False, none=True),
        Exact(name="refines", of=col(Claim.refines), about="Claim that it makes more exact.", example="beirut-strikes-2024-10-15.c1", counted=False, none=True),
        Exact(name="document", of=col(Claim.document_id), label=col(Document.title), about="Document that it stands in.", example="beirut-strikes-2024-10-15"),
        Exact(name="outlet", of=col(Document.outlet), about="Outlet that published it.", example="Defence Talks", none=True),
        Dates(name="period", test=on_days("period", KEY), about="Period that it covers.", example="2024-10-14"),
        Dates(name="published", test=published_days, about="Day on which the document was published.", example="2024-10-15"),
        Moments(name="recorded", time=col(Revision.time), about="Time at which this state was recorded.", example="2024-10-15"),
    ),
    sorts={
        "period": Sort("first day of the period, unknown ones first", (col(Claim.period_order),)),
        "value": Sort("value, else lower bound; vague ones first", (col(Claim.value_order),)),
        "published": Sort("day of publication", (col(Document.published_order),)),
        "recorded": Sort("revision", (col(Revision.number),)),
        "position": Sort("document, then place in it", (col(Claim.document_id),)),
    },
    default_sort="-period",
    tie=(col(Claim.document_id), col(Claim.start), col(Claim.id)),
    includes={"sentences": Include("the sentences that it stands in", sentences_of(Claim))},
    words="the words of the claim",
)  # fmt: skip
