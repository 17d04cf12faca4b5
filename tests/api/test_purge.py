"""A purge: the words leave every row, version, answer and file; ids and a tombstone stay."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from annotations.annotated import AnnotatedDocument
from annotations.load import load
from annotations.purge import Purging
from api import starting
from api.access.keys import revoke
from api.writing import purges
from api.writing.purges import Refused, purge_by_command
from models import erasing
from models.api_key import Scope
from models.commit import commit
from models.erasing import erase, unerased
from models.measures import vocabulary
from models.purge import Purged
from models.record import METADATA, By, Conflict, newest
from models.session import Database
from tests.api.test_cli import run
from tests.conftest import DOCUMENT, serve
from tests.documents import document
from tests.keys import id_of, key

REASON = "Court order of 12 March."
ANNOTATION = """
entities:
  geneva: {kind: place, name: Geneva, aliases: [Quoxgenf, City of Peace], description: Vrunkel place}
  docks: {kind: place, name: Snarfport}
  aide: {kind: actor, naming: anonymous, name: zwiebelaide}
indicators: {toll: {label: Snarfindicator, measure: injured, place: docks}}
quotes:
- id: q1
  mark: '{content|At least 41 blorfians were hurt in Snarfport}, one {speaker=aide|zwiebelaide} {cue|said}'
- {id: q2, mark: '{content|It rains}, he {cue|added}'}
claims:
- id: c1
  value: at least 41
  measure: injured
  indicator: toll
  place: docks
  sources: [q1]
  mark: '{number|At least 41} {counted|blorfians} were hurt'
text:
- 'At least 41 blorfians were hurt in Snarfport, one {aide|zwiebelaide} said.'
- 'It rains, he added, in {geneva|Quoxgenf}, a Vrunkel place, the City of Peace.'
"""
PLAIN = """
text:
- At least 41 blorfians were hurt in Snarfport, one zwiebelaide said.
- It rains, he added, in Quoxgenf, a Vrunkel place, the City of Peace.
"""
# What stands in the purged document alone; in a title, and in the note of a revision.
WORDS = ("quoxgenf", "vrunkel", "snarf", "zwiebel", "blorfian", "krimpeltitle", "mumpfnote")
GONE = ("documents/leak", "documents/leak/text", "quotes/leak.q1", "quotes/leak.q2", "claims/leak.c1",
        "entities/leak.aide", "entities/docks", "mentions/leak.m50-61", "indicators/toll",
        "documents/leak/versions", "quotes/leak.q1/versions")  # fmt: skip


def leak(title: str = "Krimpeltitle", annotation: str = ANNOTATION, **fields: str) -> AnnotatedDocument:
    words = "At least 41 blorfians were hurt in Snarfport, one zwiebelaide said.\n"
    words += "It rains, he added, in Quoxgenf, a Vrunkel place, the City of Peace.\n"
    return document("leak", words, annotation, title=title, **fields)


def other(alias: str = "City of Peace") -> AnnotatedDocument:
    annotation = f"""
