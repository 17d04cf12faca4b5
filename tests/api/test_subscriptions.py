"""Subscriptions: made, changed and removed by those who hold them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from models.session import Database
from tests.api.receivers import Json, Receiver, calling, subscribe
from tests.api.writers import key
from tests.conftest import serve

URL = "https://93.184.215.14/hook"
# Nobody listens there, and nobody is called.
NOBODY = Receiver(port=8080)


@pytest.fixture
def client(seeded_database: Database) -> Iterator[TestClient]:
    with calling(seeded_database, "subscriptions", worker=False) as client:
        yield client


def refused(client: TestClient, **given: Any) -> list[Json]:
    answer = client.post("/v1/subscriptions", json={"url": NOBODY.url, **given})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    errors: list[Json] = answer.json()["errors"]
    return errors


def test_the_secret_is_shown_once(client: TestClient) -> None:
    answer = client.post(
        "/v1/subscriptions",
        json={"url": NOBODY.url, "events": ["claim"], "description": "The toll, for the graphics desk"},
    )
    assert answer.status_code == 201 and answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert made.pop("secret").startswith("whsec_") and len(made["id"]) == 20
    found = client.get(answer.headers["location"])
    assert found.json() == made and found.headers["etag"] == answer.headers["etag"]
    assert client.get("/v1/subscriptions").json()["results"] == [made]
    assert (made["revision"], made["position"], made["status"]) == (2, 0, "active")
    again = client.get(answer.headers["location"], headers={"If-None-Match": found.headers["etag"]})
    assert again.status_code == 304


def test_a_subscription_belongs_to_its_key(client: TestClient, seeded_database: Database) -> None:
    made = subscribe(client, NOBODY)
    path = f"/v1/subscriptions/{made['id']}"
    other, admin = (key(seeded_database, scope) for scope in ("subscriptions", "admin"))
    assert client.get("/v1/subscriptions", headers=other).json()["results"] == []
    for method, at, body in (
        ("GET", path, None), ("PATCH", path, {}), ("DELETE", path, None), ("POST", f"{path}:ping", None),
        ("POST", f"{path}:rotate", None), ("POST", f"{path}:replay", {"from": 1}),
        ("POST", f"{path}:resume", None), ("GET", f"{path}/deliveries", None),
    ):  # fmt: skip
        given = {"If-Match": "*", **other}
        assert client.request(method, at, headers=given, json=body).status_code == 404, at
    assert client.get("/v1/subscriptions", headers=admin).json()["results"][0]["id"] == made["id"]
    assert client.get(path, headers=admin).status_code == 200
    reader = key(seeded_database, "write", "entities")
    assert client.get(path, headers=reader).status_code == 403
    with serve(seeded_database) as anybody:
        assert anybody.get(path).status_code == 401


def test_a_saved_query_is_given_as_filters_or_as_a_url(client: TestClient) -> None:
    filters = {"measure": "killed", "place__within": "lebanon", "value__gte": 20, "modality": ["asserted"]}
    one = subscribe(client, NOBODY, resource="claims", filters=filters)
    two = subscribe(
        client,
        NOBODY,
        query="/v1/claims?measure=killed&place__within=lebanon&value__gte=20&modality=asserted",
    )
    assert one["filters"] == two["filters"] == {
        "measure": "killed", "place__within": "lebanon", "value__gte": "20", "modality": "asserted",
    }  # fmt: skip
    assert one["query"] == two["query"] and client.get(one["query"]).status_code == 200
    several = {"resource": "quotes", "filters": {"form": ["direct", "mixed"], "q": "“cease fire” & more"}}
    made = subscribe(client, NOBODY, **several)
    assert made["filters"] == several["filters"]
    assert client.get(made["query"]).status_code == 200


@pytest.mark.parametrize(
    ("given", "pointer", "words", "meant"),
    [
        ({"events": ["claim.create"]}, "/events/0", "did you mean claim.created?", None),
        ({"events": ["quote.merged"]}, "/events/0", "no type of events", None),
        ({"resource": "quote"}, "/resource", "no list", "quotes"),
        ({"resource": "measures"}, "/resource", "no list", None),
        ({"filters": {"measure": "killed"}}, "/resource", "missing", None),
        ({"resource": "claims", "filters": {"mesure": "killed"}}, "/filters/mesure", "unknown", "measure"),
        ({"resource": "claims", "filters": {"measure": "kild"}}, "/filters/measure", "no measure", "killed"),
        (
            {"resource": "quotes", "filters": {"speaker": "naim-qasem"}},
            "/filters/speaker", "no entity", "naim-qassem",
        ),
        ({"resource": "quotes", "filters": {"form": "loud"}}, "/filters/form", "allowed values", None),
        ({"resource": "claims", "filters": {"value__gte": "many"}}, "/filters/value__gte", "", None),
        (
            {"resource": "claims", "filters": {"value__gte": 9, "value__lte": 5}},
            "/filters/value__lte", "reversed", None,
        ),
        ({"resource": "claims", "filters": {"value__gte": [1, 2]}}, "/filters/value__gte", "once", None),
        ({"resource": "claims", "filters": {"as_of": 1}}, "/filters/as_of", "no place", None),
        ({"resource": "claims", "filters": {"sort": "said"}}, "/filters/sort", "no place", None),
        ({"resource": "claims", "filters": {"measure": {"is": "killed"}}}, "/filters/measure", "text", None),
        ({"resource": "claims", "filters": {"measure": True}}, "/filters/measure", "text", None),
        ({"resource": "quotes", "filters": {"q": "\x00"}}, "/filters/q", "NUL", None),
        ({"resource": "quotes", "filters": {"q": "\ud800"}}, "/filters/q", "half", None),
        ({"resource": "quotes", "filters": {"<b>": "x"}}, "/filters", "unknown", None),
        ({"resource": "claims", "events": ["quote"]}, "/events", "those of a claim", None),
        ({"query": "https://elsewhere.example/v1/claims"}, "/query", "path and query", None),
        ({"query": "/v1/claims?measure"}, "/query", "path and query", None),
        ({"query": "/v1/search?q=x"}, "/resource", "no list", None),
        ({"query": "/v1/claims", "resource": "claims"}, "/query", "stands for", None),
        ({"from": 99}, "/from", "the newest revision is 1", None),
        ({"from": 0}, "/from", "from 1, or `now`", None),
        ({"from": "then"}, "/from", "from 1, or `now`", None),
        ({"description": "a\x00b"}, "/description", "control character", None),
        ({"description": "x" * 301}, "/description", "300", None),
        ({"filter": {}}, "/filter", "unknown member", "filters"),
        ({"url": "http://news.example/hook", "events": []}, "/url", "no address", None),
        ({"url": "https://desk:word@news.example/hook"}, "/url", "no user", None),
        ({"url": "https://10.0.0.1/hook"}, "/url", "not public", None),
        ({"url": ""}, "/url", "must begin with https://", None),
    ],
)  # fmt: skip
def test_a_mistake_says_where_and_what_would_be_right(
    client: TestClient, given: Json, pointer: str, words: str, meant: str | None
) -> None:
    body = json.dumps({"url": NOBODY.url, **given})
    answer = client.post("/v1/subscriptions", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    error = answer.json()["errors"][0]
    assert error["pointer"] == pointer and words in error["message"], error
    assert error.get("nearest") == meant
    assert client.get("/v1/subscriptions").json()["results"] == []


@pytest.mark.parametrize("content", [b"", b"[]", b'"x"', b"null", b"{}", b"{", b"\xff"])
def test_a_body_that_is_no_subscription_is_refused(client: TestClient, content: bytes) -> None:
    answer = client.post("/v1/subscriptions", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422) and answer.json()["status"] == answer.status_code


def test_an_address_inside_is_refused_unless_a_setting_allows_it(seeded_database: Database) -> None:
    strict = {"callback_http": False, "callback_loopback": False}
    with calling(seeded_database, "subscriptions", worker=False, **strict) as client:
        for url, words in (
            ("http://93.184.215.14/hook", "must begin with https://"),
            ("https://127.0.0.1:8443/hook", "not public"),
            ("https://2130706433/hook", "not public"),
            ("https://[::ffff:127.0.0.1]/hook", "not public"),
            ("https://169.254.169.254/latest/meta-data", "not public"),
        ):
            assert words in refused(client, url=url)[0]["message"]
        assert client.post("/v1/subscriptions", json={"url": URL}).status_code == 201


def test_unknown_parameters_are_refused(client: TestClient) -> None:
    made = subscribe(client, NOBODY)
    path = f"/v1/subscriptions/{made['id']}"
    for method, at, body in (
        ("GET", "/v1/subscriptions", None), ("POST", "/v1/subscriptions", {"url": NOBODY.url}),
        ("GET", path, None), ("POST", f"{path}:ping", None), ("GET", f"{path}/deliveries", None),
    ):  # fmt: skip
        answer = client.request(method, f"{at}?loud=yes", json=body)
        assert answer.status_code == 422 and answer.json()["errors"][0]["parameter"] == "loud", at


def test_a_subscription_is_changed_and_removed_by_who_has_read_it(client: TestClient) -> None:
    made = subscribe(client, NOBODY, resource="claims", filters={"measure": "killed"}, events=["claim"])
    path = f"/v1/subscriptions/{made['id']}"
    tag = {"If-Match": client.get(path).headers["etag"]}
    assert client.patch(path, json={"description": "New"}).status_code == 428
    changed = client.patch(path, json={"description": "New"}, headers=tag)
    assert changed.status_code == 200 and changed.json()["description"] == "New"
    kept = ("url", "events", "resource", "filters", "revision")
    assert [changed.json()[name] for name in kept] == [made[name] for name in kept]
    assert client.patch(path, json={"description": "Newer"}, headers=tag).status_code == 412
    tag = {"If-Match": changed.headers["etag"]}
    other = client.patch(path, json={"filters": {"measure": "injured"}}, headers=tag)
    assert other.json()["query"] == "/v1/claims?measure=injured"
    tag = {"If-Match": other.headers["etag"]}
    wrong = client.patch(path, json={"resource": "quotes"}, headers=tag)
    assert wrong.status_code == 422
    whole = client.patch(path, json={"query": None, "events": [], "url": URL}, headers=tag)
    assert [whole.json()[name] for name in ("url", "events", "resource", "query")] == [URL, [], None, None]
    assert client.delete(path, headers=tag).status_code == 412
    assert client.delete(path).status_code == 428
    gone = client.delete(path, headers={"If-Match": whole.headers["etag"]})
    assert gone.status_code == 204 and gone.content == b""
    assert client.get(path).status_code == 404


def test_how_far_it_was_told_does_not_stale_a_change(client: TestClient) -> None:
    made = subscribe(client, NOBODY)
    path = f"/v1/subscriptions/{made['id']}"
    tag = client.get(path).headers["etag"]
    set_position(client, made["id"])
    moved = client.get(path).headers["etag"]
    assert moved != tag
    assert client.patch(path, json={"description": "x"}, headers={"If-Match": tag}).status_code == 200


def set_position(client: TestClient, id: str) -> None:
    """As a worker does."""
    database: Database = client.app.state.database  # type: ignore[attr-defined]
    with database.write() as session:
        session.execute(text("UPDATE subscription SET position = 3 WHERE id = :id"), {"id": id})


def test_a_write_that_is_sent_twice_is_done_once(client: TestClient) -> None:
    token = {"Idempotency-Key": "the-first-one"}
    body = {"url": NOBODY.url}
    one, two = (client.post("/v1/subscriptions", json=body, headers=token) for _ in range(2))
    assert one.json() == two.json() and two.headers["idempotency-replayed"] == "true"
    assert len(client.get("/v1/subscriptions").json()["results"]) == 1
    other = client.post("/v1/subscriptions", json={**body, "events": ["claim"]}, headers=token)
    assert other.status_code == 422


def test_every_write_is_in_the_audit(client: TestClient, seeded_database: Database) -> None:
    made = subscribe(client, NOBODY)
    path = f"/v1/subscriptions/{made['id']}"
    client.post(f"{path}:ping")
    client.post(f"{path}:rotate")
    client.post(f"{path}:replay", json={"from": 1})
    client.post(f"{path}:resume")
    client.patch(path, json={})
    client.patch(path, json={}, headers={"If-Match": "*"})
    client.delete(path, headers={"If-Match": "*"})
    admin = key(seeded_database, "admin")
    rows = client.get("/v1/audit", headers=admin, params={"subject": made["id"]}).json()["results"]
    assert [(row["operation"], row["status"]) for row in reversed(rows)] == [
        ("create_subscription", 201), ("ping_subscription", 202), ("rotate_subscription", 200),
        ("replay_subscription", 200), ("resume_subscription", 200), ("update_subscription", 428),
        ("update_subscription", 200), ("delete_subscription", 204),
    ]  # fmt: skip
    assert {row["key"] for row in rows} == {made["key"]}


def test_paging_reaches_every_subscription_once(client: TestClient) -> None:
    made = [subscribe(client, NOBODY, description=str(number))["id"] for number in range(5)]
    found, following = [], "/v1/subscriptions?limit=2"
    while following:
        page = client.get(following).json()
        assert page["total"] is None and page["facets"] is None
        found += [item["id"] for item in page["results"]]
        following = page["next"]
    assert found == made[::-1]
    assert client.get("/v1/subscriptions?status=off").json()["results"] == []
    foreign = client.get("/v1/quotes?limit=1").json()["next"].rpartition("cursor=")[2]
    answer = client.get(f"/v1/subscriptions?cursor={foreign}")
    assert answer.status_code == 422 and answer.json()["errors"][0]["parameter"] == "cursor"


def test_a_key_has_so_many_subscriptions_and_no_more(client: TestClient) -> None:
    for _ in range(100):
        subscribe(client, NOBODY)
    answer = client.post("/v1/subscriptions", json={"url": NOBODY.url})
    assert answer.status_code == 409 and "100" in answer.json()["detail"]


def test_a_replay_begins_at_a_revision_that_there_is(client: TestClient) -> None:
    path = f"/v1/subscriptions/{subscribe(client, NOBODY)['id']}"
    told = client.post(f"{path}:replay", json={"from": 1})
    assert (told.json()["revision"], told.json()["position"]) == (1, 0)
    now = client.post(f"{path}:replay", json={"from": "now"})
    assert now.json()["revision"] == 2
    for given in ({"from": 2}, {"from": -1}, {"from": 1.5}, {"from": True}, {"from": None}, {}):
        answer = client.post(f"{path}:replay", json=given)
        assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == "/from", given
