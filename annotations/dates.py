"""Dates of marks: EDTF, the weekday that the words name, and on what basis the date stands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from annotations import mentions
from annotations.annotated import Timex
from models import edtf
from models.vocabulary import Anchor, TimexBasis, TimexRole, words

# From Monday; the index is that of datetime.date.weekday().
WEEKDAYS = {
    "en": "monday tuesday wednesday thursday friday saturday sunday",
    "de": "montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "ar": "الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد",
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NUMBER = re.compile(r"\d+", re.ASCII)


@dataclass(frozen=True)
class Written:
    """A date as the annotation has it: value, what it says of anchor and basis, and the article's words."""

    value: str
    anchor: str | None = None
    basis: str | None = None
    as_written: str | None = None


def timex(role: TimexRole, written: Written, language: str) -> Timex:
    """The time expression. Raises ValueError: not EDTF, not the weekday of the words, no such basis."""
    interval = edtf.parse(written.value)
    if written.as_written is not None:
        _check_weekday(interval, written.as_written, language)
    basis = _basis(written)
    anchor = default_anchor(basis)
    if written.anchor is not None:
        anchor = cast("Anchor", _one_of(written.anchor, "anchor", words(Anchor)))
    return Timex(role, interval, anchor, basis, written.as_written)


def default_anchor(basis: TimexBasis) -> Anchor:
    """The anchor that need not be written."""
    return "publication" if basis == "resolved" else "none"


def default_basis(value: str, as_written: str | None) -> TimexBasis:
    """`stated` when the words give the date whole, else `resolved`; `inferred` when there are no words."""
    if as_written is None:
        return "inferred"
    return "stated" if _whole(value, as_written) else "resolved"


def _basis(written: Written) -> TimexBasis:
    default = default_basis(written.value, written.as_written)
    if written.basis is None:
        return default
    basis = _one_of(written.basis, "basis", words(TimexBasis))
    if written.as_written is None and basis != "inferred":
        raise ValueError(f"no words of the mark give this date, so its basis is 'inferred', not '{basis}'")
    return cast("TimexBasis", basis)


def _one_of(word: str, key: str, known: Sequence[str]) -> str:
    if word not in known:
        raise ValueError(f"'{key}' is one of {', '.join(known)}, not '{word}'")
    return word


def _check_weekday(interval: edtf.Interval, as_written: str, language: str) -> None:
    """Words that name one weekday fix the day; a period's first or last day must be that weekday."""
    names = WEEKDAYS.get(mentions.primary(language), "").split()
    named = {names.index(word) for word in re.findall(r"\w+", as_written.lower()) if word in names}
    days = [edtf.parse(part).earliest for part in interval.value.split("/") if _DAY.match(part)]
    if len(named) != 1 or not days:
        return
    weekday = named.pop()
    if all(day and day.weekday() != weekday for day in days):
        are = " and ".join(f"{day} is a {names[day.weekday()].capitalize()}" for day in days if day)
        raise ValueError(f"the words say {names[weekday].capitalize()}, but {are}")


def _whole(value: str, as_written: str) -> bool:
    """Whether the words hold the year and, as far as the value goes, a month (number or name) and the day."""
    numbers = {int(number) for number in _NUMBER.findall(as_written[:200])}
    names = any(len(word) > 2 for word in re.findall(r"[^\W\d_]+", as_written))
    for part in value.split("/"):
        year, month, day = (*(int(n) for n in _NUMBER.findall(part)), None, None, None)[:3]
        if year is None:
            continue
        if (
            year not in numbers
            or (month and month not in numbers and not names)
            or (day and day not in numbers)
        ):
            return False
    return True
