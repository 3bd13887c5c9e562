"""Clips as one transcriber sees them: what waits for them, what they hold, what they wrote.

Nothing here asks for the workspace's key, and no row that it reads says of which call or person a clip is.
"""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from reviewer.crypto import ClipKey, seal_label
from reviewer.domain.clips import LEASE, ClipState, Policy, Serving, ServingId, ServingState, SkipReason
from reviewer.domain.errors import LeaseLostError
from reviewer.domain.members import MemberId
from reviewer.storage import calls, clips, clock, pool_keys, schema
from reviewer.storage.store import Transaction

LOST = "This clip was withdrawn, or its time ran out: it is gone from your desk."

_clip, _serving, _draft, _label = schema.clip, schema.serving, schema.label_draft, schema.label
_OPEN = (ServingState.READY.value, ServingState.LEASED.value)
_ANSWERED = (ServingState.LABELLED.value, ServingState.SKIPPED.value, ServingState.REPORTED.value)
_NO_LEASE: dict[str, Any] = {"lease_id": None, "lease_desk": None, "lease_expires_at": None}

# On a team's database sound and hypothesis are read through a view, which shows them to who has recorded the hearing.
_VIEW = Table(
    "heard_clip",
    MetaData(),
    Column("serving_id", String),
    *(Column(name, LargeBinary) for name in ("hypothesis", "sealed_key", "audio")),
)
_HEAD = (_serving.c.clip_id, _clip.c.language, _clip.c.seconds_ms, _clip.c.generation)
_LIVE = (_serving.c.id == bindparam("of_serving")) & (_clip.c.state == ClipState.LIVE.value)
_HEARD = {
    "sqlite": select(*_HEAD, _serving.c.hypothesis, _clip.c.sealed_key, _clip.c.audio)
    .join(_clip, _clip.c.id == _serving.c.clip_id)
    .where(_LIVE),
    "postgresql": select(*_HEAD, _VIEW.c.hypothesis, _VIEW.c.sealed_key, _VIEW.c.audio)
    .join(_clip, _clip.c.id == _serving.c.clip_id)
    .join(_VIEW, _VIEW.c.serving_id == _serving.c.id)
    .where(_LIVE),
}


@dataclass(frozen=True, slots=True)
class Held:
    """A transcriber's right to a clip for a while."""

    serving_id: ServingId
    lease_id: str
    desk: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How a transcriber's day goes."""

    today: int
    seconds_today: float
    waiting: int


def take_next(tx: Transaction, desk_is_alive: Callable[[str], bool], but: ServingId | None) -> Held | None:
    """Lease the next clip of the actor's line; None where none waits. `but` is the one on screen already.

    One that a dead desk of theirs held comes first, and of several the one that was typed in last.
    """
    own = (_serving.c.member_id == tx.actor.member.id) & (_serving.c.state.in_(_OPEN))
    rows = tx.run(
        select(_serving.c.id, _serving.c.state, _serving.c.lease_desk, _serving.c.lease_expires_at)
        .outerjoin(_draft, (_draft.c.serving_id == _serving.c.id) & (_serving.c.state == ServingState.LEASED.value))
        .where(own)
        .order_by(_serving.c.state, _draft.c.saved_at.desc().nulls_last(), _serving.c.place)  # leased before ready
    )
    for row in rows:
        if row.id != but and (row.state == ServingState.READY.value or _is_left(tx, row, desk_is_alive)):
            held = _lease(tx, ServingId(row.id), (row.state,))
            if held is not None:
                return held  # otherwise it was withdrawn in this moment
    return None


def take_again(tx: Transaction, serving_id: ServingId, desk_is_alive: Callable[[str], bool]) -> Held | None:
    """Lease a clip of the actor's line once more; None where it is answered. Raises LeaseLostError where it is gone."""
    own = (_serving.c.id == serving_id) & (_serving.c.member_id == tx.actor.member.id)
    columns = (_serving.c.state, _serving.c.lease_desk, _serving.c.lease_expires_at)
    row = tx.run(select(*columns).where(own)).one_or_none()
    if row is not None and row.state in _ANSWERED:
        return None
    is_free = row is not None and (
        row.state == ServingState.READY.value
        or (row.state == ServingState.LEASED.value and _is_left(tx, row, desk_is_alive))
    )
    held = _lease(tx, serving_id, (row.state,)) if row is not None and is_free else None
    if held is None:
        raise LeaseLostError(LOST)
    return held


