"""What quotes and claims are asked for alike: who stands behind them, whom they mention, on which days."""

from typing import Any

from sqlalchemy import Select
from sqlmodel import col

from api.chain import relay_of
from api.listing.filters import Exact, Narrow, Relation, Test
from api.listing.reading import Reading
from api.listing.sql import aliased, select
from api.survivors import resolved
from api.views import SEED
from models.claim import Claim, ClaimSource
from models.entity import Entity
from models.mention import Mention
from models.prepared import Found
from models.quote import Quote, Speaker
from models.span import Span
from models.timex import Timex
from models.vocabulary import EntityKind, Naming, Stance

_TRAITS: dict[str, Any] = {"kind": EntityKind, "naming": Naming}


@resolved
def speaker_of(reading: Reading, narrow: Narrow) -> Select[Any]:
    """Entities by the quotes that they speak."""
    return _spoken(narrow, "speaker")


@resolved
def addressee_of(reading: Reading, narrow: Narrow) -> Select[Any]:
    """Entities by the quotes that are said to them."""
    return _spoken(narrow, "addressee")


def _spoken(narrow: Narrow, role: str) -> Select[Any]:
    owner, value = col(Speaker.quote_key), col(Speaker.entity_id)
    spoken = select(owner.label("owner"), value.label("value")).where(col(Speaker.role) == role)
    return narrow.where(spoken, owner, value)


def source_of(reading: Reading, narrow: Narrow) -> Select[Any]:
    """Every link of the chain: the quote's own speakers and those who relay it."""
    every = speaker_of(reading, narrow).union_all(relay_of(reading, narrow)).subquery()
    return select(every.c.owner, every.c.value)


def _trait_of(relation: Relation, trait: str) -> Relation:
    """A relation of entities, as one of their kind or naming."""

    def rows(reading: Reading, narrow: Narrow) -> Select[Any]:
        entity, values = aliased(Entity, "of_trait"), narrow.values
        column = getattr(entity, trait)
        if values is None:
            inner = narrow
        else:
            such = select(entity.id).where(reading.valid(entity), values(column)).correlate(None)
            inner = Narrow(narrow.owners, lambda id_: id_.in_(such))
        found = relation(reading, inner).subquery()
        joined = select(found.c.owner, column.label("value")).select_from(found)
        return joined.join(entity, (entity.id == found.c.value) & reading.valid(entity))

    return rows


def trait(  # noqa: PLR0913  # what a filter says of itself, and of whom
    name: str, about: str, example: str, *, of: Relation, key: Any, prepared: str | None = None
) -> Exact:
    """The filter by a trait (the end of its name) of the entities of a relation, that may be prepared."""
    which = name.rpartition("__")[2]
    relation, each = _trait_of(of, which), _each_trait(prepared, which, key) if prepared else None
    return Exact(name, about, example, by=relation, key=key, type=_TRAITS[which], each=each)


def _each_trait(prepared: str, trait: str, key: Any) -> Any:
    def test(reading: Reading, has: Test) -> Any:
        if not reading.finds:
            return None
        entity = aliased(Entity, "each_entity")
        rows = select(1).where(col(Found.document_id) == key.table.c.document_id, col(Found.row_key) == key)
        rows = rows.where(reading.found(prepared), col(Found.value) == entity.id)
        return rows.where(reading.valid(entity), has(getattr(entity, trait))).correlate(key.table).exists()

    return test


def behind_claims(relation: Relation) -> Relation:
    """A relation of quotes, as one of the claims that rest on them; with a null for a quote that has none."""

    def rows(reading: Reading, narrow: Narrow) -> Select[Any]:
        quote, claim = aliased(Quote, "source_quote"), col(ClaimSource.claim_key)
        stands = (quote.document_id == ClaimSource.document_id) & (quote.id == ClaimSource.quote_id)
        stands = stands & reading.valid(quote)
        if narrow.owners is None:
            inner = narrow
        else:
            behind = select(quote.row_key).join(ClaimSource, stands).where(claim.in_(narrow.owners))
            inner = Narrow(behind.correlate(None), narrow.values)
        found = relation(reading, inner).subquery()
        joined = select(claim.label("owner"), found.c.value).select_from(ClaimSource).join(quote, stands)
        joined = joined.join(found, found.c.owner == quote.row_key, isouter=narrow.values is None)
        return Narrow(narrow.owners).where(joined, claim, None)

    return rows


