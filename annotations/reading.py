"""What the parts of a reading share: the article, the draft, the mistakes; how an extract becomes spans."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from annotations import dates, marks, quotation_marks
from annotations.annotated import Entity, Mention, Span, Timex
from annotations.article import Article
from annotations.draft import Draft
from annotations.file_format import Date
from annotations.locate import NotLocated, locate
from annotations.mistakes import Path, Report
from annotations.tree import Tree
from models.vocabulary import TimexRole


class Measure(Protocol):
    """A term of the vocabulary of measures; only its unit matters here."""

    @property
    def unit(self) -> str: ...


Measures = Mapping[str, Measure] | Collection[str]


def unit(measures: Measures, measure: str) -> str:
    """The unit of a claim that names none."""
    return measures[measure].unit if isinstance(measures, Mapping) and measure in measures else "person"


@dataclass
class Located:
    """An extract in the text: `[start, end)` and its marked parts, whose offsets are those of the text."""

    path: Path
    start: int
    end: int
    parts: list[marks.Part]


@dataclass
class Reading:
    """One article and its annotation on the way to an annotated document."""

    article: Article
    tree: Tree
    draft: Draft
    report: Report
    measures: Measures
    entities: dict[str, Entity] = field(default_factory=dict)
    mentions: dict[tuple[int, int], list[Mention]] = field(default_factory=dict)
    sentences: list[tuple[int, int]] = field(default_factory=list)

    @property
    def language(self) -> str:
        return self.draft.file.document.language

    @cached_property
    def quotations(self) -> list[quotation_marks.Interior]:
        return quotation_marks.interiors(self.article.text)

    def parse(self, path: Path, raw: str, roles: Mapping[str, marks.Role] | None) -> marks.Extract | None:
        """The extract without its marks; None after reporting what is wrong with them."""
        try:
            extract = marks.parse(raw, roles)
        except marks.MarkError as error:
            self.report.add(path, str(error), error.extract, error.nearest, error.offset)
            return None
        if not extract.words:
            self.report.add(path, "is empty: an extract has words of the article")
            return None
        return extract

    def locate(self, path: Path, raw: str, roles: Mapping[str, marks.Role]) -> Located | None:
        """The extract in the text; None after reporting why it is not there exactly once."""
        extract = self.parse(path, raw, roles)
        if extract is None or self.report.full:
            return None
        try:
            at = locate(self.article, extract.words)
        except NotLocated as error:
            self.report.add(path, str(error), extract.words, error.nearest)
            return None
        return self.place(path, extract, at)

    def place(self, path: Path, extract: marks.Extract, at: int) -> Located:
        """The extract whose first character is at `at` of the collapsed text."""
        for part in extract.parts:
            part.start, part.end = self.article.span(at + part.start, at + part.end)
        return Located(path, *self.article.span(at, at + len(extract.words)), extract.parts)

    def located_marks(
        self, path: Path, raw: list[str], roles: Mapping[str, marks.Role]
    ) -> tuple[list[Located], bool]:
        """The extracts of a `mark:`, and whether all of them are good."""
        found = [self.locate(at, mark, roles) for at, mark in self.items((*path, "mark"), raw)]
        return [extract for extract in found if extract], all(found)

    def items(self, path: Path, values: list[Any]) -> Iterator[tuple[Path, Any]]:
        """The values with their paths; a single value that stands without a list has the path itself."""
        node = self.tree.value
        for step in path:
            node = node[step]
        return (((*path, at) if isinstance(node, list) else path, value) for at, value in enumerate(values))

    def entity(self, path: Path, key: str, offset: int | None = None) -> str | None:
        """The key, if the file has such an entity; None after reporting."""
        if key in self.entities:
            return key
        if not self.draft.broken & {key, "entities"}:
            help_ = self.report.nearest(key, self.entities)
            self.report.add(path, "no entity has this key", key, help_, offset)
        return None

    def words(self, start: int, end: int) -> str:
        """The words of a span, on one line."""
        return " ".join(self.article.text[start:end].split())

    def timex(self, role: TimexRole, extracts: list[Located], key: Path, date: Date | None) -> Timex | None:
        """The date of the marks with this role, or of the key; None after reporting if they do not agree."""
        found = [(extract, part) for extract in extracts for part in extract.parts if part.role == role]
        if not found:
            if date is None:
                return None
            return self._timex(role, dates.Written(date.value.value, date.anchor, date.basis), key)
        if date is not None:
            self.report.add(key, f"is given, but a mark {{{role}=…}} gives it, too: keep one")
            return None
        extract, first = found[0]
        for other, part in found[1:]:
            if (part.value, part.keys) != (first.value, first.keys):
                message = f"a second, different '{role}'; the first is '{first.value}'"
                self.report.add(other.path, message, part.value, offset=part.offset)
                return None
        spans = sorted((part.start, part.end) for _, part in found)
        as_written = " … ".join(self.words(*span) for span in spans)
        written = dates.Written(
            str(first.value), first.keys.get("anchor"), first.keys.get("basis"), as_written
        )
        return self._timex(role, written, extract.path, first.offset)

    def _timex(self, role: TimexRole, written: dates.Written, path: Path, offset: int = 0) -> Timex | None:
        try:
            return dates.timex(role, written, self.language)
        except ValueError as error:
            self.report.add(path, str(error), written.as_written or written.value, offset=offset)
            return None

    def check_overlaps(self, extracts: list[Located], several: frozenset[str]) -> None:
        """Report words that are marked twice with the same role, unless its marks stand for themselves."""
        last: dict[str, int] = {}
        parts = [(part.start, part.end, part, extract) for extract in extracts for part in extract.parts]
        seen: set[Span | tuple[int, int, str]] = set()
        for start, end, part, extract in sorted(parts, key=lambda found: found[:2]):
            if part.role in several or (start, end, part.role) in seen:
                continue
            seen.add((start, end, part.role))
            if start < last.get(part.role, 0):
                message = f"words are marked '{part.role}' twice"
                self.report.add(extract.path, message, self.words(start, end), offset=part.offset)
            last[part.role] = max(end, last.get(part.role, 0))
