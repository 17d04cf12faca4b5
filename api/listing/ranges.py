"""Filters of what has an order and ends: dates, points in time, exact numbers and their bounds."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import ColumnElement, and_, not_, or_

from api.listing.filters import COMPARE, NONE, STRICT, Filter, Parameter, compare
from api.listing.reading import MOMENT, Reading, moment
from api.listing.template import Given
from models import edtf, number


def _day(value: str) -> str:
    edtf.parse(value)
    if "/" in value:
        raise ValueError("one date, not an interval, such as 2024-10-15")
    return value


def _span(value: str) -> str:
    start, dots, end = value.partition("..")
    if not dots or not start or not end:
        raise ValueError("two dates, the second one excluded, such as 2024-10-01..2024-11-01")
    if _first(_day(start)) >= _first(_day(end)):
        raise ValueError("reversed or empty: the first date must be before the second one")
    return value


def _day_or_none(value: str) -> str:
    return value if value == NONE else _day(value)


def _form(pattern: str) -> Any:
    """What a value looks like, for readers of the OpenAPI document; the check says better what is wrong."""
    return Field(json_schema_extra={"pattern": f"^{pattern}$"})


_DAY = "[0-9]{4}(-([0-9]{2}|XX)(-([0-9]{2}|XX))?)?[~?%]?"
Day = Annotated[str, StringConstraints(max_length=30), _form(_DAY), AfterValidator(_day)]
DayOrNone = Annotated[
    str, StringConstraints(max_length=30), _form(f"({NONE}|{_DAY})"), AfterValidator(_day_or_none)
]
Days = Annotated[str, StringConstraints(max_length=60), _form(rf"{_DAY}\.\.{_DAY}"), AfterValidator(_span)]


def _first(value: str) -> str:
    earliest = edtf.parse(value).earliest
    assert earliest is not None
    return earliest.isoformat()


def _last(value: str) -> str:
    latest = edtf.parse(value).latest
    assert latest is not None
    return latest.isoformat()


def _start(span: str) -> str:
    return _first(span.split("..", maxsplit=1)[0])


def _end(span: str) -> str:
    return _first(span.split("..")[1])


@dataclass(frozen=True, kw_only=True)
class Dates(Filter):
    """A date axis: first and last day of a time that may be uncertain. Ends that are not known do not match.

    `test` turns a condition on (earliest, latest) into a clause on the row; `dated` is that there is a time;
    `order` is a column of the row itself with the first day, or what is known instead.
    """

    dated: ColumnElement[bool]
    test: Callable[[Callable[[Any, Any], ColumnElement[bool]]], ColumnElement[bool]]
    order: Any = None

    def parameters(self) -> Iterator[Parameter]:
        yield Parameter(
            self.name, DayOrNone,
            f"{self.about} Day, month or year that holds all of it. `{NONE}`: without one.",
            self.example, True,
        )  # fmt: skip
        for operator, word in COMPARE.items():
            yield Parameter(
                f"{self.name}__{operator}", Day, f"{self.about} All of it {word} this date.", self.example
            )
        spans = f"{self.example}..2024-11-01"
        yield Parameter(
            f"{self.name}__overlaps", Days, f"{self.about} Some of it in `A..B`, B excluded.", spans
        )
        yield Parameter(f"{self.name}__within", Days, f"{self.about} All of it in `A..B`, B excluded.", spans)

    def clause(self, reading: Reading, operator: str, value: Any) -> ColumnElement[bool]:
        if operator == "":
            days = [(v.bind(_first), v.bind(_last)) for v in value if v.value != NONE]
            tests = [lambda first, last, d=day: and_(first >= d[0], last <= d[1]) for day in days]
            undated = [not_(self.dated)] if len(days) < len(value) else []
            return or_(*(self._tested(test) for test in tests), *undated)
        if operator in ("overlaps", "within"):
            start, end = value.bind(_start), value.bind(_end)
            if operator == "overlaps":
                found = self.test(lambda earliest, latest: and_(earliest < end, latest >= start))
                return found if self.order is None else and_(self.order > "", self.order < end, found)
            return self._tested(lambda earliest, latest: and_(earliest >= start, latest < end))
        day = value.bind(_first if operator in ("gte", "lt") else _last)
        conditions: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
            "gte": lambda earliest, _: earliest >= day,
            "gt": lambda earliest, _: earliest > day,
            "lte": lambda _, latest: latest <= day,
            "lt": lambda _, latest: latest < day,
        }
        found = self._tested(conditions[operator])
        # What has no day comes before all days.
        return found if self.order is None or operator in ("gte", "gt") else and_(self.order > "", found)

    def _tested(self, condition: Callable[[Any, Any], ColumnElement[bool]]) -> ColumnElement[bool]:
        """The test of a condition that looks at the first day from below, at the last one from above.

        Both bound the first day: said of the row itself, an index in its order can use that.
        """
        found = self.test(condition)
        return found if self.order is None else and_(condition(self.order, self.order), found)

    def bounds(self, operator: str, value: Any) -> Any:
        """The first day that a lower end leaves, the last one that an upper end does."""
        day = _first(value) if operator in ("gte", "lt") else _last(value)
        return datetime.date.fromisoformat(day).toordinal() + STRICT[operator]


def _moment(value: str) -> str:
    try:
        return moment(value)
    except ValueError:
        raise ValueError("not an ISO 8601 time such as 2024-10-16T08:00:00Z or 2024-10-16") from None


Moment = Annotated[str, StringConstraints(max_length=40), _form(MOMENT.strip("^$")), AfterValidator(_moment)]


@dataclass(frozen=True, kw_only=True)
class Moments(Filter):
    """A point in time, in UTC; half-open ranges are made of `gte` and `lt`."""

    time: Any

    def parameters(self) -> Iterator[Parameter]:
        for operator, word in COMPARE.items():
            yield Parameter(
                f"{self.name}__{operator}", Moment, f"{self.about} {word.title()} this time.", self.example
            )

    def clause(self, reading: Reading, operator: str, value: Given) -> ColumnElement[bool]:
        return compare(self.time, operator, value.bind())

    def bounds(self, operator: str, value: Any) -> Any:
        return value, STRICT[operator]


def _number(value: str) -> str:
    number.parse(value)
    return value


def _range(value: str) -> str:
    start, dots, end = value.partition("..")
    if not dots or not start or not end:
        raise ValueError("two numbers, such as 10..20")
    if number.parse(start) > number.parse(end):
        raise ValueError("reversed: the first number is above the second one")
    return value


def _order_key(value: str) -> str:
    return number.order_key(number.parse(value))


def _low(range: str) -> str:
    return _order_key(range.split("..", maxsplit=1)[0])


def _high(range: str) -> str:
    return _order_key(range.split("..")[1])


_NUMBER = r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})"
Number = Annotated[str, StringConstraints(max_length=90), _form(_NUMBER), AfterValidator(_number)]
Range = Annotated[
    str, StringConstraints(max_length=190), _form(rf"{_NUMBER}\.\.{_NUMBER}"), AfterValidator(_range)
]


@dataclass(frozen=True, kw_only=True)
class Numbers(Filter):
    """An exact decimal, compared through its order-preserving key."""

    key: Any

    def parameters(self) -> Iterator[Parameter]:
        yield Parameter(self.name, Number, f"{self.about} Exactly this number.", self.example, True)
        yield Parameter(f"{self.name}__not", Number, f"{self.about} Any other number.", self.example, True)
        for operator, word in COMPARE.items():
            yield Parameter(
                f"{self.name}__{operator}", Number, f"{self.about} {word.title()} this one.", self.example
            )

    def clause(self, reading: Reading, operator: str, value: Any) -> ColumnElement[bool]:
        if operator in ("", "not"):
            found: ColumnElement[bool] = self.key.in_([v.bind(_order_key) for v in value])
            return not_(found) if operator else found
        return compare(self.key, operator, value.bind(_order_key))

    def bounds(self, operator: str, value: Any) -> Any:
        return number.parse(value), STRICT[operator]


@dataclass(frozen=True, kw_only=True)
class Bounds(Filter):
    """Whether stated bounds overlap a range, both ends included; an end that is unknown does not match."""

    low_key: Any
    high_key: Any
    low_end: Any
    high_end: Any

    def parameters(self) -> Iterator[Parameter]:
        yield Parameter(f"{self.name}__overlaps", Range, self.about, self.example)

    def clause(self, reading: Reading, operator: str, value: Given) -> ColumnElement[bool]:
        low, high = value.bind(_low), value.bind(_high)
        below = or_(
            self.low_end == "unbounded",
            self.low_key < high,
            (self.low_key == high) & (self.low_end == "closed"),
        )
        above = or_(
            self.high_end == "unbounded",
            self.high_key > low,
            (self.high_key == low) & (self.high_end == "closed"),
        )
        return and_(self.low_end != "unknown", self.high_end != "unknown", below, above)
