"""The text, and the offsets of everything that points into it, in both units."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from annotations.annotated import AnnotatedDocument
from models.session import Database
from tests.api.asking import ask, status
from tests.conftest import serve
from tests.documents import document, put

ASTRAL = "🌊 A 🏚️ flood hit 𝔇over. 👩‍🚒 Ann said 🔥 “no 💧 left” and 🌍 12 🧍 died."
ANNOTATION = """
entities: {ann: {kind: actor, name: Ann}, dover: {kind: place, name: 𝔇over}}
quotes:
- id: q1
  form: mixed
  mark: '{speaker=ann|Ann} {cue|said} {content|🔥 “no 💧 left”}'
claims:
- {id: c1, value: '12', measure: killed, sources: [q1], mark: '{number|12} {counted|🧍} {measure|died}'}
text: ['🌊 A 🏚️ flood hit {dover|𝔇over}.', '👩‍🚒 {ann|Ann} said 🔥 “no 💧 left” and 🌍 12 🧍 died.']
"""
LISTS = ("documents", "mentions", "quotes", "claims")


def spans(value: Any) -> Iterator[dict[str, Any]]:
    """Everything in an answer that points into the text."""
    if isinstance(value, dict):
        if {"start", "end", "exact"} <= value.keys():
            yield value
        for inner in value.values():
            yield from spans(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from spans(inner)


@pytest.fixture
def astral(seeded_database: Database) -> Iterator[TestClient]:
    put(seeded_database, document("astral", ASTRAL, ANNOTATION))
    with serve(seeded_database) as client:
        yield client


def cut(text: str, start: int, end: int, unit: str) -> str:
    encoding, size = ("utf-16-le", 2) if unit == "utf16" else ("utf-32-le", 4)
    return text.encode(encoding)[start * size : end * size].decode(encoding)


@pytest.mark.parametrize("unit", ["codepoint", "utf16"])
def test_every_span_of_every_answer_is_the_text_between_its_offsets(astral: TestClient, unit: str) -> None:
    listed = ask(astral, "documents")["results"]
    texts = {item["id"]: astral.get(item["text_url"]).content.decode() for item in listed}
    assert texts["astral"] == ASTRAL
    seen = 0
    for name in LISTS:
        include = "sentences"
        for item in ask(astral, name, limit=200, include=include, offsets=unit)["results"]:
            text = texts[item["id"].split(".")[0]]
            item_spans = list(spans(item))
            for span in item_spans:
                assert cut(text, span["start"], span["end"], unit) == span["exact"]
                if "prefix" in span:
                    around = span["prefix"] + span["exact"] + span["suffix"]
                    assert around in text and len(span["prefix"]) <= 32
            seen += len(item_spans)
            single = ask(astral, f"{name}/{item['id']}", include=include, offsets=unit)
            assert list(spans(single)) == item_spans
    assert seen > 500
    parts = ["sentences", "mentions", "quotes", "claims", "text"]
    shown = ask(astral, "documents/astral", include=parts, offsets=unit)
    found = list(spans(shown))
    assert found and all(cut(ASTRAL, s["start"], s["end"], unit) == s["exact"] for s in found)


def test_the_units_differ_behind_the_first_astral_character(astral: TestClient) -> None:
    points = ask(astral, "mentions", document="astral")["results"]
    units = ask(astral, "mentions", document="astral", offsets="utf16")["results"]
    assert [m["id"] for m in points] == [m["id"] for m in units]
    assert all(u["start"] > p["start"] for p, u in zip(points, units, strict=True))


def test_exports_count_in_the_unit_that_is_asked_for(astral: TestClient) -> None:
    query = {"document": "astral", "offsets": "utf16", "format": "csv"}
    rows = astral.get("/v1/mentions", params=query).text.splitlines()
    mention = ask(astral, "mentions", document="astral", offsets="utf16")["results"][0]
    assert f",{mention['start']},{mention['end']},{mention['exact']}," in rows[1]


def test_the_text_is_its_bytes_and_its_hash_the_tag(client: TestClient, seed: AnnotatedDocument) -> None:
    path = f"/v1/documents/{seed.id}/text"
    answer = client.get(path, headers={"Accept-Encoding": "identity"})
    assert answer.content.decode() == seed.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-language"] == "en"
    assert answer.headers["etag"] == f'"{seed.sha256}"'
    again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.head(path).status_code == 200
    for quote in ask(client, "quotes", limit=200)["results"]:
        assert quote["text_sha256"] == seed.sha256


def test_an_earlier_state_has_its_own_text(empty_database: Database) -> None:
    put(empty_database, document("d", "Before."))
    put(empty_database, document("d", "After it."))
    with serve(empty_database) as client:
        assert client.get("/v1/documents/d/text").text == "After it."
        assert client.get("/v1/documents/d/text?as_of=1").text == "Before."
        assert status(client, "documents/d/text", as_of=0) == status(client, "documents/e/text") == 404
        assert status(client, "documents/d/text", offsets="utf16") == 422
