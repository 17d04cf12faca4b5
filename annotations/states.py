"""States of a document: what an annotated document says, as one digest, and whether it was said before."""

import hashlib
import json
from dataclasses import fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from annotations.annotated import AnnotatedDocument
from models.document import DocumentState
from models.moment import now
from models.number import canonical
from models.revision import Revision


def released(document: AnnotatedDocument) -> AnnotatedDocument:
    """The document as it is to be recorded now: published if its embargo has ended."""
    if document.embargo is None or document.embargo > now():
        return document
    return replace(document, status="published", embargo=None)


def state_digest(document: AnnotatedDocument) -> str:
    """SHA-256 of all that an annotated document says, as canonical JSON.

    Fields at their default are left out, so that a field that a later release adds changes no digest.
    """
    plain = json.dumps(_plain(document), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """The value in JSON's types: dates as ISO 8601, decimals in canonical digits."""
    if is_dataclass(value):
        given = ((f.name, f.default, getattr(value, f.name)) for f in fields(value))
        return {name: _plain(item) for name, default, item in given if item not in (default, ())}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, date):
        return value.isoformat()
    assert value is None or isinstance(value, str | int), value
    return value


def is_current(session: Session, document: AnnotatedDocument) -> bool:
    """Whether the document says what its current state on record says."""
    return says_the_same(session, document.id, state_digest(released(document)))


def says_the_same(session: Session, document: str, digest: str) -> bool:
    """Whether the current state of a document has this digest, or was loaded again with it."""
    state = select(col(DocumentState.digest), col(DocumentState.recorded))
    state = state.where(col(DocumentState.document_id) == document, col(DocumentState.superseded).is_(None))
    row = session.execute(state).first()
    return row is not None and row[0] in (digest, anew(digest, row[1]))


def anew(digest: str, key: int) -> str:
    """The digest of a state that was loaded again: another one, although it says what that one said."""
    return hashlib.sha256(f"{digest} {key}".encode()).hexdigest()


def seen_before(session: Session, document: str, digest: str) -> tuple[int, bool] | None:
    """The revision in which this state was loaded, and whether another one has followed it."""
    same = (col(DocumentState.document_id) == document) & (col(DocumentState.digest) == digest)
    columns = select(col(Revision.number), col(DocumentState.superseded).is_not(None))
    found = columns.join(DocumentState, col(DocumentState.recorded) == col(Revision.key)).where(same)
    row = session.execute(found).first()
    if row is None:
        return None
    return row[0], bool(row[1]) and not says_the_same(session, document, digest)
