"""Who is on a made-up record: the named entities that its articles share."""

import itertools
import random
from dataclasses import dataclass
from functools import cache

from annotations.annotated import Entity, Indicator
from bench.words import COUNTRIES, NAMES, PLACES, ROLES, SURNAMES

MEASURES = {  # measure: unit, what is counted, verb
    "killed": ("person", "people", "were killed"),
    "injured": ("person", "residents", "were injured"),
    "displaced": ("person", "families", "were displaced"),
    "missing": ("person", "workers", "were missing"),
    "destroyed": ("building", "houses", "were destroyed"),
    "attacks": ("count", "strikes", "were counted"),
}


@dataclass(frozen=True)
class Cast:
    """All named entities by key, and how often each speaks: cumulative weights by Zipf's law."""

    speakers: tuple[Entity, ...]
    weights: tuple[float, ...]
    background: dict[str, Entity]  # what others are part of or act for
    countries: tuple[Entity, ...]
    cities: tuple[Entity, ...]
    indicators: dict[tuple[str, str], Indicator]


def _key(name: str) -> str:
    return name.lower().replace(" ", "-")


@cache
def cast(number: int) -> Cast:
    """A cast of so many speakers, a fifth of them organisations."""
    countries = tuple(
        Entity(_key(name), "place", "named", name, country=chr(65 + n) + "X")
        for n, name in enumerate(COUNTRIES)
    )
    cities = tuple(
        Entity(_key(f"{name} city"), "place", "named", name, part_of=countries[n % len(countries)].key)
        for n, name in enumerate(PLACES)
    )
    ministries = [
        Entity(f"{_key(country)}-ministry", "organisation", "named", f"{country} Ministry")
        for country in COUNTRIES
    ]
    speakers = tuple(_speaker(n, ministries) for n in range(number))
    indicators = {
        (measure, country.key): Indicator(
            f"{measure}-in-{country.key}",
            f"{measure} in {country.name}",
            measure,
            unit=unit,
            place=country.key,
        )
        for measure, (unit, _, _) in MEASURES.items()
        for country in countries
    }
    weights = tuple(itertools.accumulate(1 / rank for rank in range(1, number + 1)))
    background = {entity.key: entity for entity in (*countries, *ministries)}
    return Cast(speakers, weights, background, countries, cities, indicators)


def _speaker(n: int, ministries: list[Entity]) -> Entity:
    surname = SURNAMES[n % len(SURNAMES)]
    if n % 5 == 4:
        name = f"{surname} {('Council', 'Agency', 'Institute', 'Union')[n % 4]}"
        return Entity(f"{_key(name)}-{n}", "organisation", "named", name, aliases=(f"{surname} Group {n}",))
    name = f"{NAMES[n * 7 % len(NAMES)]} {surname}"
    role = ROLES[n % len(ROLES)]
    works_for = ministries[n % len(ministries)].key if n % 2 else None
    return Entity(f"{_key(name)}-{n}", "actor", "named", name, description=role, acts_for=works_for)


def speakers_of(quotes: int) -> int:
    """How many speakers a record of so many quotes has."""
    return max(400, min(20_000, quotes // 40))


def drawn(chance: random.Random, cast: Cast) -> Entity:
    """Somebody who speaks, the famous ones more often."""
    return chance.choices(cast.speakers, cum_weights=cast.weights)[0]
