"""The key of a document's row has the document's id in it, as those of all rows below a document have."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BY_ROW, BY_DOCUMENT = "PRIMARY KEY (row_key)", "PRIMARY KEY (id, row_key)"
OLD, NEW = "document", "document_new"


def _rebuild(before: str, after: str) -> None:
    """SQLite changes no key in place: a new table, its rows, and what belonged to the old one.

    Foreign keys are off while steps run (`migrations.schema.migrate`), and none leads here.
    """
    connection = op.get_bind()
    master = "SELECT sql FROM sqlite_master WHERE tbl_name = 'document' AND sql IS NOT NULL AND type {0}"
    (table,) = connection.execute(sa.text(master.format("= 'table'"))).scalars()
    rest = list(connection.execute(sa.text(master.format("IN ('index', 'trigger')"))).scalars())
    assert table.count(before) == 1, "the table is not as an earlier step has made it"
    made = table.replace(before, after).replace(f"CREATE TABLE {OLD}", f"CREATE TABLE {NEW}", 1)
    made = made.replace(f'CREATE TABLE "{OLD}"', f'CREATE TABLE "{NEW}"', 1)
    connection.exec_driver_sql(made)
    connection.exec_driver_sql(f"INSERT INTO {NEW} SELECT * FROM {OLD}")
    connection.exec_driver_sql(f"DROP TABLE {OLD}")
    # Or the new name would be sought in the rules of other tables, which speak of the one that is gone.
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
    connection.exec_driver_sql(f"ALTER TABLE {NEW} RENAME TO {OLD}")
    connection.exec_driver_sql("PRAGMA legacy_alter_table = OFF")
    for statement in rest:
        connection.exec_driver_sql(statement)


def _replace(before: str, after: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(before, after)
    else:
        op.execute(f"ALTER TABLE document DROP CONSTRAINT pk_document, ADD CONSTRAINT pk_document {after}")


def upgrade() -> None:
    _replace(BY_ROW, BY_DOCUMENT)
    op.create_index("ix_document_row_key", "document", ["row_key"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_document_row_key", table_name="document")
    _replace(BY_DOCUMENT, BY_ROW)
