"""Decisions: recorded once, withdrawn during their hold, settled after it."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Column,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    bindparam,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from reviewer.domain.attention import Override
from reviewer.domain.decisions import Decision, DecisionId, Verdict
from reviewer.domain.errors import KeyReusedError
from reviewer.domain.items import ItemId, Lease, LeaseId, SignedFinal, SignedText
from reviewer.domain.members import Actor
from reviewer.storage import clock, items, keys, schema
from reviewer.storage.store import Transaction

_table = schema.decision
_HEAD = [column for column in _table.c if column.name not in ("final", "note", "overrides")]  # no content
_ADD = insert(_table).values(decided_at=clock.now(), hold_until=clock.now_plus("hold"), state="held").returning(*_HEAD)
_BY_KEY = select(*_HEAD).where(_table.c.member_id == bindparam("member"), _table.c.idempotency_key == bindparam("key"))
# On a team's database the texts are read through a view, which shows them to who has looked.
_VIEW = Table(
    "decision_text",
    MetaData(),
    *(Column(name, String) for name in ("id", "item_id")),
    *(Column(name, LargeBinary) for name in ("final", "note", "overrides")),
)
_TEXTS = {"sqlite": _table, "postgresql": _VIEW}
_WITH_TEXTS = {"sqlite": _table, "postgresql": _table.join(_VIEW, _VIEW.c.id == _table.c.id)}
_PASSED_ON = {
    dialect: select(schema.member.c.name, _table.c.id, _table.c.verdict, _TEXTS[dialect].c.note)
    .select_from(source.join(schema.member, schema.member.c.id == _table.c.member_id))
    .where(
        _table.c.item_id == bindparam("of_item"),
        _table.c.state == "settled",
        _table.c.verdict.in_([verdict.value for verdict in Verdict if verdict.passes_on]),
    )
    .order_by(_table.c.decided_at)
    for dialect, source in _WITH_TEXTS.items()
}


_STANDS = ("held", "settled")  # neither withdrawn nor stopped at the gate


class KeyTakenError(KeyReusedError):
    """A decision of the same member carries this idempotency key already."""


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision as it stands."""

    decision: Decision
    member_id: str
    state: str


def add(
    tx: Transaction,
    decision_id: DecisionId,
    lease: Lease,
    verdict: Verdict,
    *,
    key: str,
    final: str | None,
    reason: str | None,
    note: str | None,
    hold: timedelta,
    overrides: Sequence[Override] = (),
) -> Decision:
    """Record a decision in its hold. Raises KeyTakenError, after which the transaction can only be given up."""
    values = {
        "id": decision_id,
        "item_id": lease.item_id,
        "member_id": tx.actor.member.id,
        "lease_id": lease.id,
        "fence": lease.fence,
        "idempotency_key": key,
        "verdict": verdict.value,
        "reason": reason,
        "note": None if note is None else _seal(tx, lease.item_id, decision_id, "note", note),
        "final": None if final is None else _seal(tx, lease.item_id, decision_id, "final", final),
        "hold": hold,
        "overrides": _dump_overrides(tx, lease.item_id, decision_id, overrides),
    }
    try:
        return _decision(tx.run(_ADD, values).one(), note)
    except IntegrityError as exc:
        if "idempotency_key" in str(exc.orig):  # it names the constraint
            raise KeyTakenError("This idempotency key belongs to another decision; use a new one.") from exc
        raise


def by_key(tx: Transaction, key: str) -> StoredDecision | None:
    """Return the actor's decision that carries this idempotency key."""
    row = tx.run(_BY_KEY, {"member": tx.actor.member.id, "key": key}).one_or_none()
    return None if row is None else _stored(row)


def is_known(tx: Transaction, member_id: str, key: str) -> bool:
    """Tell whether a member's decision carries this idempotency key."""
    return tx.run(_BY_KEY, {"member": member_id, "key": key}).first() is not None


