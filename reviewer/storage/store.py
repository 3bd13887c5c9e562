"""Open the store and run transactions on it.

Guarantees: a write transaction holds the database's write lock from its start (SQLite), leaves a signed entry of what
it did or does not commit, and never runs on a thread that paints. On SQLite every connection runs WAL with
synchronous=FULL: in a power-cut simulation that lost nothing, while weaker settings lost acknowledged decisions.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Executable, Result, create_engine, event, insert, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase
from sqlcipher3 import dbapi2

from reviewer.crypto import DataKey, OpenKeys
from reviewer.domain.errors import LockedError, UnavailableError
from reviewer.domain.events import Action
from reviewer.domain.members import Actor
from reviewer.ledger import START, ChainHead, Directory, Entry
from reviewer.ledger.canonical import Value
from reviewer.storage import clock, migrations, schema

_NOW = select(clock.now())
_PATIENCE_S, _ASK_AGAIN_S = 30, 0.001
_PRAGMAS: dict[str, object] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "secure_delete": 1,
    "foreign_keys": 1,
    "busy_timeout": _PATIENCE_S * 1_000,
}


class Unrecorded(StrEnum):
    """Why a write leaves no entry: it neither decides nor reveals anything."""

    AUTOSAVE = "a working copy was saved"
    HEARTBEAT = "a lease was renewed"
    CHECKPOINT = "a checkpoint covers entries; it is signed itself"
    ANALYSIS_KEPT = "what an analysis found was kept with its item; that it read the item has an entry of its own"
    ANALYSIS_QUEUED = "an item was put into the line for analysis or taken out of it"
    CODE_USED = "a one-time code was used up; what it was for has an entry of its own"
    FORGET_LATER = "a destination could not forget what was erased; it is asked again"
    SET_ASIDE = "a leased item left the screen for another"
    NOTHING = "nothing changed"


class Transaction:
    """One open transaction; made by Store only."""

    def __init__(self, connection: Connection, actor: Actor | None, keys: OpenKeys | None) -> None:
        self._connection = connection
        self._actor = actor
        self._keys = keys
        self._head: ChainHead | None = None
        self._now: datetime | None = None
        self._wrote = False
        self._recorded = False
        self.data_keys: dict[str, DataKey] = {}  # those that this transaction has opened
        self.directory: Directory | None = None  # the members, once this transaction has asked the ledger

    @property
    def actor(self) -> Actor:
        """Return who acts in this write."""
        if self._actor is None:
            raise RuntimeError("a read has no actor")
        return self._actor

    @property
    def keys(self) -> OpenKeys:
        """Return the open keys. Raises LockedError."""
        if self._keys is None:
            raise LockedError("The desk is locked: unlock it first.")
        return self._keys

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
        """Return the database's clock as it was when this transaction first asked."""
        if self._now is None:
            self._now = self._connection.execute(select(clock.now())).scalar_one()
        return self._now

    def record(
        self,
        action: Action,
        item_id: str | None = None,
        *,
        before: Mapping[str, str] | None = None,
        after: Mapping[str, str] | None = None,
        model: Mapping[str, Value] | None = None,
        verdict: str | None = None,
        meaning: str | None = None,
        **details: Value,
    ) -> None:
        """Add a signed entry of what this transaction does to the actor's chain.

        `before` and `after` hold keyed digests. No content, no name and no number of a person goes in here.
        """
        head = self._head or self._chain_head()
        entry = Entry(
            workspace=self.keys.owner.workspace,
            actor=self.actor.member.id,
            number=head.number + 1,
            previous=head.hash,
            at=self.now(),
            desk=self.actor.desk,
            action=action.value,
            object=item_id,
            before=before,
            after=after,
            model=model,
            verdict=verdict,
            meaning=meaning,
            details=details,
        )
        signed = entry.sign(self.keys.identity.sign)
        self._connection.execute(
            insert(schema.entry).values(
                actor=entry.actor,
                number=entry.number,
                hash=signed.hash,
                body=signed.body,
                signature=signed.signature,
                at=entry.at,
                action=entry.action,
                item_id=item_id,
            )
        )
        self._head = ChainHead(entry.number, signed.hash.hex())
        self._recorded = True

    def _chain_head(self) -> ChainHead:
        table = schema.entry
        newest = select(table.c.number, table.c.hash).where(table.c.actor == self.actor.member.id)
        row = self._connection.execute(newest.order_by(table.c.number.desc()).limit(1)).one_or_none()
        return START if row is None else ChainHead(row.number, bytes(row.hash).hex())

    @property
    def head(self) -> ChainHead | None:
        """Return the newest entry that this transaction added."""
        return self._head if self._recorded else None

    def leave_unrecorded(self, why: Unrecorded) -> None:
        """Let this write commit without an entry, for one of the listed reasons."""
        del why  # the enum is the list; the argument makes each use say which
        self._recorded = True


