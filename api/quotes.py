"""Quotes: who said what, to whom, when, and through whom it came."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import RowMapping, Select, exists, literal, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from api.entities import entity_operators
from api.listing.filters import Contains, Dates, Exact, Moments
from api.listing.reading import Reading
from api.listing.resource import Include, Part, Parts, Resource, Sort
from api.nested import (
    DOCUMENT_COLUMNS,
    RECORDED_COLUMNS,
    SPANS,
    TIMES,
    ChainLink,
    DocumentReference,
    RecordedView,
    SentenceView,
    SpanView,
    Speaking,
    TimexView,
    document_reference,
    entity_columns,
    in_document,
    part,
    recorded_view,
    sentences_of,
    speaking,
    texts_of,
    times,
)
from models.claim import Claim, ClaimSource
from models.document import Document
from models.entity import Entity
from models.mention import Mention
from models.quote import Quote, QuoteBase, Speaker
from models.revision import Revision
from models.span import Span
from models.timex import Timex
from models.vocabulary import Act, EntityKind, Form, Naming, Polarity


class QuoteView(QuoteBase):
    """A quote with its speakers, its chain of sources and the characters it stands on."""

    document: DocumentReference = Field(description="Where it stands")
    speakers: list[Speaking] = Field(description="Who says it; none if the article names nobody")
    addressees: list[Speaking] = Field(description="To whom")
    said: TimexView | None = Field(description="When it was said, if the article says")
    chain: list[ChainLink] = Field(description="The quotes that relay it, innermost first")
    relays: list[str] = Field(description="Ids of the quotes that it relays")
    embeds: list[str] = Field(description="Ids of the quotes that it merely contains")
    embedded_in: str | None = Field(description="Id of the quote that contains it")
    responds_to: str | None = Field(description="Id of the quote that it answers, or fails to answer")
    responses: list[str] = Field(description="Ids of the quotes that answer it")
    claims: list[str] = Field(description="Ids of the claims that rest on it")
    spans: list[SpanView] = Field(description="The characters of the article, by role")
    recorded: RecordedView = Field(description="Since when this state is on record")
    text_sha256: str = Field(description="SHA-256 of the text that the offsets count in")
    sentences: list[SentenceView] | None = Field(None, description="With `include=sentences`")


def _select(reading: Reading) -> Select[Any]:
    own = [
        col(getattr(Quote, name))
        for name in ("row_key", *QuoteBase.model_fields, "text_sha256", "within_id", "relation")
    ]
    return in_document(select(*own, *DOCUMENT_COLUMNS, *RECORDED_COLUMNS).select_from(Quote), Quote, reading)


def _speakers(reading: Reading, keys: Sequence[int]) -> Select[Any]:
    return (
        part(
            col(Speaker.quote_key), col(Speaker.position),
            role=Speaker.role, as_written=Speaker.as_written, mention=Speaker.mention_id, **entity_columns(Entity),
        )
        .join(Entity, (col(Entity.id) == Speaker.entity_id) & reading.valid(Entity))
        .where(col(Speaker.quote_key).in_(keys))
    )  # fmt: skip


def relaying(reading: Reading, keys: Sequence[int]) -> Any:
    """Climbs from the quotes with these row keys to those that relay them: `owner`, `depth` and the relaying quote."""
    inner, outer = aliased(Quote, name="inner_quote"), aliased(Quote, name="outer_quote")
    start = (
        select(
            inner.row_key.label("owner"),  # type: ignore[attr-defined]
            literal(0).label("depth"), inner.document_id, inner.id, inner.row_key, inner.within_id, inner.relation,
        )
        .where(col(inner.row_key).in_(keys))
        .cte("relaying", recursive=True)
    )  # fmt: skip
    climb = select(
        start.c.owner,
        start.c.depth + 1,
        outer.document_id,
        outer.id,
        outer.row_key,
        outer.within_id,
        outer.relation,
    ).where(
        start.c.relation == "relays",
        outer.document_id == start.c.document_id,
        outer.id == start.c.within_id,
        reading.valid(outer),
    )
    return start.union_all(climb)


def _chain(reading: Reading, keys: Sequence[int]) -> Select[Any]:
    climbed = relaying(reading, keys)
    said_by = (col(Speaker.quote_key) == climbed.c.row_key) & (col(Speaker.role) == "speaker")
    speaker_place = climbed.c.depth * 1000 + col(Speaker.position)
    return (
        part(
            climbed.c.owner, speaker_place,
            quote=climbed.c.id, as_written=Speaker.as_written, mention=Speaker.mention_id, **entity_columns(Entity),
        )
        .select_from(climbed)
        .outerjoin(Speaker, said_by)
        .outerjoin(Entity, (col(Entity.id) == Speaker.entity_id) & reading.valid(Entity))
        .where(climbed.c.depth > 0)
    )  # fmt: skip


def _inner(reading: Reading, keys: Sequence[int]) -> Select[Any]:
    inner = aliased(Quote, name="within_quote")
    return (
        part(col(Quote.row_key), col(inner.start), id=inner.id, relation=inner.relation)
        .join(
            inner,
            (inner.document_id == Quote.document_id) & (inner.within_id == Quote.id) & reading.valid(inner),
        )
        .where(col(Quote.row_key).in_(keys))
    )


def _claims(reading: Reading, keys: Sequence[int]) -> Select[Any]:
    named = (col(ClaimSource.document_id) == Quote.document_id) & (col(ClaimSource.quote_id) == Quote.id)
    rests = (col(Claim.document_id) == ClaimSource.document_id) & (
        col(Claim.row_key) == ClaimSource.claim_key
    )
    return (
        part(col(Quote.row_key), col(Claim.start), id=Claim.id)
        .join(ClaimSource, named)
        .join(Claim, rests & reading.valid(Claim))
        .where(col(Quote.row_key).in_(keys))
    )


def chain_links(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a chain, one a speaker, as its links."""
    links: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        speakers = links.setdefault(row["quote"], [])
        if row["entity_id"] is not None:
            speakers.append(speaking(row))
    return [{"id": quote, "speakers": speakers} for quote, speakers in links.items()]


