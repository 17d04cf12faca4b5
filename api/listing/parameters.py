"""The parameters of a list: one Pydantic model, made of its resource's filters, that refuses unknown ones."""

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    create_model,
    model_validator,
)

from api.listing.filters import COMPARE, MOST_VALUES, Parameter
from api.listing.reading import AS_OF
from api.listing.resource import Resource
from api.listing.words import LONGEST_QUERY, parse
from api.problems import Mistake, unprocessable

PAGE = 50
LONGEST_PAGE = 200
MOST_FACET_VALUES = 100
# Ranking reads every hit: over a common word in a million rows that is a second. Older hits are not ranked.
RANKED = 1000
Format = Literal["json", "jsonld", "csv", "ndjson", "parquet", "atom"]
Offsets = Literal["codepoint", "utf16"]
Model = TypeVar("Model", bound=BaseModel)


class AsOf(BaseModel):
    """What everything takes that reads the record."""

    model_config = ConfigDict(extra="forbid")

    as_of: Annotated[str, Field(max_length=40, json_schema_extra={"pattern": AS_OF})] | None = Field(
        None,
        description="Read the record as it stood: a revision's number, or a time (UTC unless it says).",
        examples=["1"],
    )

    def given(self) -> dict[str, Any]:
        """What is asked for, in the order of the parameters: what is as it would be anyhow is left out."""
        return self.model_dump(exclude_none=True, exclude_defaults=True)


class ItemParameters(AsOf):
    """What every item takes."""

    offsets: Offsets = Field(
        "codepoint",
        description="Unit of `start` and `end`: Unicode code points, or UTF-16 as in JavaScript.",
        examples=["codepoint"],
    )
    format: str | None = None
    bom: Literal["on", "off"] = Field(
        "off",
        description="`on` begins a CSV with a byte-order mark: without it Excel guesses the encoding.",
        examples=["off"],
    )


class ListParameters(ItemParameters):
    """What every list takes. What contradicts itself is refused, whatever the resource."""

    limit: int | None = Field(
        None,
        ge=1,
        le=LONGEST_PAGE,
        description=f"Items on the page; {PAGE}, or everything for an export, unless given.",
        examples=[20],
    )
    cursor: Annotated[str, StringConstraints(min_length=1, max_length=4000)] | None = Field(
        None,
        description="Where the last page ended: from its `next`. It reads what revision the first page read.",
        examples=[None],
    )
    count: Literal["on", "off"] = Field(
        "off", description="`on` counts all hits in `total`.", examples=["on"]
    )
    format: Format | None = Field(
        None,
        description="`csv`, `ndjson`, `jsonld` and `parquet` stream everything that matches, or a page if "
        "`limit` is given; `atom` is a feed, newest on record first unless `sort` is given. "
        "Goes before `Accept`.",
        examples=["json"],
    )


# Made once: a model takes longer to make than most pages take to answer.
@cache
def parameters_of(resource: Resource) -> type[ListParameters]:
    """The parameters of a resource's list."""
    given = (*_shared(resource), *(p for filter in resource.filters for p in filter.parameters()))
    fields = {p.name: _field(p, needed=resource.across and p.name == "q") for p in given}
    ranges = {"_ranges": model_validator(mode="after")(_refuse_contradictions(resource))}
    name = f"{resource.name.title()}Parameters"
    return _model(name, ListParameters, fields, ranges)


@cache
def item_parameters_of(resource: Resource) -> type[ItemParameters]:
    """The parameters of a resource's item."""
    fields = {p.name: _field(p) for p in (_formats(resource), *_include(resource, items=True))}
    return _model(f"{resource.noun.title()}Parameters", ItemParameters, fields, {})


def _model(name: str, base: type[Model], fields: dict[str, Any], validators: dict[str, Any]) -> type[Model]:
    return create_model(name, __base__=base, __validators__=validators, **fields)


def _field(parameter: Parameter, *, needed: bool = False) -> tuple[Any, Any]:
    type_, example = parameter.type, parameter.example
    if parameter.repeated:
        type_, example = Annotated[list[type_], Field(max_length=MOST_VALUES)], [example]  # type: ignore[valid-type]
    if needed:
        return type_, Field(description=parameter.about, examples=[example])
    return type_ | None, Field(None, description=parameter.about, examples=[example])


def _shared(resource: Resource) -> Iterator[Parameter]:
    sorts = [name for sort in resource.sorts for name in (sort, f"-{sort}")]
    if resource.words:
        yield Parameter(
            "q",
            Annotated[str, StringConstraints(max_length=LONGEST_QUERY), AfterValidator(_words)],
            f'Full text: {resource.words}. All words must be found; "quoted" ones follow each other, '
            "a `*` ends a beginning. Accents, case and quotation marks do not matter.",
            "ceasefire",
        )
        if not resource.across:
            sorts.append("rank")
    lines = "; ".join(f"`{name}`: {sort.about}" for name, sort in resource.sorts.items())
    best = f"; `rank`: best of the newest {RANKED:,} hits of `q`, one page without `next`"
    rank = best if "rank" in sorts else ""
    yield Parameter(
        "sort", Literal[tuple(sorts)], f"Order, `-` turns it round. {lines}{rank}.", resource.default_sort
    )
    if facets := tuple(resource.facets()):
        about = f"Hits by value, the {MOST_FACET_VALUES} most frequent ones; each leaves its own filter out."
        yield Parameter("facet", Literal[facets], about, facets[0], True)
    yield from _include(resource, items=False)


def _formats(resource: Resource) -> Parameter:
    forms = (*get_args(Format), *resource.wholes)
    about = "".join(f"; `{name}`: {whole.about}" for name, whole in resource.wholes.items())
    return Parameter("format", Literal[forms], f"The form of the item{about}. Goes before `Accept`.", "json")


def _include(resource: Resource, *, items: bool) -> Iterator[Parameter]:
    names = tuple(name for name, include in resource.includes.items() if items or include.part)
    if names:
        lines = "; ".join(f"`{name}`: {resource.includes[name].about}" for name in names)
        yield Parameter("include", Literal[names], f"Nested parts. {lines}.", names[0], True)


def _words(query: str) -> str:
    parse(query)
    return query


def _refuse_contradictions(resource: Resource) -> Any:
    named = [(filter, {parameter.name for parameter in filter.parameters()}) for filter in resource.filters]

    def refuse(self: Any) -> Any:
        asked = self.model_fields_set
        for filter in (filter for filter, names in named if len(names & asked) > 1):
            wanted, left_out = (getattr(self, f"{filter.name}{op}", None) for op in ("", "__not"))
            if wanted and left_out and not set(wanted).isdisjoint(left_out):
                message = f"leaves out a value that {filter.name} asks for"
                raise unprocessable(Mistake(parameter=f"{filter.name}__not", message=message))
            given = {op: getattr(self, f"{filter.name}__{op}", None) for op in COMPARE}
            ends = {op: filter.bounds(op, value) for op, value in given.items() if value is not None}
            for one, other in (("gte", "gt"), ("lte", "lt")):
                if one in ends and other in ends:
                    message = f"two lower or two upper ends; leave out {filter.name}__{one} or this one"
                    raise unprocessable(Mistake(parameter=f"{filter.name}__{other}", message=message))
            for low in ("gte", "gt"):
                for high in ("lte", "lt"):
                    if low in ends and high in ends and ends[low] > ends[high]:
                        message = f"reversed or empty: nothing is left above {filter.name}__{low}"
                        raise unprocessable(Mistake(parameter=f"{filter.name}__{high}", message=message))
        return self

    return refuse
