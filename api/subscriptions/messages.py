"""What a subscription is told: its events, in order, as signed messages (Standard Webhooks 1.0)."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import RowMapping, and_, or_, tuple_
from sqlmodel import col
from standardwebhooks import Webhook

from api.listing.formats import dump
from api.listing.negotiation import RELEASE
from api.listing.reading import Reading
from api.listing.sql import select
from api.subscriptions.saved_queries import LIST_OF, SavedQuery, saved
from models.event import Event, EventKind, EventNoun
from models.moment import now
from models.revision import Revision
from models.subscription import Subscription
from models.vocabulary import words

PING = "subscription.ping"
# What is on record after the event, and what was before it.
_AFTER, _BEFORE = ("created", "corrected", "unmerged"), ("corrected", "withdrawn", "merged")
TYPES: tuple[str, ...] = tuple(
    f"{noun}.{kind}"
    for noun in words(EventNoun)
    for kind in words(EventKind)
    if noun == "entity" or kind not in ("merged", "unmerged")
)


@dataclass(frozen=True)
class Message:
    """One call: `id` is the same in every attempt at it, so that its receiver can tell repeats."""

    id: str
    type: str
    body: bytes
    # Revision and position of its event; a test message has none.
    place: tuple[int, int] | None = None

    def headers(self, secrets: Sequence[str], sent: datetime) -> dict[str, str]:
        """Signed with each of the secrets; the time is that of the attempt."""
        text = self.body.decode()
        signatures = (Webhook(secret).sign(self.id, sent, text) for secret in secrets)
        return {
            "Content-Type": "application/json",
            "User-Agent": f"onrecord/{RELEASE}",
            "webhook-id": self.id,
            "webhook-timestamp": str(int(sent.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


@dataclass(frozen=True)
class Batch:
    """Messages of a stretch of events; whatever else lies before `end`, a place in them, is not told."""

    messages: list[Message]
    end: tuple[int, int]
    last: bool


def ping(subscription: str, id: str) -> Message:
    """The test message."""
    body = {"type": PING, "timestamp": now(), "data": {"subscription": subscription}}
    return Message(id, PING, dump(body))


def query_of(subscription: Subscription) -> SavedQuery | None:
    """The saved query, which was checked when it was made; none if all nouns are followed."""
    if subscription.resource is None:
        return None
    return saved(subscription.resource, parse_qsl(subscription.filters, keep_blank_values=True))


def batch(reading: Reading, subscription: Subscription, limit: int) -> Batch:
    """What comes next in at most `limit` events, as the reader sees it."""
    query = query_of(subscription)
    kind = col(Event.kind) if reading.desk else col(Event.public)
    columns: tuple[Any, ...] = (
        Event.revision,
        Event.position,
        Event.noun,
        Event.id,
        Event.document_id,
        kind.label("change"),
    )
    place = tuple_(col(Event.revision), col(Event.position))
    statement = (
        select(*columns, Revision.time, Revision.reason, Revision.note)
        .join(Revision, col(Revision.number) == Event.revision)
        .where(place >= tuple_(subscription.revision, subscription.position))
        .where(kind.is_not(None), col(Event.revision) <= reading.number)
        .where(_wanted(subscription.events.split(), query, kind))
        .order_by(col(Event.revision), col(Event.position))
        .limit(limit)
    )
    events = reading.session.execute(statement).mappings().all()
    messages = [
        message
        for (number, noun), group in groupby(events, key=lambda event: (event["revision"], event["noun"]))
        for message in _told(reading.at(number), subscription.id, query or _everything(noun), list(group))
    ]
    if len(events) < limit:
        return Batch(messages, (reading.number + 1, 0), last=True)
    return Batch(messages, (events[-1]["revision"], events[-1]["position"] + 1), last=False)


def _everything(noun: str) -> SavedQuery:
    return saved(LIST_OF[noun].name, [])


def _wanted(types: Sequence[str], query: SavedQuery | None, kind: Any) -> Any:
    """The condition on events that the types ask for, and that the list can hold at all."""
    asked = [type.partition(".") for type in types] or [(noun, "", "") for noun in LIST_OF]
    return or_(
        *(
            and_(col(Event.noun) == noun, *((kind == change,) if change else ()))
            for noun, _, change in asked
            if query is None or noun == query.noun
        )
    )


def _told(
    reading: Reading, subscription: str, query: SavedQuery, events: Sequence[RowMapping]
) -> Iterator[Message]:
    """The messages of one revision's events of one noun."""
    found = query.items(reading, _ids(events, _AFTER))
    before: Collection[str] = ()
    gone: dict[str, Any] = {}
    if query.narrow:
        before = query.items(reading.at(reading.number - 1), _ids(events, _BEFORE)).keys()
        left = [id for id in _ids(events, ("corrected",)) if id in before and id not in found]
        gone = query.whole().items(reading, left)
    into = _survivors(reading, _ids(events, ("merged",)))
    for event in events:
        id, change = event["id"], event["change"]
        # What was purged since is not found, although nothing else hides it.
        matches = change in _AFTER and id in found
        matched = change in _BEFORE and id in before
        # A purge is for everybody who may have what was purged; nothing is left to ask whether they have it.
        if matches or matched or change == "purged" or not query.narrow:
            item = found.get(id, gone.get(id))
            yield _message(subscription, event, {"matches": matches, "into": into.get(id), "item": item})


def _ids(events: Sequence[RowMapping], changes: Sequence[str]) -> list[str]:
    return [event["id"] for event in events if event["change"] in changes]


def _survivors(reading: Reading, ids: Sequence[str]) -> dict[str, str | None]:
    """Where merged entities lead to."""
    moved = LIST_OF["entity"].moved
    assert moved is not None
    return {id: reading.session.execute(moved(reading, id)).scalar() for id in ids}


def _message(subscription: str, event: RowMapping, more: Mapping[str, Any]) -> Message:
    revision, position, noun = event["revision"], event["position"], event["noun"]
    type = f"{noun}.{event['change']}"
    data = {
        "revision": revision,
        "position": position,
        "change": event["change"],
        "noun": noun,
        "id": event["id"],
        "document": event["document_id"],
        "url": f"/v1/{LIST_OF[noun].name}/{event['id']}" + (f"?as_of={revision}" if more["item"] else ""),
        "reason": event["reason"],
        "note": event["note"],
        **more,
    }
    body = dump({"type": type, "timestamp": event["time"], "data": data})
    return Message(_name(subscription, revision, position), type, body, (revision, position))


def _name(subscription: str, revision: int, position: int) -> str:
    """Made of what the event is, and of no word that a receiver could choose."""
    digest = hashlib.sha256(f"{subscription} {revision} {position}".encode()).hexdigest()
    return f"msg_{digest[:32]}"
