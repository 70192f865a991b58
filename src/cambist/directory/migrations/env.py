"""Alembic's entry: migrates on the connection that the directory has open, inside its transaction."""

from alembic import context

from cambist.directory.tables import metadata

# render_as_batch: SQLite alters a table by rebuilding it.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
