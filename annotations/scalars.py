"""Single values of the annotation file: each is words, and becomes what it means."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator
from pydantic import WithJsonSchema as Schema
from pydantic_core import core_schema

from annotations import value
from models import edtf
from models.moment import written


def typed(convert: Callable[[str], Any]) -> PlainValidator:
    """A scalar that is words in the file and becomes what `convert` makes of them."""

    def check(words: Any) -> Any:
        if not isinstance(words, str):
            raise ValueError("is not a single value")
        return convert(words.strip())

    return PlainValidator(check)


def _coordinates(words: str) -> tuple[Decimal, Decimal]:
    latitude, comma, longitude = words.partition(",")
    if not comma:
        raise ValueError("is not 'latitude, longitude', such as '33.89, 35.50'")
    north, east = value.number(latitude), value.number(longitude)
    if abs(north) > 90 or abs(east) > 180:
        raise ValueError("a latitude is between -90 and 90, a longitude between -180 and 180")
    return north, east


def _moment(words: str) -> str:
    message = "is not a time with its zone, such as '2024-10-16T07:00:00+02:00'"
    try:
        time = datetime.datetime.fromisoformat(words)
    except ValueError:
        raise ValueError(message) from None
    if time.tzinfo is None or not 1 < time.year < 9999:
        raise ValueError(message)
    return written(time)


# An editor sees YAML's own types: a bare 45 is a number to it, although this format reads words.
NUMERIC = ["string", "number"]
Edtf = Annotated[edtf.Interval, typed(edtf.parse), Schema({"type": NUMERIC})]
Bound = Annotated[Decimal, typed(value.number), Schema({"type": NUMERIC})]
Moment = Annotated[str, typed(_moment), Schema({"type": "string", "format": "date-time"})]
Coordinates = Annotated[tuple[Decimal, Decimal], typed(_coordinates), Schema({"type": "string"})]


@dataclass(frozen=True)
class Short:
    """A short form: a string stands for a list of one (key None), or for a mapping with that one key."""

    key: str | None = None

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self._long, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        long = handler(schema)
        short = long["items"] if self.key is None else {"type": NUMERIC}
        return {"anyOf": [short, long]}

    def _long(self, words: Any) -> Any:
        if not isinstance(words, str):
            return words
        return [words] if self.key is None else {self.key: words}
