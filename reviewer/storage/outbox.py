"""The outbox: what must leave, written with the decision that releases it, frozen before the first try."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, func, insert, literal_column, select, update

from reviewer.domain.decisions import Decision
from reviewer.storage import clock, keys, schema
from reviewer.storage.store import Transaction

_table, _decision = schema.outbox, schema.decision
_DUE = _table.c.state.in_(literal_column(f"'{state}'") for state in ("held", "sending", "failed")) & (
    _table.c.due_at <= clock.now()
)
_ADD = insert(_table).values(state="held")
_TAKE = (
    update(_table)
    .where(
        _table.c.decision_id
        == select(_table.c.decision_id)
        .join(_decision, _decision.c.id == _table.c.decision_id)
        .where(_DUE, _decision.c.state == "settled")
        .order_by(_table.c.due_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=_table)
        .scalar_subquery()
    )
    .values(state="sending", attempts=_table.c.attempts + 1, due_at=clock.now_plus("patience"))
    .returning(_table)
)
_ITEM = select(_decision.c.item_id).where(_decision.c.id == bindparam("of_decision"))
_ANYTHING_DUE = select(_table.c.decision_id).where(_DUE).limit(1)


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


def add(tx: Transaction, decision: Decision, destination: str, request: str) -> None:
    """Queue a request, sealed, to leave when the hold is over."""
    sealed = keys.seal(tx, decision.item_id, _place(decision.id), request)
    values = {"decision_id": decision.id, "destination": destination, "request": sealed}
    tx.run(_ADD, {**values, "due_at": decision.hold_until})


def withdraw(tx: Transaction, decision_id: str) -> None:
    """Take back a request whose decision was withdrawn."""
    tx.run(
        update(_table).where(_table.c.decision_id == decision_id, _table.c.state == "held").values(state="withdrawn")
    )


def take(tx: Transaction, patience: timedelta) -> Parcel | None:
    """Take the next request whose time has come; if nothing is heard of it for `patience`, it comes up again.

    The decision must be settled: a withdrawn or still held one cannot leave.
    """
    taken = tx.run(_TAKE, {"patience": patience}).one_or_none()
    if taken is None:
        return None
    item_id = tx.run(_ITEM, {"of_decision": taken.decision_id}).scalar_one()
    request = keys.unseal(tx, item_id, _place(taken.decision_id), taken.request).encode()
    return Parcel(taken.decision_id, item_id, taken.destination, request, taken.attempts)


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
    return tx.run(_ANYTHING_DUE).scalar() is not None


def erase(tx: Transaction, item_id: str) -> list[tuple[str, str]]:
    """Overwrite the requests of an item that is erased; return (destination, decision) of those that had left."""
    about = _table.c.decision_id.in_(select(_decision.c.id).where(_decision.c.item_id == item_id))
    left = tx.run(select(_table.c.destination, _table.c.decision_id).where(about, _table.c.state == "sent")).all()
    tx.run(update(_table).where(about).values(request=b"", problem=None))
    tx.run(update(_table).where(about, _table.c.state != "sent").values(state="withdrawn"))
    return [(row.destination, row.decision_id) for row in left]


def _place(decision_id: str) -> tuple[str, str, str]:
    return (_table.name, decision_id, "request")


def failing(tx: Transaction) -> int:
    """Count the requests whose last try failed."""
    number: int = tx.run(select(func.count()).select_from(_table).where(_table.c.state == "failed")).scalar_one()
    return number
