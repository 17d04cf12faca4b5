"""The parameters of a list, as one Pydantic model made of its resource's filters: unknown ones are refused."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

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

PAGE = 50
LONGEST_PAGE = 200
Format = Literal["json", "csv", "ndjson"]
Offsets = Literal["codepoint", "utf16"]


class ItemParameters(BaseModel):
    """What every item takes."""

    model_config = ConfigDict(extra="forbid")

    as_of: Annotated[str, StringConstraints(pattern=AS_OF)] | None = Field(
        None,
        description="Read the record as it stood: a revision's number, or a time (UTC unless it says).",
        examples=["1"],
    )
    offsets: Offsets = Field(
        "codepoint",
        description="Unit of `start` and `end`: Unicode code points, or UTF-16 as in JavaScript.",
        examples=["codepoint"],
    )


class ListParameters(ItemParameters):
    """What every list takes. Ranges that are reversed are refused, whatever the resource."""

    limit: int | None = Field(
        None,
        ge=1,
        le=LONGEST_PAGE,
        description=f"Items on the page; {PAGE}, or everything for an export, unless given.",
        examples=[20],
    )
    cursor: Annotated[str, StringConstraints(max_length=4000)] | None = Field(
        None,
        description="Where the last page ended: from its `next`. It reads the revision that the first page read.",
        examples=[None],
    )
    count: Literal["on", "off"] = Field(
        "off", description="`on` counts all hits in `total`.", examples=["on"]
    )
    format: Format | None = Field(
        None,
        description="`csv` and `ndjson` stream everything that matches, or one page if `limit` is given. Goes before `Accept`.",
        examples=["json"],
    )


def parameters_of(resource: Resource) -> type[ListParameters]:
    """The parameters of a resource's list."""
    fields: dict[str, Any] = {}
    for parameter in (*_shared(resource), *(p for filter in resource.filters for p in filter.parameters())):
        many = (
            Annotated[list[parameter.type], Field(max_length=MOST_VALUES)]
            if parameter.repeated
            else parameter.type
        )  # type: ignore[name-defined]
        examples = [[parameter.example]] if parameter.repeated else [parameter.example]
        needed = resource.across and parameter.name == "q"
        default = Field(description=parameter.about, examples=examples)
        fields[parameter.name] = (
            (many, default)
            if needed
            else (many | None, Field(None, description=parameter.about, examples=examples))
        )
    return create_model(
        f"{resource.name.title()}Parameters",
        __base__=ListParameters,
        __validators__={"_ranges": model_validator(mode="after")(_refuse_reversed(resource))},
        **fields,
    )


def item_parameters_of(resource: Resource) -> type[ItemParameters]:
    """The parameters of a resource's item."""
    fields = {
        p.name: (list[p.type] | None, Field(None, description=p.about, examples=[[p.example]]))
        for p in _include(resource, items=True)
    }  # type: ignore[name-defined]
    return create_model(f"{resource.noun.title()}Parameters", __base__=ItemParameters, **fields)  # type: ignore[call-overload, no-any-return]


def _shared(resource: Resource) -> Iterator[Parameter]:
    sorts = [name for sort in resource.sorts for name in (sort, f"-{sort}")]
    if resource.words:
        yield Parameter(
            "q",
            Annotated[str, StringConstraints(max_length=LONGEST_QUERY), AfterValidator(_words)],
            f'Full text: {resource.words}. All words must be found; "quoted" ones follow each other, a `*` ends a '
            "beginning. Accents, case and quotation marks do not matter.",
            "ceasefire",
        )
        if not resource.across:
            sorts.append("rank")
    lines = "; ".join(f"`{name}`: {sort.about}" for name, sort in resource.sorts.items())
    rank = "; `rank`: best of the newest 1,000 hits of `q`" if "rank" in sorts else ""
    yield Parameter(
        "sort", Literal[tuple(sorts)], f"Order, `-` turns it round. {lines}{rank}.", resource.default_sort
    )
    if facets := tuple(resource.facets()):
        about = "Counts of the hits by value, each leaving its own filter out."
        yield Parameter("facet", Literal[facets], about, facets[0], True)
    yield from _include(resource, items=False)


def _include(resource: Resource, *, items: bool) -> Iterator[Parameter]:
    names = tuple(name for name, include in resource.includes.items() if items or include.part)
    if names:
        lines = "; ".join(f"`{name}`: {resource.includes[name].about}" for name in names)
        yield Parameter("include", Literal[names], f"Nested parts. {lines}.", names[0], True)


def _words(query: str) -> str:
    parse(query)
    return query


def _refuse_reversed(resource: Resource) -> Any:
    def refuse(self: Any) -> Any:
        for filter in resource.filters:
            given = {op: getattr(self, f"{filter.name}__{op}", None) for op in COMPARE}
            ends = {op: filter.bounds(op, value) for op, value in given.items() if value is not None}
            for low in ("gte", "gt"):
                for high in ("lte", "lt"):
                    if low in ends and high in ends and ends[low] > ends[high]:
                        raise ValueError(f"{filter.name}__{low} and {filter.name}__{high} are reversed")
            if {"gte", "gt"} <= ends.keys() or {"lte", "lt"} <= ends.keys():
                raise ValueError(f"{filter.name}: two lower or two upper ends; give one of them")
        return self

    return refuse
