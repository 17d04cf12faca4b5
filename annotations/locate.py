"""Finding an extract in the article, exactly once, or saying why not."""

import difflib
import re
import unicodedata

from annotations.article import Article

MOST = 100  # occurrences that are counted
_LOOKALIKES = str.maketrans("‘’‚‛′`´“”„‟″«»–—‐‑−", "'''''''\"\"\"\"\"\"\"-----")
_WORD = re.compile(r"\S+")
_CONTEXT = 25


class NotLocated(ValueError):
    """An extract that is not in the article exactly once; `nearest` is what the article has instead."""

    def __init__(self, message: str, nearest: str | None = None) -> None:
        super().__init__(message)
        self.nearest = nearest


def locate(article: Article, words: str) -> int:
    """The offset in `article.collapsed` of words that occur exactly once. Raises NotLocated."""
    found = article.find(words, MOST)
    if len(found) == 1:
        return found[0]
    if not found:
        raise missing(article, words)
    count = f"at least {MOST}" if len(found) == MOST else str(len(found))
    places = "; ".join(
        f"line {article.line(start)}: …{_context(article, start, len(words))}…" for start in found[:3]
    )
    more = "; …" if len(found) > 3 else ""
    raise NotLocated(
        f"occurs {count} times in the article ({places}{more}); widen the extract until it occurs once"
    )


def missing(article: Article, words: str) -> NotLocated:
    """Why words that do not occur are not there: the passage most like them and the first difference."""
    passage = _lookalike(article, words) or _passage(article, words)
    if passage is None:
        return NotLocated("is not in the article")
    return NotLocated(f"is not in the article{_difference(passage, words)}", passage)


def _context(article: Article, start: int, length: int) -> str:
    return article.collapsed[max(0, start - _CONTEXT) : start + length + _CONTEXT]


def _lookalike(article: Article, words: str) -> str | None:
    """The passage that is the same but for quotation marks, dashes and capitals; each is one code point."""
    text, extract = article.collapsed.translate(_LOOKALIKES), words.translate(_LOOKALIKES)
    start = text.find(extract)
    if start < 0 and len(text.lower()) == len(text):
        start = text.lower().find(extract.lower())
    return None if start < 0 else article.collapsed[start : start + len(words)]


def _passage(article: Article, words: str) -> str | None:
    """The passage that shares most words in like order; its cost does not grow with the text."""
    votes: dict[int, float] = {}
    for word in re.finditer(r"\w+", words[:400]):
        places = article.words.get(word[0], [])[:200]
        for place in places:
            bucket = (place - word.start()) // 40
            for near in (bucket, bucket + 1):
                votes[near] = votes.get(near, 0) + len(word[0]) / len(places)
    if not votes:
        return None
    centre = max(votes, key=lambda bucket: (votes[bucket], -bucket)) * 40
    low, high = max(0, centre - 60), centre + min(len(words), 400) + 100
    theirs = list(_WORD.finditer(article.collapsed, low, min(high, len(article.collapsed))))
    ours = words[:400].split()
    matcher = difflib.SequenceMatcher(None, ours, [word[0] for word in theirs], autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if not blocks or not theirs:
        return None
    first = max(0, blocks[0].b - blocks[0].a)
    last = min(len(theirs), blocks[-1].b + len(ours) - blocks[-1].a) - 1
    return article.collapsed[theirs[first].start() : theirs[last].end()]


def _difference(passage: str, words: str) -> str:
    if unicodedata.normalize("NFC", words) in unicodedata.normalize("NFC", passage):
        return ": the letters are the same, but accents are composed differently (NFC and NFD)"
    at = next(
        (i for i, (ours, theirs) in enumerate(zip(words, passage, strict=False)) if ours != theirs), None
    )
    if at is None:
        return ""
    ours, theirs = words[at], passage[at]
    if ours.translate(_LOOKALIKES) == theirs.translate(_LOOKALIKES):
        return f": it has {_named(theirs)} where the extract has {_named(ours)}"
    return ""


def _named(character: str) -> str:
    return f"{character} (U+{ord(character):04X})"
