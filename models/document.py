"""A document: an article, with what is known of its publication."""

from typing import Literal

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, PrimaryKeyConstraint, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from models.columns import check, column, current, one_of, recorded, sparse
from models.recorded import Recorded
from models.vocabulary import PublishedBasis, Status

ListedNoun = Literal["entity", "indicator", "quote", "claim"]


class DocumentBase(SQLModel):
    """What the record says of a document in its own words."""

    id: str = column("Slug of the document", primary_key=True, examples=["beirut-strikes-2024-10-15"])
    title: str = column(
        "Title as printed; in square brackets when an editor supplied it", examples=["[Air strikes]"]
    )
    outlet: str | None = column("Who published it", default=None, examples=["Defence Talks"])
    url: str | None = column("Where it was published", default=None, examples=["https://news.example/flood"])
    language: str = column("BCP 47 tag of the text", examples=["en"])
    timezone: str = column("IANA zone in which the text says `Tuesday`", examples=["Asia/Beirut"])
    published: str | None = column("Date of publication, EDTF", default=None, examples=["2024-10-15"])
    published_earliest: str | None = column(
        "First day that `published` may mean", default=None, examples=["2024-10-15"]
    )
    published_latest: str | None = column(
        "Last day that `published` may mean", default=None, examples=["2024-10-15"]
    )
    published_basis: str = column("On what basis the date is given", examples=["inferred"])
    published_note: str | None = column(
        "Why, when the date is not stated", default=None, examples=["No dateline."]
    )
    printed: str | None = column("The date line as printed", default=None, examples=["Oct. 15, 2024"])
    status: str = column("Where it stands between draft and withdrawal", examples=["published"])
    embargo: str | None = column(
        "When it will be published, UTC, if it is under embargo until then",
        default=None,
        examples=["2024-10-16T05:00:00.000Z"],
    )


HIDDEN = text("status <> 'published'")


class Document(DocumentBase, Recorded, table=True):
    """One state of a document. `published_order` sorts undated documents below all dated ones."""

    __table_args__ = (
        PrimaryKeyConstraint("id", "row_key"),
        *recorded("document"),
        Index("ix_document_row_key", "row_key"),
        Index("ix_document_published", text("published_order DESC"), "id"),
        current("ix_document_readable", "id", "status"),
        Index("ix_document_hidden", "id", "superseded", sqlite_where=HIDDEN, postgresql_where=HIDDEN),
        ForeignKeyConstraint(["id", "text_sha256"], ["text.document_id", "text.sha256"]),
        one_of("published_basis", PublishedBasis),
        one_of("status", Status),
        check("embargo", "embargo IS NULL OR (status = 'embargoed' AND length(embargo) = 24)"),
        sparse("ix_document_embargo", "embargo"),
        check("title", "length(title) > 0"),
        check("published_days", "published_earliest <= published_latest"),
        check("published_unknown", "(published_basis = 'unknown') = (published IS NULL)"),
        check("published_note", "published_basis = 'stated' OR published_note IS NOT NULL"),
        check("published_order", "published_order = coalesce(published_earliest, published_latest, '')"),
    )

    text_sha256: str = column("SHA-256 of the text's bytes")
    published_order: str = column("Sort key of the publication date", default="")


class DocumentState(SQLModel, table=True):
    """An annotated document as it was handed in: the same one again, or an earlier one, changes nothing."""

    __tablename__ = "document_state"
    __table_args__ = (
        ForeignKeyConstraint(["recorded"], ["revision.key"], deferrable=True, initially="DEFERRED"),
        ForeignKeyConstraint(["superseded"], ["revision.key"], deferrable=True, initially="DEFERRED"),
        Index(
            "ux_document_state_current",
            "document_id",
            unique=True,
            sqlite_where=text("superseded IS NULL"),
            postgresql_where=text("superseded IS NULL"),
        ),
        Index("ix_document_state_recorded", "recorded"),
        sparse("ix_document_state_superseded", "superseded"),
        check("digest", "length(digest) = 64"),
    )

    document_id: str = column("The document", primary_key=True)
    digest: str = column("SHA-256 of what the annotated document says", primary_key=True)
    recorded: int = Field(sa_type=BigInteger)
    superseded: int | None = Field(default=None, sa_type=BigInteger)


class Listed(SQLModel, table=True):
    """What one state of a document lists, in its order, with the entities and indicators that it defines.

    Named entities and indicators are shared; without this nobody could tell whose word they rest on.
    """

    __table_args__ = (
        ForeignKeyConstraint(
            ["document_id", "digest"], ["document_state.document_id", "document_state.digest"]
        ),
        UniqueConstraint("document_id", "digest", "noun", "id"),
        Index("ix_listed_id", "id"),
        one_of("noun", ListedNoun),
        check("position", "position >= 0"),
    )

    document_id: str = column("The document", primary_key=True)
    digest: str = column("The state", primary_key=True)
    noun: str = column("What is listed", primary_key=True)
    position: int = Field(primary_key=True)
    id: str = column("Its id in the record")
