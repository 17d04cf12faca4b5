"""The two endpoints of a resource: its list, in four formats, and its item."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response

from api.access.callers import caller_of
from api.listing import atom, cursor
from api.listing.absent import Moved, found
from api.listing.engine import Listing, Page, batches, fetch_parts, item_of
from api.listing.export import BATCH, export
from api.listing.formats import MEDIA_TYPES, csv_columns, csv_rows, dump, ndjson
from api.listing.known import names_items, refuse_unknown
from api.listing.negotiation import (
    RELEASE,
    etag_of,
    headers_of,
    negotiate,
    not_modified,
    only_json,
    own_tag,
    same,
)
from api.listing.openapi import item_responses, list_responses
from api.listing.parameters import (
    PAGE,
    RANKED,
    ItemParameters,
    ListParameters,
    item_parameters_of,
    parameters_of,
)
from api.listing.reading import Reading, read
from api.listing.resource import Resource
from api.listing.words import parse
from api.problems import Mistake, unprocessable
from models.session import Database

__all__ = ["RELEASE", "mount"]


def mount(router: APIRouter, resource: Resource, others: Mapping[str, Resource]) -> None:
    """Add a resource's list and item; `others` are the resources that its items may include."""
    Parameters = parameters_of(resource)  # noqa: N806  # a class
    ItemOf = item_parameters_of(resource)  # noqa: N806  # a class

    def list_items(request: Request, parameters: Annotated[Parameters, Query()]) -> Response:  # type: ignore[valid-type]
        return answer_list(request, resource, parameters, others)

    def get_item(
        request: Request,
        id: Annotated[str, Path(description=f"Id of the {resource.noun}", max_length=300)],
        parameters: Annotated[ItemOf, Query()],  # type: ignore[valid-type]
    ) -> Response:
        return answer_item(request, resource, id, parameters, others)

    router.add_api_route(
        f"/{resource.name}",
        list_items,
        operation_id=f"list_{resource.name}",
        summary=f"List {resource.name}",
        description=resource.about,
        tags=[resource.name],
        responses=list_responses(resource),
        response_class=Response,
    )
    if resource.across:
        return
    router.add_api_route(
        f"/{resource.name}/{{id}}",
        get_item,
        operation_id=f"get_{resource.noun}",
        summary=f"Get one {resource.noun}",
        description=resource.view.__doc__,
        tags=[resource.name],
        responses=item_responses(resource),
        response_class=Response,
    )


def answer_list(
    request: Request, resource: Resource, parameters: ListParameters, others: Mapping[str, Resource]
) -> Response:
    """A page, or an export of everything that matches."""
    media = negotiate(request, parameters.format)
    _refuse_conflicts(resource, parameters, media)
    if media == "atom":
        parameters = _as_feed(resource, parameters)
    words = getattr(parameters, "q", None)
    include = getattr(parameters, "include", None) or ()
    database: Database = request.app.state.database
    with database.read() as session:
        reading = read(session, parameters.as_of, parse(words) if words else (), desk=caller_of(request).desk)
        listing = Listing(resource, parameters, reading)
        after: list[Any] = []
        if parameters.cursor:
            reading, after = _resume(reading, parameters, listing.digest)
            listing = Listing(resource, parameters, reading)
        shown = _shown(parameters) if media != "atom" else (atom.base_of(request), _shown(parameters))
        etag = etag_of(resource.name, reading.began, reading.number, reading.desk, media, shown)
        if same(request, etag):
            return not_modified(etag)
        whole = media in ("csv", "ndjson") and parameters.limit is None
        if whole and listing.sort != "rank":
            if not after and names_items(listing, others):
                refuse_unknown(listing, others, empty=listing.empty())
            return export(request, listing, after, media, headers_of(etag))
        limit = RANKED if whole else parameters.limit or PAGE
        page = listing.page(limit, after, count=parameters.count == "on", include=include)
        if not after:
            refuse_unknown(listing, others, empty=not page.rows)
        facets = {name: listing.facet(name) for name in getattr(parameters, "facet", None) or ()}
    following = _next(request, listing, page)
    headers = headers_of(etag) | ({"Link": f'<{following}>; rel="next"'} if following else {})
    items = listing.items(page, include)
    if media == "atom":
        feed = atom.Feed(
            atom.base_of(request), listing.reading.record, listing.digest,
            atom.title_of(resource.name, listing.query), atom.path_of(request, _given(parameters)), following,
        )  # fmt: skip
        body = feed.write(resource.entry(item) for item in items)
        return Response(body, headers=headers, media_type=MEDIA_TYPES[media])
    if media != "json":
        lines = csv_rows(resource.view, items) if media == "csv" else ndjson(items)
        return Response(b"".join(lines), headers=headers, media_type=MEDIA_TYPES[media])
    total = None if page.total is None else {"value": page.total, "relation": "eq"}
    shown_page = {"results": list(items), "next": following, "total": total, "facets": facets or None}
    return Response(dump(shown_page), headers=headers, media_type=MEDIA_TYPES["json"])


