"""The sheet of all keys, shown by F1 or ? from anywhere."""

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from reviewer.ui.keys import KeyAction, KeyMap, label
from reviewer.ui.theme import Appearance, set_role


class KeySheet(QDialog):
    """What can be pressed, in its groups."""

    def __init__(self, keys: KeyMap, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("key_sheet")
        self.setWindowTitle(self.tr("Keys"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        outer.setSpacing(16)
        title = QLabel(self.tr("Keys"), self)
        set_role(title, "title")
        outer.addWidget(title)
        columns = QHBoxLayout()
        columns.setSpacing(24 if keys.has_listening else 40)
        sheets = list(keys.groups().items())
        halves = [sheets[:1] + sheets[3:4], sheets[1:3], sheets[4:]]
        if keys.has_listening:  # the keys of transcribers are a column of their own
            halves[1:] = [sheets[1:3] + sheets[4:5], sheets[5:]]
        for half in halves:
            columns.addLayout(self._column(keys, appearance, half), stretch=1)
        outer.addLayout(columns)
        foot = QHBoxLayout()
        note = QLabel(self.tr("Keys can be changed under Settings. Backspace never decides anything."), self)
        set_role(note, "muted")
        close = QPushButton(self.tr("Close"), self)
        close.clicked.connect(self.close)
        foot.addWidget(note, stretch=1)
        foot.addWidget(close)
        outer.addLayout(foot)

    def _column(self, keys: KeyMap, appearance: Appearance, sheets: list[tuple[str, list[KeyAction]]]) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(16)
        for group, actions in sheets:
            grid = QGridLayout()
            grid.setHorizontalSpacing(16)
            grid.setVerticalSpacing(3)
            heading = QLabel(QCoreApplication.translate("Keys", group), self)
            set_role(heading, "heading")
            grid.addWidget(heading, 0, 0, 1, 2)
            for row, action in enumerate(actions, start=1):
                grid.addWidget(QLabel(label(action), self), row, 0)
                key = QLabel(keys.shown(action.name), self)
                set_role(key, "key")
                key.setFont(appearance.font(weight=appearance.font().Weight.Medium))
                grid.addWidget(key, row, 1, Qt.AlignmentFlag.AlignRight)
            grid.setColumnStretch(0, 1)
            column.addLayout(grid)
        column.addStretch(1)
        return column
