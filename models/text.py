"""The text of one state of a document, by its hash."""

from sqlmodel import SQLModel

from models.columns import check, column, only


class Text(SQLModel, table=True):
    """Kept apart from the document's row, so that a corrected title does not copy the article."""

    __table_args__ = (
        check("sha256", "length(sha256) = 64 AND " + only("sha256", "0123456789abcdef")),
        check("text", "length(text) > 0"),
    )

    document_id: str = column("The document", primary_key=True)
    sha256: str = column(
        "SHA-256 of the text's UTF-8 bytes", primary_key=True, examples=["cd30cb2eba709f05…"]
    )
    text: str = column("The article: UTF-8, LF", examples=["The United States, Israel‘s primary ally, …"])
