"""Claims: filters against the annotation of the seed, exact numbers, bounds, sources."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from annotations.annotated import AnnotatedDocument, Claim
from models.session import Database
from tests.api.asking import ask, entity, ids, mentioned, sources, speakers, status, whole
from tests.conftest import Statements, serve
from tests.documents import document, put


def of_claims(seed: AnnotatedDocument, test: Callable[..., Any]) -> set[str]:
    return {claim.id for claim in seed.claims if test(claim)}


def behind(seed: AnnotatedDocument, claim: Claim) -> list[Any]:
    quotes = {quote.id: quote for quote in seed.quotes}
    return [quotes[source.quote] for source in claim.sources]


@pytest.mark.parametrize("field", ["measure", "unit", "aggregation", "modality"])
def test_claims_filter_by_their_terms(client: TestClient, seed: AnnotatedDocument, field: str) -> None:
    for term in {getattr(claim, field) for claim in seed.claims} - {None}:
        such = of_claims(seed, lambda c, term=term: getattr(c, field) == term)
        assert ids(client, "claims", **{field: term}) == such
        assert ids(client, "claims", **{f"{field}__not": term}) == of_claims(seed, bool) - such


@pytest.mark.parametrize("field", ["comparator", "bounds_basis"])
def test_claims_filter_by_how_the_figure_is_limited(
    client: TestClient, seed: AnnotatedDocument, field: str
) -> None:
    for term in {getattr(claim.figure, field) for claim in seed.claims}:
        such = of_claims(seed, lambda c, term=term: getattr(c.figure, field) == term)
        assert ids(client, "claims", **{field: term}) == such


@pytest.mark.parametrize(
    ("query", "test"),
    [
        ("value=41", lambda v: v == 41),
        ("value=2350.00", lambda v: v == 2350),
        ("value=.25", lambda v: v == Decimal("0.25")),
        ("value__gte=124", lambda v: v >= 124),
        ("value__gt=124", lambda v: v > 124),
        ("value__lte=41", lambda v: v <= 41),
        ("value__lt=41", lambda v: v < 41),
        ("value__gte=41&value__lt=2350", lambda v: 41 <= v < 2350),
    ],
)
def test_values_are_compared_as_numbers(
    client: TestClient, seed: AnnotatedDocument, query: str, test: Callable[[Decimal], bool]
) -> None:
    stated = {
        claim.id for claim in seed.claims if claim.figure.value is not None and test(claim.figure.value)
    }
    assert stated
    assert ids(client, "claims", **dict(part.split("=") for part in query.split("&"))) == stated


def overlaps(claim: Claim, low: Decimal, high: Decimal) -> bool:
    figure = claim.figure
    if "unknown" in (figure.low_end, figure.high_end):
        return False
    below = figure.low is None or figure.low < high or (figure.low == high and figure.low_end == "closed")
    above = figure.high is None or figure.high > low or (figure.high == low and figure.high_end == "closed")
    return below and above


@pytest.mark.parametrize(
    "range_", ["41..41", "2000..3000", "0..40", "0.25..1", "0..0.25", "100000..100000", "900000..2000001"]
)
def test_ranges_overlap_the_bounds_and_unknown_ends_do_not_match(
    client: TestClient, seed: AnnotatedDocument, range_: str
) -> None:
    low, high = map(Decimal, range_.split(".."))
    assert ids(client, "claims", range__overlaps=range_) == of_claims(seed, lambda c: overlaps(c, low, high))
    around = of_claims(seed, lambda c: c.figure.comparator == "~")
    assert around and not around & ids(client, "claims", range__overlaps="0..1000000")


def test_claims_filter_by_place_and_all_within_it(client: TestClient, seed: AnnotatedDocument) -> None:
    for key in ("lebanon", "northern-israel", "israel-territory"):
        assert ids(client, "claims", place=key) == of_claims(seed, lambda c, key=key: c.place == key)
        parts = whole(seed, key)
        assert ids(client, "claims", place__within=key) == of_claims(
            seed, lambda c, parts=parts: c.place in parts
        )
    assert ids(client, "claims", place="none") == of_claims(seed, lambda c: c.place is None)
    either = {"lebanon", "israel-territory"}
    parts = set().union(*(whole(seed, key) for key in either))
    assert ids(client, "claims", place__within=sorted(either)) == of_claims(seed, lambda c: c.place in parts)


def test_claims_filter_by_the_responsible_party(client: TestClient, seed: AnnotatedDocument) -> None:
    for key in {claim.responsible for claim in seed.claims} - {None}:
        such = of_claims(seed, lambda c, key=key: c.responsible == key)
        assert ids(client, "claims", responsible=entity(seed, str(key))) == such


def test_claims_filter_by_any_link_of_their_chain(client: TestClient, seed: AnnotatedDocument) -> None:
    for key in {key for quote in seed.quotes for key in sources(seed, quote)}:
        rest = of_claims(seed, lambda c, key=key: any(key in sources(seed, q) for q in behind(seed, c)))
        assert ids(client, "claims", source=entity(seed, key)) == rest
        spoken = of_claims(seed, lambda c, key=key: any(key in speakers(q) for q in behind(seed, c)))
        assert ids(client, "claims", speaker=entity(seed, key)) == spoken


def test_no_source_is_the_outlets_own_voice(client: TestClient, seed: AnnotatedDocument) -> None:
    own = of_claims(seed, lambda c: not c.sources)
    assert own
    assert ids(client, "claims", source="none") == own
    assert ids(client, "claims", source__not="none") == of_claims(seed, lambda c: c.sources)


def test_a_source_whom_nobody_names_is_not_the_outlets_voice(empty_database: Database) -> None:
    annotation = """