def mentioned_in(role: str) -> Relation:
    """Entities mentioned inside spans of one role, by the spans' owners."""
    inside = (
        (col(Mention.document_id) == Span.document_id)
        & (col(Mention.text_sha256) == Span.text_sha256)
        & (col(Mention.start) >= Span.start)
        & (col(Mention.end) <= Span.end)
    )

    def rows(reading: Reading, narrow: Narrow) -> Select[Any]:
        owner, value = col(Span.owner_key), col(Mention.entity_id)
        mentioned = select(owner.label("owner"), value.label("value"))
        mentioned = mentioned.select_from(Span).join(Mention, inside & reading.valid(Mention))
        mentioned = mentioned.where(col(Span.role) == role)
        return narrow.where(mentioned.where(value.is_not(None)), owner, value)

    return resolved(rows)


def _sourced(column: Any) -> Any:
    """A relation of the sources of claims: their stance, or their quote."""

    def rows(reading: Reading, narrow: Narrow) -> Select[Any]:
        owner = col(ClaimSource.claim_key)
        return narrow.where(select(owner.label("owner"), column.label("value")), owner, column)

    return rows


def _each_stance(_: Reading, has: Test) -> Any:
    rows = select(1).where(col(ClaimSource.claim_key) == Claim.row_key, has(col(ClaimSource.stance)))
    return rows.correlate(Claim).exists()


STANCE_AND_QUOTE = (
    Exact(
        "stance", "What a quote does with it.", "repeats",
        by=_sourced(col(ClaimSource.stance)), key=col(Claim.row_key), type=Stance, each=_each_stance,
    ),
    Exact(
        "quote", "Quote that it rests on.", f"{SEED}.q33",
        by=_sourced(col(ClaimSource.quote_id)), key=col(Claim.row_key), counted=False, names="quotes",
    ),
)  # fmt: skip


def about_claims(reading: Reading, narrow: Narrow) -> Select[Any]:
    """Entities that a claim is about: its place, the responsible party, and those mentioned in its words."""
    place, responsible = (
        resolved(_named(col(id_)))(reading, narrow) for id_ in (Claim.place_id, Claim.responsible_id)
    )
    every = place.union_all(responsible, mentioned_in("statement")(reading, narrow)).subquery()
    return select(every.c.owner, every.c.value)


def _named(id_: Any) -> Relation:
    def rows(_: Reading, narrow: Narrow) -> Select[Any]:
        owner = col(Claim.row_key)
        named = select(owner.label("owner"), id_.label("value")).where(id_.is_not(None))
        return narrow.where(named, owner, id_)

    return rows


def days_of(role: str, key: Any, order: Any) -> dict[str, Any]:
    """What a date axis is made of, for the time expressions of this role; `order` as of `Dates`."""
    return {"test": _on_days(role, key), "dated": _dated(role, key), "order": order}


def _on_days(role: str, key: Any) -> Any:
    """The test of a date axis: a time expression of this role, by its owner's row key."""

    def test(condition: Any) -> Any:
        # An expression, not the column: SQLite would go through all days of the role for every row.
        own = (col(Timex.owner_key) == key) & (col(Timex.role).concat("") == role)
        times = select(1).where(own, condition(col(Timex.earliest), col(Timex.latest)))
        return times.correlate(key.table).exists()

    return test


def _dated(role: str, key: Any) -> Any:
    """The condition that the row has a time expression of this role."""
    times = select(1).where(col(Timex.owner_key) == key, col(Timex.role) == role)
    return times.correlate(key.table).exists()
