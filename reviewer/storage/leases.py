"""Claiming items, and every way a lease ends.

A claim looks at the head of each route its member may serve (one index probe a route), then takes the best one in
one statement that skips what another claimer holds. Its fence number grows with each claim: a decision that carries
an older one is refused.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, null, select, update

from reviewer.domain.errors import LeaseLostError
from reviewer.domain.items import ItemHead, ItemId, ItemState, Lease, LeaseId
from reviewer.domain.members import Actor, DeskId, MemberId
from reviewer.storage import clock, items, schema
from reviewer.storage.items import Route
from reviewer.storage.store import Transaction

_item = schema.item
_ORDER = (_item.c.rank, _item.c.due_at, _item.c.received_at, _item.c.id)
_NO_LEASE: dict[str, Any] = {
    "lease_id": None,
    "lease_member_id": None,
    "lease_desk": None,
    "lease_expires_at": None,
    "lease_ahead": False,
}
LOST = "The lease on this item is over: it ran out, was released or was taken over. The text is kept."


@dataclass(frozen=True, slots=True)
class Lapsed:
    """An item whose lease, skip or due time ran out."""

    item_id: ItemId
    member_id: str | None


def claim_best(
    tx: Transaction, routes: Sequence[Route], length: Callable[[str], timedelta], *, ahead: bool
) -> Lease | None:
    """Lease the most urgent item on `routes` for `length(kind)`; None where nothing waits."""
    kinds = {route.id: route.kind for route in routes}
    while (best := _best_route(tx, list(kinds))) is not None:
        head = (
            select(_item.c.id)
            .where(_item.c.waiting_on == best)
            .order_by(*_ORDER)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        lease = _take(tx, _item.c.id == head, length(kinds[best]), ahead=ahead)
        if lease is not None:
            return lease
    return None


def claim_one(tx: Transaction, item_id: str, routes: Sequence[int], length: timedelta) -> Lease | None:
    """Lease that very item if it waits on one of `routes`."""
    return _take(tx, (_item.c.id == item_id) & _item.c.waiting_on.in_(routes), length, ahead=False)


def take_over(tx: Transaction, item_id: str, from_lease: str, length: timedelta) -> Lease | None:
    """Lease an item that `from_lease` still holds: the act of its own member, whose desk died."""
    return _take(tx, (_item.c.id == item_id) & (_item.c.lease_id == from_lease), length, ahead=False)


def held_by(tx: Transaction, member_id: MemberId) -> list[Lease]:
    """Return the live leases of a member, opened ones first."""
    rows = tx.run(
        select(_item)
        .where(_item.c.lease_member_id == member_id, _item.c.lease_expires_at > clock.now())
        .order_by(_item.c.lease_ahead, *_ORDER)
    )
    return [_lease(row) for row in rows]


def check(tx: Transaction, lease: Lease) -> ItemHead:
    """Return the item's head if `lease` is live. Raises LeaseLostError."""
    row = tx.run(select(_item).where(_holds(lease))).one_or_none()
    if row is None:
        raise LeaseLostError(LOST)
    return items.head(row)


def stated(tx: Transaction, actor: Actor, item_id: ItemId, lease_id: LeaseId) -> Lease:
    """Return the lease that a caller names, unchecked; one that is not the actor's carries a fence that never fits."""
    mine = (_item.c.lease_id == lease_id) & (_item.c.lease_member_id == actor.member.id)
    row = tx.run(select(_item).where(_item.c.id == item_id, mine)).one_or_none()
    if row is not None:
        return _lease(row)
    return Lease(lease_id, item_id, actor.member.id, actor.desk, fence=0, expires_at=tx.now())


def renew(tx: Transaction, lease: Lease, length: timedelta) -> Lease:
    """Extend a live lease to `length` from now. Raises LeaseLostError."""
    row = tx.run(update(_item).where(_holds(lease)).values(lease_expires_at=clock.now(length)).returning(_item))
    found = row.one_or_none()
    if found is None:
        raise LeaseLostError(LOST)
    return _lease(found)


def mark_seen(tx: Transaction, lease: Lease, length: timedelta) -> Lease:
    """Turn a look-ahead into a lease whose item is on screen. Raises LeaseLostError."""
    found = tx.run(
        update(_item)
        .where(_holds(lease))
        .values(lease_ahead=False, lease_expires_at=clock.now(length))
        .returning(_item)
    ).one_or_none()
    if found is None:
        raise LeaseLostError(LOST)
    return _lease(found)


def give_back(tx: Transaction, lease: Lease) -> None:
    """End a live lease; the item waits again. Raises LeaseLostError."""
    if tx.change(update(_item).where(_holds(lease)).values(**_waits_again())) == 0:
        raise LeaseLostError(LOST)


