"""Entities: kinds, names and aliases, counts, what they are part of; drafts and merges."""

from collections import Counter
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from annotations.annotated import AnnotatedDocument
from models.entity import Alias, Entity
from models.record import By, Change
from models.session import Database
from tests.api.asking import ask, entity, ids, speakers, status, whole
from tests.conftest import serve
from tests.documents import document, put


def keys(seed: AnnotatedDocument, **values: object) -> set[str]:
    return {e.key for e in seed.entities if all(getattr(e, name) == v for name, v in values.items())}


@pytest.mark.parametrize(
    ("path", "kind"), [("actors", "actor"), ("organisations", "organisation"), ("places", "place")]
)
def test_each_kind_has_a_list_of_its_own(
    client: TestClient, seed: AnnotatedDocument, path: str, kind: str
) -> None:
    assert ids(client, path) == ids(client, "entities", kind=kind) == keys(seed, kind=kind)


def test_an_item_is_reached_through_its_kind_alone(client: TestClient) -> None:
    assert status(client, "organisations/hezbollah") == 200
    assert status(client, "places/hezbollah") == 404


def test_entities_filter_by_naming(client: TestClient, seed: AnnotatedDocument) -> None:
    for naming in ("named", "role", "anonymous", "collective"):
        assert ids(client, "entities", naming=naming) == keys(seed, naming=naming)


def test_entities_filter_by_name_alias_and_beginning(client: TestClient) -> None:
    assert ids(client, "entities", name="Hezbollah") == {"hezbollah"}
    assert ids(client, "entities", name="hezbollah") == set()
    assert ids(client, "entities", name__contains="OFFICE") == {"netanyahus-office", "ohchr"}
    assert ids(client, "entities", alias="U.N.") == {"united-nations"}
    assert ids(client, "entities", prefix="netan") == {"benjamin-netanyahu", "netanyahus-office"}
    assert "united-nations" in ids(client, "entities", prefix="un")
    assert status(client, "entities", prefix="!") == 422


def test_entities_filter_by_what_they_are_part_of(client: TestClient, seed: AnnotatedDocument) -> None:
    assert ids(client, "entities", part_of="lebanon") == keys(seed, part_of="lebanon")
    inner = whole(seed, "lebanon")
    assert ids(client, "entities", part_of__within="lebanon") == {
        e.key for e in seed.entities if e.part_of in inner
    }
    assert ids(client, "entities", part_of="none") == keys(seed, part_of=None)
    assert ids(client, "entities", acts_for="united-states") == keys(seed, acts_for="united-states")


def test_entities_filter_by_wikidata_and_country(client: TestClient, seed: AnnotatedDocument) -> None:
    assert ids(client, "entities", wikidata="Q41053") == {"hezbollah"}
    assert ids(client, "entities", wikidata="none") == keys(seed, wikidata=None)
    assert ids(client, "places", country="LB") == keys(seed, country="LB")


def test_counts_are_those_of_the_lists_that_the_links_give(
    client: TestClient, seed: AnnotatedDocument
) -> None:
    mentions = Counter(mention.entity for mention in seed.mentions)
    for e in seed.entities:
        shown = ask(client, f"entities/{entity(seed, e.key)}")
        assert shown["counts"]["mentions"] == mentions[e.key]
        assert shown["counts"]["quotes"] == sum(e.key in speakers(q) for q in seed.quotes)
        links = {name: dict(parse_qsl(urlsplit(url).query)) for name, url in shown["links"].items()}
        lists = {name: urlsplit(url).path.removeprefix("/v1/") for name, url in shown["links"].items()}
        total = {
            name: ask(client, lists[name], count="on", **query)["total"]["value"]
            for name, query in links.items()
        }
        assert total["mentions"] == mentions[e.key]
        assert total["quotes_by"] == shown["counts"]["quotes"]


@pytest.mark.parametrize("least", [0, 1, 5, 20])
def test_entities_filter_by_how_often_they_occur(
    client: TestClient, seed: AnnotatedDocument, least: int
) -> None:
    mentions = Counter(mention.entity for mention in seed.mentions)
    often = {e.key for e in seed.entities if mentions[e.key] >= least}
    assert ids(client, "entities", mentions__gte=least) == often
    assert ids(client, "entities", mentions__lt=least) == keys(seed) - often


def test_entities_that_are_not_named_belong_to_their_document(
    client: TestClient, seed: AnnotatedDocument
) -> None:
    for e in seed.entities:
        shown = ask(client, f"entities/{entity(seed, e.key)}")
        assert shown["document"] == (None if e.naming == "named" else seed.id)
    assert ids(client, "entities", document=seed.id) == keys(seed)


