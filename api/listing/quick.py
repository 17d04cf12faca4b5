"""Answers in the event loop: what SQLite finds in less than a moment needs no thread, and no framework.

Items and pages of what is prepared are answered by the same templates, parameters and tags as everywhere.
Whatever is out of the ordinary (a mistake, an empty page, another format, a statement that takes longer) is
left to the routes, which answer it as if nobody had tried.
"""

import sqlite3
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any
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
        self._connection, self.execute = connection, connection.execute
        connection.set_progress_handler(self._step, ASKED)
        self._left = STEPS // ASKED

    def __call__(self, sql: str, values: Any) -> Rows:
        self._left = STEPS // ASKED
        return self.execute(sql, values).fetchall()

    @property
    def reading(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

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
        self._version: int | None = None
        self._newest: Reading | None = None
        self._stamp: tuple[int, str, str] = (0, "", "")
        # Of tests alone several loops ask the same service: one of them at a time is answered here.
        self._lock = Lock()

    def begin(self) -> Hashable | None:
        """Begin to read the record as it is: what tells that state from all others, and `end` must follow.

        None if nothing can be read without waiting.
        """
        if not self._known or not self._lock.acquire(blocking=False):
            return None
        try:
            if self._run is None:
                self._run = InLoop(self._database)
            for _ in range(3):
                self._run.execute("BEGIN")
                # It takes the snapshot, too.
                (version,) = self._run("PRAGMA data_version", ())[0]
                if version == self._version:
                    return self._stamp
                self._run.execute("ROLLBACK")
                self._look(self._run)
                # Asked before it was looked: what came in between is seen the next time.
                self._version = version
        except (sqlite3.Error, SQLAlchemyError):
            pass
        self.end()
        return None

    def end(self) -> None:
        """What was begun is over."""
        try:
            if self._run is not None and self._run.reading:
                self._run.execute("ROLLBACK")
        finally:
            self._lock.release()

    def answer(self, path: str, query: bytes) -> Quickly | None:
        """The answer to a GET of a list or an item by anybody, of the state that was begun; None if it is for
        the routes.
        """
        _, _, name, *rest = path.split("/")
        known, run, newest = self._known.get(name), self._run, self._newest
        if known is None or run is None or newest is None or len(rest) > 1 or not run.reading:
            return None
        try:
            parameters = known.parameters(query, item=bool(rest))
            if parameters is None:
                return None
            if isinstance(parameters, ListParameters):
                return _page(known, parameters, newest, run)
            return _item(known.resource, parameters, newest, run, rest[0])
        except (sqlite3.Error, SQLAlchemyError, Problem, ValidationError):
            return None

    def _look(self, run: InLoop) -> None:
        with Session(run.engine) as session:
            self._newest = newest = read(session, None)
            time = session.execute(select(col(Counter.time))).scalar_one()
        self._stamp = (newest.newest, time, newest.began)


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
        as_of = values.get("as_of", "0")
        # Digits of other scripts are none here.
        if not (as_of.isascii() and as_of.isdecimal()):
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