quotes: [{id: q1, mark: '{cue|Reports} of {content|12 dead}'}]
claims: [{id: c1, value: '12', measure: killed, sources: [q1], mark: '{number|12} {measure|dead}'}]
"""
    put(empty_database, document("reports", "Reports of 12 dead grew.", annotation))
    with serve(empty_database) as client:
        assert ids(client, "claims", source="none") == set()
        assert ids(client, "claims", source__not="none") == {"c1"}
        assert ask(client, "claims/reports.c1")["sources"][0]["speakers"] == []


def test_claims_filter_by_the_naming_of_a_source(client: TestClient, seed: AnnotatedDocument) -> None:
    anonymous = {e.key for e in seed.entities if e.naming == "anonymous"}
    such = of_claims(seed, lambda c: any(anonymous & sources(seed, q) for q in behind(seed, c)))
    assert such
    assert ids(client, "claims", source__naming="anonymous") == such


def test_claims_filter_by_stance_and_quote(client: TestClient, seed: AnnotatedDocument) -> None:
    for stance in ("asserts", "repeats"):
        such = of_claims(seed, lambda c, stance=stance: stance in {s.stance for s in c.sources})
        assert ids(client, "claims", stance=stance) == such
    rest = of_claims(seed, lambda c: "q33" in {s.quote for s in c.sources})
    assert ids(client, "claims", quote=f"{seed.id}.q33") == rest


def test_claims_filter_by_whom_they_are_about(client: TestClient, seed: AnnotatedDocument) -> None:
    for key in ("hezbollah", "israel", "lebanon"):
        about = of_claims(
            seed, lambda c, key=key: key in {c.place, c.responsible, *mentioned(seed, c.spans, "statement")}
        )
        assert ids(client, "claims", about=key) == about


def test_claims_filter_by_indicator_and_by_other_claims(client: TestClient, seed: AnnotatedDocument) -> None:
    for indicator in seed.indicators:
        such = of_claims(seed, lambda c, key=indicator.key: c.indicator == key)
        assert ids(client, "claims", indicator=indicator.key) == such
    assert ids(client, "claims", indicator="none") == of_claims(seed, lambda c: c.indicator is None)
    assert ids(client, "claims", refines=f"{seed.id}.c6") == {"c7"}
    assert ids(client, "claims", subset_of=f"{seed.id}.c17") == {"c18"}
    assert ids(client, "claims", subset_of="none") == of_claims(seed, lambda c: c.subset_of is None)


@pytest.mark.parametrize(
    ("query", "test"),
    [
        ("period=2024-10-14", lambda first, last: first == last == "2024-10-14"),
        (
            "period__within=2024-10-14..2024-10-15",
            lambda first, last: first >= "2024-10-14" and last < "2024-10-15",
        ),
        (
            "period__overlaps=2024-01-01..2024-02-01",
            lambda first, last: first < "2024-02-01" and last >= "2024-01-01",
        ),
        ("period__gte=2024-10-14", lambda first, last: first >= "2024-10-14"),
        ("period__lt=2024-10-15", lambda first, last: last < "2024-10-15"),
    ],
)
def test_periods_are_half_open(
    client: TestClient, seed: AnnotatedDocument, query: str, test: Callable[[str, str], bool]
) -> None:
    def such(claim: Claim) -> bool:
        period = claim.period.interval if claim.period else None
        return period is not None and test(str(period.earliest), str(period.latest))

    assert ids(client, "claims", **dict([query.split("=")])) == of_claims(seed, such)


def test_a_claim_shows_its_figure_and_on_whose_word_it_is(
    client: TestClient, seed: AnnotatedDocument
) -> None:
    for claim in seed.claims:
        shown = ask(client, f"claims/{seed.id}.{claim.id}")
        figure = claim.figure
        for name in ("comparator", "low_end", "high_end", "bounds_basis"):
            assert shown[name] == getattr(figure, name)
        for name in ("value", "low", "high"):
            number = None if shown[name] is None else Decimal(shown[name])
            assert number == getattr(figure, name)
        stances = [(f"{seed.id}.{s.quote}", s.stance) for s in claim.sources]
        assert [(s["quote"], s["stance"]) for s in shown["sources"]] == stances
        for source, quote in zip(shown["sources"], behind(seed, claim), strict=True):
            assert source == {"stance": source["stance"], "quote": source["quote"]} | {
                part: ask(client, f"quotes/{seed.id}.{quote.id}")[part] for part in ("speakers", "chain")
            }


def test_a_chain_behind_a_claim_is_whole(client: TestClient, seed: AnnotatedDocument) -> None:
    request, officials = ask(client, f"claims/{seed.id}.c3")["sources"]
    assert [s["entity"]["id"] for s in request["speakers"]] == ["antony-blinken", "lloyd-austin"]
    assert [link["id"] for link in request["chain"]] == [f"{seed.id}.q14"] == [officials["quote"]]


NUMBERS = """
claims:
- {id: c1, value: '123456789012345678.123', measure: displaced, mark: '{number|123,456,789,012,345,678.123}'}
- {id: c2, value: '123456789012345678.122', measure: displaced, mark: '{number|123,456,789,012,345,678.122}'}
- {id: c3, value: '1/4', measure: displaced, mark: '{number|a quarter}'}
- {id: c4, value: '1/3', measure: displaced, mark: '{number|a third}'}
- {id: c5, value: '9', measure: displaced, mark: '{number|nine}'}
- {id: c6, value: '10', measure: displaced, mark: '{number|ten}'}
"""
FIGURES = "From 123,456,789,012,345,678.122 to 123,456,789,012,345,678.123, a quarter, a third, nine or ten."


def test_decimals_are_exact_json_numbers(seeded_database: Database) -> None:
    put(seeded_database, document("numbers", FIGURES, NUMBERS))
    with serve(seeded_database) as client:
        text = client.get("/v1/claims/numbers.c1").text
        assert '"value":123456789012345678.123,"low":123456789012345678.123' in text
        assert '"value":0.25,' in client.get("/v1/claims/numbers.c3").text
        lines = client.get("/v1/claims", params={"id": "numbers.c1", "format": "csv"}).text
        assert ",123456789012345678.123," in lines
        assert ids(client, "claims", value="123456789012345678.123") == {"c1"}
        assert ids(client, "claims", value__lt="123456789012345678.123", document="numbers") == {
            "c2", "c3", "c4", "c5", "c6",
        }  # fmt: skip
        ordered = ask(client, "claims", document="numbers", sort="value")["results"]
        assert [c["id"][-2:] for c in ordered] == ["c3", "c4", "c5", "c6", "c2", "c1"]


@pytest.mark.parametrize(
    "query",
    ["value=abc", "value=1e3", "value__gte=NaN", "range__overlaps=10", "range__overlaps=20..10",
     "value__gte=5&value__lt=4", "period__within=2024-10-15..2024-10-14", "period=2024-13-01",
     "comparator=≥", "period__gte=2024-10-15/2024-10-16"],
)  # fmt: skip
def test_wrong_values_are_refused(client: TestClient, query: str) -> None:
    assert status(client, "claims", **dict(part.split("=") for part in query.split("&"))) == 422


def test_the_outlets_own_voice_is_found_without_a_chain(client: TestClient, statements: Statements) -> None:
    assert ids(client, "claims", source="none", statement__contains="e")
    assert not [sent for sent in statements.sent[:2] if "RECURSIVE" in sent.upper()]
    assert status(client, "claims", counted__contains="e") == 422
