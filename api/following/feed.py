"""The feed: what happened to the record, in commit order, a page from any place on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, or_
from sqlmodel import col

from api.following.concerns import FEW, concerning, follows, one_and_all
from api.listing import cursor
from api.listing.reading import Reading
from api.listing.sql import select
from api.problems import Mistake, Problem, unprocessable
from models.entity import Entity
from models.event import Event
from models.revision import Revision

# Behind all events of a revision.
LAST = (1 << 31) - 1


@dataclass(frozen=True)
class Place:
    """Behind one event of a revision, or behind all of them.

    `key` is the key of the revision: a record that was restored from a copy, and went on differently,
    has others under the same numbers.
    """

    revision: int
    position: int
    key: int

    def cursor(self, reading: Reading) -> str:
        return cursor.pack(cursor.digest("changes", reading.record), self.revision, self.position, self.key)


@dataclass(frozen=True)
class Asked:
    """What is asked for: nouns or types, what concerns entities, what stands in documents; and how much."""

    types: Sequence[str]
    entities: Sequence[str]
    documents: Sequence[str]
    limit: int
    newest_first: bool


@dataclass(frozen=True)
class Stretch:
    """Events with the time and the reason of their revision; the place behind them, and whether more follow.

    Where none is left, that is the place behind the newest revision: nobody looks there again.
    """

    events: Sequence[RowMapping]
    place: Place
    more: bool


def place_of(given: str, reading: Reading, parameter: str) -> Place:
    """The place that a cursor names; a Problem for one that is not of this record."""
    try:
        record, revision, position, key = cursor.unpack(given, 4)
    except cursor.Damaged as damaged:
        raise _unknown(parameter, str(damaged)) from None
    if not all(map(cursor.whole, (revision, position, key))) or position > LAST:
        raise _unknown(parameter, "not a cursor of this service")
    known = select(Revision.key).where(col(Revision.number) == revision)
    if record != cursor.digest("changes", reading.record):
        raise _unknown(parameter, "of another record, or of another list")
    if reading.session.execute(known).scalar() != key:
        raise _unknown(parameter, "of a revision that is not on this record, which was restored from a copy")
    return Place(revision, position, key)


def stretch(reading: Reading, asked: Asked, after: Place | None) -> Stretch:
    """The events that follow a place, or the first ones."""
    few, given = None, _there(after)
    if asked.entities:
        following = _number_following(reading, asked, after)
        if not following:
            return _end(reading, [])
        few, given["ids"] = following <= FEW, one_and_all(reading, asked.entities)
    page = _page(reading, asked, after, few).subquery("page")
    into = (page.c.change == "merged") & (col(Entity.row_key) == page.c.row_key)
    own: tuple[Any, ...] = (Revision.key, Revision.time, Revision.agent, Revision.tool)
    statement = (
        select(*page.c, *own, Revision.reason, Revision.note, col(Entity.survivor).label("into"))
        .select_from(page)
        .join(Revision, col(Revision.number) == page.c.revision)
        .outerjoin(Entity, into)
        .order_by(*_order(page.c.revision, page.c.position, asked))
    )
    found = reading.session.execute(statement, given).mappings().all()
    events = found[: asked.limit]
    if len(found) > asked.limit:
        last = events[-1]
        return Stretch(events, Place(last["revision"], last["position"], last["key"]), more=True)
    return _end(reading, events)


def _end(reading: Reading, events: Sequence[RowMapping]) -> Stretch:
    newest = select(Revision.key).where(col(Revision.number) == reading.newest)
    key = reading.session.execute(newest).scalar_one()
    return Stretch(events, Place(reading.newest, LAST, key), more=False)


def refuse_strangers(reading: Reading, asked: Asked) -> None:
    """Refuse ids that nothing ever had that the reader could see."""
    mistakes = []
    for noun, ids in (("entity", asked.entities), ("document", asked.documents)):
        known = select(Event.id).where(
            col(Event.id).in_(ids), col(Event.noun) == noun, _change(reading).is_not(None)
        )
        found = set(reading.session.execute(known.distinct()).scalars()) if ids else set()
        plural = {"entity": "entities", "document": "documents"}[noun]
        message = f"no {noun} with this id was ever on record; /v1/{plural} lists what there is"
        mistakes += [Mistake(parameter=noun, message=message) for id in ids if id not in found]
    if mistakes:
        raise unprocessable(*mistakes)


def _change(reading: Reading) -> Any:
    """What happened, as the reader sees it; null if the reader could see nothing of it."""
    return col(Event.kind) if reading.desk else col(Event.public)


def _page(reading: Reading, asked: Asked, after: Place | None, few: bool | None) -> Select[Any]:
    change = _change(reading)
    columns: tuple[Any, ...] = (Event.revision, Event.position, Event.noun, Event.id, Event.document_id)
    rows = select(*columns, Event.row_key, change.label("change")).where(change.is_not(None))
    if after:
        rows = rows.where(follows(Event, asked.newest_first))
    if asked.types:
        rows = rows.where(or_(*(_is(type, change) for type in asked.types)))
    if asked.documents:
        rows = rows.where(col(Event.document_id).in_(asked.documents))
    if few is not None:
        hits = concerning(few=few, newest_first=asked.newest_first)
        same = (col(Event.revision) == hits.c.revision) & (col(Event.position) == hits.c.position)
        rows = rows.join(hits, same)
    return rows.order_by(*_order(Event.revision, Event.position, asked)).limit(asked.limit + 1)


def _is(type: str, change: Any) -> ColumnElement[bool]:
    noun, _, kind = type.partition(".")
    return and_(col(Event.noun) == noun, change == kind) if kind else col(Event.noun) == noun


def _there(after: Place | None) -> dict[str, Any]:
    return {"revision": after.revision, "position": after.position} if after else {}


def _order(revision: Any, position: Any, asked: Asked) -> list[Any]:
    return [c.desc() if asked.newest_first else c.asc() for c in (revision, position)]


def _number_following(reading: Reading, asked: Asked, after: Place | None) -> int:
    """How many events follow the place; of more than a few, that they are more."""
    if after is None:
        return FEW + 1
    some = select(Event.revision).where(follows(Event, asked.newest_first)).limit(FEW + 1).subquery()
    count = select(func.count()).select_from(some)
    return int(reading.session.execute(count, _there(after)).scalar_one())


def _unknown(parameter: str, message: str) -> Problem:
    return unprocessable(
        Mistake(parameter=parameter, message=f"{message}; leave it out to begin at the first event")
    )
