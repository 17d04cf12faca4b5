"""The text of a document, as its bytes were."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlmodel import col, select

from api.access.callers import caller_of
from api.documents import DOCUMENTS
from api.listing.absent import found
from api.listing.negotiation import headers_of, same
from api.listing.openapi import HEADERS, problems
from api.listing.parameters import AsOf
from api.listing.reading import read
from api.listing.seen import at_least, not_older
from api.views import SEED
from models.session import Database
from models.text import Text

router = APIRouter(prefix="/v1")
PLAIN = {"text/plain": {"schema": {"type": "string"}}}


@router.get(
    "/documents/{id}/text",
    operation_id="get_document_text",
    summary="Get the text of a document",
    tags=["documents"],
    response_class=Response,
    responses={
        200: {"description": "The text", "content": PLAIN, "headers": HEADERS},
        304: {"description": "Not modified"},
        **problems(400, 404, 410, 422, 503),
    },
)
def get_document_text(
    request: Request,
    id: Annotated[str, Path(description="Id of the document", max_length=300, examples=[SEED])],
    parameters: Annotated[AsOf, Query()],
) -> Response:
    """The characters that all offsets count in. Its SHA-256, the `text_sha256` of every item, is the ETag."""
    database: Database = request.app.state.database
    with database.read(at_least(request, parameters)) as session:
        reading = not_older(request, read(session, parameters.as_of, desk=caller_of(request).desk))
        document = found(DOCUMENTS, reading, id)
        etag = f'"{document["text_sha256"]}"'
        headers = headers_of(etag, reading.number) | {"Content-Language": document["language"]}
        if same(request, etag):
            return Response(status_code=304, headers=headers)
        stands = (col(Text.document_id) == id) & (col(Text.sha256) == document["text_sha256"])
        text = session.execute(select(Text.text).where(stands)).scalar_one()
    return Response(text.encode(), headers=headers, media_type="text/plain; charset=utf-8")
