"""Words of a made-up press: common ones, rare ones by Zipf's law, and planted search terms.

A planted term stands in a known part of the quotes, whatever the size of the record, so that a search for it
has as many hits as the case says.
"""

import itertools
import random

_FUNCTION = """
the of to and a in that it is was for on with as at by this had not are but from have they which you were all
her she there would their we him been has when who will no more if out so up said what its about than into
them can only other time new some could these two may first then do any like my now over such our man me
even most
made after also did many off before must well back through years much where your way down should because long
"""
_NAMES = """
Anna Boris Carla David Elena Farid Greta Hassan Irina Jamal Karin Leila Marco Nadia Oscar Petra Rania Stefan
Tarek Ursula Viktor Wanda Yusuf Zelda Amal Bruno Clara Dmitri Esther Felix Gisela Hana Ivan Jelena Kofi Lucia
"""
FUNCTION, NAMES = tuple(_FUNCTION.split()), tuple(_NAMES.split())
ROLES = ("minister", "spokesperson", "mayor", "general", "director", "ambassador", "doctor", "union leader")
CUES = ("said", "warned", "told reporters", "argued", "insisted", "announced", "noted", "wrote")
ANONYMOUS = (
    "a senior official", "two diplomats", "military sources", "a person briefed on the talks", "aid workers",
)  # fmt: skip
OUTLETS = (
    "Harbour Gazette", "Northern Wire", "Levant Daily", "The Meridian", "Capital Observer", "Delta Post",
    "Continental Review", "Evening Courier", "Field Reports", "The Ledger",
)  # fmt: skip
OUTLET_WEIGHTS = (30, 20, 14, 10, 8, 6, 5, 3, 2, 2)
_COUNTRIES = "Arvenia Belmora Castria Dorvan Estoria Fenland Galdova Hestia Ilmar Jorvik"
COUNTRIES = tuple(_COUNTRIES.split())
_ONSET = "b br c cr d dr f g gr h k l m n p pl r s st t tr v"
_ONSETS = tuple(_ONSET.split())
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
_CODAS = ("", "l", "m", "n", "r", "s", "t", "nd", "rk", "st")
# How many terms stand in this part of the quotes each.
PLANTED = {0.1: 10, 0.01: 40, 0.001: 200}


def _coined(seed: int, syllables: int, number: int) -> list[str]:
    """So many different words that no dictionary has, about as long as English ones."""
    chance, found = random.Random(seed), dict.fromkeys(FUNCTION)
    while len(found) < number + len(FUNCTION):
        parts = [chance.choice(_ONSETS) + chance.choice(_VOWELS) for _ in range(syllables)]
        found["".join((*parts, chance.choice(_CODAS)))] = None
    return list(found)[len(FUNCTION) :]


RARE = _coined(1, 2, 8000)
# A hundred common words make up half of a text; the rest falls off as one over the rank.
VOCABULARY = (*FUNCTION, *RARE)
_ZIPF = [1 / rank for rank in range(1, len(RARE) + 1)]
WEIGHTS = list(
    itertools.accumulate((*(1 / rank for rank in range(1, len(FUNCTION) + 1)), *(w * 0.55 for w in _ZIPF)))
)
# `q` and a part, so that no other word is like them: `qubaterm`.
TERMS = {
    part: tuple(f"q{word}{suffix}" for word in _coined(seed, 3, number))
    for (part, number), seed, suffix in zip(PLANTED.items(), (2, 3, 4), ("ten", "one", "mil"), strict=True)
}
PLACES = tuple(word.capitalize() for word in _coined(5, 3, 200))
SURNAMES = tuple(word.capitalize() for word in _coined(6, 3, 4000))


def planted(chance: random.Random) -> list[str]:
    """The planted terms of one quote."""
    return [
        terms[int(chance.random() * len(terms))]
        for part, terms in TERMS.items()
        if chance.random() < part * len(terms)
    ]


def words(chance: random.Random, number: int) -> list[str]:
    """So many words of running text."""
    return chance.choices(VOCABULARY, cum_weights=WEIGHTS, k=number)
