"""brat's standoff format: `NAME.txt` and `NAME.ann` (https://brat.nlplab.org/standoff.html).

Offsets are code points, half-open; a discontinuous mark has several pairs, parted by `;`. The words are
copied behind them, parts joined by a space, line ends as spaces. A line is one annotation:

    T1<TAB>Cue 10 14;20 24<TAB>said that
    R1<TAB>says Arg1:T2 Arg2:T1
    E1<TAB>Statement:T1 Speaker:T2
    A1<TAB>Form E1 direct
    *<TAB>Same T2 T3
    N1<TAB>Reference T2 Wikidata:Q1065<TAB>United Nations
    #1<TAB>AnnotatorNotes T1<TAB>checked

What brat has no place for stands in notes: the type of the note is the name of the attribute.
"""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from annotations.formats.offsets import Given, Unit, settle
from annotations.formats.standoff import Link, Mark, Span, Standoff, Value, checked
from annotations.mistakes import Mistake, Mistakes

_SPANS = re.compile(r"\d+ \d+(?:;\d+ \d+)*\Z")
_LINE_END = re.compile(r"\r\n|\n|\r")
# The note that says which spans a mark has, where brat's own, which end at every line end, cannot.
SPANS = "spans"
# Of notes about the text as a whole; they hang on its first mark, because brat has no other place for them.
ABOUT = "about."


@dataclass
class _Read:
    """What the lines of a file have said so far."""

    name: str
    marks: dict[str, Mark] = field(default_factory=dict)
    fragments: list[Given] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    # Events by the id of their trigger's mark.
    events: dict[str, str] = field(default_factory=dict)
    said: list[tuple[str, str, Value, str]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)


def read(name: str, text: str, ann: str, unit: Unit | None = None) -> Standoff:
    """The annotations of a text. Raises Mistakes with the line of each.

    Events are marks on the words of their triggers, their arguments links; normalisations, notes and
    attributes are attributes of what they are about.
    """
    found = _Read(f"{name}.ann")
    for number, line in enumerate(_LINE_END.split(ann), 1):
        if line.strip():
            try:
                _line(found, line, f"{found.name}:{number}")
            except _Wrong as wrong:
                found.mistakes.append(Mistake(found.name, str(wrong), number, extract=line))
    if found.mistakes:
        raise Mistakes(found.mistakes)
    spans: dict[str, list[Span]] = {}
    settled = settle(text, found.fragments, found.name, ("codepoint", "utf16", "byte"), unit, same=_same)
    for owner, span in zip(found.owners, settled, strict=True):
        spans.setdefault(owner, []).append(span)
    return checked(_standoff(found, name, text, spans))


class _Wrong(ValueError):
    """What is wrong with a line."""


def _line(found: _Read, line: str, place: str) -> None:
    id_, tab, rest = line.partition("\t")
    if not tab:
        raise _Wrong("is no annotation: there is no tab behind an id")
    match id_[:1]:
        case "T":
            _mark(found, id_, rest, place)
        case "E":
            _event(found, id_, rest, place)
        case "R":
            _relation(found, rest, place)
        case "*":
            _equivalence(found, rest, place)
        case "A" | "M":
            name, of, value = _parts(rest, 3)
            found.said.append((of, name, value or True, place))
        case "N":
            head, _, _ = rest.partition("\t")
            name, of, value = _parts(head, 3)
            found.said.append((of, name, value, place))
        case "#":
            head, _, value = rest.partition("\t")
            name, of, _ = _parts(head, 3)
            found.said.append((of, name, _note(value), place))
        case _:
            found.unread.append(f"{place}: {line}")


def _parts(words: str, number: int) -> list[str]:
    parts = words.split(None, number - 1)
    if len(parts) < 2:
        raise _Wrong("needs a type and what it is about")
    return parts + [""] * (number - len(parts))


def _note(value: str) -> str:
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    return value


