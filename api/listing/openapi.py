"""What the OpenAPI document says of the answers: their models, and examples that the seed really gives."""

from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from pydantic import BaseModel, Field, create_model

from api.problems import MEDIA_TYPE, TITLES

Responses = dict[int | str, dict[str, Any]]
_PROBLEM = {"$ref": "#/components/schemas/ProblemDocument"}
_HEADERS = {
    "ETag": {"description": "Strong validator; send it back in If-None-Match", "schema": {"type": "string"}},
}
_LINK = {"Link": {"description": "The next page, `rel=next`", "schema": {"type": "string"}}}


class Total(BaseModel):
    """The number of hits."""

    value: int = Field(description="The number", examples=[41])
    relation: str = Field(description="`eq`: it is exact", examples=["eq"])


class FacetValue(BaseModel):
    """A value and the number of hits that it would leave."""

    value: str | None = Field(description="The value; null for hits without one", examples=["indirect"])
    label: str | None = Field(description="The value for readers", examples=["indirect"])
    count: int = Field(description="Hits", examples=[30])
    url: str = Field(
        description="The list of those hits, at the same revision",
        examples=["/v1/quotes?form=indirect&as_of=1"],
    )


def page_of(view: type[BaseModel], noun: str) -> type[BaseModel]:
    """The model of a page."""
    return create_model(
        f"{noun.title().replace(' ', '')}Page",
        __doc__=f"A page of items, each a {view.__name__}.",
        results=(list[view], Field(description="The items")),  # type: ignore[valid-type]
        next=(str | None, Field(description="URL of the next page; null on the last")),
        total=(Total | None, Field(description="With `count=on`")),
        facets=(dict[str, list[FacetValue]] | None, Field(description="With `facet`, by its name")),
    )


@cache
def examples() -> dict[str, Any]:
    """Answers to the seed, by operation id. A test compares them with what the service answers."""
    content: dict[str, Any] = orjson.loads(files("api").joinpath("examples.json").read_bytes())
    return content


def problems(*statuses: int) -> Responses:
    """The problem documents that an operation may answer."""
    return {
        status: {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": _PROBLEM, "example": examples().get(f"problem_{status}")}},
        }
        for status in statuses
    }


def page_responses(view: type[BaseModel], noun: str, operation: str) -> Responses:
    """A page as JSON, and its problems."""
    content = {"application/json": {"example": examples().get(operation)}}
    ok = {
        "model": page_of(view, noun),
        "description": "A page",
        "content": content,
        "headers": _HEADERS | _LINK,
    }
    return {200: ok, 304: {"description": "Not modified"}, **problems(400, 406, 422, 503)}


def list_responses(resource: Any) -> Responses:
    """A page in three formats."""
    responses = page_responses(resource.view, resource.noun, f"list_{resource.name}")
    stream = {"schema": {"type": "string"}}
    responses[200]["content"] |= {
        "text/csv": {**stream, "example": examples().get(f"list_{resource.name}_csv")},
        "application/x-ndjson": {**stream, "example": examples().get(f"list_{resource.name}_ndjson")},
    }
    return responses


def item_responses(resource: Any) -> Responses:
    """An item."""
    content = {"application/json": {"example": examples().get(f"get_{resource.noun}")}}
    ok = {
        "model": resource.view,
        "description": f"The {resource.noun}",
        "content": content,
        "headers": _HEADERS,
    }
    moved = {308: {"description": "Another entity took its place"}} if "merged" in str(resource.about) else {}
    return {200: ok, 304: {"description": "Not modified"}, **moved, **problems(400, 404, 406, 410, 422, 503)}
