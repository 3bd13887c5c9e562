"""Alembic's entry point: it runs on the connection that upgrade() hands over."""

from alembic import context

from reviewer.storage.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
