"""What concerns an entity: the events of its own rows, and of those that name it, at any time."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, true, tuple_, union
from sqlmodel import Session, col

from api.listing.filters import Narrow
from api.listing.reading import Reading
from api.listing.sql import aliased, select
from api.sources import about_claims, addressee_of, behind_claims, mentioned_in, source_of, speaker_of
from models.claim import ClaimSource
from models.entity import Entity
from models.event import PURGED, Event
from models.quote import Quote

# As many events are looked at one by one, whether they concern an entity: who keeps up asks for less. Where
# more follow, the rows of the entity lead to its events.
FEW = 1000
_IDS: Any = bindparam("ids", expanding=True)


def follows(event: Any, newest_first: bool) -> ColumnElement[bool]:
    """The condition that an event lies behind the place of the parameters `revision` and `position`."""
    place = tuple_(event.revision, event.position)
    there = tuple_(bindparam("revision", type_=BigInteger), bindparam("position", type_=BigInteger))
    return place < there if newest_first else place > there


class _Ever(Reading):
    """All states of the record at once: an event stays one of the entity when its rows are corrected."""

    def valid(self, model: Any) -> ColumnElement[bool]:
        return true()


# Made once: it takes longer to make than to answer. What it is asked for are its parameters.
@cache
def concerning(*, few: bool, newest_first: bool) -> Any:
    """The places of the events that concern the entities, through an index each; maybe but `few` follow."""
    narrow = Narrow(_rows_of_following(newest_first) if few else None, lambda column: column.in_(_IDS))
    ever = _Ever(Session(), 0, 0, "", sqlite=False)
    found = [relation(ever, narrow).subquery() for relation in RELATIONS]
    keys = union(*(select(rows.c.owner) for rows in found)).cte("concerned")
    place: tuple[Any, ...] = (Event.revision, Event.position)
    return union(
        *(
            select(*place).where(column.in_(select(keys.c.owner)))
            for column in (col(Event.row_key), col(Event.before_key))
        ),
        select(*place).where(col(Event.id).in_(_IDS), col(Event.noun) == "entity"),
        # Nothing is left that says whom it concerned: everybody learns of it.
        select(*place).where(PURGED),
    ).subquery("hit")


def _on_its_word(reading: Reading, narrow: Narrow) -> Select[Any]:
    """Claims that rest on a quote that an entity says or relays. It begins at the quotes."""
    if narrow.owners is not None:
        return behind_claims(source_of)(reading, narrow)
    quote, said = aliased(Quote, "source_quote"), source_of(reading, narrow).subquery()
    behind = (col(ClaimSource.document_id) == quote.document_id) & (col(ClaimSource.quote_id) == quote.id)
    claims = select(col(ClaimSource.claim_key).label("owner")).select_from(quote).join(ClaimSource, behind)
    return claims.where(quote.row_key.in_(select(said.c.owner)))


# By their rows: quotes that an entity speaks, is addressed or mentioned in, claims about it or on its word.
RELATIONS = (speaker_of, addressee_of, mentioned_in("content"), about_claims, _on_its_word)


def _rows_of_following(newest_first: bool) -> Select[Any]:
    event = aliased(Event, "following")
    follow = follows(event, newest_first)
    both = union(*(select(key.label("key")).where(follow) for key in (event.row_key, event.before_key)))
    return select(both.subquery().c.key)


def one_and_all(reading: Reading, ids: Sequence[str]) -> list[str]:
    """What survives of the entities, with all that was merged into it."""
    if not reading.merged:
        return list(ids)
    merged = (col(Entity.superseded).is_(None), col(Entity.survivor).is_not(None))
    into = select(Entity.id, Entity.survivor).where(col(Entity.id).in_(ids), *merged)
    survivors: dict[str, str] = dict(reading.session.execute(into).all())
    left = {survivors.get(id, id) for id in ids}
    inside = select(Entity.id).where(col(Entity.survivor).in_(left), *merged)
    return sorted({*ids, *left, *reading.session.execute(inside).scalars()})
