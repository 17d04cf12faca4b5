"""What purged documents share with others: what is theirs alone goes, what others have, too, stays.

Entities and indicators that no other document ever listed, that nothing else names, and that are not the
desk's go with all their versions. Of the others go the versions that rest on a purged document alone, and
aliases and descriptions whose words stand in it and in no other document that names the entity.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy import CursorResult, delete, exists, literal, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col

from annotations.entity_rows import aliases_of, entity_draft, entity_of, standing_of
from annotations.recording import record
from models.claim import Claim
from models.document import Document, DocumentState, Listed
from models.entity import Alias, Entity
from models.folding import fold
from models.indicator import Indicator
from models.mention import Mention
from models.quote import Quote, Speaker
from models.record import Change
from models.revision import Revision

Shared = TypeVar("Shared", Entity, Indicator)
_NAMING: dict[type[Entity] | type[Indicator], tuple[Any, ...]] = {
    Entity: (
        Entity.part_of, Entity.acts_for, Entity.merged_into, Entity.survivor, Indicator.place_id,
        Mention.entity_id, Speaker.entity_id, Claim.place_id, Claim.responsible_id,
    ),
    Indicator: (Claim.indicator_id,),
}  # fmt: skip


@dataclass
class Gone:
    """Entities and indicators that are gone for good, and all of which something is."""

    entities: list[str] = field(default_factory=list)
    indicators: list[str] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    rows: int = 0


def purge_shared(change: Change, listed: Mapping[str, set[str]], words: Iterable[str]) -> Gone:
    """Purge what documents listed whose rows are deleted already; `words` are theirs, folded."""
    gone = Gone()
    # Indicators first: they name places.
    gone.indicators = _purge(change, Indicator, listed["indicator"], gone)
    gone.entities = _purge(change, Entity, listed["entity"], gone)
    left = listed["entity"] - set(gone.entities)
    gone.touched = {*gone.entities, *gone.indicators, *_redact(change, left, [f" {text} " for text in words])}
    return gone


def _purge(change: Change, model: type[Shared], ids: set[str], gone: Gone) -> list[str]:
    """Delete what is nobody else's, close what nobody lists any more; the ids of what is gone for good."""
    session = change.session
    # What is not named went with its document.
    ids = set(session.execute(select(col(model.id)).where(col(model.id).in_(ids))).scalars())
    desk: set[str] = set()
    if model is Entity:
        made = select(col(Entity.id)).where(col(Entity.id).in_(ids), col(Entity.authority).is_not(None))
        desk = set(session.execute(made).scalars())
    alone = ids - desk - _listed(session, model, ids)
    while used := _used(session, model, alone):
        alone -= used
    keys = select(col(model.row_key)).where(col(model.id).in_(alone))
    gone.rows += _delete(session, model, list(session.execute(keys).scalars()))
    shared = ids - alone - desk
    # Documents that name it list it, too; what is shared itself does not.
    loose = shared - _used(session, model, shared, by=(Entity, Indicator))
    gone.rows += _delete(session, model, _unbacked(change, model, loose))
    left = shared - _listed(session, model, shared, current=True)
    while used := _used(session, model, left, current=True):
        left -= used
    last = select(col(model.row_key)).where(col(model.id).in_(left), col(model.superseded).is_(None))
    change.close(model, session.execute(last).scalars())
    change.flush()
    return sorted(alone)


def _listed(
    session: Session, model: type[Shared], ids: Collection[str], *, current: bool = False
) -> set[str]:
    """Those of the ids that documents list, ever or now."""
    query = (
        select(col(Listed.id))
        .distinct()
        .where(col(Listed.noun) == model.__tablename__, col(Listed.id).in_(ids))
    )
    if current:
        same = (col(DocumentState.document_id) == Listed.document_id) & (
            DocumentState.digest == Listed.digest
        )
        query = query.join(DocumentState, same).where(col(DocumentState.superseded).is_(None))
    return set(session.execute(query).scalars())


