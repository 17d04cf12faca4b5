"""Entities: actors, organisations and places; one resource for all of them and one for each kind."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import RowMapping, Select, func, literal, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from api.listing.filters import Contains, Counts, Exact, Filter, Moments
from api.listing.reading import Reading
from api.listing.resource import Part, Parts, Resource, Sort
from api.nested import (
    RECORDED_COLUMNS,
    EntityReference,
    Number,
    RecordedView,
    entity_reference,
    exact_number,
    part,
    recorded_view,
)
from models.claim import Claim, ClaimSource
from models.document import Document
from models.entity import Alias, Entity, EntityBase
from models.folding import fold
from models.mention import Mention
from models.quote import Quote, Speaker
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
    links: EntityLinks = Field(description="Lists of what it says and what is said of it")
    recorded: RecordedView = Field(description="Since when this state is on record")


def published(reading: Reading, document_id: Any) -> Any:
    """The condition that a document can be read."""
    document = aliased(Document, name="published_document")
    return (
        select(literal(1))
        .where(document.id == document_id, reading.valid(document), document.status == "published")
        .correlate_except(document)
        .exists()
    )


def mention_count(reading: Reading) -> Any:
    """Mentions of the entity of the row."""
    mentions = select(func.count()).where(col(Mention.entity_id) == Entity.id, reading.valid(Mention))
    return mentions.where(published(reading, Mention.document_id)).correlate(Entity).scalar_subquery()


def quote_count(reading: Reading) -> Any:
    """Quotes that the entity of the row speaks."""
    spoken = (col(Speaker.entity_id) == Entity.id) & (col(Speaker.role) == "speaker")
    quotes = select(func.count(Speaker.quote_key.distinct())).join(
        Quote, col(Quote.row_key) == Speaker.quote_key
    )  # type: ignore[attr-defined]
    quotes = quotes.where(spoken, reading.valid(Quote), published(reading, Quote.document_id))
    return quotes.correlate(Entity).scalar_subquery()


def claim_count(reading: Reading) -> Any:
    """Claims that rest on a quote that the entity of the row speaks."""
    spoken = (col(Speaker.entity_id) == Entity.id) & (col(Speaker.role) == "speaker")
    source = (col(ClaimSource.document_id) == Quote.document_id) & (col(ClaimSource.quote_id) == Quote.id)
    claims = (
        select(func.count(Claim.row_key.distinct()))  # type: ignore[attr-defined]
        .select_from(Speaker)
        .join(Quote, (col(Quote.row_key) == Speaker.quote_key) & reading.valid(Quote))
        .join(ClaimSource, source)
        .join(Claim, (col(Claim.row_key) == ClaimSource.claim_key) & reading.valid(Claim))
        .where(spoken, published(reading, Claim.document_id))
    )
    return claims.correlate(Entity).scalar_subquery()


def _related(name: str, entity: Any) -> list[Any]:
    columns = {"entity_id": entity.id, "kind": entity.kind, "name": entity.name, "naming": entity.naming}
    return [column.label(f"{name}_{key}") for key, column in columns.items()]


def _select_kind(kind: str | None) -> Any:
    def rows(reading: Reading) -> Select[Any]:
        part_of, acts_for = aliased(Entity, name="part_of_entity"), aliased(Entity, name="acts_for_entity")
        own = [
            col(getattr(Entity, name))
            for name in (
                "row_key",
                *EntityBase.model_fields,
                "document_id",
                "latitude",
                "longitude",
                "merged_into",
            )
        ]
        counts = {"mentions": mention_count, "quotes": quote_count, "claims": claim_count}
        statement = (
            select(
                *own,
                *_related("part_of", part_of),
                *_related("acts_for", acts_for),
                *(count(reading).label(name) for name, count in counts.items()),
                *RECORDED_COLUMNS,
            )
            .select_from(Entity)
            .join(Revision, col(Revision.key) == Entity.recorded)
            .outerjoin(part_of, (part_of.id == Entity.part_of) & reading.valid(part_of))
            .outerjoin(acts_for, (acts_for.id == Entity.acts_for) & reading.valid(acts_for))
            .where(reading.valid(Entity))
            # A source of a draft is not told before the draft is.
            .where(or_(col(Entity.document_id).is_(None), published(reading, Entity.document_id)))
        )
        return statement.where(col(Entity.kind) == kind) if kind else statement

    return rows


def _aliases(reading: Reading, keys: Sequence[int]) -> Select[Any]:
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


def named(reading: Reading, words: str) -> Select[Any]:
    """Ids of entities with these words in their name or an alias."""
    entity, alias = aliased(Entity, name="named"), aliased(Alias, name="named_alias")
    like = f"%{fold(words) or ' ' * 9}%"
    aliases = select(alias.entity_key).where(alias.folded.like(like))  # type: ignore[attr-defined]
    found = or_(entity.name_order.like(like), entity.row_key.in_(aliases))  # type: ignore[attr-defined]
    return select(entity.id).where(reading.valid(entity), found)  # type: ignore[call-overload, no-any-return]


def parts_of(reading: Reading, whole: str) -> Select[Any]:
    """Ids of an entity and of all that is part of it, at any depth."""
    entity, inner = aliased(Entity, name="whole"), aliased(Entity, name="inner")
    start = select(entity.id).where(entity.id == whole, reading.valid(entity)).cte("parts_of", recursive=True)  # type: ignore[call-overload]
    # UNION, not UNION ALL: it also ends where entities are part of each other.
    tree = start.union(select(inner.id).where(inner.part_of == start.c.id, reading.valid(inner)))  # type: ignore[call-overload]
    return select(tree.c.id)


def entity_operators(name: str, example: str, *, within: str | None = None) -> dict[str, Any]:
    """The operators of a filter whose values are entities."""
    contains = (named, f"`{name}` by part of its name or of an alias, folded.", example)
    inside = (parts_of, f"`{name}` or anything that is part of it.", within)
    return {"contains": contains} | ({"within": inside} if within else {})


def _prefix(reading: Reading, words: str) -> Select[Any]:
    entity, alias = aliased(Entity, name="begins"), aliased(Alias, name="begins_alias")
    begin = fold(words) or " "
    starts = [begin + "%", f"% {begin}%"]
    aliases = select(alias.entity_key).where(or_(*(alias.folded.like(like) for like in starts)))  # type: ignore[attr-defined]
    names = or_(*(entity.name_order.like(like) for like in starts))  # type: ignore[attr-defined]
    return select(entity.id).where(reading.valid(entity), or_(names, entity.row_key.in_(aliases)))  # type: ignore[call-overload, no-any-return, attr-defined]


class Prefix(Exact):
    """Autocompletion: `prefix` itself, without the other parameters of an equality."""

    def parameters(self) -> Any:
        first = next(iter(super().parameters()))
        yield first

    def clause(self, reading: Reading, operator: str, value: Any) -> Any:
        return or_(*(self.of.in_(_prefix(reading, words)) for words in value))


ID = col(Entity.id)


def _filters() -> tuple[Filter, ...]:
    return (
        Exact(name="id", of=ID, about="Ids of entities.", example="hezbollah", counted=False),
        Prefix(name="prefix", of=ID, about="Beginning of a word of the name or of an alias, for autocompletion.", example="netan", counted=False),
        Exact(name="name", of=col(Entity.name), about="The whole name.", example="Hezbollah", counted=False, operators={}),
        Contains(name="name", folded=col(Entity.name_order), about="Part of the name.", example="blinken"),
        Exact(name="alias", by=_alias_values, key=col(Entity.row_key), about="Another name, whole.", example="U.N.", counted=False),
        Exact(name="naming", of=col(Entity.naming), type=Naming, about="How the articles name it.", example="anonymous"),
        Exact(name="part_of", of=col(Entity.part_of), about="Entity that it is part of.", example="lebanon", none=True, operators={"within": (parts_of, "Part of this, at any depth.", "lebanon")}),
        Exact(name="acts_for", of=col(Entity.acts_for), about="Entity that it acts for.", example="united-states", none=True),
        Exact(name="wikidata", of=col(Entity.wikidata), about="Wikidata id.", example="Q41053", counted=False, none=True),
        Exact(name="country", of=col(Entity.country), about="ISO 3166-1 code of a place.", example="LB", none=True),
        Exact(name="document", by=_documents, key=ID, about="Document that mentions it.", example="beirut-strikes-2024-10-15"),
        Counts(name="mentions", count=mention_count, about="Number of mentions.", example=3),
        Counts(name="quotes", count=quote_count, about="Number of quotes that it speaks.", example=1),
        Counts(name="claims", count=claim_count, about="Number of claims on its word.", example=1),
        Moments(name="recorded", time=col(Revision.time), about="Time at which this state was recorded.", example="2024-10-15"),
    )  # fmt: skip


def _alias_values(reading: Reading) -> Select[Any]:
    return select(
        col(Alias.entity_key).label("owner"), col(Alias.alias).label("value"), col(Alias.alias).label("label")
    )


def _documents(reading: Reading) -> Select[Any]:
    stands = (
        (col(Document.id) == Mention.document_id)
        & reading.valid(Document)
        & (col(Document.status) == "published")
    )
    columns = (
        col(Mention.entity_id).label("owner"),
        col(Document.id).label("value"),
        col(Document.title).label("label"),
    )
    return (
        select(*columns)
        .join(Document, stands)
        .where(reading.valid(Mention), col(Mention.entity_id).is_not(None))
    )


def _resource(name: str, noun: str, kind: str | None, about: str) -> Resource:
    kinds = Exact(
        name="kind",
        of=col(Entity.kind),
        type=EntityKind,
        about="Actor, organisation or place.",
        example="actor",
    )
    return Resource(
        name=name,
        noun=noun,
        about=about,
        model=Entity,
        view=EntityView,
        select=_select_kind(kind),
        render=_render,
        parts=(Part("aliases", _aliases),),
        filters=_filters() if kind else (kinds, *_filters()),
        sorts={
            "name": Sort("name, folded", (col(Entity.name_order),)),
            "id": Sort("id", (ID,)),
            "recorded": Sort("revision", (col(Revision.number),)),
        },
        default_sort="name",
        tie=(ID,),
        words="name, aliases and description",
    )


ENTITIES = _resource("entities", "entity", None, "Actors, organisations and places, named and unnamed.")
ACTORS = _resource("actors", "actor", "actor", "Entities that are persons.")
ORGANISATIONS = _resource(
    "organisations",
    "organisation",
    "organisation",
    "Entities that are organisations, acting states among them.",
)
PLACES = _resource("places", "place", "place", "Entities that are places.")
