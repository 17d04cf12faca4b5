"""What answers for an id that no list shows: a new address, a withdrawal, a purge, or that there is none."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from sqlalchemy import RowMapping, func, not_
from sqlmodel import col

from api.listing.negotiation import own_tag
from api.listing.reading import Reading
from api.listing.resource import ENDING, Resource
from api.listing.sql import aliased, select
from api.problems import Problem, nearest
from models.document import Document, Listed
from models.event import Event, EventNoun
from models.purge import Purge
from models.revision import Revision
from models.vocabulary import words

# Of an id's withdrawals: what was put back that often is found among the last of them.
LATEST = 10
# Ids that a mistaken one is compared with.
NEIGHBOURS = 500


class Moved(Exception):
    """Another item took the place of the one that was asked for."""

    def __init__(self, location: str, tag: str) -> None:
        super().__init__(location)
        # `tag` is the first half of its own ETag, with which the move can be undone.
        self.location, self.tag = location, tag


def found(resource: Resource, reading: Reading, id: str) -> RowMapping:
    """The row of an item; raises Moved, or a Problem of status 410 or 404."""
    row = visible(resource, reading, id)
    if row is not None:
        return row
    if resource.moved and (moved := reading.session.execute(resource.moved(reading, id)).first()):
        other, row_key = moved
        raise Moved(f"/v1/{resource.name}/{quote(other)}", own_tag(row_key))
    gone = purged(resource, reading, id) or withdrawn(resource, reading, id)
    raise gone or unknown(resource, reading, id)


def purged(resource: Resource, reading: Reading, id: str) -> Problem | None:
    """410 with the date, at every revision, for what a purge removed: a tombstone is all that is left of it.

    Readers are told of what they could read once. Mentions have no tombstones of their own: their document's
    says it; nor have indicators: the purge itself does, if it removed a document that could be read.
    """
    told = col(Event.kind) if reading.desk else col(Event.public)
    noun = resource.model.__tablename__
    rows = select(*ENDING, told.label("change")).join(Event, col(Event.revision) == Revision.number)
    if noun == "indicator":
        same = (col(Purge.recorded) == Revision.key) & (col(Purge.noun) == noun) & (col(Purge.id) == id)
        rows = rows.join(Purge, same).where(told == "purged")
    elif noun in words(EventNoun):
        rows = rows.where(col(Event.noun) == noun, col(Event.id) == id, told.is_not(None))
    else:
        document = id.rpartition(".")[0]
        rows = rows.where(col(Event.noun) == "document", col(Event.id) == document, told.is_not(None))
    last = (
        reading.session.execute(rows.order_by(col(Revision.number).desc()).limit(1)).mappings().one_or_none()
    )
    if last is None or last["change"] != "purged":
        return None
    about = {"revision": last["number"], "time": last["time"], "reason": "purged"}
    detail = f"the {resource.noun} was purged for legal reasons; nothing that it said is left"
    return Problem(410, detail, withdrawn=about)


def withdrawn(resource: Resource, reading: Reading, id: str) -> Problem | None:
    """410 with date and reason for what could be read once; what never could is not told of.

    It went by itself, or with the documents that had it. These are gone if they were withdrawn; one that is a
    draft again or under embargo may come back: neither it nor what it has is told of.
    """
    went = _hidden(resource, reading, id)
    closed = _closed(resource.model, reading, id)
    for number in sorted({*went, *closed}, reverse=True):
        if _reached(resource, reading.at(number - 1), id):
            documents = went.get(number, set())
            ending = _withdrawing(reading, documents, number) if documents else closed[number]
            if ending is None or (not documents and _withheld(resource, reading, id)):
                return None
            detail = f"the {resource.noun} was withdrawn; as_of={number - 1} still shows it"
            return Problem(410, detail, withdrawn=_withdrawal(ending))
    return None


def _reached(resource: Resource, reading: Reading, id: str) -> bool:
    """Whether the id led to an item: to its own, or to one that had taken its place."""
    if visible(resource, reading, id) is not None:
        return True
    moved = resource.moved
    return moved is not None and reading.session.execute(moved(reading, id)).first() is not None


def _closed(model: Any, reading: Reading, id: str) -> dict[int, RowMapping]:
    """The last revisions that closed a row of this id."""
    rows = select(*ENDING, col(Revision.note).label("note")).join(model, model.superseded == Revision.key)
    rows = rows.where(model.id == id, col(Revision.number) <= reading.number)
    last = rows.order_by(col(Revision.number).desc()).limit(LATEST)
    return {ending["number"]: ending for ending in reading.session.execute(last).mappings()}


def _holders(resource: Resource, id: str) -> Any:
    """The ids of the documents that ever had the item; a document has itself."""
    model = resource.model
    if model is Document:
        return [id]
    listed = select(col(Listed.document_id)).where(col(Listed.id) == id)
    listed = listed.where(col(Listed.noun) == model.__tablename__)
    if not hasattr(model, "document_id"):
        return listed
    return listed.union(select(model.document_id).where(model.id == id, model.document_id.is_not(None)))


def _hidden(resource: Resource, reading: Reading, id: str) -> dict[int, set[str]]:
    """The last revisions in which published documents that had the item ceased to be so, with them."""
    before, after = aliased(Document, "document_before"), aliased(Document, "document_after")
    rows = (
        select(col(Revision.number), before.id)
        .join(before, (before.superseded == Revision.key) & reading.sees(before))
        .join(after, (after.recorded == Revision.key) & (after.id == before.id))
        .where(not_(reading.sees(after)), before.id.in_(_holders(resource, id)))
        .where(col(Revision.number) <= reading.number)
    )
    found: dict[int, set[str]] = {}
    last = rows.order_by(col(Revision.number).desc()).limit(LATEST)
    for number, document in reading.session.execute(last):
        found.setdefault(number, set()).add(document)
    return found


def _withdrawing(reading: Reading, documents: set[str], since: int) -> RowMapping | None:
    """The revision that withdrew one of these documents, if it is withdrawn."""
    now, row = aliased(Document, "document_now"), aliased(Document, "document_withdrawn")
    rows = (
        select(*ENDING, func.coalesce(Revision.note, row.published_note).label("note"))
        .join(row, (row.recorded == Revision.key) & (row.status == "withdrawn"))
        .join(now, (now.id == row.id) & reading.valid(now) & (now.status == "withdrawn"))
        .where(row.id.in_(documents), col(Revision.number).between(since, reading.number))
    )
    return reading.session.execute(rows.order_by(col(Revision.number)).limit(1)).mappings().one_or_none()


def _withheld(resource: Resource, reading: Reading, id: str) -> bool:
    """Whether the one document that an item stands in is a draft or under embargo."""
    if reading.desk or not hasattr(resource.model, "document_id"):
        return False
    own = select(resource.model.document_id).where(resource.model.id == id)
    now = select(col(Document.status)).where(reading.valid(Document), col(Document.id).in_(own))
    return bool({"draft", "embargoed"} & set(reading.session.execute(now).scalars()))


def _withdrawal(ending: RowMapping) -> Mapping[str, Any]:
    told = {"revision": ending["number"], "time": ending["time"], "reason": ending["reason"]}
    return told | ({"note": ending["note"]} if ending["note"] else {})


def visible(resource: Resource, reading: Reading, id: str) -> RowMapping | None:
    """The row of an item that can be read."""
    statement = resource.select(reading).where(resource.model.id == id)
    return reading.session.execute(statement).mappings().one_or_none()


def unknown(resource: Resource, reading: Reading, id: str) -> Problem:
    """404, with the nearest id that there is."""
    ids = resource.select(reading).with_only_columns(resource.model.id)
    near = ids.where(resource.model.id >= id[:2]).order_by(resource.model.id).limit(NEIGHBOURS)
    guess = nearest(id, reading.session.execute(near).scalars().all())
    hint = f"; did you mean {guess}?" if guess else f"; /v1/{resource.name} lists what there is"
    return Problem(404, f"no {resource.noun} with this id{hint}")
