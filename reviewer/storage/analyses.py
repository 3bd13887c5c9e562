"""What analyses found in a draft, sealed with its conversation, and which items are still to be analysed."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from reviewer.domain.errors import SealBrokenError
from reviewer.domain.items import ItemId, ItemState
from reviewer.storage import clock, keys, schema
from reviewer.storage.store import Transaction

_found, _wanted, _item = schema.analysis, schema.unanalysed, schema.item
_ORDER = (_wanted.c.rank, _wanted.c.due_at, _wanted.c.received_at, _wanted.c.item_id)
_FREE = or_(_wanted.c.taken_until.is_(None), _wanted.c.taken_until < clock.now())
_TAKE = (
    update(_wanted)
    .where(
        _wanted.c.item_id.in_(
            select(_wanted.c.item_id)
            .where(_FREE)
            .order_by(*_ORDER)
            .limit(bindparam("limit"))
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
    )
    .values(taken_until=clock.now_plus("patience"))
    .returning(*_ORDER)
)
_ANY = select(_wanted.c.item_id).where(_FREE).limit(1)
_OF_ITEM = select(_found).where(_found.c.item_id == bindparam("of_item"))


@dataclass(frozen=True, slots=True)
class Stored:
    """What one analysis found in a draft, as JSON, and which version of it that was."""

    version: int
    found: str


def want(tx: Transaction, items: Sequence[Mapping[str, object]]) -> None:
    """Note that new items are to be analysed; `items` are their rows."""
    columns = ("rank", "due_at", "received_at")
    tx.run(insert(_wanted), [{"item_id": row["id"], **{name: row[name] for name in columns}} for row in items])


def want_again(tx: Transaction, versions: Mapping[str, int]) -> int:
    """Note that open items are to be analysed which lack what these versions find; return how many those are."""
    current = or_(*(and_(_found.c.name == name, _found.c.version == number) for name, number in versions.items()))
    done = select(func.count()).where(_found.c.item_id == _item.c.id, current).correlate(_item).scalar_subquery()
    open_items = select(_item.c.id, _item.c.rank, _item.c.due_at, _item.c.received_at).where(
        _item.c.state.not_in([ItemState.DECIDED.value, ItemState.ERASED.value]),
        done < len(versions),
        ~select(_wanted.c.item_id).where(_wanted.c.item_id == _item.c.id).correlate(_item).exists(),
    )
    return tx.change(insert(_wanted).from_select(["item_id", "rank", "due_at", "received_at"], open_items))


def anything_wanted(tx: Transaction) -> bool:
    """Tell whether an item is to be analysed that nobody has taken."""
    return tx.run(_ANY).first() is not None


def number_wanted(tx: Transaction) -> int:
    """Count the items that are still to be analysed."""
    number: int = tx.run(select(func.count()).select_from(_wanted)).scalar_one()
    return number


def take(tx: Transaction, limit: int, patience: timedelta) -> list[ItemId]:
    """Take the most urgent items, for `patience`; after that they come up again."""
    rows = tx.run(_TAKE, {"limit": limit, "patience": patience}).all()
    return [ItemId(row.item_id) for row in sorted(rows, key=lambda row: (row.rank, row.due_at, row.received_at))]


def is_kept(tx: Transaction, item_id: ItemId) -> bool:
    """Tell whether what is found may be kept: not of what was erased, nor in a team's database of what lacks nothing.

    In a team's database others who keep something of the item at the same time come after this transaction.
    """
    if tx.dialect == "sqlite":
        return tx.run(select(schema.data_key.c.item_id).where(schema.data_key.c.item_id == item_id)).first() is not None
    wanted = select(_wanted.c.item_id).where(_wanted.c.item_id == item_id).with_for_update()
    return tx.run(wanted).first() is not None


def versions(tx: Transaction, item_id: ItemId) -> dict[str, int]:
    """Return which analyses have found something in an item's draft, with their versions."""
    return {row.name: row.version for row in tx.run(_OF_ITEM, {"of_item": item_id})}


def save(tx: Transaction, item_id: ItemId, name: str, version: int, found: str) -> None:
    """Keep what one analysis found, in place of what it had found before."""
    tx.run(delete(_found).where(_found.c.item_id == item_id, _found.c.name == name))
    values = {"item_id": item_id, "name": name, "version": version, "found": _seal(tx, item_id, name, found)}
    tx.run(insert(_found).values(**values))


def forget(tx: Transaction, name: str) -> None:
    """Drop what one analysis found in every draft: it would find something else now."""
    tx.run(delete(_found).where(_found.c.name == name))


def done(tx: Transaction, item_id: ItemId) -> None:
    """Note that an item needs no analysis any more."""
    tx.run(delete(_wanted).where(_wanted.c.item_id == item_id))


def load(tx: Transaction, item_id: ItemId) -> dict[str, Stored]:
    """Return what was found in an item's draft, by analysis; what was spoiled counts as not found yet."""
    there = {}
    for row in tx.run(_OF_ITEM, {"of_item": item_id}):
        with suppress(SealBrokenError):
            there[row.name] = Stored(row.version, _unseal(tx, item_id, row.name, row.found))
    return there


def drop(tx: Transaction, item_id: str) -> None:
    """Forget what was found in an item that is erased."""
    tx.run(delete(_found).where(_found.c.item_id == item_id))
    tx.run(delete(_wanted).where(_wanted.c.item_id == item_id))


def _seal(tx: Transaction, item_id: ItemId, name: str, text: str) -> bytes:
    return keys.seal(tx, item_id, (_found.name, f"{item_id}/{name}", "found"), text)


def _unseal(tx: Transaction, item_id: ItemId, name: str, stored: bytes) -> str:
    return keys.unseal(tx, item_id, (_found.name, f"{item_id}/{name}", "found"), stored)
