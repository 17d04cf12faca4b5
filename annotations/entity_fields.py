"""The fields of an entity as the desk writes them: those of the annotation file, with ids of the record."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from annotations import file_format
from annotations.annotated import Entity
from annotations.draft import empty, note
from annotations.mistakes import Mistakes, Report
from annotations.scalars import Coordinates
from annotations.tree import from_json

LONGEST_ID = 201


def _point(value: object) -> object:
    """Coordinates as they are shown, in the words of the file."""
    if isinstance(value, Mapping) and value.keys() == {"latitude", "longitude"}:
        return f"{value['latitude']}, {value['longitude']}"
    return value


def _reference(name: str) -> Any:
    field = file_format.Entity.model_fields[name]
    about = str(field.description).replace("Key", "Id")
    return Field(None, description=about, examples=["lebanon"], min_length=1, max_length=LONGEST_ID)


class Fields(file_format.Entity):
    """An entity, named or not."""

    part_of: str | None = _reference("part_of")
    acts_for: str | None = _reference("acts_for")
    coordinates: Annotated[Coordinates | None, BeforeValidator(_point)] = Field(
        None,
        description=file_format.Entity.model_fields["coordinates"].description,
        examples=["33.89, 35.50"],
    )


def fields_of(entity: Entity) -> dict[str, Any]:
    """What is on record of an entity, as the fields that a patch changes."""
    words = {name: getattr(entity, name) for name in Fields.model_fields if name != "coordinates"}
    point = None
    if entity.latitude is not None:
        point = {"latitude": str(entity.latitude), "longitude": str(entity.longitude)}
    given = words | {"aliases": list(entity.aliases), "coordinates": point}
    return {name: value for name, value in given.items() if value}


def entity_from(key: str, given: Mapping[str, Any]) -> Entity:
    """The entity of this id that the fields make. Raises Mistakes; pointers begin at the fields."""
    report = Report("")
    values = from_json(given, "").value
    empty(values, report, Fields)
    try:
        fields = Fields.model_validate(values)
    except ValidationError as error:
        note(error, report, Fields)
        raise Mistakes(report.mistakes) from None
    for name in ("coordinates", "country"):
        if getattr(fields, name) is not None and fields.kind != "place":
            report.add((name,), f"only a place has it, and this is of kind {fields.kind}")
    if report.mistakes:
        raise Mistakes(report.mistakes)
    latitude, longitude = fields.coordinates or (None, None)
    words = fields.model_dump(exclude={"coordinates", "aliases"})
    aliases = tuple(dict.fromkeys(alias for alias in fields.aliases if alias != fields.name))
    return Entity(key=key, aliases=aliases, latitude=latitude, longitude=longitude, **words)
