"""Quotes: every filter against the annotation of the seed, the chain of sources, silences, days."""

import pytest
from fastapi.testclient import TestClient

from annotations.annotated import AnnotatedDocument, Quote
from models.folding import fold
from models.session import Database
from tests.api.asking import ask, chain, entity, ids, mentioned, of_quotes, sources, speakers, status
from tests.conftest import serve
from tests.documents import document, put


def test_quotes_filter_by_speaker(client: TestClient, seed: AnnotatedDocument) -> None:
    for key in {key for quote in seed.quotes for key in speakers(quote)}:
        said = of_quotes(seed, lambda q, key=key: key in speakers(q))
        assert ids(client, "quotes", speaker=entity(seed, key)) == said
        assert ids(client, "quotes", speaker__not=entity(seed, key)) == of_quotes(seed, bool) - said


def test_quotes_of_several_speakers_are_those_of_any(client: TestClient, seed: AnnotatedDocument) -> None:
    either = {"naim-qassem", "matthew-miller"}
    found = of_quotes(seed, lambda q: either & set(speakers(q)))
    assert ids(client, "quotes", speaker=sorted(either)) == found


def test_quotes_filter_by_a_part_of_the_speakers_name_or_alias(
    client: TestClient, seed: AnnotatedDocument
) -> None:
    names = {e.key: [fold(name) for name in (e.name, *e.aliases)] for e in seed.entities}
    for words, plain in (
        ("NÉTANYAHU", "netanyahu"),
        ("refugee “Agency”", "refugee agency"),
        ("UNHCR", "unhcr"),
    ):
        keys = {key for key, folded in names.items() if any(plain in name for name in folded)}
        said = of_quotes(seed, lambda q, keys=keys: keys & set(speakers(q)))
        assert said
        assert ids(client, "quotes", speaker__contains=words) == said


def test_quotes_without_a_speaker(client: TestClient, seed: AnnotatedDocument) -> None:
    silent = of_quotes(seed, lambda q: not speakers(q))
    assert silent
    assert ids(client, "quotes", speaker="none") == silent
    assert ids(client, "quotes", speaker__not="none") == of_quotes(seed, speakers)
    iran = of_quotes(seed, lambda q: not speakers(q) or "unhcr" in speakers(q))
    assert ids(client, "quotes", speaker=["none", "unhcr"]) == iran


def test_quotes_filter_by_the_kind_of_their_speaker(client: TestClient, seed: AnnotatedDocument) -> None:
    kinds = {e.key: e.kind for e in seed.entities}
    for kind in ("actor", "organisation"):
        found = of_quotes(seed, lambda q, kind=kind: any(kinds[key] == kind for key in speakers(q)))
        assert ids(client, "quotes", speaker__kind=kind) == found


def test_quotes_filter_by_relay(client: TestClient, seed: AnnotatedDocument) -> None:
    relays = {key for quote in seed.quotes for link in chain(seed, quote) for key in speakers(link)}
    assert {"us-officials", "israeli-sources-on-call", "matthew-miller"} <= relays
    for key in relays:
        through = of_quotes(seed, lambda q, key=key: any(key in speakers(link) for link in chain(seed, q)))
        assert ids(client, "quotes", relay=entity(seed, key)) == through
    assert ids(client, "quotes", relay="none") == of_quotes(seed, lambda q: not chain(seed, q))


def test_quotes_filter_by_any_link_of_the_chain(client: TestClient, seed: AnnotatedDocument) -> None:
    for key in {key for quote in seed.quotes for key in speakers(quote)}:
        found = of_quotes(seed, lambda q, key=key: key in sources(seed, q))
        assert ids(client, "quotes", source=entity(seed, key)) == found
    assert ids(client, "quotes", source="none") == of_quotes(seed, lambda q: not sources(seed, q))


@pytest.mark.parametrize("naming", ["named", "role", "anonymous", "collective"])
def test_quotes_filter_by_the_naming_of_a_source(
    client: TestClient, seed: AnnotatedDocument, naming: str
) -> None:
    such = {e.key for e in seed.entities if e.naming == naming}
    assert ids(client, "quotes", source__naming=naming) == of_quotes(seed, lambda q: such & sources(seed, q))
    said = of_quotes(seed, lambda q: such & set(speakers(q)))
    assert ids(client, "quotes", speaker__naming=naming) == said
    relayed = of_quotes(seed, lambda q: any(such & set(speakers(link)) for link in chain(seed, q)))
    assert ids(client, "quotes", relay__naming=naming) == relayed


