"""The outbox: which subscriptions have something to be told, who tells them, and how far they were told.

A worker leases a subscription for as long as it delivers to it, so that its messages go out one after the
other. A lease ends with its time: what a worker that died had sent and not noted is sent again.
"""

import datetime
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlmodel import Session, col

from api.subscriptions.calling import Outcome
from api.subscriptions.messages import Message
from models.moment import written
from models.purge import Purge
from models.recorded import key_run
from models.revision import Counter, Revision
from models.subscription import Delivery, Subscription

# Seconds. Longer than one call; renewed whenever calls are noted.
LEASE = 60
# Seconds that a turn is put off at most where no call has failed.
SHORTLY = 60
# The log is for finding out what went wrong, and a month later nobody does.
LOG_DAYS = 30
MOST_PRUNED = 5000


@dataclass(frozen=True)
class Turn:
    """A subscription under the lease of one worker, as it stood when it was read."""

    id: str
    lease: str
    revision: int = 0
    position: int = 0
    changed: str = ""
    purges: int = 0


@dataclass
class Calls:
    """Calls that were made, and are not noted yet; `end` is how far the subscription has got with them."""

    end: tuple[int, int]
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, turn: Turn, message: Message, outcome: Outcome, attempt: int) -> None:
        self.rows.append(
            {
                "id": next(key_run()),
                "subscription_id": turn.id,
                "message": message.id,
                "type": message.type,
                "revision": message.place and message.place[0],
                "position": message.place and message.place[1],
                "attempt": attempt,
                "time": moment(),
                "milliseconds": outcome.milliseconds,
                "outcome": "failed" if outcome.error else "delivered",
                "status": outcome.status,
                "error": outcome.error,
            }
        )


def moment(seconds: float = 0) -> str:
    """This moment, or one before or after it, as the record writes it."""
    return written(datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds))


def _waiting() -> ColumnElement[bool]:
    """There is something to be told, and nobody is telling it."""
    newest = select(col(Counter.number)).scalar_subquery()
    events = and_(
        col(Subscription.status) == "active",
        due(),
        col(Subscription.revision) <= newest,
    )
    # Where the clock was set back a lease would last until it has caught up.
    idle = or_(
        col(Subscription.leased_until).is_(None),
        col(Subscription.leased_until) < moment(),
        col(Subscription.leased_until) > moment(2 * LEASE),
    )
    return and_(idle, or_(events, col(Subscription.ping).is_not(None)))


def due() -> ColumnElement[bool]:
    """Its time has come. Where nothing has failed it never lies far ahead: then the clock was set back."""
    ahead = (col(Subscription.attempts) == 0) & (col(Subscription.due) > moment(SHORTLY))
    return or_(col(Subscription.due) <= moment(), ahead)


def waiting(session: Session) -> bool:
    """Whether any subscription is to be told anything: a question that locks nothing."""
    return session.execute(select(col(Subscription.id)).where(_waiting()).limit(1)).first() is not None


def claim(session: Session, most: int) -> list[Turn]:
    """Lease those that have waited longest."""
    oldest = select(col(Subscription.id)).where(_waiting()).order_by(col(Subscription.due)).limit(most)
    ids = session.execute(oldest.with_for_update(skip_locked=True)).scalars().all()
    turns = [Turn(id, secrets.token_hex(8)) for id in ids]
    for turn in turns:
        lease = {"leased_by": turn.lease, "leased_until": moment(LEASE)}
        session.execute(update(Subscription).where(col(Subscription.id) == turn.id).values(lease))
    return turns


def leased(session: Session, turn: Turn) -> tuple[Turn, Subscription] | None:
    """The subscription as it stands now; None if it is gone, or was leased to somebody else."""
    row = session.execute(select(Subscription).where(*_own(turn))).scalar_one_or_none()
    if row is None:
        return None
    purges = session.execute(_purges()).scalar_one()
    state = {"revision": row.revision, "position": row.position, "changed": row.changed, "purges": purges}
    return replace(turn, **state), row


