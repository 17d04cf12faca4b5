"""Documents: the articles, and on request everything that is annotated in one of them."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field
from sqlalchemy import RowMapping, Select, func
from sqlmodel import col

from api.claims import ClaimView
from api.entities import EntityView
from api.following.entries import document_entry
from api.listing.filters import Counts, Exact
from api.listing.ranges import Dates
from api.listing.reading import Reading
from api.listing.resource import Include, Part, Parts, Resource, Sort
from api.listing.sql import part, select
from api.listing.table import JSON_ONLY
from api.mentions import MentionView
from api.nested import (
    PUBLISHED,
    RECORDED,
    RECORDED_COLUMNS,
    SPANS,
    published_days,
    recorded_view,
    spans,
    texts_of,
)
from api.nodes import document_node
from api.quotes import QuoteView
from api.tool_files import WHOLES
from api.views import SEED, RecordedView, SentenceView, SpanView
from models.claim import Claim
from models.document import Document, DocumentBase, DocumentState
from models.mention import Mention
from models.quote import Quote
from models.revision import Revision
from models.span import Span
from models.text import Text
from models.vocabulary import PublishedBasis, Status

Item = TypeVar("Item")
# Comes on request, and not in CSV.
Nested = Annotated[list[Item] | None, JSON_ONLY]


class DocumentCounts(BaseModel):
    """How much is annotated in a document."""

    mentions: int = Field(description="Mentions", examples=[156])
    quotes: int = Field(description="Quotes", examples=[45])
    claims: int = Field(description="Claims", examples=[18])


class DocumentView(DocumentBase):
    """A document; its text and its annotation come with `include`."""

    text_sha256: str = Field(description="SHA-256 of the text's bytes", examples=["cd30cb2eba709f05…"])
    text_url: str = Field(
        description="The text itself", examples=["/v1/documents/beirut-strikes-2024-10-15/text"]
    )
    characters: int = Field(description="Length of the text in code points", examples=[5711])
    counts: DocumentCounts = Field(description="How much is annotated")
    spans: Annotated[list[SpanView], JSON_ONLY] = Field(description="Boilerplate: what is not article text")
    recorded: RecordedView = Field(description="Since when this state is on record")
    text: str | None = Field(None, description="With `include=text`")
    sentences: Annotated[list[SentenceView] | None, JSON_ONLY] = Field(
        None, description="With `include=sentences`"
    )
    entities: Annotated[list[EntityView] | None, JSON_ONLY] = Field(
        None, description="With `include=entities`, on items"
    )
    mentions: Annotated[list[MentionView] | None, JSON_ONLY] = Field(
        None, description="With `include=mentions`, on items"
    )
    quotes: Annotated[list[QuoteView] | None, JSON_ONLY] = Field(
        None, description="With `include=quotes`, on items"
    )
    claims: Annotated[list[ClaimView] | None, JSON_ONLY] = Field(
        None, description="With `include=claims`, on items"
    )


def _count(model: Any) -> Any:
    def count(reading: Reading) -> Any:
        rows = (
            select(func.count())
            .select_from(model)
            .where(model.document_id == Document.id, reading.valid(model))
        )
        return rows.correlate(Document).scalar_subquery()

    return count


COUNTS = {"mentions": _count(Mention), "quotes": _count(Quote), "claims": _count(Claim)}


def _select(reading: Reading) -> Select[Any]:
    own = [col(getattr(Document, name)) for name in ("row_key", *DocumentBase.model_fields, "text_sha256")]
    counts = [count(reading).label(name) for name, count in COUNTS.items()]
    length = func.length(Text.text).label("characters")
    state = select(col(DocumentState.recorded)).where(
        col(DocumentState.document_id) == Document.id, reading.valid(DocumentState)
    )
    return (
        select(*own, *counts, length, state.scalar_subquery().label("state"), *RECORDED_COLUMNS)
        .select_from(Document)
        .join(Revision, col(Revision.key) == Document.recorded, isouter=reading.unsealed)
        .join(Text, (col(Text.document_id) == Document.id) & (col(Text.sha256) == Document.text_sha256))
        .where(reading.valid(Document), reading.sees(Document))
    )


def _bare(reading: Reading) -> Select[Any]:
    return select(col(Document.row_key)).where(reading.valid(Document), reading.sees(Document))


def _sentences(reading: Reading, keys: Any) -> Select[Any]:
    start, end = col(Span.start), col(Span.end)
    rows = part(col(Span.owner_key), start, start=start, end=end, exact=col(Span.exact))
    return rows.where(col(Span.owner_key).in_(keys), col(Span.role) == "sentence")


def _render(row: RowMapping, parts: Parts) -> dict[str, Any]:
    return {name: row[name] for name in DocumentBase.model_fields} | {
        "text_sha256": row["text_sha256"],
        "text_url": f"/v1/documents/{row['id']}/text",
        "characters": row["characters"],
        "counts": {name: row[name] for name in COUNTS},
        "spans": spans(parts),
        "recorded": recorded_view(row),
    }


DOCUMENTS = Resource(
    name="documents",
    noun="document",
    about="The articles, each with its text and everything that is annotated in it.",
    model=Document,
    view=DocumentView,
    select=_select,
    bare=_bare,
    render=_render,
    entry=document_entry,
    node=document_node,
    prepared=True,
    texts=texts_of(Document),
    # Its annotation changes it, too.
    own="state",
    parts=(SPANS,),
    filters=(
        Exact("id", "Ids of documents.", SEED, of=col(Document.id), counted=False, names="documents"),
        Exact("outlet", "Outlet that published it.", "Defence Talks", of=col(Document.outlet), none=True),
        Exact(
            "status", "Where it stands; readers see `published` alone.", "published",
            of=col(Document.status), type=Status,
        ),
        Exact("language", "BCP 47 tag.", "en", of=col(Document.language)),
        Exact(
            "published_basis", "On what basis the date is given.", "inferred",
            of=col(Document.published_basis), type=PublishedBasis,
        ),
        Exact(
            "url", "Where it was published.", "https://news.example/flood",
            of=col(Document.url), counted=False, none=True,
        ),
        Dates(
            "published", "Day of publication.", "2024-10-15",
            test=published_days, dated=PUBLISHED, order=col(Document.published_order),
        ),
        Counts("quotes", "Number of quotes.", 10, count=COUNTS["quotes"]),
        Counts("claims", "Number of claims.", 10, count=COUNTS["claims"]),
        RECORDED,
    ),
    sorts={
        "published": Sort("day of publication, undated ones first", (col(Document.published_order),)),
        "recorded": Sort("when this state was recorded", (col(Document.row_key),)),
        "id": Sort("id", (col(Document.id),)),
    },
    default_sort="-published",
    tie=(col(Document.id),),
    includes={
        "text": Include("the text", texts_of(Document)),
        "sentences": Include("its sentences and headings", Part("sentences", _sentences)),
        "entities": Include("the entities that it mentions", resource="entities", by="document"),
        "mentions": Include("its mentions", resource="mentions", by="document"),
        "quotes": Include("its quotes", resource="quotes", by="document"),
        "claims": Include("its claims", resource="claims", by="document"),
    },
    wholes=WHOLES,
    words="title and text",
)  # fmt: skip
