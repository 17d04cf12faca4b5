"""Changes: the feed that other tools follow, by asking again, by waiting for what comes, or as a stream."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.following.follower import GONE, Follower, Found
from api.following.views import ChangesPage, ChangesParameters
from api.listing import atom, cursor
from api.listing.atom import Entry
from api.listing.formats import ATOM, JSON, NDJSON, dump
from api.listing.negotiation import etag_of, headers_of, negotiate, not_modified, same
from api.listing.openapi import page_headers, problems
from api.problems import Mistake, Problem, is_away, unprocessable

router = APIRouter(prefix="/v1", tags=["changes"])
EVENT_STREAM = "text/event-stream"
KINDS = {
    "*/*": "json", "application/*": "json", JSON: "json", NDJSON: "ndjson", ATOM: "atom", EVENT_STREAM: "sse",
}  # fmt: skip
# Seconds between signs of life, for proxies that end what is silent; milliseconds after which to come back.
HEARTBEAT, RETRY = 15, 3000
# Seconds until a stream asks again where the database did not answer.
AGAIN = 2
NEVER = 1 << 63
_TEXT = {"schema": {"type": "string"}}


@router.get(
    "/changes",
    operation_id="list_changes",
    summary="Follow what changes",
    response_class=Response,
    responses={
        200: {
            "model": ChangesPage,
            "description": "A page; as server-sent events, all that comes",
            "content": {JSON: {}, NDJSON: _TEXT, ATOM: _TEXT, EVENT_STREAM: _TEXT},
            "headers": page_headers(),
        },
        304: {"description": "Not modified"},
        **problems(400, 406, 422, 503),
    },
)
async def list_changes(request: Request, parameters: Annotated[ChangesParameters, Query()]) -> Response:
    """Every change of documents, entities, quotes and claims, in commit order and without gaps.

    It begins at the first event of the record; `next` goes on, for as long as the record does: ask it again,
    with `wait` if it should answer as soon as something happens. Each change has a `cursor`, which means the
    same in every process and after every restart. Readers see what happens to what they can read, keys that
    may see drafts what happens to those, too. As server-sent events (`format=sse`) the cursor is the id.
    """
    media = negotiate(request, parameters.format, KINDS)
    _refuse_conflicts(parameters, media)
    if media in ("atom", "sse"):
        newest_first = media == "atom" and parameters.sort is None
        sort = "-recorded" if newest_first else parameters.sort
        parameters = parameters.model_copy(update={"format": media, "sort": sort})
    follower = Follower(request, parameters)
    # Measured, with 1,000 who wait: in handlers that are not async each of them would hold a thread.
    found = await follower.look()
    if media == "sse":
        return _stream(request, follower, found)
    found = await _waited(request, follower, found)
    return _page(request, parameters, media, found)


async def _waited(request: Request, follower: Follower, found: Found) -> Found:
    """What is found as soon as there is something, or when the time is over."""
    clock = asyncio.get_running_loop().time
    end = clock() + (0 if request.scope.get("head") else follower.parameters.wait)
    while not found.results and (left := end - clock()) > 0:
        if not await follower.watch.beyond_for(request, found.number, left):
            break
        found = await follower.look()
    return found


def _page(request: Request, parameters: ChangesParameters, media: str, found: Found) -> Response:
    base = atom.base_of(request) if media == "atom" else None
    etag = etag_of(
        "changes", found.began, found.number, found.desk, media, base, sorted(parameters.given().items())
    )
    if same(request, etag):
        return not_modified(etag, found.number)
    following = None
    if found.more or not parameters.asked().newest_first:
        following = f"/v1/changes?{urlencode(parameters.given(after=found.cursor), doseq=True)}"
    headers = headers_of(etag, found.number) | ({"Link": f'<{following}>; rel="next"'} if following else {})
    if media == "ndjson":
        return Response(
            b"".join(dump(one) + b"\n" for one in found.results), headers=headers, media_type=NDJSON
        )
    if base is not None:
        return Response(_feed(request, parameters, found, following), headers=headers, media_type=ATOM)
    more = {"next": following, "cursor": found.cursor, "total": None, "facets": None}
    return Response(dump({"results": found.results, **more}), headers=headers, media_type=JSON)


def _feed(request: Request, parameters: ChangesParameters, found: Found, following: str | None) -> bytes:
    given = parameters.given()
    filters: dict[str, Any] = {name: given[name] for name in ("type", "entity", "document") if name in given}
    feed = atom.Feed(
        atom.base_of(request), found.record, cursor.digest("changes", sorted(filters.items())),
        atom.title_of("changes", filters), atom.path_of(request, given), following,
    )  # fmt: skip
    return feed.write(map(_entry, found.results))


def _entry(change: Mapping[str, Any]) -> Entry:
    """A change under the name of its item, so that it replaces what readers have of it, or removes it."""
    told = [
        f"{change['noun']} {change['change']}" + (f" into {change['into']}" if change["into"] else ""),
        change["reason"],
        change["note"],
    ]
    return Entry(
        change["noun"], change["id"], change["time"], f"{told[0]}: {change['id']}",
        "\n".join(filter(None, told)), change["url"], change["agent"],
        categories=[("type", change["type"])], deleted=change["change"] in GONE,
    )  # fmt: skip


def _stream(request: Request, follower: Follower, found: Found) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if request.scope.get("head"):
        return Response(headers=headers, media_type=EVENT_STREAM)
    return StreamingResponse(_told(follower, found), headers=headers, media_type=EVENT_STREAM)


async def _told(follower: Follower, found: Found) -> AsyncIterator[bytes]:
    """Changes as they come. It ends with the service, or with the right to see them."""
    yield f"retry: {RETRY}\n\n".encode()
    watch = follower.watch
    while True:
        for change in found.results:
            yield b"id: %b\nevent: %b\ndata: %b\n\n" % (
                change["cursor"].encode(), change["type"].encode(), dump(change),
            )  # fmt: skip
        while not (found.more or await watch.beyond(found.number, HEARTBEAT) or watch.closing):
            # An id without data moves the place that the client comes back to, past what it did not ask for.
            yield f": still here\nid: {found.cursor}\n\n".encode()
        if watch.closing:
            return
        try:
            found = await follower.look()
        except Problem:
            return
        except (DBAPIError, PoolTimeout) as error:
            if isinstance(error, DBAPIError) and not is_away(error):
                raise
            found = replace(found, results=[])
            await watch.beyond(NEVER, AGAIN)


def _refuse_conflicts(parameters: ChangesParameters, media: str) -> None:
    unfit = {"sse": ("wait", "limit", "sort"), "atom": ("wait",)}.get(media, ())
    if mistakes := [
        Mistake(parameter=name, message=f"has no place in {media}; ask for JSON or NDJSON")
        for name in unfit
        if getattr(parameters, name)
    ]:
        raise unprocessable(*mistakes)
