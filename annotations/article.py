"""The text of an article as extracts meet it: a run of white space matches a run of white space."""

import re
from bisect import bisect_right
from functools import cached_property

from annotations.source import position

_RUN = re.compile(r"\s\s+|[^\S ]")
_WORD = re.compile(r"\w+")


class Article:
    """The text, and the same with each run of white space as one space. All offsets are code points.

    `collapsed` is what extracts are looked up in; `start` and `end` lead back to the text as it is.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        pieces: list[str] = []
        self._at: list[int] = [0]  # offsets in `collapsed` from which a shift holds
        self._shift: list[int] = [0]
        done = length = shift = 0
        for run in _RUN.finditer(text):
            pieces += (text[done : run.start()], " ")
            length += run.start() - done + 1
            done = run.end()
            if run.end() - run.start() > 1:
                shift += run.end() - run.start() - 1
                self._at.append(length)
                self._shift.append(shift)
        pieces.append(text[done:])
        self.collapsed = "".join(pieces)

    def original(self, offset: int) -> int:
        """The offset in the text of the character at `offset` of `collapsed`."""
        return offset + self._shift[bisect_right(self._at, offset) - 1]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span `[start, end)` of `collapsed`, which begins and ends with a word, in the text."""
        return self.original(start), self.original(end - 1) + 1

    def line(self, offset: int) -> int:
        """The line of the text, from 1, of an offset of `collapsed`."""
        return position(self.text, self.original(offset))[0]

    @cached_property
    def words(self) -> dict[str, list[int]]:
        """Where each word begins in `collapsed`."""
        index: dict[str, list[int]] = {}
        for word in _WORD.finditer(self.collapsed):
            index.setdefault(word[0], []).append(word.start())
        return index

    def find(self, words: str, most: int) -> list[int]:
        """Where the words stand in `collapsed`, at most `most` places; they may overlap."""
        rarest = self._rarest(words)
        if rarest is not None:
            places, back = rarest
            starts = (place - back for place in places)
            return [start for start in starts if start >= 0 and self.collapsed.startswith(words, start)][
                :most
            ]
        found: list[int] = []
        start = self.collapsed.find(words)
        while start >= 0 and len(found) < most:
            found.append(start)
            start = self.collapsed.find(words, start + 1)
        return found

    def _rarest(self, words: str) -> tuple[list[int], int] | None:
        """Places of the extract's rarest whole word, and its offset there; None if none is rare.

        A word inside the extract is a whole word of the article too. Looking only at its places keeps ten
        thousand marks in a megabyte quick, where a search of the whole text for each would not.
        """
        best: tuple[list[int], int] | None = None
        for word in _WORD.finditer(words, 0, min(len(words), 400)):
            if word.start() > 0 and word.end() < min(len(words), 400):
                places = self.words.get(word[0], [])
                if best is None or len(places) < len(best[0]):
                    best = places, word.start()
        return best if best is not None and len(best[0]) <= 1000 else None
