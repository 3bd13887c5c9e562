"""Items: taking them in, routing them, listing them."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_server

from reviewer.domain.errors import NotFoundError
from reviewer.domain.items import Channel, IncomingDraft, ItemHead, ItemId, ItemState
from reviewer.domain.members import WorkspaceId
from reviewer.storage import analyses, clock, contents, schema
from reviewer.storage.store import Transaction

UNKNOWN = "No item has that id in this workspace: 'reviewer queue' lists them."

_item, _route = schema.item, schema.route
_ROUTES = select(_route).where(_route.c.workspace_id == bindparam("workspace"))
_FIND = select(_item).where(_item.c.id == bindparam("of_item"), _item.c.workspace_id == bindparam("workspace"))
_WAITING = (
    select(_item)
    .where(_item.c.waiting_on == bindparam("on"))
    .order_by(_item.c.rank, _item.c.due_at, _item.c.received_at, _item.c.id)
    .limit(bindparam("limit"))
)
_NEW_ROUTE = {
    "sqlite": insert(_route).returning(_route.c.id),
    "postgresql": insert_server(_route).on_conflict_do_nothing().returning(_route.c.id),
}
_OPEN = [ItemState.WAITING, ItemState.LEASED, ItemState.HELD, ItemState.SKIPPED, ItemState.ESCALATED]


@dataclass(frozen=True, slots=True)
class Route:
    """Items that routing cannot tell apart."""

    id: int
    kind: str
    language: str | None
    requires: frozenset[str]
    escalated: bool


def routes(tx: Transaction, workspace_id: WorkspaceId) -> tuple[Route, ...]:
    """Return every route of the workspace."""
    return tuple(route(row) for row in tx.run(_ROUTES, {"workspace": workspace_id}))


def route(row: Row[Any]) -> Route:
    """Return a route from its row."""
    return Route(row.id, row.kind, row.language or None, frozenset(json.loads(row.requires)), row.escalated)


def route_for(
    tx: Transaction,
    workspace_id: WorkspaceId,
    kind: str,
    language: str | None,
    requires: frozenset[str],
    *,
    escalated: bool = False,
) -> int:
    """Return the id of the route for such items, made if it is new."""
    table = schema.route
    key: dict[str, Any] = {
        "workspace_id": workspace_id,
        "kind": kind,
        "language": language or "",
        "requires": json.dumps(sorted(requires)),
        "escalated": escalated,
    }
    same = [table.c[name] == value for name, value in key.items()]
    find = select(table.c.id).where(*same)
    found: int | None = tx.run(find).scalar()
    if found is None:
        found = tx.run(_NEW_ROUTE[tx.dialect], key).scalar()
    # Another desk made it in the meantime, where several write at once.
    return tx.run(find).scalar_one() if found is None else found


def escalated_route(tx: Transaction, item_id: str) -> int:
    """Return the supervisor's route beside the one of an item."""
    table = schema.route
    row = tx.run(select(table).join(schema.item, schema.item.c.route_id == table.c.id).where(_is(item_id))).one()
    return route_for(
        tx, row.workspace_id, row.kind, row.language or None, frozenset(json.loads(row.requires)), escalated=True
    )


def known(tx: Transaction, workspace_id: WorkspaceId, producer: str, external_ids: Sequence[str]) -> set[str]:
    """Return those of `external_ids` that `producer` has sent before."""
    table = schema.item
    return set(
        tx.run(
            select(table.c.external_id).where(
                table.c.workspace_id == workspace_id,
                table.c.producer == producer,
                table.c.external_id.in_(external_ids),
            )
        ).scalars()
    )


def add(
    tx: Transaction, workspace_id: WorkspaceId, producer: str, drafts: Sequence[tuple[ItemId, IncomingDraft]]
) -> None:
    """Store new items, waiting."""
    made: dict[tuple[str, str | None, frozenset[str]], int] = {}
    received_at = tx.now()
    rows = []
    for item_id, new in drafts:
        key = (new.kind, new.language, new.requires)
        if key not in made:
            made[key] = route_for(tx, workspace_id, *key)
        rows.append(_row(item_id, new, workspace_id, producer, made[key], received_at))
    tx.run(insert(schema.item), rows)
    contents.add(tx, drafts)
    analyses.want(tx, rows)


def listing(tx: Transaction, workspace_id: WorkspaceId, limit: int) -> list[ItemHead]:
    """Return the open items, the most urgent first, at most `limit`."""
    table, member = schema.item, schema.member
    rows = tx.run(
        select(table, member.c.name.label("held_by"))
        .outerjoin(member, member.c.id == table.c.lease_member_id)
        .where(table.c.workspace_id == workspace_id, table.c.state.in_(_OPEN))
        .order_by(table.c.rank, table.c.due_at, table.c.received_at, table.c.id)
        .limit(limit)
    )
    return [head(row) for row in rows]


