"""What was decided and typed at this desk and is not known to be in the team's database.

Guarantees: a decision or an answer is on this disk (journal.py) before it is sent, and a text within a moment of being
typed; each stays there until the database has it or it is known to have no place there; after any cut, kill or restart
it is sent again, and recorded once. A decision whose lease ran out meanwhile is made on a new one where nobody else has
taken the item, and is kept as a second opinion where somebody has.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from reviewer.domain.clips import ServingId
from reviewer.domain.decisions import Decision
from reviewer.domain.errors import LeaseLostError, ReviewerError, RuleError, UnavailableError
from reviewer.domain.items import ItemState, Lease
from reviewer.domain.members import Actor
from reviewer.services.journal import Intent, Journal, KeptText
from reviewer.services.queue import Queue
from reviewer.services.review import Review
from reviewer.services.transcribing import OpenClip, Transcribing
from reviewer.storage import Store, decisions, items, leases


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


class UnsentAnswers:
    """Brings what a transcriber's page left in the journal into the database."""

    def __init__(self, transcribing: Transcribing, journal: Journal) -> None:
        self._transcribing = transcribing
        self.journal = journal

    def settle(self) -> int:
        """Hand in what an earlier run of this desk left; return how many answers that were.

        Raises UnreachableError, and the rest stays.
        """
        answers = list(self.journal.answers())
        for serving_id, answer in answers:
            self._again(serving_id, partial(self._transcribing.answer, answer=answer))
            self.journal.forget_answer(serving_id)
        for said in list(self.journal.words()):
            self._again(said.serving_id, partial(self._transcribing.save, text=said.text, cursor=said.cursor))
            self.journal.forget_words(said.serving_id)
        return len(answers)

    def _again(self, serving_id: ServingId, act: Callable[[OpenClip], object]) -> None:
        """Do it on a new lease; what was withdrawn or answered meanwhile, or is refused, has no place any more."""
        with suppress(RuleError):
            clip = self._transcribing.open_again(serving_id)
            if clip is not None:
                act(clip)
