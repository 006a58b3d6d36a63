"""Run by Alembic: the migrations go over the connection we were given, inside its transaction."""

from alembic import context

from disburse.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
