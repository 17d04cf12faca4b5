"""Preparing what a revision touches: its items as they are shown, and what their lists find them by.

It is done in the transaction of the revision itself, before it is sealed, by the same selects and the same
rendering that answer a request.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, update
from sqlmodel import Session, col

from api.listing.filters import Exact, Narrow
from api.listing.holes import EDGE, REVISION, perforated
from api.listing.parts import fetch_parts
from api.listing.reading import Reading
from api.listing.resource import Resource
from api.listing.sql import among, select
from models.document import Document, DocumentState
from models.prepared import Complete, Found, Prepared, Shown
from models.record import Change
from models.revision import Counter
from models.sending import send
from models.session import Database

# Documents whose items are in memory at once.
AT_ONCE = 50
_UNSEALED = EDGE + REVISION.encode() + EDGE
# Of a row by what it is, and then by what it says.
Rows = dict[tuple[Any, ...], dict[str, Any]]


def preparer(resources: Iterable[Resource]) -> Callable[[Change], None]:
    """What prepares everything that a change touches of these resources; see `models.record.Change.seal`."""
    prepared = tuple(resource for resource in resources if resource.prepared)

    def prepare(change: Change) -> None:
        documents = iter(sorted(change.documents))
        while part := list(islice(documents, AT_ONCE)):
            _Preparing(change.session, change.key, part).run(prepared)

    return prepare


def fill(database: Database, resources: Iterable[Resource], progress: Callable[[str], None]) -> None:
    """Prepare what is not: of a record that was written by an earlier release, or by who prepares nothing.

    Its rows hold since the documents' newest states. It takes a transaction for some documents at a time,
    and the next call goes on where this one was interrupted.
    """
    prepared = tuple(resource for resource in resources if resource.prepared)
    with database.read() as session:
        if session.execute(select(col(Complete.number))).scalar_one() is not None:
            return
    documents: Sequence[Any] = [None]
    while documents:
        with database.write() as session:
            documents = session.execute(_unprepared()).all()
            for document, key in documents:
                _Preparing(session, key, [document]).run(prepared)
            if not documents:
                newest = select(col(Counter.number)).scalar_subquery()
                session.execute(update(Complete).values(number=newest))
        progress(f"{len(documents)} documents prepared")


def _unprepared() -> Any:
    """Some documents that are shown but not prepared, with the keys of their newest states."""
    prepared = select(1).where(col(Shown.row_key) == Document.row_key, col(Shown.until).is_(None))
    state = (col(DocumentState.document_id) == Document.id) & col(DocumentState.superseded).is_(None)
    rows = select(col(Document.id), col(DocumentState.recorded)).join(DocumentState, state)
    rows = rows.where(col(Document.superseded).is_(None), col(Document.status) != "withdrawn")
    return rows.where(~prepared.correlate(Document).exists()).order_by(col(Document.id)).limit(AT_ONCE)


@dataclass(frozen=True)
class _Preparing:
    """Some documents in the session that writes them; `key` is the revision since which the rows hold."""

    session: Session
    key: int
    documents: Sequence[str]

    def run(self, resources: Iterable[Resource]) -> None:
        sqlite = self.session.get_bind().dialect.name == "sqlite"
        # As the desk sees it: who may see a document is asked when it is read.
        reading = Reading(self.session, 0, 0, "", sqlite, desk=True, unsealed=True)
        shown: Rows = {}
        found: Rows = {}
        for resource in resources:
            if items := self._items(reading, resource):
                shown |= self._shown(reading, resource, items)
                found |= _found(reading, resource, items)
        self._record(Shown, shown)
        self._record(Found, found)

    def _items(self, reading: Reading, resource: Resource) -> Sequence[Any]:
        model = resource.model
        of: Any = model.id if model is Document else model.document_id
        own = {
            "of_document": of,
            "own_rank": resource.own_order.columns[0],
            "own_start": getattr(model, "start", of),
        }
        columns = (column.label(name) for name, column in own.items())
        rows = resource.select(reading).where(of.in_(self.documents)).add_columns(*columns)
        return self.session.execute(rows).mappings().all()

    def _shown(self, reading: Reading, resource: Resource, items: Sequence[Any]) -> Rows:
        parts = fetch_parts(reading, resource.parts, [item["row_key"] for item in items])
        sealed = EDGE + f"{REVISION}{self.key}".encode() + EDGE
        rows: Rows = {}
        for item in items:
            document, row_key = item["of_document"], item["row_key"]
            body = perforated(resource.render(item, parts[row_key])).replace(_UNSEALED, sealed).decode()
            rows[(row_key,)] = {"document_id": document, "row_key": row_key, "body": body}
        return rows

    def _record(self, model: type[Prepared], rows: Rows) -> None:
        """Rows for what is new or other than before; those that no longer hold are ended."""
        table: Any = model.__table__  # type: ignore[attr-defined]
        said = [column for column in table.columns if column.name not in ("since", "until")]
        keys = [column.name for column in table.primary_key]
        own = [name for name in keys if name not in ("document_id", "since")]
        holding = select(*said).where(table.c.document_id.in_(self.documents), table.c.until.is_(None))
        ended = []
        for row in self.session.execute(holding).mappings():
            name = tuple(row[part] for part in own)
            if rows.get(name) == dict(row):
                del rows[name]
            else:
                ended.append({f"ended_{part}": row[part] for part in ("document_id", *own)})
        connection = self.session.connection()
        if ended:
            those = [table.c[part] == bindparam(f"ended_{part}") for part in ("document_id", *own)]
            ending = update(table).where(*those, table.c.until.is_(None)).values(until=self.key)
            connection.execute(ending, ended)
        if rows:
            holds = {"since": self.key, "until": None}
            send(connection, model, [row | holds for row in rows.values()])


def _found(reading: Reading, resource: Resource, items: Sequence[Any]) -> Rows:
    by_key = {item["row_key"]: item for item in items}
    rows: Rows = {}
    relations = (one for one in resource.filters if isinstance(one, Exact) and one.prepared)
    for filter in relations:
        name = filter.prepared
        for owner, value in _values(reading, filter, list(by_key)):
            item = by_key[owner]
            rows[owner, name, value] = {
                "document_id": item["of_document"], "row_key": owner, "name": name, "value": value,
                "rank": item["own_rank"], "start": item["own_start"], "id": item["id"],
            }  # fmt: skip
    return rows


def _values(reading: Reading, filter: Exact, keys: Sequence[int]) -> Iterator[tuple[int, str]]:
    assert filter.by is not None, "only relations are prepared"
    owners = select(filter.key).where(filter.key.in_(among(keys, sqlite=reading.sqlite))).correlate(None)
    relation = filter.by(reading, Narrow(owners=owners)).subquery()
    for owner, value in reading.session.execute(select(relation.c.owner, relation.c.value).distinct()):
        if value is not None:
            yield owner, value