def _render(row: RowMapping, parts: Parts) -> dict[str, Any]:
    own = {name: row[name] for name in QuoteBase.model_fields}
    inner = {
        relation: [i["id"] for i in parts.get("inner", []) if i["relation"] == relation]
        for relation in ("relays", "embeds", "responds")
    }
    speakers = {
        role: [speaking(s) for s in parts.get("speakers", []) if s["role"] == role]
        for role in ("speaker", "addressee")
    }
    return own | {
        "document": document_reference(row),
        "speakers": speakers["speaker"],
        "addressees": speakers["addressee"],
        "said": times(parts).get("said"),
        "chain": chain_links(parts.get("chain", [])),
        "relays": inner["relays"],
        "embeds": inner["embeds"],
        "embedded_in": row["within_id"] if row["relation"] == "embeds" else None,
        "responds_to": row["within_id"] if row["relation"] == "responds" else None,
        "responses": inner["responds"],
        "claims": [claim["id"] for claim in parts.get("claims", [])],
        "spans": parts.get("spans", []),
        "recorded": recorded_view(row),
        "text_sha256": row["text_sha256"],
    }


def speaker_of(reading: Reading, role: str = "speaker") -> Select[Any]:
    """Entities by the quotes that they speak, or are spoken to."""
    joined = select(
        col(Speaker.quote_key).label("owner"),
        col(Speaker.entity_id).label("value"),
        col(Entity.name).label("label"),
    )
    entity = (col(Entity.id) == Speaker.entity_id) & reading.valid(Entity)
    return joined.join(Entity, entity).where(col(Speaker.role) == role)


