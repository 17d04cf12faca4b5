"""Recording what documents share: named entities and indicators.

The word of documents that alone list one is taken as it is, so that an editor can correct or withdraw it.
Where other documents of the record list it, too, they must agree (`annotations.agreement`). What is shared is
public as soon as one published document lists it: so it has the words of published documents alone, and those
of others only as long as no published one lists it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, column, func, select, values
from sqlmodel import col

from annotations.agreement import Disagreement, Said, Word, agree_on_entity, agree_on_indicator, together
from annotations.entity_rows import (
    Standing,
    aliases_of,
    entity_draft,
    entity_of,
    indicator_draft,
    indicator_of,
    standing_of,
)
from annotations.merging import RELATIONS
from annotations.recording import Known, parts, record
from annotations.rows import DocumentDrafts
from models.claim import Claim
from models.document import Document, DocumentState, Listed, ListedNoun
from models.entity import Entity
from models.indicator import Indicator
from models.mention import Mention
from models.quote import Quote, Speaker
from models.record import Change

Row = TypeVar("Row", Entity, Indicator)
Counts = dict[str, Counter[str]]
"""How many rows were created, corrected or withdrawn, by document."""


class Shared:
    """What some documents, about to be loaded together, say of what documents share."""

    def __init__(self, change: Change, sources: Collection[DocumentDrafts]) -> None:
        self.change, self.session, self.sources = change, change.session, sources
        self.documents = [drafts.source.id for drafts in sources]

    def record_entities(self) -> Counts:
        """Record their word on named entities, and withdraw those that no document lists any more.

        A change is counted with the first document that speaks of it. Raises Disagreement.
        """
        stated = [_said(drafts, word) for drafts in self.sources for word in drafts.named()]
        listed = self._listed("entity")
        rows = self._current(Entity, {*listed, *(said.word.key for said in stated)})
        rows = {id_: row for id_, row in rows.items() if row.document_id is None}
        backed = self._backed("entity", rows.keys(), listed)
        desk = {id_ for id_, row in rows.items() if row.authority}
        aliases = aliases_of(self.session, [rows[id_].row_key for id_ in backed | desk])
        published = self._others("entity", backed, published=True) | desk
        known = {
            id_: Said("", entity_of(rows[id_], aliases[rows[id_].row_key]), id_ in published, id_ in desk)
            for id_ in backed | desk
        }
        left = {id_: (row.row_key, row.digest) for id_, row in rows.items()}
        counts: Counts = defaultdict(Counter)
        moved: dict[str, set[str]] = {name: set() for name in RELATIONS}
        for document, word in together(known, stated, agree_on_entity):
            row = rows.get(word.key)
            if row is not None and row.kind != word.kind:
                self._refuse_split(row, word.kind)
            standing = standing_of(row) if row else Standing()
            counts[document][record(self.change, entity_draft(word, None, standing), left)] += 1
            for name, ids in moved.items():
                if (target := getattr(word, name)) and target != getattr(row, name, None):
                    ids.add(word.key)
        self.change.flush()
        for name, ids in moved.items():
            self._refuse_circle(name, ids)
        gone = left.keys() - backed - self._decided(rows, left.keys() - backed)
        while kept := self._used(Entity, gone):
            gone -= kept
        self._withdraw(Entity, {id_: left[id_] for id_ in gone}, listed, counts)
        return counts

    def record_indicators(self) -> Counts:
        """Record their word on indicators likewise."""
        stated = [_said(drafts, word) for drafts in self.sources for word in drafts.indicators()]
        listed = self._listed("indicator")
        rows = self._current(Indicator, {*listed, *(said.word.key for said in stated)})
        backed = self._backed("indicator", rows.keys(), listed)
        published = self._others("indicator", backed, published=True)
        known = {id_: Said("", indicator_of(rows[id_]), id_ in published) for id_ in backed}
        left = {id_: (row.row_key, row.digest) for id_, row in rows.items()}
        counts: Counts = defaultdict(Counter)
        for document, word in together(known, stated, agree_on_indicator):
            counts[document][record(self.change, indicator_draft(word), left)] += 1
        gone = left.keys() - backed
        gone -= self._used(Indicator, gone)
        self._withdraw(Indicator, {id_: left[id_] for id_ in gone}, listed, counts)
        self.change.flush()
        return counts

    def _withdraw(self, model: type[Row], gone: Known, listed: dict[str, str], counts: Counts) -> None:
        self.change.close(model, [key for key, _ in gone.values()])
        for id_ in gone:
            counts[listed[id_]]["withdrawn"] += 1

    def _decided(self, rows: Mapping[str, Entity], ids: Collection[str]) -> set[str]:
        """Those of the ids that stay even if no document lists them: by the desk's word, made or merged.

        What it edited or merged while none but drafts had it goes with them: it would be public without.
        """
        touched = {id_ for id_ in ids if rows[id_].authority or rows[id_].merged_into}
        seen = self._listing("entity", touched, col(Document.status) == "published")
        return {id_ for id_ in touched if rows[id_].authority == "made" or id_ in seen}

    def _refuse_split(self, row: Entity, kind: str) -> None:
        """Raise Disagreement if entities of another kind were merged with one whose kind changes."""
        merged = select(col(Entity.id)).where(
            col(Entity.survivor) == row.id, col(Entity.superseded).is_(None)
        )
        if row.survivor or self.session.execute(merged.limit(1)).first():
            said = f"it is merged with others of kind {row.kind}, here it is {kind}"
            raise Disagreement(f"entity {row.id}: {said}; agree or undo the merge")

    def _refuse_circle(self, name: str, ids: Collection[str]) -> None:
        """Raise Disagreement if one of these entities is part of itself, or acts for itself, by what several
        documents say: no file of a document that has them could be read.
        """
        onward = func.coalesce(col(Entity.survivor), getattr(Entity, name))
        leads: dict[str, str | None] = {}
        ahead = set(ids)
        while ahead:
            leads |= dict.fromkeys(ahead)
            for some in parts(ahead):
                query = select(col(Entity.id), onward).where(col(Entity.id).in_(some))
                query = query.where(col(Entity.superseded).is_(None))
                for id_, target in self.session.execute(query):
                    leads[id_] = target
            ahead = {target for target in leads.values() if target} - leads.keys()
        for id_ in sorted(ids):
            trail = [id_]
            while (end := leads[trail[-1]]) and end not in trail:
                trail.append(end)
            if end == id_:
                path = " → ".join([*trail, id_])
                said = f"with what other documents say it {RELATIONS[name]} itself"
                raise Disagreement(f"entity {id_}: {said} ({path}); agree or use another key")

    def _listed(self, noun: ListedNoun) -> dict[str, str]:
        """The ids that the present states of the documents list, each with one of these documents."""
        found: dict[str, str] = {}
        for documents in parts(self.documents):
            query = _lists(noun).where(col(Listed.document_id).in_(documents))
            found.update((id_, document) for id_, document in self.session.execute(query))
        return found

    def _backed(self, noun: ListedNoun, ids: Collection[str], listed: dict[str, str]) -> set[str]:
        """Those of the ids that are on record also without these documents' word: others list them, too."""
        return (set(ids) - listed.keys()) | self._others(noun, set(ids) & listed.keys())

    def _others(self, noun: ListedNoun, ids: Collection[str], *, published: bool = False) -> set[str]:
        """Those of the ids that documents list which are not loaded now, or only the published ones do."""
        others: list[ColumnElement[bool]] = [col(Listed.document_id).not_in(self.documents)]
        if published:
            others.append(col(Document.status) == "published")
        return self._listing(noun, ids, *others)

    def _listing(self, noun: ListedNoun, ids: Collection[str], *which: ColumnElement[bool]) -> set[str]:
        """Those of the ids that documents list of which the conditions hold, in their present states."""
        current = (col(Document.id) == Listed.document_id) & col(Document.superseded).is_(None)
        return self._those(ids, _lists(noun).join(Document, current).where(*which), col(Listed.id))

    def _those(self, ids: Collection[str], rows: Select[Any], reference: Any) -> set[str]:
        """Those of the ids to which such rows refer. Of many to one, the first is enough."""
        found: set[str] = set()
        for some in parts(ids):
            asked = values(column("id", reference.type)).data([(id_,) for id_ in some]).cte("asked")
            query = select(asked.c.id).where(rows.where(reference == asked.c.id).exists())
            found |= set(self.session.execute(query).scalars())
        return found

    def _current(self, model: type[Row], ids: Collection[str]) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for some in parts(ids):
            query = select(model).where(col(model.id).in_(some), col(model.superseded).is_(None))
            found |= {row.id: row for row in self.session.execute(query).scalars()}
        return found

    def _used(self, model: type[Row], ids: Collection[str]) -> set[str]:
        """Those of the ids to which the record refers from outside these documents and these ids."""
        used: set[str] = set()
        for row, reference in _references(model):
            scope: list[Any] = [col(row.superseded).is_(None)]
            if row is Entity:
                scope.append(col(Entity.id).not_in(ids))
            if row is not Indicator:
                document = col(row.document_id)
                scope.append(document.is_(None) | document.not_in(self.documents))
            query = select(reference).where(*scope)
            if reference.class_ is Speaker:
                same = (
                    col(Speaker.document_id) == Quote.document_id,
                    col(Speaker.quote_key) == Quote.row_key,
                )
                query = query.where(*same)
            used |= self._those(ids, query, reference)
        return used


def _said(drafts: DocumentDrafts, word: Word) -> Said[Word]:
    return Said(drafts.source.id, word, drafts.source.status == "published")


def _lists(noun: ListedNoun) -> Any:
    """Id and document of what the present states of documents list."""
    state = (col(DocumentState.document_id) == Listed.document_id) & (
        col(DocumentState.digest) == Listed.digest
    )
    query = select(col(Listed.id), col(Listed.document_id)).join(DocumentState, state)
    return query.where(col(Listed.noun) == noun, col(DocumentState.superseded).is_(None))


def _references(model: type[Row]) -> list[tuple[Any, Any]]:
    """The columns that lead to a row of this table, each with the recorded noun that it belongs to."""
    if model is Indicator:
        return [(Claim, col(Claim.indicator_id))]
    return [
        *(
            (Entity, column)
            for column in (col(Entity.part_of), col(Entity.acts_for), col(Entity.merged_into))
        ),
        (Indicator, col(Indicator.place_id)),
        (Mention, col(Mention.entity_id)),
        (Quote, col(Speaker.entity_id)),
        (Claim, col(Claim.place_id)),
        (Claim, col(Claim.responsible_id)),
    ]
