"""A subscription: who is called back on which events; and the log of the calls."""

from typing import Literal

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from models.columns import check, column, one_of

SubscriptionStatus = Literal["active", "off"]
Outcome = Literal["delivered", "failed"]
# What went wrong: with the URL, the name, the address, the connection, its encryption; no answer in time, or
# none that is HTTP; an answer that leads elsewhere, or is another one than 2xx.
CallError = Literal["url", "name", "address", "connect", "tls", "timeout", "broken", "redirect", "status"]


class Subscription(SQLModel, table=True):
    """`revision` and `position` say from which event on it waits for what happens: before it, all is done."""

    __table_args__ = (
        Index("ix_subscription_key", "key"),
        Index("ix_subscription_due", "status", "due"),
        one_of("status", SubscriptionStatus),
        check("off", "(status = 'off') = (off_reason IS NOT NULL)"),
    )

    id: str = column("Id", primary_key=True, examples=["sub_2f9c51d07ab34e18"])
    key: str = column("Id of the key that made it")
    url: str = column("Where it is called back")
    description: str | None = column("For people", default=None)
    events: str = column("Types of events, parted by spaces; all if empty")
    resource: str | None = column("The list that its filters belong to", default=None)
    filters: str = column("The saved query, as a query string", default="")
    secret: str = column("Signs the calls")
    old_secret: str | None = column("Signs, too, while a rotation lasts", default=None)
    old_secret_until: str | None = column("When the rotation ends, UTC", default=None)
    status: str = column("Whether it is called")
    off_reason: str | None = column("Why it is not", default=None)
    created: str = column("When it was made, UTC")
    changed: str = column("When it was last changed by its owner, UTC")
    revision: int = Field(sa_type=BigInteger)
    position: int = Field()
    attempts: int = Field(default=0, description="Failed attempts at the next event")
    due: str = column("When the next attempt is due, UTC")
    ping: str | None = column("Id of the test message that it waits for", default=None)
    leased_by: str | None = column("The worker that delivers it now", default=None)
    leased_until: str | None = column("Until when", default=None)


class Delivery(SQLModel, table=True):
    """One call, or attempt at one."""

    __table_args__ = (
        ForeignKeyConstraint(["subscription_id"], ["subscription.id"], ondelete="CASCADE"),
        Index("ix_delivery_subscription", "subscription_id", "id"),
        Index("ix_delivery_time", "time"),
        one_of("outcome", Outcome),
        one_of("error", CallError),
        check("went_wrong", "(outcome = 'failed') = (error IS NOT NULL)"),
    )

    id: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    subscription_id: str = column("The subscription")
    message: str = column("Id of the message, the same in each attempt")
    type: str = column("Type of the event")
    revision: int | None = Field(default=None, sa_type=BigInteger)
    position: int | None = Field(default=None)
    attempt: int = Field(description="Which attempt, from 1")
    time: str = column("When, UTC")
    milliseconds: int = Field(description="Until the answer, or the failure")
    outcome: str = column("Whether it was taken")
    status: int | None = Field(default=None, description="HTTP status of the answer")
    error: str | None = column("What went wrong, in one of a few words", default=None)
