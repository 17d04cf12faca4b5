"""An index of the states of documents by the revision that ended them, as the other recorded tables have it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAME, TABLE = "ix_document_state_superseded", "document_state"


def upgrade() -> None:
    ended = sa.text("superseded IS NOT NULL")
    op.create_index(NAME, TABLE, ["superseded"], sqlite_where=ended, postgresql_where=ended)


def downgrade() -> None:
    op.drop_index(NAME, TABLE)
