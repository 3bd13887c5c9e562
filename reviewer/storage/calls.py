"""Calls in the vault, and their clips on the way into the pool. All of it is sealed under a key of the call's own."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from dataclasses import replace as replace_fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from reviewer.domain.call_records import Call, CallId, Party, Side
from reviewer.domain.calls import Segment, Transcript, Word
from reviewer.domain.clips import Policy
from reviewer.domain.eligibility import Gate, Standing
from reviewer.storage import clock, schema, vault_keys
from reviewer.storage.store import Transaction

_call, _staged = schema.call, schema.staged_clip


@dataclass(frozen=True, slots=True)
class CallRow:
    """What the vault keeps of a call in the open."""

    id: CallId
    seconds: float
    standing: Standing
    is_built: bool
    clean: bool | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StagedClip:
    """A clip that was cut and cleaned, before it has its place in the pool."""

    call_id: CallId
    wav: bytes
    seconds: float
    persons: tuple[str, ...]
    words: tuple[Word, ...]
    language: str
    is_gold: bool
    masked: int  # stretches that were taken out


def policy(tx: Transaction) -> Policy:
    """Return what the workspace decided about listening."""
    body = tx.run(select(schema.pool_policy.c.body)).scalar()
    if body is None:
        return Policy()
    return Policy(**{**body, "categories": tuple(body["categories"]), "glossary": tuple(body["glossary"])})


def set_policy(tx: Transaction, new: Policy) -> None:
    """Store the policy; the caller records what changed."""
    body = json.loads(json.dumps(asdict(new)))
    if tx.change(update(schema.pool_policy).values(body=body)) == 0:
        tx.run(insert(schema.pool_policy).values(workspace_id=tx.keys.owner.workspace, body=body))


def find(tx: Transaction, external_id: str) -> CallId | None:
    """Return our id of a call by the customer's."""
    digest = vault_keys.digest(tx, "call", external_id)
    found = tx.run(select(_call.c.id).where(_call.c.digest == digest)).scalar()
    return None if found is None else CallId(found)


def add(tx: Transaction, new: Call, recording: str, seconds: float, standing: Standing) -> CallId:
    """Store a call that was not there before."""
    call_id = CallId(secrets.token_hex(16))
    vault_keys.make(tx, call_id)
    tx.run(
        insert(_call).values(
            id=call_id,
            workspace_id=tx.keys.owner.workspace,
            digest=vault_keys.digest(tx, "call", new.external_id),
            added_at=clock.now(),
            built=False,
            **_content(tx, call_id, new, recording, seconds),
            **_standing(standing),
        )
    )
    return call_id


def replace(tx: Transaction, call_id: CallId, new: Call, recording: str, seconds: float, standing: Standing) -> None:
    """Store what is known of a call now instead of what was known before."""
    values = _content(tx, call_id, new, recording, seconds) | _standing(standing)
    tx.run(update(_call).where(_call.c.id == call_id).values(values))


def rows(tx: Transaction) -> list[CallRow]:
    """Return every call."""
    columns = [c for c in _call.c if c.name not in ("record", "transcript")]
    return [
        CallRow(
            CallId(row.id),
            row.seconds_ms / 1000,
            Standing(None if row.gate is None else Gate(row.gate), row.is_unknown),
            row.built,
            row.clean,
            row.counts or {},
        )
        for row in tx.run(select(*columns).order_by(_call.c.id))
    ]


def record(tx: Transaction, call_id: CallId, *, with_words: bool = False) -> tuple[Call, str]:
    """Return a call and where its recording lies; without its words unless they are asked for."""
    row = tx.run(select(_call.c.record, _call.c.transcript).where(_call.c.id == call_id)).one()
    known = vault_keys.unseal(tx, call_id, ("call", call_id, "record"), row.record)
    has_words = known["call"].pop("has_words")
    segments: tuple[Segment, ...] = (Segment("", ()),) if has_words else ()  # that there are some is all that gates ask
    if with_words:
        segments = _load_segments(vault_keys.unseal(tx, call_id, ("call", call_id, "transcript"), row.transcript))
    return _load_call(known["call"], Transcript(segments, known["call"]["language"])), known["recording"]


def set_standing(tx: Transaction, call_id: CallId, standing: Standing) -> None:
    """Note at which gate a call stands."""
    tx.run(update(_call).where(_call.c.id == call_id).values(_standing(standing)))


def mark_built(tx: Transaction, call_id: CallId, *, clean: bool | None, counts: Mapping[str, int]) -> None:
    """Note that a call was cut, and what that left out."""
    values = {"built": clean is not None, "clean": clean, "counts": dict(counts)}
    tx.run(update(_call).where(_call.c.id == call_id).values(values))


def eligible_seconds(tx: Transaction, within: timedelta) -> float:
    """Return the seconds of the calls of that time which stand past every gate, or only lack budget."""
    passed = _call.c.gate.is_(None) | (_call.c.gate == Gate.BUDGET.value)
    total = select(func.coalesce(func.sum(_call.c.seconds_ms), 0)).where(passed, _call.c.added_at > clock.now(-within))
    milliseconds: int = tx.run(total).scalar_one()
    return milliseconds / 1000


def of_party(tx: Transaction, side: Side, digest: str) -> list[CallId]:
    """Return the calls that a member or a caller took part in."""
    column = _call.c.member_digest if side is Side.AGENT else _call.c.caller_digest
    return [CallId(found) for found in tx.run(select(_call.c.id).where(column == digest)).scalars()]


def erase(tx: Transaction, call_id: CallId) -> None:
    """Destroy the key of a call and overwrite what was sealed under it."""
    vault_keys.destroy(tx, call_id)
    tx.run(delete(_staged).where(_staged.c.call_id == call_id))
    tx.run(update(_call).where(_call.c.id == call_id).values(record=b"", transcript=b""))


