"""The dialogs of signing: over exactly the text on screen, and for a final that is signed and locked."""

import hashlib
from datetime import datetime

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from reviewer.domain.attestations import ADDENDUM_MEANING, MEANING, STATEMENT
from reviewer.domain.items import SignedFinal, SignedText
from reviewer.services.access import Factors
from reviewer.ui.desk.state import SignRequest
from reviewer.ui.text import PlainLabel, PlainTextEdit, PlainTextView
from reviewer.ui.theme import Appearance, set_role

_FIRST_LINES = 6


class FactorFields(QWidget):
    """A field for each factor that a signature takes."""

    entered = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._passphrase = self._field("factor", self.tr("Passphrase"))
        self._passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self._code = self._field("factor_code", self.tr("Code of your authenticator, six digits"))
        self._code.setMaxLength(7)

    def ask(self, factors: Factors) -> None:
        """Show the fields that are needed."""
        self._passphrase.setVisible(factors.passphrase)
        self._code.setVisible(factors.code)
        self.setVisible(factors.any)

    def take_focus(self) -> bool:
        """Put the focus into the first field that is to be filled; False where there is none."""
        field = next((field for field in (self._passphrase, self._code) if not field.isHidden()), None)
        if field is not None:
            field.setFocus(Qt.FocusReason.OtherFocusReason)
        return field is not None

    def take(self) -> tuple[str | None, str | None]:
        """Return what was typed, passphrase and code, and leave nothing of it here."""
        typed = self._passphrase.text() or None, self._code.text() or None
        for field in (self._passphrase, self._code):
            field.setText("")
        return typed

    def _field(self, name: str, words: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setObjectName(name)
        field.setPlaceholderText(words)
        field.setAccessibleName(words)
        field.returnPressed.connect(self.entered)
        self._column.addWidget(field)
        return field


class SignDialog(QDialog):
    """Name, role, time, statement and meaning, the text and its digest, and the fields for the factors."""

    signed = Signal(object, object)  # the passphrase or None, the code or None
    given_up = Signal()

    def __init__(self, request: SignRequest, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("sign")
        self.setWindowTitle(self.tr("Sign"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(appearance.px(560))
        column = _column(self)
        title = QLabel(self.tr("Sign this note"), self)
        set_role(title, "title")
        column.addWidget(title)
        form = _form()
        form.addRow(self.tr("Name"), PlainLabel(request.name, self))
        form.addRow(self.tr("Role"), PlainLabel(request.roles, self))
        form.addRow(self.tr("Time"), PlainLabel(f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}", self))
        form.addRow(self.tr("Meaning"), PlainLabel(_attested(MEANING), self))
        statement = PlainLabel(_attested(STATEMENT), self)
        statement.setWordWrap(True)
        form.addRow(self.tr("Statement"), statement)
        column.addLayout(form)
        column.addWidget(
            _caption(
                self.tr("The signature covers exactly this text, {0:,} characters:").format(len(request.text)), self
            )
        )
        text = PlainTextView(appearance, self)
        text.setObjectName("signed_text")
        text.setAccessibleName(self.tr("The text to be signed"))
        text.set_text(request.text)
        text.setFixedHeight(round(text.fontMetrics().lineSpacing() * 1.45 * _FIRST_LINES) + 16)
        column.addWidget(text)
        digest = PlainLabel(f"SHA-256 {hashlib.sha256(request.text.encode()).hexdigest()}", self)
        digest.setFont(appearance.code_font())
        digest.setWordWrap(True)
        set_role(digest, "small")
        column.addWidget(digest)
        self._factors = FactorFields(self)
        self._factors.ask(request.factors)
        column.addWidget(self._factors)
        self._problem = _problem(self)
        column.addWidget(self._problem)
        self._sign = _foot(self, column, self.tr("Sign and go on"), self.tr("Back to the text"))
        self._sign.clicked.connect(self._on_sign)
        self._factors.entered.connect(self._on_sign)
        self.rejected.connect(self.given_up)
        if not self._factors.take_focus():
            self._sign.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(str)
    def say(self, problem: str) -> None:
        """Say why it was not signed."""
        self._problem.setText(problem)
        self._problem.show()
        self._sign.setEnabled(True)
        self._factors.take_focus()

    @Slot()
    def _on_sign(self) -> None:
        if self._sign.isEnabled():
            self._sign.setEnabled(False)
            self.signed.emit(*self._factors.take())


class SignedDialog(QDialog):
    """A signed final: it cannot be changed, only added to."""

    addendum_signed = Signal(str, str, object, object)  # item, text, passphrase or None, code or None

    def __init__(self, shown: SignedFinal, factors: Factors, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("signed_final")
        self.setWindowTitle(self.tr("Signed note"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(appearance.px(720), appearance.px(640))
        self._item = shown.head.id
        column = _column(self)
        title = PlainLabel(self.tr("Signed note · {0}").format(shown.head.external_id), self)
        set_role(title, "title")
        column.addWidget(title)
        self._view = PlainTextView(appearance, self)
        self._view.setObjectName("signed_final_text")
        self._view.setAccessibleName(self.tr("The signed text"))
        column.addWidget(self._view, stretch=3)
        column.addWidget(_caption(self.tr("The signed text is locked. Write an addendum:"), self))
        self._addendum = PlainTextEdit(appearance, self)
        self._addendum.setObjectName("addendum")
        self._addendum.setAccessibleName(self.tr("Addendum"))
        column.addWidget(self._addendum, stretch=1)
        self._factors = FactorFields(self)
        column.addWidget(self._factors)
        self._problem = _problem(self)
        column.addWidget(self._problem)
        self._sign = _foot(self, column, self.tr("Sign the addendum"), self.tr("Close"))
        self._sign.clicked.connect(self._on_sign)
        self.show_final(shown, factors)

    def show_final(self, shown: SignedFinal, factors: Factors) -> None:
        """Show the final and what was added to it so far."""
        texts = [_with_line(shown.final, _attested(MEANING))]
        texts += [_with_line(each, _attested(ADDENDUM_MEANING)) for each in shown.addenda]
        self._view.set_text("\n\n".join(texts))
        self._addendum.set_text("")
        self._factors.ask(factors)
        self._problem.hide()
        self._sign.setEnabled(True)

    @Slot(str)
    def say(self, problem: str) -> None:
        """Say why it was not signed; what was typed stays."""
        self._problem.setText(problem)
        self._problem.show()
        self._sign.setEnabled(True)

    @Slot()
    def _on_sign(self) -> None:
        if not self._addendum.text().strip():
            self.say(self.tr("The addendum is empty."))
            return
        self._sign.setEnabled(False)
        self.addendum_signed.emit(self._item, self._addendum.text(), *self._factors.take())


def _with_line(signed: SignedText, meaning: str) -> str:
    line = QCoreApplication.translate("Attestation", "Signed by {0}, {1:%Y-%m-%d %H:%M %Z}: {2}")
    return f"{signed.text}\n— {line.format(signed.name, signed.signed_at.astimezone(), meaning)}"


def _attested(text: str) -> str:
    return QCoreApplication.translate("Attestation", text)


def _column(dialog: QDialog) -> QVBoxLayout:
    column = QVBoxLayout(dialog)
    column.setContentsMargins(24, 20, 24, 20)
    column.setSpacing(12)
    return column


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setHorizontalSpacing(24)
    form.setVerticalSpacing(6)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def _caption(words: str, parent: QWidget) -> QLabel:
    caption = QLabel(words, parent)
    set_role(caption, "muted")
    return caption


def _problem(parent: QWidget) -> PlainLabel:
    problem = PlainLabel("", parent)
    problem.setWordWrap(True)
    set_role(problem, "stop")
    problem.hide()
    return problem


def _foot(dialog: QDialog, column: QVBoxLayout, go: str, back: str) -> QPushButton:
    line = QFrame(dialog)
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 4, 0, 0)
    sign = QPushButton(go, line)
    sign.setObjectName("sign_button")
    set_role(sign, "primary")
    leave = QPushButton(back, line)
    leave.setAutoDefault(False)
    leave.clicked.connect(dialog.reject)
    row.addStretch(1)
    row.addWidget(leave)
    row.addWidget(sign)
    column.addWidget(line)
    return sign
