"""Linked data: what is sent is JSON-LD that needs nothing fetched, in the words of schema.org and PROV-O."""

import json
from importlib.resources import files
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pyld import jsonld
from rdflib import SDO, Dataset, Graph, Literal, URIRef
from rdflib.namespace import PROV, RDF, XSD

from models.session import Database
from tests.api.test_contract import LISTS, NEEDED, each_list, everything
from tests.api.writers import key
from tests.conftest import DOCUMENT, serve
from tests.documents import document, put

BASE = "http://testserver/v1"
# Of schema.org, and newer than the copy of it that rdflib has.
NEWER = {URIRef(f"https://schema.org/{word}") for word in ("observationAbout", "StatisticalVariable")}


def _refuse(url: str, _: object = None) -> Any:
    raise AssertionError(f"{url} was fetched")


@pytest.fixture(autouse=True)
def _nothing_is_fetched() -> None:
    jsonld.set_document_loader(_refuse)


def linked(client: TestClient, path: str, **parameters: str) -> Any:
    answer = client.get(f"/v1/{path}", params={"format": "jsonld", **parameters})
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text)


def graph_of(document: Any) -> Graph:
    return Graph().parse(data=json.dumps(document), format="json-ld")


@each_list
def test_every_list_is_expanded_flattened_and_brought_back(client: TestClient, name: str) -> None:
    document = linked(client, name, **NEEDED.get(name, {}))
    expanded = jsonld.expand(document)
    back = jsonld.compact(jsonld.flatten(document), document["@context"])
    assert jsonld.normalize(back, NORMAL) == jsonld.normalize(document, NORMAL)
    assert jsonld.normalize(expanded, NORMAL) == jsonld.normalize(document, NORMAL)
    ids = [node["id"] for node in document["@graph"] if node["type"] != "prov:Activity"]
    assert len(ids) == len(everything(client, name, limit=50))


NORMAL = {"algorithm": "URDNA2015", "format": "application/n-quads"}


def words(graph: Graph) -> set[URIRef]:
    """What its nodes are said to be, and what is said of them."""
    return {word for _, said, what in graph for word in (said, what) if word is said or said == RDF.type}  # type: ignore[misc]


@each_list
def test_every_word_is_one_of_its_vocabulary(client: TestClient, name: str) -> None:
    """What no vocabulary has would be taken for a word of schema.org, the vocabulary of the context."""
    graph = graph_of(linked(client, name, **NEEDED.get(name, {})))
    ours = {word for word in words(graph) if word.startswith("urn:onrecord:")}
    others = words(graph) - ours - NEWER
    assert not {word for word in others if not any(word in known for known in (SDO, PROV, RDF))}
    assert {word for word in others if word in SDO}


def test_the_shipped_context_is_the_one_that_is_sent(client: TestClient) -> None:
    shipped = json.loads((files("api.static") / "context.jsonld").read_text("utf-8"))
    assert linked(client, "quotes", limit="1")["@context"] == shipped["@context"]


def test_a_quote_says_who_said_what_and_where_it_comes_from(client: TestClient) -> None:
    item = next(one for one in everything(client, "quotes", limit=50) if one["speakers"] and one["content"])
    graph, quote = graph_of(linked(client, f"quotes/{item['id']}")), URIRef(f"{BASE}/quotes/{item['id']}")
    assert (quote, RDF.type, SDO.Quotation) in graph
    assert graph.value(quote, SDO.text) == Literal(item["content"])
    speaker = URIRef(f"{BASE}/entities/{item['speakers'][0]['entity']['id']}")
    assert speaker in set(graph.objects(quote, SDO.spokenByCharacter))
    assert speaker in set(graph.objects(quote, SDO.creator))
    article = URIRef(f"{BASE}/documents/{DOCUMENT}")
    assert graph.value(quote, SDO.isPartOf) == article
    assert (article, RDF.type, SDO.NewsArticle) in graph
    assert graph.value(quote, PROV.wasQuotedFrom) == article
    revision = graph.value(quote, PROV.wasGeneratedBy)
    assert (revision, RDF.type, PROV.Activity) in graph
    (agent,) = graph.objects(revision, PROV.wasAssociatedWith)
    assert (agent, RDF.type, PROV.SoftwareAgent) in graph
    assert graph.value(quote, PROV.generatedAtTime).datatype == XSD.dateTime  # type: ignore[union-attr]


def test_a_figure_has_its_bounds_as_exact_decimals(client: TestClient) -> None:
    item = next(one for one in everything(client, "claims", limit=50) if one["low"] and one["high"] is None)
    graph, claim = graph_of(linked(client, f"claims/{item['id']}")), URIRef(f"{BASE}/claims/{item['id']}")
    assert (claim, RDF.type, SDO.Claim) in graph
    observed = graph.value(claim, SDO.about)
    assert (observed, RDF.type, SDO.Observation) in graph
    value = graph.value(observed, SDO.value)
    assert (value, RDF.type, SDO.QuantitativeValue) in graph
    assert graph.value(value, SDO.minValue) == Literal(str(item["low"]), datatype=XSD.decimal)
    assert graph.value(value, SDO.maxValue) is None
    assert graph.value(claim, SDO.appearance) == URIRef(f"{BASE}/documents/{DOCUMENT}")


