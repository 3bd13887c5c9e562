"""Asks in place why a clip is skipped: one letter answers, Esc goes back."""

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from reviewer.ui.theme import set_role
from reviewer.ui.transcribe.words import REASONS

_COLUMNS = 4


class SkipBar(QFrame):
    """The reasons with their letters."""

    answered = Signal(object)  # SkipReason
    cancelled = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("skip_bar")
        set_role(self, "strip-caution")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Skip: why? Type a letter"))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        question = QLabel(self.tr("Skip: why? Type a letter; Esc goes back"), self)
        set_role(question, "heading")
        column.addWidget(question)
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, (reason, letter, label) in enumerate(REASONS):
            button = QPushButton(f"{letter.upper()}  {QCoreApplication.translate('Skip', label)}", self)
            button.setObjectName(f"skip_{reason.value}")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setProperty("letter", letter)
            button.clicked.connect(self._on_clicked)
            grid.addWidget(button, number // _COLUMNS, number % _COLUMNS)
        column.addLayout(grid)
        self.hide()

    def ask(self) -> None:
        """Come up and take the keys."""
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A letter answers."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            self.cancelled.emit()
        elif not self._answer(event.text().casefold()):
            super().keyPressEvent(event)

    @Slot()
    def _on_clicked(self) -> None:
        self._answer(self.sender().property("letter"))

    def _answer(self, letter: str) -> bool:
        reason = next((each for each, own, _ in REASONS if own == letter), None)
        if reason is not None:
            self.answered.emit(reason)
        return reason is not None
