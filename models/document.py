"""A document: an article, with what is known of its publication."""

from sqlalchemy import ForeignKeyConstraint
from sqlmodel import SQLModel

from models.columns import check, column, one_of, recorded
from models.recorded import Recorded
from models.vocabulary import PublishedBasis, Status


class DocumentBase(SQLModel):
    """What the record says of a document in its own words."""

    id: str = column("Slug of the document", examples=["beirut-strikes-2024-10-15"])
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


class Document(DocumentBase, Recorded, table=True):
    """One state of a document. `published_order` sorts undated documents below all dated ones."""

    __table_args__ = (
        *recorded("document"),
        ForeignKeyConstraint(["id", "text_sha256"], ["text.document_id", "text.sha256"]),
        one_of("published_basis", PublishedBasis),
        one_of("status", Status),
        check("title", "length(title) > 0"),
        check("published_days", "published_earliest <= published_latest"),
        check("published_unknown", "(published_basis = 'unknown') = (published IS NULL)"),
        check("published_note", "published_basis = 'stated' OR published_note IS NOT NULL"),
        check("published_order", "published_order = coalesce(published_earliest, published_latest, '')"),
    )

    text_sha256: str = column("SHA-256 of the text's bytes")
    published_order: str = column("Sort key of the publication date", default="")


class DocumentState(SQLModel, table=True):
    """An annotated document as it was handed in: loading the same one again, or an earlier one, changes nothing."""

    __tablename__ = "document_state"
    __table_args__ = (
        ForeignKeyConstraint(["recorded"], ["revision.key"], deferrable=True, initially="DEFERRED"),
        check("digest", "length(digest) = 64"),
    )

    document_id: str = column("The document", primary_key=True)
    digest: str = column("SHA-256 of the annotated document in canonical form", primary_key=True)
    recorded: int = Recorded.model_fields["recorded"]
