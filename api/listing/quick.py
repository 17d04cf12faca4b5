"""Answers in the event loop: what SQLite finds in less than a moment needs no thread, and no framework.

Items and pages of what is prepared are answered by the same templates, parameters and tags as everywhere.
Whatever is out of the ordinary (a mistake, an empty page, another format, a statement that takes longer) is
left to the routes, which answer it as if nobody had tried.
"""

import sqlite3
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from api.listing import cursor
from api.listing.engine import Listing
from api.listing.filters import Exact
from api.listing.negotiation import headers_of
from api.listing.parameters import PAGE, ItemParameters, ListParameters, item_parameters_of, parameters_of
from api.listing.reading import Reading, read
from api.listing.ready import Rows, names_of, ready_item
from api.listing.resource import Resource
from api.listing.shown import following_of, shown_page, tag_of_item, tag_of_list
from api.problems import Problem
from models.revision import Counter
from models.session import Database

# Steps of SQLite's machine that a statement may take in the loop, about a millisecond or two; it is asked
# every so many whether it has.
STEPS, ASKED = 60_000, 5_000
# What takes other statements, or another form, than a page of items in JSON, unless it is asked for that.
USUAL = {"format": "json", "facet": None, "include": None, "offsets": "codepoint", "count": "off"}
Result = TypeVar("Result")


@dataclass(frozen=True)
class Quickly:
    """An answer of status 200."""

    headers: dict[str, str]
    body: bytes


class InLoop:
    """Runs statements on one connection, each for as long as it may."""

    def __init__(self, database: Database) -> None:
        self.dialect = database.engine.dialect
        self.names = names_of(database.engine)
        self.engine = database.alone()
        connection = self.engine.raw_connection().driver_connection
        assert isinstance(connection, sqlite3.Connection)
        self.execute = connection.execute
        connection.set_progress_handler(self._step, ASKED)
        self._left = STEPS // ASKED

    def __call__(self, sql: str, values: Any) -> Rows:
        self._left = STEPS // ASKED
        return self.execute(sql, values).fetchall()

    def _step(self) -> int:
        self._left -= 1
        return self._left < 0


class Quick:
    """What is answered in the loop, of one SQLite file."""

    def __init__(self, database: Database, resources: Iterable[Resource]) -> None:
        self._database = database
        # None on PostgreSQL: its answers take a way through the network.
        prepared = [resource for resource in resources if resource.prepared and database.sqlite]
        self._known = {resource.name: _Known(resource) for resource in prepared}
        self._run: InLoop | None = None
        self._version = 0
        self._newest: Reading | None = None
        self._stamp: tuple[int, str, str] = (0, "", "")
        # Of tests alone several loops ask the same service: one of them is answered here.
        self._lock = Lock()

    def state(self) -> Hashable | None:
        """What tells the record as it is this moment from all others; None if that takes longer."""
        return self._alone(self._state)

    def answer(self, path: str, query: bytes) -> Quickly | None:
        """The answer to a GET of a list or an item by anybody; None if it is for the routes."""
        _, _, name, *rest = path.split("/")
        known = self._known.get(name)
        if known is None or len(rest) > 1:
            return None
        return self._alone(lambda run: self._answer(run, known, rest, query))

    def _alone(self, work: Callable[[InLoop], Result]) -> Result | None:
        if not self._lock.acquire(blocking=False):
            return None
        try:
            if self._run is None:
                self._run = InLoop(self._database)
            return work(self._run)
        except (sqlite3.Error, SQLAlchemyError, Problem, ValidationError):
            return None
        finally:
            self._lock.release()

    def _state(self, run: InLoop) -> Hashable:
        (version,) = run("PRAGMA data_version", ())[0]
        if self._newest is None or version != self._version:
            self._look(run)
            # Asked before it was looked: what came in between is seen the next time.
            self._version = version
        return self._stamp

    def _look(self, run: InLoop) -> Reading:
        with Session(run.engine) as session:
            self._newest = newest = read(session, None)
            time = session.execute(select(col(Counter.time))).scalar_one()
        self._stamp = (newest.newest, time, newest.began)
        return newest

    def _answer(self, run: InLoop, known: "_Known", rest: list[str], query: bytes) -> Quickly | None:
        parameters = known.parameters(query, item=bool(rest))
        if parameters is None:
            return None
        run.execute("BEGIN")
        try:
            newest = self._newest
            # It takes the snapshot, too.
            number, time = run("SELECT number, time FROM counter", ())[0]
            if newest is None or (number, time) != self._stamp[:2]:
                run.execute("ROLLBACK")
                newest = self._look(run)
                run.execute("BEGIN")
                if run("SELECT number FROM counter", ())[0][0] != newest.newest:
                    return None
            if isinstance(parameters, ListParameters):
                return _page(known, parameters, newest, run)
            return _item(known.resource, parameters, newest, run, rest[0])
        finally:
            run.execute("ROLLBACK")


