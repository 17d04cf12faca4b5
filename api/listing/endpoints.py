"""The two endpoints of a resource: its list and its item, in every form that they have."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.access.callers import caller_of
from api.listing import atom, cursor
from api.listing.absent import Moved, found
from api.listing.engine import Listing, Page, batches
from api.listing.export import BATCH, export
from api.listing.facets import facet
from api.listing.formats import dump
from api.listing.forms import MEDIA_TYPES, form_of, refuse_conflicts, rows_of, written
from api.listing.giving_way import give_way
from api.listing.known import names_items, refuse_unknown
from api.listing.negotiation import (
    RELEASE,
    etag_of,
    headers_of,
    item_kinds,
    negotiate,
    not_modified,
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
from api.listing.parts import fetch_parts, item_of
from api.listing.reading import Reading, read
from api.listing.ready import InSession, ready_item
from api.listing.resource import Resource
from api.listing.seen import at_least, not_older
from api.listing.shown import following_of, shown_page, tag_of_item, tag_of_list
from api.listing.whole import answer_whole
from api.problems import Mistake, unprocessable
from models.session import Database

__all__ = ["RELEASE", "mount"]
# Forms that say where the service stands.
_NAME_IT = ("atom", "jsonld")
# Forms that show more of the record than the item.
_MORE = ("jsonld",)


def mount(router: APIRouter, resource: Resource, others: Mapping[str, Resource]) -> None:
    """Add a resource's list and item; `others` are the resources that its items may include."""
    list_parameters, item_parameters = parameters_of(resource), item_parameters_of(resource)

    def list_items(request: Request, parameters: Annotated[list_parameters, Query()]) -> Response:  # type: ignore[valid-type]
        return answer_list(request, resource, parameters, others)

    def get_item(
        request: Request,
        id: Annotated[str, Path(description=f"Id of the {resource.noun}", max_length=300)],
        parameters: Annotated[item_parameters, Query()],  # type: ignore[valid-type]
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
    give_way()
    media = negotiate(request, parameters.format)
    refuse_conflicts(resource, parameters, media)
    if media == "atom":
        parameters = _as_feed(resource, parameters)
    database: Database = request.app.state.database
    base = atom.base_of(request) if media in _NAME_IT else ""
    with database.read(at_least(request, parameters)) as session:
        reading = read(
            session, parameters.as_of, getattr(parameters, "q", None), desk=caller_of(request).desk
        )
        reading = not_older(request, reading)
        listing = Listing(resource, parameters, reading)
        after: list[Any] = []
        if parameters.cursor:
            reading, after = _resume(reading, parameters, listing.digest)
            listing = Listing(resource, parameters, reading)
        etag = tag_of_list(listing, media, *((base,) if base else ()))
        if same(request, etag):
            return not_modified(etag, reading.number)
        form = form_of(media, resource, base, bom=parameters.bom == "on")
        whole = form is not None and parameters.limit is None
        if form and whole and listing.sort != "rank":
            if not after and names_items(listing, others):
                refuse_unknown(listing, others, empty=listing.empty())
            # Its batches take connections of their own. Who holds one and waits for another waits for himself
            # where there are few.
            session.commit()
            return export(request, listing, after, (media, form), headers_of(etag, reading.number))
        limit = RANKED if whole else parameters.limit or PAGE
        page = listing.page(limit, after, count=parameters.count == "on", include=listing.include)
        if not after:
            refuse_unknown(listing, others, empty=not page.rows)
        facets = {name: facet(listing, name) for name in getattr(parameters, "facet", None) or ()}
        content = b"".join(written(form, [rows_of(listing, page, form)])) if form else b""
    following = following_of(listing, page)
    headers = headers_of(etag, reading.number) | ({"Link": f'<{following}>; rel="next"'} if following else {})
    if media == "atom":
        feed = atom.Feed(
            base, listing.reading.record, listing.digest,
            atom.title_of(resource.name, listing.query), atom.path_of(request, parameters.given()), following,
        )  # fmt: skip
        content = feed.write(resource.entry(item) for item in listing.items(page))
    elif media == "json":
        content = shown_page(listing, page, following, facets)
    return Response(content, headers=headers, media_type=MEDIA_TYPES[media])


def answer_item(
    request: Request, resource: Resource, id: str, parameters: ItemParameters, others: Mapping[str, Resource]
) -> Response:
    """An item, with what is included; 308 where another took its place, 410 where it was withdrawn."""
    media = negotiate(request, parameters.format, item_kinds(resource))
    refuse_conflicts(resource, parameters, media)
    include = getattr(parameters, "include", None) or ()
    database: Database = request.app.state.database
    base = atom.base_of(request) if media in _NAME_IT else ""
    with database.read(at_least(request, parameters)) as session:
        reading = not_older(request, read(session, parameters.as_of, desk=caller_of(request).desk))
        if not include and parameters.offsets == "codepoint" and media == "json":
            ready = ready_item(resource, reading, InSession(reading), id)
            if ready is not None:
                etag, line = tag_of_item(*ready), ready[1]
                if same(request, etag):
                    return not_modified(etag, reading.number)
                return Response(
                    line, headers=headers_of(etag, reading.number), media_type=MEDIA_TYPES["json"]
                )
        try:
            row = found(resource, reading, id)
        except Moved as moved:
            # A merge can be undone: the client asks here again next time.
            location = _with_query(moved.location, request)
            headers = headers_of(f'"{moved.tag}"', reading.number) | {"Location": location}
            return Response(status_code=308, headers=headers)
        if whole := resource.wholes.get(media):
            return answer_whole(request, resource, whole, reading, row)
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
        rows = {name: [_said(page) for page in pages] for name, (_, pages) in more.items()}
        shown = etag_of(
            media,
            base,
            (reading.began, reading.number, reading.desk) if media in _MORE else "",
            parameters.bom,
            parameters.offsets,
            include,
            dict(row),
            parts,
            rows,
        )
        # Of two halves: what the item itself is, for If-Match, and all that is shown with it.
        etag = f'"{own_tag(row[resource.own])}.{shown[1:]}'
        if same(request, etag):
            return not_modified(etag, reading.number)
        own = [name for name in include if resource.includes[name].part]
        item = item_of(resource, row, parts, own, utf16_offsets=utf16_offsets)
        for name, (listing, pages) in more.items():
            item[name] = [item for page in pages for item in listing.items(page)]
        content = dump(item)
        if form := form_of(media, resource, base, bom=parameters.bom == "on"):
            content = b"".join(written(form, [form.rows(content, reading)]))
        elif media == "atom":
            feed = atom.Feed(base, reading.record, resource.name, resource.name, request.url.path, None)
            content = feed.alone(resource.entry(item))
    return Response(content, headers=headers_of(etag, reading.number), media_type=MEDIA_TYPES[media])


def _said(page: Page) -> Any:
    return (page.rows, page.parts) if page.lines is None else page.lines


def _resume(reading: Reading, parameters: ListParameters, digest: str) -> tuple[Reading, list[Any]]:
    revision, after = cursor.decode(parameters.cursor or "", digest)
    if revision > reading.newest:
        raise unprocessable(Mistake(parameter="cursor", message="of a revision that is not on record"))
    if parameters.as_of is not None and revision != reading.number:
        message = f"the cursor reads revision {revision}; leave as_of out, or begin again"
        raise unprocessable(Mistake(parameter="as_of", message=message))
    return reading.at(revision), after


def _as_feed(resource: Resource, parameters: ListParameters) -> ListParameters:
    """What is new comes first, unless another order is asked for: readers look at the first page again."""
    newest = "-recorded" if "recorded" in resource.sorts else resource.default_sort
    sort = getattr(parameters, "sort", None) or newest
    return parameters.model_copy(update={"format": "atom", "sort": sort})


def _with_query(location: str, request: Request) -> str:
    return f"{location}?{request.url.query}" if request.url.query else location


def _all_of(
    resource: Resource, reading: Reading, filters: dict[str, Any], offsets: str
) -> tuple[Listing, Sequence[Page]]:
    sort = "position" if "position" in resource.sorts else resource.default_sort
    parameters = parameters_of(resource).model_validate({"sort": sort, "offsets": offsets, **filters})
    listing = Listing(resource, parameters, reading)
    return listing, list(batches(listing, BATCH))
