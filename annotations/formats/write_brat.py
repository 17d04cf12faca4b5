"""Writing brat's standoff format: the `.ann` of a text. What stands where: `annotations.formats.brat`."""

import json
import re
from collections.abc import Iterator
from typing import Any

from annotations.formats.brat import ABOUT, SPANS
from annotations.formats.standoff import Span, Standoff

_NAME = re.compile(r"[^\s:|]+\Z")


def write(standoff: Standoff) -> str:
    """The `.ann` of a text, in the order of the marks."""
    return "".join(f"{line}\n" for line in _lines(standoff))


def _lines(standoff: Standoff) -> Iterator[str]:
    ids = {mark.id: f"T{number}" for number, mark in enumerate(standoff.marks, 1)}
    told = notes = 0
    for mark in standoff.marks:
        spans = mark.spans or _anywhere(standoff.text)
        parts = [part for span in spans for part in _by_lines(standoff.text, span)]
        offsets = ";".join(f"{start} {end}" for start, end in parts)
        words = " ".join(standoff.text[start:end] for start, end in parts)
        yield f"{ids[mark.id]}\t{mark.label} {offsets}\t{words}"
        exactly = {} if parts == list(mark.spans) else {SPANS: _offsets(mark.spans)}
        for name, value in ({**mark.attributes, **exactly}).items():
            if value is True or (isinstance(value, str) and _NAME.match(value) and name != SPANS):
                told += 1
                yield f"A{told}\t{name} {ids[mark.id]}" + ("" if value is True else f" {value}")
            else:
                notes += 1
                yield f"#{notes}\t{name} {ids[mark.id]}\t{_told(str(value))}"
    for number, link in enumerate(standoff.links, 1):
        yield f"R{number}\t{link.label} Arg1:{ids[link.source]} Arg2:{ids[link.target]}"
    for name, value in _flat(standoff.about):
        notes += 1
        yield f"#{notes}\t{ABOUT}{name} T1\t{json.dumps(value, ensure_ascii=False)}"


def _offsets(spans: tuple[Span, ...]) -> str:
    return ";".join(f"{start} {end}" for start, end in spans)


def _anywhere(text: str) -> tuple[Span, ...]:
    """The first word: a mark of brat stands on words."""
    first = re.search(r"\S+", text)
    return (first.span(),) if first else ()


def _by_lines(text: str, span: Span) -> Iterator[Span]:
    """The parts of a span that lie on one line each: no mark of brat goes beyond one."""
    for line in re.finditer(r"[^\n]+", text[span[0] : span[1]]):
        if line[0].strip():
            yield span[0] + line.start(), span[0] + line.end()


def _told(value: str) -> str:
    plain = value and not value.startswith('"') and not re.search(r"[\t\r\n]", value)
    return value if plain else json.dumps(value, ensure_ascii=False)


def _flat(about: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Facts by their path, down to two steps."""
    for key, value in about.items():
        here = f"{path}/{key}" if path else key
        if isinstance(value, dict) and not path and key != "document":
            yield from _flat(value, here)
        else:
            yield here, value
