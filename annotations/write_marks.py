r"""Marks from spans: an extract with its braces, out of the text and the spans that lie in it."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_SPACE = re.compile(r"\s+")
_SPECIAL = re.compile(r"[{}|\\]")


class Part(NamedTuple):
    """Words `[start, end)` of the text and the head of their mark, such as `speaker=aide`."""

    start: int
    end: int
    head: str


def extract(text: str, start: int, end: int) -> str:
    """The words `[start, end)` without marks: white space as single spaces, braces escaped.

    Raises ValueError for a span that is empty, outside the text, or begins or ends with white space: it could
    not be read back.
    """
    words = text[start:end]
    if not 0 <= start < end <= len(text) or words != words.strip():
        raise ValueError(f"the span {start} to {end} does not begin and end with words of the text")
    return _escaped(words)


def marked(text: str, extracts: Iterable[tuple[int, int]], parts: Iterable[Part]) -> list[str]:
    """The marks of these extracts. Each part goes into the first extract that holds it.

    Marks nest and cannot cross: parts that cross others are marked in a second copy of the extract. Raises
    ValueError for a part that lies in none of the extracts.
    """
    holders = sorted(set(extracts))
    inside: dict[tuple[int, int], list[Part]] = {holder: [] for holder in holders}
    for part in sorted(set(parts), key=lambda part: (part.start, -part.end, part.head)):
        holder = _holder(holders, part)
        if holder is None:
            raise ValueError(f"'{part.head}' at {part.start} to {part.end} lies outside the extracts")
        inside[holder].append(part)
    return [mark for holder, held in inside.items() for mark in _copies(text, holder, held)]


def _holder(holders: Sequence[tuple[int, int]], part: Part) -> tuple[int, int] | None:
    last = bisect_left(holders, (part.start + 1, 0))
    return next((holder for holder in holders[:last] if part.end <= holder[1]), None)


def _copies(text: str, holder: tuple[int, int], parts: list[Part]) -> list[str]:
    """The extract as often as its parts cross, at least once. `parts` are in order, outer ones first."""
    copies: list[list[Part]] = [[]]
    opened: list[list[int]] = [[]]  # for each copy the ends of the parts that are open here
    for part in parts:
        at = next((at for at, ends in enumerate(opened) if _fits(part, ends)), len(copies))
        if at == len(copies):
            copies.append([])
            opened.append([])
        copies[at].append(part)
        opened[at].append(part.end)
    return [_render(text, holder, copy) for copy in copies]


def _fits(part: Part, ends: list[int]) -> bool:
    """Whether the part crosses none of the open ones, after closing those that end before it."""
    while ends and ends[-1] <= part.start:
        ends.pop()
    return not ends or part.end <= ends[-1]


def _render(text: str, holder: tuple[int, int], parts: list[Part]) -> str:
    extract(text, *holder)
    pieces: list[str] = []
    at = holder[0]
    ends: list[int] = []

    def close(until: int) -> int:
        here = at
        while ends and ends[-1] <= until:
            pieces.extend((_escaped(text[here : ends[-1]]), "}"))
            here = ends.pop()
        return here

    for part in parts:
        extract(text, part.start, part.end)
        at = close(part.start)
        pieces.extend((_escaped(text[at : part.start]), "{", part.head, "|"))
        at = part.start
        ends.append(part.end)
    at = close(holder[1])
    pieces.append(_escaped(text[at : holder[1]]))
    return "".join(pieces)


def _escaped(words: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", _SPACE.sub(" ", words))
