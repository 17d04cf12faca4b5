"""What stands inside quotation marks: the words that an article gives as somebody's own."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable

from models.vocabulary import Form

Interior = tuple[int, int]

_CLOSERS = {
    "“": "”",
    "”": "”",  # Swedish and Finnish open with the closing mark
    "„": "“”",
    "«": "»",
    "»": "«",  # German books quote inwards
    "‹": "›",
    "「": "」",
    "『": "』",
    "‘": "’",
    "‚": "‘’",
    '"': '"',
}
# A single mark may be an apostrophe; one that is never closed is.
_SINGLE = "‘‚"
_MARK = re.compile(f"[{''.join(_CLOSERS)}]")
_BLANK = re.compile(r"\n[^\S\n]*\n")


def interiors(text: str) -> list[Interior]:
    """The spans between quotation marks, outermost only, in code points, half-open and in order.

    A quotation that its paragraph leaves open, because the next one opens it again, ends with its line.
    """
    found: list[Interior] = []
    blanks = [blank.start() for blank in _BLANK.finditer(text)] + [len(text)]
    at = barren = 0
    while match := _MARK.search(text, at):
        at = match.end()
        if not _opens(text, match.start()) or (match[0] in _SINGLE and at < barren):
            continue
        if match[0] in _SINGLE:
            end, barren = _close_single(text, at, match[0])
        else:
            end = _close(text, at, match[0], blanks[bisect_right(blanks, at - 1)])
        if end is not None:
            found.append((at, end))
            at = min(end + 1, len(text))
    return [(start, end) for start, end in found if text[start:end].strip()]


def inside(spans: Iterable[Interior], quotations: list[Interior]) -> list[Interior]:
    """The parts of the spans that lie inside the quotations, in order."""
    starts = [start for start, _ in quotations]
    parts = []
    for start, end in spans:
        index = max(0, bisect_right(starts, start) - 1)
        while index < len(quotations) and quotations[index][0] < end:
            low, high = max(start, quotations[index][0]), min(end, quotations[index][1])
            if low < high:
                parts.append((low, high))
            index += 1
    return parts


def trimmed(text: str, start: int, end: int) -> Interior | None:
    """The span without white space at its ends, or None if nothing is left."""
    words = text[start:end]
    start, end = start + len(words) - len(words.lstrip()), end - len(words) + len(words.rstrip())
    return (start, end) if start < end else None


def wordy(text: str, spans: Iterable[Interior]) -> int:
    """How many code points of the spans are neither white space nor punctuation."""
    return sum(unicodedata.category(c)[0] not in "ZPC" for start, end in spans for c in text[start:end])


def _opens(text: str, at: int) -> bool:
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if text[at] in "「『„«“":
        return after != ""
    # The others also close, or are apostrophes: they open only at the beginning of a word.
    return bool(after) and not after.isspace() and not before.isalnum() and before not in tuple(".,!?…")


def _close(text: str, at: int, mark: str, paragraph: int) -> int:
    """Where the quotation that begins at `at` ends; `paragraph` is where its paragraph does."""
    line: int | None = None
    for match in re.compile(f"[\n{mark}{_CLOSERS[mark]}]").finditer(text, at, paragraph):
        if match[0] == "\n":
            line = match.start() if line is None else line
            if text.startswith(mark, match.end()):
                break
        elif match[0] in _CLOSERS[mark]:
            return match.start()
        elif line is not None:
            break
    return paragraph if line is None else line


def _close_single(text: str, at: int, mark: str) -> tuple[int | None, int]:
    """Where it ends, on its line, and up to where no other one can; no end: its mark is an apostrophe."""
    end = text.find("\n", at)
    line = len(text) if end < 0 else end
    for match in re.compile(f"[{_CLOSERS[mark]}]").finditer(text, at, line):
        if not text[match.end() : match.end() + 1].isalnum():
            return match.start(), 0
    return None, line


def verbatim(
    text: str, quotations: list[Interior], content: list[Interior], cues: list[Interior]
) -> list[Interior]:
    """What of the content stands inside quotation marks, without white space at the ends.

    A quotation that holds the cue itself is somebody else's: in “we told them to leave,” she said, the words
    behind `told` are hers, not ours.
    """
    own = []
    for start, end in inside(content, quotations):
        low, high = quotations[bisect_right(quotations, (start, len(text))) - 1]
        if not any(low <= first and last <= high for first, last in cues):
            own.append(trimmed(text, start, end))
    return [span for span in own if span]


def form(text: str, content: list[Interior], verbatim: list[Interior]) -> Form:
    """`direct` if all content but punctuation is verbatim, `mixed` if some, else `indirect`."""
    own = wordy(text, verbatim)
    if own == 0:
        return "indirect"
    return "direct" if own == wordy(text, content) else "mixed"