def _relay(reading: Reading) -> Select[Any]:
    """Speakers of the quotes that relay, by the quotes relayed: one or several links up."""
    inner, outer = aliased(Quote, name="relayed"), aliased(Quote, name="relayer")
    start = (
        select(inner.row_key.label("owner"), inner.document_id, inner.within_id, inner.relation)  # type: ignore[attr-defined]
        .where(inner.relation == "relays", reading.valid(inner))
        .cte("relay_links", recursive=True)
    )
    above = select(start.c.owner, outer.document_id, outer.within_id, outer.relation).where(
        start.c.relation == "relays",
        outer.document_id == start.c.document_id,
        outer.id == start.c.within_id,
        reading.valid(outer),
    )
    climbed = start.union_all(above)
    relayer = aliased(Quote, name="link")
    return (
        select(climbed.c.owner.label("owner"), col(Speaker.entity_id).label("value"), col(Entity.name).label("label"))
        .select_from(climbed)
        .join(relayer, (relayer.document_id == climbed.c.document_id) & (relayer.id == climbed.c.within_id) & reading.valid(relayer))
        .join(Speaker, (col(Speaker.quote_key) == relayer.row_key) & (col(Speaker.role) == "speaker"))
        .join(Entity, (col(Entity.id) == Speaker.entity_id) & reading.valid(Entity))
        .where(climbed.c.relation == "relays")
    )  # fmt: skip


def source_of(reading: Reading) -> Select[Any]:
    """Every link of the chain: the quote's own speakers and those who relay it."""
    both = speaker_of(reading).union(_relay(reading)).subquery()
    return select(both.c.owner, both.c.value, both.c.label)


def _naming(reading: Reading) -> Select[Any]:
    sources = source_of(reading).subquery()
    entity = (col(Entity.id) == sources.c.value) & reading.valid(Entity)
    return select(sources.c.owner, col(Entity.naming).label("value"), col(Entity.naming).label("label")).join(
        Entity, entity
    )


def _kind(reading: Reading) -> Select[Any]:
    sources = speaker_of(reading).subquery()
    entity = (col(Entity.id) == sources.c.value) & reading.valid(Entity)
    return select(sources.c.owner, col(Entity.kind).label("value"), col(Entity.kind).label("label")).join(
        Entity, entity
    )


def _about(reading: Reading) -> Select[Any]:
    """Entities mentioned in the content."""
    return mentioned_in(reading, "content")


def mentioned_in(reading: Reading, role: str) -> Select[Any]:
    """Entities mentioned inside spans of one role, by the spans' owners."""
    inside = (
        (col(Mention.document_id) == Span.document_id) & (col(Mention.text_sha256) == Span.text_sha256)
        & (col(Mention.start) >= Span.start) & (col(Mention.end) <= Span.end)
    )  # fmt: skip
    return (
        select(
            col(Span.owner_key).label("owner"),
            col(Mention.entity_id).label("value"),
            col(Entity.name).label("label"),
        )
        .join(Mention, inside & reading.valid(Mention))
        .join(Entity, (col(Entity.id) == Mention.entity_id) & reading.valid(Entity))
        .where(col(Span.role) == role)
    )


def on_days(role: str, key: Any) -> Any:
    """The test of a date axis: a time expression of this role, by its owner's row key."""

    def test(condition: Any) -> Any:
        time = select(literal(1)).where(col(Timex.owner_key) == key, col(Timex.role) == role)
        return exists(time.where(condition(col(Timex.earliest), col(Timex.latest))).correlate(key.table))

    return test


def published_days(condition: Any) -> Any:
    """The test of the publication axis: the joined document's days."""
    return condition(col(Document.published_earliest), col(Document.published_latest))


