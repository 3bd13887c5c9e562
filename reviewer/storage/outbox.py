"""The outbox: what must leave, written with the decision that releases it, frozen before the first try."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Executable, bindparam, case, func, insert, literal_column, select, text, update

from reviewer.domain.decisions import Decision
from reviewer.storage import clock, keys, schema
from reviewer.storage.store import Transaction

_table, _decision = schema.outbox, schema.decision
# Spelled as the index on what is pending is.
_PENDING = _table.c.state.in_(literal_column(f"'{state}'") for state in ("held", "sending", "failed", "forgetting"))
_DUE = _PENDING & (_table.c.state != "forgetting") & (_table.c.due_at <= clock.now())
_FORGETTING = _PENDING & (_table.c.state == "forgetting") & (_table.c.due_at <= clock.now())
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
    .returning(_table.c.decision_id, _table.c.destination, _table.c.attempts)
)
# On a team's database requests are read through a view, which shows them to who has recorded that they send them.
_REQUEST: dict[str, Executable] = {
    "sqlite": select(_table.c.request).where(_table.c.decision_id == bindparam("of_decision")),
    "postgresql": text("SELECT request FROM outbox_request WHERE decision_id = :of_decision"),
}
_ITEM = select(_decision.c.item_id).where(_decision.c.id == bindparam("of_decision"))
_TO_FORGET = (
    select(_table.c.decision_id, _table.c.destination, _decision.c.item_id)
    .join(_decision, _decision.c.id == _table.c.decision_id)
    .where(_FORGETTING)
)
_ANYTHING_DUE = select(_table.c.decision_id).where(_DUE).limit(1)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One request on its way; `retried` says that an earlier try may have arrived."""

    decision_id: str
    item_id: str
    destination: str
    attempts: int

    @property
    def retried(self) -> bool:
        """Tell whether this is not the first try."""
        return self.attempts > 1


@dataclass(frozen=True, slots=True)
class Delivered:
    """What may lie at a destination."""

    decision_id: str
    item_id: str
    destination: str


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
    return Parcel(taken.decision_id, item_id, taken.destination, taken.attempts)


def request_of(tx: Transaction, parcel: Parcel) -> bytes:
    """Return what is to be sent; that it is sent is on record already."""
    sealed = tx.run(_REQUEST[tx.dialect], {"of_decision": parcel.decision_id}).scalar_one()
    return keys.unseal(tx, parcel.item_id, _place(parcel.decision_id), sealed).encode()


def mark_sent(tx: Transaction, decision_id: str, receipt: str) -> bool:
    """Note that a request arrived; False where its item was erased while it was on its way."""
    on_its_way = (_table.c.decision_id == decision_id) & _table.c.state.in_(("sending", "failed", "sent"))
    sent = {"state": "sent", "receipt": receipt, "problem": None, "sent_at": clock.now()}
    return tx.change(update(_table).where(on_its_way).values(sent)) == 1


def mark_failed(tx: Transaction, decision_id: str, problem: str, retry: timedelta) -> None:
    """Note that a try failed, and when to try again."""
    tx.run(
        update(_table)
        .where(_table.c.decision_id == decision_id, _table.c.state == "sending")
        .values(state="failed", problem=problem, due_at=clock.now(retry))
    )


def stop(tx: Transaction, decision_id: str) -> None:
    """Keep back for good a request that the gate did not let pass."""
    tx.run(
        update(_table).where(_table.c.decision_id == decision_id, _table.c.state == "sending").values(state="stopped")
    )


def anything_due(tx: Transaction) -> bool:
    """Tell whether a request's time has come; a cheap look that takes no lock."""
    return tx.run(_ANYTHING_DUE).scalar() is not None


def erase(tx: Transaction, item_id: str) -> None:
    """Overwrite the requests of an item that is erased; what may have left is to be forgotten where it arrived."""
    about = _table.c.decision_id.in_(select(_decision.c.id).where(_decision.c.item_id == item_id))
    after = case((_table.c.attempts > 0, "forgetting"), else_="withdrawn")
    tx.run(update(_table).where(about).values(request=b"", problem=None, state=after, due_at=clock.now()))


def to_forget(tx: Transaction) -> list[Delivered]:
    """Return what was erased after it may have left, and is not forgotten yet."""
    rows = tx.run(_TO_FORGET)
    return [Delivered(row.decision_id, row.item_id, row.destination) for row in rows]


def mark_forgotten(tx: Transaction, decision_id: str) -> None:
    """Note that the destination holds nothing of an erased request any more."""
    tx.run(update(_table).where(_table.c.decision_id == decision_id).values(state="forgotten"))


def forget_later(tx: Transaction, decision_id: str, retry: timedelta) -> None:
    """Note when to ask a destination again that could not forget."""
    tx.run(update(_table).where(_table.c.decision_id == decision_id).values(due_at=clock.now(retry)))


def _place(decision_id: str) -> tuple[str, str, str]:
    return (_table.name, decision_id, "request")


def failing(tx: Transaction) -> int:
    """Count the requests whose last try failed."""
    number: int = tx.run(select(func.count()).select_from(_table).where(_table.c.state == "failed")).scalar_one()
    return number
