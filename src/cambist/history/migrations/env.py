"""Alembic's entry: migrates on the connection that the store has open."""

from alembic import context

from cambist.history.schema import metadata

# render_as_batch: SQLite alters a table by rebuilding it.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
