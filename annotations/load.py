"""Loading annotated documents: one transaction; rows for what changed, nothing for what was seen before."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from sqlalchemy import insert, select, update
from sqlmodel import Session, col

from annotations.agreement import Disagreement
from annotations.annotated import AnnotatedDocument
from annotations.merging import in_merges, merges_within
from annotations.recording import Draft, known, known_of, record
from annotations.rows import DocumentDrafts
from annotations.shared import Shared
from annotations.states import anew, released, seen_before, state_digest
from models.audit import Audit
from models.claim import Claim
from models.commit import commit
from models.document import Document, DocumentState, Listed
from models.entity import Entity
from models.folding import fold
from models.measure import Measure
from models.measures import Term
from models.mention import Mention
from models.moment import now
from models.purge import refuse_purged
from models.quote import Quote
from models.record import By, Change
from models.recorded import Recorded, key_run
from models.session import Database
from models.text import Text

__all__ = ["Disagreement", "Loaded", "load"]
# Documents whose rows are in memory at once.
AT_ONCE = 50
BY_HAND = By(tool="onrecord load", reason="load")
Outcome = Literal["created", "corrected", "unchanged"]


@dataclass
class Loaded:
    """What loading a document did: how many rows of each noun were `created`, `corrected` or `withdrawn`.

    `equals` is the revision whose state an unchanged document equals, if it was corrected since.
    """

    document: str
    outcome: Outcome
    revision: int | None = None
    equals: int | None = None
    changes: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Loading:
    """What to load, and how: with `again` an earlier state is loaded anew, undoing the corrections since."""

    documents: Sequence[AnnotatedDocument]
    measures: Mapping[str, Term]
    again: bool = False
    progress: Callable[[str], None] = lambda document: None

    def __post_init__(self) -> None:
        if len({document.id for document in self.documents}) < len(self.documents):
            raise ValueError("two of the documents have the same id")

    def __call__(self, change: Change) -> list[Loaded]:
        """Write the rows of the documents; those that equal their current or an earlier state change nothing.

        Raises Purged where a document was purged, and Disagreement where one contradicts others about
        an entity or an indicator that they share.
        """
        refuse_purged(change.session, (document.id for document in self.documents))
        record_measures(change, self.measures)
        return _load(change, list(map(released, self.documents)), self.progress, again=self.again)


def load(  # noqa: PLR0913  # what, with which vocabulary, and who does it with what
    database: Database,
    documents: Sequence[AnnotatedDocument],
    measures: Mapping[str, Term],
    *,
    by: By = BY_HAND,
    again: bool = False,
    progress: Callable[[str], None] = lambda document: None,
) -> list[Loaded]:
    """Load all of the documents or none, in one revision.

    Raises Disagreement and Purged as `Loading` does, and Conflict if other writers keep coming first.
    """

    def then(session: Session, number: int | None, results: list[Loaded]) -> None:
        numbered(session, number, results)
        if number is not None:
            _audit(session, by, number, results)

    return commit(database, Loading(documents, measures, again, progress), by, then=then)


def _audit(session: Session, by: By, number: int, results: Sequence[Loaded]) -> None:
    """Tell the audit of what was loaded without a request, by whoever works at the machine itself."""
    written = [result.document for result in results if result.revision is not None]
    row = {"id": next(key_run()), "time": now(), "agent": by.agent, "address": "command", "request": ""}
    subject = written[0] if len(written) == 1 else None
    session.execute(
        insert(Audit).values(**row, operation=by.tool or "load", subject=subject, status=200, revision=number)
    )


def numbered(_: Session, number: int | None, results: Sequence[Loaded]) -> None:
    """Tell the results of the revision that they made."""
    for result in results:
        result.revision = number if result.outcome != "unchanged" else None


def record_measures(change: Change, measures: Mapping[str, Term]) -> None:
    """Bring the measures on record up to the vocabulary; terms that it no longer has stay on record."""
    on_record = known(change.session, Measure)
    for term in measures.values():
        row = {"folded": fold(term.id, term.label, term.definition), **asdict(term)}
        record(change, Draft(Measure, row), on_record)
    change.flush()


def _load(
    change: Change, documents: Sequence[AnnotatedDocument], progress: Callable[[str], None], *, again: bool
) -> list[Loaded]:
    digests = {document.id: state_digest(document) for document in documents}
    seen = seen_before(change.session, digests)
    for id_ in [id_ for id_, (_, superseded) in seen.items() if again and superseded]:
        del seen[id_]
        digests[id_] = anew(digests[id_], change.key)
    fresh = {d.id: DocumentDrafts(d) for d in documents if d.id not in seen}
    shared = Shared(change, fresh.values())
    # Indicators first: a place is not withdrawn while one refers to it.
    indicators, entities = shared.record_indicators(), shared.record_entities()
    results = []
    for start in range(0, len(documents), AT_ONCE):
        part = [document.id for document in documents[start : start + AT_ONCE]]
        some = {id_: fresh.pop(id_) for id_ in part if id_ in fresh}
        recording = _Recording(change, list(some)) if some else None
        for id_ in part:
            equals, superseded = seen.get(id_, (None, False))
            loaded = Loaded(id_, "unchanged", equals=equals if superseded else None)
            if recording and id_ in some:
                counts = {"entities": entities[id_], "indicators": indicators[id_]}
                recording.record(some[id_], digests[id_], counts)
                loaded.outcome = "created" if counts["documents"]["created"] else "corrected"
                loaded.changes = {noun: changed for noun, c in counts.items() if (changed := _changed(c))}
            results.append(loaded)
            progress(id_)
        change.flush()
    return results


class _Recording:
    """Recording some documents together, each compared with what is on record of it."""

    def __init__(self, change: Change, documents: Sequence[str]) -> None:
        self.change, session = change, change.session
        texts = select(col(Text.document_id), col(Text.sha256)).where(col(Text.document_id).in_(documents))
        self.texts = {(id_, sha256) for id_, sha256 in session.execute(texts)}
        self.merges = merges_within(session, documents)
        nouns: tuple[type[Recorded], ...] = (Document, Entity, Mention, Quote, Claim)
        self.known = {noun: known_of(session, noun, documents) for noun in nouns}
        ended = update(DocumentState).where(
            col(DocumentState.document_id).in_(documents), col(DocumentState.superseded).is_(None)
        )
        session.execute(ended.values(superseded=change.key))

    def record(self, drafts: DocumentDrafts, digest: str, counts: dict[str, Counter[str]]) -> None:
        """The rows of one document; what was done is counted by noun."""
        source = drafts.source
        if (source.id, source.sha256) not in self.texts:
            row = {"document_id": source.id, "sha256": source.sha256, "text": source.text}
            self.change.enter(Text, row)
        on_record = self.known[Document][source.id]
        counts["documents"] = Counter([record(self.change, drafts.document(), on_record)])
        parts: tuple[tuple[str, type[Recorded], Iterable[Draft]], ...] = (
            ("entities", Entity, in_merges(drafts, self.merges.get(source.id, {}))),
            ("mentions", Mention, drafts.mentions()),
            ("quotes", Quote, drafts.quotes()),
            ("claims", Claim, drafts.claims()),
        )
        for noun, model, new in parts:
            on_record = self.known[model][source.id]
            count = counts.setdefault(noun, Counter())
            count.update([record(self.change, draft, on_record) for draft in new])
            # What the document no longer has is withdrawn.
            self.change.close(model, [key for key, _ in on_record.values()])
            count["withdrawn"] += len(on_record)
        self._record_state(drafts, digest)

    def _record_state(self, drafts: DocumentDrafts, digest: str) -> None:
        state = {"document_id": drafts.source.id, "digest": digest}
        self.change.enter(DocumentState, {**state, "recorded": self.change.key, "superseded": None})
        for noun, ids in drafts.listed().items():
            listed = ({**state, "noun": noun, "position": at, "id": id_} for at, id_ in enumerate(ids))
            self.change.enter(Listed, *listed)


def _changed(counts: Counter[str]) -> dict[str, int]:
    return {outcome: counts[outcome] for outcome in ("created", "corrected", "withdrawn") if counts[outcome]}
