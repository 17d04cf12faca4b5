"""Values in words: what they mean, and that the words can be had back."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.value import interpret, number, words

# words, comparator, value, low, high, low end, high end
TABLE = [
    ("2,350", "=", "2350", "2350", "2350", "closed", "closed"),
    ("at least 2,350", ">=", "2350", "2350", None, "closed", "unbounded"),
    ("over 1/4", ">", "0.25", "0.25", None, "open", "unbounded"),
    ("more than 1.2 million", ">", "1200000", "1200000", None, "open", "unbounded"),
    ("at most 5", "<=", "5", None, "5", "unbounded", "closed"),
    ("up to 5", "<=", "5", None, "5", "unbounded", "closed"),
    ("within 30", "<=", "30", None, "30", "unbounded", "closed"),
    ("under 5", "<", "5", None, "5", "unbounded", "open"),
    ("less than 5", "<", "5", None, "5", "unbounded", "open"),
    ("fewer than 5", "<", "5", None, "5", "unbounded", "open"),
    ("nearly 11,000", "<~", "11000", None, "11000", "unknown", "open"),
    ("almost 11,000", "<~", "11000", None, "11000", "unknown", "open"),
    ("just over 7", ">~", "7", "7", None, "open", "unknown"),
    ("about 50", "~", "50", None, None, "unknown", "unknown"),
    ("around 50", "~", "50", None, None, "unknown", "unknown"),
    ("approximately 50", "~", "50", None, None, "unknown", "unknown"),
    ("10 to 20", "range", None, "10", "20", "closed", "closed"),
    ("between 10 and 20", "range", None, "10", "20", "closed", "closed"),
    ("multiples of 100,000", "magnitude", None, "100000", "1000000", "closed", "open"),
    ("vague", "magnitude", None, None, None, "unknown", "unknown"),
    ("At  Least −4.5", ">=", "-4.5", "-4.5", None, "closed", "unbounded"),
]


def decimal(words: str | None) -> Decimal | None:
    return None if words is None else Decimal(words)


@pytest.mark.parametrize(("given_words", "comparator", "value", "low", "high", "low_end", "high_end"), TABLE)
def test_what_words_mean(
    given_words: str,
    comparator: str,
    value: str | None,
    low: str | None,
    high: str | None,
    low_end: str,
    high_end: str,
) -> None:
    figure = interpret(given_words)
    assert figure.comparator == comparator
    assert (figure.value, figure.low, figure.high) == (decimal(value), decimal(low), decimal(high))
    assert (figure.low_end, figure.high_end) == (low_end, high_end)
    assert figure.bounds_basis == ("convention" if "multiples" in given_words else "stated")
    assert interpret(words(figure)) == figure


@pytest.mark.parametrize(
    ("given_words", "expected"),
    [
        ("1/4", "0.25"),
        ("1/3", "0.333333333333"),
        ("2/3", "0.666666666667"),
        ("-1/2", "-0.5"),
        ("1.50", "1.5"),
    ],
)
def test_fractions_are_exact_or_rounded_half_even_to_12_places(given_words: str, expected: str) -> None:
    assert str(number(given_words)) == expected


@pytest.mark.parametrize(
    ("given_words", "message"),
    [
        ("three", "not a value; examples"),
        ("2,35", "is not a number in digits"),
        ("1.000.000", "is not a number in digits"),
        ("1/0", "0 below the line"),
        ("20 to 10", "the range is reversed: 20 is above 10"),
        ("1 to 2 million", "say 'million' with both numbers"),
        ("multiples of 5,000", "needs a power of ten"),
        ("multiples of 0.1", "needs a power of ten"),
        ("at least", "not a value"),
        ("some 50", "is not a number in digits"),
        ("٤٢", "is not a number in digits"),
        ("NaN", "not a value"),
        ("1e5", "is not a number in digits"),
        ("9" * 31, "more than 30 digits"),
        ("9" * 29 + " trillion", "more than 30 digits"),
        ("1/" + "9" * 200, "too long for a value"),
        ("1/" + "9" * 100, "more than 30 digits"),
        ("9" * 100_000, "too long"),
    ],
)
def test_words_that_are_no_value(given_words: str, message: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ValueError, match=message.replace("'", ".").replace("(", ".")):
        interpret(given_words)
    assert time.perf_counter() - start < 0.5


def test_the_editor_sets_bounds_that_the_article_leaves_open() -> None:
    figure = interpret("about 50", Decimal(45), Decimal(55))
    assert (figure.value, figure.low, figure.high) == (Decimal(50), Decimal(45), Decimal(55))
    assert (figure.low_end, figure.high_end, figure.bounds_basis) == ("closed", "closed", "editor")
    assert words(figure) == "about 50"


@pytest.mark.parametrize(
    ("given_words", "low", "high", "message"),
    [
        ("at least 50", "45", None, "'low' is given, but the value itself states that bound"),
        ("nearly 50", None, "50", "'high' is given, but the value itself states that bound"),
        ("10 to 20", "5", None, "states that bound"),
        ("about 50", "55", "45", "the bounds are reversed"),
        ("nearly 50", "50", None, "the bounds are reversed"),
        ("about 50", "60", "70", "the bounds leave out the value itself, 50"),
    ],
)
def test_bounds_that_do_not_fit(given_words: str, low: str | None, high: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        interpret(given_words, decimal(low), decimal(high))


@given(
    st.sampled_from(["", "at least ", "at most ", "over ", "under ", "nearly ", "just over ", "about "]),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6),
)
def test_words_of_any_figure_mean_the_same_figure(prefix: str, value: Decimal) -> None:
    figure = interpret(f"{prefix}{value:,f}")
    assert figure.value == value
    assert interpret(words(figure)) == figure


@given(st.text(max_size=40))
def test_no_words_do_worse_than_a_mistake(given_words: str) -> None:
    try:
        figure = interpret(given_words)
    except ValueError:
        return
    assert interpret(words(figure)) == figure
