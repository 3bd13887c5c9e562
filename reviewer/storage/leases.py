"""Claiming items, and every way a lease ends.

A claim looks at the head of each route (one index probe a route), then takes the best one that its member may serve,
in one statement that skips what another claimer holds. Its fence number grows with each claim: a decision that carries
an older one is refused.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    Row,
    Select,
    Update,
    bindparam,
    case,
    literal_column,
    null,
    select,
    true,
    update,
)

from reviewer.domain.errors import LeaseLostError
from reviewer.domain.items import ItemHead, ItemId, ItemState, Lease, LeaseId
from reviewer.domain.members import Actor, DeskId, MemberId, WorkspaceId
from reviewer.domain.oversight import HANDED
from reviewer.storage import clock, items, schema
from reviewer.storage.items import Route
from reviewer.storage.store import Transaction

MOVED = "Somebody was faster: this item has moved meanwhile."
LOST = "The lease on this item is over: it ran out, was released or was taken over. The text is kept."

_item, _route = schema.item, schema.route
_ORDER = (_item.c.rank, _item.c.due_at, _item.c.received_at, _item.c.id)
_NO_LEASE: dict[str, Any] = {
    "lease_id": None,
    "lease_member_id": None,
    "lease_desk": None,
    "lease_expires_at": None,
    "lease_ahead": False,
}
# What an item is that waits on its route: the route says whether it is escalated.
_STATE_ON_ROUTE = case(
    (
        select(_route.c.escalated).where(_route.c.id == _item.c.route_id).correlate(_item).scalar_subquery(),
        ItemState.ESCALATED.value,
    ),
    else_=ItemState.WAITING.value,
)
_WAITS_AGAIN: dict[str, Any] = {"state": _STATE_ON_ROUTE, "waiting_on": _item.c.route_id}
# An item that a lease, bound by _of(), holds at this moment.
_HELD = (
    (_item.c.id == bindparam("of_item"))
    & (_item.c.lease_id == bindparam("of_lease"))
    & (_item.c.fence == bindparam("of_fence"))
    & (_item.c.lease_expires_at > clock.now())
)


@dataclass(frozen=True, slots=True)
class Lapsed:
    """An item whose lease ran out, and who had it."""

    item_id: ItemId
    member_id: str


def _taking(which: ColumnElement[bool]) -> Update:
    """Return the statement that leases the item `which`; _take() runs it."""
    return (
        update(_item)
        .where(which)
        .values(
            state=ItemState.LEASED.value,
            waiting_on=null(),
            fence=_item.c.fence + 1,
            lease_id=bindparam("new_lease"),
            lease_member_id=bindparam("new_member"),
            lease_desk=bindparam("new_desk"),
            lease_expires_at=clock.now_plus("new_length"),
            lease_ahead=bindparam("new_ahead"),
        )
        .returning(_item)
    )


# The statements of each claim and decision stand ready, since making one costs more than running it.
_ONE = literal_column("1", Integer)  # a limit that is a parameter would be planned anew each time
_queued = _item.alias("queued")
_HEAD = (
    select(_queued)
    .where(_queued.c.waiting_on == _route.c.id)
    .order_by(_queued.c.rank, _queued.c.due_at, _queued.c.received_at, _queued.c.id)
    .limit(_ONE)
    .correlate(_route)
)
_head = _HEAD.lateral("head")
_lapsed = _item.alias("lapsed")
_HAS_LAPSED = (
    select(_lapsed.c.id).where(_lapsed.c.lease_id.is_not(None), _lapsed.c.lease_expires_at <= clock.now()).exists()
)
_ROUTES = select(_route, _HAS_LAPSED.label("has_lapsed")).where(_route.c.workspace_id == bindparam("workspace"))
# Routes in the order of their heads. A server must see a head as a part of its own: joined by its id, the policies of
# rows would have it read the whole table, as what a subquery finds is asked of no index before them.
_INVITING = {
    "sqlite": _ROUTES.join(_item, _item.c.id == _HEAD.with_only_columns(_queued.c.id).scalar_subquery()).order_by(
        *_ORDER
    ),
    "postgresql": _ROUTES.join(_head, true()).order_by(_head.c.rank, _head.c.due_at, _head.c.received_at, _head.c.id),
}
_TAKE_BEST = _taking(
    _item.c.id
    == select(_item.c.id)
    .where(_item.c.waiting_on == bindparam("best"))
    .order_by(*_ORDER)
    .limit(_ONE)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_TAKE_ONE = _taking((_item.c.id == bindparam("of_item")) & _item.c.waiting_on.in_(bindparam("routes", expanding=True)))
_TAKE_OVER = _taking((_item.c.id == bindparam("of_item")) & (_item.c.lease_id == bindparam("from_lease")))
_HAND = _taking(
    (_item.c.id == bindparam("of_item"))
    & (_item.c.fence == bindparam("of_fence"))
    & _item.c.state.in_([ItemState.WAITING.value, ItemState.ESCALATED.value, ItemState.LEASED.value])
)
_TAKE_BACK = _taking((_item.c.id == bindparam("of_item")) & (_item.c.state == ItemState.HELD.value))
_CHECK = select(_item).where(_HELD)
_RENEW = update(_item).where(_HELD).values(lease_expires_at=clock.now_plus("length")).returning(_item)
_SEE = _RENEW.values(lease_ahead=False)
_SET_ASIDE = update(_item).where(_HELD).values(lease_ahead=True)
_GIVE_BACK = update(_item).where(_HELD).values(_WAITS_AGAIN | _NO_LEASE)
_TAKE_AWAY = (
    update(_item)
    .where((_item.c.id == bindparam("of_item")) & (_item.c.lease_id == bindparam("from_lease")))
    .values(_WAITS_AGAIN | _NO_LEASE)
)
_HOLD = update(_item).where(_HELD).values({"state": ItemState.HELD.value} | _NO_LEASE).returning(_item)
_EXPIRED = select(_item.c.id, _item.c.lease_member_id).where(
    _item.c.lease_id.is_not(None), _item.c.lease_expires_at <= clock.now()
)
_RESTED = select(_item.c.id).where(_item.c.wakes_at.is_not(None), _item.c.wakes_at <= clock.now())
_LATE: Select[Any] = select(_item.c.id).where(
    _item.c.waiting_on.is_not(None), _item.c.due_at <= clock.now(), _item.c.state == ItemState.WAITING.value
)
_ANYTHING_DUE = [each.limit(1) for each in (_EXPIRED, _RESTED, _LATE)]
_LOCK_EXPIRED, _LOCK_RESTED, _LOCK_LATE = (
    each.with_for_update(skip_locked=True) for each in (_EXPIRED, _RESTED, _LATE)
)


def inviting(tx: Transaction, workspace_id: WorkspaceId) -> tuple[list[Route], bool]:
    """Return the routes on which something waits, most urgent first; and whether a lease may have run out.

    Where nothing waits it may: nobody asked.
    """
    rows = tx.run(_INVITING[tx.dialect], {"workspace": workspace_id}).all()
    return [items.route(row) for row in rows], not rows or rows[0].has_lapsed


def claim_best(
    tx: Transaction, routes: Iterable[Route], length: Callable[[str], timedelta], *, ahead: bool
) -> Lease | None:
    """Lease the most urgent item of the first of `routes` that has one, for `length(kind)`; None where none has."""
    for route in routes:
        lease = _take(tx, _TAKE_BEST, {"best": route.id}, length(route.kind), ahead=ahead)
        if lease is not None:
            return lease  # otherwise others are taking all that waits there
    return None


def claim_one(tx: Transaction, item_id: str, routes: Sequence[int], length: timedelta) -> Lease | None:
    """Lease that very item if it waits on one of `routes`."""
    return _take(tx, _TAKE_ONE, {"of_item": item_id, "routes": routes}, length)


def take_over(tx: Transaction, item_id: str, from_lease: str, length: timedelta, *, ahead: bool) -> Lease | None:
    """Lease an item that `from_lease` still holds: the act of its own member, whose desk died."""
    return _take(tx, _TAKE_OVER, {"of_item": item_id, "from_lease": from_lease}, length, ahead=ahead)


def held_by(tx: Transaction, member_id: MemberId) -> list[Lease]:
    """Return the live leases of a member, opened ones first."""
    rows = tx.run(
        select(_item)
        .where(_item.c.lease_id.is_not(None), _item.c.lease_expires_at > clock.now())
        .where(_item.c.lease_member_id == member_id)
        .order_by(_item.c.lease_ahead, *_ORDER)
    )
    return [_lease(row) for row in rows]


def check(tx: Transaction, lease: Lease) -> ItemHead:
    """Return the item's head if `lease` is live. Raises LeaseLostError."""
    return items.head(_held(tx, _CHECK, lease))


