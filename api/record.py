"""The record itself: its revision, its time, how much is in it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import func, select

from api.access.callers import caller_of
from api.listing.formats import dump
from api.listing.negotiation import RELEASE, etag_of, headers_of, not_modified, same
from api.listing.openapi import HEADERS, problems
from api.listing.parameters import AsOf
from api.listing.reading import Reading, read
from api.listing.seen import at_least, not_older
from api.resources import RESOURCES
from models.revision import Revision
from models.session import Database

router = APIRouter(prefix="/v1")


class RecordView(BaseModel):
    """Which state of the record answers."""

    revision: int = Field(description="Number of the revision; lists and ETags follow it", examples=[1])
    time: str = Field(description="Its time, UTC", examples=["2024-10-16T08:00:00.000Z"])
    version: str = Field(description="Release of the service", examples=["0.1.0"])
    counts: dict[str, int] = Field(description="Items by resource", examples=[{"documents": 1, "quotes": 45}])


@router.get(
    "/record",
    operation_id="get_record",
    summary="Get the state of the record",
    tags=["record"],
    response_class=Response,
    responses={
        200: {"model": RecordView, "description": "The state", "headers": HEADERS},
        304: {"description": "Not modified"},
        **problems(400, 422, 503),
    },
)
def get_record(request: Request, parameters: Annotated[AsOf, Query()]) -> Response:
    """Revision, time, version and counts. Poll it with If-None-Match to learn that something changed."""
    database: Database = request.app.state.database
    with database.read(at_least(request, parameters)) as session:
        reading = not_older(request, read(session, parameters.as_of, desk=caller_of(request).desk))
        etag = etag_of("record", reading.began, reading.number, reading.desk)
        if same(request, etag):
            return not_modified(etag, reading.number)
        body = counts(reading)
    return Response(dump(body), headers=headers_of(etag, reading.number), media_type="application/json")


def counts(reading: Reading) -> dict[str, Any]:
    """Revision, time and version, with the number of items of every resource; one statement."""
    numbers = [
        select(func.count()).select_from(resource.select(reading).subquery()).scalar_subquery().label(name)
        for name, resource in RESOURCES.items()
    ]
    time = select(Revision.time).where(Revision.number == reading.number).scalar_subquery().label("time")
    row = reading.session.execute(select(time, *numbers)).mappings().one()
    found = {name: row[name] for name in RESOURCES}
    return {"revision": reading.number, "time": row["time"], "version": RELEASE, "counts": found}
