"""An entity: an actor, an organisation or a place."""

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from models.columns import check, column, one_of, only, recorded, sparse
from models.recorded import Recorded
from models.vocabulary import EntityKind, Naming


class EntityBase(SQLModel):
    """What the record says of an entity in its own words."""

    id: str = column("Slug; below its document's id unless the entity is named", examples=["hezbollah"])
    kind: str = column("Actor, organisation or place", examples=["organisation"])
    naming: str = column("How the articles name it", examples=["named"])
    name: str = column("Name, or description of one that is not named", examples=["Hezbollah"])
    description: str | None = column(
        "Role, as the article gives it", default=None, examples=["militant group"]
    )
    wikidata: str | None = column("Wikidata id, where certain", default=None, examples=["Q41053"])
    country: str | None = column("ISO 3166-1 code of a place", default=None, examples=["LB"])


class Entity(EntityBase, Recorded, table=True):
    """One state of an entity. What is not named belongs to one document and never merges across documents."""

    __table_args__ = (
        *recorded("entity"),
        Index("ix_entity_document", "document_id"),
        Index("ix_entity_name_order", "name_order", "id"),
        Index("ix_entity_naming", "naming"),
        Index("ix_entity_part_of", "part_of"),
        Index("ix_entity_acts_for", "acts_for"),
        Index("ix_entity_merged_into", "merged_into"),
        one_of("kind", EntityKind),
        one_of("naming", Naming),
        check("name", "length(name) > 0"),
        check("document", "(naming = 'named') = (document_id IS NULL)"),
        check("scope", "document_id IS NULL OR substr(id, 1, length(document_id) + 1) = document_id || '.'"),
        check("wikidata", f"substr(wikidata, 1, 1) = 'Q' AND {only('substr(wikidata, 2)', '0123456789')}"),
        check("wikidata_length", "length(wikidata) BETWEEN 2 AND 12"),
        check(
            "country",
            "country IS NULL OR (kind = 'place' AND length(country) = 2 AND country = upper(country))",
        ),
        check(
            "coordinates", "(latitude IS NULL) = (longitude IS NULL) AND (latitude IS NULL OR kind = 'place')"
        ),
        check("merged_into", "merged_into <> id"),
        check("survivor", "(survivor IS NULL) = (merged_into IS NULL)"),
        check("authority", "authority IS NULL OR (authority IN ('made', 'edited') AND naming = 'named')"),
        sparse("ix_entity_survivor", "survivor"),
    )

    document_id: str | None = column("The one document of an entity that is not named", default=None)
    part_of: str | None = column("Entity that it is part of", default=None)
    acts_for: str | None = column("Entity that it acts for", default=None)
    latitude: str | None = column("Degrees north, exact decimal", default=None)
    longitude: str | None = column("Degrees east, exact decimal", default=None)
    merged_into: str | None = column("Entity that took its place", default=None)
    survivor: str | None = column("Entity that `merged_into` leads to in the end", default=None)
    authority: str | None = column(
        "`made` or `edited` by the desk, whose word goes before the documents'", default=None
    )
    name_order: str = column("Sort key of the name: folded")


class Alias(SQLModel, table=True):
    """Another name of one state of an entity."""

    __table_args__ = (
        ForeignKeyConstraint(["entity_key"], ["entity.row_key"]),
        Index("ix_alias_folded", "folded"),
        Index("ix_alias_alias", "alias"),
        check("position", "position >= 0"),
        check("alias", "length(alias) > 0"),
    )

    entity_key: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    position: int = Field(primary_key=True, ge=0, sa_column_kwargs={"autoincrement": False})
    alias: str = column("The name as written", examples=["U.N."])
    folded: str = column("The name, folded")
