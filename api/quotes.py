"""Quotes: who said what, to whom, when, and through whom it came."""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import RowMapping, Select
from sqlmodel import col

from api.chain import ChainLink, chain, links, relay_of
from api.entities import entity_labels, entity_operators
from api.following.entries import quote_entry
from api.listing.filters import Contains, Exact
from api.listing.ranges import Dates
from api.listing.reading import Reading
from api.listing.resource import Include, Part, Parts, Resource, Sort
from api.listing.sql import Keys, aliased, part, select
from api.listing.table import JSON_ONLY
from api.nested import (
    DOCUMENT_COLUMNS,
    RECORDED_COLUMNS,
    SPANS,
    TIMES,
    document_filters,
    document_reference,
    entity_columns,
    in_document,
    recorded_view,
    sentences_of,
    spans,
    speaking,
    texts_of,
    times,
)
from api.nodes import quote_node
from api.sources import addressee_of, days_of, mentioned_in, source_of, speaker_of, trait
from api.survivors import survivor
from api.views import SEED, DocumentReference, RecordedView, SentenceView, SpanView, Speaking, TimexView
from models.claim import Claim, ClaimSource
from models.document import Document
from models.entity import Entity
from models.quote import Quote, QuoteBase, Speaker
from models.vocabulary import Act, Form, Polarity


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
    spans: Annotated[list[SpanView], JSON_ONLY] = Field(description="The characters of the article, by role")
    recorded: RecordedView = Field(description="Since when this state is on record")
    text_sha256: str = Field(description="SHA-256 of the text that the offsets count in")
    sentences: Annotated[list[SentenceView] | None, JSON_ONLY] = Field(
        None, description="With `include=sentences`"
    )


def _bare(reading: Reading) -> Select[Any]:
    return select(col(Quote.row_key)).where(reading.valid(Quote))


def _select(reading: Reading) -> Select[Any]:
    own = [
        col(getattr(Quote, name))
        for name in ("row_key", *QuoteBase.model_fields, "text_sha256", "within_id", "relation")
    ]
    return in_document(select(*own, *DOCUMENT_COLUMNS, *RECORDED_COLUMNS).select_from(Quote), Quote, reading)


def _speakers(reading: Reading, keys: Keys) -> Select[Any]:
    return (
        part(
            col(Speaker.quote_key), col(Speaker.position), role=Speaker.role,
            as_written=Speaker.as_written, mention=Speaker.mention_id, **entity_columns(Entity),
        )
        .select_from(Speaker)
        .join(Entity, (col(Entity.id) == survivor(reading, Speaker.entity_id)) & reading.valid(Entity))
        .where(col(Speaker.quote_key).in_(keys))
    )  # fmt: skip


def _inner(reading: Reading, keys: Keys) -> Select[Any]:
    inner = aliased(Quote, "within_quote")
    return (
        part(col(Quote.row_key), col(inner.start), id=inner.id, relation=inner.relation)
        .select_from(Quote)
        .join(
            inner,
            (inner.document_id == Quote.document_id) & (inner.within_id == Quote.id) & reading.valid(inner),
        )
        .where(col(Quote.row_key).in_(keys))
    )


def _claims(reading: Reading, keys: Keys) -> Select[Any]:
    named = (col(ClaimSource.document_id) == Quote.document_id) & (col(ClaimSource.quote_id) == Quote.id)
    rests = (col(Claim.document_id) == ClaimSource.document_id) & (
        col(Claim.row_key) == ClaimSource.claim_key
    )
    return (
        part(col(Quote.row_key), col(Claim.start), id=Claim.id)
        .select_from(Quote)
        .join(ClaimSource, named)
        .join(Claim, rests & reading.valid(Claim))
        .where(col(Quote.row_key).in_(keys))
    )


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
        "chain": links(parts.get("chain", [])),
        "relays": inner["relays"],
        "embeds": inner["embeds"],
        "embedded_in": row["within_id"] if row["relation"] == "embeds" else None,
        "responds_to": row["within_id"] if row["relation"] == "responds" else None,
        "responses": inner["responds"],
        "claims": [claim["id"] for claim in parts.get("claims", [])],
        "spans": spans(parts),
        "recorded": recorded_view(row),
        "text_sha256": row["text_sha256"],
    }


