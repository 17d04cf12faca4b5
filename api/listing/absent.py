"""What answers for an id that a list does not show: a new address, a withdrawal, or that there is none."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from sqlalchemy import RowMapping

from api.listing.reading import Reading
from api.listing.resource import Resource
from api.listing.sql import select
from api.problems import Problem, nearest

# Of an id's withdrawals: what was put back that often is found among the last of them.
LATEST = 10
# Ids that a mistaken one is compared with.
NEIGHBOURS = 500


class Moved(Exception):
    """Another item took the place of the one that was asked for."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


def found(resource: Resource, reading: Reading, id: str) -> RowMapping:
    """The row of an item; raises Moved, or a Problem of status 410 or 404."""
    row = _visible(resource, reading, id)
    if row is not None:
        return row
    if resource.moved and (other := reading.session.execute(resource.moved(reading, id)).scalar()):
        raise Moved(f"/v1/{resource.name}/{quote(other)}")
    raise withdrawn(resource, reading, id) or _unknown(resource, reading, id)


def withdrawn(resource: Resource, reading: Reading, id: str) -> Problem | None:
    """410 with date and reason for what could be read once; what never could is not told of."""
    endings = resource.ended(reading, resource.model, id).subquery()
    newest = select(endings).order_by(endings.c.number.desc(), endings.c.note.is_(None)).limit(LATEST)
    for ending in reading.session.execute(newest).mappings().all():
        if _visible(resource, reading.at(ending["number"] - 1), id) is not None:
            detail = f"the {resource.noun} was withdrawn; as_of={ending['number'] - 1} still shows it"
            return Problem(410, detail, withdrawn=_withdrawal(ending))
    return None


def _withdrawal(ending: RowMapping) -> Mapping[str, Any]:
    told = {"revision": ending["number"], "time": ending["time"], "reason": ending["reason"]}
    return told | ({"note": ending["note"]} if ending["note"] else {})


def _visible(resource: Resource, reading: Reading, id: str) -> RowMapping | None:
    statement = resource.select(reading).where(resource.model.id == id)
    return reading.session.execute(statement).mappings().one_or_none()


def _unknown(resource: Resource, reading: Reading, id: str) -> Problem:
    ids = resource.select(reading).with_only_columns(resource.model.id)
    near = ids.where(resource.model.id >= id[:2]).order_by(resource.model.id).limit(NEIGHBOURS)
    guess = nearest(id, reading.session.execute(near).scalars().all())
    hint = f"; did you mean {guess}?" if guess else f"; /v1/{resource.name} lists what there is"
    return Problem(404, f"no {resource.noun} with this id{hint}")
