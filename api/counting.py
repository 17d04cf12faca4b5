"""How often an entity occurs in what can be read, and whether it can be read itself."""

from typing import Any

from sqlalchemy import Select, func, or_
from sqlmodel import col

from api.listing.reading import Reading
from api.listing.sql import aliased, select
from api.nested import listed, listed_openly, published
from api.survivors import led
from models.claim import Claim, ClaimSource
from models.document import Listed
from models.entity import Entity
from models.mention import Mention
from models.prepared import Found
from models.quote import Quote, Speaker


def mention_count(reading: Reading) -> Any:
    """Mentions of the entity of the row."""
    mentions = select(func.count()).where(
        led(reading, col(Mention.entity_id), Entity), reading.valid(Mention)
    )
    return mentions.where(_shown(reading, col(Mention.document_id))).correlate(Entity).scalar_subquery()


def quote_count(reading: Reading) -> Any:
    """Quotes that the entity of the row speaks."""
    if reading.finds:
        return _prepared(reading, "quotes.speaker")
    spoken = led(reading, col(Speaker.entity_id), Entity) & (col(Speaker.role) == "speaker")
    quotes = select(func.count(col(Speaker.quote_key).distinct()))
    quotes = quotes.select_from(Speaker).join(Quote, col(Quote.row_key) == Speaker.quote_key)
    quotes = quotes.where(spoken, reading.valid(Quote), _shown(reading, col(Quote.document_id)))
    return quotes.correlate(Entity).scalar_subquery()


def claim_count(reading: Reading) -> Any:
    """Claims that rest on a quote that the entity of the row speaks."""
    if reading.finds:
        return _prepared(reading, "claims.speaker")
    spoken = led(reading, col(Speaker.entity_id), Entity) & (col(Speaker.role) == "speaker")
    source = (col(ClaimSource.document_id) == Quote.document_id) & (col(ClaimSource.quote_id) == Quote.id)
    claims = (
        select(func.count(col(Claim.row_key).distinct()))
        .select_from(Speaker)
        .join(Quote, (col(Quote.row_key) == Speaker.quote_key) & reading.valid(Quote))
        .join(ClaimSource, source)
        .join(Claim, (col(Claim.row_key) == ClaimSource.claim_key) & reading.valid(Claim))
        .where(spoken, _shown(reading, col(Claim.document_id)))
    )
    return claims.correlate(Entity).scalar_subquery()


def _prepared(reading: Reading, name: str) -> Any:
    """What the entity of the row is found by, counted."""
    found = select(func.count()).where(reading.found(name), col(Found.value) == Entity.id)
    return found.where(_shown(reading, col(Found.document_id))).correlate(Entity).scalar_subquery()


def _shown(reading: Reading, document: Any) -> Any:
    """The condition that a document can be read: those that cannot are looked for once."""
    return document.not_in(reading.hidden().correlate(None))


def told(reading: Reading, entity: Any) -> Any:
    """The condition that an entity can be read: not merged, and a document can be read that lists it.

    Documents may list it by the id of one that is merged into it.
    """
    openly = _openly(reading, entity)
    if reading.merged:
        merged = aliased(Entity, "told_merged")
        ids = select(merged.id).where(merged.survivor == entity.id, reading.valid(merged)).correlate(entity)
        lists = listed(reading, "entity").where(col(Listed.id).in_(ids)).correlate_except(Listed)
        openly |= lists.where(published(reading, col(Listed.document_id))).exists()
    return _own(reading, entity) & entity.merged_into.is_(None) & openly


def moved(reading: Reading, id: str) -> Select[Any]:
    """Survivor and row key of a merged entity that could be read if it were not merged."""
    seen = _own(reading, Entity) & _openly(reading, Entity)
    into = select(col(Entity.survivor), col(Entity.row_key)).where(
        col(Entity.id) == id, col(Entity.survivor).is_not(None)
    )
    return into.where(reading.valid(Entity), seen)


def _own(reading: Reading, entity: Any) -> Any:
    return or_(entity.document_id.is_(None), published(reading, entity.document_id))


def _openly(reading: Reading, entity: Any) -> Any:
    """What the desk made needs no document."""
    return listed_openly(reading, "entity", entity.id) | (entity.authority == "made")
