"""A saved query: the filters of a list, checked once, and then asked of what each revision changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import ValidationError

from api.listing.engine import Listing
from api.listing.known import named, refuse_unknown
from api.listing.parameters import ListParameters, parameters_of
from api.listing.reading import Reading
from api.listing.resource import Resource
from api.problems import Mistake, Problem, mistake_of, nearest, unprocessable
from api.resources import RESOURCES
from models.event import EventNoun
from models.vocabulary import words

# The list of each noun that has events, and every list of such nouns: organisations are entities, too.
LIST_OF: Mapping[str, Resource] = {
    resource.noun: resource for resource in RESOURCES.values() if resource.noun in words(EventNoun)
}
FOLLOWED: Mapping[str, Resource] = {
    name: resource for name, resource in RESOURCES.items() if resource.model.__tablename__ in LIST_OF
}
# What is no filter, and still says how an item is shown.
_SHOWN = ("q", "offsets", "include")
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class SavedQuery:
    """A list with its filters; every item of it unless there are some."""

    resource: Resource
    parameters: ListParameters

    @property
    def noun(self) -> str:
        """The noun of its events."""
        return str(self.resource.model.__tablename__)

    @property
    def narrow(self) -> bool:
        """Whether it leaves out anything of its noun."""
        shown = {"offsets", "include"}
        return self.resource is not LIST_OF[self.noun] or bool(
            self.parameters.model_dump(exclude_defaults=True, exclude=shown)
        )

    def reading(self, reading: Reading) -> Reading:
        """The reading with the words that it searches."""
        return replace(reading, sought=getattr(self.parameters, "q", None))

    def items(self, reading: Reading, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Those of these items that it finds, as they are shown, by id; in three statements at most."""
        own = getattr(self.parameters, "id", None)
        asked = [id for id in ids if own is None or id in own]
        if not asked:
            return {}
        given = self.parameters.model_copy(update={**self._survivors(reading), "id": asked})
        listing = Listing(self.resource, given, self.reading(reading))
        include = getattr(given, "include", None) or ()
        page = listing.page(len(asked), include=include)
        return {item["id"]: item for item in listing.items(page, include)}

    def whole(self) -> "SavedQuery":
        """The same list without its filters, shown alike."""
        shown = self.parameters.model_dump(include={"offsets", "include"}, exclude_defaults=True)
        resource = LIST_OF[self.noun]
        return SavedQuery(resource, parameters_of(resource).model_validate(shown))

    def _survivors(self, reading: Reading) -> dict[str, list[str]]:
        """Who follows an entity follows the one that it is merged into: in the list, only that is found."""
        if not reading.merged:
            return {}
        values: dict[str, list[str]] = {}
        for parameter, value, resource, _ in named(
            Listing(self.resource, self.parameters, reading), RESOURCES
        ):
            if resource.moved is not None:
                found = reading.session.execute(resource.moved(reading, value)).scalars()
                values.setdefault(parameter, list(getattr(self.parameters, parameter))).extend(found)
        return values


def pairs_of(filters: Mapping[str, Any]) -> Pairs:
    """Filters of a JSON object as the pairs of a query; raises a Problem for what is no value of a filter."""
    pairs: Pairs = []
    for name, given in filters.items():
        for value in given if isinstance(given, list) else [given]:
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                message = "a text or a number, or a list of them"
                raise unprocessable(Mistake(pointer=_pointer(name), message=message))
            pairs.append((name, str(value)))
    return pairs


def filters_of(pairs: Pairs) -> dict[str, Any]:
    """The pairs of a query as a JSON object."""
    filters: dict[str, Any] = {}
    for name, value in pairs:
        if name not in filters:
            filters[name] = value
        else:
            filters[name] = [*_listed(filters[name]), value]
    return filters


def parts_of(query: str) -> tuple[str, Pairs]:
    """The list and the pairs of a list's URL, such as `/v1/claims?measure=killed`; raises a Problem."""
    try:
        url = urlsplit(query)
        pairs = parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
    except ValueError:
        raise _no_list() from None
    name = url.path.removeprefix("/v1/")
    if url.scheme or url.netloc or url.fragment or name == url.path:
        raise _no_list()
    return name, pairs


def saved(name: str, pairs: Pairs) -> SavedQuery:
    """The saved query of a list with these filters; raises a Problem of all that is wrong with them."""
    if name not in FOLLOWED:
        message = "no list whose items have events"
        mistake = Mistake(
            pointer="/resource", message=message, nearest=nearest(name, FOLLOWED), allowed=list(FOLLOWED)
        )
        raise unprocessable(mistake)
    resource = FOLLOWED[name]
    model = parameters_of(resource)
    repeated = {p.name for filter in resource.filters for p in filter.parameters() if p.repeated} | {
        "include"
    }
    known = [p.name for filter in resource.filters for p in filter.parameters()]
    known += [shown for shown in _SHOWN if shown in model.model_fields]
    given: dict[str, Any] = {}
    mistakes = []
    for parameter, value in pairs:
        if not _writable(value):
            message = "has a NUL, or half of a character"
            mistakes.append(Mistake(pointer=_pointer(parameter), message=message))
        elif parameter not in known:
            mistakes.append(_foreign(parameter, known, model))
        elif parameter in repeated:
            given.setdefault(parameter, []).append(value)
        elif parameter in given:
            message = "given more than once; it takes one value"
            mistakes.append(Mistake(pointer=_pointer(parameter), message=message))
        else:
            given[parameter] = value
    if mistakes:
        raise unprocessable(*mistakes)
    try:
        return SavedQuery(resource, model.model_validate(given))
    except Problem as problem:
        raise unprocessable(*map(_in_body, problem.errors)) from None
    except ValidationError as error:
        entries: Iterable[Mapping[str, Any]] = [{**e, "loc": ("query", *e["loc"])} for e in error.errors()]
        raise unprocessable(*(_in_body(mistake_of(entry, known)) for entry in entries)) from None


def _writable(value: str) -> bool:
    """Whether both databases take it."""
    return "\x00" not in value and not any(0xD800 <= ord(character) <= 0xDFFF for character in value)


def refuse_unknown_values(query: SavedQuery, reading: Reading) -> None:
    """Refuse values that name nothing on record, as the list itself does."""
    listing = Listing(query.resource, query.parameters, query.reading(reading))
    try:
        refuse_unknown(listing, RESOURCES, empty=listing.empty())
    except Problem as problem:
        raise unprocessable(*map(_in_body, problem.errors)) from None


def _foreign(parameter: str, known: list[str], model: type[ListParameters]) -> Mistake:
    if parameter in model.model_fields:
        return Mistake(pointer=_pointer(parameter), message="has no place in a saved query; leave it out")
    message = "unknown filter"
    return Mistake(pointer=_pointer(parameter), message=message, nearest=nearest(parameter, known))


def _in_body(mistake: Mistake) -> Mistake:
    return mistake.model_copy(update={"parameter": None, "pointer": _pointer(mistake.parameter or "")})


def _pointer(name: str) -> str:
    """Where a filter stands in the body; names that are no plain word are not repeated."""
    plain = name.isascii() and name.replace("_", "a").isalnum() and len(name) <= 60
    return f"/filters/{name}" if plain else "/filters"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _no_list() -> Problem:
    message = "the path and query of a list, such as /v1/claims?measure=killed"
    return unprocessable(Mistake(pointer="/query", message=message))