def stated(tx: Transaction, actor: Actor, item_id: ItemId, lease_id: LeaseId) -> Lease:
    """Return the lease that a caller names, unchecked; one that is not the actor's carries a fence that never fits."""
    mine = (_item.c.lease_id == lease_id) & (_item.c.lease_member_id == actor.member.id)
    row = tx.run(select(_item).where(_item.c.id == item_id, mine)).one_or_none()
    if row is not None:
        return _lease(row)
    return Lease(lease_id, item_id, actor.member.id, actor.desk, fence=0, expires_at=tx.now())


def renew(tx: Transaction, lease: Lease, length: timedelta) -> Lease:
    """Extend a live lease to `length` from now. Raises LeaseLostError."""
    return _lease(_held(tx, _RENEW, lease, length=length))


def mark_seen(tx: Transaction, lease: Lease, length: timedelta) -> Lease:
    """Turn a look-ahead into a lease whose item is on screen. Raises LeaseLostError."""
    return _lease(_held(tx, _SEE, lease, length=length))


def set_aside(tx: Transaction, lease: Lease) -> None:
    """Turn a lease whose item was on screen into a look-ahead again. Raises LeaseLostError."""
    if tx.change(_SET_ASIDE, _of(lease)) == 0:
        raise LeaseLostError(LOST)


