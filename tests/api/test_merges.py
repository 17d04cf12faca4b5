"""Merged entities: every filter, facet, count and join leads to the survivor; the past stays as it was."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import event
from sqlmodel import col, select

from models.event import Event
from models.session import Database
from tests.api.asking import Json, ask
from tests.api.writers import key
from tests.conftest import NewDatabase, serve
from tests.documents import document, put

TEXT = """Hezbollah said 12 boats sank in Tyre.
Hizbullah and Hezbollah said “no” to Nasrallah, according to the Party of God.
A source close to it said 3 boats sank in Sour, an aide said.
"""
ENTITIES = """
entities:
  lebanon: {kind: place, name: Lebanon}
  tyre: {kind: place, name: Tyre, part_of: lebanon, aliases: [Tyros], country: LB}
  sour: {kind: place, name: Sour, part_of: lebanon, country: LB}
  old-port: {kind: place, name: Old Port, part_of: sour}
  hezbollah: {kind: organisation, name: Hezbollah}
  hizbullah: {kind: organisation, name: Hizbullah, aliases: [Hizb]}
  party-of-god: {kind: organisation, name: Party of God}
  nasrallah: {kind: actor, name: Nasrallah, acts_for: hizbullah}
  source: {kind: actor, naming: role, name: source}
  aide: {kind: actor, naming: anonymous, name: aide, acts_for: hizbullah}
indicators:
  boats-in-sour: {label: Boats sunk in Sour, measure: destroyed, unit: boat, place: sour}
quotes:
- id: q1
  form: indirect
  mark: '{speaker=hezbollah|Hezbollah} {cue|said} {content|12 boats sank in Tyre}'
- id: q2
  form: direct
  mark: '{speaker=hizbullah|Hizbullah} and {speaker=hezbollah|Hezbollah} {cue|said} {content|“no”} to
    {addressee=nasrallah|Nasrallah}'
- {id: q3, relays: q2, mark: '{cue|according to} {speaker=party-of-god|the Party of God}'}
- id: q4
  form: indirect
  mark: '{speaker=source|A source close to it} {cue|said} {content|3 boats sank in Sour}'
- {id: q5, relays: q4, mark: '{speaker=aide|an aide} {cue|said}.'}
claims:
- id: c1
  value: '12'
  measure: destroyed
  unit: boat
  sources: [q1]
  responsible: hizbullah
  mark: '{number|12} {counted|boats} sank in {place=tyre|Tyre}'
- id: c2
  value: '3'
  measure: destroyed
  unit: boat
  sources: [q4]
  responsible: hezbollah
  indicator: boats-in-sour
  mark: '{number|3} {counted|boats} sank in {place=sour|Sour}'
text:
- '{hezbollah|Hezbollah} said 12 boats sank in {tyre|Tyre}.'
- '{hizbullah|Hizbullah} and {hezbollah|Hezbollah} said “no” to {nasrallah|Nasrallah}, according to
  {party-of-god|the Party of God}.'
- '{source|A source close to it} said 3 boats sank in {sour|Sour}, {aide|an aide} said.'
"""
HEZ, HIZ, POG = "hezbollah", "hizbullah", "party-of-god"


class Desk:
    """A service on the boats' record, and the key of an editor."""

    def __init__(self, database: Database) -> None:
        put(database, document("boats", TEXT, ENTITIES))
        self.database = database
        self.client = serve(database)
        self.client.headers.update(key(database, "entities"))

    def post(self, id: str, action: str, **body: Any) -> Response:
        moved = self.client.get(f"/v1/entities/{id}", follow_redirects=False)
        tag = {"If-Match": moved.headers.get("etag", "*")}
        sent: Any = {"json": body} if body else {}
        answer: Response = self.client.post(f"/v1/entities/{id}:{action}", headers=tag, **sent)
        return answer

    def merge(self, id: str, into: str) -> Json:
        answer = self.post(id, "merge", into=into)
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def unmerge(self, id: str) -> Json:
        answer = self.post(id, "unmerge")
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def ids(self, path: str, **parameters: Any) -> set[str]:
        page = ask(self.client, path, limit=200, **parameters)
        return {item["id"].removeprefix("boats.") for item in page["results"]}

    def counted(self, path: str, facet: str, **parameters: Any) -> dict[str, int]:
        values = ask(self.client, path, facet=facet, limit=1, **parameters)["facets"][facet]
        return {value["value"]: value["count"] for value in values}

    def moved(self, id: str, **parameters: Any) -> str | None:
        """Where an id leads by 308."""
        answer = self.client.get(f"/v1/entities/{id}", params=parameters, follow_redirects=False)
        if answer.status_code != 308:
            assert answer.status_code == 200, answer.text
            return None
        assert answer.headers["cache-control"] == "no-cache"
        return str(answer.headers["location"].partition("?")[0].removeprefix("/v1/entities/"))


