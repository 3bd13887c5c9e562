"""Bars that ask in place: a reason by its letter, and a note. Enter answers, Esc goes back; there is no dialog."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from reviewer.domain.attention import OTHER, OVERRIDE_REASONS, FindingId
from reviewer.domain.decisions import REASONS, Reason, Verdict
from reviewer.domain.limits import NOTE_BYTES
from reviewer.ui.text import PlainLabel
from reviewer.ui.theme import set_role


class AskingBar(QFrame):
    """A question, the reasons to choose from, a note, and what is still missing."""

    cancelled = Signal()

    def __init__(self, name: str, reasons: Sequence[Reason], context: str, parent: QWidget) -> None:
        """Take the reasons, whose labels are translated in `context`; `name` begins the names of the parts."""
        super().__init__(parent)
        set_role(self, "strip-caution")
        self._reasons_known = reasons
        self._reason: str | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        self._question = PlainLabel("", self, elide=Qt.TextElideMode.ElideRight)
        set_role(self._question, "heading")
        self._reasons = QWidget(self)
        self._reasons.setLayout(self._make_reasons(name, context))
        self._note = QLineEdit(self)
        self._note.setObjectName("note" if name == "reason" else f"{name}_note")
        self._note.setMaxLength(NOTE_BYTES // 4)  # so that no script can exceed the bytes
        self._note.installEventFilter(self)
        self._hint = QLabel(self)
        set_role(self._hint, "small")
        for part in (self._question, self._reasons, self._note, self._hint):
            column.addWidget(part)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hide()

    def begin(self, question: str, note: str, hint: str, *, by_letter: bool) -> None:
        """Ask `question`; `by_letter` where a reason is to be chosen first."""
        self._reason = None
        self._note.clear()
        self._question.setText(question)
        self._note.setPlaceholderText(note)
        self.setAccessibleName(question)
        self._note.setAccessibleName(question)
        self._hint.setText(hint)
        self._reasons.setVisible(by_letter)
        self._mark()
        self.show()
        (self if by_letter else self._note).setFocus(Qt.FocusReason.OtherFocusReason)

    def forget(self) -> None:
        """Go out of sight and keep nothing of the note, nor of what could be undone in it."""
        self.hide()
        self._note.setText("")

    def say(self, problem: str) -> None:
        """Say what is still missing."""
        self._hint.setText(problem)

    # overrides

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A letter picks the reason; Enter answers."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.answer(self._reason, self._note.text().strip() or None)
        elif event.key() == Qt.Key.Key_Escape:
            self._cancel()
        elif not self._reasons.isHidden() and self._pick(event.text().casefold()):
            self._note.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter and Esc in the note work as on the bar."""
        if watched is not self._note or event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            self.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    def answer(self, reason: str | None, note: str | None) -> None:
        """Take the answer: each bar does with it what it asked for."""
        raise NotImplementedError

    # private

    def _make_reasons(self, name: str, context: str) -> QVBoxLayout:
        lines = QVBoxLayout()
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(4)
        self._buttons: dict[str, QPushButton] = {}
        half = (len(self._reasons_known) + 1) // 2 if len(self._reasons_known) > 5 else len(self._reasons_known)
        for part in (self._reasons_known[:half], self._reasons_known[half:]):
            row = QHBoxLayout()
            row.setSpacing(4)
            for reason in part:
                label = QCoreApplication.translate(context, reason.label)
                button = QPushButton(f"{reason.key.upper()}  {label}", self._reasons)
                button.setObjectName(f"{name}_{reason.code}")
                button.setCheckable(True)
                button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
                button.setProperty("letter", reason.key)
                button.clicked.connect(self._on_reason)
                self._buttons[reason.code] = button
                row.addWidget(button)
            row.addStretch(1)
            lines.addLayout(row)
        return lines

    @Slot()
    def _on_reason(self) -> None:
        self._pick(self.sender().property("letter"))
        self._note.setFocus(Qt.FocusReason.OtherFocusReason)

    def _pick(self, letter: str) -> bool:
        found = next((reason.code for reason in self._reasons_known if reason.key == letter), None)
        if found is None:
            return False
        self._reason = found
        self._mark()
        return True

    def _mark(self) -> None:
        for code, button in self._buttons.items():
            button.setChecked(code == self._reason)

    def _cancel(self) -> None:
        self.hide()
        self.cancelled.emit()


class ReasonBar(AskingBar):
    """Asks for what a verdict needs."""

    answered = Signal(object, object, object)  # Verdict, reason code or None, note or None

    def __init__(self, parent: QWidget) -> None:
        super().__init__("reason", REASONS, "Reason", parent)
        self._verdict = Verdict.REJECT

    def ask(self, verdict: Verdict) -> None:
        """Ask for what `verdict` needs."""
        self._verdict = verdict
        question = {
            Verdict.REJECT: self.tr("Reject: why? Type a letter, then Enter"),
            Verdict.RESPOND: self.tr("Respond: what should the drafting system do differently?"),
            Verdict.ESCALATE: self.tr("Escalate: what should the supervisor know?"),
            Verdict.SKIP: self.tr("Skip: why should it wait?"),
        }[verdict]
        optional = verdict in (Verdict.REJECT, Verdict.ESCALATE)
        note = self.tr("Note (optional)") if optional else self.tr("Note")
        self.begin(question, note, self.tr("Enter decides · Esc goes back"), by_letter=verdict is Verdict.REJECT)

    def answer(self, reason: str | None, note: str | None) -> None:
        """Decide."""
        self.answered.emit(self._verdict, reason, note)


class OverrideBar(AskingBar):
    """Asks why a finding does not hold."""

    answered = Signal(object, object, object)  # FindingId, reason code, note or None

    def __init__(self, parent: QWidget) -> None:
        super().__init__("override", OVERRIDE_REASONS, "OverrideReason", parent)
        self._finding: FindingId | None = None

    def ask(self, finding: FindingId, message: str) -> None:
        """Ask why the finding that says `message` is dismissed."""
        self._finding = finding
        question = self.tr("Override: {0}").format(message)
        hint = self.tr("Why does it not hold? Type a letter, then Enter · Esc goes back")
        self.begin(question, self.tr("Note (needed for “Other”)"), hint, by_letter=True)

    def answer(self, reason: str | None, note: str | None) -> None:
        """Hand the reason over, or say that one is missing."""
        if reason is None:
            self.say(self.tr("Type the letter of a reason first."))
        elif reason == OTHER and note is None:
            self.say(self.tr("“Other” needs a note that says why."))
        else:
            self.answered.emit(self._finding, reason, note)