def hold(tx: Transaction, lease: Lease) -> None:
    """End a live lease because its item is decided. Raises LeaseLostError."""
    if tx.change(update(_item).where(_holds(lease)).values(state=ItemState.HELD.value, **_NO_LEASE)) == 0:
        raise LeaseLostError(LOST)


def resume(tx: Transaction, item_id: str, length: timedelta) -> Lease:
    """Lease an item in its hold to the actor again: the decision on it was withdrawn."""
    lease = _take(tx, (_item.c.id == item_id) & (_item.c.state == ItemState.HELD.value), length, ahead=False)
    if lease is None:
        raise LeaseLostError(LOST)
    return lease


def expire(tx: Transaction) -> list[Lapsed]:
    """End the leases whose time is over; their items wait again."""
    over = select(_item.c.id, _item.c.lease_member_id).where(
        _item.c.lease_id.is_not(None), _item.c.lease_expires_at <= clock.now()
    )
    lapsed = [Lapsed(ItemId(row.id), row.lease_member_id) for row in tx.run(over.with_for_update(skip_locked=True))]
    if lapsed:
        tx.run(update(_item).where(_item.c.id.in_([each.item_id for each in lapsed])).values(**_waits_again()))
    return lapsed


def wake(tx: Transaction) -> list[Lapsed]:
    """Let skipped items wait again whose rest is over."""
    woken = tx.run(
        update(_item)
        .where(_item.c.wakes_at.is_not(None), _item.c.wakes_at <= clock.now())
        .values(state=ItemState.WAITING.value, waiting_on=_item.c.route_id, wakes_at=None)
        .returning(_item.c.id)
    )
    return [Lapsed(ItemId(row.id), None) for row in woken]


def overdue(tx: Transaction) -> list[ItemId]:
    """Return items that wait past their due time and are not yet escalated."""
    return [ItemId(row.id) for row in tx.run(_late())]


def anything_due(tx: Transaction) -> bool:
    """Tell whether a lease, a skip or a due time has run out; a cheap look that takes no lock."""
    lapsed = select(_item.c.id).where(_item.c.lease_id.is_not(None), _item.c.lease_expires_at <= clock.now())
    woken = select(_item.c.id).where(_item.c.wakes_at.is_not(None), _item.c.wakes_at <= clock.now())
    return any(tx.run(each.limit(1)).scalar() is not None for each in (lapsed, woken, _late()))


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


def _late() -> Select[Any]:
    return select(_item.c.id).where(
        _item.c.waiting_on.is_not(None), _item.c.due_at <= clock.now(), _item.c.state == ItemState.WAITING.value
    )


def _best_route(tx: Transaction, route_ids: list[int]) -> int | None:
    """Return the route whose head is the most urgent; one index probe for each route."""
    queued, route = _item.alias("queued"), schema.route
    head = (
        select(queued.c.id)
        .where(queued.c.waiting_on == route.c.id)
        .order_by(queued.c.rank, queued.c.due_at, queued.c.received_at, queued.c.id)
        .limit(1)
        .correlate(route)
        .scalar_subquery()
    )
    best = select(route.c.id).join(_item, _item.c.id == head).where(route.c.id.in_(route_ids)).order_by(*_ORDER)
    return tx.run(best.limit(1)).scalar()


def _take(tx: Transaction, which: ColumnElement[bool], length: timedelta, *, ahead: bool) -> Lease | None:
    taken = tx.run(
        update(_item)
        .where(which)
        .values(
            state=ItemState.LEASED.value,
            waiting_on=null(),
            fence=_item.c.fence + 1,
            lease_id=secrets.token_hex(16),
            lease_member_id=tx.actor.member.id,
            lease_desk=tx.actor.desk,
            lease_expires_at=clock.now(length),
            lease_ahead=ahead,
        )
        .returning(_item)
    ).one_or_none()
    return None if taken is None else _lease(taken)


def _waits_again() -> dict[str, Any]:
    """Return the values that send an item back to its route, which says whether it is escalated."""
    escalated = (
        select(schema.route.c.escalated).where(schema.route.c.id == _item.c.route_id).correlate(_item).scalar_subquery()
    )
    state = case((escalated, ItemState.ESCALATED.value), else_=ItemState.WAITING.value)
    return {"state": state, "waiting_on": _item.c.route_id, **_NO_LEASE}


def _holds(lease: Lease) -> ColumnElement[bool]:
    return (
        (_item.c.id == lease.item_id)
        & (_item.c.lease_id == lease.id)
        & (_item.c.fence == lease.fence)
        & (_item.c.lease_expires_at > clock.now())
    )


def _lease(row: Row[Any]) -> Lease:
    return Lease(
        id=LeaseId(row.lease_id),
        item_id=ItemId(row.id),
        member_id=MemberId(row.lease_member_id),
        desk=DeskId(row.lease_desk),
        fence=row.fence,
        expires_at=row.lease_expires_at,
    )
