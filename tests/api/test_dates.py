"""Every question about days, answered as by a look at each row: whatever index or prepared row finds it."""

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.writing.bodies import EXAMPLE_ANNOTATION, EXAMPLE_TEXT
from models import edtf
from tests.api.asking import ask
from tests.api.writers import writer
from tests.conftest import NewDatabase

# Days, months, years, days that are not known, and intervals with an open end on either side.
DATES = (
    "2024-10-14", "2024-10-15", "2024-10-16", "2024-10", "2024-10-XX", "2024", "2023-12-31", "2024~",
    "2024-10-15/2024-11-02", "2024-10-15/..", "../2024-10-15", "2024-09-30/2024-10-01", "/2024",
    "2024-11-01/",
)  # fmt: skip
PERIODS = (*DATES, None)
OUTLETS = ("Morning Post", "Evening Post", None)
ASKED = ("2024-10-14", "2024-10-15", "2024-10", "2024", "2024-10-16", "2023-12-31")
SPANS = ("2024-10-15..2024-10-16", "2024-10-01..2024-11-01", "2023-12-31..2024-10-15", "2024..2025")
Json = dict[str, Any]
Interval = tuple[str | None, str | None]


@pytest.fixture(scope="module")
def reader(new_database: NewDatabase) -> Iterator[TestClient]:
    """A document of each date: published, said and counted over the three dates that follow each other."""
    with writer(new_database()) as client:
        for number, published in enumerate(DATES):
            said, period = DATES[(number + 5) % len(DATES)], PERIODS[(number + 9) % len(PERIODS)]
            annotation: Json = copy.deepcopy(dict(EXAMPLE_ANNOTATION))
            annotation["document"]["published"] = published
            if outlet := OUTLETS[number % 3]:
                annotation["document"]["outlet"] = outlet
            quote, claim = annotation["quotes"][0], annotation["claims"][0]
            quote |= {"mark": quote["mark"].replace("{said=2024-10-15|Tuesday}", "Tuesday"), "said": said}
            if period:
                claim["period"] = period
            answer = client.put(
                f"/v1/documents/d{number}", json={"text": EXAMPLE_TEXT, "annotation": annotation}
            )
            assert answer.status_code == 201, answer.text
        yield client


def day_or_month(value: str) -> tuple[str, str]:
    """First and last day of a day, a month of 31 days or a year."""
    if len(value) == 4:
        return f"{value}-01-01", f"{value}-12-31"
    return (value, value) if len(value) == 10 else (f"{value}-01", f"{value}-31")


def fits(days: Interval, operator: str, value: str) -> bool:
    """Whether a row with this first and last day is asked for; an end that is not known does not fit."""
    earliest, latest = days
    if operator in ("__overlaps", "__within"):
        start, end = (day_or_month(part)[0] for part in value.split(".."))
        if earliest is None or latest is None:
            return False
        if operator == "__overlaps":
            return earliest < end and latest >= start
        return earliest >= start and latest < end
    first, last = day_or_month(value)
    match operator:
        case "__gte":
            return earliest is not None and earliest >= first
        case "__gt":
            return earliest is not None and earliest > last
        case "__lte":
            return latest is not None and latest <= last
        case "__lt":
            return latest is not None and latest < first
    return earliest is not None and latest is not None and earliest >= first and latest <= last


QUESTIONS = [
    *itertools.product(("", "__gte", "__gt", "__lte", "__lt"), ASKED),
    *itertools.product(("__overlaps", "__within"), SPANS),
]
AXES = [
    ("documents", "published"), ("quotes", "published"), ("quotes", "said"), ("claims", "published"),
    ("claims", "period"), ("mentions", "published"),
]  # fmt: skip


def days_of(item: Json, axis: str) -> Interval:
    """First and last day of a row, of which each may be unknown."""
    if axis != "published":
        found = item[axis]
        return (found["earliest"], found["latest"]) if found else (None, None)
    days = edtf.parse(item.get("document", item)["published"])
    return (
        days.earliest.isoformat() if days.earliest else None,
        days.latest.isoformat() if days.latest else None,
    )


def whole(client: TestClient, name: str, **given: Any) -> list[Json]:
    page = ask(client, name, limit=200, **given)
    assert page["next"] is None
    return list(page["results"])


@pytest.mark.parametrize(("name", "axis"), AXES)
def test_a_question_about_days_finds_what_a_look_at_each_row_finds(
    reader: TestClient, name: str, axis: str
) -> None:
    items = whole(reader, name)
    days = {item["id"]: days_of(item, axis) for item in items}
    found_some = set()
    for operator, value in QUESTIONS:
        expected = {id_ for id_, interval in days.items() if fits(interval, operator, value)}
        found_some |= expected
        for sort in (axis, f"-{axis}", "recorded") if name != "mentions" else ("recorded", "-recorded"):
            found = [item["id"] for item in whole(reader, name, sort=sort, **{axis + operator: value})]
            assert len(found) == len(set(found))
            assert set(found) == expected, (operator, value, sort)
    assert len(found_some) > len(items) / 2


@pytest.mark.parametrize("name", ["quotes", "claims", "mentions", "documents"])
def test_totals_and_facets_count_what_the_list_finds(reader: TestClient, name: str) -> None:
    """Whether they begin with the documents or with the rows."""
    filters: list[Json] = [
        {"published__gte": "2024-10-15"}, {"published__overlaps": SPANS[1]}, {"outlet": OUTLETS[0]},
        {"published__lt": "2024-11", "outlet": [OUTLETS[0], "none"]}, {"outlet__not": OUTLETS[1]},
        {"published": "2024-10", "outlet__not": OUTLETS[0]},
    ]  # fmt: skip
    if name != "documents":
        filters += [{"document": ["d1", "d4", "d9"]}, {"document__not": "d3", "published__gt": "2024-10"}]
    for given in filters:
        page = ask(reader, name, limit=1, count="on", facet="outlet", **given)
        assert page["total"]["value"] == len(whole(reader, name, **given)), given
        # A facet leaves its own filter out.
        others = {key: value for key, value in given.items() if not key.startswith("outlet")}
        outlets = [item.get("document", item)["outlet"] for item in whole(reader, name, **others)]
        counted = {one["value"]: one["count"] for one in page["facets"]["outlet"]}
        assert counted == {
            outlet: len(list(same)) for outlet, same in itertools.groupby(sorted(outlets, key=str))
        }
