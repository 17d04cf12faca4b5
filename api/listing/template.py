"""Statements as templates: built once for requests of one shape, then run with the values of each.

Building a statement takes longer than most lists take to run. So what a filter makes of a request's values is
kept with the statement, and done again for the values of the next request of the same shape.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy import BindParameter, Dialect, Select, bindparam
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import NULLTYPE

# Shapes that are kept: each takes some kilobytes.
MOST = 500
Make = Callable[[Any], Any]


class Given:
    """One value of a request: of a parameter, or at a place in one that is repeated."""

    def __init__(self, name: str, place: int, value: Any) -> None:
        self.name, self.place, self.value = name, place, value
        self.binds: list[tuple[str, Make | None]] = []

    def bind(self, make: Make | None = None) -> BindParameter[Any]:
        """The value, or what `make` makes of it, as a parameter of a statement."""
        key = f"{self.name}_{self.place}_{len(self.binds)}"
        self.binds.append((key, make))
        value = make(self.value) if make else self.value
        # It takes the type of what it is compared with.
        return bindparam(key, value, type_=NULLTYPE)


def listed(value: Any) -> list[Any]:
    """What is given for a parameter, that may be repeated or not."""
    return value if isinstance(value, list) else [value]


def bound(value: Any, make: Make | None = None) -> Any:
    """A value as a parameter of a statement, whether a request gave it or not."""
    if isinstance(value, Given):
        return value.bind(make)
    return make(value) if make else value


@dataclass(frozen=True)
class Template:
    """SQL of the driver, and how its parameters follow from a request's values."""

    sql: str
    # In the order of the driver where it has one; else by name.
    keys: tuple[str, ...]
    positional: bool
    fixed: Mapping[str, Any]
    made: tuple[tuple[str, str, int, Make | None], ...]
    sorts: tuple[type, ...]
    # What the columns are called.
    columns: tuple[str, ...]

    def values(self, query: Mapping[str, Any], more: Mapping[str, Any]) -> Any:
        """The parameters for a request's values; `more` are those that are no filter's."""
        values = {**self.fixed, **more}
        for key, name, place, make in self.made:
            given = query[name]
            value = given[place] if isinstance(given, list) else given
            values[key] = make(value) if make else value
        return tuple([values[key] for key in self.keys]) if self.positional else values


@dataclass(frozen=True)
class Example:
    """A statement that was built for one request, of its values; and the types of its sort columns."""

    statement: Select[Any]
    given: Sequence[Given]
    sorts: tuple[type, ...] = ()


def template_of(example: Example, dialect: Dialect) -> Template:
    """The template that a statement is an example of."""
    compiled = example.statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    assert isinstance(compiled, SQLCompiler)
    made = tuple((key, one.name, one.place, make) for one in example.given for key, make in one.binds)
    keys = tuple(compiled.positiontup or ())
    fixed = compiled.construct_params()
    columns = tuple(example.statement.selected_columns.keys())
    return Template(str(compiled), keys, bool(compiled.positional), fixed, made, example.sorts, columns)


class Templates:
    """The templates of one service, by shape; those that nobody asked for longest go first."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, Template] = OrderedDict()
        self._lock = Lock()

    def get(self, shape: Hashable) -> Template | None:
        with self._lock:
            if (template := self._known.get(shape)) is not None:
                self._known.move_to_end(shape)
            return template

    def keep(self, shape: Hashable, template: Template) -> None:
        with self._lock:
            self._known[shape] = template
            if len(self._known) > MOST:
                self._known.popitem(last=False)
