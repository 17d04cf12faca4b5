"""An opaque cursor: where a page ended, at which revision, of which query."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import orjson

from api.problems import Mistake, Problem, unprocessable

# Not a secret: a cursor reads nothing that its query does not. The digest tells a tampered one from ours.
_PERSON = b"onrecord cursor1"[:16]


class Damaged(ValueError):
    """This is no cursor of ours, or not all of it."""


def encode(query: str, revision: int, after: Sequence[str | int | float]) -> str:
    """A cursor of the query with this digest, after the row with these sort values."""
    return pack(query, revision, list(after))


def decode(cursor: str, query: str) -> tuple[int, list[Any]]:
    """Revision and sort values; a Problem for a cursor that is not ours, or of another query."""
    try:
        of, revision, after = unpack(cursor, 3)
    except Damaged as damaged:
        raise _foreign(str(damaged)) from None
    if of != query:
        raise _foreign("of another list, sort or filter; it goes with the query that gave it")
    if not (whole(revision) and isinstance(after, list) and after and all(map(_comparable, after))):
        raise _foreign("not a cursor of this service")
    return revision, after


def revision_of(cursor: str) -> int:
    """The revision that a cursor reads; 0 for one that is not ours, which whoever decodes it refuses."""
    with suppress(Damaged):
        revision = unpack(cursor, 3)[1]
        return int(revision) if whole(revision) else 0
    return 0


def pack(*content: Any) -> str:
    """Words for URLs that say this, under a seal."""
    body = orjson.dumps(content)
    return base64.urlsafe_b64encode(_seal(body) + body).rstrip(b"=").decode()


def unpack(cursor: str, length: int) -> list[Any]:
    """What was packed, so many values; raises Damaged. Anybody can seal: look at each of them."""
    try:
        raw = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError, UnicodeError):
        raise Damaged("not a cursor of this service") from None
    seal, body = raw[:12], raw[12:]
    if seal != _seal(body) or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != cursor:
        raise Damaged("damaged or not of this service")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Damaged("not a cursor of this service") from None
    if not isinstance(content, list) or len(content) != length:
        raise Damaged("not a cursor of this service")
    return content


def whole(value: object) -> bool:
    """Whether it is a number that a revision or a key can have."""
    return type(value) is int and 0 <= value < 1 << 63


def _comparable(value: object) -> bool:
    """A value that both databases take: PostgreSQL knows no NUL and no integer of more than 64 bits."""
    if isinstance(value, str):
        return "\x00" not in value
    return type(value) is int and -(1 << 63) <= value < 1 << 63


def digest(*parts: object) -> str:
    """A short name of what is equal when all parts are."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=9).hexdigest()


def _seal(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=12, person=_PERSON).digest()


def _foreign(message: str) -> Problem:
    return unprocessable(
        Mistake(parameter="cursor", message=f"{message}; leave it out to begin at the first page")
    )
