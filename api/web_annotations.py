"""What is annotated in a document, as a page of W3C Web Annotations."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.access.callers import caller_of
from api.documents import DOCUMENTS
from api.listing.absent import found
from api.listing.formats import JSON_LD
from api.listing.negotiation import negotiate
from api.listing.openapi import HEADERS, problems
from api.listing.parameters import AsOf
from api.listing.reading import read
from api.listing.seen import at_least, not_older
from api.listing.whole import answer_whole
from api.tool_files import ANNOTATIONS
from api.views import SEED
from models.session import Database

router = APIRouter(prefix="/v1")
_KINDS = dict.fromkeys(("*/*", "application/*", "application/json", JSON_LD), "w3c")


class AnnotationsParameters(AsOf):
    """Of which revision."""


@router.get(
    "/documents/{id}/annotations",
    operation_id="get_document_annotations",
    summary="Get what is annotated in a document, as web annotations",
    tags=["documents"],
    response_class=Response,
    responses={
        200: {
            "description": "An annotation page",
            "content": {JSON_LD: {"schema": {"type": "object"}}},
            "headers": HEADERS,
        },
        304: {"description": "Not modified"},
        **problems(400, 404, 406, 410, 422, 503),
    },
)
def get_document_annotations(
    request: Request,
    id: Annotated[str, Path(description="Id of the document", max_length=300, examples=[SEED])],
    parameters: Annotated[AnnotationsParameters, Query()],
) -> Response:
    """Every mark with its words, its place in code points and a text fragment (W3C Web Annotation).

    `onrecord import` reads it back into the same document.
    """
    database: Database = request.app.state.database
    negotiate(request, None, _KINDS)
    with database.read(at_least(request, parameters)) as session:
        reading = not_older(request, read(session, parameters.as_of, desk=caller_of(request).desk))
        row = found(DOCUMENTS, reading, id)
        return answer_whole(request, DOCUMENTS, ANNOTATIONS, reading, row)
