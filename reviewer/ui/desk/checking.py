"""The findings of the item on screen: what was found, where the reviewer is among it, and what they made of it.

Guarantees: nothing is computed here; what was found at intake is shown at once, an edited text is checked again in the
analyst's process, and an answer about another text than the one on screen is dropped. While no answer is there, nothing
counts as checked.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from reviewer.domain.attention import NO_ATTENTION, Attention, FindingId, Override, id_of
from reviewer.domain.errors import ReviewerError, UnreachableError
from reviewer.domain.findings import ClaimSentence, Examination, Finding, Weight
from reviewer.domain.items import ClaimedItem
from reviewer.services.analysis import Analysed, Analysis, subject_of
from reviewer.services.examiners import Subject
from reviewer.ui.worker import Worker

RECHECK_MS = 30  # so that a fast typist is asked about once a word, and the mark is there within a tenth of a second


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding as the desk lists it; `start` and `end` count as the editor does."""

    id: FindingId
    finding: Finding
    start: int
    end: int
    override: Override | None = None


@dataclass(frozen=True, slots=True)
class _Listing:
    """An examination of a text as the desk lists it, with what the reviewer made of it."""

    text: str
    examination: Examination
    attention: Attention
    entries: tuple[Entry, ...]
    left: tuple[Entry, ...]  # what must be fixed or overridden
    sentences: tuple[ClaimSentence, ...]