def _used(
    session: Session,
    model: type[Shared],
    ids: Collection[str],
    *,
    by: Collection[type[SQLModel]] = (),
    current: bool = False,
) -> set[str]:
    """Those of the ids that other rows name, ever or now; rows of some tables, or of any."""
    used: set[str] = set()
    for column in _NAMING[model]:
        table = column.class_
        if by and table not in by:
            continue
        query = select(column).distinct().where(column.in_(ids))
        if table is Entity:
            query = query.where(col(Entity.id).not_in(ids))
        if current and table is Speaker:
            query = query.join(Quote, col(Quote.row_key) == Speaker.quote_key)
        if current:
            row: Any = Quote if table is Speaker else table
            query = query.where(row.superseded.is_(None))
        used |= set(session.execute(query).scalars())
    return used


def _unbacked(change: Change, model: type[Shared], ids: Collection[str]) -> list[int]:
    """The keys of closed rows during whose validity no other document listed the item."""
    same = (col(DocumentState.document_id) == Listed.document_id) & (
        col(DocumentState.digest) == col(Listed.digest)
    )
    ended = col(DocumentState.superseded)
    lists = (
        select(literal(1))
        .select_from(Listed)
        .join(DocumentState, same)
        .where(col(Listed.noun) == model.__tablename__, col(Listed.id) == model.id)
        .where(_number(DocumentState.recorded) < _number(model.superseded))
        .where(ended.is_(None) | (_number(ended) > _number(model.recorded)))
    )
    closed = col(model.superseded).is_not(None) & (col(model.superseded) != change.key)
    rows = select(col(model.row_key)).where(col(model.id).in_(ids), closed, ~lists.correlate(model).exists())
    return list(change.session.execute(rows).scalars())


def _number(key: Any) -> Any:
    revision: Any = aliased(Revision)
    return select(revision.number).where(revision.key == key).correlate_except(revision).scalar_subquery()


def _delete(session: Session, model: type[Shared], keys: Sequence[int]) -> int:
    """Delete rows with what they own; how many there were."""
    deleted = 0
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        if model is Entity:
            session.execute(delete(Alias).where(col(Alias.entity_key).in_(part)))
        result = session.execute(delete(model).where(col(model.row_key).in_(part)))
        assert isinstance(result, CursorResult)
        deleted += result.rowcount
    return deleted


def _redact(change: Change, ids: Collection[str], words: Sequence[str]) -> set[str]:
    """Take the documents' own words out of all versions of entities that stay; the ids of those it changed.

    Also from those of the desk: its rows have the words of documents beside its own, and do not say whose
    each is. Whoever follows the record hears of it: the present row is corrected, too.
    """
    session = change.session
    rows = session.execute(select(Entity).where(col(Entity.id).in_(ids)))
    entities: list[Entity] = list(rows.scalars())
    aliases = aliases_of(session, [row.row_key for row in entities])
    theirs: dict[tuple[str, str], bool] = {}

    def own(id_: str, said: str) -> bool:
        if (id_, said) not in theirs:
            phrase = f" {fold(said)} "
            inside = bool(phrase.strip()) and any(phrase in text for text in words)
            theirs[id_, said] = inside and not _says(session, id_, phrase)
        return theirs[id_, said]

    changed = set()
    for row in entities:
        names = [alias for alias in aliases[row.row_key] if not own(row.id, alias)]
        untold = bool(row.description) and own(row.id, row.description or "")
        if not untold and len(names) == len(aliases[row.row_key]):
            continue
        changed.add(row.id)
        word = entity_of(row, names)
        word = replace(word, description=None) if untold else word
        draft = entity_draft(word, None, standing_of(row))
        told = {"description": word.description, "folded": draft.row["folded"], "digest": draft.digest}
        if row.superseded is None:
            record(change, draft, {row.id: (row.row_key, row.digest)})
            change.flush()
        session.execute(update(Entity).where(col(Entity.row_key) == row.row_key).values(**told))
        left_out = col(Alias.alias).not_in(names)
        session.execute(delete(Alias).where(col(Alias.entity_key) == row.row_key, left_out))
    return changed


def _says(session: Session, id_: str, phrase: str) -> bool:
    """Whether a document that lists or mentions the entity has these words, in any of its states."""
    lists = select(col(Listed.document_id)).where(col(Listed.noun) == "entity", col(Listed.id) == id_)
    mentions = select(col(Mention.document_id)).where(col(Mention.entity_id) == id_)
    padded = literal(" ").concat(col(Document.folded)).concat(" ")
    say = padded.contains(phrase, autoescape=True) & col(Document.id).in_(lists.union(mentions))
    return bool(session.scalar(select(exists().where(say))))
