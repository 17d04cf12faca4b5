"""What holds for every list alike, whatever its noun, on both databases."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import BaseModel

from annotations.annotated import AnnotatedDocument
from annotations.load import load
from api.listing.filters import Exact
from api.listing.parameters import item_parameters_of, parameters_of
from api.listing.resource import Resource
from api.resources import PREPARE, RESOURCES
from api.search import SEARCH
from models.folding import fold
from models.measures import vocabulary
from models.session import Database
from tests.conftest import Statements, serve

Json = dict[str, Any]
LISTS: dict[str, Resource] = {**RESOURCES, "search": SEARCH}
# What a list needs to answer at all, and has many hits for.
NEEDED: dict[str, dict[str, str]] = {"search": {"q": "israel*"}}
SORTS = [(name, sign + sort) for name, noun in LISTS.items() for sort in noun.sorts for sign in ("", "-")]
each_list = pytest.mark.parametrize("name", LISTS)
# The seed is one document.
several_pages = pytest.mark.parametrize("name", [name for name in LISTS if name != "documents"])
each_resource = pytest.mark.parametrize("name", RESOURCES)
# Examples that the seed has nothing for: it has no address, its places have no second names and do not speak.
WITHOUT_HITS = {
    ("documents", "url"),
    ("places", "alias"),
    ("places", "quotes__gte"),
    ("places", "claims__gte"),
}


def get(client: TestClient, name: str, /, **parameters: Any) -> Json:
    answer = client.get(f"/v1/{name}", params={**NEEDED.get(name, {}), **parameters})
    assert answer.status_code == 200, answer.text
    content: Json = json.loads(answer.text)
    return content


def refused(client: TestClient, name: str, /, **parameters: Any) -> list[Json]:
    answer = client.get(f"/v1/{name}", params={**NEEDED.get(name, {}), **parameters})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    errors: list[Json] = answer.json()["errors"]
    return errors


def pages(client: TestClient, name: str, **parameters: Any) -> Iterator[Json]:
    page = get(client, name, **parameters)
    yield page
    while page["next"]:
        page = client.get(page["next"]).json()
        yield page


def everything(client: TestClient, name: str, **parameters: Any) -> list[Json]:
    return [item for page in pages(client, name, **parameters) for item in page["results"]]


def key(item: Json) -> tuple[str, str]:
    return item.get("type", ""), item["id"]


@pytest.mark.parametrize(("name", "sort"), SORTS)
def test_paging_reaches_every_item_once_in_the_same_order(client: TestClient, name: str, sort: str) -> None:
    whole = get(client, name, sort=sort, limit=200, count="on")
    ids = [key(item) for item in whole["results"]]
    assert whole["next"] is None and len(ids) == len(set(ids)) == whole["total"]["value"] > 0
    for limit in (1 if len(ids) < 20 else 13, 50):
        assert [key(item) for item in everything(client, name, sort=sort, limit=limit)] == ids


def _days(time: Json | None) -> str:
    return (time["earliest"] or time["latest"]) if time else ""


VALUE_OF: dict[str, Callable[[Json], Any]] = {
    "id": lambda item: item["id"],
    "label": lambda item: item["label"],
    "name": lambda item: fold(item["name"]),
    "recorded": lambda item: item["recorded"]["revision"],
    "published": lambda item: (item.get("document") or item)["published"] or "",
    "position": lambda item: item["document"]["id"],
    "said": lambda item: _days(item["said"]),
    "period": lambda item: _days(item["period"]),
    "mentions": lambda item: item["counts"]["mentions"],
    "quotes": lambda item: item["counts"]["quotes"],
    "claims": lambda item: item["counts"]["claims"],
    "value": lambda item: item["low"] if item["value"] is None else item["value"],
}


@pytest.mark.parametrize(("name", "sort"), [entry for entry in SORTS if entry[0] != "search"])
def test_sorts_hold(client: TestClient, name: str, sort: str) -> None:
    value = VALUE_OF[sort.removeprefix("-")]
    values = [value(item) for item in everything(client, name, sort=sort, limit=200)]
    known = [v for v in values if v is not None]
    assert known == sorted(known, reverse=sort.startswith("-"))
    vague = [v is None for v in values]
    assert vague == sorted(vague, reverse=not sort.startswith("-"))


@pytest.mark.parametrize("name", ["mentions", "quotes", "claims"])
def test_position_follows_the_text(client: TestClient, name: str) -> None:
    role = {"quotes": "content", "claims": "number"}.get(name)

    def start(item: Json) -> int:
        spans = item.get("spans", [item])
        return min(int(s["start"]) for s in [s for s in spans if s.get("role") == role] or spans)

    starts = [start(item) for item in everything(client, name, sort="position", limit=200)]
    assert starts == sorted(starts)


FACETS = [(name, facet) for name, noun in LISTS.items() for facet in noun.facets()]


@pytest.mark.parametrize(("name", "facet"), FACETS)
def test_facet_counts_are_the_totals_of_their_lists(client: TestClient, name: str, facet: str) -> None:
    values = get(client, name, facet=facet, limit=1)["facets"][facet]
    assert [v["count"] for v in values] == sorted((v["count"] for v in values), reverse=True)
    for value in values[:5]:
        query = dict(parse_qsl(urlsplit(value["url"]).query)) | {"count": "on"}
        page = client.get(value["url"], params=query)
        assert page.json()["total"] == {"value": value["count"], "relation": "eq"}, value
    if values:
        chosen = get(client, name, facet=facet, limit=1, **{facet: values[0]["value"] or "none"})
        urls = [v["url"] for v in chosen["facets"][facet]]
        assert chosen["facets"][facet] == values, f"its own filter is left out: {urls}"


@pytest.mark.parametrize("name", [name for name, resource in LISTS.items() if len(resource.facets()) > 1])
def test_facets_count_what_the_other_filters_leave(client: TestClient, name: str) -> None:
    facets = list(LISTS[name].facets())
    first = get(client, name, facet=facets[0], limit=1)["facets"][facets[0]]
    assert first
    filtered = {facets[0]: first[0]["value"] or "none"}
    counted = get(client, name, facet=facets[1], count="on", **filtered)
    for value in counted["facets"][facets[1]][:5]:
        query = filtered | {facets[1]: value["value"] or "none", "count": "on"}
        assert get(client, name, **query)["total"]["value"] == value["count"]


@each_list
def test_exports_have_the_items_of_the_pages_in_their_order(client: TestClient, name: str) -> None:
    items = everything(client, name, limit=50)
    ndjson = client.get(f"/v1/{name}", params={**NEEDED.get(name, {}), "format": "ndjson"})
    assert ndjson.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in ndjson.text.splitlines()] == items
    rows = client.get(f"/v1/{name}", params=NEEDED.get(name, {}), headers={"Accept": "text/csv"})
    assert rows.headers["content-type"] == "text/csv; charset=utf-8"
    assert [row["id"] for row in csv.DictReader(io.StringIO(rows.text))] == [item["id"] for item in items]


@each_list
def test_an_export_with_a_limit_is_one_page_with_a_link(client: TestClient, name: str) -> None:
    needed = NEEDED.get(name, {})
    answer = client.get(f"/v1/{name}", params={**needed, "format": "csv", "limit": 1})
    assert len(list(csv.reader(io.StringIO(answer.text)))) == 2
    if get(client, name, limit=1)["next"] is None:
        assert "link" not in answer.headers
        return
    following = client.get(answer.links["next"]["url"])
    rows = list(csv.DictReader(io.StringIO(answer.text + following.text.split("\r\n", 1)[1])))
    assert [row["id"] for row in rows] == [item["id"] for item in get(client, name, limit=2)["results"]]


@each_list
def test_an_empty_list_is_a_page_and_an_empty_csv_has_its_header(client: TestClient, name: str) -> None:
    page = get(client, name, count="on", as_of=0)
    assert page == {"results": [], "next": None, "total": {"value": 0, "relation": "eq"}, "facets": None}
    query = NEEDED.get(name, {}) | {"format": "csv"}
    lines = client.get(f"/v1/{name}", params=query | {"as_of": "0"}).text
    header = client.get(f"/v1/{name}", params=query).text
    assert lines == header.split("\r\n")[0] + "\r\n"
    assert client.get(f"/v1/{name}", params=query | {"as_of": "0", "format": "ndjson"}).text == ""


@each_list
def test_csv_columns_are_plain_and_none_is_named_twice(client: TestClient, name: str) -> None:
    header = client.get(f"/v1/{name}", params={**NEEDED.get(name, {}), "format": "csv", "limit": 1}).text
    columns = header.split("\r\n")[0].split(",")
    assert len(columns) == len(set(columns))
    assert not [column for column in columns if ".entity." in column or column.startswith("spans")]


@each_list
@pytest.mark.parametrize("parameter", ["limits", "facett", "sortt", "$", "published__in"])
def test_an_unknown_parameter_is_refused_with_the_nearest(
    client: TestClient, name: str, parameter: str
) -> None:
    (error,) = refused(client, name, **{parameter: "1"})
    nearest = {"limits": "limit", "facett": "facet", "sortt": "sort"}.get(parameter)
    assert nearest is None or error["nearest"] == nearest


@each_list
@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("limit", "0"), ("limit", "201"), ("limit", "many"), ("sort", "size"), ("facet", "everything"),
        ("count", "yes"), ("format", "xml"), ("offsets", "bytes"), ("as_of", "9999"), ("as_of", "soon"),
        ("as_of", "9999-01-01"), ("cursor", "abc"), ("cursor", ""),
    ],
)  # fmt: skip
def test_an_unknown_value_is_refused(client: TestClient, name: str, parameter: str, value: str) -> None:
    (error,) = refused(client, name, **{parameter: value})
    assert error["parameter"] == parameter
    if parameter in ("sort", "facet", "format"):
        assert error["allowed"]


@each_resource
def test_more_values_than_a_request_may_have_are_refused(client: TestClient, name: str) -> None:
    known = get(client, name, limit=1)["results"][0]["id"]
    assert [item["id"] for item in get(client, name, id=[known] * 100)["results"]] == [known]
    assert refused(client, name, id=[known] * 101)


@each_list
def test_ranges_with_two_ends_on_one_side_are_refused(client: TestClient, name: str) -> None:
    examples = {p.name: p.example for f in LISTS[name].filters for p in f.parameters()}
    for parameter, example in examples.items():
        if parameter.endswith("__gte"):
            assert refused(client, name, **{parameter: example, parameter.replace("gte", "gt"): example})


@pytest.mark.parametrize(
    ("low", "high", "accepted"),
    [
        ("gte=2024-10-15", "lte=2024-10", True),
        ("gte=2024-10", "lte=2024-10-01", True),
        ("gte=2024", "lt=2024-01-02", True),
        ("gt=2024-10-15", "lte=2024-10", True),
        ("gte=2024-10-15", "lte=2024-10-15", True),
        ("gt=2024-10", "lte=2024-10-31", False),
        ("gt=2024-10-15", "lt=2024-10-15", False),
        ("gte=2024-10-15", "lt=2024-10-15", False),
        ("gte=2024-10-16", "lte=2024-10-15", False),
    ],
)
def test_a_range_of_days_is_refused_if_no_day_is_left(
    client: TestClient, low: str, high: str, accepted: bool
) -> None:
    (lower, since), (upper, until) = (f"said__{end}".split("=") for end in (low, high))
    if accepted:
        get(client, "quotes", **{lower: since, upper: until})
    else:
        assert [
            error["parameter"] for error in refused(client, "quotes", **{lower: since, upper: until})
        ] == [upper]


@pytest.mark.parametrize(("name", "field", "value"), [("claims", "value", "41"), ("entities", "quotes", "3")])
def test_a_range_of_numbers_is_refused_if_none_is_left(
    client: TestClient, name: str, field: str, value: str
) -> None:
    get(client, name, **{f"{field}__gte": value, f"{field}__lte": value})
    for low, high in (("gt", "lt"), ("gt", "lte"), ("gte", "lt")):
        (error,) = refused(client, name, **{f"{field}__{low}": value, f"{field}__{high}": value})
        assert error["parameter"] == f"{field}__{high}"


@several_pages
def test_a_cursor_goes_with_the_query_that_gave_it(client: TestClient, name: str) -> None:
    following = get(client, name, limit=1)["next"]
    assert following is not None
    cursor = dict(parse_qsl(urlsplit(following).query))["cursor"]
    assert get(client, name, cursor=cursor, limit=7)["results"]
    first_filter = next(f for f in LISTS[name].filters if isinstance(f, Exact) and f.name != "id")
    assert refused(client, name, cursor=cursor, **{first_filter.name: first_filter.example})
    other_sort = (
        next(s for s in LISTS[name].sorts if s != LISTS[name].default_sort.removeprefix("-"))
        if len(LISTS[name].sorts) > 1
        else "recorded"
    )
    assert refused(client, name, cursor=cursor, sort=other_sort)
    assert refused(client, "entities" if name != "entities" else "mentions", cursor=cursor)
    for place in (0, len(cursor) // 2, len(cursor) - 1):
        changed = "A" if cursor[place] != "A" else "B"
        assert refused(client, name, cursor=cursor[:place] + changed + cursor[place + 1 :])
    assert refused(client, name, cursor=cursor[:-1])
    assert refused(client, name, cursor=cursor + "A")


@several_pages
def test_the_default_sort_and_the_same_sort_named_are_one_query(client: TestClient, name: str) -> None:
    following = get(client, name, limit=1)["next"]
    assert following is not None
    cursor = dict(parse_qsl(urlsplit(following).query))["cursor"]
    assert get(client, name, cursor=cursor, sort=LISTS[name].default_sort)["results"]


@each_resource
def test_ids_fetch_many(client: TestClient, name: str) -> None:
    ids = [item["id"] for item in get(client, name, limit=3)["results"]]
    found = [item["id"] for item in get(client, name, id=[*ids, "nothing"])["results"]]
    assert sorted(found) == sorted(ids)
    others = {item["id"] for item in everything(client, name, id__not=ids, limit=200)}
    assert others == {item["id"] for item in everything(client, name, limit=200)} - set(ids)


@each_list
def test_total_is_null_until_it_is_asked_for(client: TestClient, name: str) -> None:
    assert get(client, name, limit=1)["total"] is None
    total = get(client, name, limit=1, count="on")["total"]["value"]
    assert total == len(everything(client, name, limit=200))


@each_list
def test_the_newest_revision_is_the_same_bytes_by_its_number(client: TestClient, name: str) -> None:
    newest = str(client.get("/v1/record").json()["revision"])
    shown = {"limit": "2", "count": "on", "facet": next(iter(LISTS[name].facets()))}
    for query in (NEEDED.get(name, {}), NEEDED.get(name, {}) | shown):
        now = client.get(f"/v1/{name}", params=query)
        then = client.get(f"/v1/{name}", params=query | {"as_of": newest})
        assert then.content == now.content
        assert then.headers["etag"] == now.headers["etag"]


@each_list
def test_a_list_that_did_not_change_is_not_built(
    client: TestClient, statements: Statements, name: str
) -> None:
    query = NEEDED.get(name, {}) | {"limit": "5"}
    for accept in ("application/json", "text/csv", "application/x-ndjson"):
        etag = client.get(f"/v1/{name}", params=query, headers={"Accept": accept}).headers["etag"]
        statements.sent.clear()
        headers = {"Accept": accept, "If-None-Match": f'"other", {etag}'}
        again = client.get(f"/v1/{name}", params=query, headers=headers)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert len(statements.sent) == 1


@each_list
def test_etags_tell_queries_formats_and_encodings_apart(client: TestClient, name: str) -> None:
    needed = NEEDED.get(name, {})
    plain = {"Accept-Encoding": "identity"}

    def etag(**parameters: Any) -> str:
        answer = client.get(f"/v1/{name}", params={**needed, **parameters}, headers=plain)
        return str(answer.headers["etag"])

    different: tuple[Json, ...] = (
        {}, {"limit": 2}, {"format": "csv"}, {"count": "on"}, {"offsets": "utf16"}, {"as_of": 0},
    )  # fmt: skip
    etags = [etag(**parameters) for parameters in different]
    assert len(set(etags)) == len(etags)
    packed = client.get(f"/v1/{name}", params=needed)
    assert packed.headers["vary"] == "Accept, Authorization, Accept-Encoding"
    if packed.headers.get("content-encoding") == "gzip":
        assert packed.headers["etag"] == f'{etags[0][:-1]}-gzip"'


@each_list
def test_head_is_get_without_its_body(client: TestClient, name: str) -> None:
    got = client.get(f"/v1/{name}", params=NEEDED.get(name, {}))
    head = client.head(f"/v1/{name}", params=NEEDED.get(name, {}))
    assert (head.status_code, head.content) == (200, b"")
    assert [head.headers[h] for h in ("etag", "content-type")] == [
        got.headers[h] for h in ("etag", "content-type")
    ]


@each_resource
def test_every_item_is_reached_by_its_id(client: TestClient, name: str) -> None:
    for listed in everything(client, name, limit=200)[:25]:
        answer = client.get(f"/v1/{name}/{listed['id']}")
        assert json.loads(answer.text) == listed
        again = client.get(f"/v1/{name}/{listed['id']}", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@each_resource
def test_an_unknown_id_is_a_problem(client: TestClient, name: str) -> None:
    answer = client.get(f"/v1/{name}/no-such-thing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "no-such-thing" not in answer.text
    known = get(client, name, limit=1)["results"][0]["id"]
    assert f"did you mean {known}" in client.get(f"/v1/{name}/{known}x").json()["detail"]


@each_list
@pytest.mark.parametrize("limit", [1, 7, 200])
def test_a_page_takes_at_most_three_statements(
    client: TestClient, statements: Statements, name: str, limit: int
) -> None:
    get(client, name, limit=limit, count="on")
    assert len(statements.sent) <= 3
    statements.sent.clear()
    get(client, name, limit=limit, count="on")
    assert len(statements.sent) == _fixed(name)


@each_list
def test_each_facet_and_each_include_takes_at_most_one_statement(
    client: TestClient, statements: Statements, name: str
) -> None:
    get(client, name)
    page = _fixed(name)
    facets = list(LISTS[name].facets())
    statements.sent.clear()
    get(client, name, facet=facets)
    assert len(statements.sent) == page + len(facets)
    if include := [i for i, part in LISTS[name].includes.items() if part.part]:
        statements.sent.clear()
        get(client, name, include=include, offsets="utf16")
        assert len(statements.sent) <= page + len(include)


@each_resource
def test_an_item_takes_a_fixed_number_of_statements(
    client: TestClient, statements: Statements, name: str
) -> None:
    taken = set()
    for item in get(client, name, limit=10)["results"]:
        statements.sent.clear()
        client.get(f"/v1/{name}/{item['id']}")
        taken.add(len(statements.sent))
    assert taken == {_fixed(name)}


def _fixed(name: str) -> int:
    """The statements of a page or an item: the revision, the rows, and parts that are not prepared."""
    return 3 if LISTS[name].parts and not LISTS[name].prepared else 2


def _keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _keys(inner) for name, inner in value.items()}
    return [_keys(inner) for inner in value] if isinstance(value, list) else None


def _conforms(view: type[BaseModel], item: Json) -> None:
    read = view.model_validate(item, strict=False)
    assert _keys(item) == _keys(read.model_dump(mode="json", exclude_unset=True))
    required = {name for name, field in view.model_fields.items() if field.is_required()}
    assert required <= item.keys()


@each_list
def test_items_are_what_the_document_of_the_service_says(client: TestClient, name: str) -> None:
    for item in everything(client, name, limit=200):
        _conforms(LISTS[name].view, item)


@each_resource
def test_included_parts_are_what_the_document_of_the_service_says(client: TestClient, name: str) -> None:
    resource = LISTS[name]
    for item in get(client, name, limit=3)["results"] if resource.includes else ():
        answer = client.get(f"/v1/{name}/{item['id']}", params={"include": list(resource.includes)})
        included = json.loads(answer.text)
        _conforms(resource.view, included)
        assert all(included[part] for part in resource.includes)
        assert included == item | {part: included[part] for part in resource.includes}


NAMING = [
    (name, parameter.name, filter.names, parameter.example)
    for name, resource in LISTS.items()
    for filter in resource.filters
    if isinstance(filter, Exact) and filter.names
    for parameter in filter.parameters()
    if parameter.name == filter.name or parameter.name.endswith("__within")
]


@pytest.mark.parametrize(("name", "parameter", "names", "example"), NAMING)
def test_a_value_that_names_nothing_is_refused_with_the_nearest(
    client: TestClient, name: str, parameter: str, names: str, example: str
) -> None:
    misspelt = f"{example or 'lebanon'}zq"
    for format in ("json", "csv", "ndjson"):
        (error,) = refused(client, name, **{parameter: misspelt, "format": format})
        assert error["parameter"] == parameter
        assert error["message"].startswith(f"no {LISTS[names].noun} with this id")
        assert error["nearest"] == (example or "lebanon")
        assert misspelt not in str(error)


def test_naming_covers_what_has_ids_or_a_vocabulary() -> None:
    assert {parameter for _, parameter, _, _ in NAMING} >= {
        "measure", "speaker", "relay", "source", "addressee", "about", "place", "responsible", "entity",
        "part_of", "acts_for", "document", "indicator", "id", "quote", "subset_of", "refines",
    }  # fmt: skip


def test_a_term_that_is_none_is_refused_beside_one_that_is(client: TestClient) -> None:
    for query in ({}, {"as_of": 0}, {"q": "nobody"}):
        for measure in ("kiled", ["kiled", "killed"]):
            (error,) = refused(client, "claims", measure=measure, **query)
            assert (error["parameter"], error["nearest"]) == ("measure", "killed")
    assert get(client, "claims", measure="killed", as_of=0)["results"] == []


def test_without_one_is_no_name(client: TestClient) -> None:
    assert get(client, "quotes", speaker="none", said="1999")["results"] == []
    assert [e["parameter"] for e in refused(client, "quotes", speaker="nobody", said="1999")] == ["speaker"]
    assert [e["parameter"] for e in refused(client, "claims", about="none")] == ["about"]


def test_names_are_looked_up_in_one_statement_of_an_empty_page_alone(
    client: TestClient, statements: Statements
) -> None:
    named: Json = {"speaker": "benjamin-netanyahu", "document": "beirut-strikes-2024-10-15", "limit": 1}
    get(client, "quotes", **named)
    statements.sent.clear()
    get(client, "quotes", **named)
    full = len(statements.sent)
    statements.sent.clear()
    assert get(client, "quotes", said="1999", **named)["results"] == []
    # The names of two nouns are.
    assert len(statements.sent) == full + 1


PARAMETERS = [
    (name, parameter.name, parameter.example)
    for name, resource in LISTS.items()
    for filter in resource.filters
    for parameter in filter.parameters()
]


@pytest.mark.parametrize(("name", "parameter", "example"), PARAMETERS)
def test_the_example_of_a_filter_finds_something(
    client: TestClient, name: str, parameter: str, example: Any
) -> None:
    found = get(client, name, limit=1, **{parameter: example})["results"]
    must = parameter.rpartition("__")[2] not in ("not", "gt", "lt", "lte")
    assert found or not must or (name, parameter) in WITHOUT_HITS


@pytest.mark.parametrize(("name", "parameter", "example"), [p for p in PARAMETERS if p[1].endswith("__not")])
def test_not_leaves_what_equality_finds(client: TestClient, name: str, parameter: str, example: Any) -> None:
    equal = parameter.removesuffix("__not")
    counts = [
        get(client, name, count="on", limit=1, **query)["total"]["value"]
        for query in ({equal: example}, {parameter: example}, {})
    ]
    found, left, every = counts
    # What has no number is not another number.
    assert found + left == every or (name, equal) == ("claims", "value")


@pytest.mark.parametrize("name", [name for name, resource in LISTS.items() if resource.words])
@pytest.mark.parametrize("q", ["!!!", "", "  ", '""', "x " * 300])
def test_a_query_without_words_is_refused(client: TestClient, name: str, q: str) -> None:
    assert [error["parameter"] for error in refused(client, name, q=q)] == ["q"]


@each_resource
def test_rank_needs_words_and_is_one_page(client: TestClient, name: str) -> None:
    assert refused(client, name, sort="rank")
    hits = get(client, name, q="israel*", count="on", limit=1)
    best = get(client, name, q="israel*", sort="rank", count="on", limit=1)
    assert best["next"] is None and best["total"] == hits["total"]
    params = {"q": "israel*", "sort": "rank", "format": "ndjson"}
    lines = client.get(f"/v1/{name}", params=params).text.splitlines()
    assert len(lines) == hits["total"]["value"]


@each_resource
def test_rank_leaves_out_what_other_filters_do_before_it_cuts(
    client: TestClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few are ranked, the oldest hit is found among those that its own filter leaves."""
    monkeypatch.setattr("api.listing.query.RANKED", 1)
    hits = everything(client, name, q="israel*", sort="recorded", limit=200)
    for hit in (*hits[:1], *hits[-1:]):
        best = get(client, name, q="israel*", sort="rank", count="on", id=hit["id"])
        assert [found["id"] for found in best["results"]] == [hit["id"]]
        assert best["total"]["value"] == 1
    newest = get(client, name, q="israel*", sort="rank", count="on")
    assert (len(newest["results"]), newest["total"]["value"]) == (min(1, len(hits)), len(hits))