def serving(database: Database) -> Iterator[Desk]:
    made = Desk(database)
    with made.client:
        yield made
    database.close()


@pytest.fixture
def desk(empty_database: Database) -> Iterator[Desk]:
    yield from serving(empty_database)


@pytest.fixture(scope="module")
def shared_desk(new_database: NewDatabase) -> Iterator[Desk]:
    """Of tests that undo what they merge, or merge nothing."""
    yield from serving(new_database())


# Path and filter, with what is found for one of two entities and for both; `merge` is the pair.
ORGANISATIONS, PLACES = (HIZ, HEZ), ("sour", "tyre")
FILTERS: list[tuple[str, str, tuple[str, str], set[str], set[str]]] = [
    ("quotes", "speaker", ORGANISATIONS, {"q1", "q2"}, {"q1", "q2"}),
    ("quotes", "source", ORGANISATIONS, {"q1", "q2"}, {"q1", "q2"}),
    ("quotes", "speaker", (HEZ, HIZ), {"q2"}, {"q1", "q2"}),
    ("quotes", "source", (HEZ, HIZ), {"q2"}, {"q1", "q2"}),
    ("quotes", "relay", (POG, HEZ), set(), {"q2"}),
    ("quotes", "addressee", ("boats.aide", "boats.source"), set(), set()),
    ("quotes", "speaker", ("boats.aide", "boats.source"), {"q4"}, {"q4", "q5"}),
    ("quotes", "about", PLACES, {"q1"}, {"q1", "q4"}),
    ("quotes", "about__within", ("tyre", "sour"), {"q4"}, {"q1", "q4"}),
    ("claims", "source", (HEZ, HIZ), set(), {"c1"}),
    ("claims", "speaker", (HEZ, HIZ), set(), {"c1"}),
    ("claims", "source", ("boats.source", "boats.aide"), {"c2"}, {"c2"}),
    ("claims", "place", PLACES, {"c1"}, {"c1", "c2"}),
    ("claims", "place__within", PLACES, {"c1"}, {"c1", "c2"}),
    ("claims", "responsible", ORGANISATIONS, {"c2"}, {"c1", "c2"}),
    ("claims", "about", PLACES, {"c1"}, {"c1", "c2"}),
    ("indicators", "place", PLACES, set(), {"boats-in-sour"}),
    ("entities", "part_of", PLACES, set(), {"old-port"}),
    ("entities", "part_of__within", PLACES, {"tyre"}, {"old-port"}),
    ("entities", "acts_for", ORGANISATIONS, set(), {"nasrallah", "aide"}),
]


