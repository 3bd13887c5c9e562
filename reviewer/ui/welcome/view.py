"""Asks a new profile's person for the names of their workspace and themselves."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFormLayout, QFrame, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from reviewer.domain.limits import NAME_CHARACTERS
from reviewer.ui.icons import icon_pixmap
from reviewer.ui.text import PlainLabel
from reviewer.ui.theme import Appearance, set_role


class WelcomeView(QWidget):
    """Two names and a button."""

    made = Signal(str, str)  # workspace, member

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        outer = QVBoxLayout(self)
        panel = QFrame(self)
        set_role(panel, "panel")
        panel.setFixedWidth(appearance.px(460))
        column = QVBoxLayout(panel)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(12)
        logo = QLabel(panel)
        logo.setPixmap(icon_pixmap("logo", appearance.theme.accent, 48))
        title = QLabel(self.tr("Make your workspace"), panel)
        set_role(title, "title")
        words = QLabel(
            self.tr("It lies on this computer. Drafts come in with “Import drafts” or the command line."), panel
        )
        words.setWordWrap(True)
        set_role(words, "muted")
        self._workspace = QLineEdit(panel)
        self._workspace.setObjectName("workspace")
        self._member = QLineEdit(panel)
        self._member.setObjectName("member")
        for field in (self._workspace, self._member):
            field.setMaxLength(NAME_CHARACTERS)
            field.textChanged.connect(self._check)
            field.returnPressed.connect(self._make)
        form = QFormLayout()
        form.setSpacing(8)
        form.addRow(self.tr("Workspace"), self._workspace)
        form.addRow(self.tr("Your name"), self._member)
        self._problem = PlainLabel("", panel)
        self._problem.setWordWrap(True)
        set_role(self._problem, "stop")
        self._problem.hide()
        self._button = QPushButton(self.tr("Make the workspace"), panel)
        self._button.setObjectName("make")
        set_role(self._button, "primary")
        self._button.clicked.connect(self._make)
        for part in (logo, title, words):
            column.addWidget(part)
        column.addLayout(form)
        column.addWidget(self._problem)
        column.addWidget(self._button)
        outer.addWidget(panel, 0, Qt.AlignmentFlag.AlignCenter)
        self._check()

    def say(self, problem: str) -> None:
        """Say why it could not be made."""
        self._problem.setText(problem)
        self._problem.show()
        self._button.setEnabled(True)

    def take_focus(self) -> None:
        """Put the focus where typing starts."""
        self._workspace.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _check(self) -> None:
        self._button.setEnabled(bool(self._workspace.text().strip() and self._member.text().strip()))

    @Slot()
    def _make(self) -> None:
        if self._button.isEnabled():
            self._button.setEnabled(False)
            self.made.emit(self._workspace.text().strip(), self._member.text().strip())
