"""Claims: number, measure, sources, place and dates."""

from decimal import Decimal

import pytest

from tests.annotations.flood import SECTIONS, TEXT, flood, line_of, mistake

C1 = SECTIONS["claims"]
C2 = "- {id: c2, value: '1,300', measure: displaced, mark: 'Nearly {number|1,300} people were'}\n"


@pytest.mark.parametrize(
    ("old", "new", "message", "nearest"),
    [
        ("value: nearly 1,300", "value: nearly 1,030", "the marked words say something else", "Nearly 1,300"),
        ("value: nearly 1,300", "value: about 1,300", "the marked words say something else", "Nearly 1,300"),
        ("value: nearly 1,300", "value: vague", "the marked words say something else", "Nearly 1,300"),
        ("{number|Nearly 1,300}", "Nearly 1,300", "'c1' has no number: mark {number|words}", None),
        ("nearly 1,300\n", "almost exactly 1,300\n", "'exactly 1,300' is not a number in digits", None),
        ("value: nearly 1,300", "value: nearly 1,300\n  low: 1,400", "the bounds are reversed", None),
        ("value: nearly 1,300", "value: nearly 1,300\n  low: many", "'many' is not a number in digits", None),
        ("measure: displaced", "measure: displacement", "the vocabulary has no such measure", "displaced"),
        (
            "measure: displaced",
            "measure: amount",
            "'amount' needs a unit, an ISO 4217 code such as USD",
            None,
        ),
        ("[q1]", "[q4]", "there is no quote or claim with this id", None),
        ("[q1]", "[q1, {quote: q1, stance: denies}]", "is a source of this claim twice", None),
        ("[q1]", "[{quote: q1, stance: deny}]", "is not one of asserts, repeats, disputes, denies", "denies"),
        (
            "  measure",
            "  place: aide\n  measure",
            "what is 'place' is a place; 'aide' is of kind actor",
            None,
        ),
        (
            "  measure",
            "  responsible: harbour\n  measure",
            "what is 'responsible' acts, and a place does not",
            None,
        ),
        ("  measure", "  responsible: aied\n  measure", "no entity has this key", "aide"),
        ("{counted|people}", "{place=harbour|people}", "", None),
        ("  measure", "  subset_of: c1\n  measure", "'c1' is part of itself", None),
        ("  measure", "  refines: c3\n  measure", "there is no quote or claim with this id", None),
        ("  measure", "  indicator: x\n  measure", "no indicator has this key", None),
        ("  measure", "  caveats: ['no such words']\n  measure", "is not in the article", None),
        (
            "  measure",
            "  period: {value: 2024-10, basis: stated}\n  measure",
            "no words of the mark give this date",
            None,
        ),
        (
            "  measure",
            "  aggregation: sum\n  measure",
            "is not one of cumulative, event, level, projection",
            None,
        ),
    ],
)
def test_mistakes_of_a_claim(old: str, new: str, message: str, nearest: str | None) -> None:
    changed = C1.replace(old, new)
    assert changed != C1
    if not message:
        assert flood(claims=changed).claims[0].place == "harbour"
        return
    found = mistake(claims=changed)
    assert found.message.startswith(message)
    assert found.nearest == nearest


def test_a_value_cut_at_its_comma_is_to_be_quoted() -> None:
    sections = {
        "claims": "\n- {id: c1, value: nearly 1,300, measure: displaced, mark: '{number|Nearly 1,300}'}\n"
    }
    found = mistake(**sections)
    assert found.message == "unknown key; quote the value if it has a comma"
    assert (found.extract, found.line) == ("300", line_of("c1", **sections))


def test_a_share_needs_its_whole_and_lies_between_0_and_1() -> None:
    mark = "{number|Nearly} 1,300 {share_of|people}"
    share = f"\n- {{id: c1, value: over 1/4, measure: affected_share, mark: '{mark}'}}\n"
    (claim,) = flood(claims=share).claims
    assert (claim.unit, claim.share_of, claim.figure.low) == ("ratio", "people", Decimal("0.25"))
    assert mistake(claims=share.replace("{share_of|people}", "people")).message.startswith(
        "a share needs its whole"
    )
    assert mistake(claims=share.replace("over 1/4", "25")).message.startswith("a share lies between 0 and 1")


def test_a_vague_claim_needs_no_number() -> None:
    vague = "\n- {id: c1, value: vague, measure: displaced, mark: '{counted|people} were displaced'}\n"
    assert flood(claims=vague).claims[0].figure.value is None


def test_a_place_marked_twice_is_one_place() -> None:
    twice = C1.replace("{counted|people} were", "{place=harbour|people} {place=aide|were}")
    assert mistake(claims=twice).message == "a second, different 'place'; the first is 'harbour'"


def test_dates_marked_twice_agree() -> None:
    number, wave = "{number|Nearly 1,300} people were", "{period=2024|second} {period=2024|wave} hit"
    mark = f"  mark:\n  - '{number}'\n  - '{wave}'\n"
    two = C1[: C1.index("  mark")] + mark
    period = flood(claims=two).claims[0].period
    assert period
    assert (period.as_written, period.basis) == ("second … wave", "resolved")
    assert mistake(claims=two.replace("2024|wave", "2023|wave")).message.startswith(
        "a second, different 'period'"
    )


def test_claims_refine_each_other_without_circles() -> None:
    both = C1.replace("  measure", "  refines: c2\n  measure") + C2.replace("id: c2", "id: c2, refines: c1")
    assert mistake(claims=both).message == "a circle: c1 → c2 → c1"


def test_an_indicator_has_the_measure_of_its_claims() -> None:
    claims = C1.replace("  measure", "  indicator: homes\n  measure")
    indicators = "\n  homes: {label: Homes, measure: destroyed, place: harbour}\n"
    assert (
        mistake(claims=claims, indicators=indicators).message == "that indicator has the measure 'destroyed'"
    )
    good = indicators.replace("destroyed", "displaced")
    assert flood(claims=claims, indicators=good).indicators[0].label == "Homes"
    assert (
        mistake(claims=claims, indicators=good.replace("harbour", "un")).pointer == "/indicators/homes/place"
    )


def test_caveats_stand_anywhere_in_the_article() -> None:
    claim = flood(TEXT, claims=C1.replace("  measure", "  caveats: ['for now']\n  measure")).claims[0]
    assert [TEXT[s.start : s.end] for s in claim.spans if s.role == "caveat"] == ["for now"]
