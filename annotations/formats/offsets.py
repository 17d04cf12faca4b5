"""Which unit the offsets of a file count in: found by the words that it copies, never guessed.

Tools disagree: code points (W3C, brat), UTF-16 (UIMA CAS, older Label Studio, browsers), grapheme clusters or
UTF-16 (doccano, which does not say), bytes; a line end of two characters counts as one or as two; an end
is the first character behind the span or the last one in it. A reading of the offsets is accepted only if
every copied text matches under it.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Literal, get_args

import regex

from annotations.formats.standoff import Span
from annotations.mistakes import Mistake, Mistakes, shown

Unit = Literal["codepoint", "utf16", "byte", "grapheme"]
UNITS: tuple[Unit, ...] = get_args(Unit)
_CLUSTER = regex.compile(r"\X")
_PIECE = re.compile(r"\r\n|.", re.DOTALL)
_SHOWN = 40


@dataclass(frozen=True)
class Given:
    """A span as a file has it: its offsets, the words that it copies, if any, and where it stands."""

    start: int
    end: int
    words: str | None
    place: str


@dataclass(frozen=True)
class Counting:
    """How offsets are to be read. `line_ends` is what a line end counts; None: as many as it has
    characters."""

    unit: Unit
    inclusive: bool = False
    line_ends: int | None = None

    def __str__(self) -> str:
        ends = {None: "", 1: ", a line end as one", 2: ", a line end as two"}[self.line_ends]
        return f"{self.unit}{ends}{', ends inclusive' if self.inclusive else ''}"


def settle(  # noqa: PLR0913  # what a format leaves open
    text: str,
    given: Sequence[Given],
    file: str,
    units: Sequence[Unit] = UNITS,
    unit: Unit | None = None,
    *,
    same: Callable[[str, str], bool] = str.__eq__,
) -> list[Span]:
    """The spans in code points, in the order given.

    `units` are those that the format may count in, the likeliest first; `unit` is what the caller says.
    `same` compares the words of the text with a copy. Raises Mistakes with the first word that does not
    match, or where nothing tells the unit and it matters.
    """
    if not given:
        return []
    tried = [Counting(one) for one in ([unit] if unit else units)]
    if not any(span.words for span in given):
        return _unsaid(text, given, file, tried)
    readings = {counting: _read(text, given, counting) for counting in _variants(text, tried)}
    good = {c: spans for c, spans in readings.items() if _first_wrong(text, given, spans, same) is None}
    if not good:
        raise Mistakes([_mismatch(text, given, readings, same)])
    spans = next(iter(good.values()))
    if other := next((c for c, found in good.items() if found != spans), None):
        first = next(iter(good))
        message = f"its words are found counting in {first} and in {other}, at other places: say the unit"
        raise Mistakes([Mistake(file, message)])
    return [span for span in spans if span is not None]


def _variants(text: str, tried: Sequence[Counting]) -> Iterator[Counting]:
    ends = (None, 1, 2) if "\n" in text else (None,)
    for inclusive in (False, True):
        for line_ends in ends:
            for counting in tried:
                yield replace(counting, inclusive=inclusive, line_ends=line_ends)


def _unsaid(text: str, given: Sequence[Given], file: str, tried: Sequence[Counting]) -> list[Span]:
    """Spans without words: good only where all readings agree."""
    readings = [_read(text, given, counting) for counting in tried]
    for counting, reading in zip(tried[1:], readings[1:], strict=True):
        for one, ours, other in zip(given, readings[0], reading, strict=True):
            if ours != other:
                message = (
                    f"{one.start} to {one.end} are other characters in {tried[0]} than in {counting}, "
                    "and the file copies no words: say the unit"
                )
                raise Mistakes([Mistake(one.place or file, message)])
    for one, span in zip(given, readings[0], strict=True):
        if span is None:
            message = f"{one.start} to {one.end} are no characters of the text, counted in {tried[0]}"
            raise Mistakes([Mistake(one.place or file, message)])
    return [span for span in readings[0] if span is not None]


def _read(text: str, given: Sequence[Given], counting: Counting) -> list[Span | None]:
    """The spans in code points; None where an offset falls between two characters, or outside the text."""
    at = _places(text, counting)
    return [_span(at(one.start), at(one.end + counting.inclusive)) for one in given]


def _span(start: int | None, end: int | None) -> Span | None:
    return None if start is None or end is None or end < start else (start, end)


def _places(text: str, counting: Counting) -> Callable[[int], int | None]:
    """From an offset in a unit to one in code points."""
    if counting.unit == "codepoint" and counting.line_ends is None:
        return lambda offset: offset if 0 <= offset <= len(text) else None
    bounds, ends = _bounds(text, counting.unit, counting.line_ends)

    def at(offset: int) -> int | None:
        place = bisect_left(bounds, offset)
        return ends[place] if place < len(bounds) and bounds[place] == offset else None

    return at


@lru_cache(maxsize=12)
def _bounds(text: str, unit: Unit, line_ends: int | None) -> tuple[list[int], list[int]]:
    """Where the characters of a unit begin: in the unit, and in code points; both end with the text's end."""
    pieces = _pieces(text, unit, crlf=line_ends is not None)
    widths = [line_ends if line_ends and piece in ("\n", "\r\n") else _width(piece, unit) for piece in pieces]
    return [0, *accumulate(widths)], [0, *accumulate(map(len, pieces))]


def _pieces(text: str, unit: Unit, *, crlf: bool) -> list[str]:
    if unit == "grapheme":
        return _CLUSTER.findall(text)
    return _PIECE.findall(text) if crlf else list(text)


def _width(piece: str, unit: Unit) -> int:
    if unit == "utf16":
        return len(piece) + sum(ord(character) > 0xFFFF for character in piece)
    if unit == "byte":
        return len(piece.encode())
    return 1 if unit == "grapheme" else len(piece)


def _first_wrong(
    text: str, given: Sequence[Given], spans: Sequence[Span | None], same: Callable[[str, str], bool]
) -> int | None:
    for at, (one, span) in enumerate(zip(given, spans, strict=True)):
        if span is None or (one.words is not None and not same(text[span[0] : span[1]], one.words)):
            return at
    return None


def _mismatch(
    text: str,
    given: Sequence[Given],
    readings: dict[Counting, list[Span | None]],
    same: Callable[[str, str], bool],
) -> Mistake:
    """The first mismatch of the reading that comes furthest."""
    wrong = {c: _first_wrong(text, given, spans, same) or 0 for c, spans in readings.items()}
    counting = max(wrong, key=lambda c: wrong[c])
    one, span = given[wrong[counting]], readings[counting][wrong[counting]]
    there = "no whole characters" if span is None else f"'{shown(text[span[0] : span[1]][:_SHOWN])}'"
    copied = "" if one.words is None else f"the file copies '{shown(one.words[:_SHOWN])}', but "
    message = f"{copied}{one.start} to {one.end} are {there} of the text, counted in {counting}"
    return Mistake(one.place, f"{message}; no other unit matches all words either")