def test_two_filters_on_the_chain_hold_together(client: TestClient, seed: AnnotatedDocument) -> None:
    both = of_quotes(seed, lambda q: "lloyd-austin" in speakers(q) and "us-officials" in sources(seed, q))
    parameters = {"source": entity(seed, "us-officials"), "relay": entity(seed, "us-officials")}
    assert ids(client, "quotes", speaker="lloyd-austin", **parameters) == both == {"q12", "q13"}


def test_quotes_filter_by_addressee(client: TestClient, seed: AnnotatedDocument) -> None:
    for key in {key for quote in seed.quotes for key in speakers(quote, "addressee")}:
        to = of_quotes(seed, lambda q, key=key: key in speakers(q, "addressee"))
        assert ids(client, "quotes", addressee=entity(seed, key)) == to


def test_quotes_filter_by_whom_they_are_about(client: TestClient, seed: AnnotatedDocument) -> None:
    for key in ("hezbollah", "israel", "gaza", "southern-lebanon"):
        found = of_quotes(seed, lambda q, key=key: key in mentioned(seed, q.spans, "content"))
        assert found
        assert ids(client, "quotes", about=key) == found


@pytest.mark.parametrize("field", ["form", "act", "polarity"])
def test_quotes_filter_by_their_terms(client: TestClient, seed: AnnotatedDocument, field: str) -> None:
    for term in {getattr(quote, field) for quote in seed.quotes}:
        such = of_quotes(seed, lambda q, term=term: getattr(q, field) == term)
        assert ids(client, "quotes", **{field: term}) == such
        assert ids(client, "quotes", **{f"{field}__not": term}) == of_quotes(seed, bool) - such


def test_quotes_filter_by_document_and_outlet(client: TestClient, seed: AnnotatedDocument) -> None:
    every = of_quotes(seed, bool)
    assert ids(client, "quotes", document=seed.id) == ids(client, "quotes", outlet=seed.outlet) == every
    assert ids(client, "quotes", outlet="none") == set()
    assert status(client, "quotes", document="another") == 422


def test_content_is_found_by_its_words_folded(client: TestClient, seed: AnnotatedDocument) -> None:
    assert ids(client, "quotes", words__contains="RESPONDING to thésè") == {"q38"}
    assert ids(client, "quotes", words__contains="laws of war") == {"q42"}


SAID = {
    "said=2024-10-13": ("2024-10-13", "2024-10-13"),
    "said=2024-10": ("2024-10-01", "2024-10-31"),
    "said__gte=2024-10-14": ("2024-10-14", "9"),
    "said__gt=2024-10-13": ("2024-10-14", "9"),
    "said__lt=2024-10-14": ("0", "2024-10-13"),
    "said__lte=2024-10-13": ("0", "2024-10-13"),
    "said__gte=2024-10-13&said__lt=2024-10-15": ("2024-10-13", "2024-10-14"),
    "said__within=2024-10-13..2024-10-15": ("2024-10-13", "2024-10-14"),
    "said__overlaps=2024-10-01..2024-10-15": ("2024-10-01", "2024-10-14"),
}


@pytest.mark.parametrize(("query", "days"), SAID.items())
def test_days_of_speech_are_half_open(
    client: TestClient, seed: AnnotatedDocument, query: str, days: tuple[str, str]
) -> None:
    first, last = days

    def within(quote: Quote) -> bool:
        said = quote.said.interval if quote.said else None
        return said is not None and first <= str(said.earliest) and str(said.latest) <= last

    parameters = dict(part.split("=") for part in query.split("&"))
    assert ids(client, "quotes", **parameters) == of_quotes(seed, within)


def test_a_chain_is_innermost_first_with_the_speakers_of_each_link(
    client: TestClient, seed: AnnotatedDocument
) -> None:
    for quote in seed.quotes:
        shown = ask(client, f"quotes/{seed.id}.{quote.id}")
        assert [link["id"] for link in shown["chain"]] == [f"{seed.id}.{q.id}" for q in chain(seed, quote)]
        for link, outer in zip(shown["chain"], chain(seed, quote), strict=True):
            named = [speaker["entity"]["id"] for speaker in link["speakers"]]
            assert named == [entity(seed, key) for key in speakers(outer)]
        assert set(shown["relays"]) == {f"{seed.id}.{id_}" for id_ in quote.relays}
        assert set(shown["embeds"]) == {f"{seed.id}.{id_}" for id_ in quote.embeds}
        assert shown["responds_to"] == (f"{seed.id}.{quote.responds}" if quote.responds else None)


