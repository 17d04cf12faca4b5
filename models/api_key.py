"""Keys of the service: who may do what, and how often."""

from typing import Literal

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from models.columns import check, column

Scope = Literal["read", "write", "entities", "subscriptions", "admin"]


class ApiKey(SQLModel, table=True):
    """A key; the secret itself is shown once and kept nowhere."""

    __tablename__ = "api_key"
    __table_args__ = (
        Index("ux_api_key_digest", "digest", unique=True),
        check("digest", "length(digest) = 64"),
        check("name", "length(name) > 0"),
    )

    id: str = column("Readable beginning of the secret", primary_key=True, examples=["or_7Kx2mQ9d"])
    name: str = column("Who holds it: the agent of the revisions that it makes", examples=["city desk"])
    digest: str = column("SHA-256 of the secret")
    scopes: str = column("What it may do, parted by spaces", examples=["read write"])
    created: str = column("When it was made, UTC")
    expires: str | None = column("When it ends, UTC", default=None)
    revoked: str | None = column("When it was revoked, UTC", default=None)
    used: str | None = column("When it was last used, UTC, to the minute", default=None)


class Permit(SQLModel, table=True):
    """How many requests of a minute the processes of the service have leased for a key or an address."""

    __table_args__ = (check("taken", "taken >= 0"),)

    subject: str = column("Key or address", primary_key=True)
    minute: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    taken: int = Field(sa_type=BigInteger)
