"""The versions of a document, an entity, a quote or a claim: what each revision made of it, and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import RowMapping, Select, func, literal, null
from sqlmodel import col

from api.access.callers import caller_of
from api.claims import CLAIMS
from api.documents import DOCUMENTS
from api.entities import ENTITIES
from api.listing import cursor
from api.listing.absent import purged, unknown, visible
from api.listing.formats import dump
from api.listing.negotiation import etag_of, headers_of, not_modified, only_json, same
from api.listing.openapi import list_responses, page_of, problems
from api.listing.parts import fetch_parts, item_of
from api.listing.reading import Reading, read
from api.listing.resource import Resource
from api.listing.seen import at_least, not_older
from api.listing.sql import aliased, select
from api.problems import Mistake, unprocessable
from api.quotes import QUOTES
from api.versions.below import below, text_changes
from api.versions.differences import differences, own
from api.versions.views import (
    ClaimVersionView,
    DocumentVersionView,
    EntityVersionView,
    QuoteVersionView,
    VersionParameters,
    VersionView,
)
from api.views import SEED
from models import recorded
from models.claim import Claim
from models.document import Document, DocumentState
from models.event import Event
from models.revision import Revision
from models.session import Database

router = APIRouter(prefix="/v1")
# What ends an item for those who look; the others are states that can be read.
ENDED = ("withdrawn", "merged")


@dataclass(frozen=True)
class Versions:
    """The versions of one item, up to the revision that is read."""

    resource: Resource
    reading: Reading
    id: str

    def shown(self, rows: Sequence[RowMapping], limit: int) -> list[dict[str, Any]]:
        """So many of the versions of these rows, in at most seven statements each."""
        figures = self._figures(rows)
        # Each with the one that it follows: what was put back is compared with what it was when it went.
        pairs = zip(rows, [*rows[1:], None], strict=False)
        return [self._shown(row, last, figures) for row, last in list(pairs)[:limit]]

    def rows(self, limit: int, before: int | None) -> Sequence[RowMapping]:
        """One row a version, newest first: its number, what happened, and the revision that it came with."""
        told = self._told().subquery()
        number = func.row_number().over(order_by=told.c.revision).label("version")
        numbered = select(told, number).subquery()
        about = [col(getattr(Revision, name)) for name in ("time", "agent", "tool", "reason", "note")]
        rows = select(numbered, *about).join(Revision, col(Revision.number) == numbered.c.revision)
        if before is not None:
            rows = rows.where(numbered.c.revision < before)
        rows = rows.order_by(numbered.c.revision.desc()).limit(limit)
        return self.reading.session.execute(rows).mappings().all()

    def _told(self) -> Any:
        """Revision, change and row keys of what those who look could see happen to the item."""
        model = self.resource.model
        change = col(Event.kind) if self.reading.desk else col(Event.public)
        # What a purge took away for good is no version any more.
        kept = select(literal(1)).where(model.row_key == Event.row_key).correlate(Event).exists()
        events = select(
            col(Event.revision), change.label("change"), col(Event.row_key), col(Event.before_key)
        ).where(
            Event.noun == model.__tablename__,
            col(Event.id) == self.id,
            col(Event.revision) <= self.reading.number,
            change.in_(ENDED) | (change.is_not(None) & (change != "purged") & kept),
        )
        return events.union_all(self._states(events)) if model is Document else events

    def _states(self, events: Select[Any]) -> Select[Any]:
        """Where the annotation alone was corrected, and the document stayed as it was."""
        number, told = col(Revision.number), events.subquery()
        state = select(number, literal("corrected"), null(), null()).join(
            DocumentState, col(DocumentState.recorded) == col(Revision.key)
        )
        document = aliased(Document, "document_then")
        then: Any = number
        seen = (document.id == self.id) & recorded.valid(document, then) & self.reading.sees(document)
        return state.join(document, seen).where(
            col(DocumentState.document_id) == self.id,
            number <= self.reading.number,
            number.not_in(select(told.c.revision)),
        )

    def _shown(self, row: RowMapping, last: RowMapping | None, figures: Mapping[int, str]) -> dict[str, Any]:
        revision, change = row["revision"], row["change"]
        at, seen = self.reading.at(revision), ("agent",) if self.reading.desk else ()
        shown = {name: row[name] for name in ("version", "revision", "time", *seen, "tool", "reason", "note")}
        shown |= {"change": change, "url": f"/v1/{self.resource.name}/{quote(self.id)}?as_of={revision}"}
        before, content = self._before(row, last), self._content(at)
        previous = self._content(before) if before else None
        shown["changes"] = list(differences(previous, content)) if previous and content else []
        if change == "merged":
            shown["changes"] = [{"field": "merged_into", "from": None, "to": self._merged_into(at)}]
        if self.resource is CLAIMS:
            shown["figure"] = _figure(figures.get(row["before_key"] or 0), figures.get(row["row_key"] or 0))
        if self.resource is DOCUMENTS:
            shown["text"] = text_changes(at, self.id, previous, content)
            shown["annotation"] = below(at, self.id, change)
        return shown

    def _before(self, row: RowMapping, last: RowMapping | None) -> Reading | None:
        """When the state that this one follows could last be read."""
        if row["change"] == "corrected":
            return self.reading.at(row["revision"] - 1)
        return self.reading.at(last["revision"] - 1) if last and last["change"] in ENDED else None

    def _content(self, reading: Reading) -> dict[str, Any] | None:
        row = visible(self.resource, reading, self.id)
        if row is None:
            return None
        parts = fetch_parts(reading, self.resource.parts, [row["row_key"]])[row["row_key"]]
        return own(item_of(self.resource, row, parts, utf16_offsets=False))

    def _merged_into(self, reading: Reading) -> Any:
        assert self.resource.moved is not None
        return reading.session.execute(self.resource.moved(reading, self.id)).scalar()

    def _figures(self, rows: Sequence[RowMapping]) -> dict[int, str]:
        """The words of the figures of a claim, by the keys of its rows."""
        if self.resource is not CLAIMS:
            return {}
        keys = {row[name] for row in rows for name in ("row_key", "before_key")}
        found = select(col(Claim.row_key), col(Claim.value_words)).where(
            col(Claim.row_key).in_(keys - {None})
        )
        return {row.row_key: row.value_words for row in self.reading.session.execute(found)}


def _figure(before: str | None, after: str | None) -> dict[str, str] | None:
    return {"from": before, "to": after} if before and after and before != after else None


def answer(request: Request, resource: Resource, id: str, parameters: VersionParameters) -> Response:
    """A page of versions; 410 for what was purged, 404 for what those who ask never could read."""
    only_json(request)
    limit, digest = parameters.limit, cursor.digest("versions", resource.name, id)
    database: Database = request.app.state.database
    with database.read(at_least(request, parameters)) as session:
        reading = not_older(request, read(session, parameters.as_of, desk=caller_of(request).desk))
        before = None
        if parameters.cursor:
            reading, before = _resume(reading, parameters, digest)
        versions = Versions(resource, reading, id)
        if problem := purged(resource, reading, id):
            raise problem
        rows = versions.rows(limit + 1, before)
        if not rows:
            raise unknown(resource, reading, id)
        etag = etag_of(
            "versions", resource.name, id, reading.began, reading.number, reading.desk, limit, before
        )
        if same(request, etag):
            return not_modified(etag, reading.number)
        found = versions.shown(rows, limit)
    following = None
    if len(rows) > limit:
        after = cursor.encode(digest, reading.number, [rows[limit - 1]["revision"]])
        following = f"/v1/{resource.name}/{quote(id)}/versions?{urlencode({'limit': limit, 'cursor': after})}"
    headers = headers_of(etag, reading.number) | ({"Link": f'<{following}>; rel="next"'} if following else {})
    body = {"results": found, "next": following, "total": None, "facets": None}
    return Response(dump(body), headers=headers, media_type="application/json")


def _resume(reading: Reading, parameters: VersionParameters, digest: str) -> tuple[Reading, int]:
    revision, after = cursor.decode(parameters.cursor or "", digest)
    if revision > reading.newest or not isinstance(after[0], int):
        raise unprocessable(Mistake(parameter="cursor", message="of a revision that is not on record"))
    if parameters.as_of is not None and revision != reading.number:
        message = f"the cursor reads revision {revision}; leave as_of out, or begin again"
        raise unprocessable(Mistake(parameter="as_of", message=message))
    return reading.at(revision), after[0]


def _endpoint(resource: Resource, example: str) -> Callable[..., Response]:
    def get_versions(
        request: Request,
        id: Annotated[
            str, Path(description=f"Id of the {resource.noun}", max_length=300, examples=[example])
        ],
        parameters: Annotated[VersionParameters, Query()],
    ) -> Response:
        return answer(request, resource, id, parameters)

    return get_versions


ABOUT = """Newest first, each with what differs from the version before it, with reason and note.

What was withdrawn or merged keeps its versions. With `as_of`, those up to then."""
VIEWS: tuple[tuple[Resource, type[VersionView], str], ...] = (
    (DOCUMENTS, DocumentVersionView, SEED),
    (ENTITIES, EntityVersionView, "hezbollah"),
    (QUOTES, QuoteVersionView, f"{SEED}.q1"),
    (CLAIMS, ClaimVersionView, f"{SEED}.c1"),
)
for resource, view, example in VIEWS:
    ok = {
        "model": page_of(view, f"{resource.noun} version"),
        "description": "The versions",
        "headers": list_responses(resource)[200]["headers"],
    }
    router.add_api_route(
        f"/{resource.name}/{{id}}/versions",
        _endpoint(resource, example),
        operation_id=f"get_{resource.noun}_versions",
        summary=f"Get the versions of one {resource.noun}",
        description=ABOUT,
        tags=[resource.name],
        responses={
            200: ok,
            304: {"description": "Not modified"},
            **problems(400, 404, 406, 410, 422, 503),
        },
        response_class=Response,
    )
