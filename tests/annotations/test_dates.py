"""Dates of marks: weekdays, basis and anchor."""

import pytest

from annotations.dates import Written, timex


@pytest.mark.parametrize(
    ("value", "words", "basis", "anchor"),
    [
        ("2024-10-15", "Tuesday", "resolved", "publication"),
        ("2024-10-15", "October 15, 2024", "stated", "none"),
        ("2024-10-15", "2024-10-15", "stated", "none"),
        ("2024-10-15", "October 15", "resolved", "publication"),
        ("2024-10", "October 2024", "stated", "none"),
        ("2024", "in 2024", "stated", "none"),
        ("2024-10", "2024", "resolved", "publication"),
        ("2023/2024", "between 2023 and 2024", "stated", "none"),
        ("2023/2024", "since 2023", "resolved", "publication"),
        ("2024-10-15", None, "inferred", "none"),
    ],
)
def test_a_date_is_stated_when_the_words_give_it_whole(
    value: str, words: str | None, basis: str, anchor: str
) -> None:
    found = timex("said", Written(value, as_written=words), "en")
    assert (found.basis, found.anchor) == (basis, anchor)


@pytest.mark.parametrize(
    ("value", "words", "language"),
    [
        ("2024-10-15", "on Tuesday", "en-GB"),
        ("2024-10-15", "am Dienstag", "de"),
        ("2024-10-08/2024-10-15", "since last Tuesday", "en"),
        ("2024-10-13/2024-10-15", "since Sunday", "en"),
        ("2024-10-13/..", "since Sunday", "en"),
        ("2024-10-14", "between Sunday and Tuesday", "en"),
        ("2024-10", "that Tuesday", "en"),
        ("2024-10-14", "Tuesday", "fi"),
    ],
)
def test_dates_that_agree_with_the_weekday(value: str, words: str, language: str) -> None:
    assert timex("said", Written(value, as_written=words), language).interval.value == value


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (Written("2024-10-14", as_written="on Tuesday"), "the words say Tuesday, but 2024-10-14 is a Monday"),
        (
            Written("2024-10-13/2024-10-14", as_written="since Tuesday"),
            "the words say Tuesday, but 2024-10-13 is a Sunday and 2024-10-14 is a Monday",
        ),
        (Written("15 October", as_written="15 October"), "not an EDTF date"),
        (
            Written("2024", anchor="article", as_written="x"),
            "'anchor' is one of none, publication, utterance",
        ),
        (Written("2024", basis="guessed", as_written="x"), "'basis' is one of stated, resolved, inferred"),
        (Written("2024", basis="resolved"), "no words of the mark give this date"),
    ],
)
def test_dates_that_are_refused(written: Written, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        timex("said", written, "en")


def test_what_the_mark_says_of_basis_and_anchor_holds() -> None:
    found = timex("period", Written("2024-10-15", "utterance", "inferred", "recently"), "en")
    assert (found.basis, found.anchor) == ("inferred", "utterance")
