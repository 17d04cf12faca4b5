"""Values that name an item: one that names none is a mistake, not a list that happens to be empty."""

from collections.abc import Mapping
from itertools import islice

from sqlalchemy import literal, union_all

from api.listing.engine import Listing
from api.listing.filters import NONE, Exact
from api.listing.reading import Reading
from api.listing.resource import Resource
from api.listing.sql import select
from api.problems import Mistake, nearest, unprocessable

# Ids that a mistaken one is compared with, and mistakes that are told of at once.
NEIGHBOURS, MOST_MISTAKES = 500, 10
# What takes ids of the same noun as the filter itself; other operators take words.
_OF_IDS = ("", "not", "within")
# A parameter, one of its values, the resource that has an item of this id, and what needs no asking.
Named = tuple[str, str, Resource, frozenset[str]]


def refuse_unknown(listing: Listing, others: Mapping[str, Resource], *, empty: bool) -> None:
    """Refuse values that name nothing which can be read: of a page that is empty, or outside a vocabulary.

    It takes a statement only if one of the two is so, and further ones to say what was probably meant.
    """
    asking = [found for found in named(listing, others) if found[1] not in found[3]]
    asked = [found for found in asking if empty or found[3]]
    if not asked:
        return
    known = _known(listing.reading, asked)
    unknown = (found for found in asked if (found[2].name, found[1]) not in known)
    if mistakes := [_mistake(listing.reading, found) for found in islice(unknown, MOST_MISTAKES)]:
        raise unprocessable(*mistakes)


def names_items(listing: Listing, others: Mapping[str, Resource]) -> bool:
    """Whether a list asks for anything by an id."""
    return bool(named(listing, others))


def named(listing: Listing, others: Mapping[str, Resource]) -> list[Named]:
    """What a list asks for by an id."""
    found: dict[Named, None] = {}
    for filter in listing.resource.filters:
        if not isinstance(filter, Exact) or filter.names is None:
            continue
        for parameter in filter.parameters():
            operator = parameter.name.removeprefix(filter.name).removeprefix("__")
            for value in listing.query.get(parameter.name, ()) if operator in _OF_IDS else ():
                if not (filter.none and value == NONE and operator != "within"):
                    found[parameter.name, value, others[filter.names], filter.vocabulary] = None
    return list(found)


def _known(reading: Reading, named: list[Named]) -> set[tuple[str, str]]:
    values: dict[Resource, set[str]] = {}
    for _, value, resource, _ in named:
        values.setdefault(resource, set()).add(value)
    selects = [
        resource.select(reading)
        .with_only_columns(literal(resource.name).label("name"), resource.model.id.label("id"))
        .where(resource.model.id.in_(sorted(ids)))
        for resource, ids in values.items()
    ]
    found = select(union_all(*selects).subquery())
    return {(name, id_) for name, id_ in reading.session.execute(found)}


def _mistake(reading: Reading, named: Named) -> Mistake:
    parameter, value, resource, vocabulary = named
    then = "" if reading.number == reading.newest else f" at revision {reading.number}"
    meant = _moved(reading, resource, value) or nearest(value, vocabulary)
    meant = meant or _called(reading, resource, value) or _near(reading, resource, value)
    message = f"no {resource.noun} with this id{then}; /v1/{resource.name} lists what there is"
    return Mistake(parameter=parameter, message=message, nearest=meant)


def _moved(reading: Reading, resource: Resource, id: str) -> str | None:
    return reading.session.execute(resource.moved(reading, id)).scalar() if resource.moved else None


def _called(reading: Reading, resource: Resource, words: str) -> str | None:
    """What people call so: the likeliest of those that can be read."""
    if resource.called is None:
        return None
    meant = reading.session.execute(resource.called(reading, words[:100])).scalars().all()
    listed = resource.select(reading).with_only_columns(resource.model.id)
    readable = set(reading.session.execute(listed.where(resource.model.id.in_(meant))).scalars())
    return next((id for id in meant if id in readable), None)


def _near(reading: Reading, resource: Resource, value: str) -> str | None:
    """The nearest among the ids that follow one which begins alike."""
    own = resource.model.id
    ids = resource.select(reading).with_only_columns(own).order_by(own).limit(NEIGHBOURS)
    for beginning in (value[: len(value) // 2], value[:1]):
        if guess := nearest(value, reading.session.execute(ids.where(own >= beginning)).scalars().all()):
            return guess
    return None
