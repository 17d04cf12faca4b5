"""A span: characters of one state of one document's text."""

from typing import Literal

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from models.columns import check, column, one_of
from models.vocabulary import SpanRole

Owner = Literal["document", "quote", "claim"]


class Span(SQLModel, table=True):
    """Offsets are code points, half-open; `position` numbers the parts of one discontinuous span."""

    __table_args__ = (
        ForeignKeyConstraint(["document_id", "text_sha256"], ["text.document_id", "text.sha256"]),
        Index("ix_span_owner", "owner_key"),
        # What is mentioned inside spans of one role is looked up by their place.
        Index("ix_span_role", "document_id", "role", "start"),
        one_of("role", SpanRole),
        one_of("owner", Owner),
        check("offsets", '"start" >= 0 AND "start" < "end" AND length(exact) = "end" - "start"'),
        check("position", "position >= 0"),
    )

    document_id: str = column("The document", primary_key=True)
    owner_key: int = Field(sa_type=BigInteger, primary_key=True)
    role: str = column("What the words are to their owner", primary_key=True, examples=["content"])
    position: int = Field(primary_key=True)
    owner: str = column("Noun of the owner")
    text_sha256: str = column("The state of the text")
    start: int = Field(ge=0, description="First code point", schema_extra={"examples": [0]})
    end: int = Field(ge=1, description="Code point after the last one", schema_extra={"examples": [17]})
    exact: str = column("The words", examples=["The United States"])
