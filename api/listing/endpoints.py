"""The two endpoints of a resource: its list, in three formats, and its item."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Annotated, Any
from urllib.parse import quote as url_quote
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlmodel import Session, select

from api.listing import cursor
from api.listing.engine import Listing, Page, batches, fetch_parts
from api.listing.formats import CSV, MEDIA_TYPES, NDJSON, csv_rows, dump, ndjson, utf16
from api.listing.openapi import item_responses, list_responses
from api.listing.parameters import PAGE, ItemParameters, ListParameters, item_parameters_of, parameters_of
from api.listing.reading import Reading, read
from api.listing.resource import Resource
from api.listing.words import parse
from api.problems import Mistake, Problem, nearest, unprocessable
from models.revision import Revision
from models.session import Database

RELEASE = version("onrecord")
BATCH = 500


def mount(router: APIRouter, resource: Resource, others: Mapping[str, Resource]) -> None:
    """Add a resource's list and item; `others` are the resources that its items may include."""
    Parameters = parameters_of(resource)  # noqa: N806  # a class
    ItemOf = item_parameters_of(resource)  # noqa: N806

    def list_items(request: Request, parameters: Annotated[Parameters, Query()]) -> Response:  # type: ignore[valid-type]
        return answer_list(request, resource, parameters)

    def get_item(
        request: Request,
        id: Annotated[str, Path(description=f"Id of the {resource.noun}", max_length=300)],
        parameters: Annotated[ItemOf, Query()],  # type: ignore[valid-type]
    ) -> Response:
        return answer_item(request, resource, id, parameters, others)

    router.add_api_route(
        f"/{resource.name}", list_items, operation_id=f"list_{resource.name}", summary=f"List {resource.name}",
        description=resource.about, tags=[resource.name], responses=list_responses(resource), response_class=Response,
    )  # fmt: skip
    if not resource.across:
        router.add_api_route(
            f"/{resource.name}/{{id}}", get_item, operation_id=f"get_{resource.noun}", summary=f"Get one {resource.noun}",
            description=f"{resource.view.__doc__}", tags=[resource.name], responses=item_responses(resource), response_class=Response,
        )  # fmt: skip


def answer_list(request: Request, resource: Resource, parameters: ListParameters) -> Response:
    """A page, or an export of everything that matches."""
    media = negotiate(request, parameters.format)
    _refuse_conflicts(parameters, media)
    words = getattr(parameters, "q", None)
    database: Database = request.app.state.database
    with database.read() as session:
        reading = read(session, parameters.as_of, parse(words) if words else ())
        listing, after = Listing(resource, parameters, reading), []
        if parameters.cursor:
            reading, after = _resume(reading, parameters, listing.digest)
            listing = Listing(resource, parameters, reading)
        etag = _etag(resource.name, reading.number, media, _shown(parameters), listing.digest)
        if same(request, etag):
            return not_modified(etag)
        if media != "json" and parameters.limit is None and listing.sort != "rank":
            return _export(
                request, listing, parameters, media, {**_headers(etag), "X-Revision": str(reading.number)}
            )
        include = getattr(parameters, "include", None) or ()
        page = listing.page(parameters.limit or PAGE, after, count=parameters.count == "on", include=include)
        facets = {name: listing.facet(name) for name in getattr(parameters, "facet", None) or ()}
    items = [_item(resource, row, page, utf16_offsets=listing.utf16, include=include) for row in page.rows]
    following = _next(request, parameters, listing, page)
    headers = _headers(etag) | ({"Link": f'<{following}>; rel="next"'} if following else {})
    if media != "json":
        lines = csv_rows(resource.view, items) if media == "csv" else ndjson(items)
        return Response(b"".join(lines), headers=headers, media_type=MEDIA_TYPES[media])
    total = None if page.total is None else {"value": page.total, "relation": "eq"}
    body = dump({"results": items, "next": following, "total": total, "facets": facets or None})
    return Response(body, headers=headers, media_type=MEDIA_TYPES["json"])


