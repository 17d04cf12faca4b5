"""Exports by the command: a whole list, the annotated documents as files, the counts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from annotations.read import ANNOTATION, ARTICLE
from annotations.unload import annotated, documents
from annotations.write import write
from api.listing.engine import Listing
from api.listing.export import taken, written
from api.listing.known import names_items, refuse_unknown
from api.listing.parameters import RANKED, ListParameters, parameters_of
from api.listing.reading import Reading, read
from api.listing.resource import Resource
from api.problems import Problem, nearest
from api.record import counts
from api.resources import RESOURCES
from models.measures import vocabulary
from models.session import Database

BATCH = 500
# What a list takes over HTTP, and a command that writes all of it does not.
PAGES = {
    "limit": "an export is whole",
    "cursor": "an export is whole",
    "count": "an export has no total",
    "facet": "an export has no facets",
    "format": "is the option --format",
    "as_of": "is the option --as-of",
}


class ExportError(ValueError):
    """What was asked for does not exist; the message says what does."""


def export_list(
    database: Database, name: str, format: str, as_of: str | None, where: Iterable[str]
) -> Iterator[bytes]:
    """Every item of a list, filtered as over HTTP, as lines of NDJSON or CSV, from one snapshot."""
    if format not in ("ndjson", "csv"):
        raise ExportError("the format is ndjson or csv")
    resource = RESOURCES.get(name)
    if resource is None:
        guess = nearest(name, RESOURCES)
        hint = f"did you mean {guess}?" if guess else f"there are {', '.join(RESOURCES)}"
        raise ExportError(f"no list of this name; {hint}")
    parameters = _parameters(resource, format, as_of, where)
    try:
        with database.read() as session:
            reading = read(session, as_of, getattr(parameters, "q", None))
            listing = Listing(resource, parameters, reading)
            if names_items(listing, RESOURCES):
                refuse_unknown(listing, RESOURCES, empty=listing.empty())
            yield from written(listing, _batches(listing, format), format)
    except Problem as problem:
        raise _told(problem) from None


def export_annotated(
    database: Database, folder: Path, as_of: str | None, progress: Callable[[str], None]
) -> int:
    """Write every document of the record as `NAME.txt` and `NAME.claims.yaml`; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    with database.read() as session:
        reading = _reading(session, as_of)
        ids = list(documents(session, reading.number))
        for id_ in ids:
            document = annotated(session, id_, reading.number)
            (folder / f"{id_}{ARTICLE}").write_bytes(document.text.encode())
            (folder / f"{id_}{ANNOTATION}").write_bytes(write(document, vocabulary()))
            progress(id_)
    return len(ids)


def statistics(database: Database) -> dict[str, Any]:
    """Revision, time and counts by noun."""
    with database.read() as session:
        return counts(read(session, None))


def _reading(session: Session, as_of: str | None) -> Reading:
    try:
        return read(session, as_of)
    except Problem as problem:
        raise ExportError(f"as_of: {problem.errors[0].message}") from None


def _told(problem: Problem) -> ExportError:
    """A problem in one line, without what only a client of the service has."""
    lines = []
    for mistake in problem.errors:
        guess = f"; did you mean {mistake.nearest}?" if mistake.nearest else ""
        lines.append(f"{mistake.parameter}: {mistake.message}{guess}")
    return ExportError("; ".join(lines) or problem.detail)


def _batches(listing: Listing, format: str) -> Iterator[bytes]:
    """Every page of a list; a ranked one has no more than one."""
    include = getattr(listing.parameters, "include", None) or ()
    more: Sequence[Any] | None = ()
    while more is not None:
        page = listing.page(RANKED if listing.sort == "rank" else BATCH, more, include=include)
        yield taken(listing, page, format)
        more = None if listing.sort == "rank" else page.after


def _parameters(resource: Resource, format: str, as_of: str | None, where: Iterable[str]) -> ListParameters:
    model = parameters_of(resource)
    repeated = {p.name for filter in resource.filters for p in filter.parameters() if p.repeated} | {
        "include"
    }
    given: dict[str, Any] = {"as_of": as_of} if as_of else {}
    for condition in where:
        name, equals, value = condition.partition("=")
        if not equals:
            raise ExportError("a filter is NAME=VALUE, such as measure=killed")
        if name in PAGES or (name == "include" and format == "csv"):
            raise ExportError(f"{name}: {PAGES.get(name, f'has no place in {format}')}")
        if name in repeated:
            given.setdefault(name, []).append(value)
        elif name in given:
            raise ExportError(f"{name}: given more than once; it takes one value")
        else:
            given[name] = value
    try:
        return model.model_validate(given)
    except Problem as problem:
        raise _told(problem) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "filter"
        unknown = first["type"] == "extra_forbidden"
        guess = nearest(name, model.model_fields.keys() - PAGES.keys()) if unknown else None
        message = "unknown filter" if unknown else first["msg"]
        raise ExportError(f"{name}: {message}{f'; did you mean {guess}?' if guess else ''}") from None
