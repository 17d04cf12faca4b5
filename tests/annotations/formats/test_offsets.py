"""Offsets: a unit is accepted only if every copied word matches, and never guessed."""

import pytest

from annotations.formats.offsets import Given, Unit, settle
from annotations.mistakes import Mistakes

# A wave of one UTF-16 pair, a family of seven code points in one cluster, an accent of its own; a line end.
TEXT = "🌊 A 👩‍👧 éte said\nso."
WORDS = ("A", "said", "so.")
UNITS: tuple[Unit, ...] = ("codepoint", "utf16", "byte", "grapheme")


def length(text: str, unit: Unit) -> int:
    """How long a text is in a unit, counted in another way than by the code."""
    clusters = text.replace("👩‍👧", "x").replace("é", "x").replace("\r\n", "x")
    return {
        "codepoint": len(text),
        "utf16": len(text.encode("utf-16-le")) // 2,
        "byte": len(text.encode()),
        "grapheme": len(clusters),
    }[unit]


def given(text: str, unit: Unit, *, inclusive: bool = False, copied: bool = True) -> list[Given]:
    """The words as a tool that counts so would give them."""
    spans = []
    for words in WORDS:
        start = length(text[: text.index(words)], unit)
        end = start + length(words, unit) - inclusive
        spans.append(Given(start, end, words if copied else None, "a.json"))
    return spans


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_unit_is_found_by_the_words(unit: Unit, *, inclusive: bool, ends: str) -> None:
    text = TEXT.replace("\n", ends)
    found = settle(text, given(text, unit, inclusive=inclusive), "a.json", UNITS)
    assert [text[start:end] for start, end in found] == list(WORDS)


@pytest.mark.parametrize(("there", "counted"), [("\n", "\r\n"), ("\r\n", "\n")])
def test_a_line_end_may_count_otherwise_than_it_is_written(there: str, counted: str) -> None:
    spans = given(TEXT.replace("\n", counted), "codepoint")
    text = TEXT.replace("\n", there)
    assert [text[start:end] for start, end in settle(text, spans, "a.json")] == list(WORDS)


def test_one_word_that_does_not_match_refuses_all() -> None:
    spans = [*given(TEXT, "codepoint"), Given(0, 1, "x", "a.json: region 4")]
    with pytest.raises(
        Mistakes, match=r"region 4.*copies 'x', but 0 to 1 are '🌊' of the text, counted in codepoint"
    ):
        settle(TEXT, spans, "a.json")


def test_the_first_mismatch_is_shown_of_the_reading_that_comes_furthest() -> None:
    spans = given(TEXT, "utf16")
    wrong = [*spans[:2], Given(spans[2].start - 3, spans[2].end - 3, "so.", "a.json: region 3")]
    with pytest.raises(Mistakes, match=r"region 3.*counted in utf16"):
        settle(TEXT, wrong, "a.json", UNITS)


def test_without_words_the_unit_has_to_be_said_where_it_matters() -> None:
    spans = given(TEXT, "utf16", copied=False)
    with pytest.raises(Mistakes, match="the file copies no words: say the unit"):
        settle(TEXT, spans, "a.json", UNITS)
    found = settle(TEXT, spans, "a.json", UNITS, "utf16")
    assert [TEXT[start:end] for start, end in found] == list(WORDS)


def test_without_words_it_need_not_be_said_where_all_units_agree() -> None:
    assert settle("plain words", [Given(6, 11, None, "a.json")], "a.json", UNITS) == [(6, 11)]
    assert settle("plain 🌊", [Given(0, 5, None, "a.json")], "a.json", UNITS) == [(0, 5)]


def test_an_offset_inside_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(Mistakes, match="no characters of the text, counted in utf16"):
        settle(TEXT, [Given(1, 3, None, "a.json")], "a.json", ("utf16",))


def test_words_that_two_units_find_at_different_places_have_to_be_told_apart() -> None:
    text = "🌊aaa"
    with pytest.raises(Mistakes, match="counting in codepoint and in utf16, at other places"):
        settle(text, [Given(2, 3, "a", "a.json")], "a.json", ("codepoint", "utf16"))
    assert settle(text, [Given(2, 3, "a", "a.json")], "a.json", unit="utf16") == [(1, 2)]


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (0, 99), (3, 2)])
def test_a_span_outside_the_text_is_refused(start: int, end: int) -> None:
    with pytest.raises(Mistakes):
        settle("plain words", [Given(start, end, None, "a.json")], "a.json", ("codepoint",))
