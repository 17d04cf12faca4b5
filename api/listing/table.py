"""Items as rows of CSV: a view's members in columns, what it nests beside them, lists joined in one cell."""

import codecs
import csv
import io
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

import orjson
from pydantic import BaseModel

from api.listing.formats import exact

# A spreadsheet takes a text cell that begins like this for a formula.
_FORMULA = frozenset("=+-@\t\r")
PARTED = " | "
# Marks of a view's field: its columns stand beside those of the model around it; it has no columns.
BESIDE, JSON_ONLY = "csv: beside", "csv: none"
# Members that are text in JSON and a day, or a moment, in every form that has types.
DAYS = frozenset({"earliest", "latest", "published_earliest", "published_latest"})
MOMENTS = frozenset({"time", "embargo"})
Path = tuple[str, ...]
# The members of a model that have columns, each with how many, and with its own members if it is a model.
Members = Sequence[tuple[str, int, "Members | None"]]


class _InexactError(Exception):
    """A number that a float may not hold as it is written."""


def columns_of(view: type[BaseModel], label: Path = ()) -> Iterator[Path]:
    """What the columns of a view are called, by their parts."""
    for name, inner, beside in fields(view):
        own = label if beside else (*label, name)
        yield from [own] if inner is None else columns_of(inner, own)


class Table:
    """Items as CSV (RFC 4180), a row each; `bom` begins it with a byte-order mark, as Excel wants it."""

    def __init__(self, view: type[BaseModel], *, bom: bool = False) -> None:
        self.view, self.bom = view, bom
        self._members = _members(view)

    def begin(self) -> bytes:
        named = _text([[".".join(column) for column in columns_of(self.view)]])
        return codecs.BOM_UTF8 + named if self.bom else named

    def rows(self, lines: bytes, _: object) -> bytes:
        return _text([_cells_of(self._members, line) for line in lines.split(b"\n")])

    def end(self) -> bytes:
        return b""


def fields(view: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel] | None, bool]]:
    """The members of a view that have columns, with their models, and whether they stand beside others."""
    for name, field in view.model_fields.items():
        type_ = taken_apart(field.annotation)[0]
        inner = type_ if is_model(type_) else None
        if inner is None or JSON_ONLY not in field.metadata:
            yield name, inner, inner is not None and BESIDE in field.metadata


@cache
def _members(view: type[BaseModel]) -> Members:
    members = []
    for name, inner, _ in fields(view):
        below = None if inner is None else _members(inner)
        members.append((name, 1 if below is None else sum(width for _, width, _ in below), below))
    return members


def taken_apart(annotation: Any) -> tuple[Any, bool, bool]:
    """The type of a value, whether there may be none, and whether there may be several."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return taken_apart(inner[0])
    if origin in (Union, types.UnionType):
        type_, _, several = taken_apart(next(one for one in inner if one is not types.NoneType))
        return type_, types.NoneType in inner, several
    if origin is list:
        return taken_apart(inner[0])[0], False, True
    return annotation, False, False


def is_model(type_: Any) -> bool:
    """Whether a type is a model, and not a plain value."""
    return isinstance(type_, type) and issubclass(type_, BaseModel)


def _cells_of(members: Members, line: bytes) -> list[str]:
    try:
        return _cells(members, orjson.loads(line))
    except _InexactError:
        return _cells(members, exact(line))


def _cells(members: Members, item: Mapping[str, Any]) -> list[str]:
    cells: list[str] = []
    for name, width, below in members:
        value = item.get(name)
        if value is None:
            cells += [""] * width
        elif below is None:
            cells.append(_cell(value))
        elif isinstance(value, dict):
            cells += _cells(below, value)
        elif len(value) == 1:
            cells += map(_guarded, _cells(below, value[0]))
        elif value:
            each = [_cells(below, one) for one in value]
            cells += [_guarded(PARTED.join(column)) for column in zip(*each, strict=True)]
        else:
            cells += [""] * width
    return cells


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return _guarded(value)
    if value is None:
        return ""
    if isinstance(value, float):
        raise _InexactError
    if isinstance(value, orjson.Fragment):
        return orjson.dumps(value).decode()
    if isinstance(value, list):
        return _guarded(PARTED.join(map(_cell, value)))
    return str(value)


def _guarded(text: str) -> str:
    # One character alone, such as the comparator `=`, computes nothing.
    return f"'{text}" if text[:1] in _FORMULA and len(text) > 1 else text


def _text(rows: Iterable[Sequence[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode()
