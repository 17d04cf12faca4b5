"""What is sent to write an entity: its fields as JSON, its id, and what it is merged into."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Request

from annotations.entity_fields import Fields
from api.problems import Mistake, Problem
from api.writing.annotated_body import MERGE_PATCH, parsed
from models.folding import fold

LONGEST_SLUG = 100
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_ID = re.compile(rf"{_SLUG.pattern}(\.{_SLUG.pattern})?", re.ASCII)


def fields_body(
    media: Iterable[str], required: list[str], example: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """What the OpenAPI document says of a body with fields of an entity."""
    properties = Fields.model_json_schema()["properties"] | more
    schema = {
        "type": "object", "additionalProperties": False, "required": required,
        "properties": {name: {k: v for k, v in p.items() if k != "title"} for name, p in properties.items()},
    }  # fmt: skip
    content = {name: {"schema": schema, "example": example} for name in media}
    return {"requestBody": {"required": True, "description": "Fields of the entity", "content": content}}


GIVEN_ID = {"type": "string", "description": "Slug; made of the name if left out", "examples": ["unifil"]}
UNIFIL = {"kind": "organisation", "name": "UNIFIL", "aliases": ["U.N. Interim Force in Lebanon"]}
NEW_BODY = fields_body(["application/json"], ["kind", "name"], UNIFIL, id=GIVEN_ID)
EDIT_BODY = fields_body(MERGE_PATCH, [], {"name": "Hezbollah", "wikidata": None})
INTO = {"type": "string", "description": "Id of the entity that takes its place", "examples": ["lebanon"]}
INTO_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object", "additionalProperties": False, "required": ["into"],
                    "properties": {"into": INTO},
                },
                "example": {"into": "lebanon"},
            }
        },
    }
}  # fmt: skip


async def json_object(request: Request) -> dict[str, Any]:
    """The JSON object that the request sends."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Problem(415, "send application/json", headers={"Accept-Post": "application/json"})
    body = parsed(await request.body())
    if not isinstance(body, dict):
        raise Problem(422, "the body is not an object with the fields of an entity")
    return body


def refused(*mistakes: Mistake) -> Problem:
    """The problem of an entity that cannot be as it was sent."""
    count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    return Problem(422, f"{count} in the entity; nothing was written; see `errors`", mistakes)


def given_id(body: Mapping[str, Any]) -> str:
    """The id of a new entity: as given, or a slug of its name; a Problem if that is none."""
    name = body.get("name")
    if "id" in body:
        id, wrong = str(body["id"]), "is not a slug"
    elif isinstance(name, str) and name.strip():
        id, wrong = (
            "-".join(fold(name).split())[:LONGEST_SLUG].rstrip("-"),
            "is needed: the name makes no slug",
        )
    else:
        # Refused for its name.
        return "unnamed"
    if len(id) > LONGEST_SLUG or not _SLUG.fullmatch(id):
        slug = "a-z, 0-9 and single hyphens, at most 100 in all, such as 'un-refugee-agency'"
        raise refused(Mistake(pointer="/id", message=f"{wrong}: {slug}"))
    return id


def into_of(body: Mapping[str, Any]) -> str:
    """The id of the entity that another one is merged into; a Problem if it can be none."""
    into = body.get("into")
    if set(body) != {"into"} or not isinstance(into, str) or not _ID.fullmatch(into):
        raise refused(Mistake(pointer="/into", message="is the one member: the id of the other entity"))
    return into