def answer_item(
    request: Request, resource: Resource, id: str, parameters: ItemParameters, others: Mapping[str, Resource]
) -> Response:
    """An item, with what is included; 308 where another took its place, 410 where it was withdrawn."""
    negotiate(request, "json")
    database: Database = request.app.state.database
    include = getattr(parameters, "include", None) or ()
    with database.read() as session:
        reading = read(session, parameters.as_of)
        own = [name for name in include if resource.includes[name].part]
        found = _row(resource, reading, id)
        if merged := found.get("merged_into"):
            location = f"/v1/{resource.name}/{url_quote(merged)}"
            return Response(status_code=308, headers={"Location": location, "Cache-Control": "no-cache"})
        utf16_offsets = parameters.offsets == "utf16"
        parts = (*resource.parts, *(p for name in own if (p := resource.includes[name].part)))
        texts = (resource.texts,) if utf16_offsets and resource.texts else ()
        page = Page([found], fetch_parts(reading, (*parts, *texts), [found["row_key"]]), None, None)  # type: ignore[list-item]
        more = {}
        for name in include:
            if (other := resource.includes[name].resource) is not None:
                more[name] = _all_of(others[other], reading, {str(resource.includes[name].by): [id]})
        # Of the rows that it shows, so that a 304 needs no rendering and any change of them is seen.
        etag = _etag(
            parameters.offsets, include, dict(found), page.parts, {name: p for name, (_, p) in more.items()}
        )
        if same(request, etag):
            return not_modified(etag)
    item = _item(resource, found, page, utf16_offsets=False, include=own)
    for name, (listing, pages) in more.items():
        item[name] = [_item(listing.resource, row, p, utf16_offsets=False) for p in pages for row in p.rows]
    if utf16_offsets and resource.texts:
        utf16(item, page.parts[found["row_key"]]["text"][0]["text"])
    return Response(dump(item), headers=_headers(etag), media_type=MEDIA_TYPES["json"])


def negotiate(request: Request, format: str | None) -> str:
    """The format: by parameter, else the first that `Accept` takes."""
    if format:
        return format
    accept = request.headers.get("accept", "*/*").lower()
    for entry in accept.split(","):
        kind = entry.split(";")[0].strip()
        if kind in ("*/*", "application/*", "application/json", ""):
            return "json"
        for name, media in (("csv", CSV), ("ndjson", NDJSON)):
            if kind in (media.split(";")[0], "text/*" if name == "csv" else ""):
                return name
    raise Problem(406, "Accept takes none of application/json, text/csv, application/x-ndjson")


