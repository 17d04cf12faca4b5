"""Prodigy's JSONL export: a text a line, with its tokens, spans, and relations between tokens.

Offsets are code points, as spaCy counts; the tokens copy the words, and so tell whether they are. A relation
leads from a token to a token: to the span that the file says they stand for, or to the span that holds them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotations.formats.json_file import lines, member
from annotations.formats.offsets import Given, Unit, settle
from annotations.formats.standoff import Link, Mark, Span, Standoff, checked
from annotations.mistakes import Mistake, Mistakes


def read(name: str, data: Iterable[bytes], unit: Unit | None = None) -> Iterator[Standoff]:
    """The annotations of each text that was accepted; others have no marks. Raises Mistakes with the line.

    `data` are the lines of the file, of which no more than a value's are held.
    """
    file = f"{name}.jsonl"
    for number, (line, value) in enumerate(lines(data, file), 1):
        yield _text(f"{name}-{number}", value, f"{file}:{line}", unit)


def _text(name: str, value: dict[str, Any], place: str, unit: Unit | None) -> Standoff:
    text, answer = member(value, "text", str, place), member(value, "answer", str, place, "accept")
    if answer != "accept":
        return Standoff(name, text, unread=(f"{place}: its answer is '{answer}'",))
    tokens = member(value, "tokens", list, place, None) or []
    spans = member(value, "spans", list, place, None) or []
    relations = member(value, "relations", list, place, None) or []
    ends = [span for one in relations for span in (one.get("head_span"), one.get("child_span")) if span]
    given = [_given(one, place) for one in (*tokens, *spans, *ends)]
    found = settle(text, given, place, ("codepoint", "utf16"), unit)
    at_token, own = found[: len(tokens)], found[len(tokens) : len(tokens) + len(spans)]
    marks: dict[tuple[Span, str], Mark] = {}
    labelled = zip([*spans, *ends], found[len(tokens) :], strict=True)
    for one, span in labelled:
        label = str(one.get("label") or "")
        if label and (span, label) not in marks:
            marks[span, label] = Mark(f"s{len(marks) + 1}", label, (span,), place=place)
    at_end = dict(zip(map(repr, ends), found[len(tokens) + len(own) :], strict=True))
    to = _Ends(tuple(marks.values()), at_token, at_end, place)
    links = [
        Link(member(one, "label", str, place), to.mark(one, "head"), to.mark(one, "child"), place=place)
        for one in relations
    ]
    return checked(Standoff(name, text, tuple(marks.values()), tuple(links), _about(value)))


def _given(one: Any, place: str) -> Given:
    return Given(member(one, "start", int, place), member(one, "end", int, place), one.get("text"), place)


@dataclass(frozen=True)
class _Ends:
    """Where the ends of relations stand: at spans that the file gives, or at tokens by their number."""

    marks: Sequence[Mark]
    tokens: Sequence[Span]
    given: Mapping[str, Span]
    place: str

    def mark(self, relation: dict[str, Any], end: str) -> str:
        """The id of the mark at one end: that of the same label, else the smallest that holds it."""
        said = relation.get(f"{end}_span")
        start, last = self.given[repr(said)] if said else self._token(member(relation, end, int, self.place))
        label = str(said.get("label") or "") if said else ""
        holding = [mark for mark in self.marks if mark.spans[0][0] <= start and last <= mark.spans[0][1]]
        if not holding:
            message = f"a relation leads to {start} to {last}, where no span is"
            raise Mistakes([Mistake(self.place, message)])
        return min(holding, key=lambda mark: (mark.label != label, mark.spans[0][1] - mark.spans[0][0])).id

    def _token(self, number: int) -> Span:
        if not 0 <= number < len(self.tokens):
            message = f"a relation leads to token {number}, and there are {len(self.tokens)}"
            raise Mistakes([Mistake(self.place, message)])
        return self.tokens[number]


def _about(value: dict[str, Any]) -> dict[str, Any]:
    meta = value.get("meta")
    told = (
        {key: str(meta[key]) for key in ("title", "url", "outlet") if meta.get(key)}
        if isinstance(meta, dict)
        else {}
    )
    return {"document": told} if told else {}