LEAK = """
entities:
  whistle: {kind: actor, naming: anonymous, name: insider}
  newcomer: {kind: organisation, name: Unheard Of}
  hezbollah: {kind: organisation, name: Hezbollah}
indicators: {secret: {label: Secret question, measure: killed}}
quotes: [{id: q1, mark: '{speaker=whistle|An insider} {cue|said} {content|Hezbollah lost 99 fighters}'}]
claims:
- id: c1
  value: '99'
  measure: killed
  sources: [q1]
  indicator: secret
  mark: '{number|99} {counted|fighters}'
text: ['{whistle|An insider} said {hezbollah|Hezbollah} lost 99 fighters to {newcomer|Unheard Of}.']
"""
WORDS = "An insider said Hezbollah lost 99 fighters to Unheard Of."


@pytest.mark.parametrize("state", ["draft", "embargoed"])
def test_a_draft_and_all_below_it_is_invisible(seeded_database: Database, state: str) -> None:
    with serve(seeded_database) as client:
        before = {path: ask(client, path, count="on", limit=200) for path in PATHS}
        counts, hit = ask(client, "record")["counts"], ask(client, "search", q="hezbollah", count="on")
        put(seeded_database, document("leak", WORDS, LEAK, status=state))
        for path in PATHS:
            after = ask(client, path, count="on", limit=200)
            assert after["results"] == before[path]["results"] and after["total"] == before[path]["total"]
            assert after["facets"] == before[path]["facets"]
        assert ask(client, "record")["counts"] == counts
        assert ask(client, "search", q="hezbollah", count="on")["total"] == hit["total"]
        for word in ("insider", "unheard", "secret", "fighters"):
            assert ask(client, "search", q=word)["results"] == []
        for path in ("documents/leak", "documents/leak/text", "quotes/leak.q1", "claims/leak.c1",
                     "entities/leak.whistle", "entities/newcomer", "indicators/secret"):  # fmt: skip
            assert status(client, path) == 404, path
        # Nor does a guess at an id give it away.
        assert "leak" not in client.get("/v1/quotes/leak.q2").json()["detail"]
        assert "newcomer" not in client.get("/v1/entities/newcomers").json()["detail"]
        for facet in ("document", "speaker", "about"):
            values = ask(client, "quotes", facet=facet, limit=1)["facets"][facet]
            assert not [v for v in values if v["value"].startswith(("leak", "newcomer"))]


PATHS = ("documents", "entities", "actors", "organisations", "mentions", "quotes", "claims", "indicators")


def test_what_was_a_draft_is_seen_once_it_is_published(seeded_database: Database) -> None:
    put(seeded_database, document("leak", WORDS, LEAK, status="draft"))
    put(seeded_database, document("leak", WORDS, LEAK))
    with serve(seeded_database) as client:
        for path in ("quotes/leak.q1", "entities/leak.whistle", "entities/newcomer", "indicators/secret"):
            assert status(client, path) == 200
            assert status(client, path, as_of=2) == 404


def merge(database: Database, id_: str, into: str) -> None:
    """Write by hand what a merge of two entities will write."""
    with database.write() as session:
        change = Change(session)
        row = session.execute(select(Entity).where(Entity.id == id_, col(Entity.superseded).is_(None)))
        old = row.scalar_one()
        aliases = session.execute(select(Alias).where(Alias.entity_key == old.row_key)).scalars().all()
        key = next(change.keys)
        new = Entity(
            **old.model_dump()
            | {"row_key": key, "recorded": change.key, "merged_into": into, "survivor": into}
        )
        change.close(Entity, [old.row_key])
        change.flush()
        change.add(new, *(Alias(**alias.model_dump() | {"entity_key": key}) for alias in aliases))
        change.seal(By("test", "test", "the same"))


def test_a_merged_entity_moves_to_the_one_that_took_its_place(seeded_database: Database) -> None:
    merge(seeded_database, "lebanon-state", "lebanon")
    with serve(seeded_database) as client:
        moved = client.get("/v1/entities/lebanon-state?offsets=utf16", follow_redirects=False)
        assert moved.status_code == 308
        assert moved.headers["location"] == "/v1/entities/lebanon?offsets=utf16"
        assert moved.headers["cache-control"] == "no-cache"
        assert ask(client, "entities/lebanon-state")["id"] == "lebanon"
        assert "lebanon-state" not in ids(client, "entities")
        assert ask(client, "entities/lebanon-state", as_of=1)["id"] == "lebanon-state"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("netanyahu", "benjamin-netanyahu"),
        ("Macron", "emmanuel-macron"),
        ("Washington", "united-states"),
        ("U.N.", "united-nations"),
        ("hezbolah", "hezbollah"),
    ],
)
def test_a_name_where_an_id_belongs_is_told_the_id(client: TestClient, words: str, meant: str) -> None:
    refused = client.get("/v1/quotes", params={"speaker": words})
    assert (refused.status_code, refused.json()["errors"][0]["nearest"]) == (422, meant)
