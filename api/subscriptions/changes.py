"""What the owner of a subscription does to it; each in the transaction of its audit."""

import base64
import datetime
import secrets
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import func, insert, update
from sqlmodel import Session, col, select

from api.access.callers import Caller
from api.listing.reading import read
from api.problems import Mistake, Problem, unprocessable
from api.subscriptions.addresses import Allowed, Refused, parse, resolve
from api.subscriptions.outbox import moment
from api.subscriptions.saved_queries import Pairs, pairs_of, parts_of, refuse_unknown_values, saved
from api.subscriptions.views import SubscriptionInput, SubscriptionPatch
from models.moment import written
from models.record import newest
from models.subscription import Subscription

# Of one key: more are a mistake of a program, which would be called back about everything a thousand times.
MOST = 100
# How long the old secret signs, too, after a rotation.
ROTATION = datetime.timedelta(days=1)
_SECRET_BYTES = 32


def new_id() -> str:
    """An id that tells nothing."""
    return f"sub_{secrets.token_hex(8)}"


def refuse_address(url: str, allowed: Allowed) -> None:
    """Refuse a URL that would not be called; it waits for the network."""
    try:
        resolve(parse(url, allowed), allowed)
    except Refused as refused:
        raise unprocessable(Mistake(pointer="/url", message=str(refused))) from None


def own(session: Session, caller: Caller, id: str) -> Subscription:
    """The subscription, for who made it and for admins; a Problem for everybody else."""
    found = session.execute(select(Subscription).where(col(Subscription.id) == id))
    row: Subscription | None = found.scalar_one_or_none()
    if row is None or not (row.key == caller.key or caller.may("admin")):
        raise Problem(404, "no subscription with this id; /v1/subscriptions lists what there is")
    return row


def created(session: Session, caller: Caller, id: str, given: SubscriptionInput) -> Subscription:
    """A new one."""
    assert caller.key is not None
    count = select(func.count()).select_from(Subscription).where(col(Subscription.key) == caller.key)
    if session.execute(count).scalar_one() >= MOST:
        raise Problem(409, f"the key has {MOST} subscriptions; delete one first")
    number = begun(session, given.begin)
    time = moment()
    values = {
        "id": id,
        "key": caller.key,
        "url": given.url,
        "description": given.description,
        **_asked(session, caller, given, None),
        "secret": _secret(),
        "status": "active",
        "created": time,
        "changed": time,
        **_from(number),
    }
    session.execute(insert(Subscription).values(values))
    return own(session, caller, id)


def patched(session: Session, caller: Caller, row: Subscription, given: SubscriptionPatch) -> Subscription:
    """The same with what was sent; who waits for a receiver that has moved waits no longer."""
    values: dict[str, Any] = {
        name: getattr(given, name) for name in ("url", "description") if name in given.model_fields_set
    }
    if given.model_fields_set & {"events", "resource", "filters", "query"}:
        values |= _asked(session, caller, given, row)
    if "url" in values:
        values |= {"attempts": 0, "due": moment()}
    return changed(session, caller, row, values)


def rotated(session: Session, caller: Caller, row: Subscription) -> Subscription:
    """A new secret; for a day the old one signs, too."""
    until = written(datetime.datetime.now(datetime.UTC) + ROTATION)
    values = {"secret": _secret(), "old_secret": row.secret, "old_secret_until": until}
    return changed(session, caller, row, values)


def replayed(session: Session, caller: Caller, row: Subscription, begin: int | str) -> Subscription:
    """It is told everything again from a revision on."""
    return changed(session, caller, row, _from(begun(session, begin)))


def resumed(session: Session, caller: Caller, row: Subscription) -> Subscription:
    """It is called again, and at once, from where it stopped."""
    values = {"status": "active", "off_reason": None, "attempts": 0, "due": moment()}
    return changed(session, caller, row, values)


def changed(session: Session, caller: Caller, row: Subscription, values: dict[str, Any]) -> Subscription:
    """The row with these values; a worker that is telling it something sees that it was changed."""
    # Never the same time twice: that is how it sees it.
    after = datetime.datetime.fromisoformat(row.changed) + datetime.timedelta(milliseconds=1)
    time = max(moment(), written(after))
    where = col(Subscription.id) == row.id
    session.execute(update(Subscription).where(where).values({**values, "changed": time}))
    session.expire_all()
    return own(session, caller, row.id)


def begun(session: Session, begin: int | str) -> int:
    """The first revision that is told; a Problem if it is not on record."""
    last, _ = newest(session)
    if begin == "now":
        return last + 1
    if int(begin) > last:
        message = f"still to come; the newest revision is {last}, and `now` is the one after it"
        raise unprocessable(Mistake(pointer="/from", message=message))
    return int(begin)


def _from(number: int) -> dict[str, Any]:
    return {"revision": number, "position": 0, "attempts": 0, "due": moment()}


def _secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def _asked(
    session: Session, caller: Caller, given: SubscriptionPatch, row: Subscription | None
) -> dict[str, Any]:
    """Events and saved query, checked together; what was not sent is what there is."""
    sent = given.model_fields_set
    resource, pairs = _query(given, row)
    events = given.events if row is None or "events" in sent else row.events.split()
    if resource is None and pairs:
        message = "missing: filters need the list that they belong to"
        raise unprocessable(Mistake(pointer="/resource", message=message))
    if resource is not None:
        query = saved(resource, pairs)
        foreign = [type for type in events if type.partition(".")[0] != query.noun]
        if foreign:
            message = f"the list has no such events; those of a {query.noun} alone"
            raise unprocessable(Mistake(pointer="/events", message=message))
        refuse_unknown_values(query, read(session, None, desk=caller.desk))
    return {
        "events": " ".join(dict.fromkeys(events)),
        "resource": resource,
        "filters": urlencode(pairs),
    }


def _query(given: SubscriptionPatch, row: Subscription | None) -> tuple[str | None, Pairs]:
    sent = given.model_fields_set
    if "query" in sent:
        if sent & {"resource", "filters"}:
            message = "stands for resource and filters; leave these out, or this"
            raise unprocessable(Mistake(pointer="/query", message=message))
        return (None, []) if given.query is None else parts_of(given.query)
    resource, pairs = given.resource, pairs_of(given.filters)
    if row is not None:
        resource = resource if "resource" in sent else row.resource
        pairs = pairs if "filters" in sent else parse_qsl(row.filters, keep_blank_values=True)
    return resource, pairs
