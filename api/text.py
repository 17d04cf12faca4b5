"""The text of a document, as its bytes were."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlmodel import col, select

from api.listing.endpoints import same
from api.listing.openapi import problems
from api.listing.parameters import ItemParameters
from api.listing.reading import read
from api.problems import Problem
from models.document import Document
from models.session import Database
from models.text import Text

router = APIRouter()
PLAIN = {"text/plain": {"schema": {"type": "string"}}}


class TextParameters(ItemParameters):
    """Only `as_of` matters to a text; `offsets` says in which unit `X-Length` counts."""


@router.get(
    "/documents/{id}/text",
    operation_id="get_document_text",
    summary="Get the text of a document",
    tags=["documents"],
    response_class=Response,
    responses={
        200: {"description": "The text", "content": PLAIN},
        304: {"description": "Not modified"},
        **problems(400, 404, 410, 422, 503),
    },
)
def get_document_text(
    request: Request,
    id: Annotated[
        str, Path(description="Id of the document", max_length=300, examples=["beirut-strikes-2024-10-15"])
    ],
    parameters: Annotated[TextParameters, Query()],
) -> Response:
    """The characters that all offsets count in. Its SHA-256, the `text_sha256` of every item, is the ETag."""
    database: Database = request.app.state.database
    with database.read() as session:
        reading = read(session, parameters.as_of)
        current = (col(Document.id) == id) & reading.valid(Document) & (col(Document.status) == "published")
        stands = (col(Text.document_id) == Document.id) & (col(Text.sha256) == Document.text_sha256)
        row = session.execute(select(Text.text, Text.sha256).join(Document, stands).where(current)).first()
    if row is None:
        raise Problem(404, "no document with this id; /v1/documents lists what there is")
    etag = f'"{row.sha256}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Content-Language": "mul"}
    if same(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(row.text.encode(), headers=headers, media_type="text/plain; charset=utf-8")
