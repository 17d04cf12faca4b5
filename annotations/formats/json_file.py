"""JSON files of other tools, read strictly: UTF-8, no key twice, no value beyond JSON."""

import json
import math
import re
from collections.abc import Generator, Iterable, Iterator
from typing import Any, TypeVar

from annotations import source
from annotations.mistakes import Mistake, Mistakes

Kind = TypeVar("Kind")
_BLANK = re.compile(r"\s+")
_BOM = b"\xef\xbb\xbf"
# Of a file that is read whole, and of a value in a file of many.
MOST_BYTES, MOST_OF_VALUE = 100 * 1024 * 1024, 8 * 1024 * 1024


def load(data: bytes, file: str) -> Any:
    """The value of a JSON file. Raises Mistakes with the line of what is wrong."""
    return parse(source.utf8(data.removeprefix(_BOM), file, MOST_BYTES), file)


def parse(text: str, file: str, line: int = 1) -> Any:
    """The value of a JSON text that begins in this line of its file."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Mistakes(
            [Mistake(file, f"is no JSON: {error.msg}", line + error.lineno - 1, error.colno)]
        ) from None
    except RecursionError:
        raise Mistakes([Mistake(file, "is nested too deeply", line)]) from None
    except ValueError as error:
        raise Mistakes([Mistake(file, f"is no JSON: {error}", line)]) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key '{twice[:60]}' stands twice")
    return found


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number that can be counted with")


def _finite(number: str) -> float:
    value = float(number)
    return value if math.isfinite(value) else _refused(number[:60])


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refused, parse_float=_finite)


def dumped(value: Any) -> str:
    """The value as JSON, in one line."""
    return json.dumps(value, ensure_ascii=False)


_REQUIRED: Any = object()
_CALLED = {list: "a list", dict: "an object", str: "a string", int: "a whole number"}


def member(value: Any, name: str, kind: type[Kind], place: str, default: Any = _REQUIRED) -> Kind:
    """A member of an object, of this kind. Raises Mistakes if it is not there, or of another kind."""
    if not isinstance(value, dict):
        raise Mistakes([Mistake(place, "is no object", extract=repr(value)[:60])])
    found = value.get(name, default)
    if found is _REQUIRED:
        raise Mistakes([Mistake(place, f"'{name}' is missing")])
    if found is default or (isinstance(found, kind) and not isinstance(found, bool)):
        return found
    raise Mistakes([Mistake(place, f"'{name}' is not {_CALLED[kind]}", extract=repr(found)[:60])])


def lines(data: Iterable[bytes], file: str, most: int = MOST_OF_VALUE) -> Iterator[tuple[int, Any]]:
    """The values of a file of JSON lines, each with the line where it begins; a value may go over several.

    `data` are its lines, of which no more than a value's are held; a value has at most so many bytes.
    """
    text, line, tried = "", 1, 0
    for number, raw in enumerate(data, 1):
        text += source.utf8(raw.removeprefix(_BOM) if number == 1 else raw, file, most, number)
        # A value of many lines is not tried again at each of them.
        if len(text) >= 2 * tried or len(text) > most:
            line, text = yield from _values(text, file, line, last=False)
            tried = len(text)
        if len(text) > most:
            raise Mistakes([Mistake(file, f"a value has more than {most:,} characters", line)])
    yield from _values(text, file, line, last=True)


def _values(
    text: str, file: str, line: int, *, last: bool
) -> Generator[tuple[int, Any], None, tuple[int, str]]:
    """The values that are whole; returns what is left, with its line."""
    at = 0
    while True:
        if blank := _BLANK.match(text, at):
            line += blank[0].count("\n")
            at = blank.end()
        if at >= len(text):
            return line, ""
        try:
            value, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            # It may go on in the next line, if all of it is sound so far.
            if not last and (error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")):
                return line, text[at:]
            place = line + text.count("\n", at, error.pos)
            raise Mistakes([Mistake(file, f"is no JSON: {error.msg}", place, error.colno)]) from None
        except (RecursionError, ValueError) as error:
            raise Mistakes([Mistake(file, f"is no JSON: {error}", line)]) from None
        yield line, value
        line += text.count("\n", at, end)
        at = end
