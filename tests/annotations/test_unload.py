"""Unloading: a document comes back from the record as it was handed in, and as it stood at any revision."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import event

from annotations.annotated import AnnotatedDocument
from annotations.load import load
from annotations.states import state_digest
from annotations.unload import annotated
from annotations.unload import documents as on_record
from annotations.write import write
from models.session import Database
from tests.annotations.documents import documents
from tests.annotations.flood import MEASURES, SECTIONS, flood
from tests.conftest import DOCUMENT, SEED, NewDatabase


@pytest.fixture(scope="module")
def database(new_database: NewDatabase) -> Database:
    """A record that the tests of this module add to."""
    return new_database(seeded=True)


def unload(database: Database, id_: str, at: int | None = None) -> AnnotatedDocument:
    with database.read() as session:
        return annotated(session, id_, at)


def test_the_seed_comes_back_byte_for_byte(database: Database, seed: AnnotatedDocument) -> None:
    document = unload(database, DOCUMENT)
    assert document == seed
    assert write(document, MEASURES) == SEED.with_suffix(".claims.yaml").read_bytes()
    assert document.text.encode() == SEED.read_bytes()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(made=documents())
def test_any_document_comes_back_as_it_was(database: Database, made: AnnotatedDocument) -> None:
    document = replace(made, id=f"made-{state_digest(made)[:16]}")
    load(database, [document], MEASURES)
    again = unload(database, document.id)
    assert again == document
    assert state_digest(again) == state_digest(document)
    assert write(again, MEASURES) == write(document, MEASURES)


def test_a_document_is_read_as_it_stood(empty_database: Database) -> None:
    whole = flood()
    less = flood(claims="")
    load(empty_database, [whole], MEASURES)
    load(empty_database, [less], MEASURES)
    load(empty_database, [replace(whole, id="second")], MEASURES)
    assert [unload(empty_database, "harbour-flood", at) for at in (1, 2, 3, None)] == [
        whole,
        less,
        less,
        less,
    ]
    with empty_database.read() as session:
        found = [on_record(session, at) for at in (0, 1, 2, 3, None)]
        both = ["harbour-flood", "second"]
        assert found == [[], ["harbour-flood"], ["harbour-flood"], both, both]
        for id_, at in (("harbour-flood", 0), ("second", 2), ("third", None)):
            with pytest.raises(LookupError, match=f"no document {id_} is on record"):
                annotated(session, id_, at)


def test_what_nothing_refers_to_survives(empty_database: Database) -> None:
    entities = (
        SECTIONS["entities"]
        + "  bay: {kind: place, name: Bay}\n  crew: {kind: actor, naming: role, name: crew}\n"
    )
    document = flood(
        entities=entities, indicators="\n  tide: {label: The tide, measure: displaced, place: bay}\n"
    )
    load(empty_database, [document], MEASURES)
    assert unload(empty_database, document.id) == document


def test_entities_come_as_the_record_has_them_now(empty_database: Database) -> None:
    """Another document's name for it is an alias; what that document says it is part of stays there."""
    load(empty_database, [flood()], MEASURES)
    more = "un: {kind: organisation, name: UN, part_of: world}\n  world: {kind: organisation, name: World}"
    entities = SECTIONS["entities"].replace(
        "un: {kind: organisation, name: United Nations, aliases: [U.N.], wikidata: Q1065}", more
    )
    load(empty_database, [replace(flood(entities=entities), id="second")], MEASURES)
    first = {entity.key: entity for entity in unload(empty_database, "harbour-flood").entities}
    assert list(first) == ["aide", "un", "harbour"]
    assert (first["un"].aliases, first["un"].part_of) == (("U.N.", "UN"), None)
    assert unload(empty_database, "harbour-flood", 1) == flood()


def test_a_document_is_read_in_as_many_statements_whatever_its_length(database: Database) -> None:
    load(database, [flood()], MEASURES)
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        counts = []
        for id_ in ("harbour-flood", DOCUMENT):
            unload(database, id_)
            counts.append(len(sent))
            sent.clear()
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    assert counts == [12, 12]
