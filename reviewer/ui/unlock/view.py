"""The unlock page's widgets. What was typed is taken out of its fields before anything is done with it."""

from PySide6.QtCore import QRegularExpression, Qt, Slot
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from reviewer.services.access import Factors
from reviewer.ui.icons import icon_pixmap
from reviewer.ui.text import PlainLabel
from reviewer.ui.theme import Appearance, set_role, tabular
from reviewer.ui.unlock.presenter import UnlockPresenter

_LONGEST_PASSPHRASE = 1_000


class UnlockView(QWidget):
    """Product, profile, why it is locked, and as few fields as will do."""

    def __init__(self, presenter: UnlockPresenter, profile: str, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("unlock")
        self._presenter = presenter
        self._appearance = appearance
        self._factors = Factors(passphrase=False, code=False)
        self._recovering = False
        outer = QVBoxLayout(self)
        panel = QFrame(self)
        set_role(panel, "panel")
        column = QVBoxLayout(panel)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(12)
        column.addLayout(self._build_head(panel, profile))
        column.addLayout(self._build_form(panel))
        column.addLayout(self._build_foot(panel))
        self._panel = panel
        outer.addWidget(panel, 0, Qt.AlignmentFlag.AlignCenter)
        self._connect()
        self._restyle()
        self.show_opening()

    def show_opening(self) -> None:
        """Show that the keys are being opened."""
        self._show_words(self.tr("Opening…"))
        self._show_fields(Factors(passphrase=False, code=False))
        self._unlock.hide()

    def show_locking(self, why: str) -> None:
        """Show why the desk locks; what unlocks it comes when everything is put away."""
        self._show_words(why)
        self._show_fields(Factors(passphrase=False, code=False))
        self._unlock.hide()

    def show_whose(self, words: str) -> None:
        """Show whose desk this is: until it was open once, only its folder is known."""
        self._where.setText(words)

    def show_news(self, words: str) -> None:
        """Show what goes on while the desk is locked."""
        self._news.setText(words)
        self._news.setVisible(bool(words))

    @Slot(object)
    def ask(self, factors: Factors) -> None:
        """Show a field for each thing that unlocking takes."""
        if not self._why.text() or self._why.text() == self.tr("Opening…"):
            self._show_words(self.tr("Locked."))
        self._recovering = False
        self._show_fields(factors)
        self._relabel()
        self._set_usable(usable=True)
        self._focus()

    @Slot(str)
    def say(self, problem: str) -> None:
        """Say why it stays locked, and let somebody try again."""
        self._problem.setText(problem)
        self._problem.show()
        self._set_usable(usable=True)
        self._focus()

    @Slot(str)
    def show_trouble(self, words: str) -> None:
        """Say why the keys cannot be reached; there is nothing to type until they can."""
        self._recovering = False
        self._show_fields(Factors(passphrase=False, code=False))
        self._relabel()
        self._unlock.hide()
        if self._why.text() == self.tr("Opening…"):
            self._show_words(self.tr("This workspace cannot be opened."))
        self._problem.setText(words)
        self._problem.show()
        self._recover.show()
        self._retry.show()
        self._retry.setEnabled(True)
        self._retry.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(int)
    def show_wait(self, seconds: int) -> None:
        """Count down to the next try."""
        if seconds:
            self._set_usable(usable=False)
            self._problem.setText(self.tr("Too many wrong tries. The next one is taken in {0} s.").format(seconds))
            self._problem.show()
        else:
            self._problem.hide()
            self._set_usable(usable=True)
            self._focus()

    @Slot(bool)
    def set_busy(self, busy: bool) -> None:  # noqa: FBT001 - from a signal
        """Take nothing while something is being tried."""
        self._set_usable(usable=not busy)
        if busy:
            self._problem.hide()

    def _build_head(self, parent: QWidget, profile: str) -> QVBoxLayout:
        head = QVBoxLayout()
        head.setSpacing(4)
        self._logo = QLabel(parent)
        title = QLabel(self.tr("Review desk"), parent)
        set_role(title, "title")
        self._where = PlainLabel(profile, parent, elide=Qt.TextElideMode.ElideMiddle)
        set_role(self._where, "small")
        self._why = PlainLabel("", parent)
        self._why.setObjectName("why_locked")
        self._why.setWordWrap(True)
        self._news = PlainLabel("", parent)
        self._news.setWordWrap(True)
        set_role(self._news, "muted")
        self._news.hide()
        for part in (self._logo, title, self._where):
            head.addWidget(part)
        head.addSpacing(8)
        head.addWidget(self._why)
        head.addWidget(self._news)
        return head

    def _build_form(self, parent: QWidget) -> QFormLayout:
        self._form = QFormLayout()
        self._form.setSpacing(8)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._passphrase = self._secret("passphrase", self.tr("Passphrase"), parent)
        self._code = QLineEdit(parent)
        self._code.setObjectName("code")
        self._code.setFont(tabular(self._code.font()))
        self._code.setValidator(QRegularExpressionValidator(QRegularExpression("[0-9]{0,3} ?[0-9]{0,3}"), self._code))
        self._code.setInputMethodHints(Qt.InputMethodHint.ImhDigitsOnly)
        self._add(self.tr("Code"), self._code)
        self._code.setPlaceholderText(self.tr("six digits from your authenticator"))
        self._recovery = QLineEdit(parent)
        self._recovery.setObjectName("recovery_code")
        self._recovery.setMaxLength(100)
        self._add(self.tr("Recovery code"), self._recovery)
        self._new = self._secret("new_passphrase", self.tr("New passphrase"), parent)
        self._new.setPlaceholderText(self.tr("optional"))
        self._again = self._secret("new_passphrase_again", self.tr("Once more"), parent)
        return self._form

    def _build_foot(self, parent: QWidget) -> QVBoxLayout:
        foot = QVBoxLayout()
        foot.setSpacing(12)
        self._problem = PlainLabel("", parent)
        self._problem.setObjectName("problem")
        self._problem.setWordWrap(True)
        set_role(self._problem, "stop")
        self._problem.hide()
        self._unlock = QPushButton(self.tr("Unlock"), parent)
        self._unlock.setObjectName("unlock_button")
        set_role(self._unlock, "primary")
        self._retry = QPushButton(self.tr("Try again"), parent)
        self._retry.setObjectName("try_again")
        set_role(self._retry, "primary")
        self._retry.hide()
        self._recover = QPushButton(self.tr("Use the recovery code"), parent)
        self._recover.setObjectName("recover")
        set_role(self._recover, "quiet")
        row = QHBoxLayout()
        row.addWidget(self._recover)
        row.addStretch(1)
        for part in (self._problem, self._unlock, self._retry):
            foot.addWidget(part)
        foot.addLayout(row)
        return foot

    def _connect(self) -> None:
        presenter = self._presenter
        presenter.asked.connect(self.ask)
        presenter.refused.connect(self.say)
        presenter.waiting.connect(self.show_wait)
        presenter.troubled.connect(self.show_trouble)
        presenter.busy_changed.connect(self.set_busy)
        self._unlock.clicked.connect(self._on_unlock)
        self._retry.clicked.connect(self._on_retry)
        self._recover.clicked.connect(self._on_recover)
        for field in (self._passphrase, self._code, self._recovery, self._new, self._again):
            field.returnPressed.connect(self._on_unlock)
        self._appearance.changed.connect(self._restyle)

    def _secret(self, name: str, label: str, parent: QWidget) -> QLineEdit:
        field = QLineEdit(parent)
        field.setObjectName(name)
        field.setEchoMode(QLineEdit.EchoMode.Password)
        field.setMaxLength(_LONGEST_PASSPHRASE)
        self._add(label, field)
        return field

    def _add(self, label: str, field: QLineEdit) -> None:
        field.setAccessibleName(label)
        self._form.addRow(label, field)

    @Slot()
    def _on_unlock(self) -> None:
        if not self._unlock.isEnabled():
            return
        if self._recovering:
            self._ask_recovery()
            return
        empty = next((field for field in self._visible_fields() if not field.text()), None)
        if empty is not None:
            empty.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        passphrase = _take(self._passphrase) if self._factors.passphrase else None
        code = _take(self._code) if self._factors.code else None
        self._presenter.unlock(passphrase, code)

    def _ask_recovery(self) -> None:
        if self._new.text() != self._again.text():
            _take(self._again)
            self.say(self.tr("The two passphrases differ: type the second one again."))
            self._again.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        passphrase = _take(self._new) or None
        _take(self._again)
        self._presenter.recover(self._recovery.text(), passphrase)

    @Slot()
    def _on_retry(self) -> None:
        self._retry.setEnabled(False)
        self._problem.setText(self.tr("Trying…"))
        self._presenter.look_again()

    @Slot()
    def _on_recover(self) -> None:
        if self._recovering:
            self._presenter.look_again()
            return
        self._recovering = True
        self._retry.hide()
        self._problem.hide()
        self._show_fields(self._factors)
        self._relabel()
        self._set_usable(usable=True)
        self._focus()

    def _show_words(self, why: str) -> None:
        self._why.setText(why)
        self._problem.hide()
        self._retry.hide()

    def _show_fields(self, factors: Factors) -> None:
        self._factors = factors
        wanted = {
            self._passphrase: factors.passphrase and not self._recovering,
            self._code: factors.code and not self._recovering,
            self._recovery: self._recovering,
            self._new: self._recovering,
            self._again: self._recovering,
        }
        for field, is_wanted in wanted.items():
            _take(field)
            self._form.setRowVisible(field, is_wanted)
        self._unlock.show()
        self._retry.hide()
        self._recover.setVisible(self._recovering or factors.any)

    def _relabel(self) -> None:
        self._unlock.setText(self.tr("Recover and unlock") if self._recovering else self.tr("Unlock"))
        self._recover.setText(self.tr("Back") if self._recovering else self.tr("Use the recovery code"))

    def _set_usable(self, *, usable: bool) -> None:
        for each in (self._passphrase, self._code, self._recovery, self._new, self._again, self._unlock):
            each.setEnabled(usable)

    def _visible_fields(self) -> list[QLineEdit]:
        fields = (self._passphrase, self._code, self._recovery, self._new, self._again)
        return [field for field in fields if self._form.isRowVisible(field)]

    def _focus(self) -> None:
        fields = self._visible_fields()
        first = next((field for field in fields if not field.text()), fields[0] if fields else self._unlock)
        if self.isVisible():
            first.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _restyle(self) -> None:
        self._panel.setFixedWidth(self._appearance.px(420))
        self._logo.setPixmap(icon_pixmap("logo", self._appearance.theme.accent, 48))


def _take(field: QLineEdit) -> str:
    """Return what was typed and leave nothing of it in the field: setText forgets what could be undone, too."""
    typed = field.text()
    field.setText("")
    return typed
