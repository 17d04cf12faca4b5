"""Which form of an answer a client wants, and whether it has that form already."""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import version

from fastapi import Request, Response

from api.listing.cursor import digest
from api.listing.formats import ATOM, CSV, JSON, JSON_LD, NDJSON, PARQUET
from api.listing.resource import Resource
from api.problems import Problem

RELEASE = version("onrecord")
_PERSON = RELEASE.encode()[:16]
_KINDS = {
    "*/*": "json",
    "application/*": "json",
    JSON: "json",
    "text/*": "csv",
    CSV.split(";")[0]: "csv",
    NDJSON: "ndjson",
    ATOM: "atom",
    JSON_LD: "jsonld",
    PARQUET: "parquet",
}


def negotiate(request: Request, format: str | None, kinds: Mapping[str, str] = _KINDS) -> str:
    """The format: by parameter, else what `Accept` prefers, the first of what it prefers equally."""
    if format:
        return format
    accepted = [_preference(entry) for entry in request.headers.get("accept", "*/*").lower().split(",")]
    for kind, preference in sorted(accepted, key=lambda entry: -entry[1]):
        if kind in kinds and preference > 0:
            return kinds[kind]
    raise Problem(406, f"Accept takes none of {', '.join(kind for kind in kinds if '*' not in kind)}")


def item_kinds(resource: Resource) -> Mapping[str, str]:
    """The forms of an item by their media types: those of lists, and its own."""
    return {**_KINDS, **{whole.media_type: name for name, whole in resource.wholes.items()}}


def only_json(request: Request) -> None:
    """Refuse a client that takes no JSON, where there is nothing else."""
    accepted = [_preference(entry) for entry in request.headers.get("accept", "*/*").lower().split(",")]
    if not any(_KINDS.get(kind) == "json" and preference > 0 for kind, preference in accepted):
        raise Problem(406, "this is JSON alone; accept application/json")


def _preference(entry: str) -> tuple[str, float]:
    kind, *parameters = (part.strip() for part in entry.split(";"))
    weight = next((value for p in parameters if (value := p.removeprefix("q=")) != p), "1")
    try:
        return kind or "*/*", float(weight)
    except ValueError:
        return kind, 0


def etag_of(*parts: object) -> str:
    """A strong tag of this release for what is equal when all parts are."""
    return f'"{digest(RELEASE, *parts)}"'


def digest_of(body: bytes) -> str:
    """What tells the bytes of a body from others, in this release."""
    return blake2b(body, digest_size=9, person=_PERSON).hexdigest()


@lru_cache(maxsize=10_000)
def own_tag(key: int) -> str:
    """The first half of an item's tag: the state of the item alone, by the key of its row."""
    return digest("own", key)[:12]


def same(request: Request, etag: str) -> bool:
    """Whether the client has this representation already."""
    given = request.headers.get("if-none-match", "")
    return etag in (tag.strip().removeprefix("W/") for tag in given.split(","))


def headers_of(etag: str, revision: int | None = None) -> dict[str, str]:
    """Always asked again, never sent again: a correction must be seen at once.

    `revision` is the one that is shown; who sends it back never reads an older one.
    """
    numbered = {} if revision is None else {"X-Revision": str(revision)}
    return {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept, Authorization", **numbered}


def not_modified(etag: str, revision: int | None = None) -> Response:
    """The client keeps what it has."""
    return Response(status_code=304, headers=headers_of(etag, revision))