def same(request: Request, etag: str) -> bool:
    """Whether the client has this representation already."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in given.split(","))


def not_modified(etag: str) -> Response:
    return Response(status_code=304, headers=_headers(etag))


def _headers(etag: str) -> dict[str, str]:
    # Always asked again, never sent again: a correction must be seen at once.
    return {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept, Accept-Encoding"}


def _etag(*parts: object) -> str:
    return f'"{cursor.digest(RELEASE, *parts)}"'


def _shown(parameters: ListParameters) -> list[tuple[str, Any]]:
    """What the page looks like, `as_of` aside: it has been turned into a revision."""
    return sorted(
        (name, value) for name, value in parameters.model_dump(exclude_none=True).items() if name != "as_of"
    )


def _refuse_conflicts(parameters: ListParameters, media: str) -> None:
    if media != "json":
        for name in ("facet", "count"):
            if getattr(parameters, name, None) not in (None, "off"):
                raise unprocessable(Mistake(parameter=name, message=f"has no place in {media}; ask for JSON"))


def _resume(reading: Reading, parameters: ListParameters, digest: str) -> tuple[Reading, list[Any]]:
    revision, after = cursor.decode(parameters.cursor or "", digest)
    if parameters.as_of is not None and revision != reading.number:
        message = f"the cursor reads revision {revision}; leave as_of out, or begin again"
        raise unprocessable(Mistake(parameter="as_of", message=message))
    return Reading(
        reading.session, revision, reading.newest, reading.time, reading.sqlite, reading.terms
    ), after


def _next(request: Request, parameters: ListParameters, listing: Listing, page: Page) -> str | None:
    if page.after is None or listing.sort == "rank":
        return None
    after = cursor.encode(listing.digest, listing.reading.number, page.after)
    given = parameters.model_dump(exclude_none=True, exclude_defaults=True, exclude={"as_of", "cursor"})
    query = urlencode({**given, "cursor": after}, doseq=True)
    return f"{request.app.state.settings.public_url}/v1/{listing.resource.name}?{query}"


def _item(
    resource: Resource, row: Any, page: Page, *, utf16_offsets: bool, include: Sequence[str] = ()
) -> dict[str, Any]:
    parts = page.parts.get(row["row_key"], {})
    item = resource.render(row, parts)
    for name in include:
        item[name] = parts["text"][0]["text"] if name == "text" else list(parts.get(name, []))
    if utf16_offsets and parts.get("text"):
        utf16(item, parts["text"][0]["text"])
    return item


def _row(resource: Resource, reading: Reading, id: str) -> Mapping[str, Any]:
    statement = resource.select(reading).where(resource.model.id == id)
    row = reading.session.execute(statement).mappings().one_or_none()
    if row is None:
        raise _absent(resource, reading.session, id)
    return row  # type: ignore[return-value]


def _absent(resource: Resource, session: Session, id: str) -> Problem:
    """404, or 410 with date and reason for what was on record once."""
    model = resource.model
    closed = (
        select(Revision.number, Revision.time, Revision.reason)
        .join(model, model.superseded == Revision.key)
        .where(model.id == id)
        .order_by(Revision.number.desc())  # type: ignore[attr-defined]
    )
    present = session.execute(select(model.row_key).where(model.id == id, model.superseded.is_(None))).first()
    gone = session.execute(closed).first()
    if gone and not present:
        detail = f"the {resource.noun} was withdrawn; as_of={gone.number - 1} still shows it"
        return Problem(
            410, detail, withdrawn={"revision": gone.number, "time": gone.time, "reason": gone.reason}
        )
    known = session.execute(select(model.id).where(model.superseded.is_(None)).limit(1000)).scalars().all()
    guess = nearest(id, known)
    hint = f"; did you mean {guess}?" if guess else f"; /v1/{resource.name} lists what there is"
    return Problem(404, f"no {resource.noun} with this id{hint}")


def _all_of(resource: Resource, reading: Reading, filters: dict[str, Any]) -> tuple[Listing, list[Page]]:
    listing = Listing(resource, parameters_of(resource)(sort=_in_text(resource), **filters), reading)
    return listing, list(batches(listing, BATCH))


def _in_text(resource: Resource) -> str:
    return "position" if "position" in resource.sorts else resource.default_sort


def _export(
    request: Request, listing: Listing, parameters: ListParameters, media: str, headers: dict[str, str]
) -> Response:
    """Everything that matches, in batches: each reads the same revision in a short transaction of its own, so
    that a slow client holds no connection. Few run at once, because each keeps a thread busy."""
    running: threading.BoundedSemaphore = request.app.state.exports
    if not running.acquire(blocking=False):
        raise Problem(503, "as many exports as may run at once are running", headers={"Retry-After": "5"})
    try:
        items = _items(request.app.state.database, listing, parameters)
        lines = csv_rows(listing.resource.view, items) if media == "csv" else ndjson(items)
        return StreamingResponse(
            _released(lines, running.release), headers=headers, media_type=MEDIA_TYPES[media]
        )
    except BaseException:
        running.release()
        raise


def _released(lines: Iterator[bytes], release: Callable[[], None]) -> Iterator[bytes]:
    try:
        chunk = bytearray()
        for line in lines:
            chunk += line
            if len(chunk) > 1 << 16:
                yield bytes(chunk)
                chunk.clear()
        yield bytes(chunk)
    finally:
        release()


def _items(database: Database, first: Listing, parameters: ListParameters) -> Iterator[dict[str, Any]]:
    include = getattr(parameters, "include", None) or ()
    after: Sequence[Any] = _resume(first.reading, parameters, first.digest)[1] if parameters.cursor else ()
    while True:
        with database.read() as session:
            reading = read(session, str(first.reading.number), first.reading.terms)
            listing = Listing(first.resource, parameters, reading)
            page = listing.page(BATCH, after, include=include)
        for row in page.rows:
            yield _item(first.resource, row, page, utf16_offsets=first.utf16, include=include)
        if page.after is None:
            return
        after = page.after