entities: {{geneva: {{kind: place, name: Geneva, aliases: [{alias}]}}}}
text: ['It is dry in {{geneva|Geneva}}, the {alias}.']
"""
    return document("other", f"It is dry in Geneva, the {alias}.", annotation)


@pytest.fixture
def leaked(empty_database: Database) -> Database:
    """One document to be purged, in two versions, between two revisions of another."""
    by = By("desk", "onrecord load", "typo", "Mumpfnote.")
    for documents, why in (([other()], By()), ([leak()], by), ([leak(title="Second krimpeltitle")], by)):
        load(empty_database, documents, vocabulary(), by=why)
    return empty_database


def admin(database: Database, *scopes: Scope) -> str:
    """The secret of a key with these scopes, or of one that may purge."""
    return key(database, *(scopes or ("admin",)), name="counsel")


def serving(database: Database, *scopes: Scope) -> TestClient:
    client = serve(database)
    client.headers["Authorization"] = f"Bearer {admin(database, *scopes)}"
    return client


def purge(client: TestClient, id: str = "leak", **headers: str) -> Any:
    return client.post(f"/v1/documents/{id}:purge", json={"reason": REASON}, headers=headers)


def cells(database: Database) -> Iterator[str]:
    """Every value in every table of the record and beside it."""
    with database.engine.connect() as connection:
        for table in METADATA.tables.values():
            for row in connection.execute(table.select()):
                yield from (str(value).lower() for value in row)


def files(database: Database) -> bytes:
    """All bytes that the database has on disk, its write-ahead log on PostgreSQL aside."""
    if database.sqlite:
        path = str(database.engine.url.database)
        paths = [Path(path + end) for end in ("", "-wal", "-shm")]
    else:
        with database.engine.connect() as connection:
            folder = connection.execute(text("SHOW data_directory")).scalar_one()
            oid = connection.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
            paths = [
                path for path in (Path(folder) / "base" / str(oid.scalar_one())).iterdir() if path.is_file()
            ]
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CHECKPOINT"))
    return b"".join(path.read_bytes() for path in paths if path.exists()).lower()


def found(database: Database) -> set[str]:
    """Those of the words that stand in the files."""
    content = files(database)
    return {word for word in WORDS if word.encode() in content}


def test_the_words_leave_all_tables_and_all_files(leaked: Database) -> None:
    assert found(leaked) == set(WORDS)
    with serving(leaked) as client:
        assert client.get("/v1/quotes?q=blorfians").json()["results"]
        answer = purge(client)
    assert answer.status_code == 200, answer.text
    assert answer.json()["erased"] is not None
    told = {name: answer.json()[name] for name in ("document", "outcome", "revision", "reason")}
    assert told == {"document": "leak", "outcome": "purged", "revision": 4, "reason": REASON}
    assert (answer.json()["entities"], answer.json()["indicators"]) == (["docks"], ["toll"])
    assert not [value for value in cells(leaked) if any(word in value for word in WORDS)]
    assert found(leaked) == set()
    if leaked.sqlite:
        with leaked.engine.connect() as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
            assert not connection.execute(text("PRAGMA foreign_key_check")).all()


def test_what_was_purged_is_gone_at_every_revision(leaked: Database) -> None:
    with serving(leaked) as client:
        for path in GONE[:-3]:
            assert client.get(f"/v1/{path}").status_code == 200, path
        made = purge(client).json()
        for headers in (dict(client.headers), {"Authorization": ""}):
            client.headers = {name: value for name, value in headers.items() if value}
            for path in GONE:
                for at in ("", "?as_of=1", "?as_of=3", "?as_of=4"):
                    answer = client.get(f"/v1/{path}{at}")
                    assert answer.status_code == 410, (path, at, answer.text)
                    about = {"revision": 4, "time": made["time"], "reason": "purged"}
                    assert answer.json()["withdrawn"] == about
                    assert REASON not in answer.text
            for revision in (1, 2, 3, 4):
                for path in ("quotes", "claims", "documents", "mentions", "entities", "indicators"):
                    assert "leak" not in client.get(f"/v1/{path}?as_of={revision}&format=ndjson").text
                    assert "Snarf" not in client.get(f"/v1/{path}?as_of={revision}").text
                assert client.get(f"/v1/search?q=blorfians&as_of={revision}").json()["results"] == []
                assert client.get(f"/v1/quotes?document=leak&as_of={revision}").status_code == 422
        assert client.get("/v1/documents/other").status_code == 200
        assert len(client.get("/v1/documents/other/versions").json()["results"]) == 1


def test_the_feed_has_a_tombstone_of_each_item_and_the_events_before(leaked: Database) -> None:
    load(leaked, [document("draft", "Nothing.", status="draft")], vocabulary())
    commit(leaked, Purging(["leak", "draft"], REASON), By())
    with leaked.engine.connect() as connection:
        events = connection.execute(
            text("SELECT revision, position, noun, id, kind, public FROM event ORDER BY revision, position")
        ).all()
    last = [tuple(event) for event in events if event.revision == 5]
    position, both = iter(range(10)), ("purged", "purged")
    corrected = ("entity", "geneva", "corrected", "corrected")
    assert last == [
        (5, next(position), *corrected),
        (5, next(position), "document", "draft", "purged", None),
        (5, next(position), "document", "leak", *both),
        (5, next(position), "quote", "leak.q1", *both),
        (5, next(position), "quote", "leak.q2", *both),
        (5, next(position), "claim", "leak.c1", *both),
        (5, next(position), "entity", "docks", *both),
        (5, next(position), "entity", "leak.aide", *both),
    ]
    assert {event.id for event in events if event.revision == 2} >= {
        "leak",
        "leak.q1",
        "leak.c1",
        "docks",
    }


def test_what_others_share_stays_without_the_words_of_the_purged(leaked: Database) -> None:
    with serving(leaked) as client:
        assert "Quoxgenf" in client.get("/v1/entities/geneva").json()["aliases"]
        purge(client)
        for at in (1, 2, 3, 4):
            geneva = client.get(f"/v1/entities/geneva?as_of={at}").json()
            assert (geneva["name"], geneva["aliases"]) == ("Geneva", ["City of Peace"])
            assert geneva["description"] is None
            assert not client.get(f"/v1/entities?q=vrunkel&as_of={at}").json()["results"]
            assert client.get(f"/v1/entities?q=peace&as_of={at}").json()["results"]
        assert client.get("/v1/entities/geneva/versions").json()["results"][0]["changes"] == []
        assert client.get("/v1/documents/other").json()["recorded"]["revision"] == 1


def test_the_words_leave_also_what_the_desk_has_edited(leaked: Database) -> None:
    with serving(leaked) as client:
        changed = {"country": "CH"}
        headers, why = {"If-Match": "*"}, {"reason": "annotation"}
        edited = client.patch("/v1/entities/geneva", json=changed, headers=headers, params=why)
        assert "Quoxgenf" in edited.json()["aliases"]
        purge(client)
        geneva = client.get("/v1/entities/geneva").json()
        assert (geneva["country"], geneva["aliases"]) == ("CH", ["City of Peace"])
        assert geneva["description"] is None
        left = [cell for cell in cells(leaked) if "quoxgenf" in cell or "vrunkel" in cell]
        assert not left


def test_versions_of_shared_entities_that_rest_on_the_purged_alone_go(empty_database: Database) -> None:
    for one in (leak(), other("Town of Peace"), leak(annotation=PLAIN)):
        load(empty_database, [one], vocabulary())
    commit(empty_database, Purging(["leak"], REASON), By())
    with serve(empty_database) as client:
        assert client.get("/v1/entities/geneva?as_of=1").status_code == 404
        assert client.get("/v1/entities/geneva?as_of=2").status_code == 200
        assert client.get("/v1/entities/geneva").status_code == 200


def test_what_no_document_lists_any_more_is_withdrawn(empty_database: Database) -> None:
    dry = document("other", "It is dry.")
    for one in (other(), leak(), dry):
        load(empty_database, [one], vocabulary())
    commit(empty_database, Purging(["leak"], REASON), By())
    with serve(empty_database) as client:
        assert client.get("/v1/entities/geneva?as_of=1").status_code == 200
        assert client.get("/v1/entities/geneva").status_code == 410


def test_notes_stay_with_revisions_that_changed_other_documents_too(empty_database: Database) -> None:
    load(empty_database, [leak(), other()], vocabulary(), by=By(note="Both of them."))
    load(empty_database, [leak(title="Again")], vocabulary(), by=By(note="Mumpfnote."))
    commit(empty_database, Purging(["leak"], REASON), By())
    with empty_database.engine.connect() as connection:
        notes = connection.execute(
            text("SELECT note FROM revision WHERE number > 0 ORDER BY number")
        ).scalars()
        assert list(notes) == ["Both of them.", None, None]


def test_lists_of_earlier_revisions_have_another_tag(leaked: Database) -> None:
    paths = [
        f"{path}as_of=3"
        for path in ("quotes?", "search?q=blorfians&", "record?", "entities/geneva?", "documents/leak/text?",
                     "entities/geneva/versions?")
    ]  # fmt: skip
    with serving(leaked) as client:
        tags = {path: client.get(f"/v1/{path}").headers["ETag"] for path in paths}
        purge(client)
        for path, tag in tags.items():
            answer = client.get(f"/v1/{path}", headers={"If-None-Match": tag})
            assert answer.status_code in (200, 410), path


def test_a_cursor_of_before_goes_on_without_what_was_purged(leaked: Database) -> None:
    with serving(leaked) as client:
        following = client.get("/v1/quotes?limit=1&sort=position").json()["next"]
        purge(client)
        assert client.get(following).json()["results"] == []


def test_what_was_purged_does_not_come_back(leaked: Database) -> None:
    with serving(leaked) as client:
        purge(client)
        with pytest.raises(Purged):
            load(leaked, [leak()], vocabulary())
        about = {"title": "Leak", "published": "2024-10-15", "basis": "stated"}
        body = {"text": "Nothing.", "annotation": {"document": about, "text": ["Nothing."]}}
        assert client.put("/v1/documents/leak", json=body).status_code == 410
        assert client.put("/v1/documents/another", json=body).status_code == 201


def test_purged_twice_says_so_and_changes_nothing(leaked: Database) -> None:
    with serving(leaked) as client:
        first = purge(client).json()
        again = client.post("/v1/documents/leak:purge", json={"reason": "Another."})
        assert again.status_code == 200
        expected = {**first, "outcome": "unchanged", "rows": 0, "entities": [], "indicators": []}
        assert again.json() == expected
        assert client.get("/v1/record").json()["revision"] == 4


def test_a_purge_of_nothing_is_refused_with_the_nearest(leaked: Database) -> None:
    with serving(leaked) as client:
        answer = purge(client, "leek")
        assert answer.status_code == 404
        assert "did you mean leak?" in answer.json()["detail"]
        assert client.get("/v1/record").json()["revision"] == 3


@pytest.mark.parametrize("scopes", [["write"], ["read"], ["entities", "subscriptions"]])
def test_a_purge_needs_the_scope_admin(leaked: Database, scopes: list[Scope]) -> None:
    with serving(leaked, *scopes) as client:
        assert purge(client).status_code == 403
        assert client.get("/v1/documents/leak").status_code == 200


@pytest.mark.parametrize(
    "body", ['{"reason": ""}', '{"reason": null}', "{}", '["reason"]', '{"reason": "x", "y": 1}']
)
def test_a_purge_says_why(leaked: Database, body: str) -> None:
    with serving(leaked) as client:
        answer = client.post(
            "/v1/documents/leak:purge", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422
        assert client.post("/v1/documents/leak:purge", content="reason").status_code == 415


def test_saved_answers_about_it_and_about_mistakes_are_forgotten(leaked: Database) -> None:
    saved = "INSERT INTO answer (key, token, request, subject, status, headers, body, time)"
    rows = (("leak", 200), ("leak.q1", 200), ("another", 422), (None, 200), ("other", 200))
    with leaked.write() as session:
        for token, (subject, status) in enumerate(rows):
            told = {"token": str(token), "subject": subject, "status": status, "body": str(subject)}
            values = "('k', :token, 'r', :subject, :status, '{}', :body, '2999-01-01T00:00:00.000Z')"
            session.execute(text(f"{saved} VALUES {values}"), told)
    with serving(leaked) as client:
        first = purge(client, **{"Idempotency-Key": "once"})
        again = purge(client, **{"Idempotency-Key": "once"})
    with leaked.engine.connect() as connection:
        left = connection.execute(text("SELECT subject FROM answer WHERE key = 'k'")).scalars()
        assert list(left) == ["other"]
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"


def test_the_audit_says_who_purged(leaked: Database) -> None:
    with serving(leaked) as client:
        purge(client)
        purge(client, "nothing")
    with pytest.raises(Refused):
        purge_by_command(leaked, ["other"], REASON, admin(leaked, "write"))
    purge_by_command(leaked, ["other"], REASON, admin(leaked))
    with leaked.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT agent, subject, status, revision FROM audit WHERE operation LIKE 'purge%' ORDER BY id"
            )
        )
        told = [("counsel", "leak", 200, 4), ("counsel", "nothing", 404, None), ("counsel", None, 403, None)]
        assert [tuple(row) for row in rows] == [*told, ("counsel", "other", 200, 5)]


def test_while_others_read_the_words_stay_in_the_files_and_it_is_said(
    leaked: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(leaked) as client:
        with leaked.read() as reader, monkeypatch.context() as impatient:
            impatient.setattr(erasing, "PATIENCE", 0.2)
            newest(reader)
            answer = purge(client)
            assert answer.json()["erased"] is None
            assert unerased(leaked) == ["leak"]
            assert found(leaked)
            assert client.get("/v1/documents/leak").status_code == 410
        assert purge(client).json()["erased"] is not None
    assert unerased(leaked) == []
    assert found(leaked) == set()
    assert erase(leaked)


def test_a_purge_that_is_not_erased_is_tried_again_with_the_next(leaked: Database) -> None:
    commit(leaked, Purging(["leak"], REASON), By())
    assert unerased(leaked) == ["leak"]
    assert purges.purge_by_command(leaked, ["other"], REASON, admin(leaked))[0]["revision"] == 5
    assert unerased(leaked) == []
    assert found(leaked) == set()


def test_a_purge_among_writers_leaves_nothing_of_theirs(leaked: Database) -> None:
    def correct(writer: int) -> None:
        for time in range(4):
            title = f"Krimpeltitle {writer} {time}"
            # What came first is told; another writer, or the purge.
            with suppress(Conflict, Purged):
                load(leaked, [leak(title=title), document(f"other-{writer}", title[-3:])], vocabulary())

    with ThreadPoolExecutor(4) as writers:
        running = [writers.submit(correct, writer) for writer in range(3)]
        writers.submit(commit, leaked, Purging(["leak"], REASON), By()).result()
        for one in running:
            one.result()
    assert erase(leaked)
    assert found(leaked) == set()
    assert not [value for value in cells(leaked) if any(word in value for word in WORDS)]


def test_the_command_purges_with_a_key_of_an_admin(leaked: Database, tmp_path: Path) -> None:
    url = leaked.engine.url.render_as_string(hide_password=False)
    given = ("purge", "leak", "--reason", REASON, "--database-url", url)
    assert "--yes" in run(*given, "--key", admin(leaked), folder=tmp_path, code=1).stderr
    assert "admin" in run(*given, "--key", admin(leaked, "write"), "--yes", folder=tmp_path, code=1).stderr
    ended = admin(leaked)
    revoke(leaked, id_of(ended))
    assert "revoked" in run(*given, "--key", ended, "--yes", folder=tmp_path, code=1).stderr
    done = run(*given, "--key", admin(leaked), "--yes", folder=tmp_path)
    assert "leak: purged in revision 4" in done.stdout
    assert "Backups" in done.stderr
    again = run(*given, "--key", admin(leaked), "--yes", folder=tmp_path)
    assert "purged before, in revision 4" in again.stdout
    wrong = run(*given[:1], "othr", *given[2:], "--key", admin(leaked), "--yes", folder=tmp_path, code=1)
    assert "did you mean other?" in wrong.stderr
    assert found(leaked) == set()


def test_the_service_starts_without_a_seed_that_was_purged(
    seeded_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The planner's samples hold words, too.
    with seeded_database.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    commit(seeded_database, Purging([DOCUMENT], REASON), By())
    assert unerased(seeded_database) == [DOCUMENT]
    assert b"benjamin netanyahu" in files(seeded_database)
    lines: list[str] = []
    url = seeded_database.engine.url.render_as_string(hide_password=False)
    monkeypatch.setattr("uvicorn.run", lambda *_, **__: None)
    monkeypatch.setenv("ONRECORD_DATABASE_URL", url)
    monkeypatch.setenv("ONRECORD_SEEDS", "true")
    starting.serve({"database_url": url}, 1, lines.append)
    assert f"The seed is not loaded: document {DOCUMENT}" in lines[0]
    assert unerased(seeded_database) == []
    assert b"benjamin netanyahu" not in files(seeded_database)
