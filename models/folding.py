"""Folding for full text: accents, case, width and quotation marks do not matter, on either database.

Text is folded once, here, into words of letters and digits parted by single spaces; both databases index
exactly these words, so that the same query has the same hits.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

# PostgreSQL refuses lexemes above 2 KiB; nobody searches for the hundredth letter of a word.
LONGEST = 100
# Letters of what may be a name.
SHORT = 40
# Letters that NFKD leaves whole but readers type without their stroke.
_LETTERS: dict[int, str] = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ŧ": "t"}
)
_APOSTROPHES = "'\u2018\u2019\u02bc"
# An apostrophe between letters, a stop in an abbreviation and the comma of thousands part no words:
# O'Brien, U.N., 2,350. The sign comes first, and then what stands around it: so it is looked for quickly.
_JOINERS = re.compile(
    rf"[.,\u2009\u202f{_APOSTROPHES}](?:(?<=\w[{_APOSTROPHES}])(?=\w)"
    r"|(?<=\b[^\W\d_]\.)(?=[^\W\d_]\b)|(?<=\d[,\u2009\u202f])(?=\d\d\d))"
)
# But the article of l'Élysée and its like is a word of its own, which nobody looks for.
_ELISION = re.compile(
    r"\b([cdjlmnst]|(?:jus|lors|puis)?qu|(?:d|n|s)?[ae]ll|sull)['\u2018\u2019](?=\w\w)", re.IGNORECASE
)
_POSSESSIVE = re.compile(rf"[{_APOSTROPHES}](?<=\w[{_APOSTROPHES}])s\b", re.IGNORECASE)
# Signs of print that mean to folding what signs of ASCII do; most texts are ASCII without them.
_TYPED = {
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u2026": " "
}  # fmt: skip
# Scripts written without spaces: each run becomes overlapping pairs of characters.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")


def fold(*texts: str | None) -> str:
    """The words of texts, folded, in their order, one space between; an empty string when there are none."""
    return " ".join(filter(None, (_fold(text) for text in texts if text)))


def _fold(text: str) -> str:
    return _short(text) if len(text) <= SHORT else _whole(text)


def _whole(text: str) -> str:
    """What is ASCII but for its signs is folded in a few steps, and the rest word by word."""
    for sign, typed in _TYPED.items():
        text = text.replace(sign, typed)
    if text.isascii():
        return _ascii(text)
    parts = groupby(text.split(" "), str.isascii)
    folded = ((_ascii if plain else _any)(" ".join(part)) for plain, part in parts)
    return " ".join(filter(None, folded))


# Names are folded again and again.
_short = lru_cache(maxsize=4096)(_whole)


def _ascii(text: str) -> str:
    """As `_any` folds it: there is nothing to normalise, and few words have an apostrophe."""
    if "'" in text:
        parts = text.split(" ")
        text = " ".join([_without_apostrophes(part) if "'" in part else part for part in parts])
    return _words(_JOINERS.sub("", text).lower().translate(_CHARACTERS))


def _any(text: str) -> str:
    # Without its accents first: a combining mark before an apostrophe would part the word there.
    letters = unicodedata.normalize("NFD", text).translate(_UNMARKED)
    joined = _JOINERS.sub("", _without_apostrophes(letters))
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", joined).casefold())
    return _words(_UNSPACED.sub(_pairs, plain.translate(_CHARACTERS)))


def _without_apostrophes(text: str) -> str:
    return _ELISION.sub(r"\1 ", _POSSESSIVE.sub("", text))


def _words(text: str) -> str:
    words = text.split()
    if len(max(words, key=len, default="")) > LONGEST:
        words = [word[:LONGEST] for word in words]
    return " ".join(words)


class _Characters(dict[int, str]):
    """What becomes of each character, found out once: letters and digits stay, marks go, others part."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        category = unicodedata.category(character)[0]
        self[point] = kept = "" if category == "M" else character if category in "LN" else " "
        return kept


class _Unmarked(dict[int, str]):
    """Every character but the combining marks, found out once."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        self[point] = kept = "" if unicodedata.category(character)[0] == "M" else character
        return kept


def _pairs(run: re.Match[str]) -> str:
    word = run[0]
    pairs = [word] if len(word) == 1 else [word[i : i + 2] for i in range(len(word) - 1)]
    return f" {' '.join(pairs)} "


_CHARACTERS = _Characters(_LETTERS)
_UNMARKED = _Unmarked()
