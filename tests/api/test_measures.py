"""Measures: the vocabulary with its definitions, and how often each term is used."""

from fastapi.testclient import TestClient

from annotations.annotated import AnnotatedDocument
from models.measures import vocabulary
from tests.api.asking import ask, ids


def test_the_vocabulary_is_served_whole(client: TestClient, seed: AnnotatedDocument) -> None:
    shown = {item["id"]: item for item in ask(client, "measures", limit=200)["results"]}
    assert shown.keys() == vocabulary().keys()
    for id_, term in vocabulary().items():
        assert (shown[id_]["label"], shown[id_]["unit"], shown[id_]["definition"]) == (
            term.label, term.unit, term.definition,
        )  # fmt: skip
        assert shown[id_]["claims"] == sum(claim.measure == id_ for claim in seed.claims)


def test_measures_filter_by_unit_words_and_use(client: TestClient, seed: AnnotatedDocument) -> None:
    assert ids(client, "measures", unit="person") == {
        t.id for t in vocabulary().values() if t.unit == "person"
    }
    used = {claim.measure for claim in seed.claims}
    assert ids(client, "measures", claims__gte=1) == used
    assert ids(client, "measures", claims__lt=1) == vocabulary().keys() - used
    assert "killed" in ids(client, "measures", definition__contains="KILLED")