def _purges() -> Any:
    return select(func.count()).select_from(Purge)


def _own(turn: Turn) -> list[ColumnElement[bool]]:
    return [col(Subscription.id) == turn.id, col(Subscription.leased_by) == turn.lease]


def _unmoved(turn: Turn) -> list[ColumnElement[bool]]:
    here = [col(Subscription.revision) == turn.revision, col(Subscription.position) == turn.position]
    return [*_own(turn), *here]


def note(session: Session, turn: Turn, calls: Calls) -> Turn | None:
    """Write what was told; None if the turn must end, because something that it stands on has changed.

    That is the subscription itself, by its owner; or the record, by a purge, after which nothing of what was
    read before may be sent.
    """
    revision, position = calls.end
    values = {"revision": revision, "position": position, "attempts": 0, "due": moment()}
    moved = update(Subscription).where(*_unmoved(turn)).values(leased_until=moment(LEASE), **values)
    changed = session.execute(moved.returning(col(Subscription.changed))).scalar()
    _log(session, turn.id, calls.rows)
    if changed != turn.changed or session.execute(_purges()).scalar_one() != turn.purges:
        return None
    return replace(turn, revision=revision, position=position)


def fail(session: Session, turn: Turn, calls: Calls, values: Mapping[str, Any]) -> None:
    """Write that the last call failed, and what follows; nothing, if its owner changed it meanwhile."""
    revision, position = calls.end
    unchanged = col(Subscription.changed) == turn.changed
    failed = update(Subscription).where(*_unmoved(turn), unchanged)
    session.execute(failed.values({**values, "revision": revision, "position": position}))
    _log(session, turn.id, calls.rows)


def note_ping(session: Session, turn: Turn, calls: Calls, ping: str) -> None:
    """Write that the test message went out."""
    own = (col(Subscription.id) == turn.id, col(Subscription.ping) == ping)
    session.execute(update(Subscription).where(*own).values(ping=None))
    _log(session, turn.id, calls.rows)


def _log(session: Session, subscription: str, rows: Sequence[dict[str, Any]]) -> None:
    there = select(col(Subscription.id)).where(col(Subscription.id) == subscription)
    # It may have been deleted while it was called; then its log is, too.
    if rows and session.execute(there.with_for_update(read=True, key_share=True)).first():
        session.execute(insert(Delivery), list(rows))


def switch_off(session: Session, turn: Turn, reason: str) -> None:
    """Call it no more, until its owner says so."""
    off = {"status": "off", "off_reason": reason, "ping": None}
    session.execute(update(Subscription).where(*_own(turn)).values(off))


def release(session: Session, turn: Turn, due: str | None) -> None:
    """End the lease; `due` puts off the next turn."""
    free: dict[str, Any] = {"leased_by": None, "leased_until": None} | ({"due": due} if due else {})
    session.execute(update(Subscription).where(*_own(turn)).values(free))


def lag(session: Session) -> float:
    """Seconds since the oldest revision that some active subscription has not been told of."""
    behind = select(func.min(col(Revision.time))).join(
        Subscription, (col(Subscription.revision) == Revision.number) & (col(Subscription.status) == "active")
    )
    oldest = session.execute(behind.select_from(Revision)).scalar()
    if oldest is None:
        return 0.0
    since = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(oldest)
    return max(0.0, since.total_seconds())


def prune(session: Session) -> None:
    """Remove old rows of the log, some at a time."""
    session.execute(delete(Delivery).where(col(Delivery.id).in_(_old())))


def pruned(session: Session) -> bool:
    """Whether there are none."""
    return session.execute(_old().limit(1)).first() is None


def _old() -> Any:
    before = moment(-LOG_DAYS * 86400)
    return select(col(Delivery.id)).where(col(Delivery.time) < before).limit(MOST_PRUNED)
