"""Recording a row: it is told apart from the one on record by a digest of all that it says."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from json import JSONEncoder
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, SQLModel, col

from models.claim import ClaimSource
from models.document import Document
from models.entity import Alias
from models.quote import Speaker
from models.record import Change
from models.recorded import Recorded
from models.sending import Row, columns_of
from models.span import Span
from models.timex import Timex

# The column by which a row that is owned points at its owner's row.
OWNER_KEYS: dict[type[SQLModel], str] = {
    Alias: "entity_key",
    Speaker: "quote_key",
    ClaimSource: "claim_key",
    Span: "owner_key",
    Timex: "owner_key",
}
_GIVEN_LATER = {"row_key", "recorded", "superseded", "digest", *OWNER_KEYS.values()}
# As many ids as one statement is sent; SQLite takes 32,766 parameters, and planning grows with them.
AT_ONCE = 1000

Key = TypeVar("Key", str, int)
Owned = tuple[type[SQLModel], Row]
"""A row that belongs to another one, with its table."""
Known = dict[str, tuple[int, str]]
"""Row key and digest of current rows by id."""


@dataclass(slots=True)
class Draft:
    """A row of `noun` to be recorded, with the rows that it owns; keys and revision are given when it is."""

    noun: type[Recorded]
    row: Row
    owned: list[Owned] = field(default_factory=list)
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        said = [_said(self.noun, self.row), *(_said(table, row) for table, row in self.owned)]
        self.digest = hashlib.sha256(_json(said).encode()).hexdigest()

    @property
    def id(self) -> str:
        return str(self.row["id"])


def record(change: Change, draft: Draft, known: Known) -> str:
    """Record a draft that differs from the current row of its id, which it takes out of `known`."""
    current = known.pop(draft.id, None)
    if current and current[1] == draft.digest:
        return "unchanged"
    if current:
        change.close(draft.noun, [current[0]])
    key = next(change.keys)
    keys = {"row_key": key, "recorded": change.key, "superseded": None, "digest": draft.digest}
    change.enter(draft.noun, {**draft.row, **keys})
    for table, row in draft.owned:
        change.enter(table, {**row, OWNER_KEYS[table]: key})
    return "corrected" if current else "created"


def known(session: Session, model: type[Recorded], *where: ColumnElement[bool]) -> Known:
    """The current rows for which all conditions hold."""
    id_: ColumnElement[str] = model.id  # type: ignore[attr-defined]  # every recorded noun has one
    columns = select(id_, col(model.row_key), col(model.digest))
    found = session.execute(columns.where(col(model.superseded).is_(None), *where))
    return {row_id: (key, digest) for row_id, key, digest in found}


def known_of(session: Session, noun: type[Recorded], documents: Collection[str]) -> dict[str, Known]:
    """The current rows that belong to these documents, by document."""
    model: Any = noun
    document = model.id if noun is Document else model.document_id
    rows = select(document, model.id, model.row_key, model.digest)
    rows = rows.where(document.in_(documents), model.superseded.is_(None))
    found: dict[str, Known] = {id_: {} for id_ in documents}
    for owner, id_, key, digest in session.execute(rows):
        found[owner][id_] = (key, digest)
    return found


def parts(ids: Iterable[Key]) -> Iterator[list[Key]]:
    """The ids or keys, as many at once as one statement is sent."""
    listed = list(ids)
    for start in range(0, len(listed), AT_ONCE):
        yield listed[start : start + AT_ONCE]


# Digests are kept: what is written here, to the last space, must stay as it is.
_json = JSONEncoder(ensure_ascii=False, check_circular=False).encode
_names: dict[type[SQLModel], list[str]] = {}


def _said(table: type[SQLModel], row: Row) -> dict[str, Any]:
    """What the row says. What it leaves out is left out, so that a new column changes no digest."""
    names = _names.get(table)
    if names is None:
        names = _names[table] = sorted(set(columns_of(table)) - _GIVEN_LATER)
    said: dict[str, Any] = {"table": table.__name__}
    for name in names:
        if (value := row[name]) is not None:
            said[name] = value
    return said
