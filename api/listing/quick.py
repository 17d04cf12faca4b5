"""Answers without the framework: pages and items of what is prepared, as the routes would give them.

By the same templates, parameters and tags as everywhere. Whatever is out of the ordinary (a mistake, an empty
page, another format, a statement that takes longer) is left to the routes, which answer it as if nobody had
tried.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from api.listing import cursor
from api.listing.engine import Listing
from api.listing.filters import Exact
from api.listing.parameters import PAGE, ItemParameters, ListParameters, item_parameters_of, parameters_of
from api.listing.reading import Reading
from api.listing.ready import Run, ready_item
from api.listing.resource import Resource
from api.listing.shown import following_of, shown_page, tag_of_item, tag_of_list

# What takes other statements, or another form, than a page of items in JSON, unless it is asked for that.
USUAL = {
    "format": "json",
    "facet": None,
    "include": None,
    "offsets": "codepoint",
    "count": "off",
    "bom": "off",
}


class Quickly(NamedTuple):
    """An answer of status 200: its tag, the revision that is shown, its body, and the next page's URL."""

    tag: str
    revision: int
    body: bytes
    following: str | None = None


class Known:
    """A resource, and what of its parameters is looked at before anything else is."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self._models: dict[bool, type[ItemParameters]] = {
            False: parameters_of(resource),
            True: item_parameters_of(resource),
        }
        # As most items are asked for.
        self._bare_item = self._models[True]()
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
        if item and not query:
            return self._bare_item
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

    def answer(self, rest: Sequence[str], query: bytes, newest: Reading, run: Run) -> Quickly | None:
        """The answer to a GET of the list or, if there is more of the path, of an item; None if it is for the
        routes. `newest` is the reading of the record as the snapshot has it in which `run` runs.
        """
        parameters = self.parameters(query, item=bool(rest))
        if parameters is None:
            return None
        if isinstance(parameters, ListParameters):
            return _page(self, parameters, newest, run)
        return _item(self.resource, parameters, newest, run, rest[0])


def known_of(resources: Iterable[Resource]) -> dict[str, Known]:
    """Those resources by name whose items are prepared."""
    return {resource.name: Known(resource) for resource in resources if resource.prepared}


def _at(newest: Reading, parameters: ItemParameters) -> Reading | None:
    if parameters.as_of is None:
        return newest
    number = int(parameters.as_of)
    return newest.at(number) if number <= newest.newest else None


def _item(
    resource: Resource, parameters: ItemParameters, newest: Reading, run: Run, id: str
) -> Quickly | None:
    reading = _at(newest, parameters)
    found = ready_item(resource, reading, run, id) if reading is not None else None
    if reading is None or found is None:
        return None
    return Quickly(tag_of_item(*found), reading.number, found[1])


def _page(known: Known, parameters: ListParameters, newest: Reading, run: Run) -> Quickly | None:
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
    tag = tag_of_list(listing, "json")
    return Quickly(tag, listing.reading.number, shown_page(listing, page, following), following)
