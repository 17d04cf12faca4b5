"""Writing documents: what is taken, on which conditions, and what is refused with nothing written."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from annotations.load import load
from annotations.read import read
from models.measures import vocabulary
from models.revision import Revision
from models.session import Database
from tests.api.writers import FLOOD, body, key, pointers, tag, writer
from tests.conftest import SEED, serve


@pytest.fixture
def client(empty_database: Database) -> TestClient:
    return writer(empty_database)


def revision(client: TestClient) -> int:
    return int(client.get("/v1/record").json()["revision"])


def test_a_document_is_put_and_read(client: TestClient) -> None:
    created = client.put(FLOOD, json=body())
    assert (created.status_code, created.headers["location"]) == (201, FLOOD)
    assert created.json() == {
        "document": "flood",
        "outcome": "created",
        "revision": 1,
        "changes": {
            "documents": {"created": 1},
            "entities": {"created": 1},
            "mentions": {"created": 1},
            "quotes": {"created": 1},
            "claims": {"created": 1},
        },
    }
    assert client.get("/v1/claims/flood.c1").json()["as_written"] == "At least 12"


def test_files_are_taken_as_they_are(client: TestClient, empty_database: Database) -> None:
    """What the command loads and what is uploaded are one thing: the seed by both ways."""
    annotation = SEED.with_name(f"{SEED.stem}.claims.yaml")
    files = {"text": SEED.read_bytes(), "annotation": annotation.read_bytes()}
    uploaded = client.put(f"/v1/documents/{SEED.stem}", files=files)
    assert uploaded.status_code == 201, uploaded.text
    document = read(SEED.stem, files["text"], files["annotation"], vocabulary())
    (again,) = load(empty_database, [document], vocabulary())
    assert again.outcome == "unchanged"


def test_yaml_in_a_string_is_the_annotation_file(client: TestClient) -> None:
    yaml = json.dumps(body(id="flood")["annotation"])
    assert client.put(FLOOD, json={**body(), "annotation": yaml}).status_code == 201


def test_what_is_read_can_be_put_back(client: TestClient) -> None:
    client.put(FLOOD, json=body())
    for path in (FLOOD, f"{FLOOD}/annotated"):
        got = client.get(f"{FLOOD}/annotated").json()
        back = client.put(FLOOD, json=got, headers=tag(client, path))
        assert (back.status_code, back.json()["outcome"]) == (200, "unchanged")
    yaml = client.get(f"{FLOOD}/annotated", headers={"Accept": "application/yaml"})
    assert yaml.headers["content-type"].startswith("application/yaml")
    assert client.post("/v1/documents:check", json={**body(), "annotation": yaml.text}).status_code == 200
    assert revision(client) == 1


def test_changing_what_exists_needs_its_etag(client: TestClient) -> None:
    first = client.put(FLOOD, json=body())
    corrected: Any = {"json": body(title="The flood"), "params": {"reason": "typo"}}
    assert client.put(FLOOD, **corrected).status_code == 428
    assert client.put(FLOOD, **corrected, headers={"If-Match": '"another"'}).status_code == 412
    fresh = {"If-Match": first.headers["etag"]}
    assert client.put(FLOOD, **corrected, headers=fresh).json()["changes"] == {"documents": {"corrected": 1}}
    assert client.put(FLOOD, json=body(title="Again"), headers=fresh).status_code == 412
    assert revision(client) == 2


def test_creating_can_be_made_a_condition(client: TestClient) -> None:
    none = {"If-None-Match": "*"}
    assert client.put(FLOOD, json=body(), headers={"If-Match": "*"}).status_code == 412
    assert client.put(FLOOD, json=body(), headers=none).status_code == 201
    assert client.put(FLOOD, json=body(title="Other"), headers=none).status_code == 412


def test_a_correction_says_why(client: TestClient) -> None:
    client.put(FLOOD, json=body())
    refused = client.put(FLOOD, json=body(title="Other"), headers=tag(client, FLOOD))
    assert refused.json()["errors"][0]["allowed"] == [
        "typo",
        "annotation",
        "source corrected",
        "retracted",
        "published",
    ]
    unknown = client.put(FLOOD, json=body(), params={"reason": "whim"}, headers=tag(client, FLOOD))
    assert unknown.status_code == 422


def test_a_put_that_was_taken_already_succeeds(client: TestClient) -> None:
    """The client that lost the answer sends it again, with the ETag from before."""
    client.put(FLOOD, json=body())
    before = tag(client, FLOOD)
    for outcome in ("corrected", "unchanged"):
        answer = client.put(FLOOD, json=body(title="New"), params={"reason": "typo"}, headers=before)
        assert (answer.status_code, answer.json()["outcome"]) == (200, outcome)


def test_an_earlier_state_can_be_put_again(client: TestClient) -> None:
    for title, outcome in (
        ("One", "created"),
        ("Two", "corrected"),
        ("One", "corrected"),
        ("One", "unchanged"),
    ):
        headers = {} if outcome == "created" else tag(client, FLOOD)
        answer = client.put(FLOOD, json=body(title=title), params={"reason": "typo"}, headers=headers)
        assert answer.json()["outcome"] == outcome
    assert (client.get(FLOOD).json()["title"], revision(client)) == ("One", 3)


def test_the_etag_of_an_item_is_about_the_item_alone(client: TestClient) -> None:
    """A claim that changes leaves the ETag of its quote good for a write, although it is shown with it."""
    client.put(FLOOD, json=body())
    quote, document = tag(client, "/v1/quotes/flood.q1"), tag(client, FLOOD)
    why = {"reason": "annotation"}
    claim = tag(client, "/v1/claims/flood.c1")
    changed = client.patch("/v1/claims/flood.c1", json={"aggregation": "event"}, params=why, headers=claim)
    assert changed.json()["changes"] == {"claims": {"corrected": 1}}
    assert client.patch("/v1/quotes/flood.q1", json={"act": "warning"}, params=why, headers=quote).is_success
    # The document's is about all that stands in it.
    assert client.put(FLOOD, json=body(), params=why, headers=document).status_code == 412


def test_all_mistakes_come_at_once_and_nothing_is_written(client: TestClient) -> None:
    wrong = body(published="2024-10-99")
    wrong["annotation"]["quotes"][0]["mark"] = "{content|At least 13 boats sank}"
    wrong["annotation"]["claims"][0]["measure"] = "destroied"
    refused = client.put(FLOOD, json=wrong)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert set(pointers(refused)) >= {"/document/published", "/quotes/0/mark", "/claims/0/measure"}
    measure = next(e for e in refused.json()["errors"] if e["pointer"] == "/claims/0/measure")
    assert (measure["extract"], measure["nearest"]) == ("destroied", "destroyed")
    assert revision(client) == 0
    assert client.get(FLOOD).status_code == 404


def test_mistakes_of_a_yaml_file_have_lines(client: TestClient) -> None:
    yaml = "document: {id: flood, title: Flood, basis: unknown, note: none}\nquotes: 7\ntext: []\n"
    refused = client.put(FLOOD, json={"text": "Flood\r\n", "annotation": yaml})
    found = {(error["part"], error["line"]) for error in refused.json()["errors"]}
    assert {("text", 1), ("annotation", 2)} <= found


def test_the_id_is_that_of_the_url(client: TestClient) -> None:
    refused = client.put(FLOOD, json=body(id="drought"))
    assert pointers(refused) == ["/document/id"]
    assert refused.json()["errors"][0]["nearest"] == "flood"


WRONG: list[Any] = [
    [],
    {},
    {"text": "x"},
    {"text": 7, "annotation": {}},
    {"text": "x", "annotation": 7},
    {"text": "x", "annotation": {}, "annotations": {}},
    {"text": "x", "annotation": {}},
    {"text": "x", "annotation": "{"},
    {"text": "x", "annotation": "a: &b 1"},
    {"text": "\0", "annotation": body()["annotation"]},
    {"text": "", "annotation": body()["annotation"]},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_no_annotated_document_is_refused(client: TestClient, wrong: Any) -> None:
    assert client.put(FLOOD, json=wrong).status_code == 422
    assert client.post("/v1/documents:check", json=wrong).status_code == 422
    assert revision(client) == 0


RAW = {
    "not JSON": (b"{", "application/json", 400),
    "not UTF-8": (b'{"text": "\xff"}', "application/json", 400),
    "half a pair": (b'{"text": "\\ud800", "annotation": {}}', "application/json", 422),
    "twice": (b'{"text": "a", "text": "b", "annotation": {}}', "application/json", 422),
    "deep": (b"[" * 100_000, "application/json", 400),
    "nothing": (b"", "application/json", 400),
    "another form": (b"text=a", "application/x-www-form-urlencoded", 415),
    "no form": (b"{}", "", 415),
    "no boundary": (b"x", "multipart/form-data", 400),
}


@pytest.mark.parametrize("what", RAW)
def test_a_body_of_another_form_is_refused(client: TestClient, what: str) -> None:
    content, media, status = RAW[what]
    answer = client.put(FLOOD, content=content, headers={"Content-Type": media})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_files_of_other_names_are_refused(client: TestClient) -> None:
    answer = client.put(FLOOD, files={"text": b"a", "anotation": b"b"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["nearest"] == "annotation"


def test_the_server_chooses_an_id(client: TestClient) -> None:
    for id_ in ("harbour-flood-2024-10-15", "harbour-flood-2024-10-15-2", "harbour-flood-2024-10-15-3"):
        created = client.post("/v1/documents", json=body())
        assert (created.status_code, created.headers["location"]) == (201, f"/v1/documents/{id_}")
    nameless = body(title="洪水", published=None, basis="unknown", note="No dateline.")
    assert client.post("/v1/documents", json=nameless).json()["document"] == "document"
    assert client.post("/v1/documents", json=body(id="mine")).status_code == 422


def test_a_check_says_what_a_load_would_and_writes_nothing(client: TestClient) -> None:
    told = client.post("/v1/documents:check", json=body(id="flood"))
    assert told.status_code == 200
    assert revision(client) == 0
    done = client.put(FLOOD, json=body())
    assert {**told.json(), "revision": 1} == done.json()
    assert client.post("/v1/documents:check", json=body(id="flood")).json()["outcome"] == "unchanged"
    wrong = body(id="flood", basis="guessed")
    refused = [
        client.post("/v1/documents:check", json=wrong),
        client.put(FLOOD, json=wrong, headers={"If-Match": "*"}),
    ]
    assert refused[0].json() == refused[1].json()


def test_a_check_without_an_id_says_what_a_post_would(client: TestClient) -> None:
    client.post("/v1/documents", json=body())
    told = client.post("/v1/documents:check", json=body())
    assert told.json()["document"] == client.post("/v1/documents", json=body()).json()["document"]


def test_a_check_hears_of_what_the_record_says_otherwise(client: TestClient) -> None:
    named = body()
    named["annotation"]["entities"]["port"] = {"kind": "place", "name": "Port", "wikidata": "Q1"}
    assert client.put(FLOOD, json=named).is_success
    named["annotation"]["entities"]["port"]["wikidata"] = "Q2"
    refused = client.post("/v1/documents:check", json=named)
    assert refused.status_code == 409
    assert "Q1" in refused.json()["detail"]
    assert client.post("/v1/documents", json=named).json() == refused.json()


def test_a_document_is_withdrawn_and_put_back(client: TestClient) -> None:
    client.put(FLOOD, json=body())
    withdraw: Any = {"json": {"status": "withdrawn", "note": "Not true."}, "params": {"reason": "retracted"}}
    assert client.patch(FLOOD, **withdraw, headers=tag(client, FLOOD)).is_success
    for path in (FLOOD, "/v1/quotes/flood.q1", "/v1/claims/flood.c1", f"{FLOOD}/text", f"{FLOOD}/annotated"):
        gone = client.get(path)
        assert gone.status_code == 410
        assert gone.json()["withdrawn"]["reason"] == "retracted"
        assert client.get(path, params={"as_of": 1}).status_code == 200
    back: Any = {"json": {"status": "published", "note": None}, "params": {"reason": "source corrected"}}
    assert client.patch(FLOOD, **back, headers={"If-Match": "*"}).is_success
    assert client.get(FLOOD).status_code == 200


def test_a_document_is_patched_as_its_file_says_it(client: TestClient) -> None:
    client.put(FLOOD, json=body())
    why = {"reason": "typo", "note": "As printed."}
    patched = client.patch(
        FLOOD, json={"title": "Flood!", "outlet": "Daily"}, params=why, headers=tag(client, FLOOD)
    )
    assert patched.json()["changes"] == {"documents": {"corrected": 1}}
    assert client.get(FLOOD).json()["outlet"] == "Daily"
    for wrong, pointer in (({"titel": "x"}, "/document/titel"), ({"basis": "guess"}, "/document/basis")):
        assert pointers(client.patch(FLOOD, json=wrong, params=why, headers=tag(client, FLOOD))) == [pointer]
    assert (
        client.patch(FLOOD, json={"id": "other"}, params=why, headers=tag(client, FLOOD)).status_code == 422
    )
    assert client.patch("/v1/documents/floood", json={"title": "x"}, params=why).status_code == 404


def test_only_keys_that_may_write_do(empty_database: Database) -> None:
    client = serve(empty_database)
    assert client.put(FLOOD, json=body()).status_code == 401
    reader = key(empty_database, "read", "entities", "subscriptions")
    assert client.put(FLOOD, json=body(), headers=reader).status_code == 403
    # Whoever may not write does not hear what is wrong with the body either.
    assert client.put(FLOOD, content=b"{").status_code == 401
    assert revision(client) == 0


def test_the_revision_says_who_and_why(client: TestClient, empty_database: Database) -> None:

    client.put(FLOOD, json=body(), params={"note": "From the wire."})
    with empty_database.read() as session:
        made = session.execute(select(Revision).where(Revision.number == 1)).scalar_one()
        assert (made.agent, made.tool, made.reason, made.note) == (
            "city desk", "onrecord api", "load", "From the wire.",
        )  # fmt: skip
