"""Loading annotated documents: one transaction; rows for what changed, nothing for what was seen before."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sqlalchemy import exists, insert, select, update
from sqlmodel import Session, col

from annotations.agreement import Disagreement
from annotations.annotated import AnnotatedDocument
from annotations.merging import in_merges
from annotations.recording import Draft, known, record, unrecorded
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
from models.recorded import key_run
from models.session import Database
from models.text import Text

__all__ = ["Disagreement", "Loaded", "load"]
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
        folded = fold(term.id, term.label, term.definition)
        record(change, Draft(Measure(**unrecorded(folded), **asdict(term))), on_record)
    change.flush()


def _load(
    change: Change, documents: Sequence[AnnotatedDocument], progress: Callable[[str], None], *, again: bool
) -> list[Loaded]:
    digests = {document.id: state_digest(document) for document in documents}
    seen = {
        id_: found for id_, digest in digests.items() if (found := seen_before(change.session, id_, digest))
    }
    for id_ in [id_ for id_, (_, superseded) in seen.items() if again and superseded]:
        del seen[id_]
        digests[id_] = anew(digests[id_], change.key)
    fresh = {d.id: DocumentDrafts(d) for d in documents if d.id not in seen}
    shared = Shared(change, fresh.values())
    # Indicators first: a place is not withdrawn while one refers to it.
    indicators, entities = shared.record_indicators(), shared.record_entities()
    results = []
    for document in documents:
        equals, superseded = seen.get(document.id, (None, False))
        loaded = Loaded(document.id, "unchanged", equals=equals if superseded else None)
        if drafts := fresh.get(document.id):
            counts = {"entities": entities[document.id], "indicators": indicators[document.id]}
            _record_document(change, drafts, counts)
            _record_state(change, drafts, digests[document.id])
            # Now, so that no more than one document waits in memory.
            change.flush()
            loaded.outcome = "created" if counts["documents"]["created"] else "corrected"
            loaded.changes = {noun: changed for noun, c in counts.items() if (changed := _changed(c))}
        results.append(loaded)
        progress(document.id)
    return results


def _record_document(change: Change, drafts: DocumentDrafts, counts: dict[str, Counter[str]]) -> None:
    session, source = change.session, drafts.source
    same = (col(Text.document_id) == source.id) & (col(Text.sha256) == source.sha256)
    if not session.scalar(select(exists().where(same))):
        change.add(Text(document_id=source.id, sha256=source.sha256, text=source.text))
    on_record = known(session, Document, col(Document.id) == source.id)
    counts["documents"] = Counter([record(change, drafts.document(), on_record)])
    parts: tuple[tuple[str, Any, Iterable[Draft]], ...] = (
        ("entities", Entity, in_merges(session, drafts)),
        ("mentions", Mention, drafts.mentions()),
        ("quotes", Quote, drafts.quotes()),
        ("claims", Claim, drafts.claims()),
    )
    for noun, model, new in parts:
        on_record = known(session, model, model.document_id == source.id)
        count = counts.setdefault(noun, Counter())
        count.update(record(change, draft, on_record) for draft in new)
        # What the document no longer has is withdrawn.
        change.close(model, (key for key, _ in on_record.values()))
        count["withdrawn"] += len(on_record)


def _record_state(change: Change, drafts: DocumentDrafts, digest: str) -> None:
    document = drafts.source.id
    last = update(DocumentState).where(
        col(DocumentState.document_id) == document, col(DocumentState.superseded).is_(None)
    )
    change.session.execute(last.values(superseded=change.key))
    change.add(DocumentState(document_id=document, digest=digest, recorded=change.key))
    for noun, ids in drafts.listed().items():
        change.add(
            *(
                Listed(document_id=document, digest=digest, noun=noun, position=position, id=id_)
                for position, id_ in enumerate(ids)
            )
        )


def _changed(counts: Counter[str]) -> dict[str, int]:
    return {outcome: counts[outcome] for outcome in ("created", "corrected", "withdrawn") if counts[outcome]}
