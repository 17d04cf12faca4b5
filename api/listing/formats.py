"""How a list leaves the house: JSON pages, NDJSON lines, CSV rows; all of the same items. Atom: `atom`."""

import csv
import io
import json
import types
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Union, get_args, get_origin

import orjson
from pydantic import BaseModel

JSON, CSV, NDJSON = "application/json", "text/csv; charset=utf-8", "application/x-ndjson"
ATOM = "application/atom+xml"
MEDIA_TYPES = {"json": JSON, "csv": CSV, "ndjson": NDJSON, "atom": ATOM}
# Of a number that any integer type of 64 bits holds.
MOST_DIGITS = 19
# A spreadsheet takes a text cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PARTED = " | "
# Marks of a view's field: its columns stand beside those of the model around it; it has no columns.
BESIDE, JSON_ONLY = "csv: beside", "csv: none"
Path = tuple[str, ...]


def dump(value: Any) -> bytes:
    """JSON; decimals are already fragments, so none goes through a float."""
    return orjson.dumps(value)


def exact(line: bytes) -> dict[str, Any]:
    """The item of its JSON; what no float holds stays as it is written."""
    item: dict[str, Any] = json.loads(line, parse_float=_fragment, parse_int=_whole)
    return item


def _fragment(digits: str) -> orjson.Fragment:
    return orjson.Fragment(digits)


def _whole(digits: str) -> int | orjson.Fragment:
    return int(digits) if len(digits) < MOST_DIGITS else orjson.Fragment(digits)


def ndjson(lines: Iterable[bytes]) -> Iterator[bytes]:
    """A line an item, of its JSON."""
    for line in lines:
        yield line + b"\n"


def csv_rows(view: type[BaseModel], items: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """A header, then a row an item, as RFC 4180 has them."""
    columns = list(csv_columns(view))
    yield _line([".".join(label) for label, _ in columns])
    for item in items:
        yield _line([_cell(_follow(item, path)) for _, path in columns])


def csv_columns(view: type[BaseModel], label: Path = (), path: Path = ()) -> Iterator[tuple[Path, Path]]:
    """The columns of a view: what each is called, and where it stands in an item."""
    for name, field in view.model_fields.items():
        inner = _model(field.annotation)
        if inner is None:
            yield (*label, name), (*path, name)
        elif JSON_ONLY not in field.metadata:
            beside = label if BESIDE in field.metadata else (*label, name)
            yield from csv_columns(inner, beside, (*path, name))


def utf16(item: Any, text: str) -> None:
    """Turn every offset inside an item from code points into UTF-16 units."""
    wide = [place for place, character in enumerate(text) if ord(character) > 0xFFFF]
    if wide:
        _shift(item, wide)


def _shift(item: Any, wide: list[int]) -> None:
    if isinstance(item, dict):
        for name in ("start", "end"):
            if isinstance(item.get(name), int):
                item[name] += bisect_left(wide, item[name])
        for value in item.values():
            _shift(value, wide)
    elif isinstance(item, list):
        for value in item:
            _shift(value, wide)


def _model(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation holds, alone, in a list, or with None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, Union, types.UnionType):
        return next((model for inner in get_args(annotation) if (model := _model(inner))), None)
    return None


def _follow(value: Any, path: Path) -> Any:
    """What stands at a path; through a list, what stands there in each of its members."""
    for place, name in enumerate(path):
        if isinstance(value, list):
            return [_follow(inner, path[place:]) for inner in value]
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, orjson.Fragment):
        return orjson.dumps(value).decode()
    if isinstance(value, list):
        return _guarded(_PARTED.join(_cell(inner) for inner in value))
    return _guarded(value) if isinstance(value, str) else str(value)


def _guarded(text: str) -> str:
    # One character alone, such as the comparator `=`, computes nothing.
    return f"'{text}" if len(text) > 1 and text.startswith(_FORMULA) else text


def _line(cells: list[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().encode()
