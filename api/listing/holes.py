"""Holes in prepared JSON: what another document, an editor or the end of a revision may say otherwise.

A body is JSON in which `\\x01`, a token and `\\x01` stand for each such value; JSON holds that character only
escaped. A token is a letter for what it is, and its id or key.
"""

from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

import orjson

EDGE = b"\x01"
# What a token begins with: an entity, an indicator, a revision.
ENTITY, INDICATOR, REVISION = "e", "i", "r"
ENTITY_MEMBERS = ("kind", "name", "naming")
Known = MutableMapping[bytes, bytes]


class Hole(dict[str, Any]):
    """Members that are shown as they are, or left out of a body under a token."""

    def __init__(self, token: str, members: dict[str, Any]) -> None:
        super().__init__(members)
        self.token = token


def perforated(item: dict[str, Any]) -> bytes:
    """The JSON of an item with its holes."""
    return orjson.dumps(item, _leave_out, orjson.OPT_PASSTHROUGH_SUBCLASS)


def _leave_out(value: Any) -> orjson.Fragment:
    assert isinstance(value, Hole), type(value)
    return orjson.Fragment(EDGE + value.token.encode() + EDGE)


def filled(body: bytes, known: Known, look_up: Callable[[Iterable[bytes]], None]) -> bytes:
    """JSON without holes; `look_up` makes tokens known that are not."""
    pieces = body.split(EDGE)
    tokens = pieces[1::2]
    try:
        pieces[1::2] = [known[token] for token in tokens]
    except KeyError:
        look_up({token for token in tokens if token not in known})
        pieces[1::2] = [known[token] for token in tokens]
    return b"".join(pieces)
