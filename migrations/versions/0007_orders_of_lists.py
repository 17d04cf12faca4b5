"""Indexes in the orders of the lists, and of what their facets count."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PLACE = ("document_id", "start", "id")
# By table and name: what they were, if they were, and what they are. A word after a column turns it round.
INDEXES: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "quote": {
        "ix_quote_said": (("said_order", *PLACE), ("said_order DESC", *PLACE)),
        "ix_quote_position": ((), PLACE),
        "ix_quote_counted": ((), ("document_id", "form", "act", "polarity")),
    },
    "claim": {
        "ix_claim_measure": (("measure", "period_order"), ("measure", "period_order DESC", *PLACE)),
        "ix_claim_period": (("period_order", *PLACE), ("period_order DESC", *PLACE)),
        "ix_claim_place": (("place_id",), ("place_id", "period_order DESC", *PLACE)),
        "ix_claim_position": ((), PLACE),
    },
    "mention": {
        "ix_mention_entity": (("entity_id",), ("entity_id", *PLACE, "superseded")),
        "ix_mention_position": ((), PLACE),
    },
    "claim_source": {
        "ix_claim_source_quote": (("document_id", "quote_id"), ("quote_id", "document_id")),
    },
    "entity": {
        "ix_entity_naming": ((), ("naming",)),
    },
    "alias": {
        "ix_alias_alias": ((), ("alias",)),
    },
    "document": {
        "ix_document_published": ((), ("published_order DESC", "id")),
        "ix_document_readable": ((), ("id", "status")),
        "ix_document_hidden": ((), ("id", "superseded")),
    },
}
# Of current rows alone: they are looked at for each row of a page, or all of them are counted.
CURRENT = {"ix_quote_counted", "ix_document_readable"}
WHERE = dict.fromkeys(CURRENT, "superseded IS NULL") | {"ix_document_hidden": "status <> 'published'"}


def _make(name: str, table: str, columns: tuple[str, ...]) -> None:
    terms = [sa.text(column) if column.endswith("DESC") else column for column in columns]
    where = sa.text(WHERE[name]) if name in WHERE else None
    op.create_index(name, table, terms, sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    for table, indexes in INDEXES.items():
        for name, (before, after) in indexes.items():
            if before:
                op.drop_index(name, table)
            _make(name, table, after)


def downgrade() -> None:
    for table, indexes in INDEXES.items():
        for name, (before, _) in indexes.items():
            op.drop_index(name, table)
            if before:
                _make(name, table, before)