@pytest.mark.parametrize(("path", "filter", "merge", "before", "after"), FILTERS)
def test_a_filter_finds_what_names_any_of_the_merged(
    shared_desk: Desk, path: str, filter: str, merge: tuple[str, str], before: set[str], after: set[str]
) -> None:
    other, survivor = merge
    if (path, filter) == ("entities", "part_of__within"):
        before = set()
    elsewhere = shared_desk.ids(path, **{filter: other}) if before != after else set()
    assert shared_desk.ids(path, **{filter: survivor}) - {survivor} == before
    number = shared_desk.merge(other, survivor)["revision"]
    assert shared_desk.ids(path, **{filter: survivor}) - {survivor} == after
    assert shared_desk.ids(path, **{filter: survivor, "as_of": number - 1}) - {survivor} == before
    # The old id names nothing any more; the survivor is what was meant.
    refused = shared_desk.client.get(f"/v1/{path}", params={filter: other})
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["nearest"]) == (422, survivor)
    shared_desk.unmerge(other)
    assert shared_desk.ids(path, **{filter: survivor}) - {survivor} == before
    assert not elsewhere or shared_desk.ids(path, **{filter: other}) == elsewhere


# Path and facet, with the counts of two entities before and after one is merged into the other.
FACETS: list[tuple[str, str, tuple[str, str], dict[str, int], dict[str, int]]] = [
    ("quotes", "speaker", ORGANISATIONS, {HIZ: 1, HEZ: 2}, {HEZ: 2}),
    ("quotes", "source", (POG, HEZ), {POG: 2, HEZ: 2}, {HEZ: 3}),
    ("quotes", "relay", (POG, HEZ), {POG: 1}, {HEZ: 1}),
    ("quotes", "addressee", ORGANISATIONS, {}, {}),
    ("quotes", "about", PLACES, {"sour": 1, "tyre": 1}, {"tyre": 2}),
    ("claims", "source", (HEZ, HIZ), {HEZ: 1}, {HIZ: 1}),
    ("claims", "speaker", (HEZ, HIZ), {HEZ: 1}, {HIZ: 1}),
    ("claims", "place", PLACES, {"sour": 1, "tyre": 1}, {"tyre": 2}),
    ("claims", "responsible", ORGANISATIONS, {HIZ: 1, HEZ: 1}, {HEZ: 2}),
    ("claims", "about", ORGANISATIONS, {HIZ: 1, HEZ: 1}, {HEZ: 2}),
    ("mentions", "entity", ORGANISATIONS, {HIZ: 1, HEZ: 2}, {HEZ: 3}),
    ("indicators", "place", PLACES, {"sour": 1}, {"tyre": 1}),
    ("entities", "part_of", PLACES, {"sour": 1}, {"tyre": 1}),
    ("entities", "acts_for", ORGANISATIONS, {HIZ: 2}, {HEZ: 2}),
]


@pytest.mark.parametrize(("path", "facet", "merge", "before", "after"), FACETS)
def test_a_facet_counts_for_the_survivor(
    shared_desk: Desk,
    path: str,
    facet: str,
    merge: tuple[str, str],
    before: dict[str, int],
    after: dict[str, int],
) -> None:
    def counts(**parameters: Any) -> dict[str, int]:
        found = shared_desk.counted(path, facet, **parameters)
        return {id_: number for id_, number in found.items() if id_ in merge}

    assert counts() == before
    number = shared_desk.merge(*merge)["revision"]
    assert counts() == after
    assert counts(as_of=number - 1) == before
    for value in ask(shared_desk.client, path, facet=facet, limit=1)["facets"][facet]:
        total = shared_desk.client.get(value["url"] + "&count=on").json()["total"]
        assert total["value"] == value["count"], value
    shared_desk.unmerge(merge[0])
    assert counts() == before


@pytest.mark.parametrize("path", ["quotes", "claims", "mentions", "indicators", "entities"])
def test_what_was_served_before_a_merge_is_served_as_of_then(desk: Desk, path: str) -> None:
    def read(**parameters: Any) -> list[bytes]:
        query: Any = {"limit": 50, "count": "on", **parameters}
        page = desk.client.get(f"/v1/{path}", params=query)
        items = [
            desk.client.get(f"/v1/{path}/{item['id']}", params=parameters) for item in page.json()["results"]
        ]
        assert {item.status_code for item in items} == {200}
        facets = [name for name in ("speaker", "place", "responsible", "entity", "about") if page.is_success]
        counted = [
            desk.client.get(f"/v1/{path}", params={"facet": name, "limit": 1, **parameters})
            for name in facets
        ]
        return [
            answer.content.replace(b"&as_of=", b"?as_of=")
            for answer in (page, *items, *(c for c in counted if c.is_success))
        ]

    before = read()
    desk.merge(HIZ, HEZ)
    desk.merge("sour", "tyre")
    desk.merge("boats.aide", "boats.source")
    assert read() != before
    assert read(as_of=1) == before
    for id_ in (HIZ, "sour", "boats.aide"):
        desk.unmerge(id_)
    assert read(as_of=1) == before


