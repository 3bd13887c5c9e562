"""Clips in the pool, as the vault sees them: where each comes from, who is served it, what came back.

Whoever has the workspace's key works here; what transcribers do stands in servings.py, and neither opens what the other
seals.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from reviewer.crypto import PoolReader, PoolWriter
from reviewer.domain.call_records import CallId
from reviewer.domain.calls import Word
from reviewer.domain.clips import ClipId, ClipState, ServingId, ServingState, SkipReason
from reviewer.domain.members import MemberId
from reviewer.domain.serving import Candidate, Served
from reviewer.storage import calls, clock, schema, vault_keys
from reviewer.storage.calls import StagedClip
from reviewer.storage.store import Transaction

_clip, _origin, _serving = schema.clip, schema.clip_origin, schema.serving
_draft, _label = schema.label_draft, schema.label
_ENDED = {"lease_id": None, "lease_desk": None, "lease_expires_at": None}
_OPEN = (ServingState.READY.value, ServingState.LEASED.value)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a clip comes from."""

    clip_id: ClipId
    call_id: CallId
    persons: frozenset[str]
    seconds: float
    language: str
    state: ClipState
    is_gold: bool
    generation: int  # of the pool's key
    has_hypothesis: bool
    confidence: float  # mean of its words, 0 to 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What one transcriber made of a clip."""

    serving_id: ServingId
    clip_id: ClipId
    member_id: MemberId
    text: str | None
    reason: SkipReason | None
    state: ServingState
    listened_ms: int
    prefilled: bool


def add(tx: Transaction, staged: StagedClip, writer: PoolWriter) -> ClipId:
    """Put a clip into the pool under an id that nothing else bears."""
    clip_id = ClipId(secrets.token_hex(16))
    key, sealed_key = writer.new_clip(clip_id)
    tx.run(
        insert(_clip).values(
            id=clip_id,
            language=staged.language,
            seconds_ms=round(staged.seconds * 1000),
            state=ClipState.LIVE.value,
            generation=writer.generation,
            sealed_key=sealed_key,
            audio=key.seal(("clip", clip_id, "audio"), staged.wav),
        )
    )
    confidences = [word.confidence for word in staged.words if word.confidence is not None]
    origin = {
        "call": staged.call_id,
        "persons": staged.persons,
        "is_gold": staged.is_gold,
        "has_hypothesis": bool(staged.words),
        "confidence": sum(confidences) / len(confidences) if confidences else 0.0,
    }
    words = calls.dump_words(staged.words)
    tx.run(
        insert(_origin).values(
            clip_id=clip_id,
            origin=vault_keys.seal(tx, vault_keys.POOL, ("clip_origin", clip_id, "origin"), origin),
            words=vault_keys.seal(tx, vault_keys.POOL, ("clip_origin", clip_id, "words"), words),
        )
    )
    return clip_id


def origins(tx: Transaction) -> list[Origin]:
    """Return where every clip comes from."""
    columns = (_clip.c.id, _clip.c.language, _clip.c.seconds_ms, _clip.c.state, _clip.c.generation, _origin.c.origin)
    return [_origin_of(tx, row) for row in tx.run(select(*columns).join(_origin, _origin.c.clip_id == _clip.c.id))]


def words(tx: Transaction, clip_id: ClipId) -> tuple[Word, ...]:
    """Return the machine's words for a clip, or for gold the known ones; times count from its start."""
    stored = tx.run(select(_origin.c.words).where(_origin.c.clip_id == clip_id)).scalar_one()
    dumped = vault_keys.unseal(tx, vault_keys.POOL, ("clip_origin", clip_id, "words"), stored)
    return calls.load_words(dumped)


def sound(tx: Transaction, clip_id: ClipId, reader: Callable[[Transaction, int], PoolReader]) -> bytes:
    """Return the sound of a clip. Raises KeysUnavailableError for who is no transcriber."""
    row = tx.run(select(_clip).where(_clip.c.id == clip_id)).one()
    key = reader(tx, row.generation).open_clip(clip_id, bytes(row.sealed_key))
    return key.open(("clip", clip_id, "audio"), bytes(row.audio))


