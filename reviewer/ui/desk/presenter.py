"""What the review page does: it holds the state, asks the services through the worker, and says what to show.

Guarantees: approval never carries over to the next item; what was typed is on disk within half a second and is never
dropped by a failure; a decision that could not be recorded brings its item back; the next item is shown from memory,
before the decision on this one is on disk.

Where the database is a team's, every decision and text is on this computer first. While the server is out of reach the
desk goes on with what it holds; what was decided is sent once the connection is back.
"""

import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from reviewer.bootstrap import Services
from reviewer.domain.attestations import Attestation
from reviewer.domain.decisions import DecisionId, Judgement, Verdict
from reviewer.domain.errors import LeaseLostError, ReviewerError, UnreachableError
from reviewer.domain.items import ClaimedItem, ItemId, Lease, SignedFinal, WorkingCopy
from reviewer.domain.kinds import KINDS
from reviewer.services.access import Factors
from reviewer.services.journal import KeptText
from reviewer.services.queue import News, Overview
from reviewer.services.unsent import Sent
from reviewer.services.work import RoundReport
from reviewer.ui.desk.checking import FindingsPresenter
from reviewer.ui.desk.importing import ImportPresenter
from reviewer.ui.desk.jobs import DeskJobs
from reviewer.ui.desk.state import (
    UNSENT,
    Decided,
    Deciding,
    HistoryEntry,
    LinkState,
    Place,
    Progress,
    Resumed,
    Saved,
    SignRequest,
    without_content,
)
from reviewer.ui.keeper import Keeper
from reviewer.ui.worker import Worker

AUTOSAVE_MS = 250
HEARTBEAT_MS = 30_000
POLL_MS = 2_000
ROUND_MS = 1_000
_ROUND_PATIENCE = timedelta(seconds=0.5)  # on a slow link, others on the worker must not wait for all that is due
SLOW_S = 2.0  # so long an answer is waited for before that is told