class _Known:
    """A resource, and what of its parameters is looked at before anything else is."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self._models: dict[bool, type[ItemParameters]] = {
            False: parameters_of(resource),
            True: item_parameters_of(resource),
        }
        self._repeated = {p.name for filter in resource.filters for p in filter.parameters() if p.repeated}
        self._vocabularies = {
            parameter.name: filter.vocabulary
            for filter in resource.filters
            if isinstance(filter, Exact) and filter.vocabulary
            for parameter in filter.parameters()
        }

    def in_vocabulary(self, query: Mapping[str, Any]) -> bool:
        """Whether all words that must be of a vocabulary are known to be."""
        return all(
            self._vocabularies[name] >= set(query[name]) for name in self._vocabularies if name in query
        )

    def parameters(self, query: bytes, *, item: bool) -> ItemParameters | None:
        """What is asked for; None if it is out of the ordinary, a ValidationError if it is a mistake."""
        values: dict[str, Any] = {}
        for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
            if name in self._repeated:
                values.setdefault(name, []).append(value)
            elif name in values or USUAL.get(name, value) != value:
                return None
            else:
                values[name] = value
        if not values.get("as_of", "0").isdecimal():
            return None
        return self._models[item].model_validate(values)


def _at(newest: Reading, parameters: ItemParameters) -> Reading | None:
    if parameters.as_of is None:
        return newest
    number = int(parameters.as_of)
    return newest.at(number) if number <= newest.newest else None


def _item(
    resource: Resource, parameters: ItemParameters, newest: Reading, run: InLoop, id: str
) -> Quickly | None:
    reading = _at(newest, parameters)
    found = ready_item(resource, reading, run, id) if reading is not None else None
    if reading is None or found is None:
        return None
    return Quickly(headers_of(tag_of_item(*found), reading.number), found[1])


def _page(known: _Known, parameters: ListParameters, newest: Reading, run: InLoop) -> Quickly | None:
    after: list[Any] = []
    reading = _at(newest, parameters)
    if reading is None:
        return None
    sought = getattr(parameters, "q", None)
    reading = replace(reading, sought=sought) if sought else reading
    listing = Listing(known.resource, parameters, reading, run)
    if parameters.cursor:
        if parameters.as_of is not None:
            return None
        number, after = cursor.decode(parameters.cursor, listing.digest)
        if number > newest.newest:
            return None
        listing = Listing(known.resource, parameters, reading.at(number), run)
    if not known.in_vocabulary(listing.query):
        return None
    page = listing.ready_page(parameters.limit or PAGE, after)
    if page is None or not (page.rows or after):
        return None
    following = following_of(listing, page)
    headers = headers_of(tag_of_list(listing, "json"), listing.reading.number)
    if following:
        headers["Link"] = f'<{following}>; rel="next"'
    return Quickly(headers, shown_page(listing, page, following))
