"""A made-up record of any size: annotated articles of about twenty quotes each, the same from the same seed.

    .venv/bin/python -m bench.record [QUOTES]

checks documents against their files: written as YAML and read again, each must be equal to itself. The
generator makes the annotated documents without YAML, so that loading alone is timed.
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from annotations.annotated import AnnotatedDocument, Claim, Indicator, Quote
from annotations.read import read
from annotations.write import write
from bench.article import Writing
from bench.people import Cast, cast, speakers_of
from bench.sentences import Said, filler, said
from bench.words import OUTLET_WEIGHTS, OUTLETS, words
from models.edtf import parse
from models.measures import vocabulary

SEED = 20241015
FIRST_DAY, DAYS = date(2019, 1, 1), 2190
QUOTES_OF_ARTICLE = 20


def documents(quotes: int, seed: int = SEED) -> Iterator[AnnotatedDocument]:
    """Articles with so many quotes in all; each is made of its own number, not of those before it."""
    company = cast(speakers_of(quotes))
    left, number = quotes, 0
    while left > 0:
        chance = random.Random(f"{seed}-{number}")
        document = _document(number, company, chance, min(left, chance.randint(14, 26)))
        left -= len(document.quotes)
        number += 1
        yield document


def _document(number: int, company: Cast, chance: random.Random, quotes: int) -> AnnotatedDocument:
    writing = Writing(company)
    day = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
    title = " ".join(words(chance, 7)).capitalize()
    writing.begin("")
    writing.add(title)
    writing.end("")
    found = Found()
    while len(found.quotes) < quotes:
        if chance.random() < 0.3:
            filler(writing, chance)
        found.take(said(writing, chance, day, len(found.quotes)), quotes)
    text, sha256 = writing.finish()
    indicators = {i.key: i for i in found.indicators}
    return AnnotatedDocument(
        id=f"a-{number:07d}",
        title=title,
        text=text,
        sha256=sha256,
        published=parse(day.isoformat()),
        basis="stated",
        spans=tuple(writing.sentences),
        outlet=chance.choices(OUTLETS, OUTLET_WEIGHTS)[0],
        url=f"https://press.example/{number}",
        entities=tuple(writing.entities.values()),
        mentions=tuple(sorted(writing.mentions.values())),
        quotes=tuple(found.quotes),
        claims=tuple(found.claims),
        indicators=tuple(indicators.values()),
    )


class Found:
    """What the sentences of an article hold."""

    def __init__(self) -> None:
        self.quotes: list[Quote] = []
        self.claims: list[Claim] = []
        self.indicators: list[Indicator] = []

    def take(self, sentence: Said, most: int) -> None:
        """Number the quotes of a sentence, and the claims that rest on the first of them."""
        room = most - len(self.quotes)
        quotes = sentence.quotes[:room]
        first = len(self.quotes) + 1
        for at, quote in enumerate(quotes):
            relays = (f"q{first + at - 1}",) if at else ()
            self.quotes.append(replace(quote, id=f"q{first + at}", relays=relays))
        for claim in sentence.claims:
            sources = tuple(replace(source, quote=f"q{first}") for source in claim.sources)
            self.claims.append(replace(claim, id=f"c{len(self.claims) + 1}", sources=sources))
        self.indicators += sentence.indicators


def check(quotes: int) -> int:
    """How many documents equal what reading their own files gives. Raises Mistakes, or AssertionError."""
    terms, checked = vocabulary(), 0
    for document in documents(quotes):
        again = read(document.id, document.text.encode(), write(document, terms), terms)
        for name in vars(document):
            ours, theirs = getattr(document, name), getattr(again, name)
            if name in ("entities", "indicators"):
                ours, theirs = sorted(ours, key=lambda e: e.key), sorted(theirs, key=lambda e: e.key)
            assert ours == theirs, f"{document.id}: {name}:\n{ours}\n{theirs}"
        checked += 1
    return checked


if __name__ == "__main__":
    print(f"{check(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)} documents equal what reading gives")
