"""A page and an item as they leave: their JSON, their tags, and where the list goes on."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from api.listing import cursor
from api.listing.engine import Listing, Page
from api.listing.formats import dump
from api.listing.negotiation import digest_of, etag_of, own_tag


def shown_page(
    listing: Listing, page: Page, following: str | None, facets: Mapping[str, Any] | None = None
) -> bytes:
    """A page in JSON."""
    total = None if page.total is None else {"value": page.total, "relation": "eq"}
    rest = dump({"next": following, "total": total, "facets": facets or None})
    return b'{"results":[' + listing.lines(page, listing.include).replace(b"\n", b",") + b"]," + rest[1:]


def tag_of_item(own: int, line: bytes) -> str:
    """The tag of a prepared item, of the same two halves."""
    return f'"{own_tag(own)}.{digest_of(line)}"'


def tag_of_list(listing: Listing, media: str, *more: object) -> str:
    """The tag of a list: of its query and the revision that it is read at, `as_of` itself aside."""
    reading, given = listing.reading, listing.parameters.given()
    shown = sorted((name, value) for name, value in given.items() if name != "as_of")
    return etag_of(listing.resource.name, reading.began, reading.number, reading.desk, media, shown, *more)


def following_of(listing: Listing, page: Page) -> str | None:
    """The URL of the next page."""
    # Ranks move as the record grows: a ranked list is one page.
    if page.after is None or listing.sort == "rank":
        return None
    after = cursor.encode(listing.digest, listing.reading.number, page.after)
    given = {k: v for k, v in listing.parameters.given().items() if k not in ("as_of", "cursor")}
    query = urlencode({**given, "cursor": after}, doseq=True)
    return f"/v1/{listing.resource.name}?{query}"
