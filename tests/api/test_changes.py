"""The feed of changes: gap-free, from any place on, as those who ask can see it; and what it refuses."""

import json
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, event, text
from sqlmodel import col, select

from annotations.load import load
from annotations.purge import Purging
from annotations.read import read_files
from api.access.keys import create
from api.following.watch import Watch
from migrations.schema import migrate
from models.commit import commit
from models.event import Event
from models.measures import vocabulary
from models.record import By
from models.session import Database
from tests.api.asking import Json
from tests.api.test_entities import merge
from tests.api.test_merges import Desk
from tests.conftest import DOCUMENT, SEED, NewDatabase, Statements, serve
from tests.documents import document, put
from tests.feeds import DELETED, entries, links, terms, valid
from tests.feeds import text as words_of

ANNOTATION = """
entities:
  anna: {kind: actor, name: Anna Roth}
  arda: {kind: place, name: Arda}
  aide: {kind: actor, naming: anonymous, name: aide}
quotes:
- id: q1
  mark: '{speaker=aide|An aide} {cue|warned} {addressee=anna|Anna Roth} that {content|41 people died in Arda}'
claims:
- id: c1
  sources: [q1]
  value: "41"
  measure: killed
  place: arda
  mark: '{number|41} {counted|people} died in Arda'
text:
- '{aide|An aide} warned {anna|Anna Roth} that 41 people died in {arda|Arda}.'
- 'It rained.'
"""
WORDS = "An aide warned Anna Roth that 41 people died in Arda.\nIt rained.\n"
CREATED = [
    ("document.created", "a"), ("quote.created", "a.q1"), ("claim.created", "a.c1"),
    ("entity.created", "a.aide"), ("entity.created", "anna"), ("entity.created", "arda"),
]  # fmt: skip


SINGING = """
entities:
  anne: {kind: actor, name: Anne Roth}
text: ['{anne|Anne Roth} sang.']
"""


def write(database: Database, id: str = "a", *, number: int = 41, quoted: bool = True, **fields: str) -> None:
    """A document with a quote and a claim, or without."""
    parts = ANNOTATION.replace("41", str(number))
    if not quoted:
        parts = parts[parts.index("text:") :].replace("{aide|An aide}", "An aide")
        parts = parts.replace("{anna|Anna Roth}", "Anna Roth").replace("{arda|Arda}", "Arda")
    put(database, document(id, WORDS.replace("41", str(number)), parts, **fields))


