"""The explorer, from this server alone, and the forms of what the record takes."""

from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict

from annotations.schema import json_schema
from api.listing.openapi import problems

schemas = APIRouter(prefix="/schemas", tags=["record"])
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


def install(app: FastAPI) -> None:
    """Serve the explorer at /docs."""
    app.mount("/static", StaticFiles(packages=[("api", "static")]), name="static")

    @app.get("/docs", include_in_schema=False)
    def get_docs() -> HTMLResponse:
        page = ASSETS.joinpath("docs.html").read_text("utf-8")
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})
