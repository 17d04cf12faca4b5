"""Filters: each is one entry of its resource, and becomes parameters, a clause and, if it counts, a facet."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import ge, gt, le, lt
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import ColumnElement, Select, not_, or_
from sqlmodel import col

from api.listing.reading import Reading
from api.listing.sql import select
from api.listing.template import Given
from models.folding import fold
from models.prepared import Found

# Of a parameter that may be repeated: more in one request is a mistake, not a need.
MOST_VALUES = 100
NONE = "none"
Test = Callable[[Any], ColumnElement[bool]]
COMPARE: Mapping[str, str] = {"gte": "from", "gt": "after", "lte": "up to", "lt": "before"}
_COMPARED = {"gte": ge, "gt": gt, "lte": le, "lt": lt}
# How much less than its value each end leaves.
STRICT: Mapping[str, int] = {"gte": 0, "gt": 1, "lte": 0, "lt": -1}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a list: its Pydantic type, what it says in OpenAPI, and an example from the seed."""

    name: str
    type: Any
    about: str
    example: Any
    repeated: bool = False


@dataclass(frozen=True)
class Narrow:
    """Which rows of a relation are asked for: those of some owners, or with some values; all if neither.

    The database then begins at an index, whichever way it goes, and never builds the whole relation.
    """

    owners: Select[Any] | None = None
    values: Test | None = None

    def where(self, statement: Select[Any], owner: Any, value: Any) -> Select[Any]:
        """The rows of a select that are asked for."""
        if self.owners is not None:
            statement = statement.where(owner.in_(self.owners))
        return statement if self.values is None else statement.where(self.values(value))


# A select of `owner` (row key) and `value`: a row may have several.
Relation = Callable[[Reading, Narrow], Select[Any]]
# A select of `value` and `label`, for the facets of a relation.
Labels = Callable[[Reading], Select[Any]]


@dataclass(frozen=True)
class Filter(ABC):
    """What every kind of filter has: a name, what it says of itself, and an example that the seed answers."""

    name: str
    about: str
    example: Any
    counted: bool = field(default=False, kw_only=True)

    @abstractmethod
    def parameters(self) -> Iterator[Parameter]:
        """The parameters of a list that it makes, the one without an operator first."""

    @abstractmethod
    def clause(self, reading: Reading, operator: str, value: Any) -> ColumnElement[bool]:
        """The condition on the rows for one of its parameters, by the operator after its name.

        `value` is a Given, or a list of them for a parameter that is repeated: what is asked for may differ
        from one request to the next, but not the condition, except by how many there are and whether they
        are `none`.
        """

    def bounds(self, operator: str, value: Any) -> Any:
        """A comparable of a `gte`, `gt`, `lte` or `lt`, by which the engine sees a range that is empty."""
        return None


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("empty; leave the parameter out instead")
    return value


def _folded(value: str) -> str:
    if not fold(value):
        raise ValueError("no letters or digits to search for")
    return value


Words = Annotated[
    str, StringConstraints(max_length=300), Field(json_schema_extra={"pattern": r"\S"}), AfterValidator(_text)
]
# What is compared folded: without a letter or a digit it would be found nowhere, or everywhere.
Searched = Annotated[str, StringConstraints(max_length=300), AfterValidator(_folded)]


