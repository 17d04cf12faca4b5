"""Entities: actors, organisations and places; one resource for all of them and one for each kind."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlalchemy import RowMapping, Select
from sqlmodel import col

from api.counting import claim_count, mention_count, moved, quote_count, told
from api.following.entries import entity_entry
from api.listing.filters import Contains, Counts, Exact, Filter, Narrow, Searched
from api.listing.reading import Reading
from api.listing.resource import Part, Parts, Resource, Sort
from api.listing.sql import Keys, aliased, part, select
from api.listing.table import JSON_ONLY
from api.naming import Prefix, alias_of, called, named, parts_of
from api.nested import (
    RECORDED,
    RECORDED_COLUMNS,
    entity_columns,
    entity_reference,
    exact_number,
    listed,
    published,
    recorded_view,
)
from api.nodes import entity_node
from api.survivors import OfEntity, leading, survivor
from api.views import SEED, EntityReference, Number, RecordedView
from models.document import Document, Listed
from models.entity import Alias, Entity, EntityBase
from models.revision import Revision
from models.vocabulary import EntityKind, Naming


class Coordinates(BaseModel):
    """A point on the earth, WGS 84."""

    latitude: Number = Field(description="Degrees north", examples=[33.89])
    longitude: Number = Field(description="Degrees east", examples=[35.5])


class EntityCounts(BaseModel):
    """How often an entity occurs on record."""

    mentions: int = Field(description="Its mentions", examples=[12])
    quotes: int = Field(description="Quotes that it speaks", examples=[4])
    claims: int = Field(description="Claims that rest on a quote that it speaks", examples=[3])


class EntityLinks(BaseModel):
    """Where the rest stands."""

    mentions: str = Field(description="Its mentions", examples=["/v1/mentions?entity=hezbollah"])
    quotes_by: str = Field(description="Quotes that it speaks", examples=["/v1/quotes?speaker=hezbollah"])
    quotes_about: str = Field(
        description="Quotes whose content mentions it", examples=["/v1/quotes?about=hezbollah"]
    )
    claims_by: str = Field(description="Claims on its word", examples=["/v1/claims?source=hezbollah"])
    claims_about: str = Field(description="Claims about it", examples=["/v1/claims?about=hezbollah"])


class EntityView(EntityBase):
    """An entity with what it is part of, how often it occurs, and where."""

    document: str | None = Field(
        description="The one document of an entity that is not named", examples=[None]
    )
    aliases: list[str] = Field(description="Other names", examples=[["U.N."]])
    part_of: EntityReference | None = Field(description="Entity that it is part of")
    acts_for: EntityReference | None = Field(description="Entity that it acts for")
    coordinates: Coordinates | None = Field(description="Where a place is")
    counts: EntityCounts = Field(description="How often it occurs")
    links: Annotated[EntityLinks, JSON_ONLY] = Field(
        description="Lists of what it says and what is said of it"
    )
    recorded: RecordedView = Field(description="Since when this state is on record")


WHOLE, PRINCIPAL = aliased(Entity, "part_of_entity"), aliased(Entity, "acts_for_entity")


def _select(kind: str | None, reading: Reading) -> Select[Any]:
    more = ("document_id", "latitude", "longitude")
    own = [col(getattr(Entity, name)) for name in ("row_key", *EntityBase.model_fields, *more)]
    related = [
        column.label(f"{name}_{key}")
        for name, entity in (("part_of", WHOLE), ("acts_for", PRINCIPAL))
        for key, column in entity_columns(entity).items()
    ]
    counts = {"mentions": mention_count, "quotes": quote_count, "claims": claim_count}
    counted = [count(reading).label(name) for name, count in counts.items()]
    statement = (
        select(*own, *related, *counted, *RECORDED_COLUMNS)
        .select_from(Entity)
        .join(Revision, col(Revision.key) == Entity.recorded)
        .outerjoin(WHOLE, (WHOLE.id == survivor(reading, Entity.part_of)) & reading.valid(WHOLE))
        .outerjoin(PRINCIPAL, (PRINCIPAL.id == survivor(reading, Entity.acts_for)) & reading.valid(PRINCIPAL))
        .where(reading.valid(Entity), told(reading, Entity))
    )
    return statement.where(col(Entity.kind) == kind) if kind else statement


def _bare(kind: str | None, reading: Reading) -> Select[Any]:
    rows = select(col(Entity.row_key)).where(reading.valid(Entity), told(reading, Entity))
    return rows.where(col(Entity.kind) == kind) if kind else rows


def _aliases(reading: Reading, keys: Keys) -> Select[Any]:
    place = col(Alias.position)
    return part(col(Alias.entity_key), place, alias=Alias.alias).where(col(Alias.entity_key).in_(keys))


def _render(row: RowMapping, parts: Parts) -> dict[str, Any]:
    located = row["latitude"] is not None
    coordinates = {name: exact_number(row[name]) for name in ("latitude", "longitude")}
    lists = {
        "mentions": "mentions?entity", "quotes_by": "quotes?speaker", "quotes_about": "quotes?about",
        "claims_by": "claims?source", "claims_about": "claims?about",
    }  # fmt: skip
    return {name: row[name] for name in EntityBase.model_fields} | {
        "document": row["document_id"],
        "aliases": [alias["alias"] for alias in parts.get("aliases", [])],
        "part_of": entity_reference(row, "part_of_"),
        "acts_for": entity_reference(row, "acts_for_"),
        "coordinates": coordinates if located else None,
        "counts": {name: row[name] for name in EntityCounts.model_fields},
        "links": {name: f"/v1/{path}={row['id']}" for name, path in lists.items()},
        "recorded": recorded_view(row),
    }


def entity_labels(reading: Reading) -> Select[Any]:
    """The names of entities, for the facets of relations."""
    return select(col(Entity.id).label("value"), col(Entity.name).label("label")).where(reading.valid(Entity))


def entity_operators(name: str, example: str, *, within: str | None = None) -> dict[str, Any]:
    """The operators of a filter whose values are entities."""
    contains = (named, f"`{name}` by part of its name or of an alias, folded.", example)
    inside = (parts_of, f"`{name}` or anything that is part of it.", within)
    return {"contains": contains} | ({"within": inside} if within else {})


def _document(reading: Reading, narrow: Narrow) -> Select[Any]:
    """Documents that can be read, by the entities that they list."""
    owner, value = col(Listed.id), col(Listed.document_id)
    columns: tuple[Any, ...] = (survivor(reading, owner).label("owner"), value.label("value"))
    lists = listed(reading, "entity").with_only_columns(*columns).where(published(reading, value))
    if narrow.owners is not None:
        owners = narrow.owners
        lists = lists.where(leading(reading, lambda id_: id_.in_(owners))(owner))
    return Narrow(values=narrow.values).where(lists, owner, value)


def _titles(reading: Reading) -> Select[Any]:
    rows = select(col(Document.id).label("value"), col(Document.title).label("label"))
    return rows.where(reading.valid(Document))


ID, NETANYAHU = col(Entity.id), "benjamin-netanyahu"


# The examples of each kind: id, word, name, alias, naming, whole, principal, Wikidata id.
EXAMPLES = {
    None: ("hezbollah", "hez", "Hezbollah", "U.N.", "collective", "lebanon", "united-states", "Q41053"),
    "actor": (
        "naim-qassem", "qas", "Naim Qassem", "Qassem", "anonymous", "hezbollah", "united-states", "Q43723",
    ),
    "organisation": (
        "hezbollah", "hez", "Hezbollah", "U.N.", "collective", "united-nations", NETANYAHU, "Q41053",
    ),
    "place": ("beirut", "bei", "Beirut", "Bayrut", "role", "lebanon", "", "Q3820"),
}  # fmt: skip


def _filters(kind: str | None) -> Iterator[Filter]:
    id_, word, name, alias, naming, whole, principal, wikidata = EXAMPLES[kind]
    if kind is None:
        yield Exact("kind", "Actor, organisation or place.", "actor", of=col(Entity.kind), type=EntityKind)
    yield Exact("id", "Ids of entities.", id_, of=ID, counted=False, names=f"{kind}s" if kind else "entities")
    yield Prefix(
        "prefix", "Beginning of a word of the name or of an alias, for autocompletion.", word,
        of=ID, type=Searched, counted=False,
    )  # fmt: skip
    yield Exact("name", "The whole name.", name, of=col(Entity.name), counted=False)
    yield Contains("name", "Part of the name.", word, folded=col(Entity.name_order))
    yield Exact("alias", "Another name, whole.", alias, by=alias_of, key=col(Entity.row_key), counted=False)
    yield Exact("naming", "How the articles name it.", naming, of=col(Entity.naming), type=Naming)
    yield OfEntity(
        "part_of", "Entity that it is part of.", whole, of=col(Entity.part_of), shown=WHOLE.id, none=True,
        names="entities",
        operators={"within": (parts_of, "Part of this, at any depth.", whole)},
    )  # fmt: skip
    if kind != "place":
        yield OfEntity(
            "acts_for", "Entity that it acts for.", principal, of=col(Entity.acts_for), shown=PRINCIPAL.id,
            none=True, names="entities",
        )  # fmt: skip
    yield Exact("wikidata", "Wikidata id.", wikidata, of=col(Entity.wikidata), counted=False, none=True)
    if kind in (None, "place"):
        yield Exact("country", "ISO 3166-1 code of a place.", "LB", of=col(Entity.country), none=True)
    yield Exact(
        "document", "Document that lists it.", SEED, by=_document, key=ID, labels=_titles, names="documents"
    )
    yield Counts("mentions", "Number of mentions.", 3, count=mention_count)
    yield Counts("quotes", "Number of quotes that it speaks.", 1, count=quote_count)
    yield Counts("claims", "Number of claims that rest on a quote that it speaks.", 1, count=claim_count)
    yield RECORDED


def _resource(name: str, noun: str, kind: str | None, about: str) -> Resource:
    return Resource(
        name=name,
        noun=noun,
        about=about,
        model=Entity,
        view=EntityView,
        select=partial(_select, kind),
        bare=partial(_bare, kind),
        render=_render,
        entry=entity_entry,
        node=entity_node,
        called=called,
        moved=moved,
        parts=(Part("aliases", _aliases),),
        filters=tuple(_filters(kind)),
        sorts={
            "name": Sort("name, folded", (col(Entity.name_order),)),
            "id": Sort("id", (ID,)),
            "mentions": Sort("number of mentions", count=mention_count),
            "quotes": Sort("number of quotes that it speaks", count=quote_count),
            "recorded": Sort("when this state was recorded", (col(Entity.row_key),)),
        },
        default_sort="name",
        tie=(ID,),
        words="name, aliases and description",
    )


ENTITIES = _resource("entities", "entity", None, "Actors, organisations and places, named and unnamed.")
ACTORS = _resource("actors", "actor", "actor", "Entities that are persons.")
ORGANISATIONS = _resource(
    "organisations", "organisation", "organisation", "Organisations, acting states too."
)
PLACES = _resource("places", "place", "place", "Entities that are places.")
