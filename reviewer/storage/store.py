"""Open the store and run transactions on it.

Guarantees: a write transaction holds the database's write lock (SQLite) or its actor's chain (PostgreSQL) from its
start, leaves a signed entry of what it did or does not commit, and never runs on a thread that paints. What the two
databases do differently stands in sqlite.py and postgresql.py.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Executable, Result, insert, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase

from reviewer.crypto import DataKey, OpenKeys
from reviewer.domain.errors import LockedError, UnavailableError, UnreachableError
from reviewer.domain.events import Action
from reviewer.domain.members import Actor
from reviewer.ledger import START, ChainHead, Directory, Entry
from reviewer.ledger.canonical import Value
from reviewer.storage import clock, migrations, postgresql, schema, second_factors, sqlite
from reviewer.storage.link import Link, is_cut
from reviewer.storage.postgresql import Address
from reviewer.storage.second_factors import FactorState

_SETTLING_S, _LOOK_AGAIN_S = 1.0, 0.005
_ADD_ENTRY = insert(schema.entry)


class Unrecorded(StrEnum):
    """Why a write leaves no entry: it neither decides nor reveals anything."""

    AUTOSAVE = "a working copy was saved"
    HEARTBEAT = "a lease was renewed"
    CHECKPOINT = "a checkpoint covers entries; it is signed itself"
    ANALYSIS_KEPT = "what an analysis found was kept with its item; that it read the item has an entry of its own"
    ANALYSIS_QUEUED = "an item was put into the line for analysis or taken out of it"
    CODE_USED = "a one-time code was used up; what it was for has an entry of its own"
    FORGET_LATER = "a destination could not forget what was erased; it is asked again"
    PART_BUILT = "clips of a call were put by or dropped before it is built; that it is has an entry of its own"
    SET_ASIDE = "a leased item left the screen for another"
    ASKED_TO_JOIN = "somebody who is no member yet asks to become one"
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
        self._unwritten: list[dict[str, Any]] = []  # entries that go to the database together
        self.data_keys: dict[str, DataKey] = {}  # those that this transaction has opened
        self.directory: Directory | None = None  # the members, once this transaction has asked the ledger

    @property
    def actor(self) -> Actor:
        """Return who acts in this write."""
        if self._actor is None:
            raise RuntimeError("a read has no actor")
        return self._actor

    @property
    def writes(self) -> bool:
        """Tell whether this transaction may write."""
        return self._actor is not None

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
        self.write_entries()
        if isinstance(statement, UpdateBase):
            self._wrote = True
        return self._connection.execute(statement, values)

    def change(self, statement: UpdateBase, values: Any = None) -> int:
        """Execute one insert, update or delete and return the number of rows it touched."""
        self.write_entries()
        self._wrote = True
        result = self._connection.execute(statement, values, execution_options={"preserve_rowcount": True})
        assert isinstance(result, CursorResult)  # noqa: S101 - for the type checker
        return result.rowcount

    def now(self) -> datetime:
        """Return the database's clock as it was when this transaction first asked."""
        if self._now is None:
            self._now = self._connection.execute(select(clock.now())).scalar_one()
        return self._now

    def hold_chain(self) -> None:
        """Wait until no other transaction writes the actor's chain, and note where it ends and when that was."""
        self._head, self._now = postgresql.hold_chain(self._connection)  # the time comes with it: one question less

    def hold_pool(self) -> None:
        """Wait until no other transaction changes what is in the pool or in the lines of others.

        In a file whoever writes is alone anyway.
        """
        if self.dialect != "sqlite":
            postgresql.hold_pool(self._connection)

    def take_turn(self, name: str) -> bool:
        """Tell whether no other transaction has the turn of that name; in a file whoever writes is alone anyway."""
        return self.dialect == "sqlite" or postgresql.take_turn(self._connection, name)

    def settle(self) -> int:
        """Give entries their places; return how many committed ones must wait."""
        return postgresql.settle(self._connection)

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
        last: int | None = None,
        **details: Value,
    ) -> None:
        """Add a signed entry of what this transaction does to the actor's chain; it is written before what follows it.

        `before` and `after` hold keyed digests; `last` is the number of the last entry under a rule that this one ends.
        No content, no name and no number of a person goes in here.
        """
        head = self._head or self._chain_head()
        if last is not None:
            details["after"] = last
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
        self._unwritten.append(
            {
                "actor": entry.actor,
                "number": entry.number,
                "hash": signed.hash,
                "body": signed.body,
                "signature": signed.signature,
                "at": entry.at,
                "action": entry.action,
                "item_id": item_id,
            }
        )
        self._head = ChainHead(entry.number, signed.hash.hex())
        self._recorded = True

    def write_entries(self) -> None:
        """Write the entries that were recorded since the last statement, in one go."""
        if self._unwritten:
            unwritten, self._unwritten = self._unwritten, []
            self._connection.execute(_ADD_ENTRY, unwritten if len(unwritten) > 1 else unwritten[0])

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
        self._reading = engine if engine.dialect.name == "sqlite" else postgresql.reading(engine)
        self._kept_off: int | None = None
        self._link = Link()
        self.own_head: ChainHead | None = None  # the newest entry that this store committed

    @classmethod
    def open_file(cls, path: Path, key: bytes) -> "Store":
        """Open the database file at `path`, which `key` (32 bytes) encrypts, bring it to the newest schema, return it.

        Raises UnavailableError where the file cannot be used.
        """
        try:
            engine = sqlite.open_engine(path, key)
            migrations.upgrade(engine)
        except (OSError, *sqlite.FAULTS, DBAPIError) as exc:
            raise UnavailableError(f"The database {path.name} cannot be opened: {_cause(exc)}.") from exc
        return cls(engine)

    @classmethod
    def open_team(cls, address: Address, password: str) -> "Store":
        """Open a team's database, which must be at this program's schema already. Raises UnavailableError."""
        engine = postgresql.open_engine(address, password)
        try:
            migrations.check(engine)
        except DBAPIError as exc:
            engine.dispose()
            kind = UnreachableError if is_cut(exc) else UnavailableError
            raise kind(f"The team's database cannot be opened: {_cause(exc)}.") from exc
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    @staticmethod
    def take_login(address: Address, invitation: str, password: str) -> None:
        """Make `password` the one with which this device logs in from now on. Raises UnavailableError."""
        try:
            postgresql.take_login(address, invitation, password)
        except DBAPIError as exc:
            raise UnavailableError(f"The team's database does not let you in: {_cause(exc)}.") from exc

    def factor_state(self) -> FactorState:
        """Tell whether the server asks for a code before anything else; a file does not. Raises UnavailableError."""
        if not self.is_shared:
            return FactorState(needed=False, wait_s=0)
        with self._answered():
            return second_factors.state(self._engine)

    def hand_in(self, code: str) -> str:
        """Hand the server a code; return the pass that it earns. Raises UnlockError, RuleError, UnavailableError."""
        with self._answered():
            return second_factors.submit(self._engine, code)

    def show_pass(self, earned: str) -> None:
        """Show the server a pass on every connection from now on."""
        second_factors.show_pass(self._engine, earned)

    def as_member(self, keys: OpenKeys) -> "Store":
        """Return this store as the owner of `keys` sees it: they sign its entries and open its content."""
        twin = Store(self._engine, keys)
        twin._kept_off = self._kept_off
        twin._link = self._link
        return twin

    def try_now(self) -> None:
        """Let the next transaction look for the server at once, though the last ones did not reach it."""
        self._link.try_now()

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
            transaction.write_entries()
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

    @property
    def is_shared(self) -> bool:
        """Tell whether this is a team's database, which shows content for a committed look alone."""
        return self._engine.dialect.name != "sqlite"

    def scrub(self) -> None:
        """Let nothing that was deleted outlast this call in a file of ours; a server's files are its owner's.

        Raises UnavailableError.
        """
        if self._engine.dialect.name == "sqlite":
            sqlite.scrub(self._engine)

    def settle(self) -> None:
        """Give every committed entry its place in the ledger, as far as running transactions let it be known."""
        if self._engine.dialect.name == "sqlite":
            return  # one writer: the order of insertion is that of commits
        deadline = time.monotonic() + _SETTLING_S
        while True:
            with self._transaction(None, writes=True) as tx:
                left = tx.settle()
            if left == 0 or time.monotonic() > deadline:
                return
            time.sleep(_LOOK_AGAIN_S)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, actor: Actor | None, *, writes: bool) -> Iterator[Transaction]:
        if self._kept_off == threading.get_ident():
            raise RuntimeError("a transaction on the thread that paints")
        with self._answered(), self._connect(writes=writes) as connection, connection.begin():
            transaction = Transaction(connection, actor, self._keys)
            if actor is not None and connection.dialect.name != "sqlite":
                transaction.hold_chain()
            yield transaction

    @contextmanager
    def _answered(self) -> Iterator[None]:
        """Say in our words what a database refused, or that it did not answer; while it is cut off, say so at once."""
        self._link.check()
        try:
            yield
        except (*sqlite.FAULTS, DBAPIError) as exc:
            if self.is_shared and isinstance(exc, DBAPIError) and is_cut(exc):
                raise self._link.lost(_cause(exc)) from exc
            refused = postgresql.refusal(exc) if isinstance(exc, DBAPIError) else None
            raise refused or UnavailableError(f"The database did not answer: {_cause(exc)}.") from exc
        self._link.answered()

    def _connect(self, *, writes: bool) -> Connection:
        if self._engine.dialect.name == "sqlite":
            return self._engine.connect().execution_options(writes=writes)
        return (self._engine if writes else self._reading).connect()


def _cause(exc: Exception) -> str:
    """Return the driver's own words, which name the fault but no values."""
    if not isinstance(exc, DBAPIError):
        return str(exc)
    return str(exc.orig) if isinstance(exc.orig, sqlite.FAULTS) else postgresql.words(exc)