def waiting(tx: Transaction, route_ids: Sequence[int], limit: int) -> list[ItemHead]:
    """Return what waits on these routes in the order in which it is claimed, at most `limit`."""
    in_order = [tx.run(_WAITING, {"on": route_id, "limit": limit}) for route_id in route_ids]
    merged = merge(*in_order, key=lambda row: (row.rank, row.due_at, row.received_at, row.id))
    return [head(row) for row in islice(merged, limit)]


def waiting_counts(tx: Transaction, route_ids: Sequence[int]) -> Counter[str]:
    """Count what waits on these routes by kind, from the queue's index alone."""
    table = schema.item
    numbers = (
        select(table.c.waiting_on, func.count().label("number"))
        .where(table.c.waiting_on.in_(route_ids))
        .group_by(table.c.waiting_on)
        .subquery()
    )
    rows = tx.run(select(_route.c.kind, numbers.c.number).join(numbers, numbers.c.waiting_on == _route.c.id))
    counted: Counter[str] = Counter()
    for row in rows:
        counted[row.kind] += row.number
    return counted


def counts(tx: Transaction, workspace_id: WorkspaceId) -> Counter[tuple[str, ItemState]]:
    """Count the open items by kind and state."""
    table = schema.item
    rows = tx.run(
        select(table.c.kind, table.c.state, func.count().label("number"))
        .where(table.c.workspace_id == workspace_id, table.c.state.in_(_OPEN))
        .group_by(table.c.kind, table.c.state)
    )
    return Counter({(row.kind, ItemState(row.state)): row.number for row in rows})


def find(tx: Transaction, workspace_id: WorkspaceId, item_id: str) -> ItemHead:
    """Return the head of an item. Raises NotFoundError."""
    row = tx.run(_FIND, {"of_item": item_id, "workspace": workspace_id}).one_or_none()
    if row is None:
        raise NotFoundError(UNKNOWN)
    return head(row)


def hold(tx: Transaction, item_id: str) -> None:
    """Wait until nobody else changes an item; nobody does until this transaction ends."""
    tx.run(select(schema.item.c.id).where(_is(item_id)).with_for_update()).all()


def row(tx: Transaction, item_id: str) -> Row[Any]:
    """Return the row of an item that is known to be there."""
    return tx.run(select(schema.item).where(_is(item_id))).one()


def holder(tx: Transaction, item_id: ItemId) -> str | None:
    """Return the name of the member who holds an item, if anybody does."""
    table, member = schema.item, schema.member
    return tx.run(
        select(member.c.name).join(table, table.c.lease_member_id == member.c.id).where(table.c.id == item_id)
    ).scalar()


def finish(tx: Transaction, item_id: str) -> None:
    """Settle an item for good."""
    tx.run(update(schema.item).where(schema.item.c.id == item_id).values(state=ItemState.DECIDED.value))


def erase(tx: Transaction, item_id: str) -> None:
    """Take an item whose content is destroyed out of every queue."""
    gone = {"state": ItemState.ERASED.value, "waiting_on": None, "wakes_at": None, "lease_id": None}
    nobody = {"lease_member_id": None, "lease_desk": None, "lease_expires_at": None, "lease_ahead": False}
    tx.run(update(schema.item).where(schema.item.c.id == item_id).values(**gone, **nobody))


def due_or_none(due_at: datetime) -> datetime | None:
    """Undo the sentinel that stands for 'no due time'."""
    return None if due_at >= clock.NEVER else due_at


def _is(item_id: str) -> ColumnElement[bool]:
    return schema.item.c.id == item_id


def _row(
    item_id: ItemId,
    new: IncomingDraft,
    workspace_id: WorkspaceId,
    producer: str,
    route_id: int,
    received_at: datetime,
) -> dict[str, Any]:
    return {
        "id": item_id,
        "workspace_id": workspace_id,
        "producer": producer,
        "external_id": new.external_id,
        "kind": new.kind,
        "channel": new.channel.value,
        "language": new.language,
        "route_id": route_id,
        "waiting_on": route_id,
        "rank": -new.priority,
        "due_at": new.due_at or clock.NEVER,
        "received_at": received_at,
        "state": ItemState.WAITING.value,
    }


def head(row: Row[Any]) -> ItemHead:
    """Return what a list may show of a row."""
    return ItemHead(
        id=ItemId(row.id),
        external_id=row.external_id,
        producer=row.producer,
        kind=row.kind,
        channel=Channel(row.channel),
        state=ItemState(row.state),
        language=row.language,
        priority=-row.rank,
        due_at=due_or_none(row.due_at),
        received_at=row.received_at,
        held_by=getattr(row, "held_by", None),
    )
