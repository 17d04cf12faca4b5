"""The audit, for admins: who wrote, or tried to, from where, and which revision it made."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy import ColumnElement, Select, String, cast, func, select, tuple_
from sqlmodel import Session, col

from api.access.callers import needs
from api.listing import cursor
from api.listing.filters import MOST_VALUES, Words
from api.listing.formats import dump
from api.listing.negotiation import only_json
from api.listing.openapi import page_of, problems
from api.listing.parameters import LONGEST_PAGE, MOST_FACET_VALUES, PAGE
from api.listing.ranges import Moment
from api.problems import Mistake, unprocessable
from models.audit import Audit, AuditBase
from models.session import Database

router = APIRouter(prefix="/v1", tags=["service"])
Status = Annotated[int, Field(ge=100, le=599)]
_EXACT = ("key", "agent", "address", "operation", "subject", "status", "revision", "request")
Facet = Literal["key", "agent", "address", "operation", "status"]


class AuditView(AuditBase):
    """A write, or a refused one."""

    id: str = Field(description="Id of the row", examples=["1771142400000000001"])


def _filter(description: str, example: Any) -> Any:
    return Field(
        None, description=f"{description} Repeated: any.", examples=[[example]], max_length=MOST_VALUES
    )


class AuditParameters(BaseModel):
    """What the audit is asked for. The newest rows come first; there is no other order."""

    model_config = ConfigDict(extra="forbid")

    key: list[Words] | None = _filter("Ids of keys.", "or_7Kx2mQ9d")
    agent: list[Words] | None = _filter("Names of keys.", "city desk")
    address: list[Words] | None = _filter("Addresses.", "192.0.2.7")
    operation: list[Words] | None = _filter("Operations of this document.", "put_document")
    subject: list[Words] | None = _filter("Ids of what it was about.", "beirut-strikes-2024-10-15")
    status: list[Status] | None = _filter("Statuses of the answer.", 200)
    revision: list[Annotated[int, Field(ge=0, le=1 << 53)]] | None = _filter("Revisions that it made.", 2)
    request: list[Words] | None = _filter("Ids of requests, as in the log.", "5f2a9c0e1b7d4a66")
    status__gte: Status | None = Field(
        None, description="From this status: 400 for what was refused.", examples=[400]
    )
    status__lt: Status | None = Field(None, description="Before this status.", examples=[400])
    time__gte: Moment | None = Field(None, description="From this time.", examples=["2024-10-15"])
    time__lt: Moment | None = Field(None, description="Before this time.", examples=["2026-10-15T08:00:00Z"])
    limit: int = Field(PAGE, ge=1, le=LONGEST_PAGE, description="Rows on the page.", examples=[20])
    cursor: Annotated[str, StringConstraints(min_length=1, max_length=4000)] | None = Field(
        None, description="Where the last page ended: from its `next`.", examples=[None]
    )
    count: Literal["on", "off"] = Field("off", description="`on` counts all in `total`.", examples=["on"])
    facet: Annotated[list[Facet], Field(max_length=MOST_VALUES)] | None = Field(
        None,
        description=f"Rows by value, the {MOST_FACET_VALUES} most frequent; each leaves its own filter out.",
        examples=[["operation"]],
    )

    @model_validator(mode="after")
    def _ranges(self) -> "AuditParameters":
        ends: tuple[tuple[str, Any, Any], ...] = (
            ("status__lt", self.status__gte, self.status__lt),
            ("time__lt", self.time__gte, self.time__lt),
        )
        for name, low, high in ends:
            if low is not None and high is not None and low >= high:
                raise unprocessable(Mistake(parameter=name, message="reversed or empty: nothing is left"))
        return self

    def filters(self) -> dict[str, Any]:
        """What chooses rows, by parameter."""
        shown = {"limit", "cursor", "count", "facet"}
        return self.model_dump(exclude_none=True, exclude=shown)


@router.get(
    "/audit",
    operation_id="get_audit",
    summary="Get writes and refused writes",
    response_class=Response,
    responses={
        200: {"model": page_of(AuditView, "audit"), "description": "A page"},
        **problems(400, 406, 422, 503),
    },
    dependencies=[Depends(needs("admin"))],
)
def get_audit(request: Request, parameters: Annotated[AuditParameters, Query()]) -> Response:
    """Newest first. What the limits refuse, and what fails by a mistake of ours, is in the log alone."""
    only_json(request)
    filters = parameters.filters()
    digest = cursor.digest("audit", sorted(filters.items()))
    database: Database = request.app.state.database
    with database.read() as session:
        statement = select(Audit).where(*_clauses(filters))
        if parameters.cursor:
            statement = statement.where(_after(parameters.cursor, digest))
        newest = statement.order_by(col(Audit.time).desc(), col(Audit.id).desc()).limit(parameters.limit + 1)
        rows = session.execute(newest).scalars().all()
        page = rows[: parameters.limit]
        total = session.execute(_total(filters)).scalar_one() if parameters.count == "on" else None
        facets = {name: _facet(session, name, filters) for name in parameters.facet or ()}
        results = [{**row.model_dump(exclude={"id"}), "id": str(row.id)} for row in page]
    following = None
    if len(rows) > len(page):
        after = cursor.encode(digest, 0, [page[-1].time, page[-1].id])
        given = parameters.model_dump(exclude_none=True, exclude_defaults=True, exclude={"cursor"})
        following = f"/v1/audit?{urlencode({**given, 'cursor': after}, doseq=True)}"
    headers = {"Cache-Control": "no-store"} | ({"Link": f'<{following}>; rel="next"'} if following else {})
    counted = None if total is None else {"value": total, "relation": "eq"}
    body = {"results": results, "next": following, "total": counted, "facets": facets or None}
    return Response(dump(body), headers=headers, media_type="application/json")


def _clauses(filters: dict[str, Any], without: str | None = None) -> list[ColumnElement[bool]]:
    clauses = []
    for parameter, value in filters.items():
        name, _, operator = parameter.partition("__")
        column = col(getattr(Audit, name))
        if name != without:
            clauses.append(
                column >= value if operator == "gte" else column < value if operator else column.in_(value)
            )
    return clauses


def _after(given: str, digest: str) -> ColumnElement[bool]:
    _, after = cursor.decode(given, digest)
    if list(map(type, after)) != [str, int]:
        raise unprocessable(Mistake(parameter="cursor", message="not of this list; begin at the first page"))
    return tuple_(col(Audit.time), col(Audit.id)) < tuple_(*after)


def _total(filters: dict[str, Any]) -> Select[Any]:
    return select(func.count()).select_from(Audit).where(*_clauses(filters))


def _facet(session: Session, name: str, filters: dict[str, Any]) -> list[dict[str, Any]]:
    value, number = cast(col(getattr(Audit, name)), String), func.count().label("number")
    counted = select(value, number).where(*_clauses(filters, without=name), value.is_not(None))
    kept = {parameter: of for parameter, of in filters.items() if parameter.partition("__")[0] != name}
    return [
        {
            "value": of,
            "label": of,
            "count": count,
            "url": f"/v1/audit?{urlencode({**kept, name: of}, doseq=True)}",
        }
        for of, count in session.execute(
            counted.group_by(value).order_by(number.desc(), value).limit(MOST_FACET_VALUES)
        )
    ]