def served(tx: Transaction, member_id: MemberId, known: Sequence[Origin]) -> Served:
    """Return what a member was served, in order, and which clips of a call anybody was."""
    candidates = {each.clip_id: candidate(each) for each in known}
    rows = tx.run(select(_serving.c.clip_id, _serving.c.member_id, _serving.c.place).order_by(_serving.c.place)).all()
    own = [candidates[row.clip_id] for row in rows if row.member_id == member_id]
    of_call: dict[str, set[ClipId]] = defaultdict(set)
    for row in rows:
        of_call[candidates[row.clip_id].call].add(row.clip_id)
    return Served(own, of_call)


def candidate(each: Origin) -> Candidate:
    """Return a clip as the rules of serving see it."""
    return Candidate(each.clip_id, each.call_id, each.persons, each.seconds)


def times_served(tx: Transaction) -> dict[str, int]:
    """Return how many members were served each clip."""
    rows = tx.run(select(_serving.c.clip_id, func.count().label("number")).group_by(_serving.c.clip_id))
    return {row.clip_id: row.number for row in rows}


def waiting(tx: Transaction, member_id: MemberId | None = None) -> int:
    """Count the clips that wait for a member, or for anybody."""
    open_ones = select(func.count()).select_from(_serving).where(_serving.c.state.in_(_OPEN))
    if member_id is not None:
        open_ones = open_ones.where(_serving.c.member_id == member_id)
    number: int = tx.run(open_ones).scalar_one()
    return number


def next_place(tx: Transaction, member_id: MemberId) -> int:
    """Return the first place in a member's line that nothing ever had."""
    last: int | None = tx.run(select(func.max(_serving.c.place)).where(_serving.c.member_id == member_id)).scalar()
    return 0 if last is None else last + 1


def assign(
    tx: Transaction, member_id: MemberId, clip: Candidate, place: int, *, writer: PoolWriter, hypothesis: str | None
) -> ServingId:
    """Put a clip into a member's line; its seconds count against the budget from now on."""
    serving_id = ServingId(secrets.token_hex(16))
    sealed = None if hypothesis is None else writer.seal_for_serving(serving_id, hypothesis.encode())
    tx.run(
        insert(_serving).values(
            id=serving_id,
            clip_id=clip.clip,
            member_id=member_id,
            place=place,
            state=ServingState.READY.value,
            hypothesis=sealed,
            seconds_ms=round(clip.seconds * 1000),
            reserved_at=clock.now(),
        )
    )
    return serving_id


