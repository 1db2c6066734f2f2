"""Where Alembic starts: it runs within the transaction that `store.schema` hands over."""

from alembic import context

from relight.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
)
with context.begin_transaction():
    context.run_migrations()
