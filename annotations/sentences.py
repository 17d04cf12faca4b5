"""The article sentence by sentence with its mentions: the proof that no sentence was skipped."""

from bisect import bisect_right
from itertools import pairwise
from typing import cast

from annotations import mentions
from annotations.annotated import Mention, Span
from annotations.locate import missing
from annotations.marks import Part
from annotations.mistakes import Path, nearest
from annotations.reading import Located, Reading
from models.vocabulary import MentionKind, words

KINDS = words(MentionKind)


def read(reading: Reading) -> tuple[Span, ...]:
    """The spans of sentences and boilerplate; the mentions go to the reading, where speakers need them."""
    boilerplate = _boilerplate(reading)
    article, report = reading.article, reading.report
    spans = [Span(start, end, "boilerplate") for start, end in boilerplate]
    cursor, expected, gap_known = 0, 0, False
    for path, raw in reading.draft.text():
        gap_known = gap_known or path[1] != expected
        expected = int(path[1]) + 1
        extract = reading.parse(path, raw, None)
        cursor = _skip(reading, cursor, boilerplate)
        at = article.collapsed.find(extract.words, cursor) if extract and not report.full else -1
        if extract is None or at < 0:
            if extract and not report.full:
                _report_missing(reading, path, extract.words)
            gap_known = True
            continue
        if at > cursor and not gap_known:
            _report_gap(reading, path, cursor, at, "words of the article are missing before this sentence")
        located = reading.place(path, extract, at)
        _read_mentions(reading, located)
        _check_boilerplate(reading, located, boilerplate)
        spans.append(Span(located.start, located.end, "sentence"))
        reading.sentences.append((located.start, located.end))
        cursor, gap_known = at + len(extract.words), False
    cursor = _skip(reading, cursor, boilerplate)
    if cursor < len(article.collapsed) and reading.sentences and not gap_known:
        last = ("text", expected - 1)
        _report_gap(reading, last, cursor, len(article.collapsed), "the article goes on after this sentence")
    return tuple(sorted(spans))


def _boilerplate(reading: Reading) -> list[tuple[int, int]]:
    found = [reading.locate(path, raw, {}) for path, raw in reading.draft.boilerplate()]
    spans = sorted((located.start, located.end, located.path) for located in found if located)
    for (_, end, _), (start, _, path) in pairwise(spans):
        if start < end:
            reading.report.add(path, "overlaps other boilerplate")
    return [(start, end) for start, end, _ in spans]


def _skip(reading: Reading, cursor: int, boilerplate: list[tuple[int, int]]) -> int:
    """The offset of the next word that is not boilerplate. Offsets are those of the collapsed text."""
    article = reading.article
    while cursor < len(article.collapsed):
        if article.collapsed[cursor] == " ":
            cursor += 1
            continue
        here = article.original(cursor)
        index = bisect_right(boilerplate, (here, len(article.text))) - 1
        if index < 0 or not boilerplate[index][0] <= here < boilerplate[index][1]:
            break
        while cursor < len(article.collapsed) and article.original(cursor) < boilerplate[index][1]:
            cursor += 1
    return cursor


def _report_missing(reading: Reading, path: Path, sentence: str) -> None:
    if reading.article.find(sentence, 1):
        reading.report.add(path, "stands earlier in the article: sentences keep its order", sentence)
    else:
        error = missing(reading.article, sentence)
        reading.report.add(path, str(error), sentence, error.nearest)


def _report_gap(reading: Reading, path: Path, start: int, end: int, message: str) -> None:
    skipped = reading.article.collapsed[start:end].strip()
    reading.report.add(path, f"{message} (line {reading.article.line(start)} of the article)", skipped)


def _check_boilerplate(reading: Reading, located: Located, boilerplate: list[tuple[int, int]]) -> None:
    index = bisect_right(boilerplate, (located.end - 1, len(reading.article.text))) - 1
    if index >= 0 and boilerplate[index][1] > located.start:
        reading.report.add(located.path, "contains boilerplate", reading.words(*boilerplate[index]))


def _read_mentions(reading: Reading, located: Located) -> None:
    for part in located.parts:
        key = None if part.role == "?" else reading.entity(located.path, part.role, part.offset)
        entity = reading.entities.get(key) if key else None
        if part.role != "?" and key is None:
            continue
        kind = _kind(reading, located, part) or mentions.kind(
            reading.words(part.start, part.end), entity, reading.language
        )
        same = reading.mentions.setdefault((part.start, part.end), [])
        if any(mention.entity == key for mention in same):
            message = "the same words are marked twice as a mention of the same entity"
            reading.report.add(located.path, message, reading.words(part.start, part.end), offset=part.offset)
        else:
            same.append(Mention(part.start, part.end, key, kind))


def _kind(reading: Reading, located: Located, part: Part) -> MentionKind | None:
    given = part.keys.get("kind")
    if given in KINDS:
        return cast("MentionKind", given)
    if given is not None:
        message = f"the kind of a mention is one of {', '.join(KINDS)}"
        reading.report.add(located.path, message, given, nearest(given, KINDS), part.offset)
    return None
