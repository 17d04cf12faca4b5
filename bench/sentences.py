"""Sentences of a made-up article: direct, mixed and indirect speech, relays and figures."""

import random
from calendar import month_name
from dataclasses import dataclass, field
from datetime import date, timedelta

from annotations.annotated import Claim, Entity, Indicator, Quote, Source, Span, Speaker, Timex
from annotations.dates import Written, timex
from annotations.value import interpret
from bench.article import Writing
from bench.people import MEASURES, drawn
from bench.words import ANONYMOUS, CUES, planted, words
from models.vocabulary import Act, Form, Polarity

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Place = tuple[int, int]


@dataclass
class Said:
    """The quotes of a sentence, each relayed by the next, and its claims, on the word of the first."""

    quotes: list[Quote] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    indicators: list[Indicator] = field(default_factory=list)


def filler(writing: Writing, chance: random.Random) -> None:
    """A sentence in which nobody is quoted."""
    writing.begin(_gap(chance))
    city = chance.choice(writing.cast.cities)
    writing.add(" ".join(words(chance, chance.randint(5, 14))).capitalize() + " in ")
    writing.name(city, city.name)
    writing.end(".")


def said(writing: Writing, chance: random.Random, day: date, number: int) -> Said:
    """A sentence in which somebody says something."""
    form: Form = chance.choices(("direct", "mixed", "indirect"), (25, 15, 60))[0]
    begun = writing.begin(_gap(chance))
    found = Said()
    speaker, named = _speaker(writing, chance, number)
    spans: list[Span] = []
    if form == "direct":
        opened = writing.length
        writing.add("“")
        inner = writing.length
        _content(writing, chance, found, day)
        inside = writing.add(",")[1]
        writing.add("” ")
        spans += [Span(opened, writing.length - 1, "content"), Span(inner, inside, "verbatim")]
        who = _voice(writing, speaker, named)
        cue = _after(writing, chance.choice(CUES))
    else:
        who = _voice(writing, speaker, named)
        cue = _after(writing, chance.choice(CUES))
    spans.append(Span(*cue, "cue"))
    speakers = [Speaker("speaker", speaker.key, *who)]
    when, spans_of_day = _day(writing, chance, day)
    spans += spans_of_day
    if form != "direct":
        writing.add(" that ")
        start = writing.length
        _content(writing, chance, found, day)
        if form == "mixed":
            writing.add(" “")
            verbatim = writing.add(" ".join(words(chance, chance.randint(4, 12))))
            writing.add("”")
            spans.append(Span(*verbatim, "verbatim"))
        spans.append(Span(start, writing.length, "content"))
    if chance.random() < 0.08:
        speakers.append(_addressee(writing, chance))
    end = writing.length
    acts: tuple[Act, ...] = ("statement", "warning", "request", "belief", "proposal")
    act = chance.choices(acts, (70, 10, 8, 8, 4))[0]
    polarity: Polarity = "negative" if chance.random() < 0.15 else "positive"
    found.quotes.append(Quote("", form, act, polarity, _ordered(spans, begun, end), tuple(speakers), when))
    if chance.random() < 0.12:
        _relays(writing, chance, found, begun)
    writing.end(".")
    return found


def _gap(chance: random.Random) -> str:
    return "\n\n" if chance.random() < 0.4 else " "


def _ordered(spans: list[Span], begun: int, end: int) -> tuple[Span, ...]:
    return tuple(sorted([*spans, Span(begun, end, "attribution")]))


def _speaker(writing: Writing, chance: random.Random, number: int) -> tuple[Entity, str]:
    """Who speaks, and the words that name them: one in ten has no name."""
    if chance.random() < 0.1:
        words_ = chance.choice(ANONYMOUS)
        return Entity(f"source-{number}", "actor", "anonymous", words_.removeprefix("a ")), words_
    entity = drawn(chance, writing.cast)
    if entity.description and entity.key in writing.entities:
        return entity, chance.choices((entity.name, f"the {entity.description}", "she"), (50, 30, 20))[0]
    return entity, entity.name


def _voice(writing: Writing, speaker: Entity, named: str) -> Place:
    return writing.name(speaker, named)


def _after(writing: Writing, phrase: str) -> Place:
    writing.add(" ")
    return writing.add(phrase)