def _mark(found: _Read, id_: str, rest: str, place: str) -> None:
    head, tab, words = rest.partition("\t")
    label, _, offsets = head.partition(" ")
    if not tab or not _SPANS.match(offsets):
        raise _Wrong("is no mark such as 'T1<TAB>Cue 10 14<TAB>said'")
    if id_ in found.marks:
        raise _Wrong(f"another line has the id {id_}")
    found.marks[id_] = Mark(id_, label, (), place=place)
    pairs = [tuple(map(int, pair.split(" "))) for pair in offsets.split(";")]
    # The copy joins the parts by one space; how long each is, its offsets say.
    at = 0
    total = sum(end - start for start, end in pairs) + len(pairs) - 1
    apart = total == len(words)
    for start, end in pairs:
        copy = words[at : at + end - start] if apart else (words if len(pairs) == 1 else None)
        found.fragments.append(Given(start, end, copy, place))
        found.owners.append(id_)
        at += end - start + 1


def _event(found: _Read, id_: str, rest: str, place: str) -> None:
    pairs = [part.partition(":") for part in rest.split()]
    if not pairs or not all(role and target for role, _, target in pairs):
        raise _Wrong("is no event such as 'E1<TAB>Statement:T1 Speaker:T2'")
    if id_ in found.events:
        raise _Wrong(f"another line has the id {id_}")
    found.events[id_] = pairs[0][2]
    for role, _, target in pairs[1:]:
        found.links.append(Link(role, id_, target, place=place))


def _relation(found: _Read, rest: str, place: str) -> None:
    label, *arguments = rest.split()
    pairs = [argument.partition(":") for argument in arguments]
    if len(pairs) != 2 or not all(target for _, _, target in pairs):
        raise _Wrong("is no relation such as 'R1<TAB>says Arg1:T1 Arg2:T2'")
    found.links.append(Link(label, pairs[0][2], pairs[1][2], place=place))


def _equivalence(found: _Read, rest: str, place: str) -> None:
    label, *members = rest.split()
    if len(members) < 2:
        raise _Wrong("needs a type and at least two marks")
    for member in members[1:]:
        found.links.append(Link(label, members[0], member, place=place))


def _standoff(found: _Read, name: str, text: str, spans: dict[str, list[Span]]) -> Standoff:
    attributes: dict[str, dict[str, Value]] = {}
    for of, key, value, place in found.said:
        if key.startswith(ABOUT):
            _tell(found.about, key.removeprefix(ABOUT).split("/"), json.loads(str(value)))
        elif found.events.get(of, of) not in found.marks:
            # brat lets notes and attributes be about relations, too.
            found.unread.append(f"{place}: '{key}' is about {of}, which is no mark")
        else:
            attributes.setdefault(of, {})[key] = value
    marks = []
    for mark in found.marks.values():
        own = attributes.get(mark.id, {})
        exactly = own.pop(SPANS, None)
        at = _exact(str(exactly)) if exactly else tuple(spans[mark.id])
        marks.append(replace(mark, spans=at, attributes=own))
    for event, trigger in found.events.items():
        words = found.marks.get(trigger)
        if words is None:
            raise Mistakes([Mistake(found.name, f"the event {event} has no trigger: {trigger} is not there")])
        marks.append(Mark(event, words.label, tuple(spans[trigger]), attributes.get(event, {}), words.place))
    triggers = set(found.events.values())
    kept = tuple(mark for mark in marks if mark.id not in triggers)
    inside = {trigger: event for event, trigger in found.events.items()}
    links = tuple(
        replace(
            link, source=inside.get(link.source, link.source), target=inside.get(link.target, link.target)
        )
        for link in found.links
    )
    return Standoff(name, text, kept, links, found.about, tuple(found.unread))


def _tell(about: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        about = about.setdefault(step, {})
    about[path[-1]] = value


def _exact(offsets: str) -> tuple[Span, ...]:
    if not _SPANS.match(offsets):
        raise Mistakes([Mistake(SPANS, "are no offsets such as '10 14;20 24'", extract=offsets)])
    pairs = (pair.split(" ") for pair in offsets.split(";"))
    return tuple((int(start), int(end)) for start, end in pairs)


def _same(words: str, copy: str) -> bool:
    return words == copy or _LINE_END.sub(" ", words) == _LINE_END.sub(" ", copy)
