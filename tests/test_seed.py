"""The seed's annotation is complete: every sentence, every number and every cue has a decision."""

import hashlib
import re

import pytest

from annotations.annotated import AnnotatedDocument, Claim, Quote, Span
from annotations.write import write
from models.measures import vocabulary
from tests.conftest import SEED

# Sentences in which nobody is quoted and nothing is counted, and why.
SILENT = {
    "Israel has intensified its military operations": "the outlet's own account; no figure",
    "PAIN AND CEASEFIRE": "heading",
    "As diplomatic negotiations remain stagnant": "the outlet's own account; no figure",
    "These statistics highlight": "the outlet's own comment on figures given before",
    "EVACUATION NOTICES": "heading",
}
NUMBER = re.compile(
    r"\d[\d,.]*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozens?|hundreds?|thousands?|millions?|quarter"
    r"|half|third|several|numerous|many)\b",
    re.IGNORECASE,
)
# Number words that count nothing, by the words that follow them.
UNCOUNTED = {"two leaders": "points back at Netanyahu and Macron"}
CUE = re.compile(
    r"\b(?:according to|as per|as reported by|stat(?:ed|ing)|said|mentioned|report(?:ed|s)\b(?! figures)"
    r"|convey\w*|announc\w*|warn\w*|urg\w*|advocat\w*|maintain(?:s|ing)\b|indicated|remind\w*|expressed|expressing|responded"
    r"|issue a statement|issued a statement|proposal|advocacy|request\b|requests\b|concerns)",
    re.IGNORECASE,
)
# Words that look like a cue and attribute nothing, by what stands round them.
NO_CUE = {
    "than previously expressed": "no content",
    "The reported figures": "points back",
    "maintains its support": "goes on supporting, says nothing",
}


def _inside(start: int, end: int, spans: list[Span]) -> bool:
    return any(span.start <= start and end <= span.end for span in spans)


def _parts(nouns: tuple[Quote, ...] | tuple[Claim, ...], *roles: str) -> list[Span]:
    return [span for noun in nouns for span in noun.spans if span.role in roles]


def test_article_is_untouched(seed: AnnotatedDocument) -> None:
    content = SEED.read_bytes()
    assert hashlib.sha256(content).hexdigest() == seed.sha256
    assert seed.sha256 == "cd30cb2eba709f0549776683e22c5172ce2e633589a02a17adf77f65d95263dd"


def test_file_is_in_canonical_form(seed: AnnotatedDocument) -> None:
    assert write(seed, vocabulary()) == SEED.with_name(f"{seed.id}.claims.yaml").read_bytes()


def test_date_is_inferred_and_says_why(seed: AnnotatedDocument) -> None:
    assert seed.published is not None
    assert (seed.published.value, seed.basis) == ("2024-10-15", "inferred")
    assert "Tuesday" in (seed.note or "")


def test_no_sentence_is_without_a_decision(seed: AnnotatedDocument) -> None:
    found = [*_parts(seed.quotes, "content", "cue"), *_parts(seed.claims, "number")]
    silent = [
        seed.text[sentence.start : sentence.end]
        for sentence in seed.spans
        if sentence.role == "sentence"
        and not any(span.start < sentence.end and span.end > sentence.start for span in found)
    ]
    assert len(silent) == len(SILENT)
    for words, known in zip(silent, SILENT, strict=True):
        assert words.startswith(known)


def test_subscription_lines_are_boilerplate(seed: AnnotatedDocument) -> None:
    boilerplate = " ".join(
        seed.text[span.start : span.end] for span in seed.spans if span.role == "boilerplate"
    )
    assert boilerplate.startswith("Discover more from Defence Talks")
    assert boilerplate.endswith("sent to your email.")
    assert not any(mention.start > seed.text.index("Discover more") for mention in seed.mentions)


def test_every_number_is_a_claim(seed: AnnotatedDocument) -> None:
    numbers = _parts(seed.claims, "number")
    for match in NUMBER.finditer(seed.text):
        after = seed.text[match.start() : match.end() + 30]
        if not any(after.startswith(words) for words in UNCOUNTED):
            assert _inside(match.start(), match.end(), numbers), after


def test_every_cue_belongs_to_a_quote(seed: AnnotatedDocument) -> None:
    article = seed.text[: seed.text.index("Discover more")]
    attributions = _parts(seed.quotes, "cue", "content")
    for match in CUE.finditer(article):
        around = article[max(0, match.start() - 30) : match.end() + 30]
        if not any(words in around for words in NO_CUE):
            assert _inside(match.start(), match.end(), attributions), around


@pytest.mark.parametrize(
    ("noun", "count"),
    [("entities", 56), ("mentions", 156), ("quotes", 45), ("claims", 18), ("indicators", 8)],
)
def test_counts_by_noun(seed: AnnotatedDocument, noun: str, count: int) -> None:
    assert len(getattr(seed, noun)) == count


def test_anonymous_officials_relay_the_request(seed: AnnotatedDocument) -> None:
    quotes = {quote.id: quote for quote in seed.quotes}
    relayed = next(
        q for q in seed.quotes if {s.entity for s in q.speakers} >= {"antony-blinken", "lloyd-austin"}
    )
    relaying = [q for q in seed.quotes if relayed.id in q.relays]
    assert [speaker.entity for q in relaying for speaker in q.speakers] == ["us-officials"]
    assert all(inner in quotes for quote in seed.quotes for inner in (*quote.relays, *quote.embeds))


@pytest.mark.parametrize(
    ("words", "comparator", "low", "high"),
    [
        ("at least 2,350", ">=", 2350, None),
        ("nearly 11,000", "<~", None, 11000),
        ("more than 1.2 million", ">", 1200000, None),
        ("around 50", "~", None, None),
        ("41", "=", 41, 41),
        ("tens of thousands", "magnitude", 10000, 100000),
        ("hundreds of thousands", "magnitude", 100000, 1000000),
        ("within 30", "<=", None, 30),
    ],
)
def test_figures_mean_what_their_words_say(
    seed: AnnotatedDocument, words: str, comparator: str, low: int | None, high: int | None
) -> None:
    figures = [
        claim.figure
        for claim in seed.claims
        if any(seed.text[s.start : s.end] == words and s.role == "number" for s in claim.spans)
    ]
    assert figures
    for figure in figures:
        assert (figure.comparator, figure.low, figure.high) == (comparator, low, high)


def test_threat_of_two_million_is_possible_and_refines(seed: AnnotatedDocument) -> None:
    refining = next(claim for claim in seed.claims if claim.refines)
    assert refining.modality == "possible"
    assert refining.figure.low == 2_000_000
    refined = next(claim for claim in seed.claims if claim.id == refining.refines)
    assert refined.figure.comparator == "magnitude"


def test_toll_carries_the_caveats_of_the_article(seed: AnnotatedDocument) -> None:
    toll = next(claim for claim in seed.claims if claim.figure.value == 2350)
    caveats = [seed.text[span.start : span.end] for span in toll.spans if span.role == "caveat"]
    assert "do not differentiate between civilians and combatants" in caveats
