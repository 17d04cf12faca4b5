"""Writing documents: load one, correct one, withdraw one, or hear what would be wrong with it."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlmodel import Session, col, exists, select

from annotations.annotated import AnnotatedDocument
from annotations.load import Loaded
from annotations.mistakes import Mistakes
from annotations.patching import with_fields
from annotations.states import is_current
from annotations.unload import annotated
from api.access.callers import Caller, needs
from api.documents import DOCUMENTS
from api.listing.absent import found
from api.listing.openapi import problems
from api.listing.reading import read
from api.problems import Mistake, Problem
from api.views import SEED
from api.writing.annotated_body import Sent, merge_patch, refusal, sent
from api.writing.bodies import REQUEST_BODY, patch_body
from api.writing.corrections import LoadedView, Why, answered, load_into, measures_of, row_of, state_of
from api.writing.write import Write, WriteRoute, require_match
from models.commit import commit
from models.document import Document
from models.measures import Term
from models.purge import Purge
from models.record import By, Change

router = APIRouter(prefix="/v1", tags=["documents"], route_class=WriteRoute)
Id = Annotated[str, Path(description="Id of the document", max_length=100, examples=[SEED])]
Writer = Annotated[Caller, Depends(needs("write"))]
SentBody = Annotated[Sent, Depends(sent)]
Patch = Annotated[dict[str, Any], Depends(merge_patch)]
REFUSED = problems(400, 401, 403, 409, 410, 412, 413, 415, 422, 428, 429, 503, 507)
LONGEST_SLUG = 60


@router.put(
    "/documents/{id}",
    operation_id="put_document",
    summary="Load a document, or correct it",
    response_class=Response,
    responses={200: {"model": LoadedView}, 201: {"model": LoadedView}, **REFUSED},
    openapi_extra=REQUEST_BODY,
)
def put_document(
    request: Request, id: Id, caller: Writer, body: SentBody, why: Annotated[Why, Query()]
) -> Response:
    """Text and annotation replace what is on record; new rows are written for what changed alone.

    A document that exists needs `If-Match` and a `reason`. What says the same as now changes nothing.
    """
    write = Write(request, caller, "put_document", body.content, id)
    measures = measures_of(request)
    document = body.document(measures, id=id)

    def work(change: Change) -> Loaded:
        own = state_of(change.session, id)
        if own is not None and "if-match" in request.headers and is_current(change.session, document):
            # RFC 9110, 13.1.1: the change has been made already, perhaps by this very request.
            return Loaded(id, "unchanged")
        require_match(request, own, "document")
        if own is not None:
            why.needed()
        return load_into(change, document, measures)

    return write.commit(work, _answer, write.by(why.reason or "load", why.note))


@router.post(
    "/documents",
    operation_id="create_document",
    summary="Load a document under an id of its own",
    status_code=201,
    response_class=Response,
    responses={201: {"model": LoadedView}, **REFUSED},
    openapi_extra=REQUEST_BODY,
)
def create_document(
    request: Request, caller: Writer, body: SentBody, why: Annotated[Why, Query()]
) -> Response:
    """The annotation leaves `document.id` out; it is made of the title and the date, and told in Location."""
    if "id" in body.about:
        mistake = Mistake(
            pointer="/document/id", message="is given: put it to /v1/documents/{id}, or leave it out"
        )
        raise Problem(422, "1 mistake in the annotated document; see `errors`", [mistake])
    write = Write(request, caller, "create_document", body.content)
    measures = measures_of(request)
    document = body.document(measures, id=_slug(body.about))

    def work(change: Change) -> Loaded:
        loaded = _load_under_own_id(change, body, document, measures)
        write.subject = loaded.document
        return loaded

    return write.commit(work, _answer, write.by(why.reason or "load", why.note))


@router.post(
    "/documents:check",
    operation_id="check_document",
    summary="Hear what a load would say",
    response_class=Response,
    responses={200: {"model": LoadedView}, **problems(400, 401, 403, 409, 410, 413, 415, 422, 429, 503, 507)},
    openapi_extra=REQUEST_BODY,
)
def check_document(request: Request, caller: Writer, body: SentBody) -> Response:
    """Exactly what a load would answer, its rules in the database included; nothing is written."""
    measures = measures_of(request)
    document = body.document(measures, id=str(body.about.get("id") or _slug(body.about)))
    made: list[Response] = []

    def work(change: Change) -> Loaded:
        if "id" in body.about:
            return load_into(change, document, measures)
        return _load_under_own_id(change, body, document, measures)

    def then(session: Session, _: int | None, loaded: Loaded) -> None:
        made[:] = [answered(session, loaded, None, None)]

    commit(
        request.app.state.database,
        work,
        By(caller.agent),
        then=then,
        rehearse=True,
    )
    made[0].status_code = 200
    del made[0].headers["location"]
    return made[0]


@router.patch(
    "/documents/{id}",
    operation_id="patch_document",
    summary="Correct what is known of a document",
    response_class=Response,
    responses={200: {"model": LoadedView}, **REFUSED, **problems(404)},
    openapi_extra=patch_body({"title": "Harbour flood"}),
)
def patch_document(
    request: Request, id: Id, caller: Writer, patch: Patch, why: Annotated[Why, Query()]
) -> Response:
    """A merge patch of the file's `document`: title, outlet, published, status and the like.

    `{"status": "published"}` publishes a draft, `{"status": "withdrawn"}` withdraws the article. Needs
    `If-Match` with the document's ETag, and a `reason` unless it publishes.
    """
    if why.reason is None and patch.get("status") == "published":
        why = why.model_copy(update={"reason": "published"})
    write = Write(request, caller, "patch_document", repr(patch).encode(), id)
    measures = measures_of(request)

    def work(change: Change) -> Loaded:
        document = on_record(change.session, id)
        require_match(request, state_of(change.session, id), "document")
        why.needed()
        try:
            return load_into(change, with_fields(document, patch, measures), measures)
        except Mistakes as mistakes:
            raise refusal(mistakes) from None
        except ValueError as error:
            raise Problem(422, str(error)) from None

    return write.commit(work, _answer, write.by(why.reason, why.note))


def on_record(session: Session, document: str) -> AnnotatedDocument:
    """The document as it is on record, for the desk; 404 or 410 if it is not."""
    # A withdrawn one can be corrected, too, and put back.
    if row_of(session, Document, document) is None:
        found(DOCUMENTS, read(session, None, desk=True), document)
    return annotated(session, document)


def _answer(session: Session, loaded: Loaded, number: int | None) -> Response:
    return answered(session, loaded, number, state_of(session, loaded.document))


def _slug(about: Any) -> str:
    """An id from the title and the date: readable, and nothing that has to be escaped in a URL."""
    plain = unicodedata.normalize("NFKD", str(about.get("title", ""))).encode("ascii", "ignore").decode()
    words = "-".join(re.findall(r"[a-z0-9]+", plain.lower()))[:LONGEST_SLUG].strip("-")
    day = re.match(r"[0-9]{4}(-[0-9]{2}){0,2}", str(about.get("published", "")))
    return "-".join(filter(None, (words or "document", day and day[0])))


def _load_under_own_id(
    change: Change, body: Sent, document: AnnotatedDocument, measures: Mapping[str, Term]
) -> Loaded:
    """Load a document under the id that it was read with, or under the next one if that was taken before."""
    id_ = _free(change.session, document.id)
    return load_into(change, document if id_ == document.id else body.document(measures, id=id_), measures)


def _free(session: Session, slug: str) -> str:
    """The slug, or the first one with a number behind it that no document ever had."""
    number, id_ = 1, slug
    while session.execute(select(_taken(Document, id_) | _taken(Purge, id_))).scalar():
        number += 1
        id_ = f"{slug}-{number}"
    return id_


def _taken(model: Any, id: str) -> Any:
    return exists(select(1).where(col(model.id) == id))