def by_id(tx: Transaction, decision_id: str) -> StoredDecision:
    """Return a decision that is known to be there."""
    return _stored(tx.run(select(*_HEAD).where(_table.c.id == decision_id)).one())


def released(tx: Transaction, item_id: str) -> list[StoredDecision]:
    """Return the decisions that stand and released a text of an item: its final, then addenda."""
    verdicts = [verdict.value for verdict in Verdict if verdict.releases or verdict is Verdict.ADDENDUM]
    rows = tx.run(
        select(*_HEAD)
        .where(_table.c.item_id == item_id, _table.c.state.in_(_STANDS), _table.c.verdict.in_(verdicts))
        .order_by(_table.c.decided_at)
    )
    return [_stored(row) for row in rows]


def texts(tx: Transaction, decision: Decision) -> tuple[str | None, str | None]:
    """Return the final that a decision released and its note."""
    texts = _TEXTS[tx.dialect]
    row = tx.run(select(texts.c.final, texts.c.note).where(texts.c.id == decision.id)).one()
    return (
        _unseal(tx, decision.item_id, decision.id, "final", row.final),
        _unseal(tx, decision.item_id, decision.id, "note", row.note),
    )


def signed(tx: Transaction, item_id: str) -> str | None:
    """Return the id of the settled decision that released an item's final."""
    released = [verdict.value for verdict in Verdict if verdict.releases]
    found: str | None = tx.run(
        select(_table.c.id).where(
            _table.c.item_id == item_id, _table.c.state == "settled", _table.c.verdict.in_(released)
        )
    ).scalar()
    return found


def signed_final(tx: Transaction, item_id: str) -> SignedFinal:
    """Return an item's signed final with the addenda that stand."""
    released = [verdict.value for verdict in Verdict if verdict.releases or verdict is Verdict.ADDENDUM]
    rows = tx.run(
        select(_table.c.id, _table.c.decided_at, _TEXTS[tx.dialect].c.final, schema.member.c.name)
        .select_from(_WITH_TEXTS[tx.dialect].join(schema.member, schema.member.c.id == _table.c.member_id))
        .where(_table.c.item_id == item_id, _table.c.state.in_(_STANDS), _table.c.verdict.in_(released))
        .order_by(_table.c.decided_at)
    )
    final, *addenda = (
        SignedText(_unseal(tx, item_id, row.id, "final", row.final) or "", row.name, row.decided_at) for row in rows
    )
    return SignedFinal(items.head(items.row(tx, item_id)), final, tuple(addenda))


def unleased(item_id: ItemId, actor: Actor) -> Lease:
    """Return the stand-in for a lease of a decision that needs none: an addendum."""
    return Lease(LeaseId(""), item_id, actor.member.id, actor.desk, fence=0, expires_at=clock.NEVER)


def erase(tx: Transaction, item_id: str) -> None:
    """Overwrite what was written with the decisions on an item that is erased."""
    tx.run(update(_table).where(_table.c.item_id == item_id).values(final=None, note=None, overrides=None))
    tx.run(update(_table).where(_table.c.item_id == item_id, _table.c.state == "held").values(state="withdrawn"))


def standing(tx: Transaction, item_id: str) -> StoredDecision | None:
    """Return the decision on an item that is still in its hold; nobody settles it during a write that asked."""
    held = select(*_HEAD).where(_table.c.item_id == item_id, _table.c.state == "held")
    row = tx.run(held.with_for_update() if tx.writes else held).one_or_none()
    return None if row is None else _stored(row)