KEY = col(Quote.row_key)
NETANYAHU = "benjamin-netanyahu"
QUOTES = Resource(
    name="quotes",
    noun="quote",
    about="Attributed statements: direct, mixed and indirect, with every link of the chain of sources.",
    model=Quote,
    view=QuoteView,
    select=_select,
    render=_render,
    texts=texts_of(Quote),
    parts=(
        SPANS,
        TIMES,
        Part("speakers", _speakers),
        Part("chain", _chain),
        Part("inner", _inner),
        Part("claims", _claims),
    ),
    filters=(
        Exact(
            name="id",
            of=col(Quote.id),
            about="Ids of quotes.",
            example="beirut-strikes-2024-10-15.q1",
            counted=False,
        ),
        Exact(
            name="speaker",
            by=speaker_of,
            key=KEY,
            about="Entity that says it.",
            example=NETANYAHU,
            none=True,
            operators=entity_operators("speaker", "netanyahu"),
        ),
        Exact(
            name="speaker__kind",
            by=_kind,
            key=KEY,
            type=EntityKind,
            about="Kind of an entity that says it.",
            example="organisation",
        ),
        Exact(
            name="relay",
            by=_relay,
            key=KEY,
            about="Entity that relays it, at any link of the chain.",
            example="unhcr",
            none=True,
            operators=entity_operators("relay", "israeli"),
        ),
        Exact(
            name="source",
            by=source_of,
            key=KEY,
            about="Entity that says or relays it.",
            example=NETANYAHU,
            none=True,
            operators=entity_operators("source", "netanyahu"),
        ),
        Exact(
            name="source__naming",
            by=_naming,
            key=KEY,
            type=Naming,
            about="How an entity that says or relays it is named.",
            example="anonymous",
        ),
        Exact(
            name="addressee",
            by=lambda r: speaker_of(r, "addressee"),
            key=KEY,
            about="Entity that it is said to.",
            example="emmanuel-macron",
            none=True,
            operators=entity_operators("addressee", "macron"),
        ),
        Exact(
            name="about",
            by=_about,
            key=KEY,
            about="Entity mentioned in the content.",
            example="lebanon",
            operators=entity_operators("about", "hezbollah"),
        ),
        Exact(name="form", of=col(Quote.form), type=Form, about="Whose words they are.", example="mixed"),
        Exact(
            name="act",
            of=col(Quote.act),
            type=Act,
            about="What the source does in saying it.",
            example="warning",
        ),
        Exact(
            name="polarity",
            of=col(Quote.polarity),
            type=Polarity,
            about="Whether the source affirms the content.",
            example="negative",
        ),
        Exact(
            name="document",
            of=col(Quote.document_id),
            label=col(Document.title),
            about="Document that it stands in.",
            example="beirut-strikes-2024-10-15",
        ),
        Exact(
            name="outlet",
            of=col(Document.outlet),
            about="Outlet that published it.",
            example="Defence Talks",
            none=True,
        ),
        Contains(
            name="content",
            folded=col(Quote.folded),
            about="Part of the words of the quote or of its cue.",
            example="ceasefire",
        ),
        Dates(
            name="said", test=on_days("said", KEY), about="Day on which it was said.", example="2024-10-15"
        ),
        Dates(
            name="published",
            test=published_days,
            about="Day on which the document was published.",
            example="2024-10-15",
        ),
        Moments(
            name="recorded",
            time=col(Revision.time),
            about="Time at which this state was recorded.",
            example="2024-10-15",
        ),
    ),
    sorts={
        "said": Sort("day on which it was said, unknown ones first", (col(Quote.said_order),)),
        "published": Sort("day of publication", (col(Document.published_order),)),
        "recorded": Sort("revision", (col(Revision.number),)),
        "position": Sort("document, then place in it", (col(Quote.document_id),)),
    },
    default_sort="-said",
    tie=(col(Quote.document_id), col(Quote.start), col(Quote.id)),
    includes={"sentences": Include("the sentences that it stands in", sentences_of(Quote))},
    words="content, cue and occasion",
)