@each_resource
def test_the_models_of_parameters_are_made_once(name: str) -> None:
    assert parameters_of(LISTS[name]) is parameters_of(LISTS[name])
    assert item_parameters_of(LISTS[name]) is item_parameters_of(LISTS[name])


def test_what_contradicts_itself_is_refused(client: TestClient) -> None:
    for query in (
        {"value": "41", "value__not": ["41", "5"]},
        {"measure": "killed", "measure__not": "killed"},
    ):
        (error,) = refused(client, "claims", **query)
        assert error["parameter"] == list(query)[1]
    (error,) = refused(client, "claims", format="csv", include="sentences")
    assert error["parameter"] == "include"
    assert get(client, "claims", value="41", value__not="5")["results"]
    answer = client.get("/v1/documents", params={"format": "csv", "include": "text"})
    assert "Beirut" in answer.text


@pytest.mark.parametrize(
    ("name", "axis"),
    [("quotes", "said"), ("claims", "period"), ("claims", "published"), ("documents", "published")],
)
def test_what_has_no_date_can_be_asked_for(client: TestClient, name: str, axis: str) -> None:
    def date(item: Json) -> Any:
        return (item if axis in item else item["document"])[axis]

    every = everything(client, name, limit=200)
    undated = [item["id"] for item in everything(client, name, limit=200, **{axis: "none"})]
    assert undated == [item["id"] for item in every if not date(item)]
    either = everything(client, name, limit=200, **{axis: ["none", "2024"]})
    assert {item["id"] for item in either} >= set(undated)