def test_joins_show_the_survivor(desk: Desk) -> None:
    for id_, into in ((HIZ, HEZ), ("sour", "tyre"), ("boats.aide", "boats.source")):
        desk.merge(id_, into)
    quote = ask(desk.client, "quotes/boats.q2")
    assert [speaker["entity"]["name"] for speaker in quote["speakers"]] == ["Hezbollah", "Hezbollah"]
    assert [speaker["as_written"] for speaker in quote["speakers"]] == ["Hizbullah", "Hezbollah"]
    (link,) = ask(desk.client, "quotes/boats.q4")["chain"]
    assert [s["entity"] for s in link["speakers"]] == [
        {"id": "boats.source", "kind": "actor", "name": "source", "naming": "role"}
    ]
    claim = ask(desk.client, "claims/boats.c2")
    assert (claim["place"]["name"], claim["responsible"]["name"]) == ("Tyre", "Hezbollah")
    assert claim["sources"][0]["chain"][0]["speakers"][0]["entity"]["naming"] == "role"
    assert ask(desk.client, "claims/boats.c1")["responsible"]["id"] == HEZ
    assert ask(desk.client, "indicators/boats-in-sour")["place"]["id"] == "tyre"
    assert ask(desk.client, "entities/old-port")["part_of"]["id"] == "tyre"
    assert ask(desk.client, "entities/nasrallah")["acts_for"]["id"] == HEZ
    mentions = ask(desk.client, "mentions", entity="tyre")["results"]
    assert [mention["exact"] for mention in mentions] == ["Tyre", "Sour"]
    # Of an unnamed one the naming may differ: it is that of the survivor.
    assert desk.ids("quotes", speaker__naming="anonymous") == set()
    assert desk.ids("quotes", relay__naming="role") == {"q4"}
    assert desk.ids("claims", source__naming="anonymous") == set()


def test_counts_are_those_of_all_that_are_merged(desk: Desk) -> None:
    desk.merge(HIZ, HEZ)
    desk.merge(POG, HIZ)
    shown = ask(desk.client, f"entities/{HEZ}")
    assert shown["counts"] == {"mentions": 4, "quotes": 3, "claims": 1}
    for name, number in shown["counts"].items():
        link = {"mentions": "mentions", "quotes": "quotes_by", "claims": "claims_by"}[name]
        page = desk.client.get(shown["links"][link] + "&count=on").json()
        assert page["total"]["value"] == number
    assert desk.ids("entities", mentions__gte=4) == {HEZ}
    assert ask(desk.client, f"entities/{HEZ}", as_of=1)["counts"] == {"mentions": 2, "quotes": 2, "claims": 1}
    assert ask(desk.client, "record")["counts"]["entities"] == 8


def test_names_and_aliases_of_the_merged_find_the_survivor(desk: Desk) -> None:
    desk.merge(HIZ, HEZ)
    desk.merge("tyre", "sour")
    assert desk.ids("entities", prefix="hizb") == {HEZ}
    assert desk.ids("entities", alias="Hizb") == desk.ids("entities", alias="Hizbullah") == {HEZ}
    assert desk.ids("entities", alias="Tyros") == {"sour"}
    assert desk.ids("entities", alias="Hezbollah") == set()
    assert desk.ids("quotes", speaker__contains="hizb") == {"q1", "q2"}
    assert desk.ids("claims", place__contains="tyros") == {"c1", "c2"}
    assert desk.ids("entities", prefix="hizb", as_of=1) == {HIZ}
    assert HIZ not in desk.ids("entities") and desk.ids("entities", as_of=1) >= {HIZ, HEZ}


