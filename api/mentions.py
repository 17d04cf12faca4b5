"""Mentions: where an entity is named, described, or stands behind a pronoun."""

from typing import Any

from pydantic import Field
from sqlalchemy import RowMapping, Select, func, select
from sqlmodel import col

from api.entities import entity_operators
from api.listing.filters import Contains, Dates, Exact, Moments
from api.listing.reading import Reading
from api.listing.resource import Include, Parts, Resource, Sort
from api.nested import (
    AROUND,
    DOCUMENT_COLUMNS,
    RECORDED_COLUMNS,
    DocumentReference,
    EntityReference,
    RecordedView,
    SentenceView,
    before,
    document_reference,
    entity_reference,
    in_document,
    recorded_view,
    sentences_of,
    texts_of,
)
from api.quotes import published_days
from models.document import Document
from models.entity import Entity
from models.mention import Mention, MentionBase
from models.revision import Revision
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
    sentences: list[SentenceView] | None = Field(None, description="With `include=sentences`")


def _select(reading: Reading) -> Select[Any]:
    own = [col(getattr(Mention, name)) for name in ("row_key", *MentionBase.model_fields, "text_sha256")]
    entity = [
        col(getattr(Entity, name)).label(label)
        for name, label in (
            ("id", "of_entity_id"),
            ("kind", "of_kind"),
            ("name", "of_name"),
            ("naming", "of_naming"),
        )
    ]
    around = [
        before(Text.text, col(Mention.start)).label("prefix"),
        func.substr(Text.text, col(Mention.end) + 1, AROUND).label("suffix"),
    ]
    statement = in_document(
        select(*own, *entity, *around, *DOCUMENT_COLUMNS, *RECORDED_COLUMNS).select_from(Mention),
        Mention,
        reading,
    )
    return statement.join(
        Text, (col(Text.document_id) == Mention.document_id) & (col(Text.sha256) == Mention.text_sha256)
    ).outerjoin(Entity, (col(Entity.id) == Mention.entity_id) & reading.valid(Entity))


def _render(row: RowMapping, parts: Parts) -> dict[str, Any]:
    return {name: row[name] for name in MentionBase.model_fields} | {
        "document": document_reference(row),
        "entity": entity_reference(row, "of_"),
        "prefix": row["prefix"],
        "suffix": row["suffix"],
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
    render=_render,
    texts=texts_of(Mention),
    filters=(
        Exact(name="id", of=col(Mention.id), about="Ids of mentions.", example="beirut-strikes-2024-10-15.m0-17", counted=False),
        Exact(name="entity", of=col(Mention.entity_id), label=col(Entity.name), about="Entity that it names.", example="hezbollah", none=True, operators=entity_operators("entity", "hezbollah", within="lebanon")),
        Exact(name="entity__kind", of=col(Entity.kind), type=EntityKind, about="Kind of the entity.", example="place"),
        Exact(name="kind", of=col(Mention.kind), type=MentionKind, about="Name, nominal phrase, pronoun or demonym.", example="pronoun"),
        Exact(name="document", of=col(Mention.document_id), label=col(Document.title), about="Document that it stands in.", example="beirut-strikes-2024-10-15"),
        Contains(name="exact", folded=col(Mention.folded), about="Part of its words.", example="ministry"),
        Dates(name="published", test=published_days, about="Day on which the document was published.", example="2024-10-15"),
        Moments(name="recorded", time=col(Revision.time), about="Time at which this state was recorded.", example="2024-10-15"),
    ),
    sorts={
        "position": Sort("document, then place in it", (col(Mention.document_id),)),
        "published": Sort("day of publication", (col(Document.published_order),)),
        "recorded": Sort("revision", (col(Revision.number),)),
    },
    default_sort="position",
    tie=(col(Mention.document_id), col(Mention.start), col(Mention.id)),
    includes={"sentences": Include("the sentence that it stands in", sentences_of(Mention))},
    words="its words",
)  # fmt: skip
