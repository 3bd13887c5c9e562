"""Keys at rest: the workspace's key sealed to each member, one wrapped data key for each conversation; and sealing.

Every stored text goes through `seal` and comes back through `unseal`: bound to workspace, table, row, column and
version, under its conversation's data key. Deleting a data key's row erases the conversation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql

from reviewer.crypto import DataKey, FieldPlace, WorkspaceKey
from reviewer.domain.errors import ErasedError, KeysUnavailableError, LedgerBrokenError, SealBrokenError
from reviewer.storage import clock, entries, schema
from reviewer.storage.store import Transaction

_data, _workspace = schema.data_key, schema.workspace_key
_list, _conversation = schema.list_key, schema.conversation
_OF_ITEM = select(_data.c.key_id, _data.c.generation, _data.c.wrapped).where(_data.c.item_id == bindparam("of_item"))


@dataclass(frozen=True, slots=True)
class SealedGeneration:
    """A generation of the workspace's key as it was sealed to a member."""

    number: int
    sealed: bytes


def add_generation(tx: Transaction, key: WorkspaceKey, member_id: str, sealed: bytes) -> None:
    """Store a generation sealed to a member."""
    values = {"generation": key.generation, "member_id": member_id, "fingerprint": key.fingerprint, "sealed": sealed}
    tx.run(insert(_workspace).values(made_at=clock.now()), values)


def share_generation(tx: Transaction, key: WorkspaceKey, member_id: str, sealed: bytes) -> None:
    """Store a generation sealed to a member, who may have it already: an admin cannot see whether they do."""
    values = {"generation": key.generation, "member_id": member_id, "fingerprint": key.fingerprint, "sealed": sealed}
    tx.run(postgresql.insert(_workspace).values(made_at=clock.now()).on_conflict_do_nothing(), values)


def generations(tx: Transaction, member_id: str) -> list[SealedGeneration]:
    """Return the generations sealed to a member, oldest first."""
    rows = tx.run(select(_workspace).where(_workspace.c.member_id == member_id).order_by(_workspace.c.generation))
    return [SealedGeneration(row.generation, bytes(row.sealed)) for row in rows]


def newest(tx: Transaction) -> WorkspaceKey:
    """Return the generation that new data keys are wrapped under."""
    return generation(tx, newest_number(tx))


def generation(tx: Transaction, number: int) -> WorkspaceKey:
    """Return a generation, opened now if it was made after the desk was unlocked."""
    key = tx.keys.generation(number)
    if key is None:
        own = [each for each in generations(tx, tx.keys.owner.member) if each.number == number]
        if not own:
            raise KeysUnavailableError("The workspace's key was not sealed to you: ask an admin.")
        key = tx.keys.open_generation(number, own[0].sealed, fingerprint(tx, number))
    return key


def fingerprint(tx: Transaction, number: int) -> str:
    """Return the fingerprint under which the ledger names a generation. Raises LedgerBrokenError."""
    named = entries.directory(tx).generations.get(number)
    if named is None:
        raise LedgerBrokenError("The database holds a workspace key that the ledger does not name: it was slipped in.")
    return named


def drop_generation(tx: Transaction, number: int) -> None:
    """Destroy a generation that wraps nothing any more."""
    tx.run(delete(_workspace).where(_workspace.c.generation == number))


def newest_number(tx: Transaction) -> int:
    """Return the number of the newest generation, whether or not it opens."""
    number: int = tx.run(select(func.max(_workspace.c.generation))).scalar_one()
    return number


def opens(tx: Transaction) -> bool:
    """Tell whether the newest generation opens: who made it may have sealed something else to others."""
    try:
        newest(tx)
    except SealBrokenError:
        return False
    return True


def oldest(tx: Transaction) -> tuple[int, timedelta]:
    """Return the oldest generation in use and its age."""
    row = tx.run(select(_workspace.c.generation, _workspace.c.made_at).order_by(_workspace.c.generation).limit(1)).one()
    return row.generation, tx.now() - row.made_at


def old_generations(tx: Transaction) -> list[int]:
    """Return the numbers of all generations but the newest."""
    numbers = tx.run(select(_workspace.c.generation).distinct().order_by(_workspace.c.generation)).scalars().all()
    return list(numbers[:-1])


def make(tx: Transaction, item_ids: Sequence[str]) -> None:
    """Make the data keys of new conversations."""
    wrapping = newest(tx)
    rows = []
    for item_id in item_ids:
        key = DataKey.new(item_id)
        tx.data_keys[item_id] = key
        rows.append(_row(key, wrapping))
    tx.run(insert(_data), rows)


def of(tx: Transaction, item_id: str) -> DataKey:
    """Return the data key of a conversation. Raises ErasedError where it was destroyed."""
    known = tx.data_keys.get(item_id)
    return known or take(tx, item_id, tx.run(_OF_ITEM, {"of_item": item_id}).one_or_none())


def take(tx: Transaction, item_id: str, row: Row[Any] | None) -> DataKey:
    """Open a conversation's data key as it was read, for this transaction. Raises ErasedError where there is none."""
    if row is None:
        raise ErasedError("This conversation was erased: nobody can read it any more.")
    key = generation(tx, row.generation).unwrap(bytes(row.wrapped), item_id, row.key_id)
    tx.data_keys[item_id] = key
    return key


