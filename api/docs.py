"""The explorer, from this server alone, and the forms of what the record takes."""

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import QueryParams
from starlette.types import Scope

from annotations.schema import json_schema
from api.listing.openapi import problems

schemas = APIRouter(prefix="/v1/schemas", tags=["record"])
ASSETS = files("api").joinpath("static")
# Nothing from elsewhere: the page works without a network, and a script that calls out is refused.
POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"


class NoParameters(BaseModel):
    """Not one, and that is checked."""

    model_config = ConfigDict(extra="forbid")


@schemas.get(
    "/annotated-document",
    operation_id="get_annotated_document_schema",
    summary="Get the JSON Schema of an annotation file",
    response_class=Response,
    responses={
        200: {
            "description": "JSON Schema 2020-12",
            "content": {
                "application/schema+json": {"schema": {"type": "object"}},
            },
        },
        **problems(422),
    },
)
def get_annotated_document_schema(_: Annotated[NoParameters, Query()]) -> Response:
    """The form of `NAME.claims.yaml`: point your editor at it."""
    return JSONResponse(json_schema(), media_type="application/schema+json")


class Assets(StaticFiles):
    """Files that are asked again each time, or never again if the URL names their content."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        scope: Scope = arguments[2] if len(arguments) > 2 else options["scope"]
        version = QueryParams(scope["query_string"]).get("v")
        kept = version is not None and version == _hash(scope["path"].partition("/static/")[2])
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


@cache
def _hash(name: str) -> str:
    """A short name of a file's content."""
    return hashlib.sha256(ASSETS.joinpath(name).read_bytes()).hexdigest()[:16]


@cache
def page() -> str:
    """The explorer's page, with the content of each file in its URL."""
    plain = ASSETS.joinpath("docs.html").read_text("utf-8")
    return re.sub(r'"static/([^"]+)"', lambda found: f'"static/{found[1]}?v={_hash(found[1])}"', plain)


def install(app: FastAPI) -> None:
    """Serve the explorer at /docs."""
    app.mount("/static", Assets(packages=[("api", "static")]), name="static")

    @app.get("/", include_in_schema=False)
    def get_root() -> RedirectResponse:
        # A path, not a URL: behind a proxy the name in Host is not the reader's.
        return RedirectResponse("/docs", 307)

    @app.get("/docs", include_in_schema=False)
    def get_docs() -> HTMLResponse:
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
        return HTMLResponse(page(), headers=headers | {"X-Content-Type-Options": "nosniff"})