def test_what_a_document_lists_is_found_by_the_survivor(desk: Desk) -> None:
    put(desk.database, document("more", "In Sour.", "entities: {sour: {kind: place, name: Sour}}"))
    desk.merge("sour", "tyre")
    assert desk.ids("entities", document="more") == {"tyre"}
    assert desk.counted("entities", "document", id="tyre") == {"boats": 1, "more": 1}
    included = ask(desk.client, "documents/more", include="entities")["entities"]
    assert [item["id"] for item in included] == ["tyre"]


def test_a_chain_of_merges_leads_to_its_end(desk: Desk) -> None:
    """And either of its merges can be undone first."""
    assert desk.merge(HIZ, POG)["survivor"] == POG
    assert desk.merge(POG, HEZ)["survivor"] == HEZ
    assert (desk.moved(HIZ), desk.moved(POG), desk.moved(HEZ)) == (HEZ, HEZ, None)
    assert desk.ids("quotes", speaker=HEZ) == {"q1", "q2", "q3"}
    refused = desk.client.get("/v1/quotes", params={"speaker": HIZ}).json()["errors"]
    assert refused[0]["nearest"] == HEZ
    assert (desk.moved(HIZ, as_of=2), desk.moved(POG, as_of=2)) == (POG, None)
    desk.unmerge(POG)
    assert (desk.moved(HIZ), desk.moved(POG)) == (POG, None)
    assert desk.ids("quotes", speaker=POG) == {"q2", "q3"}
    desk.merge(POG, HEZ)
    desk.unmerge(HIZ)
    assert (desk.moved(HIZ), desk.moved(POG)) == (None, HEZ)
    assert desk.ids("quotes", speaker=HIZ) == {"q2"}
    assert desk.ids("quotes", speaker=HEZ) == {"q1", "q2", "q3"}


def test_a_merge_into_one_that_is_merged_leads_on(desk: Desk) -> None:
    desk.merge(HIZ, HEZ)
    merged = desk.merge(POG, HIZ)
    assert (merged["merged_into"], merged["survivor"]) == (HIZ, HEZ)
    desk.unmerge(HIZ)
    assert desk.moved(POG) == HIZ


