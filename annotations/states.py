"""States of a document: what an annotated document says, as one digest, and whether it was said before."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from functools import cache
from json import JSONEncoder
from operator import itemgetter
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from annotations.annotated import AnnotatedDocument
from annotations.recording import parts
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
    return hashlib.sha256(_json(_plain(document)).encode()).hexdigest()


# Digests are kept: what is written here, to the last space, must stay as it is.
_json = JSONEncoder(ensure_ascii=False, check_circular=False).encode


@cache
def _fields(kind: Any) -> list[tuple[str, Any]]:
    """The names and defaults of a dataclass's fields, sorted as JSON has them."""
    return sorted(((field.name, field.default) for field in fields(kind)), key=itemgetter(0))


def _plain(value: Any) -> Any:
    """The value in JSON's types: dates as ISO 8601, decimals in canonical digits."""
    if isinstance(value, str | int | None):
        return value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, date):
        return value.isoformat()
    said: dict[str, Any] = {}
    kind: Any = type(value)
    for name, default in _fields(kind):
        item = getattr(value, name)
        if item != default and item != ():
            said[name] = item if type(item) is str or type(item) is int else _plain(item)
    return said


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


def seen_before(session: Session, digests: Mapping[str, str]) -> dict[str, tuple[int, bool]]:
    """Of states, given by document, those that were loaded before: in which revision, and whether another one
    has followed it.
    """
    columns = select(
        col(DocumentState.document_id),
        col(DocumentState.digest),
        col(Revision.number),
        col(DocumentState.superseded).is_not(None),
    ).join(Revision, col(DocumentState.recorded) == col(Revision.key))
    found: dict[str, tuple[int, bool]] = {}
    for some in parts(digests):
        same = (
            col(DocumentState.document_id).in_(some),
            col(DocumentState.digest).in_([digests[id_] for id_ in some]),
        )
        for id_, digest, number, ended in session.execute(columns.where(*same)):
            if digest == digests[id_]:
                found[id_] = number, ended
    return {
        id_: (number, ended and not says_the_same(session, id_, digests[id_]))
        for id_, (number, ended) in found.items()
    }
