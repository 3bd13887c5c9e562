"""The keys of the vault: one for each call, one for what leads from clips back to calls.

They lie wrapped under the workspace's key, which transcribers do not have. Destroying the key of a call erases it.
"""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, insert, select, update

from reviewer.crypto import DataKey, FieldPlace, VaultDoor
from reviewer.domain.errors import ErasedError
from reviewer.storage import keys, schema
from reviewer.storage.store import Transaction

POOL = "pool"  # the key of what leads from clips back to calls
_table = schema.vault_key


def make(tx: Transaction, name: str) -> DataKey:
    """Make the key of a call, or the pool's."""
    key, wrapping = DataKey.new(name), keys.newest(tx)
    tx.data_keys[name] = key
    tx.run(insert(_table).values(id=name, **_wrapped(key, keys.newest(tx).generation, wrapping.wrap)))
    return key


def of(tx: Transaction, name: str) -> DataKey:
    """Return the key of a call, or the pool's, which is made when it is first asked for. Raises ErasedError."""
    key = tx.data_keys.get(name)
    if key is None:
        row = tx.run(select(_table).where(_table.c.id == name)).one_or_none()
        if row is None and name != POOL:
            raise ErasedError("This call was erased: nobody can read it any more.")
        if row is None:
            return make(tx, name)
        key = keys.generation(tx, row.generation).unwrap(bytes(row.wrapped), name, row.key_id)
        tx.data_keys[name] = key
    return key


def is_there(tx: Transaction, name: str) -> bool:
    """Tell whether a key was made and not destroyed."""
    return tx.run(select(_table.c.id).where(_table.c.id == name)).scalar() is not None


def destroy(tx: Transaction, name: str) -> bool:
    """Destroy the key of a call; False where it is gone already."""
    tx.data_keys.pop(name, None)
    return tx.change(delete(_table).where(_table.c.id == name)) == 1


def rewrap(tx: Transaction, limit: int) -> keys.Rewrapped:
    """Wrap keys of older generations under the newest, at most `limit`."""
    wrapping = keys.newest(tx)
    rows = tx.run(select(_table).where(_table.c.generation < wrapping.generation).limit(limit)).all()
    done = keys.Rewrapped()
    for row in rows:
        wrapped = keys.wrapped_anew(tx, wrapping, row, row.id)
        fresh = {"generation": wrapping.generation, "wrapped": wrapped or row.wrapped}
        tx.run(update(_table).where(_table.c.id == row.id).values(fresh))
        done += keys.Rewrapped(1, int(wrapped is None))
    return done


def digest(tx: Transaction, purpose: str, text: str) -> str:
    """Return the keyed digest by which the vault finds a call, a member or a caller again."""
    return of(tx, POOL).digest(purpose, text.encode())


def seal(tx: Transaction, name: str, place: tuple[str, str, str], value: Any) -> bytes:
    """Return `value`, bytes or plain data, sealed for a table, a row and a column."""
    plaintext = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    return of(tx, name).seal(_place(tx, place), plaintext)


def unseal(tx: Transaction, name: str, place: tuple[str, str, str], stored: bytes) -> Any:
    """Return the plain data that was sealed for that place. Raises SealBrokenError or ErasedError."""
    return json.loads(unseal_bytes(tx, name, place, stored))


def unseal_bytes(tx: Transaction, name: str, place: tuple[str, str, str], stored: bytes) -> bytes:
    """Return the bytes that were sealed for that place. Raises SealBrokenError or ErasedError."""
    return of(tx, name).open(_place(tx, place), bytes(stored))


def make_door(tx: Transaction) -> VaultDoor:
    """Make the pair through which labels come back, or return the one that there is."""
    if tx.run(select(schema.vault_door.c.id)).scalar() is not None:
        return door(tx)
    made = VaultDoor.new(tx.keys.owner.workspace)
    tx.run(insert(schema.vault_door).values(id=1, sealed=seal(tx, POOL, ("vault_door", "1", "sealed"), made.dump())))
    return made


def door(tx: Transaction) -> VaultDoor:
    """Return the pair through which labels come back."""
    sealed = tx.run(select(schema.vault_door.c.sealed).where(schema.vault_door.c.id == 1)).scalar_one()
    return VaultDoor.load(tx.keys.owner.workspace, unseal_bytes(tx, POOL, ("vault_door", "1", "sealed"), sealed))


def _place(tx: Transaction, place: tuple[str, str, str]) -> FieldPlace:
    return FieldPlace(tx.keys.owner.workspace, *place)


def _wrapped(key: DataKey, generation: int, wrap: Callable[[DataKey], bytes]) -> dict[str, object]:
    return {"key_id": key.id, "generation": generation, "wrapped": wrap(key)}
