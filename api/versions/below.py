"""What a revision did to a document's text, and to what is annotated in it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import col

from api.listing.reading import Reading
from api.listing.sql import aliased, select
from models.document import Listed
from models.event import Event
from models.mention import Mention
from models.revision import Revision
from models.text import Text

NOUNS = {"entity": "entities", "quote": "quotes", "claim": "claims"}
DONE = ("created", "corrected", "withdrawn")
# Merged entities are gone from lists, too, and come back when the merge is undone.
_ALIKE = {"merged": "withdrawn", "unmerged": "created"}


def text_changes(
    reading: Reading, document: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The texts of two states of a document by hash, and how many lines differ; None if they are the same.

    Lines are compared as a bag: one that only moved is neither added nor removed.
    """
    if not before or not after or before["text_sha256"] == after["text_sha256"]:
        return None
    old, new = before["text_sha256"], after["text_sha256"]
    rows = select(col(Text.sha256), col(Text.text)).where(
        col(Text.document_id) == document, col(Text.sha256).in_([old, new])
    )
    lines = {sha256: Counter(text.splitlines()) for sha256, text in reading.session.execute(rows)}
    added, removed = lines[new] - lines[old], lines[old] - lines[new]
    return {"from": old, "to": new, "added": added.total(), "removed": removed.total()}


def below(reading: Reading, document: str, change: str) -> dict[str, Any]:
    """Ids of entities, quotes and claims by what the revision did to them; mentions are counted."""
    told = col(Event.kind) if reading.desk else col(Event.public)
    # Named entities are shared: those that the document lists, or listed once.
    lists = select(col(Listed.id)).where(col(Listed.document_id) == document, col(Listed.noun) == "entity")
    shared = (col(Event.noun) == "entity") & col(Event.document_id).is_(None) & col(Event.id).in_(lists)
    events = select(col(Event.noun), col(Event.id), told).where(
        col(Event.revision) == reading.number,
        or_(col(Event.document_id) == document, shared),
        col(Event.noun).in_(NOUNS),
        told.is_not(None),
    )
    found: dict[str, Any] = {plural: {done: [] for done in DONE} for plural in NOUNS.values()}
    for noun, id_, kind in reading.session.execute(events.order_by(col(Event.position))):
        found[NOUNS[noun]][_ALIKE.get(kind, kind)].append(id_)
    return found | {"mentions": _mentions(reading, document, change)}


def _mentions(reading: Reading, document: str, change: str) -> dict[str, int]:
    """How many of a document's mentions the revision created, corrected and withdrew."""
    own = col(Mention.document_id) == document
    if change != "corrected":
        # They come and go with their document, whether or not their rows do.
        at = reading.at(reading.number - 1) if change == "withdrawn" else reading
        number = reading.session.execute(select(func.count()).where(own, at.valid(Mention))).scalar_one()
        return {done: number if done == change else 0 for done in DONE}
    of_revision = select(col(Revision.key)).where(col(Revision.number) == reading.number).scalar_subquery()
    new, old = aliased(Mention, "mention_after"), aliased(Mention, "mention_before")
    same = (old.document_id == new.document_id) & (old.id == new.id)
    came = select(func.count(), func.count(old.row_key)).select_from(new)
    came = came.outerjoin(old, same & (old.superseded == of_revision))
    came = came.where(new.document_id == document, new.recorded == of_revision)
    went = select(func.count()).where(own, col(Mention.superseded) == of_revision)
    all_new, corrected, gone = reading.session.execute(select(came.subquery(), went.scalar_subquery())).one()
    return {"created": all_new - corrected, "corrected": corrected, "withdrawn": gone - corrected}
