"""The dialog that asks why an item is moved, and to whom."""

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from reviewer.domain.oversight import CAUSES
from reviewer.services.oversight import Colleague
from reviewer.ui.text import PlainLabel
from reviewer.ui.theme import Appearance, set_role


class MoveDialog(QDialog):
    """Asks for a reason, and for a colleague where the item goes to one."""

    chosen = Signal(object, str)  # member id or None, cause

    def __init__(
        self, words: tuple[str, str, str], colleagues: list[Colleague] | None, appearance: Appearance, parent: QWidget
    ) -> None:
        """Show title, explanation and the name of the button; without colleagues only the reason is asked."""
        super().__init__(parent)
        title, about, button = words
        self.setObjectName("move_item")
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(appearance.px(420))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        heading = PlainLabel(title, self)
        set_role(heading, "title")
        explained = PlainLabel(about, self)
        explained.setWordWrap(True)
        set_role(explained, "muted")
        column.addWidget(heading)
        column.addWidget(explained)
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._who = self._combo("move_to", self.tr("Colleague"))
        for colleague in colleagues or ():
            self._who.addItem(colleague.name, colleague.id)
        self._why = self._combo("move_reason", self.tr("Reason"))
        for code, label in CAUSES.items():
            self._why.addItem(QCoreApplication.translate("Cause", label), code)
        self._asks_who = colleagues is not None
        self._who.setVisible(self._asks_who)
        if self._asks_who:
            form.addRow(QLabel(self.tr("To"), self), self._who)
        form.addRow(QLabel(self.tr("Because"), self), self._why)
        column.addLayout(form)
        foot = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        go = foot.addButton(button, QDialogButtonBox.ButtonRole.AcceptRole)
        go.setObjectName("move_go")
        go.setDefault(True)
        go.setEnabled(not self._asks_who or bool(colleagues))
        set_role(go, "primary")
        foot.accepted.connect(self._on_accepted)
        foot.rejected.connect(self.reject)
        column.addWidget(foot)
        if self._asks_who and not colleagues:
            nobody = QLabel(self.tr("No colleague has the role, the language and the skills for this item."), self)
            nobody.setWordWrap(True)
            set_role(nobody, "caution")
            column.insertWidget(2, nobody)
        (self._who if self._asks_who and colleagues else self._why).setFocus(Qt.FocusReason.OtherFocusReason)

    def _combo(self, name: str, words: str) -> QComboBox:
        combo = QComboBox(self)
        combo.setObjectName(name)
        combo.setAccessibleName(words)
        return combo

    @Slot()
    def _on_accepted(self) -> None:
        self.chosen.emit(self._who.currentData() if self._asks_who else None, self._why.currentData())
        self.accept()