def open_serving(tx: Transaction, held: Held) -> Serving:
    """Return the clip that is held, opened. Raises LeaseLostError."""
    row = _row(tx, held.serving_id)
    key = _key(tx, row)
    hypothesis = None
    if row.hypothesis is not None:
        reader = pool_keys.reader(tx, row.generation)
        hypothesis = reader.open_for_serving(held.serving_id, bytes(row.hypothesis)).decode()
    draft = tx.run(select(_draft).where(_draft.c.serving_id == held.serving_id)).one_or_none()
    policy: Policy = calls.policy(tx)
    return Serving(
        id=held.serving_id,
        language=row.language,
        wav=key.open(("clip", row.clip_id, "audio"), bytes(row.audio)),
        seconds=row.seconds_ms / 1000,
        hypothesis=hypothesis,
        glossary=policy.glossary,
        digits_allowed=policy.digits_allowed,
        text=None if draft is None else key.open(_place(_draft, held.serving_id), bytes(draft.text)).decode(),
        cursor=0 if draft is None else draft.cursor,
        expires_at=held.expires_at,
    )


def is_held(tx: Transaction, held: Held) -> bool:
    """Tell whether a lease still counts: a cheap look, for whoever shows the clip."""
    return tx.run(select(_serving.c.id).where(_holds(held))).scalar() is not None


def renew(tx: Transaction, held: Held, length: timedelta) -> Held:
    """Extend a lease. Raises LeaseLostError."""
    if tx.change(update(_serving).where(_holds(held)).values(lease_expires_at=clock.now(length))) == 0:
        raise LeaseLostError(LOST)
    return Held(held.serving_id, held.lease_id, held.desk, tx.now() + length)


def give_back(tx: Transaction, held: Held) -> bool:
    """End a lease undecided: the clip waits again, with what was typed; False where it was over."""
    ended = {**_NO_LEASE, "state": ServingState.READY.value}
    return tx.change(update(_serving).where(_holds(held)).values(ended)) == 1


def save_draft(tx: Transaction, held: Held, text: str, cursor: int) -> None:
    """Keep what was typed so far. Raises LeaseLostError."""
    row = _held_row(tx, held)
    sealed = _key(tx, row).seal(_place(_draft, held.serving_id), text.encode("utf-8", "surrogatepass"))
    values = {"text": sealed, "cursor": cursor, "saved_at": clock.now()}
    of_serving = _draft.c.serving_id == held.serving_id
    if tx.change(update(_draft).where(of_serving).values(values)) == 0:
        tx.run(insert(_draft).values(serving_id=held.serving_id, **values))


def finish(
    tx: Transaction,
    held: Held,
    state: ServingState,
    *,
    text: str | None = None,
    reason: SkipReason | None = None,
    listened_ms: int = 0,
    prefilled: bool = False,
) -> None:
    """End a lease with an answer. Raises LeaseLostError."""
    row = _held_row(tx, held)
    sealed = for_vault = None
    if text is not None:
        sealed = _key(tx, row).seal(_place(_label, held.serving_id), text.encode())
        door = pool_keys.named(tx, row.generation).door
        for_vault = seal_label(tx.keys.owner.workspace, door, held.serving_id, text.encode())
    ended = {**_NO_LEASE, "state": state.value, "done_at": clock.now()}
    if tx.change(update(_serving).where(_holds(held)).values(ended)) == 0:
        raise LeaseLostError(LOST)
    tx.run(delete(_draft).where(_draft.c.serving_id == held.serving_id))
    tx.run(
        insert(_label).values(
            serving_id=held.serving_id,
            text=sealed,
            for_vault=for_vault,
            reason=None if reason is None else reason.value,
            listened_ms=listened_ms,
            prefilled=prefilled,
        )
    )


def report(tx: Transaction, serving_id: ServingId) -> str:
    """Take the clip of a serving from everybody, its sound deleted; return the clip's id for the vault.

    Raises LeaseLostError where it is gone already.
    """
    row = _row(tx, serving_id)
    gone = {"state": ClipState.WITHDRAWN.value, "audio": b"", "sealed_key": b""}
    tx.run(update(_clip).where(_clip.c.id == row.clip_id).values(gone))
    clips.forget_texts(tx, row.clip_id)
    clips.take_from_lines(tx, row.clip_id)
    return str(row.clip_id)


