"""Exact decimals: their keys sort as the numbers do, on either database."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, insert, select

from models.columns import Words
from models.number import DIGITS, canonical, order_key, parse
from models.session import Database
from tests.conftest import NewDatabase

numbers = st.builds(
    lambda digits, places, sign: Decimal(f"{sign}{digits}E-{places}"),
    st.one_of(st.integers(0, 2000), st.integers(0, 10**20 - 1)),
    st.integers(0, 20),
    st.sampled_from(["", "-"]),
)
keys = Table("sorted_key", MetaData(), Column("key", Words))


@pytest.fixture(scope="module")
def database(new_database: NewDatabase) -> Database:
    """A database with one table more."""
    database = new_database()
    with database.engine.execution_options(writes=True).begin() as connection:
        keys.create(connection)
    return database


@given(numbers, numbers)
def test_keys_compare_as_their_numbers_do(one: Decimal, other: Decimal) -> None:
    assert (order_key(one) < order_key(other)) == (one < other)
    assert (order_key(one) == order_key(other)) == (one == other)


@given(numbers)
def test_canonical_digits_are_the_number(number: Decimal) -> None:
    digits = canonical(number)
    assert Decimal(digits) == number
    assert canonical(parse(digits)) == digits
    assert "E" not in digits
    assert digits != "-0"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(found=st.lists(numbers, min_size=2, max_size=40))
def test_databases_sort_keys_as_the_numbers_do(database: Database, found: list[Decimal]) -> None:
    with database.engine.connect() as connection:
        connection.execute(insert(keys), [{"key": order_key(number)} for number in found])
        ordered = list(connection.execute(select(keys.c.key).order_by(keys.c.key)).scalars())
        connection.rollback()
    assert ordered == [order_key(number) for number in sorted(found)]


@pytest.mark.parametrize(
    ("text", "digits"),
    [("0041", "41"), ("+2350", "2350"), ("0.250", "0.25"), (".5", "0.5"), ("-0.0", "0"), ("7.", "7")],
)
def test_numbers_are_written_in_one_way(text: str, digits: str) -> None:
    assert canonical(parse(text)) == digits


def test_no_digit_is_lost() -> None:
    digits = "123456789012345678.123"
    assert canonical(parse(digits)) == digits
    assert order_key(parse(digits)) < order_key(parse("123456789012345678.124"))


@pytest.mark.parametrize(
    "text", ["", "x", "1e5", "NaN", "Infinity", "1,300", "١٢", "--1", ".", "1" * (DIGITS + 1), "1 "]
)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a decimal number"):
        parse(text)
    with pytest.raises(ValueError, match="more than 40 digits"):
        parse("1" * 30 + "." + "1" * 11)
