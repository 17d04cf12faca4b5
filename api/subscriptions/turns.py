"""A turn: what one subscription is to be told next, as the holder of its key sees the record."""

from dataclasses import dataclass, replace

from sqlmodel import Session, col, select

from api.access.callers import Caller, ended
from api.listing.reading import read
from api.problems import Problem
from api.subscriptions import messages
from api.subscriptions.messages import Batch, Message
from api.subscriptions.outbox import SHORTLY, Turn, leased, moment
from models.api_key import ApiKey
from models.subscription import Subscription

# Events that are looked at together; a receiver that fails is tried with one alone.
EVENTS = 100


@dataclass(frozen=True)
class Task:
    """What is to be told in a turn: a test message, events, or that there is nobody to tell."""

    turn: Turn
    url: str
    secrets: tuple[str, ...]
    failed: int
    ping: Message | None = None
    batch: Batch | None = None
    off: str | None = None


def prepare(session: Session, turn: Turn) -> Task | None:
    """Read what a subscription is to be told, as the holder of its key sees it; None if its lease is lost."""
    found = leased(session, turn)
    if found is None:
        return None
    turn, row = found
    rotating = row.old_secret is not None and (row.old_secret_until or "") > moment()
    keys = (row.secret, row.old_secret) if rotating else (row.secret,)
    task = Task(turn, row.url, tuple(key for key in keys if key), row.attempts)
    holder = _holder(session, row.key)
    if isinstance(holder, str):
        return replace(task, off=holder)
    if row.ping:
        return replace(task, ping=messages.ping(row.id, row.ping))
    if row.status != "active" or not is_due(row):
        return task
    reading = read(session, None, desk=holder.desk)
    try:
        batch = messages.batch(reading, row, 1 if row.attempts else EVENTS)
    except Problem as problem:
        # A list of an earlier release, or a term that a newsroom has dropped.
        wrong = "; ".join(mistake.message for mistake in problem.errors) or problem.detail
        return replace(task, off=f"its saved query can not be asked any more: {wrong}")
    return replace(task, batch=batch)


def is_due(row: Subscription) -> bool:
    """As `outbox.due`, of a row."""
    return row.due <= moment() or (row.attempts == 0 and row.due > moment(SHORTLY))


def _holder(session: Session, key: str) -> Caller | str:
    """Who made the subscription, or why nobody is called for them any more."""
    row = session.execute(select(ApiKey).where(col(ApiKey.id) == key)).scalar_one_or_none()
    if row is None:
        return "there is no such key any more"
    if (reason := ended(row)) is not None:
        return reason
    holder = Caller("worker", row.id, row.name, frozenset(row.scopes.split()))
    return holder if holder.may("subscriptions") else "the key has lost the scope `subscriptions`"
