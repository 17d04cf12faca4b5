"""Merging entities that turn out to be one, and undoing it.

A merged entity keeps its row and its mentions. The row says what the desk said (`merged_into`) and where that
leads in the end (`survivor`), so that readers resolve it in one step however long the chain is.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from sqlalchemy import select
from sqlmodel import Session, col

from annotations.entity_rows import Standing, aliases_of, entity_draft, entity_of, standing_of
from annotations.mistakes import Mistake, Mistakes
from annotations.recording import Draft, record
from annotations.rows import DocumentDrafts
from models.entity import Entity
from models.record import Change
from models.revision import Counter

# What makes entities hang on each other, and how it reads.
RELATIONS = {"part_of": "is part of", "acts_for": "acts for"}


class Contradiction(ValueError):
    """The record stands against what is asked for; the message says what, and what would help."""


def current(session: Session, id: str) -> Entity:
    """The row of an entity; LookupError if it is not on record."""
    query = select(Entity).where(col(Entity.id) == id, col(Entity.superseded).is_(None))
    row: Entity | None = session.execute(query).scalar_one_or_none()
    if row is None:
        raise LookupError(f"no entity {id} is on record")
    return row


def merge(change: Change, id: str, into: str) -> None:
    """Merge an entity into another one; what was merged into it follows.

    Raises Mistakes where the two can never be one, and Contradiction where the record stands against it.
    """
    session = change.session
    one_at_a_time(session)
    row, target = current(session, id), current(session, into)
    if row.merged_into:
        raise Contradiction(f"it is merged into {row.survivor} already; undo that merge first")
    if fault := _never(row, target):
        raise Mistakes([Mistake("", fault, pointer="/into")])
    survivor = target.survivor or target.id
    if survivor == id:
        raise Contradiction(f"{into} is merged into it; undo that merge first")
    for name, verb in RELATIONS.items():
        if id in above(session, name, survivor):
            raise Contradiction(f"{survivor} {verb} it, if not directly; take that away first")
    moved = {row.id: replace(standing_of(row), merged_into=into, survivor=survivor)}
    followers = _led_to(session, id)
    moved |= {other.id: replace(standing_of(other), survivor=survivor) for other in followers}
    _rewrite(change, [row, *followers], moved)


def one_at_a_time(session: Session) -> None:
    """Let others who write wait until this is committed: two that each look for circles in what the other
    has not written yet would make one together.
    """
    session.execute(select(col(Counter.number)).with_for_update())


def unmerge(change: Change, id: str) -> None:
    """Undo the merge of an entity; what was merged into it before comes along. Raises Contradiction."""
    row = current(change.session, id)
    if row.survivor is None:
        raise Contradiction("it is not merged; there is nothing to undo")
    group = _led_to(change.session, row.survivor)
    into = {other.id: other.merged_into for other in group if other.id != id}
    ends = ends_of({other: target for other, target in into.items() if target})
    moved = {other.id: replace(standing_of(other), survivor=ends.get(other.id)) for other in group}
    moved[id] = replace(standing_of(row), merged_into=None, survivor=None)
    _rewrite(change, group, moved)


def ends_of(into: Mapping[str, str]) -> dict[str, str]:
    """Where each of these merges leads in the end."""

    def end(id_: str) -> str:
        while id_ in into:
            id_ = into[id_]
        return id_

    return {id_: end(id_) for id_ in into}


def above(session: Session, name: str, id: str) -> set[str]:
    """What an entity is part of or acts for, at any remove, merges followed."""
    seen: set[str] = set()
    at: str | None = id
    while at is not None and at not in seen:
        seen.add(at)
        row = current(session, at)
        at = row.survivor or getattr(row, name)
    return seen if at is not None else seen - {id}


def merges_within(session: Session, documents: Collection[str]) -> dict[str, dict[str, str]]:
    """By document: what the desk merged of the entities that it alone knows, and into what."""
    merged = select(col(Entity.document_id), col(Entity.id), col(Entity.merged_into)).where(
        col(Entity.document_id).in_(documents),
        col(Entity.merged_into).is_not(None),
        col(Entity.superseded).is_(None),
    )
    found: dict[str, dict[str, str]] = {}
    for document, id_, into in session.execute(merged):
        found.setdefault(document, {})[id_] = into
    return found


def in_merges(drafts: DocumentDrafts, merged: Mapping[str, str]) -> Iterator[Draft]:
    """The entities that a document alone knows, merged as the desk merged them.

    A merge ends with what it leads to, and where the document makes the two of different kinds.
    """
    kinds = {drafts.ids[e.key]: e.kind for e in drafts.source.entities if e.naming != "named"}
    into = {id_: target for id_, target in merged.items() if kinds.get(target, "") == kinds.get(id_)}
    ends = ends_of(into)
    for draft in drafts.entities():
        if draft.id in into:
            standing = {"merged_into": into[draft.id], "survivor": ends[draft.id]}
            yield Draft(draft.noun, {**draft.row, **standing}, draft.owned)
        else:
            yield draft


def _never(row: Entity, target: Entity) -> str | None:
    """Why two entities cannot be one, if they cannot."""
    if row.id == target.id:
        return "is the entity itself"
    if row.kind != target.kind:
        return f"is of kind {target.kind}, the entity of kind {row.kind}: they are not one"
    if row.document_id != target.document_id:
        scope = "one that is not named belongs to its document, and merges with one that it alone knows"
        return f"cannot be one with it: {scope}"
    return None


def _led_to(session: Session, survivor: str) -> list[Entity]:
    """The rows of what is merged into an entity, in the end."""
    query = select(Entity).where(col(Entity.survivor) == survivor, col(Entity.superseded).is_(None))
    return list(session.execute(query.order_by(col(Entity.id))).scalars())


def _rewrite(change: Change, rows: Iterable[Entity], standings: Mapping[str, Standing]) -> None:
    """New rows of those whose standing changes."""
    moved = [row for row in rows if standings[row.id] != standing_of(row)]
    aliases = aliases_of(change.session, [row.row_key for row in moved])
    for row in moved:
        draft = entity_draft(entity_of(row, aliases[row.row_key]), row.document_id, standings[row.id])
        record(change, draft, {row.id: (row.row_key, row.digest)})
