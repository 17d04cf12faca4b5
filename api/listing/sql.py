"""SQL as resources write it: selects of any columns, aliases by name, and rows whose body is JSON.

SQLAlchemy's own types follow every column through every join; here only the rows that come out are typed.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import sqlalchemy
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, func, literal, orm
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


def select(*columns: Any) -> Select[Any]:
    """A select of these columns."""
    return sqlalchemy.select(*columns)


def aliased(model: Any, name: str) -> Any:
    """The table once more, under another name."""
    return orm.aliased(model, name=name)


# Row keys of a page: few as they are, many as the select of an array.
Keys: TypeAlias = Sequence[int] | Select[Any]
# From how many on.
MANY = 500


def among(keys: Sequence[int], *, sqlite: bool) -> Keys:
    """What a row key is one of, for `in_`.

    PostgreSQL takes many of them as an array, which is one parameter: a list takes its driver longer than
    all that they find.
    """
    if sqlite or len(keys) < MANY:
        return keys
    return select(func.unnest(literal(list(keys), ARRAY(BigInteger))))


class json_object(FunctionElement[str]):  # noqa: N801  # a function in SQL
    """JSON text of alternating names and values, built by the database."""

    inherit_cache = True
    name = "json_object"


@compiles(json_object, "sqlite")
def _json_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_object({compiler.process(element.clauses, **options)})"


@compiles(json_object, "postgresql")
def _json_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_build_object({compiler.process(element.clauses, **options)})::text"


def part(owner: Any, place: Any, /, **members: Any) -> Select[Any]:
    """The select of a part: whose row (`owner`), in which place, with what in it."""
    flat = [term for name, value in members.items() for term in (literal(name, literal_execute=True), value)]
    body: ColumnElement[str] = json_object(*flat)
    return select(owner.label("owner"), place.label("place"), body.label("body"))
