"""What a transcriber does: hear the next clip, write down what is said, go on.

Guarantees: every hearing is on record before the sound is there; a clip that was withdrawn is refused at the next act,
whichever it is; what was typed survives a kill. Nothing here reads a call, and nothing here could: the keys are others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reviewer.crypto import PublicKeys
from reviewer.domain import labels
from reviewer.domain.clips import LEASE, Answer, Serving, ServingId, ServingState, SkipReason
from reviewer.domain.errors import RuleError
from reviewer.domain.events import Action
from reviewer.domain.members import Actor, Role
from reviewer.ledger.directory import Directory
from reviewer.storage import Store, Transaction, entries, pool_keys, servings
from reviewer.storage.servings import Held, Progress
from reviewer.storage.store import Unrecorded

__all__ = ["OpenClip", "Progress", "Transcribing"]


@dataclass(frozen=True, slots=True)
class OpenClip:
    """A clip on a transcriber's desk, and the right to it."""

    serving: Serving
    held: Held


class Transcribing:
    """One transcriber at one desk."""

    def __init__(self, store: Store, actor: Actor, is_alive: Callable[[str], bool]) -> None:
        self._store = store
        self._actor = actor
        self._is_alive = is_alive

    def has_pool(self) -> bool:
        """Tell whether there is a pool for this member."""
        if Role.TRANSCRIBER not in self._actor.member.roles:
            return False
        with self._store.read() as tx:
            return pool_keys.newest(tx) is not None

    def share_key(self) -> int:
        """Seal the pool's key to transcribers who came later: only who holds it can; return how many they were.

        What was sealed to this member and does not open is dropped, so that another holder seals it anew.
        """
        with self._store.read() as tx:
            spoiled = pool_keys.spoiled(tx)
            if not (spoiled or _newcomers(tx, self._actor)):
                return 0
        with self._store.write(self._actor) as tx:
            tx.hold_pool()
            tx.leave_unrecorded(Unrecorded.NOTHING)
            for generation in spoiled:
                pool_keys.drop_own(tx, generation)
            todo = _newcomers(tx, self._actor)
            for generation, member_id in todo:
                reader = pool_keys.reader(tx, generation)
                known = entries.directory(tx).members[member_id]
                sealed = reader.seal_to(member_id, PublicKeys(known.receive, known.sign))
                pool_keys.share(tx, generation, member_id, sealed)
                tx.record(Action.POOL_KEY_MADE, None, generation=generation, shared_with=member_id)
            return len(todo)

    def next(self, *, but: OpenClip | None = None) -> OpenClip | None:
        """Take the next clip of this member's line and open it; None where none waits. `but` is on screen already."""
        with self._store.write(self._actor) as tx:
            held = servings.take_next(tx, self._is_alive, None if but is None else but.serving.id)
            if held is None:
                tx.leave_unrecorded(Unrecorded.NOTHING)
                return None
            tx.record(Action.CLIP_OPENED, held.serving_id)
        return self._open(held)

    def take_again(self, clip: OpenClip) -> OpenClip | None:
        """Lease a clip of this desk once more, whose lease ran out or whose answer may not have arrived.

        None where it is answered already. Raises LeaseLostError where it was withdrawn, or another desk has it.
        """
        held = self._take_again(clip.serving.id)
        return None if held is None else OpenClip(clip.serving, held)

    def open_again(self, serving_id: ServingId) -> OpenClip | None:
        """Lease and open a clip that an earlier run of this desk had; None where it is answered already.

        Raises LeaseLostError where it was withdrawn, or another desk has it.
        """
        held = self._take_again(serving_id)
        return None if held is None else self._open(held)

    def is_there(self, clip: OpenClip) -> bool:
        """Tell whether a clip on this desk is still to be heard: not withdrawn, its lease not over."""
        with self._store.read() as tx:
            return servings.is_held(tx, clip.held)

    def renew(self, clip: OpenClip) -> OpenClip:
        """Extend the lease because somebody is at work. Raises LeaseLostError."""
        with self._store.write(self._actor) as tx:
            tx.leave_unrecorded(Unrecorded.HEARTBEAT)
            return OpenClip(clip.serving, servings.renew(tx, clip.held, LEASE))

    def save(self, clip: OpenClip, text: str, cursor: int) -> datetime:
        """Keep what was typed so far; return when. Raises LeaseLostError."""
        with self._store.write(self._actor) as tx:
            servings.save_draft(tx, clip.held, text[: labels.LONGEST], cursor)
            tx.leave_unrecorded(Unrecorded.AUTOSAVE)
            return tx.now()

    def answer(self, clip: OpenClip, answer: Answer) -> None:
        """Hand an answer in; what was typed is kept first, should that fail. Raises as submit() does."""
        if answer.text is not None:
            self.save(clip, answer.text, answer.cursor)
        if answer.reason is not None:
            self.skip(clip, answer.reason, listened_ms=answer.listened_ms)
        elif answer.is_report:
            self.report(clip, listened_ms=answer.listened_ms)
        else:
            self.submit(clip, answer.text or "", listened_ms=answer.listened_ms)

    def submit(self, clip: OpenClip, text: str, *, listened_ms: int) -> None:
        """Hand in a label. Raises LeaseLostError, or RuleError where the clip was not heard whole or is empty."""
        if not text.strip():
            raise RuleError("There is nothing written: write what is said, or skip the clip.")
        if len(text) > labels.LONGEST:
            raise RuleError(f"A label has at most {labels.LONGEST:,} characters.")
        if listened_ms + 1 < int(clip.serving.seconds * 1000):
            raise RuleError("Listen to the whole clip once before you hand it in.")
        with self._store.write(self._actor) as tx:
            prefilled = clip.serving.hypothesis is not None
            servings.finish(
                tx, clip.held, ServingState.LABELLED, text=text, listened_ms=listened_ms, prefilled=prefilled
            )
            tx.record(Action.CLIP_LABELLED, clip.serving.id, prefilled=prefilled, words=len(labels.words_of(text)))

    def skip(self, clip: OpenClip, reason: SkipReason, *, listened_ms: int) -> None:
        """Pass a clip by, with a reason. Raises LeaseLostError."""
        with self._store.write(self._actor) as tx:
            servings.finish(tx, clip.held, ServingState.SKIPPED, reason=reason, listened_ms=listened_ms)
            tx.record(Action.CLIP_SKIPPED, clip.serving.id, reason=reason.value)

    def report(self, clip: OpenClip, *, listened_ms: int) -> None:
        """Say that a clip holds personal data: it is taken from everybody in this very moment, its sound deleted."""
        with self._store.write(self._actor) as tx:
            tx.hold_pool()  # it is taken out of the lines of others too
            servings.finish(tx, clip.held, ServingState.REPORTED, listened_ms=listened_ms)
            servings.report(tx, clip.serving.id)
            tx.record(Action.CLIP_REPORTED, clip.serving.id)

    def give_back(self, clip: OpenClip) -> None:
        """Let a clip wait again, with what was typed."""
        with self._store.write(self._actor) as tx:
            if servings.give_back(tx, clip.held):
                tx.record(Action.RELEASED, clip.serving.id)
            else:
                tx.leave_unrecorded(Unrecorded.NOTHING)

    def undo(self, since: datetime) -> OpenClip:
        """Take back the newest answer since then; its text is a draft again. Raises RuleError where there is none."""
        with self._store.write(self._actor) as tx:
            held = servings.take_back(tx, since)
            if held is None:
                raise RuleError("There is nothing to undo: what was withdrawn cannot come back.")
            tx.record(Action.CLIP_TAKEN_BACK, held.serving_id)
        return self._open(held)

    def progress(self, since: datetime) -> Progress:
        """Return how this member's day goes."""
        with self._store.read() as tx:
            return servings.progress(tx, self._actor.member.id, since)

    def _take_again(self, serving_id: ServingId) -> Held | None:
        with self._store.write(self._actor) as tx:
            held = servings.take_again(tx, serving_id, self._is_alive)
            if held is None:
                tx.leave_unrecorded(Unrecorded.NOTHING)
            else:
                tx.record(Action.CLIP_OPENED, held.serving_id)
            return held

    def _open(self, held: Held) -> OpenClip:
        """Read the sound; the look at it is on record already."""
        with self._store.read() as tx:
            return OpenClip(servings.open_serving(tx, held), held)


def _newcomers(tx: Transaction, actor: Actor) -> list[tuple[int, str]]:
    """Return which generations that the actor holds are not sealed to which transcribers."""
    directory: Directory = entries.directory(tx)
    transcribers = {name for name, known in directory.members.items() if Role.TRANSCRIBER in known.roles}
    mine = pool_keys.generations(tx, actor.member.id)
    return [(number, name) for number in sorted(mine) for name in sorted(transcribers - pool_keys.holders(tx, number))]
