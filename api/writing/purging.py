"""Purging a document for legal reasons, over HTTP."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from annotations.purge import Purged, Purging, Unknown
from api.access.callers import Caller, needs
from api.documents import DOCUMENTS
from api.listing.absent import unknown
from api.listing.formats import dump
from api.listing.openapi import problems
from api.listing.reading import read
from api.problems import Mistake, Problem
from api.views import SEED
from api.writing.annotated_body import parsed
from api.writing.write import Write, WriteRoute
from models.erasing import erase
from models.purge import Purge
from models.record import By, Change
from models.revision import Revision
from models.session import Database

router = APIRouter(prefix="/v1", tags=["documents"], route_class=WriteRoute)
LONGEST_REASON = 2000
# What readers are told; the words of why are for those who run the service.
REASON = "purged"
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "Why, for those who run the service: readers are not told these words",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object", "required": ["reason"], "additionalProperties": False,
                    "properties": {
                        "reason": {
                            "type": "string", "minLength": 1, "maxLength": LONGEST_REASON,
                            "description": "Why, in free words",
                        }
                    },
                },
                "example": {"reason": "Court order of 12 March."},
            }
        },
    }
}  # fmt: skip


class PurgeView(BaseModel):
    """What a purge did."""

    document: str = Field(description="Id of the document", examples=["harbour-flood"])
    outcome: str = Field(description="purged, or unchanged if it had been purged before", examples=["purged"])
    revision: int = Field(description="Revision that purged it", examples=[3])
    time: str = Field(description="Its time, UTC", examples=["2024-10-16T08:00:00.000Z"])
    reason: str = Field(description="Why it was purged", examples=["Court order of 12 March."])
    rows: int = Field(description="Rows that were deleted, of all versions", examples=[42])
    entities: list[str] = Field(description="Entities that it alone listed: gone, too", examples=[["geneva"]])
    indicators: list[str] = Field(description="Indicators that it alone listed: gone, too", examples=[[]])
    erased: str | None = Field(
        description="Since when its words are gone from the database's files, too; null: while others read "
        "an older state, or the disk is full. The next purge or start tries again, and so does this request.",
        examples=["2024-10-16T08:00:01.000Z"],
    )


async def reason_of(request: Request) -> str:
    """The reason that the request gives."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Problem(415, "send application/json", headers={"Accept-Post": "application/json"})
    body = parsed(await request.body())
    given = body.get("reason") if isinstance(body, dict) and set(body) == {"reason"} else None
    if isinstance(given, str) and 0 < len(given.strip()) <= LONGEST_REASON and "\x00" not in given:
        return given.strip()
    message = f"the body is an object with `reason` alone: why, in 1 to {LONGEST_REASON} characters"
    raise Problem(422, "1 mistake in the body; see `errors`", [Mistake(pointer="/reason", message=message)])


@router.post(
    "/documents/{id}:purge",
    operation_id="purge_document",
    summary="Purge a document for legal reasons",
    response_class=Response,
    responses={
        200: {"model": PurgeView, "description": "It is purged"},
        **problems(400, 401, 403, 404, 409, 415, 422, 429, 503, 507),
    },
    openapi_extra=BODY,
)
def purge_document(
    request: Request,
    id: Annotated[str, Path(description="Id of the document", max_length=300, examples=[SEED])],
    caller: Annotated[Caller, Depends(needs("admin"))],
    reason: Annotated[str, Depends(reason_of)],
) -> Response:
    """Its words leave every row, version and saved answer; ids, and that they are purged, stay in the feed.

    It cannot be undone, and needs no `If-Match`. Afterwards everything that was below it answers 410 at every
    revision. Backups, and the logs of PostgreSQL, are yours to purge.
    """
    write = Write(request, caller, "purge_document", reason.encode(), id)

    def work(change: Change) -> Purged:
        try:
            return Purging([id], reason)(change)
        except Unknown:
            raise unknown(DOCUMENTS, read(change.session, None, desk=True), id) from None

    def answer(session: Session, purged: Purged, _: int | None) -> Response:
        return Response(dump(told(session, purged)[0]), media_type="application/json")

    response = write.commit(work, answer, by(caller.agent, "onrecord api"))
    database: Database = request.app.state.database
    erase(database)
    # Beside the saved answer: it may have become true since.
    body = orjson.loads(response.body) | {"erased": erased(database, id)}
    kept = ("idempotency-replayed", "x-revision")
    headers = {name: response.headers[name] for name in kept if name in response.headers}
    return Response(dump(body), headers=headers, media_type="application/json")


def by(agent: str | None, tool: str) -> By:
    """Who purges. The note of a revision is for readers: it says nothing of why."""
    return By(agent, tool, REASON)


def told(session: Session, purged: Purged) -> list[dict[str, Any]]:
    """What became of each document; it may be purged by this very transaction."""
    ids = [*purged.documents, *purged.earlier]
    rows = select(col(Purge.id), col(Purge.reason), col(Revision.number), col(Revision.time))
    rows = rows.join(Revision, col(Revision.key) == Purge.recorded)
    rows = rows.where(col(Purge.noun) == "document", col(Purge.id).in_(ids)).order_by(col(Purge.id))
    return [
        {
            "document": id_,
            "outcome": "unchanged" if id_ in purged.earlier else "purged",
            "revision": number,
            "time": time,
            "reason": reason,
            "rows": 0 if id_ in purged.earlier else purged.rows,
            "entities": [] if id_ in purged.earlier else purged.entities,
            "indicators": [] if id_ in purged.earlier else purged.indicators,
        }
        for id_, reason, number, time in session.execute(rows)
    ]


def erased(database: Database, id: str) -> str | None:
    """Since when the words of a purged document are gone from the files, too."""
    with database.read() as session:
        row = select(Purge.erased).where(col(Purge.noun) == "document", col(Purge.id) == id)
        return session.execute(row).scalar()
