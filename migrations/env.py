"""Alembic's entry: runs the steps on the connection that `migrations.schema` hands over."""

from alembic import context
from sqlmodel import SQLModel

import models.record  # noqa: F401  # registers every table
from migrations.schema import belongs_to_models

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    include_name=belongs_to_models,
    render_as_batch=False,
    transaction_per_migration=False,
)
context.run_migrations()
