"""The outbox: what must leave, written with the decision that releases it, frozen before the first try."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal_column, select, update

from reviewer.storage import clock, schema
from reviewer.storage.store import Transaction

_table = schema.outbox


@dataclass(frozen=True, slots=True)
class Parcel:
    """One request on its way; `retried` says that an earlier try may have arrived."""

    decision_id: str
    item_id: str
    destination: str
    request: bytes
    attempts: int

    @property
    def retried(self) -> bool:
        """Tell whether this is not the first try."""
        return self.attempts > 1


def add(tx: Transaction, decision_id: str, destination: str, request: bytes, due_at: datetime) -> None:
    """Queue a request, to leave when the hold is over."""
    values: dict[str, Any] = {"decision_id": decision_id, "destination": destination, "state": "held"}
    tx.run(insert(_table).values(**values, request=request, due_at=due_at))


def withdraw(tx: Transaction, decision_id: str) -> None:
    """Take back a request whose decision was withdrawn."""
    tx.run(
        update(_table).where(_table.c.decision_id == decision_id, _table.c.state == "held").values(state="withdrawn")
    )


def take(tx: Transaction, patience: timedelta) -> Parcel | None:
    """Take the next request whose time has come; if nothing is heard of it for `patience`, it comes up again.

    The decision must be settled: a withdrawn or still held one cannot leave.
    """
    decision = schema.decision
    due = (
        select(_table.c.decision_id)
        .join(decision, decision.c.id == _table.c.decision_id)
        .where(
            _pending(),
            _table.c.due_at <= clock.now(),
            decision.c.state == "settled",
        )
        .order_by(_table.c.due_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=_table)
        .scalar_subquery()
    )
    taken = tx.run(
        update(_table)
        .where(_table.c.decision_id == due)
        .values(state="sending", attempts=_table.c.attempts + 1, due_at=clock.now(patience))
        .returning(_table)
    ).one_or_none()
    if taken is None:
        return None
    item_id = tx.run(select(decision.c.item_id).where(decision.c.id == taken.decision_id)).scalar_one()
    return Parcel(taken.decision_id, item_id, taken.destination, bytes(taken.request), taken.attempts)


def mark_sent(tx: Transaction, decision_id: str, receipt: str) -> None:
    """Note that a request arrived."""
    tx.run(
        update(_table)
        .where(_table.c.decision_id == decision_id)
        .values(state="sent", receipt=receipt, problem=None, sent_at=clock.now())
    )


def mark_failed(tx: Transaction, decision_id: str, problem: str, retry: timedelta) -> None:
    """Note that a try failed, and when to try again."""
    tx.run(
        update(_table)
        .where(_table.c.decision_id == decision_id, _table.c.state == "sending")
        .values(state="failed", problem=problem, due_at=clock.now(retry))
    )


def anything_due(tx: Transaction) -> bool:
    """Tell whether a request's time has come; a cheap look that takes no lock."""
    due = select(_table.c.decision_id).where(_pending(), _table.c.due_at <= clock.now()).limit(1)
    return tx.run(due).scalar() is not None


def failing(tx: Transaction) -> int:
    """Count the requests whose last try failed."""
    number: int = tx.run(select(func.count()).select_from(_table).where(_table.c.state == "failed")).scalar_one()
    return number


def _pending() -> ColumnElement[bool]:
    return _table.c.state.in_(literal_column(f"'{state}'") for state in ("held", "sending", "failed"))
