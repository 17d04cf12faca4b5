"""Correcting single quotes and claims: an editor fixes one thing, and the rest of the document stays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlmodel import Session

from annotations.load import Loaded
from annotations.mistakes import Mistakes
from annotations.patching import Entries, with_entry
from annotations.unload import annotated
from api.access.callers import Caller, needs
from api.claims import CLAIMS
from api.listing.absent import Moved, found
from api.listing.openapi import problems
from api.listing.reading import read
from api.listing.resource import Resource
from api.problems import Problem
from api.quotes import QUOTES
from api.writing.annotated_body import merge_patch, refusal
from api.writing.bodies import patch_body
from api.writing.corrections import LoadedView, Why, answered, load_into, measures_of, row_of
from api.writing.write import Write, WriteRoute, require_match
from models.record import Change

router = APIRouter(prefix="/v1", route_class=WriteRoute)
REFUSED = problems(400, 401, 403, 404, 409, 410, 412, 415, 422, 428, 429, 503, 507)


@dataclass(frozen=True)
class Entry:
    """A quote or claim of the record, as an entry of its document's file."""

    resource: Resource
    entries: Entries
    id: str

    def load(self, change: Change, write: Write, patch: Mapping[str, Any] | None) -> Loaded:
        """Load the document with the entry patched, or without it; a Problem if that cannot be."""
        session = change.session
        try:
            row = found(self.resource, read(session, None, desk=True), self.id)
        except Moved:  # pragma: no cover  # quotes and claims do not merge
            raise Problem(404, f"no {self.resource.noun} with this id") from None
        require_match(write.request, row_of(session, self.resource.model, self.id), self.resource.noun)
        document, measures = annotated(session, row["document_id"]), measures_of(write.request)
        try:
            changed = with_entry(document, self.entries, self._key(row["document_id"]), patch, measures)
        except Mistakes as mistakes:
            raise refusal(mistakes) from None
        except ValueError as error:
            raise Problem(422, str(error)) from None
        return load_into(change, changed, measures)

    def _key(self, document: str) -> str:
        return self.id.removeprefix(f"{document}.")


def _mount(resource: Resource, entries: Entries) -> None:
    noun = resource.noun
    Id = Annotated[str, Path(description=f"Id of the {noun}", max_length=300)]  # noqa: N806  # a type
    Writer = Annotated[Caller, Depends(needs("write"))]  # noqa: N806  # a type

    def patch_entry(
        request: Request,
        id: Id,
        caller: Writer,
        patch: Annotated[dict[str, Any], Depends(merge_patch)],
        why: Annotated[Why, Query()],
    ) -> Response:
        return _change(Write(request, caller, f"patch_{noun}", repr(patch).encode(), id), patch, why)

    def delete_entry(request: Request, id: Id, caller: Writer, why: Annotated[Why, Query()]) -> Response:
        return _change(Write(request, caller, f"delete_{noun}", b"", id), None, why)

    def _change(write: Write, patch: Mapping[str, Any] | None, why: Why) -> Response:
        reason, entry = why.needed(), Entry(resource, entries, str(write.subject))

        def answer(session: Session, loaded: Loaded, number: int | None) -> Response:
            return answered(session, loaded, number, row_of(session, resource.model, entry.id))

        return write.commit(
            lambda change: entry.load(change, write, patch), answer, write.by(reason, why.note)
        )

    example = {"act": "warning"} if noun == "quote" else {"aggregation": "event"}
    about = f"A merge patch of the {noun}'s entry in the annotation file, in the keys and words of that file."
    gone = f"Withdraws the {noun}: its id answers 410 with date and reason, and `as_of` still shows it."
    _route("PATCH", noun, patch_entry, f"Correct one {noun}", about, patch_body(example))
    _route("DELETE", noun, delete_entry, f"Withdraw one {noun}", gone, None)


def _route(  # noqa: PLR0913  # a route is described once
    method: str,
    noun: str,
    handler: Callable[..., Response],
    summary: str,
    about: str,
    body: dict[str, Any] | None,
) -> None:
    router.add_api_route(
        f"/{noun}s/{{id}}",
        handler,
        methods=[method],
        operation_id=f"{method.lower()}_{noun}",
        summary=summary,
        description=f"{about} Needs `If-Match` with the {noun}'s ETag, and a `reason`.",
        tags=[f"{noun}s"],
        response_class=Response,
        responses={200: {"model": LoadedView, "description": "What it did to the document"}, **REFUSED},
        openapi_extra=body,
    )


_mount(QUOTES, "quotes")
_mount(CLAIMS, "claims")
