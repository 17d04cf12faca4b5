"""Following and keeping: events, keys, the audit, subscriptions, purges; merges that lead to one survivor."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlmodel import Session

from migrations.rules import Rule, create, drop, sealed
from models.events import record_events

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
# Whose rows a purge may delete, by the column that says to which document they belong.
PURGED = {
    "document": "id", "text": "document_id", "mention": "document_id", "quote": "document_id",
    "speaker": "document_id", "claim": "document_id", "claim_source": "document_id", "span": "document_id",
    "timex": "document_id", "document_state": "document_id", "listed": "document_id",
}  # fmt: skip
# What a purge may take out of the rows of an entity that stays: a description, and what is made of its words.
REDACTED = ("description", "folded", "digest")
OPEN_PURGE = f"EXISTS (SELECT 1 FROM purge p WHERE NOT {sealed('p.recorded')})"
INDEXED = ("entity", "indicator", "document", "mention", "quote", "claim")
CHANGED: dict[str, dict[str, str | None]] = {
    "document": {"embargo": "embargo IS NULL OR (status = 'embargoed' AND length(embargo) = 24)"},
    "entity": {
        "survivor": "(survivor IS NULL) = (merged_into IS NULL)",
        "authority": "authority IS NULL OR (authority IN ('made', 'edited') AND naming = 'named')",
    },
    "revision": {"note": None},
}


def _purging(noun: str, id: str) -> str:
    return f"EXISTS (SELECT 1 FROM purge p WHERE p.noun = '{noun}' AND p.id = {id} AND NOT {sealed('p.recorded')})"


def _unchanged(table: str, left_out: set[str]) -> Rule:
    columns = sa.inspect(op.get_bind()).get_columns(table)
    names = ", ".join(f'"{column["name"]}"' for column in columns if column["name"] not in left_out)
    return Rule("unchanged", table, f"UPDATE OF {names}", "1 = 1", "nothing changes in place")


def _kept(table: str, unless: str) -> Rule:
    message = "nothing is deleted from the record, unless it is purged"
    return Rule("kept", table, "DELETE", f"NOT ({unless})", message)


def _purges() -> Iterator[Rule]:
    """What is purged may be deleted while the revision is being written that says so."""
    for table, column in PURGED.items():
        yield _kept(table, _purging("document", f"OLD.{column}"))
    own = f"{_purging('document', '{0}.document_id')} OR ({{0}}.document_id IS NULL AND {OPEN_PURGE})"
    yield _kept("entity", own.format("OLD"))
    yield _kept("indicator", OPEN_PURGE)
    yield _kept(
        "alias", f"EXISTS (SELECT 1 FROM entity o WHERE o.row_key = OLD.entity_key AND ({own.format('o')}))"
    )


def _altered() -> Iterator[Rule]:
    """Rules of tables that have more columns now."""
    yield _unchanged("document", {"superseded"})
    yield _unchanged("entity", {"superseded", *REDACTED})
    yield _unchanged("revision", {"note"})


def _new() -> Iterator[Rule]:
    yield Rule(
        "note_unchanged", "revision", "UPDATE OF note", f"NEW.note IS NOT NULL OR NOT {OPEN_PURGE}",
        "a note stays, unless a purge takes its words",
    )  # fmt: skip
    yield Rule(
        "redacted", "entity", f"UPDATE OF {', '.join(REDACTED)}",
        f"NOT {OPEN_PURGE} OR coalesce(NEW.description, OLD.description, '') <> coalesce(OLD.description, '')",
        "nothing changes in place, unless a purge takes its words",
    )  # fmt: skip
    for table in ("event", "audit"):
        yield Rule("unchanged", table, "UPDATE", "1 = 1", "nothing changes in place")
    yield Rule(
        "unchanged", "purge", "UPDATE OF noun, id, recorded, reason", "1 = 1", "nothing changes in place"
    )
    yield Rule(
        "erased_once", "purge", "UPDATE OF erased", "OLD.erased IS NOT NULL OR NEW.erased IS NULL",
        "what is erased stays so",
    )  # fmt: skip
    for table in ("event", "audit", "purge"):
        yield Rule("kept", table, "DELETE", "1 = 1", "nothing is deleted from it")
    for table, column in (("document", "id"), ("document_state", "document_id")):
        back = f"SELECT 1 FROM {table} x JOIN purge p ON p.noun = 'document' AND p.id = x.{column}"
        yield Rule(
            f"{table}_purged", "revision", "INSERT", f"EXISTS ({back} WHERE x.recorded = NEW.key)",
            "what was purged does not come back",
        )  # fmt: skip
    yield Rule(
        "written_with_revision", "event", "INSERT",
        "NOT EXISTS (SELECT 1 FROM counter c WHERE c.number = NEW.revision)",
        "an event belongs to the newest revision",
    )  # fmt: skip
    yield Rule(
        "enters_open",
        "purge",
        "INSERT",
        sealed("NEW.recorded"),
        "a purge comes with the revision being written",
    )
    leads = "g.id = x.merged_into AND g.superseded IS NULL AND coalesce(g.survivor, g.id) = x.survivor"
    strays = f"x.merged_into IS NOT NULL AND x.superseded IS NULL AND NOT EXISTS (SELECT 1 FROM entity g WHERE {leads})"
    refused = (
        f"EXISTS (SELECT 1 FROM entity x WHERE x.recorded = NEW.key AND {strays})"
        f" OR EXISTS (SELECT 1 FROM entity o JOIN entity x ON x.merged_into = o.id WHERE o.superseded = NEW.key AND {strays})"
    )
    yield Rule(
        "entity_survivor", "revision", "INSERT", refused, "a merged entity leads to where its target leads"
    )
    merged = "g.id = x.survivor AND g.superseded IS NULL AND g.merged_into IS NULL"
    stray = f"x.survivor IS NOT NULL AND x.superseded IS NULL AND NOT EXISTS (SELECT 1 FROM entity g WHERE {merged})"
    refused = (
        f"EXISTS (SELECT 1 FROM entity x WHERE x.recorded = NEW.key AND {stray})"
        f" OR EXISTS (SELECT 1 FROM entity o JOIN entity x ON x.survivor = o.id WHERE o.superseded = NEW.key AND {stray})"
    )
    yield Rule(
        "entity_survives", "revision", "INSERT", refused, "a survivor is on record and not merged itself"
    )


def _run(rules: Iterator[Rule], *, sqlite: bool) -> None:
    for rule in rules:
        for statement in create(rule, sqlite=sqlite):
            op.execute(sa.text(statement.replace(":", "\\:")))


def _replace(rules: list[Rule], *, sqlite: bool) -> None:
    for rule in rules:
        op.execute(drop(rule.trigger, sqlite=sqlite))
    _run(iter(rules), sqlite=sqlite)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    type_ = "TEXT" if sqlite else 'TEXT COLLATE "C"'
    for table, columns in CHANGED.items():
        for column, condition in columns.items():
            check = f" CONSTRAINT ck_{table}_{column} CHECK ({condition})" if condition else ""
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {type_}{check}")
    _sparse("document", "embargo")
    _sparse("entity", "survivor")
    op.create_table(
        "answer",
        sa.Column("key", WORDS, nullable=False),
        sa.Column("token", WORDS, nullable=False),
        sa.Column("request", WORDS, nullable=False),
        sa.Column("subject", WORDS, nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", WORDS, nullable=False),
        sa.Column("body", WORDS, nullable=False),
        sa.Column("time", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("key", "token", name=op.f("pk_answer")),
    )
    op.create_index("ix_answer_subject", "answer", ["subject"], unique=False)
    op.create_index("ix_answer_time", "answer", ["time"], unique=False)
    op.create_table(
        "api_key",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("digest", WORDS, nullable=False),
        sa.Column("scopes", WORDS, nullable=False),
        sa.Column("created", WORDS, nullable=False),
        sa.Column("expires", WORDS, nullable=True),
        sa.Column("revoked", WORDS, nullable=True),
        sa.Column("used", WORDS, nullable=True),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_api_key_digest")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_api_key_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
    )
    op.create_index("ux_api_key_digest", "api_key", ["digest"], unique=True)
    op.create_table(
        "audit",
        sa.Column("time", WORDS, nullable=False),
        sa.Column("key", WORDS, nullable=True),
        sa.Column("agent", WORDS, nullable=True),
        sa.Column("address", WORDS, nullable=False),
        sa.Column("operation", WORDS, nullable=False),
        sa.Column("subject", WORDS, nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=True),
        sa.Column("request", WORDS, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("status BETWEEN 100 AND 599", name=op.f("ck_audit_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_key", "audit", ["key"], unique=False)
    op.create_index("ix_audit_subject", "audit", ["subject"], unique=False)
    op.create_index("ix_audit_time", "audit", ["time", "id"], unique=False)
    op.create_table(
        "permit",
        sa.Column("subject", WORDS, nullable=False),
        sa.Column("minute", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_permit_taken")),
        sa.PrimaryKeyConstraint("subject", "minute", name=op.f("pk_permit")),
    )
    op.create_table(
        "subscription",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("key", WORDS, nullable=False),
        sa.Column("url", WORDS, nullable=False),
        sa.Column("description", WORDS, nullable=True),
        sa.Column("events", WORDS, nullable=False),
        sa.Column("resource", WORDS, nullable=True),
        sa.Column("filters", WORDS, nullable=False),
        sa.Column("secret", WORDS, nullable=False),
        sa.Column("old_secret", WORDS, nullable=True),
        sa.Column("old_secret_until", WORDS, nullable=True),
        sa.Column("status", WORDS, nullable=False),
        sa.Column("off_reason", WORDS, nullable=True),
        sa.Column("created", WORDS, nullable=False),
        sa.Column("changed", WORDS, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", WORDS, nullable=False),
        sa.Column("ping", WORDS, nullable=True),
        sa.Column("leased_by", WORDS, nullable=True),
        sa.Column("leased_until", WORDS, nullable=True),
        sa.CheckConstraint("(status = 'off') = (off_reason IS NOT NULL)", name=op.f("ck_subscription_off")),
        sa.CheckConstraint("status IN ('active', 'off')", name=op.f("ck_subscription_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_index("ix_subscription_due", "subscription", ["status", "due"], unique=False)
    op.create_index("ix_subscription_key", "subscription", ["key"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subscription_id", WORDS, nullable=False),
        sa.Column("message", WORDS, nullable=False),
        sa.Column("type", WORDS, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("time", WORDS, nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("outcome", WORDS, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", WORDS, nullable=True),
        sa.CheckConstraint("outcome IN ('delivered', 'failed')", name=op.f("ck_delivery_outcome")),
        sa.CheckConstraint(
            "error IN ('url', 'name', 'address', 'connect', 'tls', 'timeout', 'broken', 'redirect', 'status')",
            name=op.f("ck_delivery_error"),
        ),
        sa.CheckConstraint("(outcome = 'failed') = (error IS NOT NULL)", name=op.f("ck_delivery_went_wrong")),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscription.id"],
            name=op.f("fk_delivery_subscription_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_subscription", "delivery", ["subscription_id", "id"], unique=False)
    op.create_index("ix_delivery_time", "delivery", ["time"], unique=False)
    op.create_table(
        "event",
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("noun", WORDS, nullable=False),
        sa.Column("id", WORDS, nullable=False),
        sa.Column("document_id", WORDS, nullable=True),
        sa.Column("kind", WORDS, nullable=True),
        sa.Column("public", WORDS, nullable=True),
        sa.Column("row_key", sa.BigInteger(), nullable=True),
        sa.Column("before_key", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('created', 'corrected', 'withdrawn', 'merged', 'unmerged', 'purged')",
            name=op.f("ck_event_kind"),
        ),
        sa.CheckConstraint("noun IN ('document', 'entity', 'quote', 'claim')", name=op.f("ck_event_noun")),
        sa.CheckConstraint(
            "public IN ('created', 'corrected', 'withdrawn', 'merged', 'unmerged', 'purged')",
            name=op.f("ck_event_public"),
        ),
        sa.CheckConstraint("kind IS NOT NULL OR public IS NOT NULL", name=op.f("ck_event_told")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_event_position")),
        sa.ForeignKeyConstraint(
            ["revision"],
            ["revision.number"],
            name=op.f("fk_event_revision"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("revision", "position", name=op.f("pk_event")),
    )
    op.create_index("ix_event_before_key", "event", ["before_key"], unique=False)
    op.create_index("ix_event_document", "event", ["document_id", "revision", "position"], unique=False)
    op.create_index("ix_event_id", "event", ["id"], unique=False)
    purged = sa.text("kind = 'purged' OR public = 'purged'")
    op.create_index(
        "ix_event_purged", "event", ["revision", "position"], sqlite_where=purged, postgresql_where=purged
    )
    op.create_index("ix_event_row_key", "event", ["row_key"], unique=False)
    op.create_table(
        "purge",
        sa.Column("noun", WORDS, nullable=False),
        sa.Column("id", WORDS, nullable=False),
        sa.Column("recorded", sa.BigInteger(), nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("erased", WORDS, nullable=True),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_purge_reason")),
        sa.CheckConstraint("noun IN ('document', 'entity', 'indicator')", name=op.f("ck_purge_noun")),
        sa.ForeignKeyConstraint(
            ["recorded"],
            ["revision.key"],
            name=op.f("fk_purge_recorded"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("noun", "id", name=op.f("pk_purge")),
    )
    _replace([*_altered(), *_purges()], sqlite=sqlite)
    _run(_new(), sqlite=sqlite)
    if sqlite:
        # The index keeps no copy of the words: it must be told which ones go.
        for table in INDEXED:
            op.execute(
                f"CREATE TRIGGER {table}_delete_words AFTER DELETE ON {table} BEGIN"
                f" INSERT INTO {table}_words ({table}_words, rowid, folded)"
                " VALUES ('delete', OLD.row_key, OLD.folded); END"
            )
        op.execute(
            "CREATE TRIGGER entity_update_words AFTER UPDATE OF folded ON entity BEGIN"
            " INSERT INTO entity_words (entity_words, rowid, folded) VALUES ('delete', OLD.row_key, OLD.folded);"
            " INSERT INTO entity_words (rowid, folded) VALUES (NEW.row_key, NEW.folded); END"
        )
    _tell_of_the_past()


def _sparse(table: str, column: str) -> None:
    has = sa.text(f"{column} IS NOT NULL")
    op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=has, postgresql_where=has)


def _tell_of_the_past() -> None:
    """The events of what is on record already: who follows it from the beginning misses nothing."""
    with Session(op.get_bind()) as session:
        revisions = (
            session.connection().execute(sa.text("SELECT key, number FROM revision ORDER BY number")).all()
        )
        op.execute(drop("event_insert_written_with_revision", sqlite=op.get_bind().dialect.name == "sqlite"))
        for key, number in revisions:
            record_events(session, key, number, newest=False)
    rule = next(rule for rule in _new() if rule.name == "written_with_revision")
    _run(iter([rule]), sqlite=op.get_bind().dialect.name == "sqlite")


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _new():
        op.execute(drop(rule.trigger, sqlite=sqlite))
    changed = [*_altered(), *_purges()]
    for rule in changed:
        op.execute(drop(rule.trigger, sqlite=sqlite))
    if sqlite:
        for table in INDEXED:
            op.execute(f"DROP TRIGGER {table}_delete_words")
        op.execute("DROP TRIGGER entity_update_words")
    for table in ("delivery", "subscription", "event", "purge", "answer", "audit", "permit", "api_key"):
        op.drop_table(table)
    op.drop_index("ix_document_embargo", "document")
    op.drop_index("ix_entity_survivor", "entity")
    for table, columns in CHANGED.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    for rule in (_unchanged("document", {"superseded"}), _unchanged("entity", {"superseded"})):
        _run(iter([rule]), sqlite=sqlite)
    _run(iter([Rule("unchanged", "revision", "UPDATE", "1 = 1", "nothing changes in place")]), sqlite=sqlite)
    for table in (*PURGED, "entity", "indicator", "alias"):
        _run(
            iter([Rule("kept", table, "DELETE", "1 = 1", "nothing is deleted from the record")]),
            sqlite=sqlite,
        )