def of_list(tx: Transaction, name: str) -> DataKey:
    """Return the key of a list of the workspace, made when it is first asked for in a write."""
    known = tx.data_keys.get(_list_name(name))
    if known is not None:
        return known
    here = (_list.c.workspace_id == tx.keys.owner.workspace) & (_list.c.name == name)
    row = tx.run(select(_list).where(here)).one_or_none()
    if row is None:
        key, wrapping = DataKey.new(_list_name(name)), newest(tx)
        values = {"workspace_id": tx.keys.owner.workspace, "name": name, "key_id": key.id}
        tx.run(insert(_list).values(**values, generation=wrapping.generation, wrapped=wrapping.wrap(key)))
    else:
        key = generation(tx, row.generation).unwrap(bytes(row.wrapped), _list_name(name), row.key_id)
    tx.data_keys[_list_name(name)] = key
    return key


def has_list(tx: Transaction, name: str) -> bool:
    """Tell whether a list has a key, and so may hold something."""
    here = (_list.c.workspace_id == tx.keys.owner.workspace) & (_list.c.name == name)
    return tx.run(select(_list.c.name).where(here)).scalar() is not None


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """How many keys were wrapped anew, and how many of those did not open and went along as they are."""

    number: int = 0
    unreadable: int = 0

    def __add__(self, other: "Rewrapped") -> "Rewrapped":
        """Return what both did."""
        return Rewrapped(self.number + other.number, self.unreadable + other.unreadable)


def rewrap(tx: Transaction, limit: int) -> Rewrapped:
    """Wrap data keys of older generations under the newest, at most `limit` of each sort.

    One that does not open was spoiled by whoever wrote it: nobody can read what it protects, and it holds up nothing.
    """
    wrapping = newest(tx)
    done = Rewrapped()
    for table, own, conversation_of in (
        (_data, (_data.c.item_id,), lambda row: row.item_id),
        (_list, (_list.c.workspace_id, _list.c.name), lambda row: _list_name(row.name)),
        (_conversation, (_conversation.c.id,), lambda row: row.id),
    ):
        columns = (*own, table.c.key_id, table.c.generation, table.c.wrapped)
        for row in tx.run(select(*columns).where(table.c.generation < wrapping.generation).limit(limit)).all():
            wrapped = wrapped_anew(tx, wrapping, row, conversation_of(row))
            here = [column == value for column, value in zip(own, row, strict=False)]
            if wrapped is None and table is _list and not _holds_anything(tx):
                fresh = DataKey.new(conversation_of(row))  # spoiled before anything was listed under it
                values = {"key_id": fresh.id, "generation": wrapping.generation, "wrapped": wrapping.wrap(fresh)}
                tx.run(update(table).where(*here).values(values))
                done += Rewrapped(1, 1)
                continue
            tx.run(update(table).where(*here).values(generation=wrapping.generation, wrapped=wrapped or row.wrapped))
            done += Rewrapped(1, int(wrapped is None))
    return done


def _holds_anything(tx: Transaction) -> bool:
    here = schema.suppression.c.workspace_id == tx.keys.owner.workspace
    return tx.run(select(schema.suppression.c.id).where(here).limit(1)).scalar() is not None


def wrapped_anew(tx: Transaction, wrapping: WorkspaceKey, row: Row[Any], name: str) -> bytes | None:
    """Return a data key wrapped under another generation, or None where it does not open under its own."""
    try:
        return wrapping.wrap(generation(tx, row.generation).unwrap(bytes(row.wrapped), name, row.key_id))
    except SealBrokenError:
        return None


def destroy(tx: Transaction, item_id: str) -> bool:
    """Destroy the data key of a conversation; False where it is gone already."""
    tx.data_keys.pop(item_id, None)
    return tx.change(delete(_data).where(_data.c.item_id == item_id)) == 1


def seal(tx: Transaction, item_id: str, place: tuple[str, str, str], text: str) -> bytes:
    """Return `text` of a conversation sealed for `place`: table, row, column."""
    return of(tx, item_id).seal(_place(tx, place), _bytes(text))


def unseal(tx: Transaction, item_id: str, place: tuple[str, str, str], stored: bytes) -> str:
    """Return the text that was sealed for `place`. Raises SealBrokenError or ErasedError."""
    return of(tx, item_id).open(_place(tx, place), bytes(stored)).decode("utf-8", "surrogatepass")


def digest(tx: Transaction, item_id: str, purpose: str, text: str) -> str:
    """Return the keyed digest of a text for the ledger."""
    return of(tx, item_id).digest(purpose, _bytes(text))


def seal_with(tx: Transaction, key: DataKey, place: tuple[str, str, str], text: str) -> bytes:
    """Return `text` sealed for `place` under a key that belongs to no item."""
    return key.seal(_place(tx, place), _bytes(text))


def unseal_with(tx: Transaction, key: DataKey, place: tuple[str, str, str], stored: bytes) -> str:
    """Return the text that was sealed for `place` under such a key. Raises SealBrokenError."""
    return key.open(_place(tx, place), bytes(stored)).decode("utf-8", "surrogatepass")


def _list_name(name: str) -> str:
    return f"list {name}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # half a pair may be typed and kept, though never sent


def _place(tx: Transaction, place: tuple[str, str, str]) -> FieldPlace:
    return FieldPlace(tx.keys.owner.workspace, *place)


def _row(key: DataKey, wrapping: WorkspaceKey) -> dict[str, object]:
    return {
        "item_id": key.conversation,
        "key_id": key.id,
        "generation": wrapping.generation,
        "wrapped": wrapping.wrap(key),
    }
