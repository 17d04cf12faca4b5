"""Recording a row: it is told apart from the one on record by a digest of all that it says."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, SQLModel, col

from models.claim import ClaimSource
from models.entity import Alias
from models.quote import Speaker
from models.record import Change
from models.recorded import Recorded
from models.span import Span
from models.timex import Timex

# The field by which a row that is owned points at its owner's row.
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
Known = dict[str, tuple[int, str]]
"""Row key and digest of current rows by id."""


@dataclass
class Draft:
    """A row to be recorded with the rows that it owns; keys and revision are given when it is."""

    row: Recorded
    owned: list[SQLModel] = field(default_factory=list)

    def __post_init__(self) -> None:
        content = [_content(row) for row in (self.row, *self.owned)]
        self.row.digest = hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    @property
    def id(self) -> str:
        return str(getattr(self.row, "id"))  # noqa: B009  # every recorded noun has one, its base class none

    def keyed(self, key: int, revision: int) -> Iterator[SQLModel]:
        """The rows with their keys."""
        self.row.row_key, self.row.recorded = key, revision
        yield self.row
        for row in self.owned:
            setattr(row, OWNER_KEYS[type(row)], key)
            yield row


def unrecorded(folded: str) -> dict[str, Any]:
    """The fields of a recorded row that are known when it is recorded, and its folded words."""
    return {"row_key": 0, "recorded": 0, "digest": "", "folded": folded}


def record(change: Change, draft: Draft, known: Known) -> str:
    """Record a draft that differs from the current row of its id, which it takes out of `known`."""
    current = known.pop(draft.id, None)
    if current and current[1] == draft.row.digest:
        return "unchanged"
    if current:
        change.close(type(draft.row), [current[0]])
    change.add(*draft.keyed(next(change.keys), change.key))
    return "corrected" if current else "created"


def known(session: Session, model: type[Recorded], *where: ColumnElement[bool]) -> Known:
    """The current rows for which all conditions hold."""
    id_: ColumnElement[str] = model.id  # type: ignore[attr-defined]  # every recorded noun has one
    columns = select(id_, col(model.row_key), col(model.digest))
    found = session.execute(columns.where(col(model.superseded).is_(None), *where))
    return {row_id: (key, digest) for row_id, key, digest in found}


def parts(ids: Iterable[Key]) -> Iterator[list[Key]]:
    """The ids or keys, as many at once as one statement is sent."""
    listed = list(ids)
    for start in range(0, len(listed), AT_ONCE):
        yield listed[start : start + AT_ONCE]


def _content(row: SQLModel) -> dict[str, object]:
    """What the row says. What it leaves out is left out, so that a new column changes no digest."""
    columns = sorted(type(row).__table__.columns.keys())  # type: ignore[attr-defined]
    values = {name: getattr(row, name) for name in columns if name not in _GIVEN_LATER}
    return {"table": type(row).__name__} | {k: v for k, v in values.items() if v is not None}