class Store:
    """The profile's database."""

    def __init__(self, engine: Engine, keys: OpenKeys | None = None) -> None:
        self._engine = engine
        self._keys = keys
        self._kept_off: int | None = None
        self.own_head: ChainHead | None = None  # the newest entry that this store committed

    @classmethod
    def open_file(cls, path: Path, key: bytes) -> "Store":
        """Open the database file at `path`, which `key` (32 bytes) encrypts, bring it to the newest schema, return it.

        Raises UnavailableError where the file cannot be used.
        """
        try:
            _make_private(path)
            url = URL.create("sqlite", database=str(path))  # not from text: a path may hold a ? or a %
            engine = create_engine(url, module=dbapi2, hide_parameters=True, pool_size=2, max_overflow=2)
            event.listen(engine, "connect", partial(_prepare_sqlite, key))
            event.listen(engine, "begin", _begin_sqlite)
            migrations.upgrade(engine)
        except (OSError, dbapi2.DatabaseError, DBAPIError) as exc:
            raise UnavailableError(f"The database {path.name} cannot be opened: {_cause(exc)}.") from exc
        return cls(engine)

    def as_member(self, keys: OpenKeys) -> "Store":
        """Return this store as the owner of `keys` sees it: they sign its entries and open its content."""
        twin = Store(self._engine, keys)
        twin._kept_off = self._kept_off
        return twin

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
        if self._keys is not None and self._keys.owner.member != actor.member.id:
            raise RuntimeError("a write in the name of another than whose keys are open")
        with self._transaction(actor, writes=True) as transaction:
            yield transaction
            if not transaction.settled:
                raise RuntimeError("a write recorded nothing and was rolled back")
        if transaction.head is not None:
            self.own_head = transaction.head

    @property
    def keys(self) -> OpenKeys:
        """Return the open keys. Raises LockedError."""
        if self._keys is None:
            raise LockedError("The desk is locked: unlock it first.")
        return self._keys

    def scrub(self) -> None:
        """Let nothing that was deleted outlast this call in the database's files. Raises UnavailableError."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")  # the checkpoint works outside transactions only
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
            connection.exec_driver_sql("BEGIN")
        if busy:
            raise UnavailableError("Another program keeps old pages of the database open: end it, then do this again.")

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, actor: Actor | None, *, writes: bool) -> Iterator[Transaction]:
        if self._kept_off == threading.get_ident():
            raise RuntimeError("a transaction on the thread that paints")
        try:
            with self._engine.connect().execution_options(writes=writes) as connection, connection.begin():
                yield Transaction(connection, actor, self._keys)
        except (dbapi2.OperationalError, DBAPIError) as exc:
            raise UnavailableError(f"The database did not answer: {_cause(exc)}.") from exc


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, so that it and its -wal and -shm are the owner's alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def _prepare_sqlite(key: bytes, connection: Any, _record: object) -> None:
    connection.execute("PRAGMA cipher_log_level = NONE")  # it would tell the terminal of every damaged page
    # A raw key: there is no password to stretch (https://www.zetetic.net/sqlcipher/sqlcipher-api/#key).
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    connection.isolation_level = None  # BEGIN is ours: the driver's own would start writes as reads
    for name, value in _PRAGMAS.items():
        _once_free(connection, f"PRAGMA {name}={value}")  # the change to WAL does not wait by itself
    actual = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _PRAGMAS}
    if actual != _PRAGMAS:
        raise dbapi2.DatabaseError(f"unsafe settings of the database: {actual}")


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


def _cause(exc: Exception) -> str:
    """Return the driver's own words, which name the fault but no values."""
    return str(exc.orig if isinstance(exc, DBAPIError) else exc)
