"""What the OpenAPI document says of the answers of a resource: models, headers and problems."""

from typing import Any

from pydantic import BaseModel, Field, create_model

from api.listing.forms import MEDIA_TYPES
from api.problems import MEDIA_TYPE, TITLES

Responses = dict[int | str, dict[str, Any]]
REVISION = {
    "X-Revision": {
        "description": "The revision that is shown, or that a write made; send it to read no older one",
        "schema": {"type": "integer"},
    },
}
HEADERS = {
    "ETag": {"description": "Strong validator; send it back in If-None-Match", "schema": {"type": "string"}},
    **REVISION,
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
        __doc__=f"A page of items, each a {view.__name__.removesuffix('View')}.",
        results=(list[view], Field(description="The items")),  # type: ignore[valid-type]
        next=(str | None, Field(description="URL of the next page; null on the last")),
        total=(Total | None, Field(description="With `count=on`")),
        facets=(dict[str, list[FacetValue]] | None, Field(description="With `facet`, by its name")),
    )


def page_headers() -> dict[str, Any]:
    """The headers of a page."""
    return HEADERS | _LINK


def problems(*statuses: int) -> Responses:
    """The problem documents that an operation may answer."""
    form = {"$ref": "#/components/schemas/ProblemDocument"}
    return {
        status: {"description": TITLES[status], "content": {MEDIA_TYPE: {"schema": form}}}
        for status in statuses
    }


def list_responses(resource: Any) -> Responses:
    """A page in each of its forms, and its problems."""
    ok = {
        "model": page_of(resource.view, resource.noun),
        "description": "A page",
        # JSON first: clients that know one format only take the first.
        "content": _contents(resource, items=False),
        "headers": page_headers(),
    }
    return {200: ok, 304: {"description": "Not modified"}, **problems(400, 406, 422, 503)}


def item_responses(resource: Any) -> Responses:
    """An item, and its problems."""
    ok = {
        "model": resource.view,
        "description": f"The {resource.noun}",
        "content": _contents(resource, items=True),
        "headers": HEADERS,
    }
    moved: Responses = {308: {"description": "Another one took its place"}} if resource.moved else {}
    return {200: ok, 304: {"description": "Not modified"}, **moved, **problems(400, 404, 406, 410, 422, 503)}


def _contents(resource: Any, *, items: bool) -> dict[str, Any]:
    text, binary = {"schema": {"type": "string"}}, {"schema": {"type": "string", "format": "binary"}}
    linked = {"schema": {"type": "object"}}
    by_format = {"json": {}, "jsonld": linked, "parquet": binary}
    contents = {type_.split(";")[0]: by_format.get(name, text) for name, type_ in MEDIA_TYPES.items()}
    wholes = resource.wholes.values() if items else ()
    return contents | {whole.media_type: linked if "json" in whole.media_type else binary for whole in wholes}