class DeskPresenter(QObject):
    """The review page's state."""

    stopped = Signal()  # nothing is asked any more
    item_shown = Signal(object)  # ClaimedItem to show
    lined_up = Signal()  # there is an item that comes next
    emptied = Signal()  # nothing waits
    loading = Signal()  # an item is on its way
    overview_changed = Signal(object)  # Overview
    progress_changed = Signal(object)  # Progress
    history_changed = Signal(object)  # tuple of HistoryEntry, newest first
    cursor_restored = Signal(int)  # where the cursor was before the desk locked
    saved = Signal(object)  # datetime of the last save, None while something is unsaved
    link_changed = Signal(object)  # LinkState
    caught_up = Signal(str, bool)  # what became of what waited on this computer, and whether all is well
    out_of_reach = Signal()  # nothing is left to work on until the connection is back
    lease_lost = Signal(str)  # who has the item now, or ""
    sign_requested = Signal(object)  # SignRequest: the page asks for a signature over this text
    signed_shown = Signal(object, object)  # SignedFinal, and the Factors that an addendum takes
    signing_done = Signal()
    signing_refused = Signal(str)  # the factor was wrong; the page asks again
    refused = Signal(str)  # why the last wish was not granted; nothing was lost
    told = Signal(str)  # good news worth a line
    failed = Signal(str)  # the store does not answer

    def __init__(self, services: Services, worker: Worker, is_alive: Callable[[str], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._services = services
        self._worker = worker
        self._jobs = DeskJobs(services, is_alive)
        self._current: ClaimedItem | None = None
        self._next: deque[ClaimedItem] = deque()
        self._deciding: deque[Deciding] = deque()
        self._history: list[HistoryEntry] = []
        self._keys: dict[tuple[ItemId, Judgement], str] = {}
        self._deadlines: dict[str, float] = {}
        self._to_sign: tuple[ClaimedItem, Judgement] | None = None
        self._wish: tuple[ItemId, Verdict] | None = None  # an approval that waits for the checks
        self._text: str | None = None
        self._cursor = 0
        self._unsaved = False
        self._lost = False
        self._active = False
        self._engaged = False
        self._claiming = False
        self._in_round = False
        self._in_poll = self._poll_again = False
        self._progress = Progress()
        self._leaving = False
        self._place = Place()
        self._news: list[str] = []
        self._keeper = None if services.unsent is None else Keeper(services.unsent.journal)
        self._link = LinkState()
        self._has_begun = False
        self._unsent: deque[Deciding] = deque()  # decided here, and not under way
        self._resending: deque[Deciding] = deque()
        self._kept_here: dict[ItemId, Saved] = {}  # texts that only this computer has
        self._since_back = [0, 0]  # since the connection is back: decisions on record, and too late
        self.analysis = services.analysis
        self.imports = ImportPresenter(services.intake, worker, self)
        self.imports.refused.connect(self.refused)
        self.imports.failed.connect(self._on_quiet_failure)
        self.imports.ended.connect(self._poll)
        self.findings = FindingsPresenter(services.analysis, worker, self)
        self.findings.attended.connect(self._on_attended)
        self.findings.settled.connect(self._on_checked)
        self.findings.refused.connect(self.refused)
        for gone in (self.loading, self.emptied, self.failed, self.out_of_reach):
            gone.connect(self.findings.clear)
        self._autosave = self._timer(AUTOSAVE_MS, self.flush, single=True)
        self._heartbeat = self._timer(HEARTBEAT_MS, self._renew)
        self._rounds = self._timer(ROUND_MS, self._round)
        self._polls = self._timer(POLL_MS, self._poll)

    @property
    def current(self) -> ClaimedItem | None:
        """Return the item on screen."""
        return self._current

    @property
    def following(self) -> ClaimedItem | None:
        """Return the item that comes next, if it is there already."""
        return self._next[0] if self._next else None

    @property
    def workspace(self) -> str:
        """Return the workspace's name."""
        return self._services.workspace

    @property
    def is_lost(self) -> bool:
        """Tell whether the lease on the item on screen is over."""
        return self._lost

    @property
    def seconds_left(self) -> float | None:
        """Return how long the lease on the item on screen lasts, in seconds."""
        if self._current is None or self._lost:
            return None
        return max(0.0, self._deadlines[self._current.lease.item_id] - time.monotonic())

    @property
    def undoable(self) -> HistoryEntry | None:
        """Return the newest decision that can still be undone."""
        return next((entry for entry in reversed(self._history) if entry.is_undoable), None)

    @property
    def held_number(self) -> int:
        """Return how many decisions can still be undone."""
        return sum(entry.is_undoable for entry in self._history)

    @property
    def is_shared(self) -> bool:
        """Tell whether the database is a team's, which may be out of reach."""
        return self._keeper is not None

    @property
    def is_offline(self) -> bool:
        """Tell whether the team's server is out of reach."""
        return self._link.since is not None

    @property
    def link(self) -> LinkState:
        """Return how the desk stands with its team's server."""
        held = (self._current is not None and not self._lost) + len(self._next)
        slow = self._worker.at_it_s if self.is_shared else 0.0
        unsent = len(self._unsent) + len(self._resending)
        return replace(self._link, unsent=unsent, held=held, slow_s=int(slow) if slow > SLOW_S else 0)

    def start(self) -> None:
        """Pick up what was on screen before, or claim the first item; then keep things going."""
        self._begin()
        for timer in (self._heartbeat, self._rounds, self._polls):
            timer.start()
        self._poll()

    def _begin(self) -> None:
        self._claiming = True
        self.loading.emit()
        self._worker.run(partial(self._jobs.resume, self._place.item_id), self._on_resumed, self._on_claim_failed)

    def resume(self, place: Place) -> None:
        """Start where the desk was locked."""
        self._place = place
        self._history = list(place.history)
        self._progress = place.progress
        self.start()

    @Slot(str, int)
    def edit(self, text: str, cursor: int) -> None:
        """Note what the reviewer typed; it is saved within half a second."""
        self._text, self._cursor = text, cursor
        self._active = True
        self._to_sign = self._wish = None  # they were asked for over another text
        self.findings.edit(text)
        self.engage()
        self._save_soon()
        self.saved.emit(None)

    @Slot(int)
    def move_cursor(self, cursor: int) -> None:
        """Note where the cursor is; it is saved with the text, once there is one to save."""
        if self._text is not None and not self._lost and cursor != self._cursor:
            self._cursor = cursor
            self._save_soon()

    def engage(self) -> None:
        """Note that somebody is at work on the item on screen: what was asked for before comes after it."""
        self._engaged = True

    @Slot()
    def note_activity(self) -> None:
        """Note that somebody is at the desk, so that the lease is worth renewing."""
        self._active = True

    def decide(self, verdict: Verdict, *, reason: str | None = None, note: str | None = None) -> bool:
        """Decide the item on screen and show the next; False, with a word why, where that cannot be."""
        current = self._current
        if current is None:
            return False
        if self._lost:
            self.refused.emit(self.tr("The lease on this item is over: save your text as a second opinion, or go on."))
            return False
        judgement = Judgement(verdict, self._text, reason, note)
        lacking = judgement.lacking(current.item.draft)
        if lacking is not None:
            self.refused.emit(lacking)
            return False
        verdict, final = judgement.against(current.item.draft)
        if verdict.releases and not self._may_release(current, verdict):
            return self._wish is not None
        if verdict.releases and final is not None and KINDS[current.item.kind].signed:
            self.engage()  # nothing else may come up behind the question
            self.flush()
            self._to_sign = (current, judgement)
            self._worker.run(self._services.signing.factors, self._on_factors_known, self._on_sign_failed)
            return True
        self._decide_now(current, judgement, None)
        return True

    def _may_release(self, current: ClaimedItem, verdict: Verdict) -> bool:
        """Tell whether nothing that was found holds the text back; what is not checked yet is waited for."""
        if not self.findings.is_ready:
            self._wish = (current.item.id, verdict)
            self.findings.hurry()
            return False
        number = len(self.findings.left)
        if number:
            words = self.tr("1 finding has to be fixed or overridden first.")
            self.refused.emit(
                words if number == 1 else self.tr("{0} findings have to be fixed or overridden first.").format(number)
            )
        return not number

    def sign(self, passphrase: str | None, code: str | None) -> None:
        """Sign what was asked for with fresh factors, and go on."""
        if self._to_sign is not None:
            job = partial(self._services.signing.confirm, passphrase, code)
            self._worker.run(job, self._on_confirmed, self._on_confirm_failed)

    def give_up_signing(self) -> None:
        """Go back to the text."""
        self._to_sign = None

    def undo(self) -> None:
        """Withdraw the newest decision that is still held and show its item again."""
        entry = self.undoable
        if entry is None:
            self.refused.emit(self.tr("There is nothing to undo: no decision is held."))
            return
        if entry.state == UNSENT:
            self._take_back(entry)
            return
        entry.state = "withdrawing"
        self._engaged = False
        self._tell_history()
        job = partial(self._services.review.withdraw, entry.item.item.id)
        self._worker.run(job, self._on_withdrawn, self._on_withdraw_failed)

    def _take_back(self, entry: HistoryEntry) -> None:
        """Undo a decision that has not left this computer."""
        deciding = next((each for each in self._unsent if each.entry is entry), None)
        if deciding is None or deciding.was_tried:
            self.refused.emit(
                self.tr("Nobody knows yet whether this decision was recorded: it can be undone once that is known.")
            )
            return
        self._unsent.remove(deciding)
        self._forget_decision(deciding, keep_text=True)
        self._keys.pop((entry.item.item.id, deciding.judgement), None)
        self._history.remove(entry)
        self._count(entry.verdict, -1)
        self._engaged = False
        if self._bring(entry.item):
            self._save_soon()
            self.told.emit(self.tr("Taken back before it was sent: the item is here again."))
        self._tell_history()
        self._tell_link()

    @Slot()
    def try_now(self) -> None:
        """Look for the server at once."""
        if self._services.unsent is not None:
            self._services.unsent.try_now()
            self._poll()

    def release(self) -> None:
        """Give the item on screen back and go on."""
        if self._current is None:
            return
        self.flush()
        lease, is_ours, has_next = self._current.lease, not self._lost, bool(self._next)
        if has_next:  # shown first, so that after a kill the one or the other is there, and not a third
            self._advance()
        if is_ours:
            job = partial(self._services.queue.release, lease.item_id, lease.id)
            self._worker.run(job, None, self._on_quiet_failure)
        if not has_next:
            self._advance()

    def save_opinion(self) -> None:
        """Keep the text whose lease is lost for whoever decides, and go on."""
        if self._current is None or not self._lost:
            self.refused.emit(self.tr("A second opinion is for an item whose lease is over."))
            return
        job = partial(self._services.review.keep_as_opinion, self._current.item.id, self._text)
        self._worker.run(job, self._on_opinion_kept, self._on_quiet_failure)
        self._advance()

    def open_item(self, item_id: str) -> None:
        """Claim that very item and show it; the one on screen keeps its lease and comes after."""
        self.flush()
        self._engaged = False
        job = partial(self._services.queue.claim, item_id)
        self._worker.run(job, self._on_chosen, self._on_wish_failed)

    def read_signed(self, item_id: str) -> None:
        """Show a signed final with its signature line and addenda."""
        job = partial(self._jobs.read_signed, item_id)
        self._worker.run(job, self._on_signed_read, self._on_wish_failed)

    def add_addendum(self, item_id: str, text: str, passphrase: str | None, code: str | None) -> None:
        """Sign an addendum with fresh factors."""
        job = partial(self._jobs.add_addendum, item_id, text, passphrase, code)
        self._worker.run(job, self._on_signed_read, self._on_confirm_failed)

    def _on_signed_read(self, read: tuple[SignedFinal, Factors]) -> None:
        self.signed_shown.emit(*read)

    def flush(self) -> None:
        """Save the working copy now."""
        self._autosave.stop()
        if self._current is not None and self._unsaved and self._text is not None:
            self._unsaved = False
            self._save(KeptText(self._current.item.id, self._text, self._cursor, self.findings.attention))

    def _save(self, kept: KeptText) -> None:
        # Before whatever waits: nothing of that is about this text, which a slow store must not keep off the disk.
        written = None if self._keeper is None else self._keeper.keep_text(kept)
        self._worker.run(partial(self._jobs.save, kept, written), self._on_saved, self._on_save_failed, urgent=True)

    def leave(self, cursor: int) -> None:
        """Begin to leave the desk for its lock: save everything, and start nothing that is new.

        The item on screen keeps its lease. When the worker has come to rest, `put_away` does the rest.
        """
        self._leaving = True
        self.imports.cut_short()
        self._engaged = False
        self._place = replace(Place(), item_id=None if self._current is None else self._current.item.id, cursor=cursor)
        self.stop()
        self.refused.connect(self._note_news)
        self.told.connect(self._note_news)
        self.flush()
        if self._lost and self._current is not None:
            job = partial(self._services.review.keep_as_opinion, self._current.item.id, self._text)
            self._worker.run(job, self._on_opinion_kept, self._on_quiet_failure)

    def put_away(self) -> bool:
        """Give back what is not on screen; False while the text could not be saved, which is then tried again."""
        self.flush()
        if self._worker.busy:
            return False
        keep = None if self._current is None or self._lost else self._current.item.id
        if not self.is_offline:
            self._worker.run(partial(self._services.queue.release_all, but=keep), None, self._on_quiet_failure)
        return True

    def place(self) -> Place:
        """Return where to go on after the lock, once everything is put away."""
        current = None if self._current is None or self._lost else self._current
        stayed = current is not None and current.item.id == self._place.item_id
        return Place(
            item_id=None if current is None else current.item.id,
            cursor=self._place.cursor if stayed else self._cursor,
            history=tuple(without_content(entry) for entry in self._history),
            progress=self._progress,
            news=tuple(dict.fromkeys(self._news)),
        )

    def stop(self) -> None:
        """Do nothing more, not even give items back."""
        self.stopped.emit()
        self.findings.close()
        for timer in (self._autosave, self._heartbeat, self._rounds, self._polls):
            timer.stop()

    def close(self) -> None:
        """Save, give back what this desk holds, and stop the clocks; the text stays with its member."""
        for timer in (self._heartbeat, self._rounds, self._polls):
            timer.stop()
        self.flush()
        self.stopped.emit()
        self.findings.close()
        self.imports.close()
        if not self.is_offline:
            self._worker.run(self._services.queue.release_all, None, self._on_quiet_failure)
        self.end()

    def end(self) -> None:
        """Let the journal's thread end once everything is written."""
        if self._keeper is not None:
            self._keeper.close()

    @Slot(str)
    def _note_news(self, words: str) -> None:
        self._news.append(words)

    def _save_soon(self) -> None:
        self._unsaved = True
        if not (self._leaving or self._autosave.isActive()):
            self._autosave.start()

    def _on_factors_known(self, factors: Factors) -> None:
        if self._to_sign is None:
            return
        current, judgement = self._to_sign
        _, final = judgement.against(current.item.draft)
        member = self._services.member
        roles = sorted(role.value for role in member.roles & KINDS[current.item.kind].roles)
        self.sign_requested.emit(SignRequest(member.name, ", ".join(roles), final or "", factors))

    def _on_confirmed(self, attestation: Attestation) -> None:
        if self._to_sign is None:
            return
        (current, judgement), self._to_sign = self._to_sign, None
        self.signing_done.emit()
        if self._current is not None and current.item.id == self._current.item.id and not self._lost:
            self._decide_now(self._current, judgement, attestation)

    def _on_confirm_failed(self, failure: Exception) -> None:
        if not isinstance(failure, ReviewerError):
            raise failure
        self.signing_refused.emit(failure.message)

    def _decide_now(self, current: ClaimedItem, judgement: Judgement, attestation: Attestation | None) -> None:
        self._autosave.stop()
        self._unsaved = False
        self._send(current, judgement, attestation)

    def _send(self, current: ClaimedItem, judgement: Judgement, attestation: Attestation | None) -> None:
        key = self._keys.setdefault((current.item.id, judgement), secrets.token_hex(16))
        verdict, _ = judgement.against(current.item.draft)
        hold = self._services.review.hold_of(current.item.kind)
        text = judgement.text or current.item.draft
        entry = HistoryEntry(
            replace(current, working_copy=WorkingCopy(text, 0, datetime.now(UTC), self.findings.attention)),
            verdict,
            datetime.now(UTC),
            time.monotonic() + hold.total_seconds(),
            key=key,
        )
        self._history.append(entry)
        showing = self._next.popleft() if self._next else None
        deciding = Deciding(entry, judgement, key, showing, attestation, self.findings.attention)
        if self._keeper is not None:
            deciding = replace(deciding, kept=self._keeper.keep(deciding.intent))
            self._kept_here.pop(current.item.id, None)  # the decision has the text
        self._count(verdict, 1)
        self._show(showing)
        if self.is_offline:
            self._wait_for_link(replace(deciding, was_tried=False))
        else:
            self._deciding.append(deciding)
            if showing is None:
                self._claiming = True
            # Shown first, recorded at once after: the worker is idle while a person reads.
            job = partial(self._jobs.decide, deciding, not self._next)
            self._worker.run(job, self._on_decided, self._on_decide_failed)
        self._tell_history()

    def _on_decided(self, decided: Decided) -> None:
        deciding = self._deciding.popleft()
        entry = deciding.entry
        entry.decision = decided.outcome.decision
        if entry.state == "deciding":
            entry.state = "held"
        entry.item = without_content(entry).item  # to show it again it is fetched anew, and that is recorded
        self._keys.pop((entry.item.item.id, deciding.judgement), None)
        if deciding.showing is not None and decided.outcome.showing is None:
            self._lose(deciding.showing.lease)
        elif decided.outcome.showing is not None:
            self._renewed(decided.outcome.showing)
        if decided.ahead is not None:
            self._take_in(decided.ahead)
        elif self._current is None and not (self._deciding or self._next):
            self._claiming = False
            self.emptied.emit()
        self._tell_history()
        self._poll()

    def _on_decide_failed(self, failure: Exception) -> None:
        deciding = self._deciding.popleft()
        entry = deciding.entry
        self._claiming = False
        if self._keeper is not None and isinstance(failure, UnreachableError):
            self._go_offline(failure)
            self._wait_for_link(replace(deciding, was_tried=failure.was_tried))
            self._tell_history()
            return
        self._history.remove(entry)
        self._count(entry.verdict, -1)
        self._forget_decision(deciding, keep_text=not isinstance(failure, LeaseLostError))
        if isinstance(failure, LeaseLostError):
            self.told.emit(self.tr("The lease on that item was over. Your text is kept as a second opinion."))
            if self._current is None:
                self._claim()
            else:
                self._look_ahead()
        else:
            self._bring_back(entry.item, _message(failure))
        self._tell_history()
        if not isinstance(failure, ReviewerError):
            raise failure

    def _bring_back(self, item: ClaimedItem, why: str) -> None:
        """Show an item again whose decision could not be recorded."""
        if self._bring(item):
            self._save_soon()  # what the decision would have kept
            self.saved.emit(None)
            self.refused.emit(why)
        else:
            self._save_aside(item)
            self.refused.emit(self.tr("{0} The item comes next.").format(why))

    def _forget_decision(self, deciding: Deciding, *, keep_text: bool) -> None:
        """Let a decision that was not recorded go from the journal, and its text stay where it is still wanted."""
        if self._keeper is None:
            return
        copy = deciding.entry.item.working_copy
        if keep_text and copy is not None and deciding.judgement.text is not None:
            self._keeper.keep_text(KeptText(deciding.entry.item.item.id, copy.text, copy.cursor, copy.attention))
        self._keeper.forget(deciding.key)

    def _go_offline(self, failure: UnreachableError) -> None:
        """Note that the server is out of reach."""
        if self._keeper is None:
            self.refused.emit(failure.message)
            return
        if self._link.since is None:
            self._link = LinkState(since=datetime.now(UTC), why=failure.message)
            self._since_back = [0, 0]
            self._claiming = False
            if self._current is None and not self._next:
                self.out_of_reach.emit()
        elif failure.was_tried:
            self._link = replace(self._link, why=failure.message)
        self._tell_link()

    def _wait_for_link(self, deciding: Deciding) -> None:
        """Let a decision wait on this computer."""
        deciding.entry.state = UNSENT
        self._unsent.append(deciding)
        if self._current is None and not self._next:
            self.out_of_reach.emit()
        self._tell_link()

    def _come_back(self) -> None:
        """Send what waited, save what only this computer has, and go on."""
        self._link = LinkState()
        if not self._has_begun:
            self._begin()
        self._resending.extend(self._unsent)
        waiting, self._unsent = list(self._unsent), deque()
        for deciding in waiting:
            deciding.entry.state = "deciding"
            deciding.entry.deadline = 0.0
            self._worker.run(partial(self._jobs.resend, deciding), self._on_resent, self._on_resend_failed)
        kept, self._kept_here = list(self._kept_here.values()), {}
        current = self._current
        if current is not None and not self._lost:
            self._note_deadline(current.lease)  # whether it is still ours is being asked
            self._worker.run(partial(self._jobs.hold_again, current.lease), self._on_held_again, self._on_renew_failed)
        for each in kept:  # urgent as every save is: an older text must not come after a newer one
            self._worker.run(partial(self._jobs.save_again, each), self._on_saved, self._on_save_failed, urgent=True)
        if self._has_begun:
            known = {each.item.id for each in (self._current, *self._next) if each is not None}
            known |= {each.entry.item.item.id for each in self._resending}
            if self._current is None:
                self.loading.emit()
            self._claiming = True
            self._worker.run(partial(self._jobs.pick_up, known), self._on_picked_up, self._on_claim_failed)
        self._tell_link()

    def _on_picked_up(self, found: list[ClaimedItem]) -> None:
        self._claiming = False
        for claimed in found:
            self._take_in(claimed)
        if self._current is None and not self._next:
            self._claim()
        elif not self._next:
            self._look_ahead()

    def _on_held_again(self, lease: Lease) -> None:
        if self._current is not None and self._current.lease.item_id == lease.item_id:
            self._current = replace(self._current, lease=lease)
        self._note_deadline(lease)

    def _on_resent(self, sent: Sent) -> None:
        deciding = self._resending.popleft()
        entry = deciding.entry
        self._settle_entry(entry, sent)
        entry.item = without_content(entry).item
        self._keys.pop((entry.item.item.id, deciding.judgement), None)
        self._since_back[0] += 1
        self._tell_caught_up()

    def _on_resend_failed(self, failure: Exception) -> None:
        deciding = self._resending.popleft()
        entry = deciding.entry
        if isinstance(failure, UnreachableError):
            self._go_offline(failure)
            self._wait_for_link(replace(deciding, was_tried=deciding.was_tried or failure.was_tried))
            return
        self._history.remove(entry)
        self._count(entry.verdict, -1)
        if isinstance(failure, LeaseLostError):
            self._since_back[1] += 1
        else:
            self._bring_back(entry.item, _message(failure))
        self._tell_caught_up()
        if not isinstance(failure, ReviewerError):
            raise failure

    @staticmethod
    def _settle_entry(entry: HistoryEntry, sent: Sent) -> None:
        entry.decision = sent.decision
        entry.state = "held"
        entry.deadline = time.monotonic() + sent.hold_left.total_seconds()

    def _tell_caught_up(self) -> None:
        self._tell_history()
        self._tell_link()
        if self._resending or self.is_offline:
            return
        (recorded, late), self._since_back = self._since_back, [0, 0]
        self._tell_settled(recorded, late)
        self._poll()

    def _tell_settled(self, recorded: int, late: int, returned: int = 0, damaged: int = 0) -> None:
        """Say what became of the decisions that waited on this computer."""
        words = []
        if recorded:
            words.append(self.tr("Decisions recorded now that the connection is back: {0}.").format(recorded))
        if late:
            words.append(
                self.tr("Too late, as a colleague has the item; your text is kept as a second opinion: {0}.").format(
                    late
                )
            )
        if returned:
            words.append(self.tr("Refused by a rule, and back in the queue with your text: {0}.").format(returned))
        if damaged:
            words.append(self.tr("Not readable, and put aside in the folder 'unsent': {0}.").format(damaged))
        if words:
            self.caught_up.emit(" ".join(words), not (late or returned or damaged))

    def _tell_link(self) -> None:
        self.link_changed.emit(self.link)

    def _on_withdrawn(self, claimed: ClaimedItem | None) -> None:
        if claimed is None:
            return
        entry = next(e for e in reversed(self._history) if e.item.item.id == claimed.item.id)
        entry.state = "withdrawn"
        self._count(entry.verdict, -1)
        shown = self._bring(claimed)
        here, next_in_line = self.tr("Withdrawn: the item is here again."), self.tr("Withdrawn: the item comes next.")
        self.told.emit(here if shown else next_in_line)
        self._tell_history()

    def _on_withdraw_failed(self, failure: Exception) -> None:
        withdrawing = [entry for entry in self._history if entry.state == "withdrawing"]
        for entry in withdrawing:
            entry.state = "settled"
        if isinstance(failure, UnreachableError):  # whether it was withdrawn shows once the connection is back
            for entry in withdrawing:
                entry.state = "held"
        self._tell_history()
        if withdrawing or not isinstance(failure, ReviewerError):  # else it never became a decision, which is told
            self._on_wish_failed(failure)

    def _on_resumed(self, resumed: Resumed) -> None:
        claimed, settled = resumed.claimed, resumed.settled
        self._has_begun = True
        for entry in list(self._history):
            if entry.key in settled.sent:
                self._settle_entry(entry, settled.sent[entry.key])
            elif entry.state in (UNSENT, "deciding"):  # before the lock; what became of it is told below
                self._history.remove(entry)
                self._count(entry.verdict, -1)
        place, self._place = self._place, Place()
        for each in claimed:
            self._note_deadline(each.lease)
        if self._current is not None or self._next:  # another came meanwhile, or is about to be shown
            self._next.extend(claimed)
            for each in claimed[:1]:
                self._set_aside(each)
        elif claimed:
            self._next.extend(claimed[1:])
            self._show(claimed[0])
        else:
            self.emptied.emit()
        self._claiming = self._current is None and bool(self._next)
        is_back = bool(claimed) and claimed[0].item.id == place.item_id
        if is_back:
            self.cursor_restored.emit(place.cursor)
        news = list(place.news)
        if place.item_id is not None and not is_back:
            news.insert(0, self.tr("The lease on your item ended while the desk was locked; it is not to be had now."))
        if news:
            self.refused.emit(" ".join(news))
        self._tell_settled(len(settled.sent), settled.opinions, settled.returned, settled.damaged)
        self._tell_link()

    def _claim(self) -> None:
        if self._claiming or self._leaving or self.is_offline:
            return
        self._claiming = True
        self.loading.emit()
        self._worker.run(self._jobs.claim_ahead, self._on_claimed, self._on_claim_failed)

    def _on_claimed(self, claimed: ClaimedItem | None) -> None:
        if claimed is not None:
            self._take_in(claimed)
        elif self._current is not None or not self._next:
            self._claiming = False
            if self._current is None:
                self.emptied.emit()

    def _look_ahead(self) -> None:
        if not (self._leaving or self.is_offline):
            self._worker.run(self._jobs.claim_ahead, self._on_ahead, self._on_quiet_failure)

    def _on_ahead(self, ahead: ClaimedItem | None) -> None:
        if ahead is not None:
            self._take_in(ahead)

    def _take_in(self, ahead: ClaimedItem) -> None:
        """Keep an item claimed ahead; if the desk is bare it is shown as soon as that is on disk."""
        self._note_deadline(ahead.lease)
        self._next.append(ahead)
        self.lined_up.emit()
        if self._current is None and self._next[0] is ahead:
            self._claiming = True
            job = partial(self._services.queue.show, ahead.lease)
            self._worker.run(job, self._on_bare_seen, self._on_bare_failed)

    def _on_bare_seen(self, lease: Lease) -> None:
        claimed = next((each for each in self._next if each.lease.id == lease.id), None)
        if claimed is None:
            self._renewed(lease)
        elif self._current is None:
            self._next.remove(claimed)
            self._claiming = False
            self._show(claimed)
            if not self._next:
                self._look_ahead()
        else:  # another was asked for meanwhile
            self._set_aside(claimed)

    def _on_bare_failed(self, failure: Exception) -> None:
        if self._keeper is not None and isinstance(failure, UnreachableError):
            self._claiming = False
            if self._current is None and self._next:  # it is here, and it is ours
                self._show(self._next.popleft())
            self._go_offline(failure)
            return
        self._next.clear()
        self._claiming = False
        if self._current is None:
            self._claim()
        self._on_quiet_failure(failure)

    def _on_seen(self, lease: Lease) -> None:
        self._renewed(lease)

    def _on_chosen(self, claimed: ClaimedItem | None) -> None:
        if claimed is not None:
            self._bring(claimed)

    def _bring(self, claimed: ClaimedItem) -> bool:
        """Show an item that was asked for; False where it comes next, for nothing moves under hands that type."""
        if self._engaged and self._current is not None:
            self._note_deadline(claimed.lease)
            self._next.appendleft(claimed)
            self._set_aside(claimed)
            return False
        self._park_current()
        self._show(claimed)
        return True

    def _advance(self) -> None:
        """Leave the item on screen for the next one."""
        if self._next:
            following = self._next.popleft()
            self._show(following)
            self._worker.run(partial(self._services.queue.show, following.lease), self._on_seen, self._on_renew_failed)
            self._look_ahead()
        else:
            self._current = None
            self.findings.clear()
            self._claim()
            if self.is_offline:
                self.out_of_reach.emit()

    def _park_current(self) -> None:
        """Put the item on screen next in line, with its text as it stands."""
        current = self._current
        if current is None:
            return
        self.flush()
        if not self._lost:
            copy = current.working_copy
            if self._text is not None:
                copy = WorkingCopy(self._text, self._cursor, datetime.now(UTC), self.findings.attention)
            self._next.appendleft(replace(current, working_copy=copy))
            self._set_aside(current)
        self._current = None

    def _save_aside(self, claimed: ClaimedItem) -> None:
        """Save the text of an item that is not on screen."""
        copy = claimed.working_copy
        if copy is not None:
            self._save(KeptText(claimed.item.id, copy.text, copy.cursor, copy.attention))

    def _set_aside(self, claimed: ClaimedItem) -> None:
        self._worker.run(partial(self._services.queue.set_aside, claimed.lease), None, self._on_renew_failed)

    def _show(self, claimed: ClaimedItem | None) -> None:
        self._current = claimed
        self._lost = False
        self._unsaved = False
        self._engaged = False
        self._wish = None
        self._text = None
        self._cursor = 0
        if claimed is None:
            self.loading.emit()
            return
        if claimed.working_copy is not None:
            self._text, self._cursor = claimed.working_copy.text, claimed.working_copy.cursor
        if claimed.lease.item_id not in self._deadlines:
            self._note_deadline(claimed.lease)
        self.item_shown.emit(claimed)
        self.findings.show(claimed, self._text)

    @Slot()
    def _on_attended(self) -> None:
        """Save at once what was overridden: nobody gives a reason twice."""
        if self._current is None:
            return
        if self._text is None:
            self._text = self._current.item.draft
        self._unsaved = True
        self.engage()
        self.saved.emit(None)
        self.flush()

    @Slot()
    def _on_checked(self) -> None:
        """Go on with an approval that waited for the checks."""
        wish, self._wish = self._wish, None
        if wish is not None and self._current is not None and self._current.item.id == wish[0]:
            self.decide(wish[1])

    def _note_deadline(self, lease: Lease) -> None:
        """Count the lease down by this process's own steady clock: clocks of two machines need not agree."""
        kind = self._kind_of(lease)
        self._deadlines[lease.item_id] = time.monotonic() + KINDS[kind].lease.total_seconds()

    def _kind_of(self, lease: Lease) -> str:
        for claimed in (self._current, *self._next):
            if claimed is not None and claimed.lease.item_id == lease.item_id:
                return claimed.item.kind
        return min(KINDS, key=lambda key: KINDS[key].lease)

    def _renew(self) -> None:
        if not self._active or self._current is None or self._lost:
            return
        self._active = False
        for claimed in (self._current, *self._next):
            job = partial(self._services.queue.renew, claimed.lease)
            self._worker.run(job, self._renewed, self._on_renew_failed)

    def _renewed(self, lease: Lease) -> None:
        if self._current is not None and self._current.lease.id == lease.id:
            self._current = replace(self._current, lease=lease)
        self._note_deadline(lease)

    def _on_renew_failed(self, failure: Exception) -> None:
        if isinstance(failure, LeaseLostError) and self._current is not None:
            self._worker.run(self._services.queue.news, self._on_news, self._on_quiet_failure)
        else:
            self._on_quiet_failure(failure)

    def _on_news(self, news: News) -> None:
        """Drop what this desk no longer holds, and say so if it is on screen; take up what was handed over.

        What is known here was told before the look at `news` was, so that nothing newer is dropped.
        """
        self._next = deque(claimed for claimed in self._next if claimed.lease.id in news.held)
        if self._current is not None and self._current.lease.id not in news.held:
            self._lose(self._current.lease)
        for place, claimed in enumerate(self._next):
            off = news.off(claimed.item.kind)
            if claimed.rules_off != off:
                self._next[place] = replace(claimed, rules_off=off, examination=None)
        if self._current is not None:
            off = news.off(self._current.item.kind)
            if self._current.rules_off != off:
                self._current = replace(self._current, rules_off=off)
                self.findings.follow_rules(off)
        if news.handed and not self._leaving:
            self._worker.run(self._jobs.take_up, self._on_handed, self._on_quiet_failure)

    def _on_handed(self, handed: list[ClaimedItem]) -> None:
        for claimed in handed:
            self._next.appendleft(claimed)
            self._note_deadline(claimed.lease)
        if not handed:
            return
        self.lined_up.emit()
        self.told.emit(self.tr("A supervisor handed you an item: it comes next."))
        if self._current is None and not self._claiming:
            self._claiming = True
            job = partial(self._services.queue.show, self._next[0].lease)
            self._worker.run(job, self._on_bare_seen, self._on_bare_failed)

    def _lose(self, lease: Lease) -> None:
        if self._current is None or self._current.lease.item_id != lease.item_id or self._lost:
            return
        self.flush()
        self._lost = True
        job = partial(self._services.queue.holder, lease.item_id)
        self._worker.run(job, self._on_holder, self._on_quiet_failure)

    def _on_holder(self, name: str | None) -> None:
        if self._lost:
            self.lease_lost.emit(name or "")

    def _round(self) -> None:
        if self._current is not None and not self._lost and self.seconds_left == 0 and not self.is_offline:
            self._lose(self._current.lease)
        if not (self._in_round or self.is_offline):
            self._in_round = True
            job = partial(self._services.work.round, _ROUND_PATIENCE)
            self._worker.run(job, self._on_round, self._on_round_failed)

    def _on_round_failed(self, failure: Exception) -> None:
        self._in_round = False
        self._on_quiet_failure(failure)

    def _on_round(self, report: RoundReport) -> None:
        self._in_round = False
        if report.anything:
            self._poll()
        if self._current is None and not self._claiming and not self._deciding and (report.woken or report.expired):
            self._claim()

    def _poll(self) -> None:
        if self._leaving:
            return
        if self._in_poll:  # one at a time: a slow store must not get ever more to do
            self._poll_again = True
            return
        self._in_poll, self._poll_again = True, False
        ids = [entry.decision.id for entry in self._history[-50:] if entry.decision is not None]
        self._worker.run(partial(self._jobs.poll, ids), self._on_polled, self._on_poll_failed)

    def _on_poll_failed(self, failure: Exception) -> None:
        self._in_poll = False
        self._on_quiet_failure(failure)

    def _on_polled(self, polled: tuple[Overview, dict[DecisionId, str], News]) -> None:
        self._in_poll = False
        if self.is_offline:
            self._come_back()
            self._poll()  # of what is asked for now
            return
        if self._poll_again:  # something was decided since, or has ended
            self._poll()
        overview, states, news = polled
        self._on_news(news)
        for entry in self._history:
            if entry.decision is not None and entry.decision.id in states and entry.state != "withdrawing":
                entry.state = states[entry.decision.id]
        self._progress = replace(self._progress, waiting=overview.number())
        self.overview_changed.emit(overview)
        self.progress_changed.emit(self._progress)
        self._tell_history()
        if self._claiming or self._deciding or not overview.number():
            return
        if self._current is None:
            self._claim()
        elif not self._next:
            self._look_ahead()

    def _on_saved(self, saved: Saved) -> None:
        if saved.version is None:
            self._kept_here.pop(saved.kept.item_id, None)
        else:
            self._kept_here[saved.kept.item_id] = saved
            self._go_offline(UnreachableError(self.tr("The database did not answer."), was_tried=False))
        if not self._unsaved:
            self.saved.emit(saved.at)

    def _on_save_failed(self, failure: Exception) -> None:
        self._save_soon()
        self._on_quiet_failure(failure)

    def _on_opinion_kept(self, kept: bool) -> None:  # noqa: FBT001 - what the worker delivers
        self.told.emit(
            self.tr("Kept as a second opinion.") if kept else self.tr("The text was the draft's own; nothing to keep.")
        )

    def _on_claim_failed(self, failure: Exception) -> None:
        self._claiming = False
        if self._keeper is not None and isinstance(failure, UnreachableError):
            self._go_offline(failure)
            return
        self.failed.emit(_message(failure))
        if not isinstance(failure, ReviewerError):
            raise failure

    def _on_quiet_failure(self, failure: Exception) -> None:
        if not isinstance(failure, ReviewerError):
            raise failure
        if self._keeper is not None and isinstance(failure, UnreachableError):
            self._go_offline(failure)
        else:
            self.refused.emit(_message(failure))

    def _on_wish_failed(self, failure: Exception) -> None:
        """Say that what somebody asked for just now cannot be had."""
        self._on_quiet_failure(failure)
        if self._keeper is not None and isinstance(failure, UnreachableError):
            self.refused.emit(self.tr("This takes the connection: try again once it is back."))

    def _on_sign_failed(self, failure: Exception) -> None:
        self._to_sign = None
        self._on_wish_failed(failure)

    def _count(self, verdict: Verdict, change: int) -> None:
        edited = change if verdict is Verdict.APPROVE_WITH_EDITS else 0
        progress = self._progress
        self._progress = replace(progress, done=progress.done + change, edited=progress.edited + edited)
        self.progress_changed.emit(self._progress)

    def _tell_history(self) -> None:
        self.history_changed.emit(tuple(reversed(self._history)))

    def _timer(self, interval_ms: int, fired: Callable[[], None], *, single: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval_ms)
        timer.setSingleShot(single)
        timer.timeout.connect(fired)
        return timer


def _message(failure: Exception) -> str:
    return failure.message if isinstance(failure, ReviewerError) else type(failure).__name__
