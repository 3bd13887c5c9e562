"""Bring a database to the newest schema, one numbered step after the other."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from reviewer.domain.errors import UnavailableError

HEAD = "0004"
_HERE = Path(__file__).parent


def upgrade(engine: Engine) -> None:
    """Run the steps that `engine`'s database lacks. Raises UnavailableError if a newer program made it."""
    # The writer's lock comes first, so that two desks starting at once do not both migrate.
    with engine.connect() as connection, connection.begin():
        upgrade_on(connection)


def upgrade_on(connection: Connection) -> None:
    """Do so within a transaction that keeps others from doing the same."""
    current = _revision(connection)
    if current == HEAD:
        return
    if current is not None and current > HEAD:
        raise UnavailableError("A newer version of the review desk made this workspace: update this one.")
    _run_steps(connection)


def check(engine: Engine) -> None:
    """Refuse a database that is not at this program's schema: a team's is migrated by its owner alone."""
    with engine.connect() as connection:
        current = _revision(connection)
    if current is None:
        raise UnavailableError("The team's database is not set up: its owner runs 'reviewer team init'.")
    if current > HEAD:
        raise UnavailableError("A newer version of the review desk made this workspace: update this one.")
    if current < HEAD:
        raise UnavailableError("The team's database is of an older version: its owner runs 'reviewer team init'.")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _run_steps(connection: Connection) -> None:
    # Imported only when there is something to do: a start of the desk should not pay for it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
