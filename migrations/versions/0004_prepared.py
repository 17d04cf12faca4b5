"""Prepared rows: items as they are shown, and what filters find them by; indexes in the order of the lists."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _key() -> "sa.Column[int]":
    return sa.Column("row_key", sa.BigInteger(), nullable=False)


def _words(*names: str) -> "list[sa.Column[str]]":
    return [sa.Column(name, WORDS, nullable=False) for name in names]


def _since() -> "list[sa.Column[int]]":
    return [
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "shown",
        *_words("document_id"),
        _key(),
        *_since(),
        *_words("body"),
        sa.PrimaryKeyConstraint("document_id", "row_key", "since", name="pk_shown"),
    )
    op.create_index("ix_shown_row_key", "shown", ["row_key"])
    op.create_table(
        "found",
        *_words("document_id"),
        _key(),
        *_words("name", "value"),
        *_since(),
        *_words("rank"),
        sa.Column("start", sa.Integer(), nullable=False),
        *_words("id"),
        sa.PrimaryKeyConstraint("document_id", "row_key", "name", "value", "since", name="pk_found"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_found_order",
        "found",
        ["name", "value", sa.text("rank DESC"), "document_id", "start", "id", "until"],
    )

    op.create_table(
        "complete",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_complete"),
        sa.CheckConstraint("id = 1", name=op.f("ck_complete_one")),
    )
    # Of an empty record everything is prepared; else the first start of the service does it.
    op.execute("INSERT INTO complete (id, number) SELECT 1, CASE WHEN number = 0 THEN 0 END FROM counter")


def downgrade() -> None:
    op.drop_table("complete")
    op.drop_table("found")
    op.drop_table("shown")
