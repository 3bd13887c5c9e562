"""What was decided and typed at this desk and is not known to be in the team's database.

Guarantees: a decision is on this disk before it is sent, and a text within a moment of being typed, both sealed under
the member's own keys; each stays there until the database has it or it is known to have no place there; after any cut,
kill or restart it is sent again under the same idempotency key, so that it is recorded once. A decision whose lease ran
out meanwhile is made on a new one where nobody else has taken the item, and is kept as a second opinion where somebody
has.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from reviewer.crypto import JournalSealer, OpenKeys
from reviewer.domain.attention import Attention
from reviewer.domain.attestations import Attestation
from reviewer.domain.decisions import Decision, Judgement, Verdict
from reviewer.domain.errors import (
    LeaseLostError,
    ReviewerError,
    RuleError,
    SealBrokenError,
    UnavailableError,
)
from reviewer.domain.items import ItemId, ItemState, Lease, LeaseId
from reviewer.domain.members import Actor, DeskId, MemberId
from reviewer.files import write_whole
from reviewer.services.queue import Queue
from reviewer.services.review import Review
from reviewer.storage import Store, decisions, items, leases

FOLDER = "unsent"
_INTENT, _TEXT, _DAMAGED = ".intent", ".text", ".damaged"


@dataclass(frozen=True, slots=True)
class Intent:
    """A decision as it was made at this desk."""

    key: str
    lease: Lease
    judgement: Judgement
    attestation: Attestation | None
    attention: Attention


@dataclass(frozen=True, slots=True)
class KeptText:
    """What somebody typed on an item that they held."""

    item_id: ItemId
    text: str
    cursor: int
    attention: Attention


@dataclass(frozen=True, slots=True)
class Sent:
    """A decision that is on record, and how long it can still be withdrawn."""

    decision: Decision
    hold_left: timedelta


@dataclass(slots=True)
class Settled:
    """What became of everything that an earlier run of this desk left behind."""

    sent: dict[str, Sent] = field(default_factory=dict)  # by idempotency key
    returned: int = 0  # decisions that a rule refused: their texts wait as working copies or second opinions
    opinions: int = 0  # decisions that came too late
    damaged: int = 0  # entries that nobody can read

    @property
    def anything(self) -> bool:
        """Tell whether there was anything."""
        return bool(self.sent or self.returned or self.opinions or self.damaged)


class Journal:
    """The files: one for each decision and one for each text, written whole and lasting."""

    def __init__(self, profile: Path, desk: DeskId, is_alive: Callable[[str], bool], keys: OpenKeys) -> None:
        self._folder = profile / FOLDER
        self._desk = desk
        self._is_alive = is_alive
        self._sealer = JournalSealer(keys.identity, keys.owner)
        self._lock = threading.Lock()
        self._versions: dict[ItemId, int] = {}

    def keep(self, intent: Intent) -> None:
        """Write a decision down. Raises UnavailableError where the disk does not take it."""
        self._write(f"{self._desk}.{time.time_ns():020}.{intent.key}{_INTENT}", _intent_data(intent))

    def forget(self, key: str) -> None:
        """Remove a decision: it is on record, or has no place there."""
        self._remove(f"*.{key}{_INTENT}")

    def keep_text(self, kept: KeptText) -> int:
        """Write a text down in place of an earlier one, and return its version. Raises UnavailableError."""
        with self._lock:
            version = self._versions.get(kept.item_id, 0) + 1
            self._versions[kept.item_id] = version
        self._write(f"{self._desk}.{kept.item_id}{_TEXT}", asdict(kept) | {"attention": kept.attention.to_data()})
        return version

    def forget_text(self, item_id: ItemId, version: int | None = None) -> None:
        """Remove a text that the database has, unless a newer one than that version was written."""
        with self._lock:
            if version is not None and self._versions.get(item_id) != version:
                return
            self._remove(f"*.{item_id}{_TEXT}")

    def intents(self) -> Iterator[Intent]:
        """Yield the decisions that this desk and desks that are gone left, oldest first."""
        names = self._names(_INTENT)
        for name in sorted(names, key=lambda each: each.split(".")[1]):
            data = self._read(name)
            if data is not None:
                yield _intent(data)

    def texts(self) -> Iterator[KeptText]:
        """Yield the texts that this desk and desks that are gone left."""
        for name in self._names(_TEXT):
            data = self._read(name)
            if data is not None:
                yield KeptText(**(data | {"attention": Attention.from_data(data["attention"])}))

    def damaged(self) -> int:
        """Return how many entries there are that nobody can read; they are put aside, not removed."""
        return len(list(self._folder.glob(f"*{_DAMAGED}")))

    def _names(self, ending: str) -> list[str]:
        names = [path.name for path in self._folder.glob(f"*{ending}")]
        desks = {desk: desk == self._desk or not self._is_alive(desk) for desk in {n.split(".")[0] for n in names}}
        return [name for name in names if desks[name.split(".")[0]]]

    def _read(self, name: str) -> dict[str, Any] | None:
        path = self._folder / name
        try:
            return dict(json.loads(self._sealer.open(name, path.read_bytes())))
        except FileNotFoundError:
            return None
        except (SealBrokenError, ValueError):
            path.replace(path.with_name(name + _DAMAGED))
            return None
        except OSError as exc:
            raise UnavailableError(f"What waits to be sent cannot be read: {exc.strerror}.") from exc

    def _write(self, name: str, data: dict[str, Any]) -> None:
        sealed = self._sealer.seal(name, json.dumps(data).encode())
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            write_whole(self._folder / name, [sealed])
        except OSError as exc:
            raise UnavailableError(f"This computer's disk does not take what is to be sent: {exc.strerror}.") from exc

    def _remove(self, pattern: str) -> None:
        for path in self._folder.glob(pattern):
            path.unlink(missing_ok=True)


class Unsent:
    """Brings what the journal holds into the database."""

    def __init__(self, store: Store, actor: Actor, review: Review, queue: Queue, journal: Journal) -> None:
        self._store = store
        self._actor = actor
        self._review = review
        self._queue = queue
        self.journal = journal

    def try_now(self) -> None:
        """Let the next look for the server come at once."""
        self._store.try_now()

    def send(self, intent: Intent) -> Sent:
        """Record a decision, or find that it was recorded before the cut.

        Raises LeaseLostError (its text is then a second opinion), another RuleError, or UnreachableError (it stays in
        the journal).
        """
        try:
            sent = self._send(intent)
        except UnavailableError:
            raise
        except LeaseLostError:
            self._forget(intent)
            raise
        except ReviewerError:
            if intent.judgement.text is not None:
                self.journal.keep_text(KeptText(intent.lease.item_id, intent.judgement.text, 0, intent.attention))
            self.journal.forget(intent.key)
            raise
        self._forget(intent)
        return sent

    def _forget(self, intent: Intent) -> None:
        self.journal.forget(intent.key)
        self.journal.forget_text(intent.lease.item_id)

    def hold_again(self, lease: Lease) -> Lease:
        """Return a live lease on what is on screen: the same one, or a new one where nobody else has the item.

        Raises LeaseLostError.
        """
        try:
            return self._queue.show(lease)
        except LeaseLostError:
            again = self._claim_again(lease)
            if again is None:
                raise
            return again

    def save(self, kept: KeptText) -> None:
        """Bring a text into the database: as working copy, or as second opinion where somebody else has the item."""
        with self._store.read() as tx:
            head = items.find(tx, self._actor.member.workspace_id, kept.item_id)
            mine = {lease.item_id for lease in leases.held_by(tx, self._actor.member.id)}
        if kept.item_id in mine or head.state in (ItemState.WAITING, ItemState.ESCALATED, ItemState.SKIPPED):
            self._review.save(kept.item_id, kept.text, kept.cursor, kept.attention)
        else:
            self._review.keep_as_opinion(kept.item_id, kept.text)

    def settle(self) -> Settled:
        """Bring everything that was left behind into the database. Raises UnreachableError, and the rest stays."""
        settled = Settled(damaged=self.journal.damaged())
        for intent in list(self.journal.intents()):
            self._settle_one(intent, settled)
        for kept in list(self.journal.texts()):
            with suppress(RuleError):  # it was erased, or this member is no longer let near it
                self.save(kept)
            self.journal.forget_text(kept.item_id)
        settled.damaged = self.journal.damaged() - settled.damaged
        return settled

    def _settle_one(self, intent: Intent, settled: Settled) -> None:
        try:
            settled.sent[intent.key] = self.send(intent)
        except LeaseLostError:
            settled.opinions += 1
        except UnavailableError:
            raise
        except ReviewerError:
            settled.returned += 1

    def _send(self, intent: Intent) -> Sent:
        lease, again = intent.lease, None
        if self._is_over(lease, intent.key):
            again = self._claim_again(lease)
        try:
            decision = self._review.decide(
                again or lease,
                intent.judgement,
                key=intent.key,
                attestation=intent.attestation,
                attention=intent.attention,
            ).decision
        except RuleError as exc:
            if again is None or isinstance(exc, LeaseLostError):
                raise
            self._review.keep_as_opinion(lease.item_id, intent.judgement.text)
            self._queue.release(lease.item_id, again.id)
            raise LeaseLostError(f"The lease was over, and on a new one it is refused. {exc.message}") from exc
        with self._store.read() as tx:
            return Sent(decision, max(timedelta(), decision.hold_until - tx.now()))

    def _is_over(self, lease: Lease, key: str) -> bool:
        """Tell whether a lease ran out or was taken over, and not used up by the decision of that very key."""
        with self._store.read() as tx:
            if decisions.is_known(tx, self._actor.member.id, key):
                return False
            try:
                leases.check(tx, lease)
            except LeaseLostError:
                return True
            return False

    def _claim_again(self, lease: Lease) -> Lease | None:
        try:
            claimed = self._queue.claim(lease.item_id)
        except RuleError:
            return None
        return None if claimed is None else claimed.lease


def number_waiting(profile: Path) -> int:
    """Return how many decisions wait in a profile's journal; this takes no key."""
    return len(list((profile / FOLDER).glob(f"*{_INTENT}")))


def _intent_data(intent: Intent) -> dict[str, Any]:
    lease, judgement, signed = intent.lease, intent.judgement, intent.attestation
    return {
        "key": intent.key,
        "lease": asdict(lease) | {"expires_at": lease.expires_at.astimezone(UTC).isoformat()},
        "judgement": asdict(judgement) | {"verdict": judgement.verdict.value},
        "attestation": None if signed is None else asdict(signed),
        "attention": intent.attention.to_data(),
    }


def _intent(data: dict[str, Any]) -> Intent:
    lease, judgement, signed = data["lease"], data["judgement"], data["attestation"]
    return Intent(
        key=data["key"],
        lease=Lease(
            LeaseId(lease["id"]),
            ItemId(lease["item_id"]),
            MemberId(lease["member_id"]),
            DeskId(lease["desk"]),
            lease["fence"],
            datetime.fromisoformat(lease["expires_at"]),
        ),
        judgement=Judgement(**(judgement | {"verdict": Verdict(judgement["verdict"])})),
        attestation=None if signed is None else Attestation(**(signed | {"factors": tuple(signed["factors"])})),
        attention=Attention.from_data(data["attention"]),
    )
