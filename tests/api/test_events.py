"""Events: whoever folds them up has, at every revision, exactly what the lists show at that revision."""

import random
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from annotations.annotated import AnnotatedDocument
from annotations.load import load
from models.event import Event
from models.events import record_events
from models.measures import vocabulary
from models.revision import Revision
from models.session import Database
from tests.api.writers import key
from tests.conftest import serve
from tests.documents import document

Items = set[tuple[str, str]]
NOUNS = {"documents": "document", "entities": "entity", "quotes": "quote", "claims": "claim"}
GONE = ("withdrawn", "merged", "purged")
TEXT = "At least {n} people fled, Ann Lee said. Bob Roe agreed. The aide warned of rain in Tyre.\n"


def some_document(chance: random.Random, id: str) -> AnnotatedDocument:
    """A document with a choice of shared and of its own entities, quotes, claims, and a status."""
    n = chance.randint(2, 4)
    named = chance.sample(["ann", "bob", "tyre"], chance.randint(1, 3))
    lines = {
        "ann": "ann: {kind: actor, name: Ann Lee}",
        "bob": "bob: {kind: actor, name: Bob Roe}",
        "tyre": "tyre: {kind: place, name: Tyre}",
    }
    entities = [lines[name] for name in named] + ["aide: {kind: actor, naming: role, name: aide}"]
    quotes, claims = [], []
    if "ann" in named:
        mark = f"{{content|At least {n} people fled}}, {{speaker=ann|Ann Lee}} {{cue|said}}"
        quotes.append(f"- {{id: q1, act: {chance.choice(['statement', 'warning'])}, mark: '{mark}'}}")
        claim = f"{{number|At least {n}}} {{counted|people}} fled"
        claims.append(
            f"- {{id: c1, value: at least {n}, measure: displaced, sources: [q1], mark: '{claim}'}}"
        )
    if chance.random() < 0.5:
        mark = "{speaker=aide|The aide} {cue|warned of} {content|rain}"
        quotes.append(f"- {{id: q2, act: warning, mark: '{mark}'}}")
    mentions = {"Ann Lee": "ann", "Bob Roe": "bob", "Tyre": "tyre"}
    sentence = TEXT.format(n=n).strip().replace("The aide", "{aide|The aide}")
    for words, name in mentions.items():
        sentence = sentence.replace(words, f"{{{name}|{words}}}") if name in named else sentence
    parts = [f"text: ['{sentence}']", "entities:", *(f"  {line}" for line in entities)]
    parts += ["quotes:", *quotes] if quotes else []
    parts += ["claims:", *claims] if claims else []
    status = chance.choices(["published", "draft", "embargoed", "withdrawn"], [6, 2, 1, 1])[0]
    return document(id, TEXT.format(n=n), "\n".join(parts), status=status)


def shown(client: TestClient, revision: int, **headers: str) -> Items:
    found: Items = set()
    for resource, noun in NOUNS.items():
        page = client.get(f"/v1/{resource}", params={"limit": 200, "as_of": revision}, headers=headers)
        found |= {(noun, item["id"]) for item in page.json()["results"]}
    return found


def told(database: Database, column: str) -> list[tuple[int, str, str, str]]:
    query = select(Event).order_by(col(Event.revision), col(Event.position))
    with database.read() as session:
        events = session.execute(query).scalars().all()
        return [
            (event.revision, event.noun, event.id, getattr(event, column))
            for event in events
            if getattr(event, column) is not None
        ]


@pytest.mark.parametrize("number", range(3))
def test_events_fold_up_to_what_is_shown(empty_database: Database, number: int) -> None:
    chance = random.Random(number)
    for _ in range(14):
        ids = chance.sample(["one", "two", "three"], chance.randint(1, 2))
        load(empty_database, [some_document(chance, id_) for id_ in ids], vocabulary(), again=True)
    client, desk = serve(empty_database), key(empty_database, "write")
    newest: Any = client.get("/v1/record").json()["revision"]
    for column, headers in (("public", {}), ("kind", desk)):
        held: Items = set()
        events = told(empty_database, column)
        for revision in range(newest + 1):
            for at, noun, id_, kind in events:
                if at == revision:
                    item = (noun, id_)
                    assert (item in held) == (kind != "created"), (at, item, kind)
                    held = held - {item} if kind in GONE else held | {item}
            assert held == shown(client, revision, **headers), (column, revision)


def test_the_past_is_told_as_it_was_told_then(empty_database: Database) -> None:
    """A record that comes from before there were events gets those that it would have had."""
    chance = random.Random(7)
    for _ in range(10):
        load(empty_database, [some_document(chance, chance.choice(["one", "two"]))], vocabulary(), again=True)
    before = {column: told(empty_database, column) for column in ("public", "kind")}
    with empty_database.write() as session:
        connection = session.connection()
        kept = "event_delete_kept", "event_insert_written_with_revision"
        for trigger in kept:
            connection.exec_driver_sql(
                f"DROP TRIGGER {trigger}" if empty_database.sqlite else f"DROP TRIGGER {trigger} ON event"
            )
        connection.exec_driver_sql("DELETE FROM event")
        for made in session.execute(select(Revision).order_by(col(Revision.number))).scalars().all():
            record_events(session, made.key, made.number, newest=False)
    assert {column: told(empty_database, column) for column in ("public", "kind")} == before


def test_an_event_names_its_rows(empty_database: Database) -> None:
    """By them a follower of an entity is served, and a version compared with the one before."""
    chance = random.Random(3)
    for _ in range(6):
        load(empty_database, [some_document(chance, "one")], vocabulary(), again=True)
    with empty_database.read() as session:
        for event in session.execute(select(Event)).scalars():
            kind = event.kind or event.public
            assert event.row_key is not None or kind == "withdrawn"
            assert event.before_key is not None or kind == "created"
            assert event.row_key != event.before_key or event.kind != "corrected"
