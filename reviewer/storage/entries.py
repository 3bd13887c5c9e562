"""The ledger's rows: entries in the order in which they were committed, checkpoints, and what is asked of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, insert, literal_column, select

from reviewer.crypto import first_bad_signature
from reviewer.domain.errors import LedgerBrokenError
from reviewer.domain.events import Action
from reviewer.ledger import (
    KEY_ACTIONS,
    BrokenEntryError,
    ChainHead,
    Checkpoint,
    Directory,
    Entry,
    Listed,
    SignedEntry,
    Verifier,
)
from reviewer.ledger.entries import message
from reviewer.storage import schema
from reviewer.storage.postgresql import place
from reviewer.storage.store import Transaction

_table = schema.entry
_PIECE = 2_000
# On SQLite an entry's number is its place. On PostgreSQL it gets one when it is settled, and is at 0 until then.
_AT = {"sqlite": _table.c.seq, "postgresql": func.coalesce(place.c.position, 0)}
_FROM = {"sqlite": _table, "postgresql": _table.outerjoin(place, place.c.seq == _table.c.seq)}
_PLACE = {"sqlite": _table.c.seq, "postgresql": place.c.position}
# Spelled as the index on these entries is.
_ABOUT_KEYS = (
    select(_table, _table.c.seq.label("position"))
    .where(_table.c.action.in_(literal_column(f"'{action}'") for action in sorted(KEY_ACTIONS)))
    .order_by(_table.c.seq)
)


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as the ledger page lists it."""

    position: int
    at: datetime
    actor: str
    number: int
    action: str
    item_id: str | None
    kind: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are wanted; None is any."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: str | None = None
    item_id: str | None = None


def _placed(tx: Transaction) -> Select[Any]:
    """Return the statement that finds entries with their places."""
    return select(_table, _AT[tx.dialect].label("position")).select_from(_FROM[tx.dialect])


def after(tx: Transaction, position: int) -> Iterator[SignedEntry]:
    """Yield the settled entries after `position`, a piece of the table at a time."""
    at = _PLACE[tx.dialect]
    while True:
        rows = tx.run(_placed(tx).where(at > position).order_by(at).limit(_PIECE)).all()
        yield from map(_signed, rows)
        if len(rows) < _PIECE:
            return
        position = rows[-1].position


def _signed(row: Row[Any]) -> SignedEntry:
    listed = Listed(row.position, row.actor, row.number, row.at, row.action, row.item_id, bytes(row.hash))
    return SignedEntry(bytes(row.body), bytes(row.signature), listed)


def directory(tx: Transaction) -> Directory:
    """Return who may sign what, and which keys there are, as signed entries say and no other row.

    Raises LedgerBrokenError where one of them is not its actor's.
    """
    if tx.directory is None:
        verifier = Verifier()
        try:
            signatures = [verifier.add_apart(_signed(row)) for row in tx.run(_ABOUT_KEYS)]
        except BrokenEntryError as exc:
            raise LedgerBrokenError(f"The ledger does not say who its members are: {exc}.") from exc
        if not signatures or first_bad_signature(signatures) is not None:
            raise LedgerBrokenError("The ledger does not say who its members are: verify it.")
        tx.directory = verifier.directory
    return tx.directory


def is_signed(tx: Transaction, signed: SignedEntry) -> bool:
    """Tell whether an entry carries the signature of the member it names."""
    entry = Entry.read(signed.body)
    keys = directory(tx).at(entry.actor, entry.number)
    return keys is not None and first_bad_signature([(keys.sign, message(signed.body), signed.signature)]) is None


def number(tx: Transaction) -> int:
    """Count the settled entries."""
    counted: int = tx.run(select(func.count()).select_from(_PLACE[tx.dialect].table)).scalar_one()
    return counted


def head_of(tx: Transaction, actor: str) -> ChainHead | None:
    """Return the newest entry of an actor's chain."""
    newest = select(_table.c.number, _table.c.hash).where(_table.c.actor == actor).order_by(_table.c.number.desc())
    row = tx.run(newest.limit(1)).one_or_none()
    return None if row is None else ChainHead(row.number, bytes(row.hash).hex())


def has(tx: Transaction, actor: str, head: ChainHead) -> bool:
    """Tell whether that very entry stands in an actor's chain."""
    found = tx.run(select(_table.c.hash).where(_table.c.actor == actor, _table.c.number == head.number)).scalar()
    return found is not None and bytes(found).hex() == head.hash


def listing(tx: Transaction, wanted: Filter, limit: int) -> list[EntryRow]:
    """Return the newest entries that are wanted, newest first, at most `limit`."""
    item = schema.item
    chosen = (
        _placed(tx)
        .add_columns(item.c.kind, item.c.external_id)
        .outerjoin(item, item.c.id == _table.c.item_id)
        .where(*_conditions(wanted))
        .order_by(_table.c.seq.desc())
        .limit(limit)
    )
    return [
        EntryRow(row.position, row.at, row.actor, row.number, row.action, row.item_id, row.kind, row.external_id)
        for row in tx.run(chosen)
    ]


def _conditions(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield _table.c.at >= wanted.since
    if wanted.until is not None:
        yield _table.c.at < wanted.until
    if wanted.actor is not None:
        yield _table.c.actor == wanted.actor
    if wanted.action is not None:
        yield _table.c.action == wanted.action
    if wanted.item_id is not None:
        yield _is_about(wanted.item_id)


def _is_about(item: str) -> ColumnElement[bool]:
    """Match an item by its id or by its producer's."""
    named = select(schema.item.c.id).where(schema.item.c.external_id == item)
    return (_table.c.item_id == item) | _table.c.item_id.in_(named)


def story(tx: Transaction, item_id: str) -> list[tuple[int, SignedEntry]]:
    """Return every entry about an item with its position, oldest first."""
    rows = tx.run(_placed(tx).where(_table.c.item_id == item_id).order_by(_table.c.seq))
    return [(row.position, _signed(row)) for row in rows]


def newest_about(tx: Transaction, item_id: str, action: Action) -> int | None:
    """Return the position of the newest entry of that action about an item."""
    at = _PLACE[tx.dialect]
    about = select(func.max(at)).select_from(_FROM[tx.dialect])
    position: int | None = tx.run(about.where(_table.c.item_id == item_id, _table.c.action == action.value)).scalar()
    return position


def add_checkpoint(tx: Transaction, checkpoint: Checkpoint) -> None:
    """Store a checkpoint; one for each size."""
    size = checkpoint.head.size
    if tx.run(select(schema.checkpoint.c.size).where(schema.checkpoint.c.size == size)).scalar() is None:
        tx.run(insert(schema.checkpoint).values(size=size, note=checkpoint.note))


def checkpoints(tx: Transaction) -> list[str]:
    """Return every checkpoint, oldest first."""
    return list(tx.run(select(schema.checkpoint.c.note).order_by(schema.checkpoint.c.size)).scalars())