def test_pages_take_no_more_statements_with_merges(desk: Desk) -> None:
    sent: list[str] = []

    def count() -> list[int]:
        taken = []
        desk.client.get("/v1/quotes")
        for path in ("quotes", "claims", "mentions", "indicators", "entities"):
            for request in (f"{path}?limit=5&count=on", f"{path}?limit=1"):
                sent.clear()
                desk.client.get(f"/v1/{request}")
                # The clock of embargoes asks beside the requests.
                taken.append(
                    len([s for s in sent if s.startswith(("SELECT", "WITH")) and "embargo <" not in s])
                )
        return taken

    engine = desk.client.app.state.database.engine  # type: ignore[attr-defined]
    event.listen(engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    del desk.client.headers["Authorization"]
    before = count()
    desk.client.headers.update(key(desk.database, "entities"))
    desk.merge(HIZ, HEZ)
    del desk.client.headers["Authorization"]
    assert count() == before


@pytest.mark.parametrize(
    ("id", "into", "status", "said"),
    [
        (HIZ, HIZ, 422, "the entity itself"),
        (HIZ, "nobody", 422, "no entity with this id"),
        (HIZ, "tyre", 422, "of kind place"),
        (HIZ, "boats.aide", 422, "of kind actor"),
        ("nasrallah", "boats.aide", 422, "belongs to its document"),
        ("boats.aide", "nasrallah", 422, "belongs to its document"),
        ("boats.aide", "other.aide", 422, "belongs to its document"),
        ("sour", "old-port", 409, "old-port is part of it"),
        ("nobody", HIZ, 404, "no entity with this id"),
    ],
)
def test_what_can_not_be_one_is_not_merged(
    shared_desk: Desk, id: str, into: str, status: int, said: str
) -> None:
    other = "entities: {aide: {kind: actor, naming: role, name: aide}}"
    put(shared_desk.database, document("other", "An aide said no.", other))
    number = ask(shared_desk.client, "record")["revision"]
    refused = shared_desk.post(id, "merge", into=into)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    told = problem["errors"][0]["message"] if status == 422 else problem["detail"]
    assert said in told
    assert status != 422 or problem["errors"][0]["pointer"] == "/into"
    assert ask(shared_desk.client, "record")["revision"] == number


def test_merges_do_not_run_in_a_circle(desk: Desk) -> None:
    desk.merge(HIZ, HEZ)
    desk.merge(POG, HIZ)
    for id_, into, said in ((HEZ, HIZ, "merged into it"), (HEZ, POG, "merged into it"),
                            (HIZ, POG, f"merged into {HEZ} already; undo that merge first")):  # fmt: skip
        refused = desk.post(id_, "merge", into=into)
        assert refused.status_code == 409 and said in refused.json()["detail"]
    refused = desk.post(HEZ, "unmerge")
    assert refused.status_code == 409 and "not merged" in refused.json()["detail"]


def test_of_two_merges_that_make_a_circle_at_once_one_is_made(desk: Desk) -> None:
    for _ in range(5):
        pairs = [(HIZ, HEZ), (HEZ, POG), (POG, HIZ)]
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda pair: desk.post(pair[0], "merge", into=pair[1]), pairs))
        # Two are a chain, and the third would close it.
        assert sorted(answer.status_code for answer in answers) == [200, 200, 409]
        merged = [id_ for (id_, _), answer in zip(pairs, answers, strict=True) if answer.status_code == 200]
        assert len({desk.moved(id_) for id_ in merged}) == 1
        for id_ in merged:
            desk.unmerge(id_)


def test_of_two_edits_that_make_a_circle_at_once_one_is_made(desk: Desk) -> None:
    def into(pair: tuple[str, str], body: Json) -> int:
        headers = {"If-Match": "*"}
        path = f"/v1/entities/{pair[0]}"
        return desk.client.patch(path, json=body, headers=headers, params={"reason": "typo"}).status_code

    for _ in range(5):
        pairs = [(HIZ, HEZ), (HEZ, HIZ)]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda pair: into(pair, {"part_of": pair[1]}), pairs))
        assert sorted(answers) == [200, 422]
        for pair in pairs:
            assert into(pair, {"part_of": None}) == 200


def test_entities_of_one_document_that_are_not_named_merge(desk: Desk) -> None:
    assert desk.merge("boats.aide", "boats.source")["survivor"] == "boats.source"
    assert desk.moved("boats.aide") == "boats.source"
    desk.unmerge("boats.aide")
    assert desk.moved("boats.aide") is None


def test_a_merge_needs_the_state_that_was_read(desk: Desk) -> None:
    path = f"/v1/entities/{HIZ}:merge"
    assert desk.client.post(path, json={"into": HEZ}).status_code == 428
    stale = {"If-Match": '"0123456789ab.0"'}
    assert desk.client.post(path, json={"into": HEZ}, headers=stale).status_code == 412
    merged = desk.post(HIZ, "merge", into=HEZ)
    assert merged.status_code == 200
    # The 308 tells the state with which the merge is undone.
    moved = desk.client.get(f"/v1/entities/{HIZ}", follow_redirects=False)
    assert moved.headers["etag"] == merged.headers["etag"]
    assert desk.client.post(f"/v1/entities/{HIZ}:unmerge").status_code == 428
    assert desk.client.post(f"/v1/entities/{HIZ}:unmerge", headers=stale).status_code == 412
    undone = desk.client.post(f"/v1/entities/{HIZ}:unmerge", headers={"If-Match": merged.headers["etag"]})
    assert undone.status_code == 200 and undone.json()["id"] == HIZ


