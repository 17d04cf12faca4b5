"""Folding for full text: accents, case, width and quotation marks do not matter, on either database.

Text is folded once, here, into words of letters and digits parted by single spaces; both databases index
exactly these words, so that the same query has the same hits.
"""

import re
import unicodedata

# PostgreSQL refuses lexemes above 2 KiB; nobody searches for the hundredth letter of a word.
LONGEST = 100
# Letters that NFKD leaves whole but readers type without their stroke.
_LETTERS: dict[int, str] = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ŧ": "t"}
)
# An apostrophe between letters, a stop in an abbreviation and the comma of thousands part no words:
# O'Brien, U.N., 2,350.
_JOINERS = re.compile(
    r"(?<=\w)['\u2018\u2019\u02bc](?=\w)|(?<=\b[^\W\d_])\.(?=[^\W\d_]\b)|(?<=\d)[,\u2009\u202f](?=\d\d\d)"
)
# But the article of l'Élysée and its like is a word of its own, which nobody looks for.
_ELISION = re.compile(
    r"\b([cdjlmnst]|(?:jus|lors|puis)?qu|(?:d|n|s)?[ae]ll|sull)['\u2018\u2019](?=\w\w)", re.IGNORECASE
)
_POSSESSIVE = re.compile(r"(?<=\w)['\u2018\u2019\u02bc]s\b", re.IGNORECASE)
# Scripts written without spaces: each run becomes overlapping pairs of characters.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")


def fold(*texts: str | None) -> str:
    """The words of texts, folded, in their order, one space between; an empty string when there are none."""
    return " ".join(filter(None, (_fold(text) for text in texts if text)))


def _fold(text: str) -> str:
    # Without its accents first: a combining mark before an apostrophe would part the word there.
    letters = unicodedata.normalize("NFD", text).translate(_UNMARKED)
    joined = _JOINERS.sub("", _ELISION.sub(r"\1 ", _POSSESSIVE.sub("", letters)))
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", joined).casefold())
    words = _UNSPACED.sub(_pairs, plain.translate(_CHARACTERS)).split()
    return " ".join(word[:LONGEST] for word in words)


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
