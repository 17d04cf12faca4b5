"""The chain of sources: a quote, the quote that relays it, the quote that relays that one."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import Select, func, literal
from sqlmodel import col

from api.listing.filters import Narrow
from api.listing.reading import Reading
from api.listing.sql import Keys, aliased, part, select
from api.nested import entity_columns, speaking
from api.survivors import resolved, survivor
from api.views import SEED, Speaking, described
from models.claim import ClaimSource
from models.entity import Entity
from models.quote import Quote, Speaker

# Orders the speakers of a chain by source, then by link, then by their place in the quote.
_LINK, _SOURCE = 1_000, 1_000_000
_SPEAKER = func.coalesce(col(Speaker.position), 0)


class ChainLink(BaseModel):
    """A quote that relays another one."""

    id: str = Field(description="Id of the quote that relays", examples=[f"{SEED}.q14"])
    speakers: list[Speaking] = Field(description="Who relays")


class ClaimSourceView(BaseModel):
    """A quote that stands behind a claim."""

    stance: str = described(ClaimSource, "stance")
    quote: str = Field(description="Id of the quote", examples=[f"{SEED}.q33"])
    speakers: list[Speaking] = Field(description="Who speaks it")
    chain: list[ChainLink] = Field(description="The quotes that relay it, innermost first")


def climb(reading: Reading, keys: Keys) -> Any:
    """From the quotes with these row keys (`depth` 0) to those that relay them: `owner` is where it began."""
    inner, outer = aliased(Quote, "inner_quote"), aliased(Quote, "outer_quote")
    links = [inner.document_id, inner.id, inner.row_key, inner.within_id, inner.relation]
    start = select(inner.row_key.label("owner"), literal(0).label("depth"), *links)
    # No name: a statement may climb more than once.
    climbed = start.where(inner.row_key.in_(keys)).cte(recursive=True)
    above = [outer.document_id, outer.id, outer.row_key, outer.within_id, outer.relation]
    step = select(climbed.c.owner, climbed.c.depth + 1, *above).where(
        climbed.c.relation == "relays",
        outer.document_id == climbed.c.document_id,
        outer.id == climbed.c.within_id,
        reading.valid(outer),
    )
    return climbed.union_all(step)


@resolved
def relay_of(reading: Reading, narrow: Narrow) -> Select[Any]:
    """Speakers of the quotes that relay, by the quotes relayed: one or several links down."""
    if narrow.owners is not None:
        climbed = climb(reading, narrow.owners)
        said_by = (col(Speaker.quote_key) == climbed.c.row_key) & (col(Speaker.role) == "speaker")
        links = select(climbed.c.owner, col(Speaker.entity_id).label("value"))
        links = links.select_from(climbed).join(Speaker, said_by)
        return Narrow(values=narrow.values).where(
            links.where(climbed.c.depth > 0), climbed.c.owner, col(Speaker.entity_id)
        )
    return _descend(reading, narrow)


def _descend(reading: Reading, narrow: Narrow) -> Select[Any]:
    """From what the entities asked for say to what it relays: begins at few speakers, not at many quotes."""
    outer, inner, lower = (aliased(Quote, f"{name}_quote") for name in ("outer", "inner", "lower"))
    said_by = (col(Speaker.quote_key) == outer.row_key) & (col(Speaker.role) == "speaker")
    value: Any = col(Speaker.entity_id).label("value")
    start = select(value, inner.row_key.label("owner"), inner.document_id, inner.id)
    start = start.select_from(Speaker).join(outer, said_by & reading.valid(outer))
    start = start.join(inner, _relayed(reading, inner, outer))
    relayed = narrow.where(start, inner.row_key, col(Speaker.entity_id)).cte(recursive=True)
    step = select(relayed.c.value, lower.row_key, lower.document_id, lower.id)
    every = relayed.union_all(step.where(_relayed(reading, lower, relayed.c)))
    return select(every.c.owner, every.c.value)


def _relayed(reading: Reading, inner: Any, outer: Any) -> Any:
    within = (inner.document_id == outer.document_id) & (inner.within_id == outer.id)
    return within & (inner.relation == "relays") & reading.valid(inner)


def chain(reading: Reading, keys: Keys) -> Select[Any]:
    """The part of quotes that holds the speakers of their chains."""
    c = climb(reading, keys).c
    return _speakers(reading, c, c.owner, c.depth * _LINK + _SPEAKER).where(c.depth > 0)


def sources(reading: Reading, keys: Keys) -> Select[Any]:
    """The part of claims that holds the quotes behind them (`depth` 0), with the speakers of their chains."""
    quote, behind = aliased(Quote, "behind"), ClaimSource
    stands = (quote.document_id == behind.document_id) & (quote.id == behind.quote_id) & reading.valid(quote)
    keys_behind = select(quote.row_key).join(behind, stands).where(col(behind.claim_key).in_(keys))
    c = climb(reading, keys_behind.correlate(None)).c
    place = col(behind.position) * _SOURCE + c.depth * _LINK + _SPEAKER
    rows = _speakers(
        reading, c, col(behind.claim_key), place, source=quote.id, stance=behind.stance, depth=c.depth
    )
    return (
        rows.join(quote, quote.row_key == c.owner).join(behind, stands).where(col(behind.claim_key).in_(keys))
    )


def _speakers(reading: Reading, climbed: Any, owner: Any, place: Any, **more: Any) -> Select[Any]:
    said_by = (col(Speaker.quote_key) == climbed.row_key) & (col(Speaker.role) == "speaker")
    said = {"quote": climbed.id, "as_written": Speaker.as_written, "mention": Speaker.mention_id}
    return (
        part(owner, place, **said, **entity_columns(Entity), **more)
        .select_from(climbed.owner.table)
        .outerjoin(Speaker, said_by)
        .outerjoin(Entity, (col(Entity.id) == survivor(reading, Speaker.entity_id)) & reading.valid(Entity))
    )


def links(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a chain, one a speaker, as its links."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        speakers = found.setdefault(row["quote"], [])
        if row["entity_id"] is not None:
            speakers.append(speaking(row))
    return [{"id": quote, "speakers": speakers} for quote, speakers in found.items()]


def source_views(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the sources of a claim, as they are shown."""
    by_source: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_source.setdefault(row["source"], []).append(row)
    return [
        {
            "stance": found[0]["stance"],
            "quote": source,
            "speakers": [speaking(r) for r in found if r["depth"] == 0 and r["entity_id"] is not None],
            "chain": links([r for r in found if r["depth"] > 0]),
        }
        for source, found in by_source.items()
    ]
