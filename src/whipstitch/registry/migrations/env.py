"""Run by Alembic, on the connection that whipstitch.registry.database hands over."""

from alembic import context

from whipstitch.registry.all_tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite alters a table by copying it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
