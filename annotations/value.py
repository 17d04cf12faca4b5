"""The value of a claim in words, such as `at least 2,350`, and the figure that it means."""

import re
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context, Decimal

from annotations.annotated import Figure
from models.vocabulary import Comparator, End

DIGITS = 30
PLACES = 12
EXAMPLES = "2,350; at least 2,350; 1.2 million; 1/4; 10 to 20; multiples of 10,000; vague"

# The first prefix of each comparator is the one that `words` prints. "at least" is not ">", and "nearly" is a
# ceiling, not "about": the ends below keep them apart.
_PREFIXES: dict[str, Comparator] = {
    "at least": ">=",
    "at most": "<=",
    "up to": "<=",
    "within": "<=",
    "over": ">",
    "more than": ">",
    "under": "<",
    "less than": "<",
    "fewer than": "<",
    "nearly": "<~",
    "almost": "<~",
    "just over": ">~",
    "about": "~",
    "around": "~",
    "approximately": "~",
}
_ENDS: dict[Comparator, tuple[End, End]] = {
    "=": ("closed", "closed"),
    ">=": ("closed", "unbounded"),
    ">": ("open", "unbounded"),
    "<=": ("unbounded", "closed"),
    "<": ("unbounded", "open"),
    "<~": ("unknown", "open"),
    ">~": ("open", "unknown"),
    "~": ("unknown", "unknown"),
    "range": ("closed", "closed"),
    "magnitude": ("unknown", "unknown"),
}
_SCALES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_NUMBER = re.compile(rf"(-?)(\d{{1,3}}(?:,\d{{3}})+|\d+)(\.\d+)?(?: ({'|'.join(_SCALES)}))?", re.ASCII)
_IN_WORDS = re.compile(
    rf"-?\d+(?:,\d{{3}})*(?:\.\d+)?(?: (?:{'|'.join(_SCALES)}))?", re.ASCII | re.IGNORECASE
)
_FRACTION = re.compile(r"(-?\d+)/(\d+)", re.ASCII)
_PREFIX = re.compile(f"({'|'.join(_PREFIXES)}) (.+)")
_EXACT = Context(prec=4 * DIGITS)


def interpret(words: str, low: Decimal | None = None, high: Decimal | None = None) -> Figure:
    """The figure that the words mean. `low` and `high` are the editor's, where the article states no bound.

    Raises ValueError: words that are not in the grammar, a bound that is stated already, bounds that cross.
    """
    folded = " ".join(words[:200].split()).casefold()
    if len(words) > 200:
        raise ValueError(f"too long for a value; examples: {EXAMPLES}")
    if low is None and high is None:
        return _stated(folded)
    return _bounded(_stated(folded), low, high)


def stated(words: str) -> Figure | set[Decimal] | None:
    """What the words of an article say: a figure if the grammar of values has them, else the numbers in them.

    None where they hold no digit, as in `three` or `over a quarter`: those are for the annotator to read.
    """
    if not re.search("[0-9]", words):
        return None
    try:
        return interpret(words)
    except ValueError:
        return {found for text in _IN_WORDS.findall(words) if (found := _number_or_none(text)) is not None}


def _number_or_none(words: str) -> Decimal | None:
    try:
        return number(words)
    except ValueError:
        return None


def number(words: str) -> Decimal:
    """The number `2,350`, `1.2 million`, `-4.5` or `1/4`; a fraction is rounded half-even to 12 places.

    Raises ValueError for anything else, and for more than 30 digits.
    """
    if len(words) > 3 * DIGITS:
        raise ValueError(f"more than {DIGITS} digits")
    words = words.strip().replace("−", "-")
    if fraction := _FRACTION.fullmatch(words):
        return _fraction(int(fraction[1]), int(fraction[2]))
    match = _NUMBER.fullmatch(words.casefold())
    if not match:
        raise ValueError(f"'{words}' is not a number in digits, such as 2,350, 1.2 million, -4.5 or 1/4")
    sign, whole, decimals, scale = match.groups()
    plain = Decimal(sign + whole.replace(",", "") + (decimals or ""))
    return _tidy(plain.scaleb(_SCALES.get(scale or "", 0), _EXACT))


