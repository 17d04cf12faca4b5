"""Is it well: alive, ready, measured."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from api.listing.openapi import problems
from api.problems import Problem
from migrations.schema import current, head
from models.session import Database

router = APIRouter(tags=["service"])
MEASURED = """# HELP onrecord_requests_total Requests
# TYPE onrecord_requests_total counter
onrecord_requests_total{method="GET",route="/v1/quotes/{id}",status="200"} 12.0
"""


class Health(BaseModel):
    """The service is well."""

    status: str = Field(description="Always `ok`: what is not well answers 503", examples=["ok"])


@router.get("/health", operation_id="get_health", summary="Is the process alive?")
async def get_health() -> Health:
    """Answers as long as the process does; asks nothing of the database."""
    return Health(status="ok")


@router.get(
    "/ready", operation_id="get_ready", summary="Can it answer requests?", responses={**problems(503)}
)
def get_ready(request: Request) -> Health:
    """Whether the database answers and has the schema that this release needs."""
    database: Database = request.app.state.database
    try:
        step = current(database)
    except SQLAlchemyError:
        raise Problem(503, "the database does not answer", headers={"Retry-After": "2"}) from None
    if step != head():
        raise Problem(
            503, "the database has another schema; run `onrecord migrate`", headers={"Retry-After": "10"}
        )
    return Health(status="ok")


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Measurements for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus text format",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": MEASURED}},
        }
    },
)
def get_metrics() -> Response:
    """Requests and their times, labelled by route."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
