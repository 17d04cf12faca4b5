"""A mention: a span that names an entity."""

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint
from sqlmodel import Field, SQLModel

from models.columns import check, column, one_of, recorded
from models.recorded import Recorded
from models.vocabulary import MentionKind


class MentionBase(SQLModel):
    """What the record says of a mention in its own words."""

    id: str = column(
        "Its place in the text; another state of the text gives another id", examples=["doc.m120-134"]
    )
    kind: str = column("Name, nominal phrase, pronoun or demonym", examples=["pronoun"])
    start: int = Field(ge=0, description="First code point", schema_extra={"examples": [0]})
    end: int = Field(ge=1, description="Code point after the last one", schema_extra={"examples": [17]})
    exact: str = column("The words", examples=["The United States"])


class Mention(MentionBase, Recorded, table=True):
    """One state of a mention; without an entity it is unresolved."""

    __table_args__ = (
        PrimaryKeyConstraint("document_id", "row_key"),
        *recorded("mention", "document_id"),
        ForeignKeyConstraint(["document_id", "text_sha256"], ["text.document_id", "text.sha256"]),
        Index("ix_mention_entity", "entity_id", "document_id", "start", "id", "superseded"),
        Index("ix_mention_position", "document_id", "start", "id"),
        Index("ix_mention_row_key", "row_key"),
        one_of("kind", MentionKind),
        check("span", '"start" >= 0 AND "start" < "end" AND length(exact) = "end" - "start"'),
        check("id", "substr(id, 1, length(document_id) + 2) = document_id || '.m'"),
    )

    document_id: str = column("The document", primary_key=True)
    text_sha256: str = column("The state of the text")
    entity_id: str | None = column("The entity, if resolved", default=None)
