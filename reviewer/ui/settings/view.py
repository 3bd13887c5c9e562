"""The settings page. Every change holds at once and is written to the profile."""

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from reviewer.domain.kinds import KINDS
from reviewer.services.vault import INSIST_AFTER, KeyAge
from reviewer.settings import LONGEST_HOLD_S, LONGEST_LOCK_MIN, SHORTEST_LOCK_MIN
from reviewer.ui.desk.words import kind_label
from reviewer.ui.keys import LISTENING, POOL_PAGES, KeyMap, groups, label
from reviewer.ui.pages import scrolling_page
from reviewer.ui.text import PlainLabel
from reviewer.ui.theme import ZOOM_MAX, ZOOM_MIN, ZOOM_STEP, Appearance, set_role

_MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)


class _KeyEdit(QKeySequenceEdit):
    """Takes any key but Tab and Shift+Tab, which lead on."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Shift+Tab go back; Qt itself lets Tab go on."""
        if event.key() == Qt.Key.Key_Backtab:
            self.focusPreviousChild()
        elif event.key() not in _MODIFIERS:  # at which Qt would forget the key that is set
            super().keyPressEvent(event)


class SettingsView(QWidget):
    """Look, holds and keys."""

    hold_changed = Signal(str, int)  # kind, seconds
    rotate_requested = Signal()
    lock_after_changed = Signal(int)  # minutes

    def __init__(self, appearance: Appearance, keys: KeyMap, parent: QWidget) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._keys = keys
        self._holds: dict[str, QSpinBox] = {}
        self._edits: dict[str, QKeySequenceEdit] = {}
        self._of_pool: list[QWidget] = []  # shown to who has the pages of the pool
        page, column = scrolling_page(self, self.tr("Settings"))
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(self._build_look(page), stretch=1)
        top.addWidget(self._build_holds(page), stretch=1)
        column.addLayout(top)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self._build_lock(page), stretch=1)
        middle.addWidget(self._build_workspace_key(page), stretch=1)
        column.addLayout(middle)
        column.addWidget(self._build_keys(page))
        column.addStretch(1)
        appearance.changed.connect(self._show_look)
        keys.changed.connect(self._show_keys)

    def show_holds(self, seconds: dict[str, int]) -> None:
        """Show how long each kind is held."""
        for kind, box in self._holds.items():
            box.blockSignals(True)  # noqa: FBT003 - Qt's own call
            box.setValue(seconds.get(kind, int(KINDS[kind].hold.total_seconds())))
            box.blockSignals(False)  # noqa: FBT003

    def _build_look(self, parent: QWidget) -> QFrame:
        panel, column = _panel(self.tr("Look"), parent)
        form = QFormLayout()
        form.setSpacing(8)
        self._mode = QComboBox(panel)
        self._mode.setObjectName("theme")
        for mode, words in (
            ("system", self.tr("As the system")),
            ("light", self.tr("Light")),
            ("dark", self.tr("Dark")),
        ):
            self._mode.addItem(words, mode)
        self._zoom = QComboBox(panel)
        self._zoom.setObjectName("zoom")
        for percent in range(ZOOM_MIN, ZOOM_MAX + 1, ZOOM_STEP):
            self._zoom.addItem(self.tr("{0} %").format(percent), percent)
        form.addRow(self.tr("Colours"), self._mode)
        form.addRow(self.tr("Size"), self._zoom)
        column.addLayout(form)
        column.addStretch(1)
        self._show_look()
        self._mode.activated.connect(self._on_mode)
        self._zoom.activated.connect(self._on_zoom)
        return panel

    def _build_holds(self, parent: QWidget) -> QFrame:
        panel, column = _panel(self.tr("Hold before a decision leaves"), parent)
        words = QLabel(self.tr("While a decision is held, one key undoes it."), panel)
        words.setWordWrap(True)
        set_role(words, "muted")
        column.addWidget(words)
        form = QFormLayout()
        form.setSpacing(8)
        for kind in KINDS:
            box = QSpinBox(panel)
            box.setObjectName(f"hold_{kind}")
            box.setRange(0, LONGEST_HOLD_S)
            box.setSuffix(self.tr(" s"))
            box.setProperty("kind", kind)
            box.valueChanged.connect(self._on_hold)
            self._holds[kind] = box
            form.addRow(kind_label(kind), box)
        column.addLayout(form)
        column.addStretch(1)
        return panel

    def show_lock_after(self, minutes: int) -> None:
        """Show after how long without anybody the desk locks."""
        with QSignalBlocker(self._lock_after):
            self._lock_after.setValue(minutes)

    def _build_lock(self, parent: QWidget) -> QFrame:
        panel, column = _panel(self.tr("Lock"), parent)
        words = QLabel(
            self.tr("The desk also locks when the screen does, when the computer goes to sleep, and by its key."), panel
        )
        words.setWordWrap(True)
        set_role(words, "muted")
        column.addWidget(words)
        form = QFormLayout()
        self._lock_after = QSpinBox(panel)
        self._lock_after.setObjectName("lock_after")
        self._lock_after.setRange(SHORTEST_LOCK_MIN, LONGEST_LOCK_MIN)
        self._lock_after.setSuffix(self.tr(" min"))
        self._lock_after.valueChanged.connect(self.lock_after_changed)
        form.addRow(self.tr("Lock when nobody is there for"), self._lock_after)
        column.addLayout(form)
        column.addStretch(1)
        return panel

    @Slot(object)
    def show_key_age(self, age: KeyAge) -> None:
        """Show how old the workspace's key is."""
        self._key_age.setText(
            self.tr("Generation {0}, {1} days old. It is to be replaced every {2} days.").format(
                age.generation, age.age.days, INSIST_AFTER.days
            )
        )
        set_role(self._key_age, "stop" if age.insists else "caution" if age.warns else "muted")
        self._rotate.setEnabled(True)

    def _build_workspace_key(self, parent: QWidget) -> QFrame:
        panel, column = _panel(self.tr("Workspace key"), parent)
        self._key_age = PlainLabel("", panel)
        self._key_age.setObjectName("key_age")
        self._key_age.setWordWrap(True)
        self._rotate = QPushButton(self.tr("Replace it now"), panel)
        self._rotate.setObjectName("rotate")
        self._rotate.clicked.connect(self._on_rotate)
        column.addWidget(self._key_age)
        column.addWidget(self._rotate, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        return panel

    @Slot()
    def _on_rotate(self) -> None:
        self._rotate.setEnabled(False)
        self._key_age.setText(self.tr("Replacing it…"))
        self.rotate_requested.emit()

    def _build_keys(self, parent: QWidget) -> QFrame:
        panel, column = _panel(self.tr("Keys"), parent)
        self._problem = PlainLabel("", panel)
        self._problem.setWordWrap(True)
        set_role(self._problem, "stop")
        self._problem.hide()
        column.addWidget(self._problem)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        row = 0
        for group, actions in groups(listening=True).items():
            heading = QLabel(QCoreApplication.translate("Keys", group), panel)
            set_role(heading, "muted")
            grid.addWidget(heading, row, 0, 1, 2)
            row += 1
            for action in actions:
                words = QLabel(label(action), panel)
                edit = _KeyEdit(QKeySequence(self._keys.key(action.name)), panel)
                edit.setObjectName(f"key_{action.name}")
                edit.setAccessibleName(label(action))
                edit.setMaximumSequenceLength(1)
                edit.setMaximumWidth(220)
                edit.setClearButtonEnabled(True)
                for clear in edit.findChildren(QToolButton):
                    clear.setAccessibleName(self.tr("No key"))
                edit.setProperty("action", action.name)
                edit.editingFinished.connect(self._on_key)
                words.setBuddy(edit)
                grid.addWidget(words, row, 0)
                grid.addWidget(edit, row, 1)
                self._edits[action.name] = edit
                if action in (*LISTENING, *POOL_PAGES):
                    self._of_pool += [words, edit]
                row += 1
            if all(action in LISTENING for action in actions):
                self._of_pool.append(heading)
        grid.setColumnStretch(0, 1)
        column.addLayout(grid)
        for widget in self._of_pool:
            widget.setVisible(self._keys.has_listening)
        restore = QPushButton(self.tr("Restore the first keys"), panel)
        restore.setObjectName("restore_keys")
        restore.clicked.connect(self._keys.restore_defaults)
        column.addWidget(restore, 0, Qt.AlignmentFlag.AlignLeft)
        return panel

    @Slot(int)
    def _on_mode(self, _index: int) -> None:
        self._appearance.set_mode(self._mode.currentData())

    @Slot(int)
    def _on_zoom(self, _index: int) -> None:
        self._appearance.set_zoom(self._zoom.currentData())

    @Slot(int)
    def _on_hold(self, seconds: int) -> None:
        self.hold_changed.emit(self.sender().property("kind"), seconds)

    @Slot()
    def _on_key(self) -> None:
        edit = self.sender()
        if not isinstance(edit, QKeySequenceEdit):
            return
        name = edit.property("action")
        key = edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        if key == self._keys.key(name):
            return  # also when the field is left after a refusal, which is to stay readable
        clash = self._keys.clash(name, key)
        if clash is None:
            self._problem.hide()
            self._keys.set_key(name, key)
        else:
            self._problem.setText(clash)
            self._problem.show()
            edit.setKeySequence(QKeySequence(self._keys.key(name)))

    @Slot()
    def _show_look(self) -> None:
        self._mode.setCurrentIndex(self._mode.findData(self._appearance.mode))
        self._zoom.setCurrentIndex(self._zoom.findData(self._appearance.zoom))

    @Slot()
    def _show_keys(self) -> None:
        for name, edit in self._edits.items():
            edit.setKeySequence(QKeySequence(self._keys.key(name)))
        for widget in self._of_pool:
            widget.setVisible(self._keys.has_listening)


def _panel(title: str, parent: QWidget) -> tuple[QFrame, QVBoxLayout]:
    panel = QFrame(parent)
    set_role(panel, "panel")
    column = QVBoxLayout(panel)
    column.setContentsMargins(16, 12, 16, 16)
    column.setSpacing(8)
    heading = QLabel(title, panel)
    set_role(heading, "heading")
    column.addWidget(heading)
    return panel, column