# ---- Clips on their way


def stage(tx: Transaction, clips: Sequence[tuple[StagedClip, timedelta]]) -> None:
    """Store clips that may enter the pool after a while."""
    for each, delay in clips:
        row = secrets.token_hex(16)
        facts = {
            "seconds": each.seconds,
            "persons": each.persons,
            "words": dump_words(each.words),
            "language": each.language,
            "is_gold": each.is_gold,
            "masked": each.masked,
        }
        tx.run(
            insert(_staged).values(
                id=row,
                call_id=each.call_id,
                due_at=clock.now(delay),
                audio=vault_keys.seal(tx, each.call_id, ("staged_clip", row, "audio"), each.wav),
                facts=vault_keys.seal(tx, each.call_id, ("staged_clip", row, "facts"), facts),
            )
        )


def due(tx: Transaction) -> list[tuple[str, CallId]]:
    """Return the staged clips whose delay is over, with their calls; none of a call that is still being built."""
    whole = select(_call.c.id).where(_call.c.built)
    is_due = (_staged.c.due_at <= clock.now()) & _staged.c.call_id.in_(whole)
    found = tx.run(select(_staged.c.id, _staged.c.call_id).where(is_due))
    return [(row.id, CallId(row.call_id)) for row in found]


def staged_number(tx: Transaction) -> int:
    """Count the clips on their way."""
    number: int = tx.run(select(func.count()).select_from(_staged)).scalar_one()
    return number


def next_due(tx: Transaction) -> datetime | None:
    """Return when the next staged clip may enter the pool."""
    at: datetime | None = tx.run(select(_staged.c.due_at).order_by(_staged.c.due_at).limit(1)).scalar()
    return at


def take_staged(tx: Transaction, row_id: str) -> StagedClip:
    """Return a staged clip and forget it here."""
    row = tx.run(select(_staged).where(_staged.c.id == row_id)).one()
    call_id = CallId(row.call_id)
    wav = vault_keys.unseal_bytes(tx, call_id, ("staged_clip", row_id, "audio"), row.audio)
    facts = vault_keys.unseal(tx, call_id, ("staged_clip", row_id, "facts"), row.facts)
    tx.run(delete(_staged).where(_staged.c.id == row_id))
    return StagedClip(
        call_id=call_id,
        wav=wav,
        seconds=facts["seconds"],
        persons=tuple(facts["persons"]),
        words=load_words(facts["words"]),
        language=facts["language"],
        is_gold=facts["is_gold"],
        masked=facts["masked"],
    )


def drop_staged(tx: Transaction, call_ids: Sequence[CallId]) -> int:
    """Forget the staged clips of calls; return how many there were."""
    return tx.change(delete(_staged).where(_staged.c.call_id.in_(call_ids)))


# ---- Opt-outs


def opt_out(tx: Transaction, scope: str, digest: str) -> bool:
    """Keep an opt-out; False where it was kept before."""
    table = schema.opt_out
    if tx.run(select(table.c.digest).where(table.c.digest == digest)).scalar() is not None:
        return False
    tx.run(insert(table).values(digest=digest, scope=scope, made_at=clock.now()))
    return True


def opted_out(tx: Transaction) -> set[str]:
    """Return the digests of everybody and everything that opted out."""
    return set(tx.run(select(schema.opt_out.c.digest)).scalars())


def _standing(standing: Standing) -> dict[str, Any]:
    return {"gate": None if standing.gate is None else standing.gate.value, "is_unknown": standing.is_unknown}


def _content(tx: Transaction, call_id: CallId, call: Call, recording: str, seconds: float) -> dict[str, Any]:
    segments = call.transcript.segments
    known = asdict(replace_fields(call, transcript=Transcript(())))
    del known["transcript"]
    known["has_words"] = bool(segments)
    known["retain_until"] = None if call.retain_until is None else call.retain_until.isoformat()
    agent, caller = call.party(Side.AGENT), call.party(Side.CALLER)
    return {
        "record": vault_keys.seal(tx, call_id, ("call", call_id, "record"), {"call": known, "recording": recording}),
        "transcript": vault_keys.seal(tx, call_id, ("call", call_id, "transcript"), _dump_segments(segments)),
        "member_digest": None if agent is None else vault_keys.digest(tx, "member", agent.id),
        "caller_digest": None if caller is None else vault_keys.digest(tx, "caller", caller.id),
        "seconds_ms": round(seconds * 1000),
    }


def _load_call(known: dict[str, Any], transcript: Transcript) -> Call:
    parties = tuple(Party(**{**each, "side": Side(each["side"])}) for each in known["parties"])
    until = known["retain_until"]
    return Call(
        **{
            **known,
            "parties": parties,
            "names": tuple(known["names"]),
            "retain_until": None if until is None else datetime.fromisoformat(until),
        },
        transcript=transcript,
    )


def dump_words(words: Sequence[Word]) -> list[list[Any]]:
    """Return words as plain data."""
    return [[word.text, word.start_s, word.end_s, word.confidence] for word in words]


def load_words(dumped: Sequence[Sequence[Any]]) -> tuple[Word, ...]:
    """Return the words that were dumped."""
    return tuple(Word(*each) for each in dumped)


def _dump_segments(segments: Sequence[Segment]) -> list[list[Any]]:
    return [[s.speaker, s.start_s, s.end_s, s.channel, dump_words(s.words)] for s in segments]


def _load_segments(dumped: list[list[Any]]) -> tuple[Segment, ...]:
    return tuple(
        Segment(speaker, load_words(words), start_s, end_s, channel)
        for speaker, start_s, end_s, channel, words in dumped
    )
