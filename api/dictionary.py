"""The data dictionary: every column of every list, from the models that the lists are made of."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args, get_origin

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.listing.atom import base_of
from api.listing.filters import Exact
from api.listing.formats import JSON, dump
from api.listing.negotiation import digest_of, headers_of, negotiate, not_modified, same
from api.listing.openapi import HEADERS, problems
from api.listing.resource import Resource
from api.listing.table import DAYS, MOMENTS, PARTED, fields, taken_apart
from api.resources import RESOURCES
from api.search import SEARCH

router = APIRouter(prefix="/v1")
LISTS = {**RESOURCES, SEARCH.name: SEARCH}
CSVW = "application/csvm+json"
_KINDS = {"*/*": "json", "application/*": "json", JSON: "json", CSVW: "csvw"}
# Words around a span: at the ends of a text there are none.
_MAY_BE_EMPTY = frozenset({"prefix", "suffix"})
# As CSVW calls them.
_TYPES = {str: "string", int: "integer", Decimal: "decimal", bool: "boolean"}


class ColumnView(BaseModel):
    """A column of the CSV of a list, and the member of its JSON."""

    name: str = Field(
        description="Name of the column; members of what is nested follow a point", examples=["document.id"]
    )
    type: str = Field(description="string, integer, decimal, boolean, date or dateTime", examples=["string"])
    description: str = Field(description="What it says", examples=["EDTF"])
    required: bool = Field(description="Whether it always has a value", examples=[True])
    repeated: bool = Field(
        description=f"Whether a cell may have several values, parted by `{PARTED}`", examples=[False]
    )
    values: list[str] | None = Field(
        description="The words that it may have; null where any", examples=[None]
    )
    examples: list[Any] = Field(description="Examples")


class TableView(BaseModel):
    """A list."""

    name: str = Field(description="Name of the list", examples=["quotes"])
    url: str = Field(description="Where it is", examples=["/v1/quotes"])
    description: str = Field(description="What is in it")
    columns: list[ColumnView] = Field(description="Its columns, in the order of the CSV")


class DictionaryView(BaseModel):
    """Every list with its columns."""

    tables: list[TableView] = Field(description="The lists")


class DictionaryParameters(BaseModel):
    """In which form."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "csvw"] | None = Field(
        None,
        description="`csvw`: metadata of the CSV exports (CSV on the Web). Goes before `Accept`.",
        examples=["json"],
    )


@router.get(
    "/dictionary",
    operation_id="get_dictionary",
    summary="Get the data dictionary",
    tags=["record"],
    response_class=Response,
    responses={
        200: {
            "model": DictionaryView,
            "description": "The lists and their columns",
            "content": {JSON: {}, CSVW: {"schema": {"type": "object"}}},
            "headers": {"ETag": HEADERS["ETag"]},
        },
        304: {"description": "Not modified"},
        **problems(400, 406, 422),
    },
)
def get_dictionary(request: Request, parameters: Annotated[DictionaryParameters, Query()]) -> Response:
    """What each column of each list means, of which type it is, and which words it may have."""
    format = negotiate(request, parameters.format, _KINDS)
    body = dictionary() if format == "json" else csvw(base_of(request))
    content = dump(body)
    etag = f'"{digest_of(content)}"'
    if same(request, etag):
        return not_modified(etag)
    return Response(content, headers=headers_of(etag), media_type=JSON if format == "json" else CSVW)


def dictionary() -> dict[str, Any]:
    """The lists and their columns."""
    tables = [
        TableView(name=name, url=f"/v1/{name}", description=resource.about, columns=list(columns(resource)))
        for name, resource in LISTS.items()
    ]
    return DictionaryView(tables=tables).model_dump()


def csvw(base: str) -> dict[str, Any]:
    """The same as metadata of the exports in CSV (W3C Metadata Vocabulary for Tabular Data)."""
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "dialect": {"encoding": "utf-8", "lineTerminators": ["\r\n"]},
        "tables": [
            {
                "url": f"{base}/v1/{name}?format=csv",
                "dc:title": name,
                "dc:description": resource.about,
                "tableSchema": {
                    "columns": [_csvw(column) for column in columns(resource)],
                    "primaryKey": "id",
                },
            }
            for name, resource in LISTS.items()
        ],
    }


def _csvw(column: ColumnView) -> dict[str, Any]:
    return {
        "name": column.name,
        "titles": column.name,
        "datatype": column.type,
        "required": column.required,
        "dc:description": column.description,
        **({"separator": PARTED} if column.repeated else {}),
    }


def columns(resource: Resource) -> Iterator[ColumnView]:
    """The columns of a list's CSV, in their order."""
    vocabularies = {
        filter.name: list(get_args(filter.type))
        for filter in resource.filters
        if isinstance(filter, Exact) and get_origin(filter.type) is Literal
    }
    for column in _columns(resource.view, (), required=True, repeated=False):
        yield column.model_copy(update={"values": vocabularies.get(column.name)})


def _columns(
    view: type[BaseModel], label: tuple[str, ...], *, required: bool, repeated: bool
) -> Iterator[ColumnView]:
    for name, inner, beside in fields(view):
        field = view.model_fields[name]
        type_, optional, several = taken_apart(field.annotation)
        there, many = required and not optional, repeated or several
        own = label if beside else (*label, name)
        if inner is not None:
            # Of a list there may be none.
            yield from _columns(inner, own, required=there and not several, repeated=many)
            continue
        yield ColumnView(
            name=".".join(own),
            type="date" if name in DAYS else "dateTime" if name in MOMENTS else _TYPES.get(type_, "string"),
            description=field.description or "",
            required=there and not several and name not in _MAY_BE_EMPTY,
            repeated=many,
            values=None,
            examples=list(field.examples or ()),
        )
