"""Entities and indicators of an annotation: what they refer to, and what only a place has."""

from collections.abc import Iterable

from annotations import links
from annotations.annotated import Entity, Indicator
from annotations.claims import check_measure, check_place
from annotations.mistakes import Path
from annotations.reading import Reading

# In a filter of the API it stands for "without one".
RESERVED = "none"


def read(reading: Reading) -> None:
    """Put the entities of the draft into the reading, by key; mistakes go to the report."""
    given = reading.draft.file.entities
    _check_keys(reading, "entities", given)
    for key, entity in given.items():
        latitude, longitude = entity.coordinates or (None, None)
        reading.entities[key] = Entity(
            key=key,
            kind=entity.kind,
            naming=entity.naming,
            name=entity.name,
            aliases=tuple(entity.aliases),
            description=entity.description,
            wikidata=entity.wikidata,
            part_of=entity.part_of,
            acts_for=entity.acts_for,
            latitude=latitude,
            longitude=longitude,
            country=entity.country,
        )
    for key, entity in given.items():
        for name in ("coordinates", "country"):
            if getattr(entity, name) is not None and entity.kind != "place":
                message = f"only a place has '{name}', and '{key}' is of kind {entity.kind}"
                reading.report.add(("entities", key, name), message)
    for name, verb in (("part_of", "is part of"), ("acts_for", "acts for")):
        parents: dict[str, links.Link] = {}
        for key, entity in given.items():
            target, path = getattr(entity, name), ("entities", key, name)
            if target is not None and reading.entity(path, target):
                parents[key] = (target, path)
                if entity.naming == "named" and given[target].naming != "named":
                    message = "a named entity belongs to the whole record, this one to the document alone"
                    reading.report.add(path, message, target)
        links.acyclic(reading.report, parents, verb)


def indicators(reading: Reading) -> tuple[Indicator, ...]:
    """The indicators of the draft, in its order."""
    found = []
    _check_keys(reading, "indicators", reading.draft.file.indicators)
    for key, indicator in reading.draft.file.indicators.items():
        path: Path = ("indicators", key)
        check_measure(reading, (*path, "measure"), indicator.measure)
        if indicator.place is not None:
            check_place(reading, (*path, "place"), indicator.place)
            place = reading.entities.get(indicator.place)
            if place is not None and place.naming != "named":
                message = "an indicator belongs to the whole record, this place to the document alone"
                reading.report.add((*path, "place"), message, indicator.place)
        found.append(Indicator(key, **indicator.model_dump()))
    return tuple(found)


def _check_keys(reading: Reading, section: str, keys: Iterable[str]) -> None:
    if RESERVED in keys:
        message = f"the key '{RESERVED}' asks lists for what has none: use another"
        reading.report.add((section, RESERVED), message, RESERVED)
