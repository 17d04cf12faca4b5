"""Quotation marks: what stands inside them, and what only looks like one."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.quotation_marks import form, interiors, verbatim


def inside(text: str) -> list[str]:
    return [text[start:end] for start, end in interiors(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He said “yes” and “no.”", ["yes", "no."]),
        ('He said "yes" and "no."', ["yes", "no."]),
        ("Er sagte: „Ja“ und „nein”.", ["Ja", "nein"]),
        ("Il dit « oui » et «non».", [" oui ", "non"]),
        ("Er sagte »ja« und »nein«.", ["ja", "nein"]),
        ("他说「是」和『否』。", ["是", "否"]),
        ("他说“是”。", ["是"]),
        ("Hon sade ”ja” och ”nej”.", ["ja", "nej"]),
        ("He said ‘yes, it isn’t’ twice", ["yes, it isn’t"]),
        ("“He told me ‘go’ twice,” she said", ["He told me ‘go’ twice,"]),
        ("Israel‘s ally and Lebanon’s north", []),
        ("the ‘90s and the players’ union", ["90s and the players"]),
        ("rock ’n’ roll", []),
        ('5" of rain', []),
        ("left “open here", ["open here"]),
        ("“first paragraph\n“second.” Then", ["first paragraph", "second."]),
        ("“first\n\n“second.” Then", ["first", "second."]),
        ('"first\n\n"second." Then', ["first", "second."]),
        ("“wrapped\nline.” Then", ["wrapped\nline."]),
        ("“never closed\nnext says “yes.”", ["never closed", "yes."]),
        ("“” and “ ”", []),
    ],
)
def test_what_stands_inside(text: str, expected: list[str]) -> None:
    assert inside(text) == expected


TEXT = "“We told them to leave,” he said, citing “orders” and rain."


def spans(*words: str) -> list[tuple[int, int]]:
    return [(TEXT.index(word), TEXT.index(word) + len(word)) for word in words]


@pytest.mark.parametrize(
    ("content", "cue", "expected", "form_"),
    [
        ("“We told them to leave,”", "said", ["We told them to leave,"], "direct"),
        ("We told them to leave", "said", ["We told them to leave"], "direct"),
        ("“orders” and rain", "citing", ["orders"], "mixed"),
        ("rain", "citing", [], "indirect"),
        ("to leave", "told", [], "indirect"),  # told within his words: they are his, not those of the tellers
    ],
)
def test_the_form_agrees_with_the_quotation_marks(
    content: str, cue: str, expected: list[str], form_: str
) -> None:
    found = verbatim(TEXT, interiors(TEXT), spans(content), spans(cue))
    assert [TEXT[start:end] for start, end in found] == expected
    assert form(TEXT, spans(content), found) == form_


@given(st.text(alphabet='“”„«»‘’" \naé「」'))
def test_interiors_are_in_order_and_apart(text: str) -> None:
    found = interiors(text)
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))


@pytest.mark.parametrize(
    "text", ["“" * 100_000, "“a\n" * 50_000, "‘a " * 50_000, '"a\n' * 50_000, "‘a\n\n" * 50_000]
)
def test_hostile_quotation_marks_are_quick(text: str) -> None:
    start = time.perf_counter()
    interiors(text)
    assert time.perf_counter() - start < 5
