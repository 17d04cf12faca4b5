"""The annotated document of an article, to be edited and put back."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from annotations.patching import twin
from annotations.unload import annotated
from annotations.write import write
from api.access.callers import caller_of
from api.documents import DOCUMENTS
from api.listing.absent import found
from api.listing.formats import dump
from api.listing.negotiation import etag_of, headers_of, not_modified, own_tag, same
from api.listing.openapi import HEADERS, problems
from api.listing.parameters import AsOf
from api.listing.reading import read
from api.listing.seen import at_least, not_older
from api.views import SEED
from api.writing.corrections import measures_of
from models.session import Database

router = APIRouter(prefix="/v1")
YAML = "application/yaml"


@router.get(
    "/documents/{id}/annotated",
    operation_id="get_annotated_document",
    summary="Get a document as it can be put back",
    tags=["documents"],
    response_class=Response,
    responses={
        200: {
            "description": "Text and annotation, or the annotation file alone",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                YAML: {"schema": {"type": "string"}},
            },
            "headers": HEADERS,
        },
        304: {"description": "Not modified"},
        **problems(400, 404, 410, 422, 503),
    },
)
def get_annotated_document(
    request: Request,
    id: Annotated[str, Path(description="Id of the document", max_length=300, examples=[SEED])],
    parameters: Annotated[AsOf, Query()],
) -> Response:
    """`{text, annotation}`, as `PUT /v1/documents/{id}` takes it; `Accept: application/yaml` gives the file.

    Its ETag is the one to send in `If-Match`.
    """
    database: Database = request.app.state.database
    yaml = YAML in request.headers.get("accept", "").lower()
    with database.read(at_least(request, parameters)) as session:
        reading = not_older(request, read(session, parameters.as_of, desk=caller_of(request).desk))
        row = found(DOCUMENTS, reading, id)
        etag = f'"{own_tag(row[DOCUMENTS.own])}.{etag_of(yaml, reading.number, reading.began)[1:]}'
        if same(request, etag):
            return not_modified(etag, reading.number)
        document = annotated(session, id, None if reading.number == reading.newest else reading.number)
    measures = measures_of(request)
    headers = headers_of(etag, reading.number)
    if yaml:
        return Response(write(document, measures), headers=headers, media_type=YAML)
    body = {"text": document.text, "annotation": twin(document, measures)}
    return Response(dump(body), headers=headers, media_type="application/json")
