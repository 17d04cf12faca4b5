"""Exact decimals as text, with a key whose byte order is the order of the numbers, on both databases."""

import re
from decimal import Context, Decimal

# Wide enough for any figure a newspaper prints; the file format refuses longer ones.
DIGITS = 40
_EXPONENT_BIAS = 5000
_NINES = str.maketrans("0123456789", "9876543210")
_EXACT = Context(prec=DIGITS)


def parse(text: str) -> Decimal:
    """A finite decimal of at most 40 digits; ValueError otherwise."""
    if not re.fullmatch(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})", text, re.ASCII):
        raise ValueError("not a decimal number such as 2350 or 0.25")
    number = Decimal(text)
    if len(number.as_tuple().digits) > DIGITS:
        raise ValueError(f"more than {DIGITS} digits")
    return number


def canonical(number: Decimal) -> str:
    """Plain notation without exponent, superfluous zeros or a negative zero; also a JSON number."""
    text = format(number.normalize(_EXACT), "f")
    return "0" if text in ("-0", "0") else text


def order_key(number: Decimal) -> str:
    """A string that sorts, byte by byte, as the number does.

    Sign, exponent and digits follow each other; for negative numbers each digit is complemented and a
    closing `~`, above every digit, puts the longer, smaller number first.
    """
    sign, digits, exponent = number.normalize(_EXACT).as_tuple()
    if not any(digits):
        return "1"
    assert isinstance(exponent, int)
    magnitude = f"{len(digits) + exponent + _EXPONENT_BIAS:04d}" + "".join(map(str, digits))
    return "0" + magnitude.translate(_NINES) + "~" if sign else "2" + magnitude
