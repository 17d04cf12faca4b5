"""Citron's JSON (https://github.com/bbc/citron, docs/data_format.md): a text, its quotes, its coreferences.

A quote has a cue, sources and contents, each a span of code points, half-open, with its words.
"""

from typing import Any

from annotations.formats.json_file import load, member
from annotations.formats.offsets import Given, Unit, settle
from annotations.formats.standoff import Link, Mark, Span, Standoff, Value, checked


def read(name: str, data: bytes, unit: Unit | None = None) -> Standoff:
    """The quotes of a text: each a cue, with its source and its content. Raises Mistakes."""
    file = f"{name}.json"
    root = load(data, file)
    text = member(root, "text", str, file)
    given: list[Given] = []
    owners: list[str] = []
    marks: dict[str, tuple[str, dict[str, Value], str]] = {}
    links: list[Link] = []

    def mark(id_: str, label: str, spans: list[Any], place: str, **attributes: Value) -> str:
        marks[id_] = (label, attributes, place)
        for one in spans:
            start, end = member(one, "start", int, place), member(one, "end", int, place)
            given.append(Given(start, end, member(one, "text", str, place, None), place))
            owners.append(id_)
        return id_

    for number, quote in enumerate(member(root, "quotes", list, file, None) or [], 1):
        place = f"{file}: quote {number}"
        sure = (
            {"confidence": str(quote["confidence"])}
            if isinstance(quote, dict) and "confidence" in quote
            else {}
        )
        contents = member(quote, "contents", list, place)
        cue = member(quote, "cue", dict, place, None)
        content = mark(f"q{number}.content", "Content", contents, place)
        anchor = mark(f"q{number}.cue", "Cue", [cue], place, **sure) if cue else content
        if cue:
            links.append(Link("content", anchor, content, place=place))
        others = [
            mark(f"q{number}.coreference{n}", "Coreference", [one], place)
            for n, one in enumerate(member(quote, "coreferences", list, place, None) or [], 1)
        ]
        for n, one in enumerate(member(quote, "sources", list, place), 1):
            source = mark(f"q{number}.source{n}", "Source", [one], place)
            links.append(Link("source", anchor, source, place=place))
            links += [Link("coreference", source, other, place=place) for other in others]
    for number, group in enumerate(member(root, "coreference_groups", list, file, None) or [], 1):
        place = f"{file}: coreference group {number}"
        ids = [mark(f"g{number}.{n}", "Coreference", [one], place) for n, one in enumerate(group, 1)]
        links += [Link("coreference", ids[0], other, place=place) for other in ids[1:]]
    spans: dict[str, list[Span]] = {}
    for owner, span in zip(owners, settle(text, given, file, ("codepoint", "utf16"), unit), strict=True):
        spans.setdefault(owner, []).append(span)
    placed = [
        Mark(id_, label, tuple(spans.get(id_, ())), attributes, place)
        for id_, (label, attributes, place) in marks.items()
    ]
    return checked(Standoff(name, text, tuple(placed), tuple(links)))
