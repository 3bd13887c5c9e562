"""Open the store and run transactions on it.

Guarantees: a write transaction holds the database's write lock from its start (SQLite), leaves an event of what it
did or does not commit, and never runs on a thread that paints. On SQLite every connection runs WAL with
synchronous=FULL: in a power-cut simulation that lost nothing, while weaker settings lost acknowledged decisions.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Executable, Result, create_engine, event, insert, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase

from reviewer.domain.errors import UnavailableError
from reviewer.domain.events import Action
from reviewer.domain.members import Actor
from reviewer.storage import clock, migrations, schema

_NOW = select(clock.now())
_RECORD = insert(schema.event).values(at=clock.now())
_PATIENCE_S, _ASK_AGAIN_S = 30, 0.001
_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "secure_delete": 1,
    "foreign_keys": 1,
    "busy_timeout": _PATIENCE_S * 1_000,
}


class Unrecorded(StrEnum):
    """Why a write leaves no event: it neither decides nor reveals anything."""

    AUTOSAVE = "a working copy was saved"
    HEARTBEAT = "a lease was renewed"
    SET_ASIDE = "a leased item left the screen for another"
    NOTHING = "nothing changed"


class Transaction:
    """One open transaction; made by Store only."""

    def __init__(self, connection: Connection, actor: Actor | None) -> None:
        self._connection = connection
        self._actor = actor
        self._wrote = False
        self._recorded = False

    @property
    def actor(self) -> Actor:
        """Return who acts in this write."""
        if self._actor is None:
            raise RuntimeError("a read has no actor")
        return self._actor

    @property
    def dialect(self) -> str:
        """Return the name of the database's dialect."""
        return self._connection.dialect.name

    @property
    def settled(self) -> bool:
        """Tell whether the transaction may commit."""
        return self._recorded or not self._wrote

    def run(self, statement: Executable, values: Any = None) -> Result[Any]:
        """Execute one statement."""
        if isinstance(statement, UpdateBase):
            self._wrote = True
        return self._connection.execute(statement, values)

    def change(self, statement: UpdateBase, values: Any = None) -> int:
        """Execute one insert, update or delete and return the number of rows it touched."""
        result = self.run(statement, values)
        assert isinstance(result, CursorResult)  # noqa: S101 - for the type checker
        return result.rowcount

    def now(self) -> datetime:
        """Return the database's clock."""
        return self._connection.execute(_NOW).scalar_one()

    def record(self, action: Action, item_id: str | None = None, **details: Any) -> None:
        """Record what this transaction does. No content, no name, no number of a person in `details`."""
        self._recorded = True
        values = {"member_id": self.actor.member.id, "desk": self.actor.desk, "action": action.value}
        self._connection.execute(_RECORD, {**values, "item_id": item_id, "details": details})

    def leave_unrecorded(self, why: Unrecorded) -> None:
        """Let this write commit without an event, for one of the listed reasons."""
        del why  # the enum is the list; the argument makes each use say which
        self._recorded = True


class Store:
    """The profile's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept_off: int | None = None

    @classmethod
    def open_file(cls, path: Path) -> "Store":
        """Open the SQLite file at `path`, bring it to the newest schema, and return the store.

        Raises UnavailableError where the file cannot be used.
        """
        try:
            _make_private(path)
            url = URL.create("sqlite", database=str(path))  # not from text: a path may hold a ? or a %
            engine = create_engine(url, hide_parameters=True, pool_size=2, max_overflow=2)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            migrations.upgrade(engine)
        except (OSError, sqlite3.DatabaseError, DBAPIError) as exc:
            raise UnavailableError(f"The database {path.name} cannot be opened: {_cause(exc)}.") from exc
        return cls(engine)

    def keep_off(self, thread: threading.Thread) -> None:
        """Refuse transactions on `thread` from now on: the one that paints must never wait for a disk."""
        self._kept_off = thread.ident

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that only reads."""
        with self._transaction(None, writes=False) as transaction:
            yield transaction

    @contextmanager
    def write(self, actor: Actor) -> Iterator[Transaction]:
        """Open a transaction that commits at the end of the block, if it recorded what it wrote."""
        with self._transaction(actor, writes=True) as transaction:
            yield transaction
            if not transaction.settled:
                raise RuntimeError("a write recorded nothing and was rolled back")

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, actor: Actor | None, *, writes: bool) -> Iterator[Transaction]:
        if self._kept_off == threading.get_ident():
            raise RuntimeError("a transaction on the thread that paints")
        try:
            with self._engine.connect().execution_options(writes=writes) as connection, connection.begin():
                yield Transaction(connection, actor)
        except (sqlite3.OperationalError, DBAPIError) as exc:
            raise UnavailableError(f"The database did not answer: {_cause(exc)}.") from exc


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, so that it and its -wal and -shm are the owner's alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is ours: the driver's own would start writes as reads
    for name, value in _PRAGMAS.items():
        _once_free(connection, f"PRAGMA {name}={value}")  # the change to WAL does not wait by itself
    actual = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _PRAGMAS}
    if actual != _PRAGMAS:
        raise sqlite3.DatabaseError(f"unsafe settings of the database: {actual}")


def _begin_sqlite(connection: Connection) -> None:
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
    assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - for the type checker
    raw.execute("PRAGMA busy_timeout=0")
    try:
        _once_free(raw, "BEGIN IMMEDIATE")
    finally:
        raw.execute(f"PRAGMA busy_timeout={_PRAGMAS['busy_timeout']}")


def _once_free(connection: sqlite3.Connection, statement: str) -> None:
    """Execute a statement as soon as others let the database go. Raises sqlite3.OperationalError if they never do."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_ASK_AGAIN_S)
        else:
            return


def _cause(exc: Exception) -> str:
    """Return the driver's own words, which name the fault but no values."""
    return str(exc.orig if isinstance(exc, DBAPIError) else exc)