def give_back(tx: Transaction, lease: Lease) -> None:
    """End a live lease; the item waits again. Raises LeaseLostError."""
    if tx.change(_GIVE_BACK, _of(lease)) == 0:
        raise LeaseLostError(LOST)


def hand(tx: Transaction, item_id: str, member_id: MemberId, fence: int, length: timedelta) -> Lease:
    """Lease an item as it stood under `fence` to another member, for no desk yet. Raises LeaseLostError."""
    other = {"new_member": member_id, "new_desk": HANDED}
    lease = _take(tx, _HAND, {"of_item": item_id, "of_fence": fence} | other, length, ahead=True)
    if lease is None:
        raise LeaseLostError(MOVED)
    return lease


def take_away(tx: Transaction, item_id: str, lease_id: str) -> None:
    """End another's lease; the item waits again. Raises LeaseLostError."""
    if tx.change(_TAKE_AWAY, {"of_item": item_id, "from_lease": lease_id}) == 0:
        raise LeaseLostError(MOVED)


def hold(tx: Transaction, lease: Lease) -> ItemHead:
    """End a live lease because its item is decided, and return the item's head. Raises LeaseLostError."""
    return items.head(_held(tx, _HOLD, lease))


def resume(tx: Transaction, item_id: str, length: timedelta) -> Lease:
    """Lease an item in its hold to the actor again: the decision on it was withdrawn."""
    lease = _take(tx, _TAKE_BACK, {"of_item": item_id}, length)
    if lease is None:
        raise LeaseLostError(LOST)
    return lease


def expire(tx: Transaction) -> list[Lapsed]:
    """End the leases whose time is over; their items wait again."""
    lapsed = [Lapsed(ItemId(row.id), row.lease_member_id) for row in tx.run(_LOCK_EXPIRED)]
    if lapsed:
        ended = _item.c.id.in_([each.item_id for each in lapsed])
        tx.run(update(_item).where(ended).values(_WAITS_AGAIN | _NO_LEASE))
    return lapsed


def wake(tx: Transaction, limit: int) -> list[ItemId]:
    """Let skipped items wait again whose rest is over, at most `limit`, and return them."""
    rested = [ItemId(row.id) for row in tx.run(_LOCK_RESTED.limit(limit))]
    if rested:
        tx.run(update(_item).where(_item.c.id.in_(rested)).values(_WAITS_AGAIN | {"wakes_at": None}))
    return rested


def overdue(tx: Transaction, limit: int) -> list[ItemId]:
    """Return items that wait past their due time and are not yet escalated, at most `limit`."""
    return [ItemId(row.id) for row in tx.run(_LOCK_LATE.limit(limit))]


def anything_due(tx: Transaction) -> bool:
    """Tell whether a lease, a skip or a due time has run out; a cheap look that takes no lock."""
    return any(tx.run(each).scalar() is not None for each in _ANYTHING_DUE)


def escalate(tx: Transaction, item_id: str) -> None:
    """Let an item wait for a supervisor."""
    route_id = items.escalated_route(tx, item_id)
    tx.run(
        update(_item)
        .where(_item.c.id == item_id)
        .values(state=ItemState.ESCALATED.value, route_id=route_id, waiting_on=route_id)
    )


def rest(tx: Transaction, item_id: str, length: timedelta) -> None:
    """Put an item aside for `length`."""
    tx.run(update(_item).where(_item.c.id == item_id).values(state=ItemState.SKIPPED.value, wakes_at=clock.now(length)))


def _take(
    tx: Transaction, statement: Update, which: dict[str, Any], length: timedelta, *, ahead: bool = False
) -> Lease | None:
    new = {
        "new_lease": secrets.token_hex(16),
        "new_member": tx.actor.member.id,
        "new_desk": tx.actor.desk,
        "new_length": length,
        "new_ahead": ahead,
    }
    taken = tx.run(statement, new | which).one_or_none()
    return None if taken is None else _lease(taken)


def _held(tx: Transaction, statement: Executable, lease: Lease, **values: Any) -> Row[Any]:
    """Run a statement on the item that `lease` holds and return its row. Raises LeaseLostError."""
    row = tx.run(statement, _of(lease) | values).one_or_none()
    if row is None:
        raise LeaseLostError(LOST)
    return row


def _of(lease: Lease) -> dict[str, Any]:
    return {"of_item": lease.item_id, "of_lease": lease.id, "of_fence": lease.fence}


def _lease(row: Row[Any]) -> Lease:
    return Lease(
        id=LeaseId(row.lease_id),
        item_id=ItemId(row.id),
        member_id=MemberId(row.lease_member_id),
        desk=DeskId(row.lease_desk),
        fence=row.fence,
        expires_at=row.lease_expires_at,
    )