@pytest.mark.parametrize(
    "body", [{}, {"into": 5}, {"into": None}, {"into": HEZ, "why": "x"}, {"into": "a\0b"}, []]
)
def test_a_merge_says_into_what(shared_desk: Desk, body: Any) -> None:
    refused = shared_desk.client.post(f"/v1/entities/{HIZ}:merge", json=body, headers={"If-Match": "*"})
    assert refused.status_code == 422


def test_merging_is_for_keys_that_may(shared_desk: Desk) -> None:
    path, body = f"/v1/entities/{HIZ}:merge", {"into": HEZ}
    with serve(shared_desk.database) as anybody:
        assert anybody.post(path, json=body).status_code == 401
        for scope, status in (("read", 403), ("write", 403), ("entities", 428), ("admin", 428)):
            answer = anybody.post(path, json=body, headers=key(shared_desk.database, scope))
            assert answer.status_code == status, scope


def events(database: Database, number: int) -> list[tuple[str, str | None, str | None]]:
    with database.read() as session:
        rows = select(col(Event.id), col(Event.kind), col(Event.public)).where(col(Event.revision) == number)
        return [
            (id_, kind, public) for id_, kind, public in session.execute(rows.order_by(col(Event.position)))
        ]


def test_a_merge_and_its_undoing_are_events(desk: Desk) -> None:
    desk.merge(HIZ, POG)
    assert events(desk.database, 2) == [(HIZ, "merged", "merged")]
    # Only of what is merged now: that what was merged before leads on is no news of it.
    desk.merge(POG, HEZ)
    assert events(desk.database, 3) == [(POG, "merged", "merged")]
    desk.unmerge(POG)
    assert events(desk.database, 4) == [(POG, "unmerged", "unmerged")]
    desk.merge("boats.aide", "boats.source")
    assert events(desk.database, 5) == [("boats.aide", "merged", "merged")]


SECRET = "entities: {mole: {kind: organisation, name: Mole}, bug: {kind: organisation, name: Bug}}"


def test_what_drafts_alone_have_is_merged_among_itself(desk: Desk) -> None:
    put(desk.database, document("leak", "Mole and Bug.", SECRET, status="draft"))
    refused = desk.post("mole", "merge", into=HEZ)
    assert refused.status_code == 404, "the key may edit entities, and not see drafts"
    desk.client.headers.update(key(desk.database, "entities", "write"))
    refused = desk.post(HIZ, "merge", into="mole")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/into")
    number = desk.merge("mole", "bug")["revision"]
    assert events(desk.database, number) == [("mole", "merged", None)]
    with serve(desk.database) as anybody:
        for id_ in ("mole", "bug"):
            assert anybody.get(f"/v1/entities/{id_}", follow_redirects=False).status_code == 404


def test_a_survivor_is_seen_as_long_as_a_published_document_lists_any_of_the_merged(desk: Desk) -> None:
    port = "entities: {port: {kind: place, name: Port}}"
    harbour = "entities: {harbour: {kind: place, name: Harbour}}"
    put(desk.database, document("first", "The port.", port), document("second", "The harbour.", harbour))
    desk.merge("port", "harbour")
    put(desk.database, document("second", "The harbour.", harbour, status="draft"))
    assert ask(desk.client, "entities/port")["id"] == "harbour"
    put(desk.database, document("first", "The port.", port, status="draft"))
    number = ask(desk.client, "record")["revision"]
    assert [e for e in events(desk.database, number) if e[0] != "first"] == [("harbour", None, "withdrawn")]
    assert desk.client.get("/v1/entities/harbour").status_code == 404
    assert desk.client.get("/v1/entities/port", follow_redirects=False).status_code == 404
    put(desk.database, document("first", "The port.", port, title="The port"))
    assert ("harbour", None, "created") in events(desk.database, number + 1)
    assert ask(desk.client, "entities/port")["id"] == "harbour"
