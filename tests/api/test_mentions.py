"""Mentions: by entity, kind and words, with the characters around them."""

from fastapi.testclient import TestClient

from annotations.annotated import AnnotatedDocument, Mention
from models.session import Database
from tests.api.asking import ask, entity, ids, whole
from tests.conftest import serve
from tests.documents import document, put


def place(mention: Mention) -> str:
    return f"m{mention.start}-{mention.end}"


def test_mentions_filter_by_entity(client: TestClient, seed: AnnotatedDocument) -> None:
    for e in seed.entities:
        named = {place(m) for m in seed.mentions if m.entity == e.key}
        assert ids(client, "mentions", entity=entity(seed, e.key)) == named


def test_mentions_filter_by_a_whole_and_its_parts(client: TestClient, seed: AnnotatedDocument) -> None:
    parts = whole(seed, "lebanon")
    assert ids(client, "mentions", entity__within="lebanon") == {
        place(m) for m in seed.mentions if m.entity in parts
    }


def test_mentions_filter_by_kind(client: TestClient, seed: AnnotatedDocument) -> None:
    for kind in ("name", "nominal", "pronoun", "demonym"):
        assert ids(client, "mentions", kind=kind) == {place(m) for m in seed.mentions if m.kind == kind}
    kinds = {e.key: e.kind for e in seed.entities}
    places = {place(m) for m in seed.mentions if m.entity and kinds[m.entity] == "place"}
    assert ids(client, "mentions", entity__kind="place") == places


def test_mentions_filter_by_their_words(client: TestClient, seed: AnnotatedDocument) -> None:
    words = {place(m) for m in seed.mentions if "ministry" in seed.text[m.start : m.end]}
    assert ids(client, "mentions", exact__contains="MINISTRY") == words


def test_a_mention_stands_between_its_prefix_and_its_suffix(
    client: TestClient, seed: AnnotatedDocument
) -> None:
    for shown in ask(client, "mentions", limit=200)["results"]:
        around = shown["prefix"] + shown["exact"] + shown["suffix"]
        start = shown["start"] - len(shown["prefix"])
        assert seed.text[start : start + len(around)] == around
        assert len(shown["prefix"]) == min(32, shown["start"])


def test_a_mention_may_be_unresolved(empty_database: Database) -> None:
    put(empty_database, document("who", "He left.", "text: ['{?|He} left.']"))
    with serve(empty_database) as client:
        (mention,) = ask(client, "mentions", entity="none")["results"]
        assert (mention["entity"], mention["exact"]) == (None, "He")
