"""An article cut into sentences, the extracts that hold marked words, and what a file says of the article."""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from annotations.article import Article
from annotations.formats.standoff import Span, Standoff
from models.folding import fold

# A sentence ends with its line, or with a stop, and quotation marks or brackets behind it, before a capital.
_END = re.compile(r"\n\s*|(?<=[.!?…])[”\"’')\]»]*\s+(?=[“\"‘'(\[«]*[^\W\d_a-z]|\d)")
LONGEST_TITLE = 200


def trimmed(text: str, start: int, end: int) -> Span:
    """The span without white space at its ends."""
    words = text[start:end]
    return start + len(words) - len(words.lstrip()), end - len(words) + len(words.rstrip())


def sentences(text: str, boilerplate: Sequence[Span], whole: Iterable[Span]) -> list[Span]:
    """The sentences of a text, without its boilerplate; no span in `whole` is cut."""
    inside = sorted(whole)
    cuts = {0, len(text)} | {at for span in boilerplate for at in span}
    cuts |= {found.end() for found in _END.finditer(text)}
    for start, end in inside:
        cuts -= {cut for cut in cuts if start < cut < end}
    bounds = sorted(cuts)
    found = (trimmed(text, start, end) for start, end in pairwise(bounds))
    skipped = set(boilerplate)
    return [
        span
        for span in found
        if span[0] < span[1] and not any(start <= span[0] and span[1] <= end for start, end in skipped)
    ]


def extracts(article: Article, cut: Sequence[Span], spans: Iterable[Span]) -> list[Span]:
    """The sentences that hold these spans, those next to each other as one; wider where the same words stand
    in the article twice.
    """
    starts, ends = [start for start, _ in cut], [end for _, end in cut]
    held = set()
    for start, end in spans:
        first, last = max(0, bisect_right(starts, start) - 1), min(len(cut) - 1, bisect_left(ends, end))
        held |= set(range(first, last + 1))
    runs: list[tuple[int, int]] = []
    for at in sorted(held):
        if runs and runs[-1][1] == at - 1:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return sorted({_once(article, cut, first, last) for first, last in runs})


def _once(article: Article, cut: Sequence[Span], first: int, last: int) -> Span:
    while True:
        start, end = cut[first][0], cut[last][1]
        words = " ".join(article.text[start:end].split())
        if len(article.find(words, 2)) < 2 or (first == 0 and last == len(cut) - 1):
            return start, end
        first, last = max(0, first - 1), min(len(cut) - 1, last + 1)


def described(given: Standoff, about: Mapping[str, Any]) -> dict[str, Any]:
    """What the file says of its article. Without a title its first line stands for it, in square brackets."""
    line = next(filter(None, map(str.strip, given.text.splitlines())), "")
    told = {
        "id": re.sub(r"[^a-z0-9]+", "-", fold(given.name))[:100].strip("-") or "document",
        "title": f"[{line[:LONGEST_TITLE]}]",
        **(
            {} if about.get("published") else {"basis": "unknown", "note": "The imported file gives no date."}
        ),
        **about,
    }
    order = ("id", "title", "outlet", "url", "language", "timezone", "published", "printed", "basis", "note")
    kept = {name: str(told[name]) for name in (*order, "status", "embargo") if told.get(name)}
    return {**kept, "sha256": hashlib.sha256(given.text.encode()).hexdigest()}
