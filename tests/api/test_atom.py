"""Every list as a feed (Atom): valid, newest on record first, page by page, one feed a query."""

import json
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from api.settings import Settings
from models.session import Database
from tests.api.test_contract import LISTS, NEEDED, everything, get, refused
from tests.conftest import Statements, serve
from tests.documents import document, put
from tests.feeds import entries, links, terms, text, valid

MEDIA_TYPE = "application/atom+xml"
each_list = pytest.mark.parametrize("name", LISTS)


def feed(client: TestClient, name: str, /, **parameters: Any) -> Element:
    answer = client.get(f"/v1/{name}", params={**NEEDED.get(name, {}), "format": "atom", **parameters})
    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPE), answer.text
    return valid(answer.content)


def pages(client: TestClient, first: Element) -> Iterator[Element]:
    yield first
    while following := links(first).get("next"):
        first = valid(client.get(following).content)
        yield first


def ids(feed: Element) -> list[str]:
    return [text(entry, "id").rpartition(":")[2] for entry in entries(feed)]


@each_list
def test_a_feed_has_the_items_of_its_list_newest_on_record_first(client: TestClient, name: str) -> None:
    items = everything(client, name, sort="-recorded", limit=200)
    every = [entry for page in pages(client, feed(client, name, limit=50)) for entry in entries(page)]
    assert [text(entry, "id").rpartition(":")[2] for entry in every] == [item["id"] for item in items]
    assert [text(entry, "updated") for entry in every] == [item["recorded"]["time"] for item in items]
    for entry, item in zip(every[:20], items, strict=False):
        assert text(entry, "title") and text(entry, "content")
        got = client.get(links(entry)["alternate"]).json()
        assert got["id"] == item["id"]


@each_list
def test_a_feed_says_where_it_stands_and_how_it_goes_on(client: TestClient, name: str) -> None:
    page = feed(client, name, limit=1)
    found = links(page)
    assert valid(client.get(found["self"]).content).find("*") is not None
    assert ids(valid(client.get(found["self"]).content)) == ids(page)
    listed = client.get(found["alternate"]).json()
    assert [item["id"] for item in listed["results"]] == ids(page)
    assert ("next" in found) == (listed["next"] is not None)
    assert all(url.startswith("http://testserver/v1/") for url in found.values())


@each_list
def test_another_order_is_kept(client: TestClient, name: str) -> None:
    sort = LISTS[name].default_sort
    listed = get(client, name, sort=sort, limit=20)
    assert ids(feed(client, name, sort=sort, limit=20)) == [item["id"] for item in listed["results"]]


@each_list
def test_a_feed_that_did_not_change_is_not_built(
    client: TestClient, statements: Statements, name: str
) -> None:
    query, accept = NEEDED.get(name, {}) | {"limit": "5"}, {"Accept": MEDIA_TYPE}
    first = client.get(f"/v1/{name}", params=query, headers=accept)
    assert first.headers["content-type"] == MEDIA_TYPE
    assert first.headers["etag"] != client.get(f"/v1/{name}", params=query).headers["etag"]
    statements.sent.clear()
    known = accept | {"If-None-Match": first.headers["etag"]}
    assert client.get(f"/v1/{name}", params=query, headers=known).status_code == 304
    assert len(statements.sent) == 1
    # The addresses in it are another service's.
    elsewhere = known | {"Host": "elsewhere.example"}
    assert client.get(f"/v1/{name}", params=query, headers=elsewhere).status_code == 200


@each_list
def test_an_empty_feed_is_one(client: TestClient, name: str) -> None:
    empty = feed(client, name, as_of=0)
    assert entries(empty) == [] and "next" not in links(empty)


def test_each_query_is_a_feed_of_its_own(client: TestClient) -> None:
    queries: list[dict[str, Any]] = [
        {}, {"speaker": "benjamin-netanyahu"}, {"speaker": "naim-qassem"}, {"form": "direct"},
        {"form": "direct", "speaker": "naim-qassem"},
    ]  # fmt: skip
    feeds = [feed(client, "quotes", **query) for query in queries]
    assert len({text(one, "id") for one in feeds}) == len(queries)
    assert text(feeds[1], "title") == "On Record: quotes (speaker benjamin-netanyahu)"
    first, second = (feed(client, "quotes", limit=limit) for limit in (1, 2))
    assert text(first, "id") == text(second, "id")


def test_an_item_has_one_name_in_all_feeds(client: TestClient) -> None:
    def name(resource: str) -> str:
        return text(entries(feed(client, resource, id="hezbollah"))[0], "id")

    assert name("entities") == name("organisations")


