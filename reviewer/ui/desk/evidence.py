"""What ties findings, draft and source together on the review page.

The source follows the sentence under the cursor without taking the focus; a turn chosen in the source shows the
sentences that rest on it; stepping through findings and sentences is by key.
"""

from PySide6.QtCore import QObject, Slot

from reviewer.domain.findings import Passage, Weight
from reviewer.domain.items import ClaimedItem
from reviewer.ui.desk.asking import OverrideBar
from reviewer.ui.desk.checking import Entry, FindingsPresenter
from reviewer.ui.desk.editor import FieldsEditor
from reviewer.ui.desk.findings import FindingsPanel
from reviewer.ui.desk.marks import DraftMarks
from reviewer.ui.desk.source import SourcePanel
from reviewer.ui.keys import KeyMap
from reviewer.ui.theme import Appearance

STEPS = ("next_finding", "previous_finding", "override", "next_sentence", "previous_sentence")


class EvidenceDesk(QObject):
    """Wires the presenter of the findings to the editor, the source, the list and the bar that asks for reasons."""

    def __init__(
        self,
        findings: FindingsPresenter,
        editor: FieldsEditor,
        source: SourcePanel,
        panel: FindingsPanel,
        bar: OverrideBar,
        *,
        appearance: Appearance,
        keys: KeyMap,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._findings = findings
        self._editor = editor
        self._source = source
        self._panel = panel
        self._bar = bar
        self._followed: tuple[Passage, ...] | None = None  # what the source shows for the sentence under the cursor
        self.marks = DraftMarks(findings, editor, appearance, self)
        findings.examined.connect(self._on_examined)
        findings.stepped.connect(self._on_stepped)
        findings.refused.connect(bar.say)
        editor.cursor_moved.connect(self.follow)
        source.cursor_moved.connect(self._on_turn)
        panel.chosen.connect(findings.open)
        bar.answered.connect(self._on_answered)
        bar.cancelled.connect(self._back)
        slots = (self._next, self._previous, self._override, self._next_sentence, self._previous_sentence)
        for name, slot in zip(STEPS, slots, strict=True):
            keys.action(name).triggered.connect(slot)

    def show_item(self, claimed: ClaimedItem) -> None:
        """Begin with another item; what was found in it comes from the presenter."""
        self._bar.forget()
        self._followed = None
        self._source.view.clear_highlight()
        self._panel.show_source(claimed.item.source)
        self._panel.show_turn("")

    def leave_item(self) -> None:
        """Show nothing of an item any more."""
        self._bar.forget()
        self._panel.show_source(())
        self._panel.show_turn("")

    @Slot()
    def follow(self) -> None:
        """Show in the source what the sentence under the cursor rests on."""
        if not self._findings.is_ready:
            return  # it is told as soon as the answer is there
        sentence = self._findings.sentence_at(self._editor.cursor_position())
        passages = () if sentence is None else sentence.passages
        if passages != self._followed:  # else the source stays where the person may have scrolled it
            self._followed = passages
            self._show_passages(passages)

    @Slot()
    def _on_examined(self) -> None:
        words, short = self.tr("not used by the draft"), self.tr("not used")
        self._source.view.mark_unused(self._findings.unused_turns, words, short)
        self.follow()

    @Slot(object)
    def _on_stepped(self, entry: Entry) -> None:
        """Go to a finding: into the text where it is about a place in it, into the source where that has it."""
        if not entry.finding.is_about_all:
            self._editor.set_cursor_position(entry.start)
        self._followed = None
        self._show_passages(entry.finding.passages)

    def _show_passages(self, passages: tuple[Passage, ...]) -> None:
        self._source.view.highlight_all((each.turn, each.start, each.end) for each in passages)
        self._source.view.bring_evidence()

    @Slot()
    def _on_turn(self) -> None:
        """Show which sentences rest on the turn that the cursor is in, while the source has the focus."""
        if not self._source.view.hasFocus() or not self._findings.is_ready:
            return
        turn = self._source.view.turn_at(self._source.view.cursor_position())
        resting = [s for s in self._findings.sentences if any(passage.turn == turn for passage in s.passages)]
        self.marks.show_resting([(sentence.start, sentence.end) for sentence in resting])
        for sentence in resting[:1]:
            for edit, start, end in self._editor.places().of(sentence.start, sentence.end)[:1]:
                edit.bring_into_view(start, end)
        number = len(resting)
        if number:
            words = self.tr("1 sentence of the draft rests on this turn.")
            words = words if number == 1 else self.tr("{0} sentences of the draft rest on this turn.").format(number)
        else:
            words = self.tr("No sentence of the draft rests on this turn.")
        self._panel.show_turn(words)

    @Slot()
    def _next(self) -> None:
        self._findings.step(1)

    @Slot()
    def _previous(self) -> None:
        self._findings.step(-1)

    @Slot()
    def _next_sentence(self) -> None:
        self._step_sentence(1)

    @Slot()
    def _previous_sentence(self) -> None:
        self._step_sentence(-1)

    def _step_sentence(self, forward: int) -> None:
        here = self._editor.cursor_position()
        starts = [sentence.start for sentence in self._findings.sentences]
        others = [start for start in starts if (start > here if forward > 0 else start < here)]
        if others:
            self._editor.set_cursor_position(min(others) if forward > 0 else max(others))

    @Slot()
    def _override(self) -> None:
        """Ask why the finding that the reviewer is at does not hold; of one that is overridden, take that back."""
        entry = self._findings.current or self._under_cursor()
        if entry is None:
            return
        if entry.finding.weight is Weight.BLOCK:
            self._findings.open(entry.id)
            self._findings.refused.emit(self.tr("This has to be fixed in the text; it cannot be overridden."))
        elif entry.override is not None:
            self._findings.take_back(entry.id)
        else:
            self._findings.open(entry.id)
            self._bar.ask(entry.id, entry.finding.message)

    def _under_cursor(self) -> Entry | None:
        here = self._editor.cursor_position()
        touching = [e for e in self._findings.entries if not e.finding.is_about_all and e.start <= here <= e.end]
        return touching[0] if touching else None

    @Slot(object, object, object)
    def _on_answered(self, finding: object, reason: str, note: str | None) -> None:
        if self._findings.override(finding, reason, note):  # type: ignore[arg-type]  # what the bar was asked with
            self._back()

    @Slot()
    def _back(self) -> None:
        self._bar.forget()
        self._editor.focus()