KEY = col(Quote.row_key)


def spoken(role: str) -> Any:
    """The condition that the quote of the row has one in this role."""
    rows = select(1).where(col(Speaker.quote_key) == KEY, col(Speaker.role) == role)
    return rows.correlate(Quote).exists()


NETANYAHU, MACRON, OFFICIALS = "benjamin-netanyahu", "emmanuel-macron", f"{SEED}.us-officials"
QUOTES = Resource(
    name="quotes",
    noun="quote",
    about="Attributed statements: direct, mixed and indirect, with every link of the chain of sources.",
    model=Quote,
    view=QuoteView,
    select=_select,
    bare=_bare,
    render=_render,
    entry=quote_entry,
    node=quote_node,
    prepared=True,
    texts=texts_of(Quote),
    parts=(
        SPANS,
        TIMES,
        Part("speakers", _speakers),
        Part("chain", chain),
        Part("inner", _inner),
        Part("claims", _claims),
    ),
    filters=(
        Exact("id", "Ids of quotes.", f"{SEED}.q1", of=col(Quote.id), counted=False, names="quotes"),
        Exact(
            "speaker", "Entity that says it.", NETANYAHU, by=speaker_of, key=KEY, none=True,
            has=spoken("speaker"), prepared="quotes.speaker",
            labels=entity_labels, operators=entity_operators("speaker", "netanyahu"), names="entities",
        ),
        trait(
            "speaker__kind", "Kind of an entity that says it.", "organisation",
            of=speaker_of, key=KEY, prepared="quotes.speaker",
        ),
        trait(
            "speaker__naming", "How an entity that says it is named.", "anonymous",
            of=speaker_of, key=KEY, prepared="quotes.speaker",
        ),
        Exact(
            "relay", "Entity that relays it, at any link of the chain.", OFFICIALS, by=relay_of, key=KEY,
            none=True, labels=entity_labels, operators=entity_operators("relay", "israeli sources"),
            names="entities",
        ),
        trait(
            "relay__naming", "How an entity that relays it is named.", "anonymous", of=relay_of, key=KEY
        ),
        Exact(
            "source", "Entity that says or relays it.", NETANYAHU, by=source_of, key=KEY, none=True,
            prepared="quotes.source",
            labels=entity_labels, operators=entity_operators("source", "netanyahu"), names="entities",
        ),
        trait(
            "source__naming", "How an entity that says or relays it is named.", "anonymous",
            of=source_of, key=KEY, prepared="quotes.source",
        ),
        Exact(
            "addressee", "Entity that it is said to.", MACRON, by=addressee_of, key=KEY, none=True,
            has=spoken("addressee"),
            labels=entity_labels, operators=entity_operators("addressee", "macron"), names="entities",
        ),
        Exact(
            "about", "Entity mentioned in the content.", "lebanon", by=mentioned_in("content"), key=KEY,
            names="entities", prepared="quotes.about",
            labels=entity_labels, operators=entity_operators("about", "hezbollah", within="lebanon"),
        ),
        Exact("form", "Whose words they are.", "mixed", of=col(Quote.form), type=Form),
        Exact("act", "What the source does in saying it.", "warning", of=col(Quote.act), type=Act),
        Exact(
            "polarity", "Whether the source affirms the content.", "negative",
            of=col(Quote.polarity), type=Polarity,
        ),
        Contains(
            "words", "Part of the words of the quote, its cue or its occasion.", "ceasefire",
            folded=col(Quote.folded),
        ),
        Dates(
            "said", "Day on which it was said.", "2024-10-15",
            **days_of("said", KEY, col(Quote.said_order)),
        ),
        *document_filters(Quote),
    ),
    sorts={
        "said": Sort("day on which it was said, unknown ones first", (col(Quote.said_order),)),
        "published": Sort("day of publication", (col(Document.published_order),)),
        "recorded": Sort("when this state was recorded", (col(Quote.row_key),)),
        "position": Sort("document, then place in it", (col(Quote.document_id),)),
    },
    default_sort="-said",
    tie=(col(Quote.document_id), col(Quote.start), col(Quote.id)),
    includes={"sentences": Include("the sentences that it stands in", sentences_of(Quote))},
    words="content, cue and occasion",
)  # fmt: skip
