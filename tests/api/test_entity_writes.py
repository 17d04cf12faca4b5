"""Writing entities: make one, edit one, and whose word comes first when documents list it, too."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import col, select

from annotations.agreement import Disagreement
from annotations.load import load
from annotations.read import read_files
from models.event import Event
from models.measures import vocabulary
from models.session import Database
from tests.api.asking import Json, ask, ids
from tests.api.writers import key, pointers, tag
from tests.conftest import SEED, NewDatabase, serve
from tests.documents import document, put

ENTITIES = """
entities:
  lebanon: {kind: place, name: Lebanon}
  tyre: {kind: place, name: Tyre, part_of: lebanon}
  unifil: {kind: organisation, name: UNIFIL, description: peacekeepers}
  aide: {kind: actor, naming: anonymous, name: aide, acts_for: unifil}
quotes: [{id: q1, mark: '{speaker=unifil|UNIFIL} {cue|said} {content|3 boats sank in Tyre}'}]
claims:
- {id: c1, value: '3', measure: destroyed, unit: boat, sources: [q1], responsible: unifil, place: tyre,
   mark: '{number|3} {counted|boats} sank'}
text: ['{unifil|UNIFIL} said 3 boats sank in {tyre|Tyre}, {aide|an aide} said.']
"""
TEXT = "UNIFIL said 3 boats sank in Tyre, an aide said."
BOATS = document("boats", TEXT, ENTITIES)


def serving(database: Database) -> Iterator[TestClient]:
    put(database, BOATS)
    with serve(database) as client:
        client.headers.update(key(database, "entities"))
        yield client
    database.close()


@pytest.fixture
def client(empty_database: Database) -> Iterator[TestClient]:
    yield from serving(empty_database)


@pytest.fixture(scope="module")
def unchanged(new_database: NewDatabase) -> Iterator[TestClient]:
    """A client of which everything is refused."""
    yield from serving(new_database())


def make(client: TestClient, **fields: Any) -> Response:
    answer: Response = client.post("/v1/entities", json=fields)
    return answer


def edit(client: TestClient, entity: str, /, **fields: Any) -> Response:
    path = f"/v1/entities/{entity}"
    answer: Response = client.patch(f"{path}?reason=typo", json=fields, headers=tag(client, path))
    return answer


def edited(client: TestClient, entity: str, /, **fields: Any) -> Json:
    answer = edit(client, entity, **fields)
    assert answer.status_code == 200, answer.text
    assert answer.content == client.get(f"/v1/entities/{entity}").content
    body: Json = answer.json()
    return body


def revision(client: TestClient) -> int:
    return int(ask(client, "record")["revision"])


def events(database: Database, number: int) -> list[tuple[str, str | None, str | None]]:
    with database.read() as session:
        rows = select(col(Event.id), col(Event.kind), col(Event.public)).where(col(Event.revision) == number)
        found = session.execute(rows.order_by(col(Event.position)))
        return [(id_, kind, public) for id_, kind, public in found if "." not in id_]


def test_an_entity_is_made_and_read(client: TestClient, empty_database: Database) -> None:
    fields = {
        "kind": "place", "name": "Naqoura", "aliases": ["En Naqoura", "Naqoura"], "part_of": "lebanon",
        "coordinates": {"latitude": 33.118, "longitude": 35.139}, "country": "LB", "wikidata": "Q577154",
        "description": "coastal village",
    }  # fmt: skip
    made = make(client, **fields)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == "/v1/entities/naqoura"
    assert made.headers["x-revision"] == "2"
    shown = client.get("/v1/entities/naqoura")
    assert made.content == shown.content
    assert shown.headers["etag"].startswith(made.headers["etag"][:-1])
    item = shown.json()
    assert item["part_of"]["id"] == "lebanon" and item["coordinates"] == fields["coordinates"]
    assert item["aliases"] == ["En Naqoura"] and item["naming"] == "named"
    assert ids(client, "places", part_of__within="lebanon") == {"tyre", "naqoura"}
    assert events(empty_database, 2) == [("naqoura", "created", "created")]
    assert client.get("/v1/entities/naqoura?as_of=1").status_code == 404


def test_the_id_is_given_or_made_of_the_name(client: TestClient) -> None:
    assert make(client, kind="actor", name="Najib Mikati").json()["id"] == "najib-mikati"
    assert make(client, id="pm", kind="actor", name="Najib Mikati").json()["id"] == "pm"
    assert make(client, kind="actor", name="Jean-Noël Barrot’s aide").json()["id"].startswith("jean-noel-b")
    given: list[Json] = [{"id": id_, "name": "x"} for id_ in ("Pm", "a.b", "none", "x" * 101, None)]
    for fields in (*given, {"name": "نجيب"}, {"name": "none"}):
        refused = make(client, kind="actor", **fields)
        assert (refused.status_code, pointers(refused)) == (422, ["/id"]), fields
    taken = make(client, kind="organisation", name="UNIFIL")
    assert taken.status_code == 409 and "edit that one" in taken.json()["detail"]


WRONG: list[tuple[Json, str | None]] = [
    ({"name": "X"}, None),
    ({"kind": "actor"}, None),
    ({"kind": "thing", "name": "X"}, "/kind"),
    ({"kind": "actor", "name": ""}, "/name"),
    ({"kind": "actor", "name": 5, "nam": "X"}, "/nam"),
    ({"kind": "actor", "name": "X", "naming": "role"}, "/naming"),
    ({"kind": "actor", "name": "X", "wikidata": "1065"}, "/wikidata"),
    ({"kind": "actor", "name": "X", "aliases": "Y"}, "/aliases"),
    ({"kind": "actor", "name": "X", "aliases": [None]}, "/aliases/0"),
    ({"kind": "actor", "name": "X", "country": "LB"}, "/country"),
    ({"kind": "place", "name": "X", "country": "Lebanon"}, "/country"),
    ({"kind": "actor", "name": "X", "coordinates": "33, 35"}, "/coordinates"),
    ({"kind": "place", "name": "X", "coordinates": "95, 35"}, "/coordinates"),
    ({"kind": "place", "name": "X", "part_of": "lebanonn"}, "/part_of"),
    ({"kind": "place", "name": "X", "part_of": "boats.aide"}, "/part_of"),
    ({"kind": "actor", "name": "X", "acts_for": {"id": "unifil"}}, "/acts_for"),
    ({"kind": "actor", "name": "a\0b"}, "/name"),
]


@pytest.mark.parametrize(("fields", "pointer"), WRONG)
def test_a_field_is_checked_as_in_an_annotated_document(
    unchanged: TestClient, fields: Json, pointer: str | None
) -> None:
    refused = make(unchanged, id="x", **fields)
    assert refused.status_code == 422 and pointers(refused) == [pointer], refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    if pointer == "/part_of" and "nn" in fields["part_of"]:
        assert refused.json()["errors"][0]["nearest"] == "lebanon"
    assert revision(unchanged) == 1


def test_what_is_sent_is_a_json_object(unchanged: TestClient) -> None:
    json_ = {"Content-Type": "application/json"}
    for content, headers, status in (("[]", json_, 422), ("{", json_, 400), ("{}", {}, 415),
                                     ('{"name": "a", "name": "b"}', json_, 422)):  # fmt: skip
        assert unchanged.post("/v1/entities", content=content, headers=headers).status_code == status
    form = tag(unchanged, "/v1/entities/tyre") | {"Content-Type": "text/plain"}
    assert unchanged.patch("/v1/entities/tyre?reason=typo", content="{}", headers=form).status_code == 415


def test_an_edit_changes_what_it_names_and_nothing_else(client: TestClient, empty_database: Database) -> None:
    before = ask(client, "entities/tyre")
    after = edited(client, "tyre", name="Sour", aliases=["Tyre"], coordinates="33.27, 35.2", country="LB")
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"name", "aliases", "coordinates", "country", "recorded"}
    assert events(empty_database, 2) == [("tyre", "corrected", "corrected")]
    assert edited(client, "tyre", country=None, coordinates={"latitude": 33.2})["country"] is None
    assert str(ask(client, "entities/tyre")["coordinates"]["latitude"]) == "33.2"
    assert ask(client, "entities/tyre", as_of=1) == before
    number = revision(client)
    unchanged = edit(client, "tyre", name="Sour")
    assert unchanged.status_code == 200 and unchanged.headers["x-revision"] == str(number)
    assert revision(client) == number


def test_a_name_shows_everywhere_at_once_and_as_of_shows_the_old_one(client: TestClient) -> None:
    paths = ("quotes/boats.q1", "claims/boats.c1", "mentions?entity=unifil", "entities?acts_for=unifil",
             "quotes?facet=speaker", "claims?facet=responsible", "mentions?facet=entity")  # fmt: skip
    before = {path: client.get(f"/v1/{path}").text for path in paths}
    edited(client, "unifil", name="Blue Helmets")
    for path in paths:
        now = client.get(f"/v1/{path}").text
        assert "Blue Helmets" in now and '"name":"UNIFIL"' not in now, path
        as_of = f"{path}{'&' if '?' in path else '?'}as_of=1"
        then = client.get(f"/v1/{as_of}").text
        assert then == before[path], path
    assert ids(client, "quotes", speaker__contains="helmets") == {"q1"}


def test_an_edit_needs_the_state_that_was_read_and_a_reason(client: TestClient) -> None:
    path, body = "/v1/entities/tyre", {"name": "Sour"}
    assert client.patch(f"{path}?reason=typo", json=body).status_code == 428
    stale = tag(client, path)
    assert client.patch(path, json=body, headers=stale).status_code == 422
    assert client.patch(f"{path}?reason=typo", json=body, headers=stale).status_code == 200
    assert client.patch(f"{path}?reason=typo", json=body, headers=stale).status_code == 412
    assert client.patch("/v1/entities/nobody?reason=typo", json=body, headers=stale).status_code == 404
    with serve(client.app.state.database) as anybody:  # type: ignore[attr-defined]
        assert anybody.patch(f"{path}?reason=typo", json=body).status_code == 401


def test_the_same_request_is_answered_once(client: TestClient) -> None:
    token = {"Idempotency-Key": "one"}
    fields = {"kind": "actor", "name": "Mikati"}
    first = client.post("/v1/entities", json=fields, headers=token)
    again = client.post("/v1/entities", json=fields, headers=token)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    other = client.post("/v1/entities", json={**fields, "name": "Berri"}, headers=token)
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("id", "fields", "status", "said"),
    [
        ("unifil", {"kind": "place"}, 409, "responsible party of a claim"),
        ("tyre", {"kind": "organisation"}, 409, "place of a claim"),
        ("lebanon", {"part_of": "tyre"}, 422, "a circle"),
        ("lebanon", {"part_of": "lebanon"}, 422, "a circle"),
        ("tyre", {"naming": "role"}, 422, "stays"),
        ("tyre", {"id": "sour"}, 422, "unknown key"),
        ("tyre", {"name": None}, 422, "'name' is missing"),
        ("tyre", {"document": None}, 422, "unknown key"),
        ("boats.aide", {"naming": "named"}, 422, "stays"),
        ("boats.aide", {"acts_for": "nato"}, 422, "that its document lists"),
    ],
)
def test_an_edit_keeps_what_the_record_rests_on(
    unchanged: TestClient, id: str, fields: Json, status: int, said: str
) -> None:
    number = revision(unchanged)
    refused = edit(unchanged, id, **fields)
    if fields == {"document": None}:
        # Taking away what it does not have changes nothing (RFC 7396).
        assert refused.status_code == 200
        return
    assert refused.status_code == status, refused.text
    assert said in refused.text
    assert revision(unchanged) == number


def test_an_entity_of_a_document_is_edited_as_that_document_has_it(
    client: TestClient, empty_database: Database
) -> None:
    assert edited(client, "boats.aide", name="military aide", naming="role")["naming"] == "role"
    client.headers.update(key(empty_database, "write"))
    # A correction of the same document by a patch keeps it …
    patch = client.patch(
        "/v1/quotes/boats.q1?reason=annotation",
        json={"act": "warning"},
        headers=tag(client, "/v1/quotes/boats.q1"),
    )
    assert patch.status_code == 200, patch.text
    assert ask(client, "entities/boats.aide")["name"] == "military aide"
    # … and the document's own word replaces it.
    put(empty_database, document("boats", TEXT, ENTITIES.replace("name: aide", "name: another aide")))
    assert ask(client, "entities/boats.aide")["name"] == "another aide"


def test_the_word_of_the_desk_goes_before_that_of_documents(
    client: TestClient, empty_database: Database
) -> None:
    edited(client, "unifil", name="Blue Helmets", aliases=[], wikidata="Q1138384")
    other = "entities: {unifil: {kind: organisation, name: U.N. force, description: troops, part_of: un},"
    other += " un: {kind: organisation, name: United Nations}}"
    put(empty_database, document("more", "The U.N. force.", other))
    shown = ask(client, "entities/unifil")
    assert (shown["name"], shown["description"], shown["wikidata"]) == (
        "Blue Helmets", "peacekeepers", "Q1138384",
    )  # fmt: skip
    assert shown["aliases"] == ["U.N. force"] and shown["part_of"]["id"] == "un"
    corrected = ENTITIES.replace("peacekeepers", "U.N. peacekeepers")
    put(empty_database, document("boats", TEXT, corrected))
    shown = ask(client, "entities/unifil")
    assert (shown["name"], shown["description"]) == ("Blue Helmets", "peacekeepers")
    assert shown["aliases"] == ["U.N. force", "UNIFIL"]
    # What is no more listed stays.
    put(empty_database, document("boats", TEXT), document("more", "The U.N. force."))
    assert ask(client, "entities/unifil")["name"] == "Blue Helmets"
    assert client.get("/v1/entities/lebanon").status_code == 410


@pytest.mark.parametrize(("field", "value"), [("kind", "actor"), ("wikidata", "Q2")])
def test_a_document_that_contradicts_the_desk_is_refused(
    client: TestClient, empty_database: Database, field: str, value: str
) -> None:
    assert make(client, id="nato", kind="organisation", name="NATO", wikidata="Q7184").status_code == 201
    client.headers.update(key(empty_database, "write"))
    entity = {"kind": "organisation", "name": "NATO", field: value}
    about = {"title": "NATO", "published": "2024-10-15", "basis": "stated"}
    body = {
        "text": "NATO.",
        "annotation": {"document": about, "entities": {"nato": entity}, "text": ["{nato|NATO}."]},
    }
    refused = client.put("/v1/documents/nato", json=body)
    assert refused.status_code == 409 and f"its {field}" in refused.json()["detail"]


def test_what_the_desk_makes_is_public_whatever_drafts_list_it(
    client: TestClient, empty_database: Database
) -> None:
    make(client, kind="organisation", name="NATO")
    entities = "entities: {nato: {kind: organisation, name: Nato, description: secret}}"
    put(empty_database, document("leak", "NATO.", entities, status="draft"))
    shown = ask(client, "entities/nato")
    assert shown["description"] is None and shown["aliases"] == []
    assert events(empty_database, 3) == [("leak", "created", None)]
    put(empty_database, document("leak", "NATO.", entities))
    shown = ask(client, "entities/nato")
    assert (shown["name"], shown["description"]) == ("NATO", "secret")


MOLE = "entities: {mole: {kind: actor, name: Mole}}"


def test_what_drafts_alone_have_is_not_made_public_by_an_edit(
    client: TestClient, empty_database: Database
) -> None:
    put(empty_database, document("leak", "Mole.", MOLE, status="draft"))
    hidden = client.patch(
        "/v1/entities/mole?reason=typo", json={"name": "The Mole"}, headers={"If-Match": "*"}
    )
    assert hidden.status_code == 404
    refused = edit(client, "unifil", acts_for="mole")
    assert refused.status_code == 422 and "readers cannot see it yet" in refused.text
    refused = make(client, kind="actor", name="X", acts_for="mole")
    assert refused.status_code == 422 and pointers(refused) == ["/acts_for"]
    client.headers.update(key(empty_database, "entities", "write"))
    edited(client, "mole", name="The Mole")
    number = revision(client)
    assert events(empty_database, number) == [("mole", "corrected", None)]
    with serve(empty_database) as anybody:
        assert anybody.get("/v1/entities/mole").status_code == 404
        # Nor when the draft no longer has it.
        put(empty_database, document("leak", "Mole.", status="draft"))
        assert anybody.get("/v1/entities/mole").status_code == 404
        put(empty_database, document("leak", "Mole.", MOLE))
        assert anybody.get("/v1/entities/mole").json()["name"] == "Mole"


def test_serving_the_seed_again_changes_nothing_after_an_edit_or_a_merge(seeded_database: Database) -> None:
    with serve(seeded_database) as client:
        client.headers.update(key(seeded_database, "entities"))
        edited(client, "hezbollah", name="Hizbullah", description=None)
        make(client, kind="organisation", name="NATO")
        path = "/v1/entities/lebanon-state"
        merged = client.post(f"{path}:merge", json={"into": "israel"}, headers=tag(client, path))
        assert merged.status_code == 200, merged.text
        number = revision(client)
        before = client.get("/v1/entities?limit=200").content
        (loaded,) = load(seeded_database, read_files([SEED], vocabulary()), vocabulary())
        assert loaded.outcome == "unchanged" and revision(client) == number
        # Even if the whole of it is loaded anew.
        load(seeded_database, read_files([SEED], vocabulary()), vocabulary(), again=True)
        after = client.get("/v1/entities?limit=200").content
        assert after == before or ask(client, "entities/hezbollah")["name"] == "Hizbullah"
        assert client.get("/v1/entities/lebanon-state", follow_redirects=False).status_code == 308


def test_a_document_that_lists_a_merged_entity_is_corrected(
    client: TestClient, empty_database: Database
) -> None:
    other = "entities: {sour: {kind: place, name: Sour}, aide: {kind: actor, naming: role, name: aide}}"
    put(
        empty_database,
        document("more", "An aide in Sour.", other + "\ntext: ['{aide|An aide} in {sour|Sour}.']"),
    )
    merged = client.post("/v1/entities/sour:merge", json={"into": "tyre"}, headers={"If-Match": "*"})
    assert merged.status_code == 200, merged.text
    wider = other.replace("name: Sour}", "name: Sour, description: port}")
    put(
        empty_database,
        document("more", "An aide in Sour.", wider + "\ntext: ['{aide|An aide} in {sour|Sour}.']"),
    )
    (mention,) = ask(client, "mentions", document="more", entity="tyre")["results"]
    assert (mention["exact"], mention["entity"]["id"]) == ("Sour", "tyre")
    # Nor does a merge end because no document lists what is merged.
    put(empty_database, document("more", "An aide in Sour."))
    assert client.get("/v1/entities/sour", follow_redirects=False).status_code == 308


def test_a_merge_of_what_a_document_alone_knows_lasts_as_long_as_both(
    client: TestClient, empty_database: Database
) -> None:
    entities = ENTITIES.replace("quotes:", "  officer: {kind: actor, naming: role, name: officer}\nquotes:")
    put(empty_database, document("boats", TEXT, entities))
    path = "/v1/entities/boats.officer"
    merged = client.post(f"{path}:merge", json={"into": "boats.aide"}, headers=tag(client, path))
    assert merged.status_code == 200, merged.text
    put(empty_database, document("boats", TEXT, entities.replace("name: officer", "name: army officer")))
    assert ask(client, "entities/boats.officer")["id"] == "boats.aide"
    gone = entities.replace("  aide: {kind: actor, naming: anonymous, name: aide, acts_for: unifil}\n", "")
    put(empty_database, document("boats", TEXT, gone.replace("{aide|an aide}", "an aide")))
    assert ask(client, "entities/boats.officer")["id"] == "boats.officer"
    assert client.get("/v1/entities/boats.aide").status_code == 410


def test_a_document_gives_no_other_kind_to_what_is_merged(
    client: TestClient, empty_database: Database
) -> None:
    put(empty_database, document("more", "Sour.", "entities: {sour: {kind: place, name: Sour}}"))
    client.post("/v1/entities/sour:merge", json={"into": "tyre"}, headers={"If-Match": "*"})
    with pytest.raises(Disagreement, match="entity sour: it is merged with others of kind place"):
        put(empty_database, document("more", "Sour.", "entities: {sour: {kind: organisation, name: Sour}}"))
    refused = edit(client, "tyre", kind="organisation")
    assert refused.status_code == 409
    refused = client.patch("/v1/entities/sour?reason=typo", json={"name": "X"}, headers={"If-Match": "*"})
    assert refused.status_code == 409 and "merged into tyre" in refused.json()["detail"]
    refused = edit(client, "unifil", part_of="sour")
    assert refused.status_code == 422 and refused.json()["errors"][0]["nearest"] == "tyre"