def words(figure: Figure) -> str:
    """Words that mean this figure, the editor's bounds apart: `interpret` makes the same figure of them."""
    if figure.comparator == "range":
        return f"{digits(figure.low)} to {digits(figure.high)}"
    if figure.comparator == "magnitude":
        return f"multiples of {digits(figure.low)}" if figure.bounds_basis == "convention" else "vague"
    prefix = next((prefix for prefix, sign in _PREFIXES.items() if sign == figure.comparator), "")
    return f"{prefix} {digits(figure.value)}".strip()


def digits(value: Decimal | None) -> str:
    """The number in digits, thousands grouped. Raises ValueError for None: the figure is not one of ours."""
    if value is None:
        raise ValueError("a figure without the number that its comparator needs")
    return format(_tidy(value), ",f")


def _fraction(above: int, below: int) -> Decimal:
    if below == 0:
        raise ValueError("a fraction cannot have 0 below the line")
    step = Decimal(1).scaleb(-PLACES)
    return _tidy(_EXACT.divide(Decimal(above), Decimal(below)).quantize(step, ROUND_HALF_EVEN, _EXACT))


def _tidy(value: Decimal) -> Decimal:
    """Without exponent and superfluous zeros, so that equal numbers are also written alike."""
    value = value.normalize(_EXACT)
    plain = format(value, "f")
    if sum(map(str.isdigit, plain)) > DIGITS:
        raise ValueError(f"more than {DIGITS} digits")
    return Decimal("0" if plain == "-0" else plain)


def _stated(folded: str) -> Figure:
    if folded == "vague":
        return Figure("magnitude", None, None, None, "unknown", "unknown", "stated")
    if folded.startswith("multiples of "):
        return _magnitude(number(folded.removeprefix("multiples of ")))
    if folded.startswith("between ") and " and " in folded:
        return _range(*folded.removeprefix("between ").split(" and ", 1))
    if match := _PREFIX.fullmatch(folded):
        comparator, value = _PREFIXES[match[1]], number(match[2])
    elif " to " in folded:
        return _range(*folded.split(" to ", 1))
    else:
        comparator, value = "=", _plain(folded)
    ends = _ENDS[comparator]
    low, high = (value if end in ("closed", "open") else None for end in ends)
    return Figure(comparator, value, low, high, *ends, "stated")


def _plain(folded: str) -> Decimal:
    try:
        return number(folded)
    except ValueError:
        if any(character.isdigit() for character in folded):
            raise
        raise ValueError(f"not a value; examples: {EXAMPLES}") from None


def _range(first: str, second: str) -> Figure:
    # "1 to 2 million" says one million to two million, and read by its parts it would begin at one.
    scales = [part.rpartition(" ")[2] for part in (first, second)]
    if scales[1] in _SCALES and scales[0] not in _SCALES:
        raise ValueError(f"say '{scales[1]}' with both numbers, or write them out")
    low, high = number(first), number(second)
    if low > high:
        raise ValueError(f"the range is reversed: {digits(low)} is above {digits(high)}")
    return Figure("range", None, low, high, "closed", "closed", "stated")


def _magnitude(step: Decimal) -> Figure:
    # By convention "tens of thousands" is 10,000 to below 100,000; "multiples of 5,000" would mean nothing.
    if step < 1 or set(format(step, "f")[1:]) > {"0"} or not format(step, "f").startswith("1"):
        raise ValueError("'multiples of' needs a power of ten, such as 10,000 for tens of thousands")
    return Figure("magnitude", None, step, _tidy(step.scaleb(1, _EXACT)), "closed", "open", "convention")


def _bounded(stated: Figure, low: Decimal | None, high: Decimal | None) -> Figure:
    figure = replace(stated, bounds_basis="editor")
    for name, bound, end in (("low", low, stated.low_end), ("high", high, stated.high_end)):
        if bound is None:
            continue
        if end in ("closed", "open"):
            raise ValueError(f"'{name}' is given, but the value itself states that bound")
        figure = replace(figure, low=bound, low_end="closed") if name == "low" else figure
        figure = replace(figure, high=bound, high_end="closed") if name == "high" else figure
    if figure.low is not None and figure.high is not None:
        both_closed = figure.low_end == figure.high_end == "closed"
        if figure.low > figure.high or (figure.low == figure.high and not both_closed):
            raise ValueError(f"the bounds are reversed: low {digits(figure.low)}, high {digits(figure.high)}")
    if figure.value is not None:
        below = figure.low is not None and figure.value < figure.low
        if below or (figure.high is not None and figure.value > figure.high):
            raise ValueError(f"the bounds leave out the value itself, {digits(figure.value)}")
    return figure
