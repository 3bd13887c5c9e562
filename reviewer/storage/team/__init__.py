"""What a team's database has beside the tables that a file has too.

Guarantees: everything here is laid anew each time, so that it fits the newest schema; laying it twice changes nothing.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine

from reviewer.storage import migrations

_HERE = Path(__file__).parent
_PARTS = ("ledger.sql",)
_LOCK = 7_264_000  # two owners at once would trip over each other


def lay(engine: Engine) -> None:
    """Bring a team's database to the newest schema, as its owner."""
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        migrations.upgrade_on(connection)
        for part in _PARTS:
            _run(connection, part)


def _run(connection: Connection, part: str) -> None:
    script = (_HERE / part).read_text("utf-8")
    connection.connection.cursor().execute(script)
