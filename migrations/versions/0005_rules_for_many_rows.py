"""The same rules, looked at once for many rows; the full-text index, written once a revision.

On PostgreSQL a rule about rows that enter is looked at when a statement ends, for all of its rows together. On
SQLite the words of all rows of a revision enter the full-text index when it is sealed, in one statement a table.
"""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.rules import Rule, apart, create, create_at_once, create_together, drop, sealed

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STEPS = tuple(
    import_module(f"migrations.versions.{name}")
    for name in ("0002_rules_and_words", "0003_following_and_keeping")
)
NOUNS = ("measure", "entity", "indicator", "document", "mention", "quote", "claim")
# Characters.
PIECE = 1024
# What a purge may delete.
DELETED = ("entity", "indicator", "document", "mention", "quote", "claim")


def _entering() -> Iterator[Rule]:
    """Rules about rows that enter."""
    rules = [*STEPS[0]._rules(), *STEPS[1]._new()]
    return (rule for rule in rules if rule.event == "INSERT")


def _exact() -> str:
    """The condition that words are not the text's between the offsets.

    PostgreSQL counts all characters of a text to find some of them: so each text is cut, once a statement, into
    pieces of which each begins PIECE characters after the one before and overlaps the next.
    """
    stands = "t.document_id = e.document_id AND t.sha256 = e.text_sha256"
    texts = (
        f"SELECT e.*, (SELECT t.text || '' FROM text t WHERE {stands}) AS text"
        " FROM (SELECT DISTINCT document_id, text_sha256 FROM entering) e OFFSET 0"
    )
    pieces = (
        f"SELECT t.document_id, t.text_sha256, at, substr(t.text, at * {PIECE} + 1, 2 * {PIECE}) AS text"
        f" FROM ({texts}) t, generate_series(0, length(t.text) / {PIECE}) at"
    )
    long = f'SELECT substr(t.text, e."start" + 1, e."end" - e."start") = e.exact FROM text t WHERE {stands}'
    short = f'substr(p.text, e."start" - p.at * {PIECE} + 1, e."end" - e."start") = e.exact'
    return (
        f"EXISTS (WITH piece AS MATERIALIZED ({pieces}) SELECT 1 FROM entering e LEFT JOIN piece p"
        f' ON p.document_id = e.document_id AND p.text_sha256 = e.text_sha256 AND p.at = e."start" / {PIECE}'
        f' WHERE (CASE WHEN e."end" > (p.at + 2) * {PIECE} THEN ({long}) ELSE {short} END) IS NOT TRUE)'
    )


def _on_postgresql(rule: Rule) -> Iterator[str]:
    if rule.table == "revision":
        # One row a statement, and many that it looks at.
        refused = apart(rule.refused)
        if rule.name in ("listed_quote", "listed_claim"):
            # They are the document's own, and found by its key.
            refused = refused.replace("g.id = x.id", "g.document_id = x.document_id AND g.id = x.id")
        yield next(create(replace(rule, refused=refused), sqlite=False))
        return
    yield drop(rule.trigger, sqlite=False)
    if rule.name != "exact":
        yield from create_together(rule)
        return
    yield from create_at_once(rule, _exact())
    # Whatever it was planned for first: rows and pieces are many, but not so many that compiling would pay.
    yield f"ALTER FUNCTION {rule.trigger}() SET enable_nestloop = off SET jit = off"


def _words(table: str, event: str, change: str, when: str = "") -> str:
    name = f"{table}_{event.split(maxsplit=1)[0].lower()}_words"
    return f"CREATE TRIGGER {name} AFTER {event} ON {table} {when} BEGIN {change} END"


def _delete(table: str) -> str:
    return f"INSERT INTO {table}_words ({table}_words, rowid, folded) VALUES ('delete', OLD.row_key, OLD.folded);"


def _index_revision() -> str:
    """Ends with each revision: its rows can be found. Their keys rise, as the index likes it."""
    statements = (
        f"INSERT INTO {table}_words (rowid, folded)"
        f" SELECT row_key, folded FROM {table} WHERE recorded = NEW.key ORDER BY row_key;"
        for table in NOUNS
    )
    return _words("revision", "INSERT", " ".join(statements))


def _index_row(table: str) -> str:
    return f"INSERT INTO {table}_words (rowid, folded) VALUES (NEW.row_key, NEW.folded);"


def _run(*statements: str) -> None:
    for statement in statements:
        op.execute(sa.text(statement.replace(":", "\\:")))


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for rule in _entering():
            _run(*_on_postgresql(rule))
        return
    _run(*(f"DROP TRIGGER {table}_insert_words" for table in NOUNS), _index_revision())
    # What is not sealed yet is not in the index either.
    indexed = f"WHEN {sealed('OLD.recorded')}"
    for table in DELETED:
        _run(f"DROP TRIGGER {table}_delete_words", _words(table, "DELETE", _delete(table), indexed))
    _run(
        "DROP TRIGGER entity_update_words",
        _words("entity", "UPDATE OF folded", _delete("entity") + _index_row("entity"), indexed),
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for rule in _entering():
            _run(drop(rule.trigger, sqlite=False), *create(rule, sqlite=False))
        return
    _run("DROP TRIGGER revision_insert_words")
    _run(*(_words(table, "INSERT", _index_row(table)) for table in NOUNS))
    for table in DELETED:
        _run(f"DROP TRIGGER {table}_delete_words", _words(table, "DELETE", _delete(table)))
    _run(
        "DROP TRIGGER entity_update_words",
        _words("entity", "UPDATE OF folded", _delete("entity") + _index_row("entity")),
    )
