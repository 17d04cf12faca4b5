"""Making and editing entities at the desk, whose word then goes before that of documents."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import Session, col

from annotations.annotated import Entity as Word
from annotations.entities import RESERVED
from annotations.entity_fields import entity_from, fields_of
from annotations.entity_rows import Standing, aliases_of, entity_draft, entity_of, standing_of
from annotations.merging import RELATIONS, Contradiction, above, current, one_at_a_time
from annotations.mistakes import Mistake, Mistakes, Report, nearest
from annotations.patching import merged
from annotations.recording import record
from models.claim import Claim
from models.document import DocumentState, Listed
from models.entity import Entity
from models.indicator import Indicator
from models.purge import Purge, Purged
from models.record import Change

# Ids that a mistaken one is compared with.
NEIGHBOURS = 500


def create(change: Change, id: str, given: Mapping[str, Any]) -> Word:
    """Record a new named entity. Raises Mistakes, Contradiction if the id is taken, and Purged."""
    word = entity_from(id, given)
    if word.naming != "named":
        message = "belongs to a document if it is not named: annotate it there"
        raise Mistakes([Mistake("", message, pointer="/naming", extract=word.naming, nearest="named")])
    if id == RESERVED:
        message = f"'{RESERVED}' asks lists for what has none: use another"
        raise Mistakes([Mistake("", message, pointer="/id")])
    purged = select(col(Purge.id)).where(col(Purge.noun) == "entity", col(Purge.id) == id)
    if change.session.execute(purged).first():
        raise Purged(f"entity {id}: it was purged for legal reasons; another one has another id")
    taken = select(col(Entity.id)).where(col(Entity.id) == id, col(Entity.superseded).is_(None))
    if change.session.execute(taken).first():
        raise Contradiction("an entity with this id is on record: edit that one, or give another id")
    _check_references(change.session, word, None)
    record(change, entity_draft(word, None, Standing(authority="made")), {})
    return word


def edit(change: Change, id: str, patch: Mapping[str, Any]) -> bool:
    """Apply a JSON merge patch to an entity's fields; whether that changes anything.

    Raises Mistakes, and Contradiction where the record stands against it.
    """
    session = change.session
    row = current(session, id)
    if row.survivor:
        raise Contradiction(f"it is merged into {row.survivor}: edit that one, or undo the merge")
    known = entity_of(row, aliases_of(session, [row.row_key])[row.row_key])
    given = merged(fields_of(known), patch)
    assert isinstance(given, dict), "a patch of an object is an object"
    word = entity_from(id, given)
    if word == known:
        return False
    if (word.naming == "named") != (known.naming == "named"):
        message = "stays: what is named is of the whole record, anything else of one document"
        raise Mistakes([Mistake("", message, pointer="/naming", extract=word.naming, nearest=known.naming)])
    if word.kind != known.kind:
        _check_kind(session, row, word.kind)
    _check_references(session, word, row.document_id)
    standing = standing_of(row)
    if row.document_id is None:
        standing = replace(standing, authority=row.authority or "edited")
    record(change, entity_draft(word, row.document_id, standing), {id: (row.row_key, row.digest)})
    return True


def _check_kind(session: Session, row: Entity, kind: str) -> None:
    """Raise Contradiction if claims, indicators or merges need the kind that it has."""
    ids = select(col(Entity.id)).where(col(Entity.survivor) == row.id, col(Entity.superseded).is_(None))
    if session.execute(ids.limit(1)).first():
        raise Contradiction(f"entities of kind {row.kind} are merged into it; undo that first")
    if "place" not in (kind, row.kind):
        return
    role = "responsible party" if kind == "place" else "place"
    noun: Any
    for noun, name in ((Claim, "responsible_id" if kind == "place" else "place_id"), (Indicator, "place_id")):
        used = select(noun.id).where(getattr(noun, name) == row.id, noun.superseded.is_(None))
        # Without its id: it may stand in a draft.
        if session.execute(used.limit(1)).first():
            raise Contradiction(f"it is the {role} of a {noun.__tablename__}: correct that first")


def _check_references(session: Session, word: Word, document_id: str | None) -> None:
    """Raise Mistakes for what it is part of or acts for, if that cannot be."""
    report = Report("")
    if any(getattr(word, name) for name in RELATIONS):
        one_at_a_time(session)
    for name, verb in RELATIONS.items():
        target = getattr(word, name)
        if target is not None and (fault := _unfit(session, target, document_id)):
            report.add((name,), *fault)
        elif target is not None and word.key in {target, *above(session, name, target)}:
            report.add((name,), f"makes a circle: {target} {verb} {word.key}, if not directly")
    if report.mistakes:
        raise Mistakes(report.mistakes)


def _unfit(session: Session, target: str, document_id: str | None) -> tuple[str, str, str | None] | None:
    """What is wrong with a reference: message, extract and nearest match."""
    fit = [col(Entity.document_id).is_(None)]
    if document_id is not None:
        # Its document is written with the entities that it lists, and loses a reference to any other one.
        state = (col(DocumentState.document_id) == document_id) & col(DocumentState.superseded).is_(None)
        listed = select(col(Listed.id)).join(
            DocumentState,
            state & (col(Listed.document_id) == document_id) & (col(Listed.digest) == DocumentState.digest),
        )
        fit = [col(Entity.id).in_(listed.where(col(Listed.noun) == "entity"))]
    ids = select(col(Entity.id)).where(col(Entity.superseded).is_(None), or_(*fit)).order_by(col(Entity.id))
    found = session.execute(
        select(col(Entity.survivor)).where(col(Entity.id) == target, col(Entity.superseded).is_(None))
    ).first()
    if found and found[0]:
        return "is merged into another one", target, found[0]
    if session.execute(ids.where(col(Entity.id) == target)).first():
        return None
    where = "that is named" if document_id is None else "that its document lists"
    near = session.execute(ids.where(col(Entity.id) >= target[:1]).limit(NEIGHBOURS)).scalars()
    return f"no entity {where} has this id", target, nearest(target, near)
