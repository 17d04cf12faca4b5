"""doccano's JSONL export: a text a line, with `label` (triples) or `entities` and `relations`.

Whether offsets count code points, UTF-16 units or grapheme clusters depends on a setting of the project that
the export does not tell, and no words are copied: where it matters, the unit has to be said.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from annotations.formats.json_file import lines, member
from annotations.formats.offsets import Given, Unit, settle
from annotations.formats.standoff import Link, Mark, Standoff, checked
from annotations.mistakes import Mistake, Mistakes

UNITS: tuple[Unit, ...] = ("codepoint", "grapheme", "utf16")


def read(name: str, data: Iterable[bytes], unit: Unit | None = None) -> Iterator[Standoff]:
    """The annotations of each text. Raises Mistakes with the line.

    `data` are the lines of the file, of which no more than a value's are held.
    """
    file = f"{name}.jsonl"
    for number, (line, value) in enumerate(lines(data, file), 1):
        own = member(value, "id", object, f"{file}:{line}", number)
        yield _text(f"{name}-{own}", value, f"{file}:{line}", unit)


def _text(name: str, value: dict[str, Any], place: str, unit: Unit | None) -> Standoff:
    text = member(value, "text", str, place)
    ids, labels, spans = [], [], []
    for start, end, label, id_ in _marked(value, place):
        ids.append(id_)
        labels.append(label)
        spans.append(Given(start, end, None, place))
    found = settle(text, spans, place, UNITS, unit)
    marks = tuple(
        Mark(id_, label, (span,), place=place) for id_, label, span in zip(ids, labels, found, strict=True)
    )
    links = tuple(
        Link(
            member(one, "type", str, place),
            str(member(one, "from_id", int, place)),
            str(member(one, "to_id", int, place)),
            place=place,
        )
        for one in member(value, "relations", list, place, None) or ()
    )
    unread = [
        f"{place}: a comment: {words}" for words in value.get("Comments") or value.get("comments") or ()
    ]
    return checked(Standoff(name, text, marks, links, unread=tuple(unread)))


def _marked(value: dict[str, Any], place: str) -> Iterator[tuple[int, int, str, str]]:
    for one in member(value, "entities", list, place, None) or ():
        start, end = member(one, "start_offset", int, place), member(one, "end_offset", int, place)
        yield start, end, member(one, "label", str, place), str(member(one, "id", int, place))
    triples = member(value, "label", list, place, None) or member(value, "labels", list, place, None) or ()
    for number, one in enumerate(triples, 1):
        match one:
            case [int(start), int(end), str(label)] if bool not in (type(start), type(end)):
                yield start, end, label, f"label{number}"
            case _:
                raise Mistakes([Mistake(place, "a label is [start, end, name]", extract=repr(one)[:60])])