def test_a_quote_is_told_with_its_words_its_sources_and_its_article(client: TestClient) -> None:
    item = get(client, "quotes", id="beirut-strikes-2024-10-15.q28")["results"][0]
    (entry,) = entries(feed(client, "quotes", id=item["id"]))
    assert item["content"] in text(entry, "content")
    assert item["document"]["title"] in text(entry, "content")
    assert entry.findtext("*/{*}name") == item["document"]["outlet"]
    assert terms(entry) == {name: item[name] for name in ("form", "act", "polarity")}


def test_what_is_opposed_does_not_stand_as_what_is_said(client: TestClient) -> None:
    """Netanyahu expressed his opposition to a unilateral ceasefire; without the cue he would propose one."""
    (entry,) = entries(feed(client, "quotes", id="beirut-strikes-2024-10-15.q15"))
    for place in ("title", "content"):
        assert "expressed his opposition" in text(entry, place)
    assert terms(entry)["polarity"] == "negative"


def test_a_claim_is_told_with_its_statement_and_its_sources(client: TestClient) -> None:
    item = get(client, "claims", source="lebanese-health-ministry", limit=1)["results"][0]
    (entry,) = entries(feed(client, "claims", id=item["id"]))
    assert text(entry, "title") == item["statement"]
    assert item["sources"][0]["speakers"][0]["entity"]["name"] in text(entry, "content")
    assert terms(entry) == {"measure": item["measure"], "modality": item["modality"]}
    own = get(client, "claims", source="none", limit=1)["results"][0]
    assert "the outlet's own voice" in text(entries(feed(client, "claims", id=own["id"]))[0], "content")


def test_what_xml_can_not_hold_is_left_out_and_markup_is_words(empty_database: Database) -> None:
    words = "He said <b>“R&D”</b>\x02, ]]> and \x1b[31mred\ufffe 🌊."
    url = 'https://news.example/é?x=<1>&y="2"'
    put(empty_database, document("odd", words, title="A <title> & \x08more", outlet="R&D", url=url))
    with serve(empty_database) as client:
        (entry,) = entries(feed(client, "documents"))
        assert text(entry, "title") == "A <title> & more"
        assert links(entry)["via"] == "https://news.example/%C3%A9?x=%3C1%3E&y=%222%22"
        (hit,) = entries(feed(client, "search", q="said"))
        assert "<b>“R&D”</b>, ]]> and [31mred 🌊." in text(hit, "content")


def test_a_correction_makes_an_entry_newer_and_keeps_its_name(empty_database: Database) -> None:
    put(empty_database, document("a", "One."), document("b", "Two."))
    with serve(empty_database) as client:
        before = feed(client, "documents")
        put(empty_database, document("b", "Two, corrected.", title="Another title"))
        after = feed(client, "documents")
        assert ids(after) == ["b", "a"]
        assert {text(e, "id") for e in entries(after)} == {text(e, "id") for e in entries(before)}
        assert text(entries(after)[0], "title") == "Another title"
        assert text(after, "updated") > text(before, "updated")
        assert ids(feed(client, "documents", as_of=1)) == ids(before)


def test_links_lead_where_the_setting_says(seeded_database: Database) -> None:
    with serve(seeded_database, public_url="https://record.example") as client:
        page = feed(client, "quotes", limit=1)
        found = [*links(page).values(), *links(entries(page)[0]).values()]
        assert all(url.startswith("https://record.example/v1/quotes") for url in found)
    for url in ("record.example", "https://record.example/path", "ftp://record.example"):
        with pytest.raises(ValidationError):
            Settings(public_url=url)


def test_what_has_no_place_in_a_feed_is_refused(client: TestClient) -> None:
    for name, value in (("facet", "form"), ("count", "on"), ("include", "sentences")):
        (error,) = refused(client, "quotes", **{"format": "atom", name: value})
        assert error["parameter"] == name and "atom" in error["message"]
    error = refused(client, "quotes", format="xml")[0]
    assert error["allowed"] == ["json", "jsonld", "csv", "ndjson", "parquet", "atom"]


def test_a_ranked_feed_is_one_page(client: TestClient) -> None:
    ranked = get(client, "quotes", q="israel*", sort="rank", limit=5)
    page = feed(client, "quotes", q="israel*", sort="rank", limit=5)
    assert ids(page) == [item["id"] for item in ranked["results"]] and "next" not in links(page)


def test_the_host_of_a_request_is_no_markup(client: TestClient) -> None:
    for host in ("<evil>", "evil.example/path", '"', "[", "a b"):
        answer = client.get("/v1/quotes?format=atom&limit=1", headers={"Host": host})
        assert answer.status_code == 200
        assert json.dumps(host)[1:-1] not in links(valid(answer.content))["self"]
