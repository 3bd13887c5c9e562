"""How the work of a workspace stands, for who oversees it: heads and numbers, no content."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, literal, select, union_all

from reviewer.domain.events import Action
from reviewer.domain.items import ItemHead, ItemState, LeaseId
from reviewer.domain.members import MemberId, WorkspaceId
from reviewer.domain.oversight import AGES, HANDED, HOURS, Holding, Waiting
from reviewer.storage import clock, items, schema
from reviewer.storage.store import Transaction

_item, _route, _entry = schema.item, schema.route, schema.entry
_TAKEN = (Action.CLAIMED, Action.TAKEN_OVER, Action.WITHDRAWN, Action.REASSIGNED)


def waiting(tx: Transaction, workspace_id: WorkspaceId, now: datetime) -> tuple[Waiting, ...]:
    """Count what waits by kind and age, from the queue's index alone."""
    ends = [now - age for age in AGES]
    columns: list[Any] = []
    for number in range(len(AGES) + 1):
        youngest = _item.c.received_at <= ends[number - 1] if number else literal(value=True)
        oldest = _item.c.received_at > ends[number] if number < len(AGES) else literal(value=True)
        columns.append(func.sum(case((youngest & oldest, 1), else_=0)).label(f"age_{number}"))
    numbers = (
        select(
            _item.c.waiting_on,
            *columns,
            func.sum(case((_item.c.due_at <= now, 1), else_=0)).label("overdue"),
            func.min(_item.c.received_at).label("oldest"),
        )
        .where(_item.c.waiting_on.is_not(None))
        .group_by(_item.c.waiting_on)
        .subquery()
    )
    rows = tx.run(
        select(_route.c.kind, numbers)
        .join(numbers, numbers.c.waiting_on == _route.c.id)
        .where(_route.c.workspace_id == workspace_id)
    )
    found: dict[str, Waiting] = {}
    for row in rows:
        ages = [int(getattr(row, f"age_{number}")) for number in range(len(AGES) + 1)]
        before = found.get(row.kind, Waiting(row.kind, (0,) * len(ages), 0, now))
        found[row.kind] = Waiting(
            row.kind,
            tuple(a + b for a, b in zip(before.ages, ages, strict=True)),
            before.overdue + int(row.overdue),
            min(before.oldest, row.oldest),
        )
    return tuple(found[kind] for kind in sorted(found))


def held(tx: Transaction, workspace_id: WorkspaceId, limit: int) -> tuple[Holding, ...]:
    """Return who holds what, what ends first coming first, at most `limit`."""
    member = schema.member
    since = (
        select(func.max(_entry.c.at))
        .where(_entry.c.item_id == _item.c.id, _entry.c.action.in_([action.value for action in _TAKEN]))
        .correlate(_item)
        .scalar_subquery()
    )
    rows = tx.run(
        select(_item, member.c.name.label("held_by"), since.label("since"))
        .join(member, member.c.id == _item.c.lease_member_id)
        .where(_item.c.workspace_id == workspace_id, _is_held())
        .order_by(_item.c.lease_expires_at, _item.c.id)
        .limit(limit)
    )
    return tuple(
        Holding(
            items.head(row),
            MemberId(row.lease_member_id),
            row.held_by,
            LeaseId(row.lease_id),
            row.since,
            row.lease_expires_at,
            row.lease_ahead,
            row.lease_desk == HANDED,
        )
        for row in rows
    )


def held_number(tx: Transaction, workspace_id: WorkspaceId) -> int:
    """Count the live leases."""
    number: int = tx.run(select(func.count()).where(_item.c.workspace_id == workspace_id, _is_held())).scalar_one()
    return number


def escalated(tx: Transaction, workspace_id: WorkspaceId, limit: int) -> tuple[ItemHead, ...]:
    """Return what waits for a supervisor, the oldest first, at most `limit`."""
    rows = tx.run(
        select(_item)
        .where(_item.c.workspace_id == workspace_id, _is_escalated())
        .order_by(_item.c.received_at, _item.c.id)
        .limit(limit)
    )
    return tuple(items.head(row) for row in rows)


def escalated_number(tx: Transaction, workspace_id: WorkspaceId) -> int:
    """Count what waits for a supervisor."""
    mine = _item.c.workspace_id == workspace_id
    number: int = tx.run(select(func.count()).where(mine, _is_escalated())).scalar_one()
    return number


def settled(tx: Transaction, now: datetime) -> tuple[int, ...]:
    """Count the decisions that became final in each of the last hours, oldest first."""
    hour = timedelta(hours=1)
    ends = [now - hour * (HOURS - 1 - number) for number in range(HOURS)]
    each = [
        select(literal(number).label("hour"), func.count().label("number")).where(
            _entry.c.at > end - hour, _entry.c.at <= end, _entry.c.action == Action.SETTLED.value
        )
        for number, end in enumerate(ends)
    ]
    return tuple(row.number for row in sorted(tx.run(union_all(*each)), key=lambda row: row.hour))


def _is_held() -> Any:
    return _item.c.lease_id.is_not(None) & (_item.c.lease_expires_at > clock.now())


def _is_escalated() -> Any:
    return _item.c.waiting_on.is_not(None) & (_item.c.state == ItemState.ESCALATED.value)
