"""Which events a revision brings: what readers, and what the desk, can see now and could not before."""

from sqlalchemy import text
from sqlmodel import Session

_NUMBER = "(SELECT r.number FROM revision r WHERE r.key = {})"
# Rows that were valid before the revision with key :key, and those that are after it, while it is the newest one …
_NOW = (
    "({0}.superseded = :key OR ({0}.superseded IS NULL AND {0}.recorded <> :key))",
    "{0}.superseded IS NULL",
)
# … and of a revision long ago.
_THEN = tuple(
    f"{_NUMBER.format('{0}.recorded')} {enters} :number"
    f" AND ({{0}}.superseded IS NULL OR {_NUMBER.format('{0}.superseded')} {leaves} :number)"
    for enters, leaves in (("<", ">="), ("<=", ">"))
)
# By audience: the statuses of a document that it sees.
_SEES = {"kind": "<> 'withdrawn'", "public": "= 'published'"}
_BELOW = ("quote", "claim", "entity")
# Entities of the states of documents that the revision records or ends.
_TOUCHED = " UNION ".join(
    "SELECT l.id FROM document_state s JOIN listed l ON l.document_id = s.document_id AND l.digest = s.digest"
    f" AND l.noun = 'entity' WHERE s.{bound} = :key"
    for bound in ("recorded", "superseded")
)


def record_events(session: Session, key: int, number: int, *, newest: bool = True) -> None:
    """Write the events of the revision with this key and number; its rows must have been sent."""
    before, after = _NOW if newest else _THEN
    session.execute(text(_statement(before, after)), {"key": key, "number": number})


def _statement(before: str, after: str) -> str:
    items = [
        *_changed("document", "id", 0),
        *(
            part
            for rank, table in enumerate(_BELOW, 1)
            for part in (*_changed(table, "document_id", rank), _shown(table, rank, before, after))
        ),
        _named(before, after),
        *_survivors(before, after),
    ]
    told = {
        f"{column}_{when}": f"({_document(sees, valid)} OR {_shared(sees, valid, found)})"
        for column, sees in _SEES.items()
        for when, valid, found in (("before", before, "i.before_key"), ("after", after, "i.row_key"))
    }
    kinds = {column: _kind(column) for column in _SEES}
    return f"""
        WITH touched AS ({_TOUCHED}),
        item AS ({" UNION ".join(items)}),
        seen AS (
            SELECT i.*, o.merged_into AS merged_before, n.merged_into AS merged_after,
                {", ".join(f"(CASE WHEN {told} THEN 1 ELSE 0 END) AS {name}" for name, told in told.items())}
            FROM item i
            LEFT JOIN entity o ON i.noun = 'entity' AND o.row_key = i.before_key
            LEFT JOIN entity n ON i.noun = 'entity' AND n.row_key = i.row_key
        ),
        found AS (SELECT s.*, {", ".join(f"{kind} AS {column}" for column, kind in kinds.items())} FROM seen s)
        INSERT INTO event (revision, position, noun, id, document_id, kind, public, row_key, before_key)
        SELECT :number, row_number() OVER (ORDER BY rank, id) - 1, noun, id, document_id, kind, public,
            row_key, before_key
        FROM found WHERE kind IS NOT NULL OR public IS NOT NULL
    """


def _item(table: str, document: str, rank: int, keys: str, rows: str) -> str:
    named = "o" if keys.startswith("NULL") else "n"
    return f"SELECT {rank} AS rank, '{table}' AS noun, {named}.id AS id, {named}.{document} AS document_id, {keys} {rows}"


def _changed(table: str, document: str, rank: int) -> list[str]:
    """Rows that the revision records, with those that they follow; and rows that nothing follows."""
    # An id names one item, in whatever document: but it is found faster within its own.
    same = "o.id = n.id" + (" AND o.document_id = n.document_id" if table in ("quote", "claim") else "")
    return [
        _item(
            table, document, rank, "n.row_key AS row_key, o.row_key AS before_key",
            f"FROM {table} n LEFT JOIN {table} o ON {same} AND o.superseded = :key WHERE n.recorded = :key",
        ),
        _item(
            table, document, rank, "NULL AS row_key, o.row_key AS before_key",
            f"FROM {table} o WHERE o.superseded = :key"
            f" AND NOT EXISTS (SELECT 1 FROM {table} n WHERE {same} AND n.recorded = :key)",
        ),
    ]  # fmt: skip


