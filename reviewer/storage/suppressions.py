"""Who opted out, and what the business itself goes by.

A list of telephone numbers must be of no use to whoever can read the table: each lies here as a keyed digest, and
sealed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, or_, select

from reviewer.crypto import DataKey
from reviewer.domain.errors import SealBrokenError
from reviewer.domain.members import WorkspaceId
from reviewer.storage import clock, keys, schema
from reviewer.storage.store import Transaction

_table, _contact = schema.suppression, schema.business_contact
_LIST = "suppressions"


@dataclass(frozen=True, slots=True)
class Address:
    """A canonical number or e-mail address, whether its country is certain, and a number's last digits."""

    canonical: str
    certain: bool
    tail: str | None


@dataclass(frozen=True, slots=True)
class Suppression:
    """One number or address that nothing is sent to."""

    id: str
    address: str
    member: str
    added_at: datetime


def add(tx: Transaction, suppression_id: str, address: Address) -> None:
    """Add an address that is not there yet."""
    who = tx.actor.member
    key = keys.of_list(tx, _LIST)
    tx.run(
        insert(_table).values(
            id=suppression_id,
            workspace_id=who.workspace_id,
            digest=key.digest("address", address.canonical.encode()),
            tail=None if address.tail is None else key.digest("tail", address.tail.encode()),
            certain=address.certain,
            shown=keys.seal_with(tx, key, _place(suppression_id), address.canonical),
            member_id=who.id,
            added_at=clock.now(),
        )
    )


def find(tx: Transaction, workspace_id: WorkspaceId, address: Address) -> list[str]:
    """Return the ids of the suppressions that an address falls under.

    Numbers whose country is not certain on one side or the other are one where their last digits are.
    """
    if not keys.has_list(tx, _LIST):
        return []
    key = keys.of_list(tx, _LIST)
    same = _table.c.digest == key.digest("address", address.canonical.encode())
    if address.tail is not None:
        alike = _table.c.tail == key.digest("tail", address.tail.encode())
        same = or_(same, alike & (_table.c.certain.is_(False)) if address.certain else alike)
    return list(tx.run(select(_table.c.id).where(_table.c.workspace_id == workspace_id, same)).scalars())


def remove(tx: Transaction, ids: Sequence[str]) -> None:
    """Remove suppressions."""
    tx.run(delete(_table).where(_table.c.id.in_(ids)))


def listing(tx: Transaction, workspace_id: WorkspaceId) -> list[Suppression]:
    """Return every suppression, the oldest first."""
    if not keys.has_list(tx, _LIST):
        return []
    key = keys.of_list(tx, _LIST)
    rows = tx.run(
        select(_table, schema.member.c.name)
        .join(schema.member, schema.member.c.id == _table.c.member_id)
        .where(_table.c.workspace_id == workspace_id)
        .order_by(_table.c.added_at, _table.c.id)
    )
    return [Suppression(row.id, _shown(tx, key, row), row.name, row.added_at) for row in rows]


def _shown(tx: Transaction, key: DataKey, row: Row[Any]) -> str:
    try:
        return keys.unseal_with(tx, key, _place(row.id), row.shown)
    except SealBrokenError:  # whoever entered it spoiled it, and nobody falls under it
        return "—"


def contacts(tx: Transaction, workspace_id: WorkspaceId) -> frozenset[str]:
    """Return the business's own numbers, addresses and names."""
    rows = tx.run(select(_contact.c.contact).where(_contact.c.workspace_id == workspace_id))
    return frozenset(rows.scalars())


def add_contact(tx: Transaction, contact: str) -> None:
    """Add a contact that is not there yet."""
    who = tx.actor.member
    values = {"workspace_id": who.workspace_id, "contact": contact, "member_id": who.id}
    tx.run(insert(_contact).values(**values, added_at=clock.now()))


def remove_contact(tx: Transaction, contact: str) -> bool:
    """Remove a contact; False where it was not there."""
    here = (_contact.c.workspace_id == tx.actor.member.workspace_id) & (_contact.c.contact == contact)
    return tx.change(delete(_contact).where(here)) == 1


def _place(suppression_id: str) -> tuple[str, str, str]:
    return (_table.name, suppression_id, "shown")
