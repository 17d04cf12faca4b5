"""Full text: what matters in a query and what does not, the same hits on both databases."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from annotations.annotated import AnnotatedDocument
from api.listing.words import parse
from api.search import highlight
from models.session import Database
from tests.api.asking import ask, ids
from tests.conftest import NewDatabase, serve
from tests.documents import document, put

TEXTS = {
    "cjk": "停火協議已經生效。",
    "kana": "ガザで停戦が始まった。",
    "arabic": "قال الوزير إن الهدنة بدأت.",
    "vowels": "قال الوَزِيرُ إنّ الحرب انتهت.",
    "emoji": "The 🌊 flood 🏚️ came at dawn.",
    "accents": "Le café de l’Élysée à São Tomé, Straße.",
    "names": "O’Brien’s U.N. envoy spoke of 1,300 tents; Łódź sent aid.",
    "hyphen": "A cease-fire, or ceasefire, was re-negotiated.",
}
QUERIES = {
    "停火": {"cjk"}, "停": {"cjk", "kana"}, "停戦": {"kana"}, "火停": set(), "ガザ": {"kana"},
    "الهدنة": {"arabic"}, "الوزير": {"arabic", "vowels"}, "الوَزِيرُ": {"arabic", "vowels"},
    "flood": {"emoji"}, "flood dawn": {"emoji"}, '"flood came"': {"emoji"}, '"came flood"': set(),
    "CAFE": {"accents"}, "L'Elysee": {"accents"}, "Sao Tomé": {"accents"}, "strasse": {"accents"},
    "un": {"names"}, "U.N.": {"names"}, "obrien": {"names"}, "O'Brien": {"names"}, "1300": {"names"},
    "1,300": {"names"}, "lodz": {"names"}, "cease": {"hyphen"}, '"cease fire"': {"hyphen"},
    "“cease-fire”": {"hyphen"}, "ceas*": {"hyphen"}, "ceas": set(), "came*": {"emoji"}, '"at daw"*': set(),
    "AND": set(), "NOT flood": set(), "flood OR cafe": set(), "NEAR(flood)": set(), "flood -dawn": {"emoji"},
    "text:flood": set(), "^flood": {"emoji"}, "'; DROP TABLE text; --": set(), "% _": None, "\\": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def writings(new_database: NewDatabase) -> Iterator[TestClient]:
    database = new_database()
    put(database, *(document(id, text) for id, text in TEXTS.items()))
    with serve(database) as client:
        yield client


@pytest.mark.parametrize(("query", "found"), QUERIES.items())
def test_words_are_found_whatever_their_script_case_and_accents(
    writings: TestClient, query: str, found: set[str] | None
) -> None:
    answer = writings.get("/v1/documents", params={"q": query})
    if found is None:
        assert answer.status_code == 422
        return
    assert {item["id"] for item in answer.json()["results"]} == found
    hits = ask(writings, "search", q=query, count="on")
    assert {hit["id"] for hit in hits["results"]} == found
    assert hits["total"]["value"] == len(found)
    best = ask(writings, "documents", q=query, sort="rank")["results"]
    assert {item["id"] for item in best} == found


def test_search_finds_what_each_list_finds(client: TestClient) -> None:
    for query in ("ceasefire", "lebanon", '"northern israel"', "evacuat*", "netanyahu"):
        found = {
            (noun, item["id"])
            for noun, path in PATHS.items()
            for item in ask(client, path, q=query, limit=200)["results"]
        }
        hits = ask(client, "search", q=query, limit=200)["results"]
        assert {(hit["type"], hit["id"]) for hit in hits} == found
        for hit in hits[:5]:
            assert ask(client, hit["url"].removeprefix("/v1/"))["id"] == hit["id"]


PATHS = {"document": "documents", "entity": "entities", "quote": "quotes", "claim": "claims"}


def test_search_filters_by_type_and_document(client: TestClient, seed: AnnotatedDocument) -> None:
    types = ask(client, "search", q="lebanon", facet="type")["facets"]["type"]
    assert {value["value"] for value in types} == set(PATHS)
    for value in types:
        hits = ask(client, "search", q="lebanon", type=value["value"], limit=200)["results"]
        assert len(hits) == value["count"] and {hit["type"] for hit in hits} == {value["value"]}
    shared = ask(client, "search", q="lebanon", document="none", limit=200)["results"]
    assert shared and all(hit["document"] is None and hit["type"] == "entity" for hit in shared)


def test_highlights_are_the_words_in_their_place(client: TestClient) -> None:
    for query in ("ceasefire", "netanyahu macron", "evacuat*"):
        sought = query.rstrip("*").split()
        for hit in ask(client, "search", q=query, limit=200)["results"]:
            marked = [hit["snippet"][h["start"] : h["end"]].casefold() for h in hit["highlights"]]
            assert all(any(word.startswith(s) for s in sought) for word in marked)
            assert hit["html"].count("<mark>") == len(marked)
            if hit["type"] in ("quote", "claim"):
                assert marked or hit["type"] == "quote"


def test_highlights_are_counted_in_the_unit_that_is_asked_for(writings: TestClient) -> None:
    for unit, encoding, size in (("codepoint", "utf-32-le", 4), ("utf16", "utf-16-le", 2)):
        (hit,) = ask(writings, "search", q="came dawn", offsets=unit)["results"]
        characters = hit["snippet"].encode(encoding)
        words = [characters[h["start"] * size : h["end"] * size].decode(encoding) for h in hit["highlights"]]
        assert words == ["came", "dawn"]


def test_markup_in_a_text_is_escaped(empty_database: Database) -> None:
    put(empty_database, document("markup", 'He wrote <b>peace</b> & "calm".'))
    with serve(empty_database) as client:
        (hit,) = ask(client, "search", q="peace")["results"]
        assert hit["html"] == "He wrote &lt;b&gt;<mark>peace</mark>&lt;/b&gt; &amp; &quot;calm&quot;."


def test_a_snippet_of_a_long_text_holds_the_first_word_that_was_found() -> None:
    text = "word " * 200 + "needle " + "word " * 200
    snippet, marks = highlight(text, parse("needle"))
    assert len(snippet) <= 240 and not snippet.startswith("ord")
    assert [snippet[start:end] for start, end in marks] == ["needle"]
    unspaced, marks = highlight("字" * 1000, parse("字字"))
    assert len(unspaced) <= 240


def test_a_query_narrows_a_list_like_any_filter(client: TestClient) -> None:
    assert ids(client, "quotes", q="ceasefire", speaker="benjamin-netanyahu") == {"q15"}
    assert ids(client, "claims", q="killed", measure="killed") >= {"c12"}