def over(tx: Transaction, limit: int, but: Collection[DecisionId] = ()) -> list[StoredDecision]:
    """Return the decisions whose hold is over and that are not settled yet, at most `limit`, `but` for some."""
    rows = tx.run(
        select(*_HEAD)
        .where(_table.c.state == literal_column("'held'"), _table.c.hold_until <= clock.now())
        .where(*([_table.c.id.not_in(but)] if but else []))
        .order_by(_table.c.hold_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_stored(row) for row in rows]


def anything_over(tx: Transaction) -> bool:
    """Tell whether a hold is over; a cheap look that takes no lock."""
    due = select(_table.c.id).where(_table.c.state == literal_column("'held'"), _table.c.hold_until <= clock.now())
    return tx.run(due.limit(1)).scalar() is not None


def progress(tx: Transaction, ids: Sequence[DecisionId]) -> dict[DecisionId, str]:
    """Return where each decision stands: its own state, or once it is settled that of its request."""
    outbox = schema.outbox
    rows = tx.run(
        select(_table.c.id, _table.c.state, outbox.c.state.label("request"))
        .outerjoin(outbox, outbox.c.decision_id == _table.c.id)
        .where(_table.c.id.in_(ids))
    )
    return {
        DecisionId(row.id): row.request if row.state == "settled" and row.request not in (None, "held") else row.state
        for row in rows
    }


def close(tx: Transaction, decision_id: str, state: str) -> None:
    """End the hold of a decision: `state` is "settled" or "withdrawn"."""
    tx.run(update(_table).where(_table.c.id == decision_id, _table.c.state == "held").values(state=state))


def stop(tx: Transaction, decision_id: str) -> None:
    """Take back a settled decision whose final the gate did not let pass."""
    tx.run(update(_table).where(_table.c.id == decision_id, _table.c.state == "settled").values(state="stopped"))


def is_held(tx: Transaction, decision_id: str) -> bool:
    """Tell whether a decision may still be withdrawn, by the database's clock."""
    live = select(_table.c.id).where(
        _table.c.id == decision_id, _table.c.state == "held", _table.c.hold_until > clock.now()
    )
    return tx.run(live).scalar() is not None


def passed_on(tx: Transaction, item_id: str) -> tuple[tuple[str, Verdict, str], ...]:
    """Return who escalated or skipped an item before, how, and with what note."""
    rows = tx.run(_PASSED_ON[tx.dialect], {"of_item": item_id})
    return tuple((row.name, Verdict(row.verdict), _unseal(tx, item_id, row.id, "note", row.note) or "") for row in rows)


def overrides(tx: Transaction, decision: Decision) -> tuple[Override, ...]:
    """Return the findings that were dismissed with a decision, and why."""
    texts = _TEXTS[tx.dialect]
    stored = tx.run(select(texts.c.overrides).where(texts.c.id == decision.id)).scalar_one()
    text = _unseal(tx, decision.item_id, decision.id, "overrides", stored)
    return () if text is None else tuple(Override(*each) for each in json.loads(text))


def _dump_overrides(tx: Transaction, item_id: str, decision_id: str, overrides: Sequence[Override]) -> bytes | None:
    if not overrides:
        return None
    listed = [[each.finding, each.rule, each.reason, each.note] for each in overrides]
    return _seal(tx, item_id, decision_id, "overrides", json.dumps(listed, ensure_ascii=False))


def _seal(tx: Transaction, item_id: str, decision_id: str, column: str, text: str) -> bytes:
    return keys.seal(tx, item_id, (_table.name, decision_id, column), text)


def _unseal(tx: Transaction, item_id: str, decision_id: str, column: str, stored: bytes | None) -> str | None:
    return None if stored is None else keys.unseal(tx, item_id, (_table.name, decision_id, column), stored)


def _decision(row: Row[Any], note: str | None = None) -> Decision:
    return Decision(
        id=DecisionId(row.id),
        item_id=ItemId(row.item_id),
        verdict=Verdict(row.verdict),
        decided_at=row.decided_at,
        hold_until=row.hold_until,
        reason=row.reason,
        note=note,
    )


def _stored(row: Row[Any]) -> StoredDecision:
    return StoredDecision(_decision(row), row.member_id, row.state)