@dataclass(frozen=True, kw_only=True)
class Exact(Filter):
    """Equality with a column, or with any value of a relation. `none` asks for rows without a value.

    `operators` add tests by another way to the same values: each gives a select of values.
    """

    of: Any = None
    by: Relation | None = None
    key: Any = None
    type: Any = Words
    label: Any = None
    labels: Labels | None = None
    counted: bool = True
    none: bool = False
    # The condition that a row has a value at all, where the relation is a long way to it.
    has: Any = None
    # The condition on the row itself where few values have many rows each: of one of them a list begins with
    # a page, not with all of its owners. None where that cannot be asked.
    each: Callable[[Reading, Test], ColumnElement[bool] | None] | None = None
    # Under which name its relation is prepared when a revision is written.
    prepared: str | None = None
    # The resource that its values are ids of, and ids that are known without asking the record.
    names: str | None = None
    vocabulary: frozenset[str] = frozenset()
    operators: Mapping[str, tuple[Callable[[Reading, Any], Select[Any]], str, Any]] = field(
        default_factory=dict
    )

    def parameters(self) -> Iterator[Parameter]:
        more = f" `{NONE}`: without one." if self.none else ""
        yield Parameter(
            self.name, self.type, f"{self.about} Repeated: any of them.{more}", self.example, True
        )
        yield Parameter(f"{self.name}__not", self.type, f"Leaves out: {self.about}", self.example, True)
        for operator, (_, about, example) in self.operators.items():
            type = Searched if operator == "contains" else Words
            yield Parameter(f"{self.name}__{operator}", type, about, example, True)

    def clause(self, reading: Reading, operator: str, value: Sequence[Given]) -> ColumnElement[bool]:
        if operator in self.operators:
            values_of = self.operators[operator][0]
            found = [values_of(reading, v) for v in value]
            return self._has(reading, lambda column: or_(*(column.in_(values) for values in found)))
        values = [v.bind() for v in value if not (self.none and v.value == NONE)]
        clauses = [self._has(reading, lambda column: column.in_(values))] if values else []
        if len(values) < len(value):
            clauses.append(self._has_none(reading))
        if operator == "not":
            # In SQL what is null is neither in nor outside a list.
            nulls = self.by is None and len(values) == len(value)
            return or_(self.of.is_(None), not_(or_(*clauses))) if nulls else not_(or_(*clauses))
        return or_(*clauses)

    def value(self, reading: Reading) -> Any:
        """The column whose values its facet counts, where it is one."""
        return self.of

    def _has(self, reading: Reading, test: Test) -> ColumnElement[bool]:
        if self.by is None:
            return test(self.of)
        if self.each is not None and (each := self.each(reading, test)) is not None:
            return each
        if self.prepared is not None and reading.finds:
            rows = select(col(Found.row_key)).where(reading.found(self.prepared), test(col(Found.value)))
            return self._among(rows)
        return self._owns(self.by(reading, Narrow(values=test)))

    def _has_none(self, reading: Reading) -> ColumnElement[bool]:
        if self.has is not None:
            none: ColumnElement[bool] = not_(self.has)
        elif self.by is None:
            none = self.of.is_(None)
        else:
            none = not_(self._owns(self.by(reading, Narrow())))
        return none

    def _owns(self, relation: Select[Any]) -> ColumnElement[bool]:
        return self._among(select(relation.subquery().c.owner))

    def _among(self, owners: Select[Any]) -> ColumnElement[bool]:
        among: ColumnElement[bool] = self.key.in_(owners)
        return among


@dataclass(frozen=True, kw_only=True)
class Contains(Filter):
    """Part of the words, folded: accents, case and quotation marks do not matter."""

    folded: Any

    def parameters(self) -> Iterator[Parameter]:
        yield Parameter(f"{self.name}__contains", Searched, self.about, self.example, True)

    def clause(self, reading: Reading, operator: str, value: Sequence[Given]) -> ColumnElement[bool]:
        return or_(*(self.folded.like(words.bind(containing)) for words in value))


@dataclass(frozen=True, kw_only=True)
class Counts(Filter):
    """A whole number that the row carries or that is counted for it."""

    count: Callable[[Reading], Any]

    def parameters(self) -> Iterator[Parameter]:
        whole = Annotated[int, Field(ge=0, le=1 << 53)]
        for operator, word in COMPARE.items():
            yield Parameter(
                f"{self.name}__{operator}", whole, f"{self.about} {word.title()} this many.", self.example
            )

    def clause(self, reading: Reading, operator: str, value: Given) -> ColumnElement[bool]:
        return compare(self.count(reading), operator, value.bind())

    def bounds(self, operator: str, value: Any) -> Any:
        return value + STRICT[operator]


def containing(words: str) -> str:
    """The pattern of folded words that contain these."""
    return f"%{fold(words)}%"


def compare(column: Any, operator: str, value: Any) -> ColumnElement[bool]:
    """One of the four order comparisons."""
    compared: ColumnElement[bool] = _COMPARED[operator](column, value)
    return compared