def test_accept_chooses_the_format(client: TestClient) -> None:
    def media(accept: str) -> tuple[int, str]:
        answer: Response = client.get("/v1/quotes", params={"limit": 1}, headers={"Accept": accept})
        return answer.status_code, answer.headers["content-type"].split(";")[0]

    assert media("text/html, */*;q=0.8") == (200, "application/json")
    assert media("text/csv;q=0.5, application/x-ndjson") == (200, "application/x-ndjson")
    assert media("application/json;q=0, text/csv;q=0.1") == (200, "text/csv")
    assert media("text/html") == (406, "application/problem+json")


def test_many_owners_are_looked_up_as_few_are(
    client: TestClient, empty_database: Database, seed: AnnotatedDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is nested in items, and what they are found by, however many keys there are in one statement."""
    monkeypatch.setattr("api.listing.sql.MANY", 1)
    empty_database.prepare = PREPARE
    load(empty_database, [seed], vocabulary())
    with serve(empty_database) as loaded:
        for path in ("quotes?limit=200", "claims?limit=200", "documents", "quotes?source=united-states"):
            both = [one.get(f"/v1/{path}").json()["results"] for one in (client, loaded)]
            found, expected = ([item | {"recorded": None} for item in items] for items in both)
            assert found == expected
            assert found
