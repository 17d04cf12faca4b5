"""Indicators: the questions, and the claims that answer them."""

from fastapi.testclient import TestClient

from annotations.annotated import AnnotatedDocument
from tests.api.asking import ask, ids, whole


def test_an_indicator_counts_the_claims_that_answer_it(client: TestClient, seed: AnnotatedDocument) -> None:
    for indicator in seed.indicators:
        shown = ask(client, f"indicators/{indicator.key}")
        answers = [claim.id for claim in seed.claims if claim.indicator == indicator.key]
        assert shown["claims"] == len(answers)
        found = client.get(shown["claims_url"]).json()["results"]
        assert {claim["id"] for claim in found} == {f"{seed.id}.{id_}" for id_ in answers}
        assert (shown["place"] or {}).get("id") == indicator.place


def test_indicators_filter_by_measure_place_words_and_claims(
    client: TestClient, seed: AnnotatedDocument
) -> None:
    def of(**values: object) -> set[str]:
        return {i.key for i in seed.indicators if all(getattr(i, n) == v for n, v in values.items())}

    assert ids(client, "indicators", measure="killed") == of(measure="killed")
    assert ids(client, "indicators", place="lebanon") == of(place="lebanon")
    assert ids(client, "indicators", place="none") == of(place=None)
    assert ids(client, "indicators", place__within="lebanon") == {
        i.key for i in seed.indicators if i.place in whole(seed, "lebanon")
    }
    assert ids(client, "indicators", label__contains="INJURED in") == of(measure="injured")
    answers = [claim.indicator for claim in seed.claims]
    twice = {i.key for i in seed.indicators if answers.count(i.key) >= 2}
    assert ids(client, "indicators", claims__gte=2) == twice
