"""What answers for what is gone: one rule for a document and all that it has."""

import pytest

from annotations.annotated import AnnotatedDocument
from models.session import Database
from tests.conftest import serve
from tests.documents import document, put

PATHS = (
    "documents/no", "documents/no/text", "quotes/no.q1", "entities/no.aide", "entities/geneva",
    "indicators/tide",
)  # fmt: skip
SHARED = """
entities: {aide: {kind: actor, naming: anonymous, name: aide}, geneva: {kind: place, name: Geneva}}
indicators: {tide: {label: How many, measure: displaced}}
"""
QUOTES = "quotes: [{id: q1, mark: '{content|no}'}]"


def no(status: str = "published", note: str = "", quotes: str = QUOTES) -> AnnotatedDocument:
    return document("no", "An aide said no in Geneva.", SHARED + quotes, status=status, note=note)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("status", ["draft", "embargoed"])
def test_what_may_come_back_is_not_called_withdrawn(empty_database: Database, path: str, status: str) -> None:
    for loaded in (no(), no(status), no(status, "Not yet."), no(status, quotes="")):
        put(empty_database, loaded)
        expected = 200 if loaded == no() else 404
        with serve(empty_database) as client:
            assert client.get(f"/v1/{path}").status_code == expected


@pytest.mark.parametrize("path", PATHS)
def test_what_was_withdrawn_is_told_by_the_revision_that_withdrew_it(
    empty_database: Database, path: str
) -> None:
    put(empty_database, no())
    put(empty_database, no("embargoed", "Wait."))
    put(empty_database, no("withdrawn", "It was made up."))
    put(empty_database, no("withdrawn", "By an intern."))
    with serve(empty_database) as client:
        gone = client.get(f"/v1/{path}")
        assert gone.status_code == 410
        told = gone.json()["withdrawn"]
        assert (told["revision"], told["note"]) == (3, "It was made up.")
        assert "as_of=1 still shows it" in gone.json()["detail"]
        assert client.get(f"/v1/{path}?as_of=1").status_code == 200
        assert client.get(f"/v1/{path}?as_of=2").status_code == 404


def test_what_went_before_its_document_has_its_own_revision(empty_database: Database) -> None:
    for loaded in (no(), no(quotes=""), no("withdrawn", "It was made up.", quotes="")):
        put(empty_database, loaded)
    with serve(empty_database) as client:
        assert client.get("/v1/quotes/no.q1").json()["withdrawn"]["revision"] == 2
        assert client.get("/v1/documents/no").json()["withdrawn"]["revision"] == 3


def test_what_another_document_has_stays(empty_database: Database) -> None:
    geneva = "entities: {geneva: {kind: place, name: Geneva}}"
    put(empty_database, no(), document("yes", "In Geneva.", geneva))
    put(empty_database, no("withdrawn", "It was made up."))
    with serve(empty_database) as client:
        assert client.get("/v1/entities/geneva").status_code == 200
        put(empty_database, document("yes", "In Geneva.", geneva, status="embargoed", note="Wait."))
        assert client.get("/v1/entities/geneva").status_code == 404
