"""JSON with exact numbers, and what the forms are called in which items leave (`forms`)."""

import json
from bisect import bisect_left
from typing import Any

import orjson

JSON, CSV, NDJSON = "application/json", "text/csv; charset=utf-8", "application/x-ndjson"
ATOM, JSON_LD, PARQUET = "application/atom+xml", "application/ld+json", "application/vnd.apache.parquet"
# Of a number that any integer type of 64 bits holds.
MOST_DIGITS = 19


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