class FindingsPresenter(QObject):
    """What the checks say of the text on screen."""

    examined = Signal()  # other findings than before, or none any more
    attended = Signal()  # an override was given or taken back: it is to be saved
    settled = Signal()  # the text on screen is checked
    stepped = Signal(object)  # Entry to show
    refused = Signal(str)
    crashed = Signal(object)  # an exception that is a bug

    def __init__(self, analysis: Analysis, worker: Worker, parent: QObject) -> None:
        super().__init__(parent)
        self._analysis = analysis
        self._worker = worker
        self._own = Worker(self)  # waits for the analyst; the other worker has decisions to record
        self._own.crashed.connect(self.crashed)
        self._claimed: ClaimedItem | None = None
        self._subject: Subject | None = None
        self._found: Mapping[str, str] | None = None
        self._text = ""
        self._listing: _Listing | None = None  # of the text that was checked last
        self._ahead: _Listing | None = None  # of the item that comes next
        self._at: FindingId | None = None
        self._asking = False
        self._stale = False  # other rules are in force than those that were listed
        self._closed = False
        self.attention: Attention = NO_ATTENTION
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(RECHECK_MS)
        self._soon.timeout.connect(self.hurry)

    @property
    def is_ready(self) -> bool:
        """Tell whether the text on screen is checked."""
        return self._listing is not None and self._listing.text == self._text and not self._stale

    @property
    def is_new(self) -> bool:
        """Tell whether this item came on screen before its turn and is being checked for the first time."""
        return self._claimed is not None and self._listing is None

    @property
    def busy(self) -> bool:
        """Tell whether an answer is still to come."""
        return self._asking or self._soon.isActive()

    @property
    def has_source(self) -> bool:
        """Tell whether there is anything to compare the draft with."""
        return self._claimed is not None and bool(self._claimed.item.source)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Return the findings in the order of their weight."""
        return () if self._listing is None else self._listing.entries

    @property
    def current(self) -> Entry | None:
        """Return the finding that the reviewer is at."""
        return None if self._at is None else next((entry for entry in self.entries if entry.id == self._at), None)

    @property
    def unused_turns(self) -> tuple[int, ...]:
        """Return the turns of the source that no sentence rests on."""
        return () if self._listing is None else self._listing.examination.unused_turns

    @property
    def sentences(self) -> tuple[ClaimSentence, ...]:
        """Return the sentences with their passages, counted as the editor does."""
        return () if self._listing is None else self._listing.sentences

    @property
    def left(self) -> tuple[Entry, ...]:
        """Return what must be fixed or overridden before approval."""
        return () if self._listing is None else self._listing.left

    def prepare(self, claimed: ClaimedItem) -> None:
        """List in advance what was found in the item that comes next."""
        if claimed.examination is not None and not self._closed:
            self._ahead = _listing(claimed.examination, claimed.item.draft, _kept(claimed))

    def show(self, claimed: ClaimedItem, text: str | None) -> None:
        """Show what was found in an item's draft, or have `text` checked that it became."""
        self._forget()
        self._claimed = claimed
        self._subject = subject_of(claimed.item)
        self._found = claimed.found
        self._text = claimed.item.draft if text is None else text
        self.attention = _kept(claimed)
        if claimed.examination is not None:
            self._take(claimed.examination, claimed.item.draft)
        else:
            self.examined.emit()
        if not self.is_ready:
            self.hurry()

    def follow_rules(self, off: frozenset[str]) -> None:
        """Have the text checked again where other rules are in force now than when it came on screen."""
        if self._claimed is not None and self._claimed.rules_off != off:
            self._claimed = replace(self._claimed, rules_off=off)
            self._stale = True
            self.hurry()

    @Slot()
    def clear(self) -> None:
        """Show nothing: no item is on screen."""
        if self._claimed is not None:
            self._forget()
            self.examined.emit()

    def edit(self, text: str) -> None:
        """Note what the text has become; it is checked as soon as the person pauses."""
        if self._claimed is None or text == self._text:
            return
        self._text = text
        self._soon.start()

    @Slot()
    def hurry(self) -> None:
        """Have the text checked now."""
        self._soon.stop()
        claimed, subject = self._claimed, self._subject
        if self._closed or self._asking or claimed is None or subject is None or self.is_ready:
            return
        self._asking = True
        if self._found is None:
            job = partial(self._analysis.examine, subject, hurried=True)
            self._own.run(job, self._on_analysed, self._on_failed)
        else:
            again = partial(self._recheck_job, subject, dict(self._found), self._text)
            self._own.run(again, self._on_rechecked, self._on_failed)

    def step(self, forward: int) -> None:
        """Go to the next (1) or previous (-1) finding."""
        if not self.entries:
            return
        here = next((n for n, entry in enumerate(self.entries) if entry.id == self._at), None)
        start = 0 if forward > 0 else len(self.entries) - 1
        self.open(self.entries[start if here is None else (here + forward) % len(self.entries)].id)

    def open(self, finding: FindingId) -> None:
        """Go to a finding; that it was looked at is remembered."""
        entry = next((each for each in self.entries if each.id == finding), None)
        if entry is None:
            return
        self._at = finding
        self.attention = self.attention.with_opened(finding)
        self.stepped.emit(entry)

    def open_left(self) -> None:
        """Go to the first finding that holds the approval back."""
        for entry in self.left[:1]:
            self.open(entry.id)

    def override(self, finding: FindingId, reason: str, note: str | None) -> bool:
        """Dismiss a finding; False, with a word why, where that cannot be."""
        entry = next((each for each in self.entries if each.id == finding), None)
        if entry is None:
            return False
        override = Override(finding, entry.finding.rule, reason, note)
        lacking = override.lacking()
        if lacking is not None:
            self.refused.emit(lacking)
            return False
        self._attend(self.attention.with_override(override))
        return True

    def take_back(self, finding: FindingId) -> None:
        """Let a finding stand that was dismissed."""
        self._attend(self.attention.without_override(finding))

    def sentence_at(self, position: int) -> ClaimSentence | None:
        """Return the sentence that the cursor is in."""
        holding = (each for each in self.sentences if each.start <= position < each.end)
        return next(holding, None) or next((each for each in self.sentences if position == each.end), None)

    def close(self) -> None:
        """Ask nothing more, and let go of the texts; what was made of the findings may still have to be saved."""
        attention = self.attention
        self._closed = True
        self._ahead = None
        self._forget()
        self.attention = attention
        self._own.close(wait=False)

    def _attend(self, attention: Attention) -> None:
        self.attention = attention
        if self._listing is not None:
            self._listing = _listing(self._listing.examination, self._listing.text, attention)
        self.examined.emit()
        self.attended.emit()

    def _forget(self) -> None:
        self._soon.stop()
        self._claimed = self._subject = self._found = self._listing = self._at = None
        self._text = ""
        self._stale = False
        self.attention = NO_ATTENTION

    def _take(self, examination: Examination, text: str) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.examination is examination and ahead.attention == self.attention:
            self._listing = ahead
        else:
            self._listing = _listing(examination, text, self.attention)
        self._stale = False
        self.attention = replace(self.attention, was_shown=True)
        if self.current is None:
            self._at = None
        self.examined.emit()
        if self.is_ready:
            self.settled.emit()

    def _recheck_job(self, subject: Subject, found: dict[str, str], text: str) -> tuple[str, str, Examination]:
        return subject.item_id, text, self._analysis.recheck(subject, found, text)

    def _on_analysed(self, analysed: Analysed) -> None:
        self._asking = False
        if self._closed:
            return
        self._worker.run(partial(self._analysis.keep, [analysed]), None, self._on_not_kept)
        if self._claimed is not None and self._claimed.item.id == analysed.item_id:
            self._found = analysed.found
            self._take(analysed.examination.without(self._claimed.rules_off), self._claimed.item.draft)
        if not self.is_ready:
            self.hurry()

    def _on_rechecked(self, answer: tuple[str, str, Examination]) -> None:
        self._asking = False
        item_id, text, examination = answer
        if self._claimed is not None and self._claimed.item.id == item_id and text == self._text:
            self._take(examination.without(self._claimed.rules_off), text)
        elif not self._soon.isActive():
            self.hurry()

    def _on_failed(self, failure: Exception) -> None:
        self._asking = False
        if not isinstance(failure, ReviewerError):  # an expected one is the lock, which ends the analyst
            raise failure

    def _on_not_kept(self, failure: Exception) -> None:
        if not isinstance(failure, ReviewerError):
            raise failure
        if not isinstance(failure, UnreachableError):  # the page tells of that by itself
            self.refused.emit(failure.message)


def _kept(claimed: ClaimedItem) -> Attention:
    return NO_ATTENTION if claimed.working_copy is None else claimed.working_copy.attention


def _listing(examination: Examination, text: str, attention: Attention) -> _Listing:
    newlines = _carriage_returns(text)

    def here(position: int) -> int:
        """Return where the editor has a position of the text: it holds a line break as one character."""
        return position - bisect_left(newlines, position) if newlines else position

    entries = []
    for finding in examination.findings:
        known = id_of(finding, text, examination)
        entries.append(Entry(known, finding, here(finding.start), here(finding.end), attention.override_of(known)))
    left = tuple(
        e for e in entries if e.finding.weight is Weight.BLOCK or (e.finding.weight.holds_back and not e.override)
    )
    sentences = tuple(ClaimSentence(here(s.start), here(s.end), s.passages) for s in examination.sentences)
    return _Listing(text, examination, attention, tuple(entries), left, sentences)


def _carriage_returns(text: str) -> list[int]:
    """Return where CR LF stand, which an editor holds as LF alone."""
    if "\r\n" not in text:
        return []
    return [at for at, character in enumerate(text) if character == "\r" and text[at + 1 : at + 2] == "\n"]