def ask(client: TestClient, query: str = "", **headers: str) -> Json:
    answer = client.get(f"/v1/changes{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    content: Json = answer.json()
    return content


def told(page: Json) -> list[tuple[str, str]]:
    return [(change["type"], change["id"]) for change in page["results"]]


def everything(client: TestClient, query: str, **headers: str) -> list[Json]:
    page = ask(client, query, **headers)
    found: list[Json] = page["results"]
    while page["results"]:
        page = ask(client, page["next"].removeprefix("/v1/changes"), **headers)
        found += page["results"]
    return found


def until_waiting(client: TestClient, number: int) -> None:
    watch: Watch = client.app.state.watch  # type: ignore[attr-defined]
    while watch.waiting < number:
        time.sleep(0.01)


def refused(client: TestClient, query: str, **headers: str) -> dict[str, str]:
    answer = client.get(f"/v1/changes{query}", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    return {error["parameter"]: error["message"] for error in answer.json()["errors"]}


@pytest.fixture
def desk(empty_database: Database) -> dict[str, str]:
    return {"Authorization": f"Bearer {create(empty_database, 'city desk', ['write'], None)[1]}"}


@pytest.fixture
def desk_of_boats(empty_database: Database) -> Iterator[Desk]:
    made = Desk(empty_database)
    with made.client:
        yield made


@pytest.fixture
def service(empty_database: Database) -> Iterator[TestClient]:
    """A client of a service on the empty database."""
    with serve(empty_database) as client:
        yield client


def test_the_feed_begins_with_the_record_and_goes_on_page_by_page(
    client: TestClient, seeded_database: Database
) -> None:
    with seeded_database.read() as session:
        order = (col(Event.revision), col(Event.position))
        rows = session.execute(select(Event).order_by(*order)).scalars().all()
    for limit in (1, 7, 1000):
        if limit == 1:
            found = ask(client, "?limit=1")["results"]
            assert len(found) == 1
            continue
        found = everything(client, f"?limit={limit}")
        assert [(c["revision"], c["noun"], c["id"], c["change"]) for c in found] == [
            (row.revision, row.noun, row.id, row.public) for row in rows
        ]


def test_a_change_says_what_happened_when_why_and_where(
    empty_database: Database, service: TestClient
) -> None:
    write(empty_database)
    by = By("Mara", "onrecord load", "typo", "Read again.")
    parts = ANNOTATION.replace("41", "42")
    load(empty_database, [document("a", WORDS.replace("41", "42"), parts)], vocabulary(), by=by)
    change = next(c for c in ask(service)["results"] if c["type"] == "claim.corrected")
    about = {name: value for name, value in change.items() if name not in ("cursor", "time")}
    assert about == {
        "type": "claim.corrected", "noun": "claim", "change": "corrected", "id": "a.c1", "document": "a",
        "revision": 2, "agent": None, "tool": "onrecord load", "reason": "typo", "note": "Read again.",
        "url": "/v1/claims/a.c1?as_of=2", "into": None,
    }  # fmt: skip
    assert service.get(change["url"]).json()["recorded"] == {"revision": 2, "time": change["time"]}


def test_each_change_can_be_gone_on_from(service: TestClient, empty_database: Database) -> None:
    write(empty_database)
    write(empty_database, number=42)
    every = ask(service)["results"]
    for place, change in enumerate(every):
        assert ask(service, f"?after={change['cursor']}")["results"] == every[place + 1 :]


def test_next_is_always_there_and_tells_what_comes(service: TestClient, empty_database: Database) -> None:
    page = ask(service, "?limit=9&type=quote&type=claim.created")
    assert page["results"] == [] and (page["total"], page["facets"]) == (None, None)
    for number in (41, 42, 43):
        write(empty_database, number=number)
        query = urlsplit(page["next"]).query
        assert parse_qs(query).keys() == {"after", "limit", "type"}
        answer = service.get(page["next"])
        assert answer.links["next"]["url"] == answer.json()["next"]
        page = answer.json()
        change = "created" if number == 41 else "corrected"
        also = [("claim.created", "a.c1")] if number == 41 else []
        assert told(page) == [(f"quote.{change}", "a.q1"), *also]
    assert told(ask(service, page["next"].removeprefix("/v1/changes"))) == []


def test_what_is_withdrawn_is_told_and_has_no_address(service: TestClient, empty_database: Database) -> None:
    write(empty_database)
    start = ask(service)["cursor"]
    write(empty_database, quoted=False)
    page = ask(service, f"?after={start}")
    assert told(page) == [
        ("quote.withdrawn", "a.q1"), ("claim.withdrawn", "a.c1"), ("entity.withdrawn", "a.aide"),
        ("entity.withdrawn", "anna"), ("entity.withdrawn", "arda"),
    ]  # fmt: skip
    assert {change["url"] for change in page["results"]} == {None}


def test_a_merged_entity_is_told_with_the_one_that_survives(
    service: TestClient, empty_database: Database
) -> None:
    write(empty_database)
    put(empty_database, document("b", "Anne Roth sang.", SINGING))
    start = ask(service)["cursor"]
    merge(empty_database, "anne", "anna")
    (change,) = ask(service, f"?after={start}")["results"]
    assert (change["type"], change["id"], change["into"]) == ("entity.merged", "anne", "anna")
    moved = service.get(change["url"], follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (308, "/v1/entities/anna?as_of=3")


def test_what_is_purged_is_told_to_all_whom_it_may_have_concerned(
    service: TestClient, empty_database: Database
) -> None:
    """Nothing is left that says who said it."""
    write(empty_database)
    write(empty_database, "b")
    start = ask(service, "?entity=anna")["cursor"]
    (entry,) = entries(valid(service.get("/v1/quotes?format=atom&document=a").content))
    name = words_of(entry, "id")
    commit(empty_database, Purging(["a"], "Court order."), By())
    gone = {("quote.purged", "a.q1"), ("claim.purged", "a.c1")}
    for query in (f"?after={start}", f"?after={start}&entity=anna", "?entity=arda&type=quote&type=claim"):
        found = ask(service, query)["results"]
        assert {(c["type"], c["id"]) for c in found} >= gone, query
        assert {c["url"] for c in found if c["change"] == "purged"} == {None}
    assert told(ask(service, f"?after={start}&entity=anna&type=quote.created")) == []
    feed = valid(service.get("/v1/changes?format=atom&type=quote.purged").content)
    (mark,) = feed.findall(f"{DELETED}deleted-entry")
    assert entries(feed) == [] and mark.attrib["ref"] == name
    assert valid(service.get("/v1/quotes?format=atom&as_of=0").content) is not None


def test_a_merge_and_its_undoing_are_told(desk_of_boats: Desk) -> None:
    client = desk_of_boats.client
    start = ask(client)["cursor"]
    desk_of_boats.merge("hizbullah", "hezbollah")
    desk_of_boats.unmerge("hizbullah")
    found = ask(client, f"?after={start}&entity=hizbullah")["results"]
    assert [(c["type"], c["id"], c["into"]) for c in found] == [
        ("entity.merged", "hizbullah", "hezbollah"), ("entity.unmerged", "hizbullah", None),
    ]  # fmt: skip


def test_readers_follow_what_they_can_read_and_the_desk_its_drafts(
    service: TestClient, empty_database: Database, desk: dict[str, str]
) -> None:
    write(empty_database, status="draft")
    assert told(ask(service)) == [] and told(ask(service, **desk)) == CREATED
    readers, drafts = ask(service)["cursor"], ask(service, **desk)["cursor"]
    write(empty_database)
    assert told(ask(service, f"?after={readers}")) == CREATED
    assert told(ask(service, f"?after={drafts}", **desk)) == [("document.corrected", "a")]
    agents = [ask(service, **headers)["results"][0]["agent"] for headers in ({}, desk)]
    assert agents == [None, None]
    load(empty_database, [document("c", "Mara wrote.")], vocabulary(), by=By("Mara"))
    agents = [ask(service, "?document=c", **headers)["results"][0]["agent"] for headers in ({}, desk)]
    assert agents == [None, "Mara"]


def test_types_and_documents_are_filters(service: TestClient, empty_database: Database) -> None:
    write(empty_database)
    write(empty_database, "b")
    write(empty_database, number=42)
    assert told(ask(service, "?document=b&type=claim&type=quote")) == [
        ("quote.created", "b.q1"), ("claim.created", "b.c1"),
    ]  # fmt: skip
    assert told(ask(service, "?type=claim.corrected")) == [("claim.corrected", "a.c1")]
    assert {c["document"] for c in everything(service, "?document=a&document=b&limit=3")} == {"a", "b"}
    assert told(ask(service, "?type=claim.withdrawn")) == []


ASKED = {"quotes": ("speaker", "addressee", "about"), "claims": ("place", "responsible", "about", "source")}


def _ids(client: TestClient, entity: str) -> set[str]:
    """What the lists find of an entity."""
    found = {entity}
    for name, filters in ASKED.items():
        for filter in filters:
            page = client.get(f"/v1/{name}", params={filter: entity, "limit": 200}).json()
            found |= {item["id"] for item in page["results"]}
    return found


def test_an_entity_is_concerned_by_what_the_lists_find_of_it(client: TestClient) -> None:
    """From the beginning, where its rows lead to the events, and where few follow, which are looked at."""
    first = ask(client, "?limit=1")["cursor"]
    entities = client.get("/v1/entities?limit=200&sort=-quotes").json()["results"]
    assert len(entities) > 20
    for entity in [*entities[:4], *entities[4::8]]:
        expected = _ids(client, entity["id"])
        # The first event, left out here, is the document's.
        for start in ("?", f"?after={first}&"):
            found = everything(client, f"{start}entity={entity['id']}&limit=40")
            assert {change["id"] for change in found} == expected, entity["id"]
            assert len(found) == len(expected)


def test_what_ceases_to_concern_an_entity_concerned_it(service: TestClient, empty_database: Database) -> None:
    write(empty_database)
    start = ask(service)["cursor"]
    quiet = ANNOTATION.replace("{addressee=anna|Anna Roth}", "Anna Roth").replace("  place: arda\n", "")
    put(empty_database, document("a", WORDS, quiet))
    for entity in ("anna", "arda"):
        assert ("quote.corrected", "a.q1") in told(ask(service, f"?after={start}&entity={entity}"))
        assert ("quote.corrected", "a.q1") in told(ask(service, f"?entity={entity}"))
    write(empty_database, number=42)
    assert ("quote.corrected", "a.q1") in told(ask(service, "?entity=anna&sort=-recorded&limit=1"))


def test_what_concerned_a_merged_entity_concerns_the_one_that_survives(
    service: TestClient, empty_database: Database
) -> None:
    write(empty_database)
    other = ANNOTATION.replace("anna", "anne").replace("Anna Roth", "Anne Roth")
    put(empty_database, document("b", WORDS.replace("Anna", "Anne"), other))
    assert "b.q1" not in {id for _, id in told(ask(service, "?entity=anna"))}
    start = ask(service)["cursor"]
    merge(empty_database, "anne", "anna")
    for asked in ("anna", "anne"):
        found = told(ask(service, f"?entity={asked}"))
        assert {("quote.created", "a.q1"), ("quote.created", "b.q1"), ("entity.merged", "anne")} <= set(found)
        assert told(ask(service, f"?entity={asked}&after={start}")) == [("entity.merged", "anne")]


def test_the_newest_come_first_where_that_is_asked_and_it_ends(
    service: TestClient, empty_database: Database
) -> None:
    for number in (41, 42, 43):
        write(empty_database, number=number)
    every = ask(service)["results"]
    page = ask(service, "?sort=-recorded&limit=4")
    found = page["results"]
    while page["next"]:
        page = ask(service, page["next"].removeprefix("/v1/changes"))
        found += page["results"]
    assert found == every[::-1]


def test_cursors_of_other_records_and_lists_are_refused(
    service: TestClient, empty_database: Database, seeded_database: Database
) -> None:
    write(empty_database)
    with serve(seeded_database) as other:
        theirs, lists = ask(other)["cursor"], other.get("/v1/quotes?limit=1").json()["next"]
    assert "another record" in refused(service, f"?after={theirs}")["after"]
    assert refused(service, f"?after={parse_qs(urlsplit(lists).query)['cursor'][0]}")
    ours = ask(service)["cursor"]
    for place in (0, len(ours) // 2, len(ours) - 1):
        changed = "A" if ours[place] != "A" else "B"
        assert refused(service, f"?after={ours[:place]}{changed}{ours[place + 1 :]}").keys() == {"after"}
    for damaged in ("abc", "", ours[:-1], ours + "A", "9" * 5000):
        assert refused(service, f"?after={damaged}").keys() == {"after"}


def test_a_cursor_of_what_a_restored_copy_never_had_is_refused(tmp_path: Path) -> None:
    """Nobody follows on as if nothing was lost: the revisions have the same numbers, and are others."""
    paths = [tmp_path / name for name in ("lost.sqlite", "restored.sqlite")]
    lost, restored = (Database(f"sqlite:///{path}") for path in paths)
    migrate(lost)
    write(lost)
    lost.close()
    shutil.copy(*paths)
    for database in (lost, restored):
        write(database, number=42)
    with serve(lost) as client:
        first, last = ask(client, "?limit=1")["cursor"], ask(client)["cursor"]
    with serve(restored) as client:
        assert told(ask(client, f"?after={first}"))
        assert "restored from a copy" in refused(client, f"?after={last}")["after"]
        write(lost, number=43)
        with serve(lost) as other:
            later = ask(other)["cursor"]
        assert "not on this record" in refused(client, f"?after={later}")["after"]


def test_a_cursor_outlives_the_process_that_gave_it(seeded_database: Database) -> None:
    pages = []
    for _ in range(2):
        with serve(seeded_database) as client:
            pages.append(ask(client, "?limit=5"))
    assert pages[0] == pages[1]


def test_what_nothing_ever_had_is_refused(
    service: TestClient, empty_database: Database, desk: dict[str, str]
) -> None:
    write(empty_database, status="draft")
    for query in ("?entity=nobody", "?document=none", "?entity=anna&wait=30", "?document=a"):
        assert refused(service, query)
    assert refused(service, "?entity=nobody&document=none").keys() == {"entity", "document"}
    assert told(ask(service, "?entity=anna&document=a", **desk))
    write(empty_database)
    write(empty_database, quoted=False)
    assert ("entity.withdrawn", "a.aide") in told(ask(service, "?entity=a.aide"))
    start = ask(service)["cursor"]
    assert told(ask(service, f"?entity=a.aide&after={start}")) == []


def test_what_contradicts_itself_is_refused(service: TestClient) -> None:
    for query, blamed in {
        "?wait=1&sort=-recorded": "wait", "?wait=1&format=atom": "wait", "?wait=1&format=sse": "wait",
        "?limit=1&format=sse": "limit", "?sort=recorded&format=sse": "sort", "?wait=61": "wait",
        "?wait=-1": "wait", "?wait=soon": "wait", "?limit=0": "limit", "?limit=1001": "limit",
        "?type=quote.merged": "type", "?type=mention": "type", "?format=csv": "format", "?sort=id": "sort",
        "?count=on": "count", "?as_of=1": "as_of", "?cursor=x": "cursor", "?entity=": "entity",
        "?after=x&after=y": "after", "?wait=1&wait=1": "wait",
    }.items():  # fmt: skip
        assert refused(service, query).keys() <= {blamed, None}, query


def test_accept_chooses_the_format(client: TestClient) -> None:
    for accept, media in {
        "*/*": "application/json", "text/html, */*;q=0.8": "application/json",
        "application/x-ndjson": "application/x-ndjson", "application/atom+xml": "application/atom+xml",
    }.items():  # fmt: skip
        answer = client.get("/v1/changes?limit=1", headers={"Accept": accept})
        assert answer.headers["content-type"] == media
    assert client.get("/v1/changes", headers={"Accept": "text/csv"}).status_code == 406
    stream = client.head("/v1/changes", headers={"Accept": "text/event-stream"})
    assert stream.headers["content-type"].startswith("text/event-stream")


def test_lines_are_the_page_and_the_link_goes_on(client: TestClient) -> None:
    page = ask(client, "?limit=5")
    lines = client.get("/v1/changes?limit=5&format=ndjson")
    assert [json.loads(line) for line in lines.text.splitlines()] == page["results"]
    following = parse_qs(urlsplit(lines.links["next"]["url"]).query)
    assert (following["after"], following["format"]) == ([page["cursor"]], ["ndjson"])


def test_a_page_that_did_not_change_is_not_sent_again(
    service: TestClient, empty_database: Database, desk: dict[str, str]
) -> None:
    write(empty_database, status="draft")
    for query in ("?limit=2", "?format=ndjson", "?format=atom"):
        tag = service.get(f"/v1/changes{query}").headers["etag"]
        known = {"If-None-Match": tag}
        assert service.get(f"/v1/changes{query}", headers=known).status_code == 304
        assert service.get(f"/v1/changes{query}", headers=known | desk).status_code == 200
        write(empty_database, f"about-{len(query)}")
        assert service.get(f"/v1/changes{query}", headers=known).status_code == 200


def test_as_a_feed_the_newest_come_first_and_what_is_gone_leaves_its_mark(
    service: TestClient, empty_database: Database
) -> None:
    write(empty_database)
    write(empty_database, number=42)
    write(empty_database, quoted=False)
    feed = valid(service.get("/v1/changes?format=atom&type=quote").content)
    assert [child.tag.rpartition("}")[2] for child in feed][-3:] == ["deleted-entry", "entry", "entry"]
    names = [words_of(entry, "id") for entry in entries(feed)]
    (gone,) = feed.findall(f"{DELETED}deleted-entry")
    corrected, created = entries(feed)
    assert [terms(entry)["type"] for entry in (corrected, created)] == ["quote.corrected", "quote.created"]
    assert {gone.attrib["ref"], *names} == {names[0]}
    # The same name as in the feed of quotes itself.
    listed = valid(service.get("/v1/quotes?format=atom&as_of=2").content)
    assert [words_of(entry, "id") for entry in entries(listed)] == names[:1]
    assert gone.attrib["when"] > words_of(corrected, "updated") > words_of(created, "updated")
    assert links(corrected)["alternate"] == "http://testserver/v1/quotes/a.q1?as_of=2"
    first = valid(service.get("/v1/changes?format=atom&limit=1").content)
    second = valid(service.get(links(first)["next"]).content)
    assert (len(entries(second)) + len(second.findall(f"{DELETED}deleted-entry"))) == 1
    oldest = valid(service.get("/v1/changes?format=atom&type=quote&sort=recorded").content)
    assert [words_of(entry, "updated") for entry in entries(oldest)] == [
        words_of(entry, "updated") for entry in (created, corrected)
    ]


def test_a_head_neither_waits_nor_streams(service: TestClient) -> None:
    for query in ("?wait=60", "?format=sse"):
        head = service.head(f"/v1/changes{query}")
        assert (head.status_code, head.content) == (200, b"")


def test_who_waits_is_told_as_soon_as_something_happens(
    service: TestClient, empty_database: Database
) -> None:
    page = ask(service, "?type=claim&wait=60")["next"] if told(ask(service)) else ask(service)["next"]
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(service.get, f"{page}&wait=60&type={type}") for type in ("claim", "document")]
        until_waiting(service, 2)
        # Nothing of what the first one waits for.
        write(empty_database, quoted=False)
        assert told(waiting[1].result().json()) == [("document.created", "a")]
        assert not waiting[0].done()
        write(empty_database)
        assert told(waiting[0].result().json()) == [("claim.created", "a.c1")]


def test_who_waits_for_nothing_gets_a_page_to_go_on_from(service: TestClient) -> None:
    page = ask(service, "?wait=1")
    assert page["results"] == [] and page["next"].startswith("/v1/changes?after=")
    assert "wait=1" in page["next"]


def test_who_waits_with_a_key_that_is_revoked_learns_no_more(
    service: TestClient, empty_database: Database, desk: dict[str, str]
) -> None:
    page = ask(service, **desk)["next"]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(service.get, f"{page}&wait=60", headers=desk)
        until_waiting(service, 1)
        with empty_database.write() as session:
            session.execute(text("UPDATE api_key SET revoked = created"))
        write(empty_database, status="draft")
        assert waiting.result().status_code == 401


@contextmanager
def away(database: Database) -> Iterator[None]:
    """Whoever asks the database gets an error, and connections that were open are lost."""
    name, open_ones = database.engine.url.database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    elsewhere = create_engine(database.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with elsewhere.connect() as connection:
        connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
        connection.execute(text(f"{open_ones} WHERE datname = '{name}'"))
        try:
            yield
        finally:
            connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
    elsewhere.dispose()


def test_who_waits_while_the_database_is_away_is_told_afterwards(
    service: TestClient, empty_database: Database
) -> None:
    if empty_database.sqlite:
        # A file is not away for a while.
        return
    page = ask(service)["next"]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(service.get, f"{page}&wait=60")
        until_waiting(service, 1)
        with away(empty_database):
            assert service.get("/v1/changes").status_code == 503
            # The watch has looked in vain several times by then.
            assert service.get(f"{page}&wait=1").status_code == 503
            assert not waiting.done()
        write(empty_database)
        assert told(waiting.result().json()) == CREATED


def test_a_page_is_found_through_indexes_however_long_the_feed(
    new_database: NewDatabase, backend: str
) -> None:
    """What a page asks SQLite for goes through no table from one end to the other."""
    if backend != "sqlite":
        # PostgreSQL rightly goes through the few rows of a test.
        return
    database = new_database(seeded=True)
    statements = Statements()
    event.listen(database.engine, "before_cursor_execute", statements.record)
    with serve(database) as client:
        engine = client.app.state.database.engine  # type: ignore[attr-defined]
        event.listen(engine, "before_cursor_execute", statements.record)
        place = ask(client, "?limit=9")["cursor"]
        for query in ("?", f"?after={place}&", f"?after={place}&sort=-recorded&"):
            for asked in ("", f"document={DOCUMENT}", "entity=hezbollah", "type=claim&entity=lebanon"):
                ask(client, query + asked)
    asked_for = {statement for statement in statements.sent if "event" in statement}
    assert len(asked_for) > 10
    with database.engine.begin() as connection:
        # Without what SQLite knows of so small a record it takes every table for a large one.
        connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    database.engine.dispose()
    with database.engine.connect() as connection:
        for statement in asked_for:
            plan = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", (0,) * statement.count("?")
            ).all()
            tables = "event|following|speaker|mention|span|claim|claim_source|quote|source_quote|revision"
            scans = [row[3] for row in plan if row[3].split()[:2] in [["SCAN", t] for t in tables.split("|")]]
            # Without a cursor the feed is read from its beginning, in its order, as far as the page goes; of
            # what was purged an index has nothing else.
            few = ("sqlite_autoindex_event_1", "ix_event_purged")
            assert not [scan for scan in scans if not scan.endswith(few)], (statement, scans)


def test_the_feed_of_a_record_that_is_loaded_again_tells_no_news(empty_database: Database) -> None:
    seed = read_files([SEED], vocabulary())
    load(empty_database, seed, vocabulary())
    with serve(empty_database) as client:
        last = ask(client, "?limit=1000")
        load(empty_database, seed, vocabulary())
        assert ask(client, last["next"].removeprefix("/v1/changes"))["results"] == []