def reserved_seconds(tx: Transaction, within: timedelta) -> float:
    """Return the seconds that were heard, or are set aside to be heard, in that time."""
    total = select(func.coalesce(func.sum(_serving.c.seconds_ms), 0)).where(_serving.c.reserved_at > clock.now(-within))
    milliseconds: int = tx.run(total).scalar_one()
    return milliseconds / 1000


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal took away."""

    clips: int
    servings: int  # that waited, or were on a screen
    drafts: int


def withdraw(tx: Transaction, clip_ids: Collection[ClipId]) -> Withdrawn:
    """Take clips from everybody at once, those on a screen too; their sound and what was being typed is deleted.

    Labels that were made stay, closed: an earlier export may hold them and must be called back by them.
    """
    number = drafts = servings = 0
    for clip_id in clip_ids:
        live = (_clip.c.id == clip_id) & (_clip.c.state == ClipState.LIVE.value)
        # Sound and key go at once: a withdrawn clip cannot be heard any more, whatever a row says.
        gone = {"state": ClipState.WITHDRAWN.value, "audio": b"", "sealed_key": b""}
        if tx.change(update(_clip).where(live).values(gone)) == 0:
            continue
        number += 1
        drafts += forget_texts(tx, clip_id)
        servings += take_from_lines(tx, clip_id)
    return Withdrawn(number, servings, drafts)


def forget_texts(tx: Transaction, clip_id: str) -> int:
    """Delete what anybody wrote, is writing, or was shown about a withdrawn clip; return how many drafts there were."""
    # Whoever is answering in this moment is waited for, so that nothing of theirs comes after this.
    tx.run(select(_serving.c.id).where(_serving.c.clip_id == clip_id).order_by(_serving.c.id).with_for_update()).all()
    tx.run(update(_serving).where(_serving.c.clip_id == clip_id).values(hypothesis=None))
    of_clip = select(_serving.c.id).where(_serving.c.clip_id == clip_id).scalar_subquery()
    tx.run(update(_label).where(_label.c.serving_id.in_(of_clip)).values(text=None, for_vault=None))
    return tx.change(delete(_draft).where(_draft.c.serving_id.in_(of_clip)))


def take_from_lines(tx: Transaction, clip_id: str) -> int:
    """Take a withdrawn clip out of every line and off every desk; return how many that were.

    A line ends where a clip is taken out of it: what stood behind would come too soon after what stood before, so it
    goes back into the pool and is drawn anew. What was never heard gives its seconds back to the budget.
    """
    columns = (_serving.c.id, _serving.c.member_id, _serving.c.place, _serving.c.state)
    rows = tx.run(select(*columns).where(_serving.c.clip_id == clip_id, _serving.c.state.in_(_OPEN))).all()
    for row in rows:
        behind = (_serving.c.member_id == row.member_id) & (_serving.c.place >= row.place)
        ready = select(_serving.c.id).where(behind, _serving.c.state == ServingState.READY.value)
        _drop(tx, list(tx.run(ready.order_by(_serving.c.id).with_for_update()).scalars()))
        if row.state == ServingState.LEASED.value:
            ended = _ENDED | {"state": ServingState.WITHDRAWN.value}
            tx.run(update(_serving).where(_serving.c.id == row.id).values(ended))
    return len(rows)


def _drop(tx: Transaction, serving_ids: Sequence[str]) -> None:
    tx.run(delete(_draft).where(_draft.c.serving_id.in_(serving_ids)))
    tx.run(delete(_serving).where(_serving.c.id.in_(serving_ids)))


def take_back_unheard(tx: Transaction, member_ids: Collection[str]) -> int:
    """Take clips that wait out of the lines of these members: they transcribe no more."""
    waited = _serving.c.member_id.in_(member_ids) & (_serving.c.state == ServingState.READY.value)
    ready = list(tx.run(select(_serving.c.id).where(waited)).scalars())
    _drop(tx, ready)
    return len(ready)


def answers(tx: Transaction) -> list[Answer]:
    """Return what came back, with the texts that the vault can read."""
    rows = tx.run(
        select(_label, _serving.c.clip_id, _serving.c.member_id, _serving.c.state)
        .join(_serving, _serving.c.id == _label.c.serving_id)
        .order_by(_label.c.serving_id)
    ).all()
    if not rows:
        return []
    door = vault_keys.door(tx)
    return [
        Answer(
            serving_id=ServingId(row.serving_id),
            clip_id=ClipId(row.clip_id),
            member_id=MemberId(row.member_id),
            text=None if row.for_vault is None else door.open(row.serving_id, bytes(row.for_vault)).decode(),
            reason=None if row.reason is None else SkipReason(row.reason),
            state=ServingState(row.state),
            listened_ms=row.listened_ms,
            prefilled=row.prefilled,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class KeptExport:
    """An earlier export: which of its ids was which clip."""

    id: str
    form: str
    made_at: datetime
    clips: dict[str, ClipId]


def keep_export(tx: Transaction, export_id: str, form: str, ids: dict[str, ClipId]) -> None:
    """Remember which clip left under which id, so that it can be called back."""
    place = ("label_export", export_id, "manifest")
    sealed = vault_keys.seal(tx, vault_keys.POOL, place, ids)
    tx.run(insert(schema.label_export).values(id=export_id, form=form, made_at=clock.now(), manifest=sealed))


def exports(tx: Transaction) -> list[KeptExport]:
    """Return the earlier exports, oldest first."""
    table = schema.label_export
    return [
        KeptExport(
            row.id,
            row.form,
            row.made_at,
            vault_keys.unseal(tx, vault_keys.POOL, ("label_export", row.id, "manifest"), row.manifest),
        )
        for row in tx.run(select(table).order_by(table.c.made_at, table.c.id))
    ]


def _origin_of(tx: Transaction, row: Row[Any]) -> Origin:
    known = vault_keys.unseal(tx, vault_keys.POOL, ("clip_origin", row.id, "origin"), row.origin)
    return Origin(
        clip_id=ClipId(row.id),
        call_id=CallId(known["call"]),
        persons=frozenset(known["persons"]),
        seconds=row.seconds_ms / 1000,
        language=row.language,
        state=ClipState(row.state),
        is_gold=known["is_gold"],
        generation=row.generation,
        has_hypothesis=known["has_hypothesis"],
        confidence=known["confidence"],
    )
