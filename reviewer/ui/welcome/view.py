"""Asks a new profile's person for their workspace's name, their own and a passphrase; shows the recovery code once."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFormLayout, QFrame, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from reviewer.domain.limits import NAME_CHARACTERS
from reviewer.ui.icons import icon_pixmap
from reviewer.ui.text import PlainLabel
from reviewer.ui.theme import Appearance, set_role

_LONGEST_PASSPHRASE = 1_000


class WelcomeView(QWidget):
    """Two names, a passphrase twice, and a button."""

    made = Signal(str, str, object)  # workspace, member, passphrase or None

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
        words = _muted(
            self.tr("It lies on this computer. Drafts come in with “Import drafts” or the command line."), panel
        )
        self._workspace = QLineEdit(panel)
        self._workspace.setObjectName("workspace")
        self._member = QLineEdit(panel)
        self._member.setObjectName("member")
        self._passphrase = QLineEdit(panel)
        self._passphrase.setObjectName("passphrase")
        self._passphrase.setPlaceholderText(self.tr("optional"))
        self._again = QLineEdit(panel)
        self._again.setObjectName("passphrase_again")
        for field in (self._workspace, self._member):
            field.setMaxLength(NAME_CHARACTERS)
        for field in (self._passphrase, self._again):
            field.setMaxLength(_LONGEST_PASSPHRASE)
            field.setEchoMode(QLineEdit.EchoMode.Password)
        form = QFormLayout()
        form.setSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, field in (
            (self.tr("Workspace"), self._workspace),
            (self.tr("Your name"), self._member),
            (self.tr("Passphrase"), self._passphrase),
            (self.tr("Once more"), self._again),
        ):
            field.setAccessibleName(label)
            field.textChanged.connect(self._check)
            field.returnPressed.connect(self._make)
            form.addRow(label, field)
        why = _muted(
            self.tr(
                "The keys lie in this computer’s keyring. With a passphrase, being logged in does not open them yet."
            ),
            panel,
        )
        self._problem = PlainLabel("", panel)
        self._problem.setObjectName("problem")
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
        column.addWidget(why)
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
        if not self._button.isEnabled():
            return
        if self._passphrase.text() != self._again.text():
            self.say(self.tr("The two passphrases differ: type the second one again."))
            self._again.setText("")
            self._again.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self._button.setEnabled(False)
        self.made.emit(self._workspace.text().strip(), self._member.text().strip(), self._passphrase.text() or None)


class RecoveryCodeView(QWidget):
    """Shows the recovery code, once."""

    confirmed = Signal()
    copy_requested = Signal(str)

    def __init__(self, code: str, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("recovery_page")
        self._code = code
        outer = QVBoxLayout(self)
        panel = QFrame(self)
        set_role(panel, "panel")
        panel.setFixedWidth(appearance.px(460))
        column = QVBoxLayout(panel)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(12)
        title = QLabel(self.tr("Write down your recovery code"), panel)
        set_role(title, "title")
        words = _muted(
            self.tr(
                "It opens this workspace if you forget the passphrase, or if this computer loses its keyring. "
                "It is shown this once and kept nowhere. Keep it on paper, away from this computer."
            ),
            panel,
        )
        groups = code.split("-")
        half = len(groups) // 2
        self._shown = QLabel("\n".join("  ".join(part) for part in (groups[:half], groups[half:])), panel)
        self._shown.setObjectName("recovery_code")
        self._shown.setTextFormat(Qt.TextFormat.PlainText)
        self._shown.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._shown.setMargin(12)
        self._shown.setAccessibleName(self.tr("Recovery code: {0}").format(" ".join(groups)))
        font = appearance.code_font()
        font.setPointSizeF(font.pointSizeF() * 1.4)
        self._shown.setFont(font)
        self._copied = _muted("", panel)
        self._copied.hide()
        copy = QPushButton(self.tr("Copy"), panel)
        copy.setObjectName("copy_code")
        copy.clicked.connect(self._copy)
        self._copy_button = copy
        done = QPushButton(self.tr("I have written it down"), panel)
        done.setObjectName("written_down")
        set_role(done, "primary")
        done.clicked.connect(self._confirm)
        for part in (title, words, self._shown, copy, self._copied, done):
            column.addWidget(part)
        outer.addWidget(panel, 0, Qt.AlignmentFlag.AlignCenter)

    def take_focus(self) -> None:
        """Put the focus where a key too many does no harm."""
        self._copy_button.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _copy(self) -> None:
        self.copy_requested.emit(self._code)
        self._copied.setText(self.tr("Copied. The clipboard is cleared after 30 seconds."))
        self._copied.show()

    @Slot()
    def _confirm(self) -> None:
        self._code = ""
        self._shown.setText("")
        self._shown.setAccessibleName("")
        self.confirmed.emit()


def _muted(words: str, parent: QWidget) -> QLabel:
    label = QLabel(words, parent)
    label.setWordWrap(True)
    set_role(label, "muted")
    return label