def _day(writing: Writing, chance: random.Random, day: date) -> tuple[Timex | None, list[Span]]:
    """In seven of ten quotes a weekday says when: that of publication, or one of the days before."""
    if chance.random() > 0.7:
        return None, []
    spoken = day - timedelta(days=chance.choice((0, 0, 1, 1, 2, 3)))
    weekday = WEEKDAYS[spoken.weekday()]
    writing.add(" on ")
    span = Span(*writing.add(weekday), "said")
    return timex("said", Written(spoken.isoformat(), as_written=weekday), "en"), [span]


def _addressee(writing: Writing, chance: random.Random) -> Speaker:
    listener = drawn(chance, writing.cast)
    writing.add(" in answer to ")
    return Speaker("addressee", listener.key, *writing.name(listener, listener.name))


def _relays(writing: Writing, chance: random.Random, found: Said, begun: int) -> None:
    """Who passed it on: one or two links of a chain."""
    for cue in ("according to", "citing")[: chance.choice((1, 1, 1, 2))]:
        writing.add(", ")
        at = writing.add(cue)
        writing.add(" ")
        entity, named = _speaker(writing, chance, 1000 + writing.length)
        who = writing.name(entity, named)
        spans = (Span(*at, "cue"),)
        quote = Quote(
            "", "indirect", "statement", "positive", _ordered(list(spans), begun, writing.length),
            (Speaker("speaker", entity.key, *who),),
        )  # fmt: skip
        found.quotes.append(quote)


def _content(writing: Writing, chance: random.Random, found: Said, day: date) -> None:
    """Twenty to sixty words, planted terms and perhaps a figure among them."""
    own = words(chance, chance.randint(20, 56))
    for term in planted(chance):
        own.insert(chance.randrange(1, len(own)), term)
    if chance.random() < 0.15:
        cut = chance.randrange(4, len(own) - 4)
        writing.add(" ".join(own[:cut]) + " ")
        _claim(writing, chance, found, day)
        own = own[cut:]
        writing.add(" ")
    if chance.random() < 0.3:
        city = chance.choice(writing.cast.cities)
        writing.add("in ")
        writing.name(city, city.name)
        writing.add(" ")
    writing.add(" ".join(own))


def _claim(writing: Writing, chance: random.Random, found: Said, day: date) -> None:
    """At least 2,350 people were killed in Arvenia in March 2024."""
    measure = chance.choices(tuple(MEASURES), (30, 20, 20, 10, 12, 8))[0]
    unit, counted, verb = MEASURES[measure]
    begun = writing.length
    number = _number(chance)
    spans = [Span(*writing.add(number), "number")]
    writing.add(" ")
    spans.append(Span(*writing.add(counted), "counted"))
    writing.add(f" {verb} in ")
    place = chance.choice(writing.cast.countries if chance.random() < 0.4 else writing.cast.cities)
    spans.append(Span(*writing.name(place, place.name), "place"))
    period = None
    if chance.random() < 0.7:
        month = day.replace(day=1) - timedelta(days=chance.choice((0, 1, 40, 200)))
        written = f"{month_name[month.month]} {month.year}"
        writing.add(" in ")
        spans.append(Span(*writing.add(written), "period"))
        period = timex("period", Written(f"{month:%Y-%m}", as_written=written), "en")
    spans.append(Span(begun, writing.length, "statement"))
    indicator = writing.cast.indicators.get((measure, place.key)) if chance.random() < 0.5 else None
    if indicator:
        found.indicators.append(indicator)
    found.claims.append(
        Claim(
            "",
            number,
            interpret(number),
            measure,
            unit,
            tuple(sorted(spans)),
            counted=counted,
            aggregation="cumulative" if chance.random() < 0.5 else "event",
            place=place.key,
            period=period,
            sources=(Source("", "asserts"),),
            indicator=indicator.key if indicator else None,
        )
    )


def _number(chance: random.Random) -> str:
    value = int(10 ** chance.uniform(0.5, 5))
    if chance.random() < 0.06:
        return f"{value:,} to {value * 2:,}"
    prefixes = ("", "at least ", "about ", "more than ", "nearly ", "up to ")
    return f"{chance.choices(prefixes, (40, 25, 12, 10, 8, 5))[0]}{value:,}"