def _shown(table: str, rank: int, before: str, after: str) -> str:
    """What stays as it is, while its document gets another status."""
    return _item(
        table, "document_id", rank, "n.row_key AS row_key, n.row_key AS before_key",
        f"FROM document d JOIN document e ON e.id = d.id AND e.superseded = :key AND e.status <> d.status"
        f" JOIN {table} n ON n.document_id = d.id AND {before.format('n')} AND {after.format('n')}"
        " WHERE d.recorded = :key",
    )  # fmt: skip


# SQLite takes the tables of a CROSS JOIN as they are written: what is touched is little, the record is much.
def _named(before: str, after: str) -> str:
    """Named entities that stay as they are, while a document that lists them changes."""
    return _item(
        "entity", "document_id", 3, "n.row_key AS row_key, n.row_key AS before_key",
        "FROM touched t CROSS JOIN entity n"
        f" WHERE n.id = t.id AND n.document_id IS NULL AND {before.format('n')} AND {after.format('n')}",
    )  # fmt: skip


def _survivors(before: str, after: str) -> list[str]:
    """Survivors that stay as they are, while what is merged into them, or a document that lists it, changes."""
    stays = f"n.document_id IS NULL AND {before.format('n')} AND {after.format('n')}"
    # What is touched is not joined: for a filter of its ids SQLite would look through all entities first.
    listing = (
        f"FROM entity m CROSS JOIN entity n WHERE n.id = m.survivor AND {stays}"
        f" AND m.id IN (SELECT t.id FROM touched t) AND ({before.format('m')} OR {after.format('m')})"
    )
    merging = (
        f"FROM entity m CROSS JOIN entity n WHERE n.id = m.survivor AND {stays}"
        " AND (m.recorded = :key OR m.superseded = :key)"
    )
    keys = "n.row_key AS row_key, n.row_key AS before_key"
    return [_item("entity", "document_id", 3, keys, rows) for rows in (listing, merging)]


def _document(sees: str, valid: str) -> str:
    """The item stands in a document that can be seen."""
    return f"EXISTS (SELECT 1 FROM document d WHERE d.id = i.document_id AND {valid.format('d')} AND d.status {sees})"


def _shared(sees: str, valid: str, key: str) -> str:
    """The item is shared, and a document that can be seen lists it, or none lists it at all, or the desk made it.

    Documents may list it by the id of one that is merged into it.
    """
    lists = (
        "SELECT 1 FROM listed l JOIN document_state s ON s.document_id = l.document_id AND s.digest = l.digest"
        f" AND {valid.format('s')}"
    )
    can = f"JOIN document d ON d.id = l.document_id AND {valid.format('d')} AND d.status {sees}"
    itself = "WHERE l.id = i.id AND l.noun = 'entity'"
    merged = (
        f"JOIN entity m ON m.id = l.id AND {valid.format('m')} WHERE m.survivor = i.id AND l.noun = 'entity'"
    )
    made = f"SELECT 1 FROM entity a WHERE a.row_key = {key} AND a.authority = 'made'"
    return (
        f"(i.document_id IS NULL AND {key} IS NOT NULL AND (EXISTS ({lists} {can} {itself})"
        f" OR NOT EXISTS ({lists} {itself}) OR EXISTS ({lists} {can} {merged}) OR EXISTS ({made})))"
    )


def _kind(column: str) -> str:
    before = f"(s.before_key IS NOT NULL AND s.{column}_before = 1 AND s.merged_before IS NULL)"
    after = f"(s.row_key IS NOT NULL AND s.{column}_after = 1 AND s.merged_after IS NULL)"
    return (
        f"CASE WHEN {before} AND {after} THEN CASE WHEN s.row_key <> s.before_key THEN 'corrected' END"
        f" WHEN {before} AND s.merged_after IS NOT NULL THEN 'merged' WHEN {before} THEN 'withdrawn'"
        f" WHEN {after} AND s.merged_before IS NOT NULL THEN 'unmerged' WHEN {after} THEN 'created' END"
    )
