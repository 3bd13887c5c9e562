"""One SQLite file, encrypted by SQLCipher: how it is opened, begun and scrubbed.

Every connection runs WAL with synchronous=FULL: in a power-cut simulation that lost nothing, while weaker settings lost
acknowledged decisions. A write holds the file's write lock from its start.
"""

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlcipher3 import dbapi2

from reviewer.domain.errors import UnavailableError

_PATIENCE_S, _ASK_AGAIN_S = 30, 0.001
_PRAGMAS: dict[str, object] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "secure_delete": 1,
    "foreign_keys": 1,
    "busy_timeout": _PATIENCE_S * 1_000,
}
# Raised outside SQLAlchemy's hands; a damaged file may also claim a size that no memory holds.
FAULTS = (dbapi2.DatabaseError, MemoryError)


def open_engine(path: Path, key: bytes) -> Engine:
    """Return an engine on the file at `path`, which `key` (32 bytes) encrypts; made private if it is new."""
    _make_private(path)
    url = URL.create("sqlite", database=str(path))  # not from text: a path may hold a ? or a %
    engine = create_engine(url, module=dbapi2, hide_parameters=True, pool_size=2, max_overflow=2)
    event.listen(engine, "connect", partial(_prepare, key))
    event.listen(engine, "begin", _begin)
    return engine


def scrub(engine: Engine) -> None:
    """Let nothing that was deleted outlast this call in the file or its log. Raises UnavailableError."""
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")  # the checkpoint works outside transactions only
        busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
        connection.exec_driver_sql("BEGIN")
    if busy:
        raise UnavailableError("Another program keeps old pages of the database open: end it, then do this again.")


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, so that it and its -wal and -shm are the owner's alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def _prepare(key: bytes, connection: Any, _record: object) -> None:
    connection.execute("PRAGMA cipher_log_level = NONE")  # it would tell the terminal of every damaged page
    # A raw key: there is no password to stretch (https://www.zetetic.net/sqlcipher/sqlcipher-api/#key).
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    connection.isolation_level = None  # BEGIN is ours: the driver's own would start writes as reads
    for name, value in _PRAGMAS.items():
        _once_free(connection, f"PRAGMA {name}={value}")  # the change to WAL does not wait by itself
    actual = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _PRAGMAS}
    if actual != _PRAGMAS:
        raise dbapi2.DatabaseError(f"unsafe settings of the database: {actual}")


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("writes", True):
        _begin_write(connection)
    else:
        connection.exec_driver_sql("BEGIN")


def _begin_write(connection: Connection) -> None:
    """Wait for the writer's lock, asking each millisecond.

    SQLite's own waiting asks ever more rarely, up to 100 ms apart: beside a process that writes without a pause it
    starved for seconds.
    """
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, dbapi2.Connection)  # noqa: S101 - for the type checker
    raw.execute("PRAGMA busy_timeout=0")
    try:
        _once_free(raw, "BEGIN IMMEDIATE")
    finally:
        raw.execute(f"PRAGMA busy_timeout={_PRAGMAS['busy_timeout']}")


def _once_free(connection: Any, statement: str) -> None:
    """Execute a statement as soon as others let the database go. Raises dbapi2.OperationalError if they never do."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            connection.execute(statement)
        except dbapi2.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF != dbapi2.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_ASK_AGAIN_S)
        else:
            return
