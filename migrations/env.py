"""Alembic's entry: runs the steps on the connection that `migrations.schema` hands over."""

from alembic import context

from migrations.schema import belongs_to_models
from models.record import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    include_name=belongs_to_models,
    render_as_batch=False,
    transaction_per_migration=False,
)
context.run_migrations()
