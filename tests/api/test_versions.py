"""Versions: what each revision made of a document, an entity, a quote and a claim, and who may see it."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from annotations.annotated import AnnotatedDocument
from annotations.load import load
from models.measures import vocabulary
from models.record import By
from models.session import Database
from tests.conftest import DOCUMENT, Statements, serve
from tests.documents import document
from tests.keys import bearer, key

ANNOTATION = """
entities:
  geneva: {{kind: place, name: {name}}}
  aide: {{kind: actor, naming: anonymous, name: aide}}
quotes:
- id: q1
  act: {act}
  mark: '{{content|At least {value} people were hurt}}, one {{speaker=aide|{who}}} {{cue|said}}'
{q2}
claims:
- id: c1
  value: "at least {value}"
  measure: injured
  place: geneva
  sources: [q1]
  mark: '{{number|At least {value}}} {{counted|people}} were hurt'
text:
- 'At least {value} people were hurt, one {{aide|{who}}} said.'
- 'It rains, he added.{end}'
"""
Q2 = "- {id: q2, mark: '{content|It rains}, he {cue|added}'}"
CLERK = By("Mara", "onrecord load", "typo", "Read again.")


def flood(value: str = "2,350", **changed: str) -> AnnotatedDocument:
    """An article; what is given is what a correction changes."""
    words = {"who": "aide", "name": "Geneva", "act": "statement", "q2": Q2, "end": ""}
    words |= {name: changed.pop(name) for name in list(changed) if name in words}
    text = f"At least {value} people were hurt, one {words['who']} said.\nIt rains, he added.{words['end']}\n"
    return document("flood", text, ANNOTATION.format(value=value, **words), **changed)


def correct(database: Database, *documents: AnnotatedDocument, by: By = CLERK) -> None:
    """A revision for each."""
    for one in documents:
        load(database, [one], vocabulary(), by=by)


def versions(client: TestClient, path: str, **parameters: Any) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/{path}/versions", params=parameters)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page.keys() == {"results", "next", "total", "facets"}
    found: list[dict[str, Any]] = page["results"]
    return found


def changed(version: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {change["field"]: (change["from"], change["to"]) for change in version["changes"]}


def desk(database: Database) -> dict[str, str]:
    """The headers of a key that sees drafts."""
    return bearer(key(database, "write"))


def test_the_first_version_is_created_and_changes_nothing(client: TestClient) -> None:
    for path in (
        f"documents/{DOCUMENT}",
        "entities/hezbollah",
        f"quotes/{DOCUMENT}.q1",
        f"claims/{DOCUMENT}.c1",
    ):
        (only,) = versions(client, path)
        assert (only["version"], only["change"], only["changes"]) == (1, "created", [])
        assert client.get(only["url"]).status_code == 200


def test_a_claim_says_which_figure_became_which(empty_database: Database) -> None:
    correct(empty_database, flood(), flood(value="2,400.50"))
    with serve(empty_database) as client:
        new, old = versions(client, "claims/flood.c1")
        answer = client.get("/v1/claims/flood.c1/versions").text
    assert new["figure"] == {"from": "at least 2,350", "to": "at least 2,400.50"}
    assert changed(new)["as_written"] == ("At least 2,350", "At least 2,400.50")
    assert changed(new).keys() == {"as_written", "statement", "value", "low", "spans", "text_sha256"}
    assert '{"field":"value","from":2350,"to":2400.5}' in answer
    assert (new["version"], new["revision"], new["change"]) == (2, 2, "corrected")
    assert (new["tool"], new["reason"], new["note"]) == ("onrecord load", "typo", "Read again.")
    assert (old["version"], old["figure"]) == (1, None)


def test_a_version_is_the_item_at_its_revision(empty_database: Database) -> None:
    correct(empty_database, flood(), flood(value="2,400"), flood(value="2,450"))
    with serve(empty_database) as client:
        for version, value in zip(versions(client, "claims/flood.c1"), (2450, 2400, 2350), strict=True):
            item = client.get(version["url"]).json()
            assert item["value"] == value
            assert item["recorded"] == {"revision": version["revision"], "time": version["time"]}


def test_what_is_joined_to_an_item_makes_no_version_of_it(empty_database: Database) -> None:
    correct(empty_database, flood(), flood(name="Genf"), flood(name="Genf", title="Another"))
    with serve(empty_database) as client:
        assert [changed(v) for v in versions(client, "entities/geneva")] == [{"name": ("Geneva", "Genf")}, {}]
        assert len(versions(client, "claims/flood.c1")) == len(versions(client, "quotes/flood.q1")) == 1
        assert changed(versions(client, "documents/flood")[0]) == {"title": ("About flood", "Another")}


def test_spans_and_speakers_are_compared_as_what_they_are(empty_database: Database) -> None:
    correct(empty_database, flood(), flood(who="clerk"))
    with serve(empty_database) as client:
        difference = changed(versions(client, "quotes/flood.q1")[0])
    assert difference.keys() == {"spans", "speakers", "text_sha256"}
    assert difference["speakers"][1] == [{"entity": "flood.aide", "as_written": "clerk"}]
    assert difference["spans"][0][0].keys() == {"role", "start", "end", "exact"}


def test_a_version_of_a_document_says_what_happened_below_it(empty_database: Database) -> None:
    correct(empty_database, flood(), flood(act="warning"), flood(act="warning", q2="", end=" More."))
    with serve(empty_database) as client:
        text, annotation, first = versions(client, "documents/flood")
    none: dict[str, list[str]] = {"created": [], "corrected": [], "withdrawn": []}
    assert first["annotation"]["quotes"] == none | {"created": ["flood.q1", "flood.q2"]}
    assert first["annotation"]["entities"] == none | {"created": ["flood.aide", "geneva"]}
    assert first["annotation"]["mentions"] == {"created": 1, "corrected": 0, "withdrawn": 0}
    assert first["text"] is None
    assert (annotation["change"], annotation["changes"], annotation["text"]) == ("corrected", [], None)
    assert annotation["annotation"]["quotes"] == none | {"corrected": ["flood.q1"]}
    assert annotation["annotation"]["claims"] == none
    assert text["annotation"]["quotes"] == none | {"corrected": ["flood.q1"], "withdrawn": ["flood.q2"]}
    assert text["annotation"]["mentions"] == {"created": 0, "corrected": 1, "withdrawn": 0}
    assert (text["text"]["added"], text["text"]["removed"]) == (1, 1)
    assert changed(text)["text_sha256"] == (text["text"]["from"], text["text"]["to"])


def test_what_was_withdrawn_keeps_its_versions_and_is_compared_when_it_comes_back(
    empty_database: Database,
) -> None:
    wrong = By("Mara", "onrecord load", "annotation", "Not a quote.")
    correct(empty_database, flood())
    correct(empty_database, flood(q2=""), by=wrong)
    with serve(empty_database) as client:
        gone, _ = versions(client, "quotes/flood.q2")
        assert (gone["change"], gone["reason"], gone["note"]) == ("withdrawn", "annotation", "Not a quote.")
        answer = client.get(gone["url"])
        assert answer.status_code == 410
        assert answer.json()["withdrawn"]["note"] == "Not a quote."
        correct(empty_database, flood(q2=Q2.replace("id: q2", "id: q2, act: warning")))
        back = versions(client, "quotes/flood.q2")
    assert [version["change"] for version in back] == ["created", "withdrawn", "created"]
    assert changed(back[0]) == {"act": ("statement", "warning")}


def test_drafts_have_versions_for_the_desk_alone(empty_database: Database) -> None:
    correct(empty_database, flood(status="draft"), flood(status="draft", act="warning"))
    paths = ("documents/flood", "quotes/flood.q1", "entities/geneva", "entities/flood.aide")
    with serve(empty_database) as client:
        client.headers = desk(empty_database)
        assert [len(versions(client, path)) for path in paths] == [2, 2, 1, 1]
        client.headers = {}
        assert {client.get(f"/v1/{path}/versions").status_code for path in paths} == {404}
        correct(empty_database, flood(act="warning"), flood(act="question"))
        assert [len(versions(client, path)) for path in paths] == [2, 2, 1, 1]
        asked, first = versions(client, "quotes/flood.q1")
        assert changed(asked) == {"act": ("warning", "question")}
        assert (first["version"], first["revision"], first["change"]) == (1, 3, "created")
        assert versions(client, "documents/flood")[1]["annotation"]["mentions"]["created"] == 1
        correct(empty_database, flood(act="order", status="draft"), flood(act="order"))
        put_back = versions(client, "quotes/flood.q1")
        assert [version["change"] for version in put_back] == ["created", "withdrawn", "corrected", "created"]
        assert changed(put_back[0]) == {"act": ("question", "order")}


def test_agents_are_named_to_the_desk_alone(empty_database: Database) -> None:
    correct(empty_database, flood())
    with serve(empty_database) as client:
        readers = client.get("/v1/quotes/flood.q1/versions")
        assert "agent" not in readers.json()["results"][0]
        editors = client.get("/v1/quotes/flood.q1/versions", headers=desk(empty_database))
        assert editors.json()["results"][0]["agent"] == "Mara"
        assert readers.headers["ETag"] != editors.headers["ETag"]


def test_a_page_leads_to_the_next_at_its_own_revision(empty_database: Database) -> None:
    for number in range(10, 17):
        correct(empty_database, flood(value=f"{number}"))
    with serve(empty_database) as client:
        answer = client.get("/v1/claims/flood.c1/versions", params={"limit": 3})
        correct(empty_database, flood(value="17"))
        found = answer.json()["results"]
        while url := answer.json()["next"]:
            assert answer.headers["Link"] == f'<{url}>; rel="next"'
            answer = client.get(url)
            found += answer.json()["results"]
        assert [version["version"] for version in found] == [7, 6, 5, 4, 3, 2, 1]
        assert [changed(version)["value"] for version in found[:-1]] == [
            (n - 1, n) for n in range(16, 10, -1)
        ]
        assert versions(client, "claims/flood.c1", as_of=2)[0]["version"] == 2
        other = client.get("/v1/quotes/flood.q1/versions", params={"cursor": url or "x"})
        assert other.status_code == 422


def test_a_page_takes_a_bounded_number_of_statements(empty_database: Database) -> None:
    for number in range(10, 16):
        correct(empty_database, flood(value=f"{number}"))
    with serve(empty_database) as client:
        engine, sent = client.app.state.database.engine, Statements()  # type: ignore[attr-defined]
        event.listen(engine, "before_cursor_execute", sent.record)
        for path in ("claims/flood.c1", "documents/flood"):
            sent.sent.clear()
            assert len(versions(client, path, limit=5)) == 5
            assert len(sent.sent) <= 4 + 5 * 7


def test_versions_are_not_built_again(empty_database: Database) -> None:
    correct(empty_database, flood())
    with serve(empty_database) as client:
        etag = client.get("/v1/quotes/flood.q1/versions").headers["ETag"]
        again = client.get("/v1/quotes/flood.q1/versions", headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
        correct(empty_database, flood(act="warning"))
        again = client.get("/v1/quotes/flood.q1/versions", headers={"If-None-Match": etag})
        assert again.status_code == 200


@pytest.mark.parametrize("path", ["quotes/{}.q1000", "documents/{}x", "entities/hezbola", "claims/{}.c99"])
def test_an_unknown_id_has_no_versions_but_a_neighbour(client: TestClient, path: str) -> None:
    answer = client.get(f"/v1/{path.format(DOCUMENT)}/versions")
    assert answer.status_code == 404
    assert "did you mean" in answer.json()["detail"]


@pytest.mark.parametrize("query", ["limit=51", "limit=0", "as_of=9", "sort=version", "cursor=x"])
def test_what_the_list_cannot_follow_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/v1/quotes/{DOCUMENT}.q1/versions?{query}").status_code == 422
