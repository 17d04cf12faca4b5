"""EDTF: the first and the last day that a date may mean."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import edtf


@pytest.mark.parametrize(
    ("value", "earliest", "latest"),
    [
        ("2024-10-15", "2024-10-15", "2024-10-15"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024-10-XX", "2024-10-01", "2024-10-31"),
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-XX-XX", "2024-01-01", "2024-12-31"),
        ("2023-10~/2024-10-15", "2023-10-01", "2024-10-15"),
        ("2024-10-15?", "2024-10-15", "2024-10-15"),
        ("2024-10-08/..", "2024-10-08", None),
        ("../2024", None, "2024-12-31"),
        ("2024-10-08/", "2024-10-08", None),
        ("2024-10-15/2024-10", "2024-10-15", "2024-10-31"),
    ],
)
def test_the_days_that_a_date_may_mean(value: str, earliest: str | None, latest: str | None) -> None:
    def day(words: str | None) -> datetime.date | None:
        return datetime.date.fromisoformat(words) if words else None

    assert edtf.parse(value) == edtf.Interval(value, day(earliest), day(latest))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2026-13-01", "no such day"),
        ("2023-02-29", "no such day"),
        ("0000", "no such day"),
        ("2024-XX-15", "a day needs its month"),
        ("2024-10-15/2024-10-14", "the interval is reversed"),
        ("../..", "an interval needs at least one date"),
        ("/", "an interval needs at least one date"),
        ("", "not an EDTF date"),
        ("Tuesday", "not an EDTF date"),
        ("15.10.2024", "not an EDTF date"),
        ("2024-10-15\n", "not an EDTF date"),
        ("2024-10-15T10:00", "not an EDTF date"),
        ("2023/2024/2025", "not an EDTF date"),
        ("٢٠٢٤", "not an EDTF date"),
    ],
)
def test_what_is_no_date(value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        edtf.parse(value)


@given(st.dates(), st.dates())
def test_an_interval_keeps_its_order(one: datetime.date, other: datetime.date) -> None:
    first, last = min(one, other), max(one, other)
    assert edtf.parse(f"{first}/{last}") == edtf.Interval(f"{first}/{last}", first, last)