def answer_item(
    request: Request, resource: Resource, id: str, parameters: ItemParameters, others: Mapping[str, Resource]
) -> Response:
    """An item, with what is included; 308 where another took its place, 410 where it was withdrawn."""
    only_json(request)
    include = getattr(parameters, "include", None) or ()
    database: Database = request.app.state.database
    with database.read() as session:
        reading = read(session, parameters.as_of, desk=caller_of(request).desk)
        try:
            row = found(resource, reading, id)
        except Moved as moved:
            # A merge can be undone: the client asks here again next time.
            location = _with_query(moved.location, request)
            headers = {"Location": location, "ETag": f'"{moved.tag}"', "Cache-Control": "no-cache"}
            return Response(status_code=308, headers=headers)
        included = [part for name in include if (part := resource.includes[name].part)]
        utf16_offsets = parameters.offsets == "utf16"
        texts = [resource.texts] if utf16_offsets and resource.texts else []
        parts = fetch_parts(reading, [*resource.parts, *included, *texts], [row["row_key"]])[row["row_key"]]
        more = {
            name: _all_of(others[other], reading, {str(resource.includes[name].by): [id]}, parameters.offsets)
            for name in include
            if (other := resource.includes[name].resource)
        }
        # Of the rows that it shows, so that a 304 needs no rendering and any change of them is seen.
        rows = {name: [(page.rows, page.parts) for page in pages] for name, (_, pages) in more.items()}
        shown = etag_of(parameters.offsets, include, dict(row), parts, rows)
        # Of two halves: what the item itself is, for If-Match, and all that is shown with it.
        etag = f'"{own_tag(row[resource.own])}.{shown[1:]}'
        if same(request, etag):
            return not_modified(etag)
    own = [name for name in include if resource.includes[name].part]
    item = item_of(resource, row, parts, own, utf16_offsets=utf16_offsets)
    for name, (listing, pages) in more.items():
        item[name] = [item for page in pages for item in listing.items(page)]
    return Response(dump(item), headers=headers_of(etag), media_type=MEDIA_TYPES["json"])


def _shown(parameters: ListParameters) -> list[tuple[str, Any]]:
    """What the page looks like, `as_of` aside: it has been turned into a revision."""
    given = parameters.model_dump(exclude_none=True, exclude={"as_of"})
    return sorted(given.items())


def _refuse_conflicts(resource: Resource, parameters: ListParameters, media: str) -> None:
    if media != "json":
        for name in ("facet", "count"):
            if getattr(parameters, name, None) not in (None, "off"):
                raise unprocessable(Mistake(parameter=name, message=f"has no place in {media}; ask for JSON"))
    columns = {path[0] for _, path in csv_columns(resource.view)} if media == "csv" else set()
    for name in getattr(parameters, "include", None) or ():
        if media == "atom" or (media == "csv" and name not in columns):
            message = f"`{name}` has no place in {media}; ask for JSON or NDJSON"
            raise unprocessable(Mistake(parameter="include", message=message))


def _resume(reading: Reading, parameters: ListParameters, digest: str) -> tuple[Reading, list[Any]]:
    revision, after = cursor.decode(parameters.cursor or "", digest)
    if revision > reading.newest:
        raise unprocessable(Mistake(parameter="cursor", message="of a revision that is not on record"))
    if parameters.as_of is not None and revision != reading.number:
        message = f"the cursor reads revision {revision}; leave as_of out, or begin again"
        raise unprocessable(Mistake(parameter="as_of", message=message))
    return reading.at(revision), after


def _next(request: Request, listing: Listing, page: Page) -> str | None:
    # Ranks move as the record grows: a ranked list is one page.
    if page.after is None or listing.sort == "rank":
        return None
    after = cursor.encode(listing.digest, listing.reading.number, page.after)
    given = {k: v for k, v in _given(listing.parameters).items() if k not in ("as_of", "cursor")}
    query = urlencode({**given, "cursor": after}, doseq=True)
    return f"/v1/{listing.resource.name}?{query}"


def _as_feed(resource: Resource, parameters: ListParameters) -> ListParameters:
    """What is new comes first, unless another order is asked for: readers look at the first page again."""
    newest = "-recorded" if "recorded" in resource.sorts else resource.default_sort
    sort = getattr(parameters, "sort", None) or newest
    return parameters.model_copy(update={"format": "atom", "sort": sort})


def _given(parameters: ListParameters) -> dict[str, Any]:
    return parameters.model_dump(exclude_none=True, exclude_defaults=True)


def _with_query(location: str, request: Request) -> str:
    return f"{location}?{request.url.query}" if request.url.query else location


def _all_of(
    resource: Resource, reading: Reading, filters: dict[str, Any], offsets: str
) -> tuple[Listing, Sequence[Page]]:
    sort = "position" if "position" in resource.sorts else resource.default_sort
    parameters = parameters_of(resource).model_validate({"sort": sort, "offsets": offsets, **filters})
    listing = Listing(resource, parameters, reading)
    return listing, list(batches(listing, BATCH))
