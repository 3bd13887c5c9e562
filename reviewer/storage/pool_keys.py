"""The pool's key at rest: its private half sealed to each transcriber, its public half named by the ledger.

Only what an admin's signed entry names is sealed to, or opened: whoever can write rows cannot slip in a pair of their
own and hear what is sealed to it.
"""

import base64
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select

from reviewer.crypto import PoolReader, PoolWriter
from reviewer.domain.errors import KeysUnavailableError, LedgerBrokenError, SealBrokenError
from reviewer.domain.events import Action
from reviewer.domain.members import Role
from reviewer.ledger import Entry
from reviewer.ledger.directory import encode_key
from reviewer.storage import clock, entries, schema
from reviewer.storage.store import Transaction

_table = schema.pool_key


@dataclass(frozen=True, slots=True)
class Named:
    """What the ledger says of a generation: the public halves of the pool and of the way back."""

    public: bytes
    door: bytes


def newest(tx: Transaction) -> int | None:
    """Return the number of the newest generation, None where there is no pool."""
    number: int | None = tx.run(select(func.max(_table.c.generation))).scalar()
    return number


def next_number(tx: Transaction) -> int:
    """Return the number of a generation that never was: the ledger remembers those that nobody holds any more."""
    number = (newest(tx) or 0) + 1
    while any(entries.story(tx, _object(number))):
        number += 1
    return number


def add(tx: Transaction, reader: PoolReader, door: bytes, transcribers: dict[str, bytes]) -> None:
    """Store a new generation, sealed to each transcriber, and put its public half on record."""
    for member_id, sealed in transcribers.items():
        share(tx, reader.generation, member_id, sealed)
    tx.record(
        Action.POOL_KEY_MADE,
        _object(reader.generation),
        generation=reader.generation,
        public=encode_key(reader.public),
        door=encode_key(door),
        transcribers=len(transcribers),
    )


def share(tx: Transaction, generation: int, member_id: str, sealed: bytes) -> None:
    """Store a generation sealed to one more transcriber."""
    values = {"generation": generation, "member_id": member_id, "sealed": sealed}
    tx.run(insert(_table).values(made_at=clock.now(), **values))


def holders(tx: Transaction, generation: int) -> set[str]:
    """Return the members to whom a generation is sealed."""
    return set(tx.run(select(_table.c.member_id).where(_table.c.generation == generation)).scalars())


def generations(tx: Transaction, member_id: str) -> set[int]:
    """Return the generations that are sealed to a member."""
    return set(tx.run(select(_table.c.generation).where(_table.c.member_id == member_id)).scalars())


def spoiled(tx: Transaction) -> list[int]:
    """Return the generations whose copy for the own member does not open: whoever sealed it sealed something else."""
    return [generation for generation in sorted(generations(tx, tx.keys.owner.member)) if not _opens(tx, generation)]


def drop_own(tx: Transaction, generation: int) -> None:
    """Delete the own copy of a generation."""
    tx.run(delete(_table).where(_table.c.generation == generation, _table.c.member_id == tx.keys.owner.member))


def named(tx: Transaction, generation: int) -> Named:
    """Return what an admin's signed entry names. Raises LedgerBrokenError where none does."""
    for _, signed in entries.story(tx, _object(generation)):
        entry = Entry.read(signed.body)
        rights = entries.directory(tx).at(entry.actor, entry.number)
        is_admin = rights is not None and Role.ADMIN in rights.roles
        if entry.action == Action.POOL_KEY_MADE and is_admin and entries.is_signed(tx, signed):
            public, door = (base64.b64decode(str(entry.details[name])) for name in ("public", "door"))
            return Named(public, door)
    raise LedgerBrokenError("The database holds a key of the pool that the ledger does not name: it was slipped in.")


def writer(tx: Transaction, generation: int) -> PoolWriter:
    """Return what seals to a generation."""
    return PoolWriter(tx.keys.owner.workspace, generation, named(tx, generation).public)


def reader(tx: Transaction, generation: int) -> PoolReader:
    """Return what opens clips of a generation. Raises KeysUnavailableError for who is no transcriber."""
    known = tx.keys.pool_reader(generation)
    if known is not None:
        return known
    own = _table.c.member_id == tx.keys.owner.member
    sealed = tx.run(select(_table.c.sealed).where(own, _table.c.generation == generation)).scalar()
    if sealed is None:
        raise KeysUnavailableError("The pool's key was not sealed to you: only transcribers hear clips.")
    return tx.keys.open_pool_reader(generation, bytes(sealed), named(tx, generation).public)


def _opens(tx: Transaction, generation: int) -> bool:
    try:
        reader(tx, generation)
    except SealBrokenError:
        return False
    return True


def _object(generation: int) -> str:
    return f"pool-{generation}"
