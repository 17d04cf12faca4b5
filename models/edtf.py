"""Dates as EDTF (ISO 8601-2, levels 0 and part of 1), with the first and the last day that they may mean."""

import calendar
import datetime
import re
from dataclasses import dataclass

DATE = re.compile(r"(\d{4})(?:-(\d\d|XX)(?:-(\d\d|XX))?)?([~?%]?)", re.ASCII)
EXAMPLES = "2024-10-15, 2024-10, 2024, 2024-10-XX, 2023-10-15/2024-10-15, 2024-10-08/.., 2024-10~"


@dataclass(frozen=True)
class Interval:
    """An EDTF value with its earliest and latest day, both included; None where it is open or unknown."""

    value: str
    earliest: datetime.date | None
    latest: datetime.date | None


def parse(value: str) -> Interval:
    """The interval that an EDTF value means; ValueError says what is wrong with any other string."""
    start, slash, end = value.partition("/")
    if not slash:
        return Interval(value, *_days(value))
    if start in ("", "..") and end in ("", ".."):
        raise ValueError(f"an interval needs at least one date, such as {EXAMPLES}")
    earliest = None if start in ("", "..") else _days(start)[0]
    latest = None if end in ("", "..") else _days(end)[1]
    if earliest and latest and earliest > latest:
        raise ValueError(f"the interval is reversed: it starts on {earliest} and ends on {latest}")
    return Interval(value, earliest, latest)


def _days(date: str) -> tuple[datetime.date, datetime.date]:
    match = DATE.fullmatch(date)
    if not match:
        raise ValueError(f"not an EDTF date; examples: {EXAMPLES}")
    year, month, day = int(match[1]), match[2] or "XX", match[3] or "XX"
    if month == "XX" and day != "XX":
        raise ValueError("a day needs its month, such as 2024-10-15")
    try:
        first = datetime.date(year, 1 if month == "XX" else int(month), 1 if day == "XX" else int(day))
    except ValueError as error:
        raise ValueError(f"no such day: {error}") from None
    if day != "XX":
        return first, first
    last_month = 12 if month == "XX" else first.month
    return first, datetime.date(year, last_month, calendar.monthrange(year, last_month)[1])
