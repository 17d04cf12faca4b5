"""What annotation tools have in common: marks on a text, links between marks, and facts about the text.

Offsets are Unicode code points, half-open: `text[start:end]` are the words.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from annotations.mistakes import Mistake, Mistakes

Span = tuple[int, int]
Value = str | bool

# Far above what anybody marks: beyond it, a file is broken or hostile.
MOST_MARKS = 200_000
# Marks that lie on the very same characters.
MOST_ALIKE = 100


@dataclass(frozen=True)
class Mark:
    """Words of the text with a label; several spans are one discontinuous mark, no span is the text as a
    whole.

    `place` says where in its file it stands, such as `a.ann:3`.
    """

    id: str
    label: str
    spans: tuple[Span, ...]
    attributes: Mapping[str, Value] = field(default_factory=dict)
    place: str = ""


@dataclass(frozen=True)
class Link:
    """A directed relation between two marks, by their ids."""

    label: str
    source: str
    target: str
    attributes: Mapping[str, Value] = field(default_factory=dict)
    place: str = ""


@dataclass(frozen=True)
class Standoff:
    """One annotated text. `about` is what the file says of the whole text, as JSON.

    `unread` are the parts of the file that nothing here can hold, each with its place.
    """

    name: str
    text: str
    marks: tuple[Mark, ...] = ()
    links: tuple[Link, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    def words(self, mark: Mark) -> str:
        """The words of a mark, parts joined by one space."""
        return " ".join(self.text[start:end] for start, end in mark.spans)


def checked(standoff: Standoff) -> Standoff:
    """The same, once it holds together.

    Raises Mistakes for a span outside the text or empty, a link to a mark that is not there, an id used
    twice, and more marks than a text has use for.
    """
    found = list(_mistakes(standoff))
    if found:
        raise Mistakes(found)
    return standoff


def _mistakes(standoff: Standoff) -> Iterable[Mistake]:
    file = standoff.name
    if len(standoff.marks) > MOST_MARKS:
        yield Mistake(file, f"has {len(standoff.marks):,} marks, and {MOST_MARKS:,} are the most")
        return
    for id_, count in Counter(mark.id for mark in standoff.marks).items():
        if count > 1:
            yield Mistake(file, f"{count} marks have the same id", extract=id_)
    for mark in standoff.marks:
        for start, end in mark.spans:
            if not 0 <= start < end <= len(standoff.text):
                message = f"{start} to {end} are no characters of the text, which has {len(standoff.text)}"
                yield Mistake(mark.place or file, message, extract=mark.label)
    alike = Counter(span for mark in standoff.marks for span in set(mark.spans))
    for (start, end), count in alike.items():
        if count > MOST_ALIKE:
            message = (
                f"{count:,} marks lie on the same characters, {start} to {end}; {MOST_ALIKE} are the most"
            )
            yield Mistake(file, message)
    yield from _loose(standoff)


def _loose(standoff: Standoff) -> Iterable[Mistake]:
    ids = {mark.id for mark in standoff.marks}
    for link in standoff.links:
        for end in (link.source, link.target):
            if end not in ids:
                message = f"'{link.label}' leads to a mark that is not there"
                yield Mistake(link.place or standoff.name, message, extract=end)
