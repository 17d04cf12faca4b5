"""Exports by the command: a whole list, and the counts of all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import ValidationError

from api.listing.atom import Entries, Feed, title_of
from api.listing.engine import Listing
from api.listing.forms import Form, form_of, includable, rows_of, written
from api.listing.known import names_items, refuse_unknown
from api.listing.parameters import RANKED, Format, ListParameters, parameters_of
from api.listing.reading import read
from api.listing.resource import Resource
from api.problems import Problem, nearest
from api.record import counts
from api.resources import RESOURCES
from models.session import Database

BATCH = 500
# Where `make serve` puts the service.
STANDS = "http://127.0.0.1:8000"
FORMATS = tuple(format for format in get_args(Format) if format != "json")
# What a list takes over HTTP, and a command that writes all of it does not.
PAGES = {
    "limit": "an export is whole",
    "cursor": "an export is whole",
    "count": "an export has no total",
    "facet": "an export has no facets",
    "format": "is the option --format",
    "bom": "is the option --bom",
    "as_of": "is the option --as-of",
}


class ExportError(ValueError):
    """What was asked for does not exist; the message says what does."""


@dataclass(frozen=True)
class Export:
    """What is to be written: in which form, of which revision or time, with which filters (`NAME=VALUE`).

    `base` is where the service stands, for forms that name it; `bom` begins a CSV with a byte-order mark.
    """

    format: str
    as_of: str | None = None
    where: Sequence[str] = ()
    base: str = STANDS
    bom: bool = False


def export_list(database: Database, name: str, wanted: Export) -> Iterator[bytes]:
    """Every item of a list, filtered as over HTTP, in one of FORMATS, from one snapshot."""
    format = wanted.format
    if format not in FORMATS:
        raise ExportError(f"no form is called {format}; there are {', '.join(FORMATS)}")
    if wanted.bom and format != "csv":
        raise ExportError(f"a byte-order mark has no place in {format}")
    resource = RESOURCES.get(name)
    if resource is None:
        guess = nearest(name, RESOURCES)
        hint = f"did you mean {guess}?" if guess else f"there are {', '.join(RESOURCES)}"
        raise ExportError(f"no list of this name; {hint}")
    parameters = _parameters(resource, wanted)
    try:
        with database.read() as session:
            reading = read(session, wanted.as_of, getattr(parameters, "q", None))
            listing = Listing(resource, parameters, reading)
            if names_items(listing, RESOURCES):
                refuse_unknown(listing, RESOURCES, empty=listing.empty())
            form = form_of(format, resource, wanted.base, bom=wanted.bom) or _feed(listing, wanted.base)
            yield from written(form, _batches(listing, form))
    except Problem as problem:
        raise told(problem) from None


def statistics(database: Database) -> dict[str, Any]:
    """Revision, time and counts by noun."""
    with database.read() as session:
        return counts(read(session, None))


def told(problem: Problem) -> ExportError:
    """A problem in one line, without what only a client of the service has."""
    lines = []
    for mistake in problem.errors:
        guess = f"; did you mean {mistake.nearest}?" if mistake.nearest else ""
        lines.append(f"{mistake.parameter}: {mistake.message}{guess}")
    return ExportError("; ".join(lines) or problem.detail)


def _feed(listing: Listing, base: str) -> Form:
    reading, name = listing.reading, listing.resource.name
    feed = Feed(base, reading.record, listing.digest, title_of(name, listing.query), f"/v1/{name}", None)
    return Entries(feed, listing.resource.entry)


def _batches(listing: Listing, form: Form) -> Iterator[bytes]:
    """Every page of a list; a ranked one has no more than one."""
    more: Sequence[Any] | None = ()
    while more is not None:
        page = listing.page(RANKED if listing.sort == "rank" else BATCH, more, include=listing.include)
        yield rows_of(listing, page, form)
        more = None if listing.sort == "rank" else page.after


def _parameters(resource: Resource, wanted: Export) -> ListParameters:
    model = parameters_of(resource)
    repeated = {p.name for filter in resource.filters for p in filter.parameters() if p.repeated} | {
        "include"
    }
    given: dict[str, Any] = {"as_of": wanted.as_of} if wanted.as_of else {}
    for condition in wanted.where:
        name, equals, value = condition.partition("=")
        if not equals:
            raise ExportError("a filter is NAME=VALUE, such as measure=killed")
        if name in PAGES or (name == "include" and value not in includable(resource, wanted.format)):
            raise ExportError(f"{name}: {PAGES.get(name, f'{value} has no place in {wanted.format}')}")
        if name in repeated:
            given.setdefault(name, []).append(value)
        elif name in given:
            raise ExportError(f"{name}: given more than once; it takes one value")
        else:
            given[name] = value
    try:
        return model.model_validate(given)
    except Problem as problem:
        raise told(problem) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "filter"
        unknown = first["type"] == "extra_forbidden"
        guess = nearest(name, model.model_fields.keys() - PAGES.keys()) if unknown else None
        message = "unknown filter" if unknown else first["msg"]
        raise ExportError(f"{name}: {message}{f'; did you mean {guess}?' if guess else ''}") from None
