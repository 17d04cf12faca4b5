"""Items as Parquet: a view's members in typed columns, what it nests as structures, lists as lists.

Decimals are exact: 38 digits, ten of them behind the point, is what every reader holds. The digits of a
number that does not fit stand in the column `…_exact` beside it. Days are dates, times are timestamps in UTC;
what EDTF says and no calendar holds, such as `2024-10?`, is text.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet
from pydantic import BaseModel

from annotations.stream import Stream
from api.listing.formats import dump, exact
from api.listing.table import DAYS, JSON_ONLY, MOMENTS, is_model, taken_apart

PLACES = 10
DECIMAL, DAY, TIME = pa.decimal128(38, PLACES), pa.date32(), pa.timestamp("ms", "UTC")
# Of a row group in memory: the writer holds one, and a reader takes one at a time. Where its columns stand is
# held until the end, 55 kB a group of quotes: at a million, these and a group take the least together.
GROUP_BYTES, GROUP_ROWS, PAGE_BYTES = 6 << 20, 20_000, 128 << 10
_EPOCH = date(1970, 1, 1).toordinal()
_PLAIN = {str: pa.string(), int: pa.int64(), bool: pa.bool_(), Decimal: DECIMAL}
_TYPES = dict.fromkeys(DAYS, DAY) | dict.fromkeys(MOMENTS, TIME)
_EXACT = "_exact"
Convert = Callable[[Any], Any]


class Columns:
    """Items as one Parquet file behind its first four bytes, a row group at a time."""

    def __init__(self, view: type[BaseModel]) -> None:
        self._schema = schema_of(view)
        self._row = _struct(pa.struct(self._schema)) or dict
        self._sink = Stream()
        # The least and the largest value of each group, of what a reader can choose groups by.
        flat = [field.name for field in self._schema if not pa.types.is_nested(field.type)]
        self._writer = pyarrow.parquet.ParquetWriter(
            self._sink, self._schema, compression="zstd", write_statistics=flat,
            data_page_size=PAGE_BYTES, dictionary_pagesize_limit=PAGE_BYTES,
        )  # fmt: skip
        self._sink.take()  # what every file begins with has been sent
        self._held: list[pa.Table] = []
        self._rows = self._bytes = 0

    def rows(self, lines: bytes) -> bytes:
        """More rows, by their JSON; what is written of them so far."""
        # By Arrow's own reader: what makes columns of Python's values loads all of pandas, where it finds it.
        told = b"\n".join(dump(self._row(exact(line))) for line in lines.split(b"\n"))
        table = pyarrow.json.read_json(
            io.BytesIO(told),
            pyarrow.json.ReadOptions(use_threads=False, block_size=len(told) + 1),
            pyarrow.json.ParseOptions(self._schema, unexpected_field_behavior="ignore"),
        )
        self._held.append(table)
        self._rows, self._bytes = self._rows + table.num_rows, self._bytes + table.nbytes
        return self._written() if self._bytes >= GROUP_BYTES or self._rows >= GROUP_ROWS else b""

    def end(self) -> bytes:
        """The last rows, and where all of them stand."""
        last = self._written()
        self._writer.close()
        return last + self._sink.take()

    def _written(self) -> bytes:
        if self._held:
            self._writer.write_table(pa.concat_tables(self._held), self._rows)
            self._held.clear()
            # The allocator keeps what is free between the footers, and would grow with every group.
            pa.default_memory_pool().release_unused()
        self._rows = self._bytes = 0
        return self._sink.take()


@cache
def schema_of(view: type[BaseModel]) -> pa.Schema:
    """The columns of a view, each with its description."""
    return pa.schema(list(_fields(view)))


def _fields(view: type[BaseModel]) -> Iterator[pa.Field]:
    for name, field in view.model_fields.items():
        if JSON_ONLY in field.metadata and not field.is_required():
            continue  # comes on request alone
        type_ = _TYPES.get(name) or _type(field.annotation)
        about = {b"description": (field.description or "").encode()}
        yield pa.field(name, type_, metadata=about)
        if type_ == DECIMAL:
            beside = (
                f"Digits of `{name}` where it has no place in a decimal of 38 digits, ten behind the point"
            )
            yield pa.field(name + _EXACT, pa.string(), metadata={b"description": beside.encode()})


def _type(annotation: Any) -> pa.DataType:
    type_, _, several = taken_apart(annotation)
    # A word of a vocabulary is text, too.
    one = pa.struct(list(_fields(type_))) if is_model(type_) else _PLAIN.get(type_, pa.string())
    return pa.list_(one) if several else one


def _converter(type_: pa.DataType) -> Convert | None:
    """What makes of JSON the JSON that a column of this type is read of; none if it is the same."""
    if type_ == DAY:
        return _day
    if pa.types.is_struct(type_):
        return _struct(type_)
    if pa.types.is_list(type_) and (each := _converter(type_.value_type)) is not None:
        return lambda values: [None if value is None else each(value) for value in values]
    return None


def _struct(type_: pa.StructType) -> Convert | None:
    converted = {field.name: of for field in type_ if (of := _converter(field.type))}
    decimals = [field.name for field in type_ if field.type == DECIMAL]
    if not converted and not decimals:
        return None

    def convert(value: Mapping[str, Any]) -> dict[str, Any]:
        row = dict(value)
        for name, of in converted.items():
            if row.get(name) is not None:
                row[name] = of(row[name])
        for name in decimals:
            if row.get(name) is not None:
                number = Decimal(orjson.dumps(row[name]).decode())
                if not _fits(number):
                    row |= {name: None, name + _EXACT: format(number, "f")}
        return row

    return convert


def _fits(number: Decimal) -> bool:
    return number.is_zero() or (
        -int(number.as_tuple().exponent) <= PLACES and number.adjusted() < DECIMAL.precision - PLACES
    )


def _day(value: str) -> int | None:
    """Days since 1970."""
    with suppress(ValueError):  # the year 0000 is none in Python
        return date.fromisoformat(value).toordinal() - _EPOCH
    return None
