"""The audit: a row for every write and every refused write; and the answers kept for who asks again."""

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from models.columns import check, column


class AuditBase(SQLModel):
    """Who did what, from where, and what became of it."""

    time: str = column("When, UTC", examples=["2024-10-16T08:00:00.000Z"])
    key: str | None = column(
        "Id of the key, if a known one was given", default=None, examples=["or_7Kx2mQ9d"]
    )
    agent: str | None = column("Name of the key", default=None, examples=["city desk"])
    address: str = column("Address that the request came from", examples=["192.0.2.7"])
    operation: str = column("Operation of the OpenAPI document", examples=["put_document"])
    subject: str | None = column("Id of what it was about", default=None, examples=["harbour-flood"])
    status: int = Field(description="HTTP status of the answer", schema_extra={"examples": [200]})
    revision: int | None = Field(
        default=None, sa_type=BigInteger, description="Revision that it made", schema_extra={"examples": [2]}
    )
    request: str = column("Id of the request, as in the log", examples=["5f2a9c0e1b7d4a66"])


class Audit(AuditBase, table=True):
    """Rows are added in the transaction of the write; refused ones in one of their own."""

    __table_args__ = (
        Index("ix_audit_time", "time", "id"),
        Index("ix_audit_key", "key"),
        Index("ix_audit_subject", "subject"),
        check("status", "status BETWEEN 100 AND 599"),
    )

    id: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})


class Answer(SQLModel, table=True):
    """The answer to a write under an `Idempotency-Key`, for whoever sends it again."""

    __table_args__ = (Index("ix_answer_time", "time"), Index("ix_answer_subject", "subject"))

    key: str = column("Id of the key that asked", primary_key=True)
    token: str = column("The Idempotency-Key", primary_key=True)
    request: str = column("SHA-256 of method, URL and body")
    subject: str | None = column("Id of what it was about", default=None)
    status: int = Field(description="HTTP status")
    headers: str = column("Headers, as JSON")
    body: str = column("Body")
    time: str = column("When it was given, UTC")
