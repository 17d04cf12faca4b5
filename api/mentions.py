"""Mentions: where an entity is named, described, or stands behind a pronoun."""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import RowMapping, Select
from sqlmodel import col

from api.entities import entity_operators
from api.following.entries import mention_entry
from api.listing.filters import Contains, Exact
from api.listing.order import table_of
from api.listing.reading import Reading
from api.listing.resource import Include, Parts, Resource, Sort
from api.listing.sql import select
from api.listing.table import JSON_ONLY
from api.nested import (
    DOCUMENT_COLUMNS,
    RECORDED_COLUMNS,
    around,
    document_filters,
    document_reference,
    entity_columns,
    entity_reference,
    in_document,
    recorded_view,
    sentences_of,
    texts_of,
    words_around,
)
from api.nodes import mention_node
from api.survivors import OfEntity, survivor
from api.views import AROUND, SEED, DocumentReference, EntityReference, RecordedView, SentenceView
from models.document import Document
from models.entity import Entity
from models.mention import Mention, MentionBase
from models.text import Text
from models.vocabulary import EntityKind, MentionKind


class MentionView(MentionBase):
    """A mention with its entity and the characters around it."""

    document: DocumentReference = Field(description="Where it stands")
    entity: EntityReference | None = Field(description="What it names; none while it is unresolved")
    prefix: str = Field(description=f"Up to {AROUND} characters before", examples=["according to "])
    suffix: str = Field(description=f"Up to {AROUND} characters after", examples=[" said on Tuesday"])
    recorded: RecordedView = Field(description="Since when this state is on record")
    text_sha256: str = Field(description="SHA-256 of the text that the offsets count in")
    sentences: Annotated[list[SentenceView] | None, JSON_ONLY] = Field(
        None, description="With `include=sentences`"
    )


def _select(reading: Reading) -> Select[Any]:
    own = [col(getattr(Mention, name)) for name in ("row_key", *MentionBase.model_fields, "text_sha256")]
    entity = [column.label(f"of_{name}") for name, column in entity_columns(Entity).items()]
    words = around(col(Mention.start), col(Mention.end)).label("around")
    columns = (*own, *entity, words, *DOCUMENT_COLUMNS, *RECORDED_COLUMNS)
    stands = (col(Text.document_id) == Mention.document_id) & (col(Text.sha256) == Mention.text_sha256)
    return (
        in_document(select(*columns).select_from(Mention), Mention, reading)
        .join(Text, stands)
        .outerjoin(Entity, (col(Entity.id) == survivor(reading, Mention.entity_id)) & reading.valid(Entity))
    )


def _bare(reading: Reading) -> Select[Any]:
    return select(col(Mention.row_key)).where(reading.valid(Mention))


def _render(row: RowMapping, parts: Parts) -> dict[str, Any]:
    return {name: row[name] for name in MentionBase.model_fields} | {
        "document": document_reference(row),
        "entity": entity_reference(row, "of_"),
        **words_around(row),
        "recorded": recorded_view(row),
        "text_sha256": row["text_sha256"],
    }


MENTIONS = Resource(
    name="mentions",
    noun="mention",
    about="Spans of the text that name an entity: names, noun phrases, pronouns and demonyms.",
    model=Mention,
    view=MentionView,
    select=_select,
    bare=_bare,
    beside=(table_of(Entity),),
    render=_render,
    entry=mention_entry,
    node=mention_node,
    texts=texts_of(Mention),
    filters=(
        Exact("id", "Ids of mentions.", f"{SEED}.m0-17", of=col(Mention.id), counted=False, names="mentions"),
        OfEntity(
            "entity", "Entity that it names.", "hezbollah", of=col(Mention.entity_id), label=col(Entity.name),
            shown=col(Entity.id), none=True, names="entities",
            operators=entity_operators("entity", "hezbollah", within="lebanon"),
        ),
        Exact("entity__kind", "Kind of the entity.", "place", of=col(Entity.kind), type=EntityKind),
        Exact(
            "kind", "Name, nominal phrase, pronoun or demonym.", "pronoun",
            of=col(Mention.kind), type=MentionKind,
        ),
        Contains("exact", "Part of its words.", "ministry", folded=col(Mention.folded)),
        *document_filters(Mention),
    ),
    sorts={
        "position": Sort("document, then place in it", (col(Mention.document_id),)),
        "published": Sort("day of publication", (col(Document.published_order),)),
        "recorded": Sort("when this state was recorded", (col(Mention.row_key),)),
    },
    default_sort="position",
    tie=(col(Mention.document_id), col(Mention.start), col(Mention.id)),
    includes={"sentences": Include("the sentence that it stands in", sentences_of(Mention))},
    words="its words",
)  # fmt: skip
