"""JSON files of other tools, read strictly: UTF-8, no key twice, no value beyond JSON."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from annotations import source
from annotations.mistakes import Mistake, Mistakes

Kind = TypeVar("Kind")
_BLANK = re.compile(r"\s+")


def load(data: bytes, file: str) -> Any:
    """The value of a JSON file. Raises Mistakes with the line of what is wrong."""
    text = source.utf8(data.removeprefix(b"\xef\xbb\xbf"), file)
    return parse(text, file)


def parse(text: str, file: str, line: int = 1) -> Any:
    """The value of a JSON text that begins in this line of its file."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
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
    raise ValueError(f"{constant} is no number")


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


def lines(data: bytes, file: str) -> Iterator[tuple[int, Any]]:
    """The values of a file of JSON lines, each with the line where it begins; a value may go over several."""
    text = source.utf8(data.removeprefix(b"\xef\xbb\xbf"), file)
    decoder = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refused)
    at, line = 0, 1
    while True:
        blank = _BLANK.match(text, at)
        if blank:
            line += blank[0].count("\n")
            at = blank.end()
        if at >= len(text):
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            place = line + text.count("\n", at, error.pos)
            raise Mistakes([Mistake(file, f"is no JSON: {error.msg}", place, error.colno)]) from None
        except (RecursionError, ValueError) as error:
            raise Mistakes([Mistake(file, f"is no JSON: {error}", line)]) from None
        yield line, value
        line += text.count("\n", at, end)
        at = end