def take_back(tx: Transaction, since: datetime) -> Held | None:
    """Turn the actor's newest answer since then back into a draft on their desk; None where there is none.

    What was reported stays withdrawn: nobody can undo that.
    """
    undoable = (ServingState.LABELLED.value, ServingState.SKIPPED.value)
    newest = (
        select(_serving.c.id, _serving.c.clip_id)
        .join(_clip, _clip.c.id == _serving.c.clip_id)
        .where(_serving.c.member_id == tx.actor.member.id, _serving.c.state.in_(undoable))
        .where(_serving.c.done_at >= since, _clip.c.state == ClipState.LIVE.value)
        .order_by(_serving.c.done_at.desc())
        .limit(1)
    )
    row = tx.run(newest).one_or_none()
    if row is None:
        return None
    serving_id = ServingId(row.id)
    old = tx.run(select(_label.c.text).where(_label.c.serving_id == serving_id)).scalar()
    tx.run(delete(_label).where(_label.c.serving_id == serving_id))
    held = _lease(tx, serving_id, undoable)
    if held is not None and old is not None:
        text = _key(tx, _row(tx, serving_id)).open(_place(_label, serving_id), bytes(old)).decode()
        save_draft(tx, held, text, len(text))
    return held


def progress(tx: Transaction, member_id: MemberId, since: datetime) -> Progress:
    """Return how many clips a transcriber did since then, and how many wait for them."""
    own = _serving.c.member_id == member_id
    row = tx.run(
        select(
            func.count().label("number"), func.coalesce(func.sum(_serving.c.seconds_ms), 0).label("milliseconds")
        ).where(own, _serving.c.done_at >= since, _serving.c.state.in_(_ANSWERED))
    ).one()
    waits = tx.run(select(func.count()).where(own, _serving.c.state.in_(_OPEN))).scalar_one()
    return Progress(row.number, row.milliseconds / 1000, waits)


def _is_left(tx: Transaction, row: Row[Any], desk_is_alive: Callable[[str], bool]) -> bool:
    """Tell whether a leased clip has no desk that shows it: its lease ran out, it is ours, or its desk died."""
    if row.lease_expires_at <= tx.now() or row.lease_desk == tx.actor.desk:
        return True
    return not desk_is_alive(row.lease_desk)


def _lease(tx: Transaction, serving_id: ServingId, states: Collection[str]) -> Held | None:
    held = Held(serving_id, secrets.token_hex(16), tx.actor.desk, tx.now() + LEASE)
    values = {
        "state": ServingState.LEASED.value,
        "lease_id": held.lease_id,
        "lease_desk": held.desk,
        "lease_expires_at": clock.now(LEASE),
        "done_at": None,
    }
    there = (_serving.c.id == serving_id) & _serving.c.state.in_(states)
    return held if tx.change(update(_serving).where(there).values(values)) == 1 else None


def _holds(held: Held) -> Any:
    live = (_serving.c.lease_id == held.lease_id) & (_serving.c.lease_expires_at > clock.now())
    return (_serving.c.id == held.serving_id) & live


def _held_row(tx: Transaction, held: Held) -> Row[Any]:
    # Held until the end: who withdraws the clip in this moment comes before, or after, and not in between.
    if tx.run(select(_serving.c.id).where(_holds(held)).with_for_update()).scalar() is None:
        raise LeaseLostError(LOST)
    return _row(tx, held.serving_id)


def _row(tx: Transaction, serving_id: ServingId) -> Row[Any]:
    row = tx.run(_HEARD[tx.dialect], {"of_serving": serving_id}).one_or_none()
    if row is None:
        raise LeaseLostError(LOST)
    return row


def _key(tx: Transaction, row: Row[Any]) -> ClipKey:
    return pool_keys.reader(tx, row.generation).open_clip(row.clip_id, bytes(row.sealed_key))


def _place(table: Any, serving_id: ServingId) -> tuple[str, str, str]:
    return (table.name, serving_id, "text")
