"""Purging documents for legal reasons: their words leave every row and version; ids and a tombstone stay."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, delete, exists, or_, select, update
from sqlmodel import SQLModel, col

from annotations.purge_shared import purge_shared
from models.audit import Answer
from models.claim import Claim, ClaimSource
from models.document import Document, DocumentState, Listed
from models.entity import Alias, Entity
from models.mention import Mention
from models.prepared import Found, Shown
from models.purge import Purge
from models.quote import Quote, Speaker
from models.record import Change
from models.revision import Counter, Revision
from models.span import Span
from models.text import Text
from models.timex import Timex

# What a document has, in the order in which nothing is left without what it belongs to.
_BELOW: tuple[type[SQLModel], ...] = (
    Found, Shown, Listed, DocumentState, Timex, Span, ClaimSource, Claim, Speaker, Quote, Mention, Entity,
    Document, Text,
)  # fmt: skip


@dataclass
class Earlier:
    """A purge of long ago."""

    revision: int
    time: str
    reason: str


@dataclass
class Purged:
    """What a purge did: documents, the entities and indicators that they alone listed, and rows in all.

    `earlier` are documents that had been purged before.
    """

    documents: list[str] = field(default_factory=list)
    entities: list[str] = field(default_factory=list)
    indicators: list[str] = field(default_factory=list)
    rows: int = 0
    earlier: dict[str, Earlier] = field(default_factory=dict)


class Unknown(LookupError):
    """There is no document with this id, and never was; nothing is purged."""

    def __init__(self, id: str) -> None:
        super().__init__(f"no document {id} is or was on record; nothing is purged")
        self.id = id


@dataclass(frozen=True)
class Purging:
    """Which documents to purge, and why: the work of one revision."""

    documents: Sequence[str]
    reason: str

    def __call__(self, change: Change) -> Purged:
        """Delete all rows of the documents, and what no other document shares.

        Raises Unknown. Others who write wait until the revision is written: whatever they refer to is looked
        up again when theirs is sealed.
        """
        change.session.execute(select(col(Counter.number)).with_for_update())
        purged = Purged(earlier=_earlier(change, self.documents))
        purged.documents = sorted(set(self.documents) - purged.earlier.keys())
        for id_ in purged.documents:
            if not change.session.scalar(select(exists().where(col(Document.id) == id_))):
                raise Unknown(id_)
        if purged.documents:
            _Removal(change, purged, self.reason).run()
        return purged


class _Removal:
    def __init__(self, change: Change, purged: Purged, reason: str) -> None:
        self.change, self.session, self.purged, self.reason = change, change.session, purged, reason

    def run(self) -> None:
        documents = self.purged.documents
        self.tombstones("document", documents)
        listed = {noun: self._listed(noun) for noun in ("entity", "indicator")}
        folded = select(col(Document.folded)).where(col(Document.id).in_(documents))
        words = list(self.session.execute(folded).scalars())
        revisions = self._revisions()
        for model in _BELOW:
            if model is Entity:
                own = select(col(Entity.row_key)).where(col(Entity.document_id).in_(documents))
                self._delete(Alias, col(Alias.entity_key).in_(own))
            self._delete(model, _document_of(model).in_(documents))
        gone = purge_shared(self.change, listed, words)
        self.purged.entities, self.purged.indicators = gone.entities, gone.indicators
        self.purged.rows += gone.rows
        for noun, ids in (("entity", gone.entities), ("indicator", gone.indicators)):
            again = select(col(Purge.id)).where(col(Purge.noun) == noun, col(Purge.id).in_(ids))
            self.tombstones(noun, set(ids) - set(self.session.execute(again).scalars()))
        self._forget_notes(revisions)
        self._forget_answers(gone.touched)

    def tombstones(self, noun: str, ids: Iterable[str]) -> None:
        """Say what is purged; from now on its rows may be deleted."""
        self.change.add(
            *(Purge(noun=noun, id=id_, recorded=self.change.key, reason=self.reason) for id_ in sorted(ids))
        )
        self.change.flush()

    def _listed(self, noun: str) -> set[str]:
        """What the documents ever listed."""
        mine = col(Listed.document_id).in_(self.purged.documents) & (col(Listed.noun) == noun)
        return set(self.session.execute(select(col(Listed.id)).distinct().where(mine)).scalars())

    def _revisions(self) -> set[int]:
        """The keys of the revisions that wrote rows of the documents or closed them."""
        found: set[int | None] = set()
        for model in (Document, DocumentState, Mention, Quote, Claim, Entity):
            columns: Any = model
            own = _document_of(model).in_(self.purged.documents)
            for key in (columns.recorded, columns.superseded):
                found |= set(self.session.execute(select(key).distinct().where(own)).scalars())
        return {key for key in found if key is not None}

    def _forget_notes(self, revisions: Iterable[int]) -> None:
        """Take away the notes of revisions that changed none but these documents."""
        notes = update(Revision).where(col(Revision.key).in_(revisions), col(Revision.note).is_not(None))
        for model in (Document, DocumentState, Quote, Claim):
            columns: Any = model
            touched = or_(columns.recorded == Revision.key, columns.superseded == Revision.key)
            notes = notes.where(~exists().where(touched).correlate(Revision))
        self.session.execute(notes.values(note=None))

    def _forget_answers(self, shared: Iterable[str]) -> None:
        """Delete saved answers that may hold words: about the documents, about mistakes, about several."""
        below = (col(Answer.subject).startswith(f"{id_}.", autoescape=True) for id_ in self.purged.documents)
        ids = [*self.purged.documents, *shared]
        unclear = (col(Answer.status) == 422) | col(Answer.subject).is_(None)
        self._delete(Answer, or_(unclear, col(Answer.subject).in_(ids), *below))

    def _delete(self, model: type[SQLModel], which: ColumnElement[bool]) -> None:
        result = self.session.execute(delete(model).where(which))
        assert isinstance(result, CursorResult)
        if model is not Answer:
            self.purged.rows += result.rowcount


def _document_of(model: Any) -> Any:
    return model.id if model is Document else model.document_id


def _earlier(change: Change, documents: Sequence[str]) -> dict[str, Earlier]:
    rows = select(col(Purge.id), col(Revision.number), col(Revision.time), col(Purge.reason))
    rows = rows.join(Revision, col(Revision.key) == Purge.recorded)
    rows = rows.where(col(Purge.noun) == "document", col(Purge.id).in_(documents))
    return {id_: Earlier(*told) for id_, *told in change.session.execute(rows)}