def test_entities_are_the_same_as_those_of_wikidata(client: TestClient) -> None:
    graph = graph_of(linked(client, "entities"))
    for item in everything(client, "entities", limit=50):
        if item["wikidata"]:
            entity = URIRef(f"{BASE}/entities/{item['id']}")
            assert graph.value(entity, SDO.sameAs) == URIRef(
                f"http://www.wikidata.org/entity/{item['wikidata']}"
            )


def test_what_was_said_in_the_outlets_own_voice_first_appeared_there(client: TestClient) -> None:
    graph = graph_of(linked(client, "claims"))
    for item in everything(client, "claims", limit=50):
        first = graph.value(URIRef(f"{BASE}/claims/{item['id']}"), SDO.firstAppearance)
        assert (first is None) == bool(item["sources"])


def test_no_place_speaks_in_the_words_of_schema_org(empty_database: Database) -> None:
    text = "Harbour said, citing Bay, that 40 people fled.\n"
    annotation = """
entities: {harbour: {kind: place, name: Harbour}, bay: {kind: place, name: Bay}}
quotes:
- id: q1
  form: indirect
  mark: '{speaker=harbour|Harbour} {cue|said}, citing Bay, that {content|40 people fled}'
- {id: q2, form: indirect, relays: q1, mark: '{cue|citing} {speaker=bay|Bay}, that {content|40 people fled}'}
claims:
- {id: c1, value: 40, measure: displaced, sources: [q1], mark: '{number|40} {counted|people} fled'}
text: ['{harbour|Harbour} said, citing {bay|Bay}, that 40 people fled.']
"""
    put(empty_database, document("harbour", text, annotation))
    with serve(empty_database) as client:
        graph = graph_of(linked(client, "quotes")) + graph_of(linked(client, "claims"))
    for word in (SDO.spokenByCharacter, SDO.creator, SDO.author):
        assert not list(graph.subject_objects(word))
    speaker = URIRef("urn:onrecord:speaker")
    told = {(str(one).rpartition("/")[2], str(who).rpartition("/")[2]) for one, who in graph[:speaker:]}
    assert told == {("harbour.q1", "harbour"), ("harbour.q2", "bay"), ("harbour.c1", "harbour")}


def test_a_correction_says_why(seeded_database: Database) -> None:
    headers = key(seeded_database, "entities")
    with serve(seeded_database) as client:
        headers["If-Match"] = client.get("/v1/entities/hezbollah").headers["etag"]
        answer = client.patch(
            "/v1/entities/hezbollah", json={"description": "A party and its armed wing."},
            params={"reason": "annotation", "note": "What it is."}, headers=headers,
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        (node,) = (
            one for one in linked(client, "entities/hezbollah")["@graph"] if one["type"] != "prov:Activity"
        )
        actor = linked(client, "organisations/hezbollah")["@graph"][0]
        hits = linked(client, "search", q="hezbollah", type="entity")["@graph"]
    (told,) = node["onrecord:correction"]
    assert actor["onrecord:correction"] == [told]
    assert next(hit for hit in hits if hit["id"] == node["id"])["onrecord:correction"] == [told]
    assert told["type"] == "CorrectionComment"
    assert (told["text"], told["onrecord:reason"]) == ("What it is.", "annotation")


def test_all_lists_make_one_dataset(client: TestClient) -> None:
    whole = Dataset()
    for name in LISTS:
        if name != "search":
            whole.parse(data=json.dumps(linked(client, name)), format="json-ld")
    quotes = set(whole.subjects(RDF.type, SDO.Quotation))
    assert len(quotes) == len(everything(client, "quotes", limit=50))


def test_desk_and_readers_have_tags_of_their_own(seeded_database: Database) -> None:
    headers = key(seeded_database, "write", "entities")
    with serve(seeded_database) as client:
        tag = client.get("/v1/entities/hezbollah").headers["etag"]
        changed = client.patch(
            "/v1/entities/hezbollah?reason=annotation",
            json={"name": "Hizbullah"},
            headers=headers | {"If-Match": tag},
        )
        assert changed.status_code == 200
        url = "/v1/entities/hezbollah?format=jsonld"
        reader, desk = client.get(url), client.get(url, headers=headers)
        assert "prov:Agent" in desk.text
        assert "prov:Agent" not in reader.text
        assert reader.headers["etag"] != desk.headers["etag"]


def test_a_file_of_a_document_changes_with_the_names_in_it(seeded_database: Database) -> None:
    headers = key(seeded_database, "entities")
    with serve(seeded_database) as client:
        urls = [f"/v1/documents/{DOCUMENT}?format={format}" for format in ("ninjs", "brat", "cas", "jsonld")]
        before = {url: client.get(url).headers["etag"] for url in urls}
        tag = client.get("/v1/entities/hezbollah").headers["etag"]
        client.patch(
            "/v1/entities/hezbollah?reason=annotation",
            json={"name": "Hizbullah"},
            headers=headers | {"If-Match": tag},
        ).raise_for_status()
        for url, etag in before.items():
            assert client.get(url, headers={"If-None-Match": etag}).status_code == 200, url


def test_offsets_are_code_points(client: TestClient) -> None:
    assert client.get("/v1/quotes?format=jsonld&offsets=utf16").status_code == 422