def test_what_is_merely_contained_is_no_link_of_a_chain(client: TestClient, seed: AnnotatedDocument) -> None:
    proposal = ask(client, f"quotes/{seed.id}.q17")
    assert proposal["embedded_in"] == f"{seed.id}.q16" and proposal["chain"] == []
    assert "q17" not in ids(client, "quotes", source="benjamin-netanyahu")


def test_a_quote_shows_its_speakers_as_written(client: TestClient, seed: AnnotatedDocument) -> None:
    for quote in seed.quotes:
        shown = ask(client, f"quotes/{seed.id}.{quote.id}")
        for role, name in (("speaker", "speakers"), ("addressee", "addressees")):
            written = [
                (entity(seed, s.entity), None if s.start is None else seed.text[s.start : s.end])
                for s in quote.speakers
                if s.role == role
            ]
            assert [(s["entity"]["id"], s["as_written"]) for s in shown[name]] == written


def test_a_silence_has_no_content_and_says_what_it_answers(client: TestClient) -> None:
    silences = ask(client, "quotes", act="silence")["results"]
    assert silences
    assert all(s["content"] is None and s["responds_to"] for s in silences)
    answered = ask(client, f"quotes/{silences[0]['responds_to']}")
    assert silences[0]["id"] in answered["responses"]


def test_a_quote_lists_the_claims_that_rest_on_it(client: TestClient, seed: AnnotatedDocument) -> None:
    for quote in seed.quotes:
        rest = {f"{seed.id}.{c.id}" for c in seed.claims if quote.id in {s.quote for s in c.sources}}
        assert set(ask(client, f"quotes/{seed.id}.{quote.id}")["claims"]) == rest


def test_sentences_come_on_request(client: TestClient, seed: AnnotatedDocument) -> None:
    shown = ask(client, f"quotes/{seed.id}.q32", include="sentences")
    assert len(shown["sentences"]) == 1
    assert shown["sentences"][0]["exact"].startswith("Qassem warned that more Israelis")
    assert all(item["sentences"] for item in ask(client, "quotes", include="sentences")["results"])


CHAIN = """
entities:
  ann: {kind: actor, name: Ann}
  ben: {kind: actor, name: Ben}
  cleo: {kind: actor, name: Cleo}
quotes:
- {id: q1, mark: '{speaker=ann|Ann} {cue|saw} {content|smoke}'}
- {id: q2, relays: q1, mark: '{speaker=ben|Ben} {cue|told}'}
- {id: q3, relays: q2, mark: '{cue|according to} {speaker=cleo|Cleo}'}
text: ['{ann|Ann} saw smoke, {ben|Ben} told, according to {cleo|Cleo}.']
"""


def test_a_chain_of_three_is_climbed_and_descended(empty_database: Database) -> None:
    put(empty_database, document("smoke", "Ann saw smoke, Ben told, according to Cleo.", CHAIN))
    with serve(empty_database) as client:
        links = ask(client, "quotes/smoke.q1")["chain"]
        assert [[s["entity"]["id"] for s in link["speakers"]] for link in links] == [["ben"], ["cleo"]]
        assert ids(client, "quotes", relay="cleo") == {"q1", "q2"}
        assert ids(client, "quotes", relay="ben") == {"q1"}
        assert ids(client, "quotes", source="cleo") == {"q1", "q2", "q3"}
        counts = ask(client, "quotes", facet=["source", "relay"], limit=1)["facets"]
        assert {v["value"]: v["count"] for v in counts["source"]} == {"ann": 1, "ben": 2, "cleo": 3}
        assert {v["value"]: v["count"] for v in counts["relay"]} == {"ben": 1, "cleo": 2}


def test_speakers_that_nobody_knows_are_refused(client: TestClient) -> None:
    assert status(client, "quotes", speaker="nobody") == 422
    assert status(client, "quotes", speaker="") == 422
    assert status(client, "quotes", words__contains="!?") == 422
