"""Loading annotated documents: one transaction, new rows only for what changed, nothing for what was seen before."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from annotations.annotated import AnnotatedDocument
from annotations.rows import DocumentDrafts, Draft
from models.claim import Claim
from models.document import Document, DocumentState
from models.entity import Alias, Entity
from models.folding import fold
from models.indicator import Indicator
from models.measure import Measure
from models.measures import Term
from models.mention import Mention
from models.quote import Quote
from models.record import Change, Conflict
from models.recorded import Recorded
from models.session import Database
from models.text import Text

ATTEMPTS = 5
Outcome = Literal["created", "corrected", "unchanged"]


class Disagreement(ValueError):
    """What a document says of a named entity contradicts the record."""


@dataclass
class Loaded:
    """What loading one document did: how many rows of each noun were `created`, `corrected` or `withdrawn`."""

    document: str
    outcome: Outcome
    revision: int | None = None
    changes: dict[str, dict[str, int]] = field(default_factory=dict)


def load(
    database: Database,
    documents: Sequence[AnnotatedDocument],
    measures: Mapping[str, Term],
    *,
    agent: str | None = None,
    tool: str = "onrecord load",
    progress: Callable[[str], None] = lambda document: None,
) -> list[Loaded]:
    """Load all of the documents or none; those that equal their current or any earlier state change nothing.

    Raises Disagreement where a document contradicts the record about a named entity.
    """
    for attempt in range(ATTEMPTS):
        try:
            with database.write() as session:
                change = Change(session)
                record_measures(change, measures)
                results = []
                for document in documents:
                    results.append(_load_one(change, document))
                    progress(document.id)
                if change:
                    number = change.seal(agent=agent, tool=tool, reason="load")
                    for result in results:
                        result.revision = number if result.outcome != "unchanged" else None
                return results
        except (Conflict, IntegrityError) as error:
            # Only a race is worth another try; a rule that was broken stays broken.
            if attempt + 1 == ATTEMPTS or not (
                isinstance(error, Conflict) or "UNIQUE" in str(error.orig).upper()
            ):
                raise
    raise AssertionError("the last attempt returns or raises")


def record_measures(change: Change, measures: Mapping[str, Term]) -> None:
    """Bring the measures on record up to the vocabulary; terms that it no longer has stay on record."""
    known = _current(change.session, Measure)
    for term in measures.values():
        row = Measure(
            row_key=0,
            recorded=0,
            digest="",
            folded=fold(term.id, term.label, term.definition),
            **asdict(term),
        )
        _record(change, Draft(row), known)
    change.flush()


def _load_one(change: Change, source: AnnotatedDocument) -> Loaded:
    digest = hashlib.sha256(json.dumps(asdict(source), default=str).encode()).hexdigest()
    seen = exists().where(DocumentState.document_id == source.id, DocumentState.digest == digest)  # type: ignore[arg-type]
    if change.session.scalar(select(seen)):
        return Loaded(source.id, "unchanged")
    drafts, session = DocumentDrafts(source), change.session
    text = exists().where(Text.document_id == source.id, Text.sha256 == source.sha256)  # type: ignore[arg-type]
    if not session.scalar(select(text)):
        change.add(Text(document_id=source.id, sha256=source.sha256, text=source.text))
    changes: dict[str, dict[str, int]] = {}

    def record(
        noun: str, new: Iterable[Draft], known: dict[str, tuple[int, str]], withdraw: type[Recorded] | None
    ) -> None:
        counts = Counter(_record(change, draft, known) for draft in new)
        if withdraw and known:
            change.close(withdraw, (key for key, _ in known.values()))
            counts["withdrawn"] = len(known)
        changes[noun] = {
            outcome: counts[outcome] for outcome in ("created", "corrected", "withdrawn") if counts[outcome]
        }

    record("documents", [drafts.document()], _current(session, Document, Document.id == source.id), None)
    _record_entities(change, drafts, record)
    record("indicators", drafts.indicators(), _current(session, Indicator), None)
    for noun, model, new in (
        ("mentions", Mention, drafts.mentions()),
        ("quotes", Quote, drafts.quotes()),
        ("claims", Claim, drafts.claims()),
    ):
        record(noun, new, _current(session, model, model.document_id == source.id), model)
    change.add(DocumentState(document_id=source.id, digest=digest, recorded=change.key))
    # Now, so that the next document of this load sees the entities of this one.
    change.flush()
    created = changes["documents"].get("created")
    return Loaded(
        source.id, "created" if created else "corrected", changes={k: v for k, v in changes.items() if v}
    )


def _record_entities(change: Change, drafts: DocumentDrafts, record: Callable[..., None]) -> None:
    new = list(drafts.entities())
    own = [draft for draft in new if isinstance(draft.row, Entity) and draft.row.document_id]
    named = [draft for draft in new if draft not in own]
    ids = [draft.row.id for draft in named if isinstance(draft.row, Entity)]
    session = change.session
    named_on_record = session.execute(
        select(Entity).where(Entity.id.in_(ids), Entity.superseded.is_(None))
    ).scalars()  # type: ignore[attr-defined, union-attr]
    on_record = {entity.id: entity for entity in named_on_record}
    aliases: dict[int, list[str]] = {}
    keys = [entity.row_key for entity in on_record.values()]
    rows = session.execute(select(Alias).where(Alias.entity_key.in_(keys)).order_by(Alias.position))  # type: ignore[attr-defined, arg-type]
    for alias in rows.scalars():
        aliases.setdefault(alias.entity_key, []).append(alias.alias)
    agreed = []
    for draft in named:
        assert isinstance(draft.row, Entity)
        known = on_record.get(draft.row.id)
        agreed.append(draft if known is None else _agreed(draft, known, aliases.get(known.row_key, [])))
    current = {entity.id: (entity.row_key, entity.digest) for entity in on_record.values()}
    record("entities", agreed, current, None)
    record("own_entities", own, _current(session, Entity, Entity.document_id == drafts.source.id), Entity)


def _agreed(draft: Draft, known: Entity, known_aliases: list[str]) -> Draft:
    """What the record and one more document say of an entity together.

    A document need not repeat what the record knows: what it leaves out stays, its aliases are added.
    """
    row = draft.row
    assert isinstance(row, Entity)
    for name in ("kind", "wikidata"):
        ours, theirs = getattr(known, name), getattr(row, name)
        if ours and theirs and ours != theirs:
            raise Disagreement(
                f"entity {row.id}: the record has {name} {ours}, the document {theirs}; use another key or agree"
            )
    for name in (
        "description",
        "wikidata",
        "country",
        "part_of",
        "acts_for",
        "latitude",
        "longitude",
        "merged_into",
    ):
        if getattr(row, name) is None:
            setattr(row, name, getattr(known, name))
    stated = [alias.alias for alias in draft.owned if isinstance(alias, Alias)]
    names = list(dict.fromkeys([*known_aliases, *stated]))
    row.folded = fold(row.name, *names, row.description)
    owned = [
        Alias(entity_key=0, position=i, alias=alias, folded=fold(alias)) for i, alias in enumerate(names)
    ]
    return Draft(row, list(owned))


def _current(session: Session, model: type[Recorded], *where: object) -> dict[str, tuple[int, str]]:
    """Row key and digest of the current rows by id."""
    columns = select(model.id, model.row_key, model.digest)  # type: ignore[attr-defined]
    rows = session.execute(columns.where(model.superseded.is_(None), *where))  # type: ignore[union-attr, arg-type]
    return {id_: (key, digest) for id_, key, digest in rows}


def _record(change: Change, draft: Draft, known: dict[str, tuple[int, str]]) -> str:
    """Record a draft that differs from the current row of its id, which it takes out of `known`."""
    key, digest = known.pop(draft.row.id, (None, None))  # type: ignore[attr-defined]
    if digest == draft.row.digest:
        return "unchanged"
    if key is not None:
        change.close(type(draft.row), [key])
    change.add(*draft.keyed(next(change.keys), change.key))
    return "corrected" if key is not None else "created"
