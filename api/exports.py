"""Exports by the command: a whole list, the annotated documents as files, the counts."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from annotations.read import ANNOTATION, ARTICLE
from annotations.unload import annotated, documents
from annotations.write import write
from api.listing.engine import Listing, batches
from api.listing.formats import csv_rows, ndjson
from api.listing.parameters import ListParameters, parameters_of
from api.listing.reading import Reading, read
from api.listing.resource import Resource
from api.listing.words import parse
from api.problems import Problem, nearest
from api.record import counts
from api.resources import RESOURCES
from models.measures import vocabulary
from models.session import Database

BATCH = 500


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
    parameters = _parameters(resource, as_of, where)
    words = getattr(parameters, "q", None)
    try:
        with database.read() as session:
            reading = read(session, as_of, parse(words) if words else ())
            items = _items(Listing(resource, parameters, reading))
            yield from csv_rows(resource.view, items) if format == "csv" else ndjson(items)
    except Problem as problem:
        raise ExportError(
            "; ".join(mistake.message for mistake in problem.errors) or problem.detail
        ) from None


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


def _items(listing: Listing) -> Iterator[dict[str, Any]]:
    for page in batches(listing, BATCH):
        for row in page.rows:
            yield listing.resource.render(row, page.parts[row["row_key"]])


def _parameters(resource: Resource, as_of: str | None, where: Iterable[str]) -> ListParameters:
    repeated = {p.name for filter in resource.filters for p in filter.parameters() if p.repeated}
    given: dict[str, Any] = {"as_of": as_of} if as_of else {}
    for condition in where:
        name, equals, value = condition.partition("=")
        if not equals:
            raise ExportError("a filter is NAME=VALUE, such as measure=killed")
        if name in repeated:
            given.setdefault(name, []).append(value)
        else:
            given[name] = value
    try:
        return parameters_of(resource).model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "filter"
        guess = (
            nearest(name, parameters_of(resource).model_fields)
            if first["type"] == "extra_forbidden"
            else None
        )
        message = "unknown filter" if first["type"] == "extra_forbidden" else first["msg"]
        raise ExportError(f"{name}: {message}{f'; did you mean {guess}?' if guess else ''}") from None
