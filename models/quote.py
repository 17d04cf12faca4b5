"""A quote: something that somebody said, one attribution."""

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, PrimaryKeyConstraint, text
from sqlmodel import Field, SQLModel

from models.columns import by_key, check, column, current, one_of, recorded
from models.recorded import Recorded
from models.vocabulary import Act, Form, Polarity, Relation, SpeakerRole


class QuoteBase(SQLModel):
    """What the record says of a quote in its own words."""

    id: str = column(
        "Id below the document's; it survives corrections", examples=["beirut-strikes-2024-10-15.q1"]
    )
    form: str = column(
        "Whether the words are the source's own: all, some or none of them", examples=["mixed"]
    )
    act: str = column("What the source does in saying it", examples=["warning"])
    polarity: str = column(
        "Whether the source affirms the content, or denies, opposes or rejects it", examples=["positive"]
    )
    content: str | None = column("What is said, parts joined by ` … `; none for a silence", default=None)
    verbatim: str | None = column("What stands inside quotation marks, parts joined by ` … `", default=None)
    cue: str | None = column("The words that attribute it", default=None, examples=["warned that"])
    occasion: str | None = column(
        "On what occasion, as written", default=None, examples=["a briefing in Geneva"]
    )
    medium: str | None = column("By what medium, as written", default=None, examples=["a recorded address"])


SORTED = ("said_order", "start", "id")


class Quote(QuoteBase, Recorded, table=True):
    """One state of a quote. `within_id` is the quote that relays or embeds this one, or that it answers."""

    __table_args__ = (
        PrimaryKeyConstraint("document_id", "row_key"),
        *recorded("quote", "document_id"),
        ForeignKeyConstraint(["document_id", "text_sha256"], ["text.document_id", "text.sha256"]),
        Index("ix_quote_within", "document_id", "within_id"),
        by_key("quote"),
        Index("ix_quote_said", text("said_order DESC"), "document_id", "start", "id"),
        Index("ix_quote_position", "document_id", "start", "id"),
        # Counted by filters, and sorted for a page: without the table.
        current("ix_quote_counted", "document_id", "form", "act", "polarity", *SORTED, "row_key"),
        one_of("form", Form),
        one_of("act", Act),
        one_of("polarity", Polarity),
        one_of("relation", Relation),
        check("within", "(within_id IS NULL) = (relation IS NULL) AND within_id <> id"),
        check(
            "within_document",
            "within_id IS NULL OR substr(within_id, 1, length(document_id) + 2) = document_id || '.q'",
        ),
        check("silence", "act <> 'silence' OR (content IS NULL AND verbatim IS NULL)"),
        check("form_verbatim", "form = 'indirect' OR act = 'silence' OR verbatim IS NOT NULL"),
        check("id", "substr(id, 1, length(document_id) + 2) = document_id || '.q'"),
        check("start", '"start" >= 0'),
    )

    document_id: str = column("The document", primary_key=True)
    text_sha256: str = column("The state of the text")
    start: int = Field(ge=0, description="Place in the text")
    said_order: str = column("Sort key of the day: its first, or empty", default="")
    within_id: str | None = column("Quote that this one stands within", default=None)
    relation: str | None = column("What that quote does to this one", default=None)


class Speaker(SQLModel, table=True):
    """Who speaks in one state of a quote, or is spoken to."""

    __table_args__ = (
        ForeignKeyConstraint(["document_id", "quote_key"], ["quote.document_id", "quote.row_key"]),
        Index("ix_speaker_entity", "entity_id", "role"),
        Index("ix_speaker_quote", "quote_key"),
        Index("ix_speaker_mention", "document_id", "mention_id"),
        one_of("role", SpeakerRole),
        check("mention", "(mention_id IS NULL) = (as_written IS NULL)"),
        check("position", "position >= 0"),
    )

    document_id: str = column("The document", primary_key=True)
    quote_key: int = Field(sa_type=BigInteger, primary_key=True)
    role: str = column("Speaker or addressee", primary_key=True)
    position: int = Field(primary_key=True)
    entity_id: str = column("The entity")
    mention_id: str | None = column("The mention that names it here", default=None)
    as_written: str | None = column("The words of the mention", default=None)
