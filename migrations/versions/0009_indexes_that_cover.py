"""Indexes that have all that is asked of a row, so that its table is not looked into."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PLACE = ("document_id", "start", "id")
# By table and name: what they were, and what is added.
KEYED = {f"ix_{table}_row_key": (table, ("row_key",), ("superseded", *PLACE)) for table in ("quote", "claim")}
CURRENT = {
    "ix_quote_counted": (
        "quote",
        ("document_id", "form", "act", "polarity"),
        ("said_order", "start", "id", "row_key", "superseded"),
    ),
    "ix_document_readable": ("document", ("id", "status"), ("superseded",)),
}


def _make(name: str, table: str, columns: tuple[str, ...]) -> None:
    where = sa.text("superseded IS NULL") if name in CURRENT else None
    op.drop_index(name, table)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    for name, (table, before, added) in (KEYED | CURRENT).items():
        _make(name, table, (*before, *added))


def downgrade() -> None:
    for name, (table, before, _) in (KEYED | CURRENT).items():
        _make(name, table, before)
