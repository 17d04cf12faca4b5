"""Documents: the whole annotated article in one answer, days of publication, withdrawal."""

import json

import pytest
from fastapi.testclient import TestClient

from annotations.annotated import AnnotatedDocument
from models.session import Database
from tests.api.asking import ask, ids, status
from tests.conftest import DOCUMENT, Statements, serve
from tests.documents import document, put


def test_a_document_comes_whole_in_one_answer(client: TestClient, seed: AnnotatedDocument) -> None:
    parts = ("text", "sentences", "entities", "mentions", "quotes", "claims")
    shown = ask(client, f"documents/{seed.id}", include=list(parts))
    assert shown["text"] == seed.text
    assert len(shown["sentences"]) == len([span for span in seed.spans if span.role == "sentence"])
    for part in ("entities", "mentions", "quotes", "claims"):
        assert len(shown[part]) == len(getattr(seed, part))
    for quote in shown["quotes"][:5]:
        assert quote == ask(client, f"quotes/{quote['id']}")
    assert shown["counts"] == {part: len(getattr(seed, part)) for part in ("mentions", "quotes", "claims")}
    assert shown["characters"] == len(seed.text)
    assert [span["role"] for span in shown["spans"]] == ["boilerplate"] * 2


def test_an_item_with_everything_takes_few_statements(
    client: TestClient, statements: Statements, seed: AnnotatedDocument
) -> None:
    ask(client, f"documents/{seed.id}", include=["entities", "mentions", "quotes", "claims", "text"])
    assert len(statements.sent) <= 3 + 2 * 4


def test_lists_include_what_each_row_has_and_no_more(client: TestClient) -> None:
    assert all(item["text"] for item in ask(client, "documents", include="text")["results"])
    assert status(client, "documents", include="quotes") == 422


def test_documents_filter_by_days_of_publication(seeded_database: Database) -> None:
    put(
        seeded_database,
        document("month", "Some text.", published="2024-09"),
        document("later", "Some text.", published="2024-11-02"),
        document("undated", "Some text.", published="", basis="unknown", note="No date."),
    )
    with serve(seeded_database) as client:
        assert {i.split("-")[0] for i in ids(client, "documents", published="2024-09")} == {"month"}
        assert ids(client, "documents", published__gte="2024-10-16") == {"later"}
        assert ids(client, "documents", published__lt="2024-10-01") == {"month"}
        assert ids(client, "documents", published__overlaps="2024-09-30..2024-10-01") == {"month"}
        assert ids(client, "documents", published__within="2024-09-30..2024-10-01") == set()
        order = [item["id"] for item in ask(client, "documents")["results"]]
        assert order == ["later", DOCUMENT, "month", "undated"]


def test_documents_filter_by_words_outlet_language_and_counts(
    client: TestClient, seed: AnnotatedDocument
) -> None:
    every = {seed.id}
    assert ids(client, "documents", q='"AIR STRIKES"') == every
    assert status(client, "documents", title__contains="air") == 422
    assert ids(client, "documents", outlet=seed.outlet, language="en", url="none") == every
    assert ids(client, "documents", quotes__gte=len(seed.quotes), claims__lte=len(seed.claims)) == every
    assert ids(client, "documents", quotes__gt=len(seed.quotes)) == set()


QUOTE = """
entities: {aide: {kind: actor, naming: anonymous, name: aide}}
quotes: [{id: q1, mark: '{speaker=aide|An aide} {cue|said} {content|no}'}]
text: ['{aide|An aide} said no.']
"""


@pytest.mark.parametrize("path", ["documents/no", "documents/no/text", "quotes/no.q1", "entities/no.aide"])
def test_a_withdrawn_document_and_all_below_it_is_gone_with_date_and_note(
    empty_database: Database, path: str
) -> None:
    put(empty_database, document("no", "An aide said no.", QUOTE))
    put(empty_database, document("no", "An aide said no.", QUOTE, status="withdrawn", note="It was made up."))
    with serve(empty_database) as client:
        gone = client.get(f"/v1/{path}")
        assert gone.status_code == 410 and gone.headers["content-type"] == "application/problem+json"
        told = gone.json()["withdrawn"]
        assert (told["revision"], told["reason"], told["note"]) == (2, "load", "It was made up.")
        assert told["time"] == client.get("/v1/record").json()["time"]
        assert client.get(f"/v1/{path}?as_of=1").status_code == 200
        assert client.get(f"/v1/{path}?as_of=0").status_code == 404
        assert ask(client, "quotes")["results"] == ask(client, "documents")["results"] == []


def test_a_withdrawn_quote_is_gone_and_earlier_revisions_still_show_it(empty_database: Database) -> None:
    put(empty_database, document("no", "An aide said no.", QUOTE))
    with serve(empty_database) as client:
        then = client.get("/v1/quotes/no.q1").content
        listed = client.get("/v1/quotes").content
        put(empty_database, document("no", "An aide said no.", QUOTE.replace("quotes:", "x:").split("x:")[0]
                                     + "text: ['{aide|An aide} said no.']"))  # fmt: skip
        gone = client.get("/v1/quotes/no.q1")
        assert gone.status_code == 410
        assert gone.json()["withdrawn"]["revision"] == 2
        assert client.get("/v1/quotes/no.q1", params={"as_of": 1}).content == then
        assert client.get("/v1/quotes", params={"as_of": 1}).content == listed
        assert json.loads(client.get("/v1/quotes").content)["results"] == []


def test_a_correction_keeps_the_earlier_state_and_changes_the_tag_of_that_item_alone(
    seeded_database: Database,
) -> None:
    put(seeded_database, document("no", "An aide said no.", QUOTE))
    with serve(seeded_database) as client:
        tags = {path: client.get(f"/v1/{path}").headers["etag"] for path in ("quotes/no.q1", "claims/" + C1)}
        first = client.get("/v1/quotes?limit=200").content
        facets = client.get("/v1/quotes?facet=act&facet=speaker&facet=source&facet=about").content
        put(seeded_database, document("no", "An aide said no.", QUOTE.replace("q1,", "q1, act: refusal,")))
        assert ask(client, "quotes/no.q1")["act"] == "refusal"
        assert ask(client, "quotes/no.q1", as_of=2)["act"] == "statement"
        assert client.get("/v1/quotes/no.q1").headers["etag"] != tags["quotes/no.q1"]
        assert client.get("/v1/claims/" + C1).headers["etag"] == tags["claims/" + C1]
        assert client.get("/v1/quotes?limit=200&as_of=2").content == first
        again = client.get("/v1/quotes?facet=act&facet=speaker&facet=source&facet=about&as_of=2").content
        assert again == facets


C1 = "beirut-strikes-2024-10-15.c1"


def test_a_cursor_stays_at_the_revision_of_its_first_page(empty_database: Database) -> None:
    put(empty_database, *(document(f"d{n}", "Some text.") for n in range(4)))
    with serve(empty_database) as client:
        page = ask(client, "documents", limit=2, sort="id")
        put(empty_database, document("d1x", "Some text."), document("d9", "Some text."))
        rest = client.get(page["next"]).json()
        assert [item["id"] for item in rest["results"]] == ["d2", "d3"] and rest["next"] is None
