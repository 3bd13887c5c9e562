"""The frame: the rail of pages on the left, the page, and the status line under it."""

from PySide6.QtCore import QByteArray, QEvent, QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QCloseEvent, QInputEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QStackedWidget,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from reviewer.ui.icons import icon
from reviewer.ui.keys import ACTIONS, POOL_PAGES, KeyMap
from reviewer.ui.keysheet import KeySheet
from reviewer.ui.text import PlainLabel
from reviewer.ui.theme import Appearance, set_role, tabular

_ACTS = frozenset({QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress})
_TOUCHES = frozenset(
    {QEvent.Type.MouseMove, QEvent.Type.Wheel, QEvent.Type.TouchBegin, QEvent.Type.TouchUpdate, QEvent.Type.TabletMove}
)


class Window(QMainWindow):
    """The desk's one window."""

    closing = Signal()
    active = Signal()  # somebody pressed a key or a button
    touched = Signal()  # somebody moved the mouse or scrolled

    def __init__(self, appearance: Appearance, changes: dict[str, str]) -> None:
        super().__init__()
        self.setObjectName("window")
        self.setWindowTitle(self.tr("Review desk"))
        self.keys = KeyMap(changes, self)
        self._appearance = appearance
        self._pages: dict[str, QWidget] = {}
        self._rail_buttons: dict[str, QToolButton] = {}
        whole = QWidget(self)
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._build_rail(whole))
        column = QVBoxLayout()
        column.setSpacing(0)
        self._stack = QStackedWidget(whole)
        column.addWidget(self._stack, stretch=1)
        column.addWidget(self._build_status(whole))
        row.addLayout(column, stretch=1)
        self.setCentralWidget(whole)
        self.resize(1280, 800)
        self.setMinimumSize(960, 600)
        appearance.changed.connect(self._restyle)
        for name, slot in (
            ("keys", self.show_keys),
            ("quit", self.close),
            ("zoom_in", appearance.zoom_in),
            ("zoom_out", appearance.zoom_out),
            ("zoom_reset", appearance.reset_zoom),
        ):
            self.keys.action(name).triggered.connect(slot)
        for each in (*ACTIONS, *POOL_PAGES):
            if each.name.startswith("page_"):
                action = self.keys.action(each.name)
                action.setData(each.name.removeprefix("page_"))
                action.triggered.connect(self._on_page_key)
        self._restyle()

    def add_page(self, name: str, icon_name: str, label: str, page: QWidget, *, at_foot: bool = False) -> None:
        """Add a page to the rail."""
        self._pages[name] = page
        self._stack.addWidget(page)
        button = QToolButton(self._rail)
        button.setObjectName(f"rail_{name}")
        button.setCheckable(True)
        button.setProperty("icon_name", icon_name)
        button.setProperty("page", name)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setText(label)
        button.setAccessibleName(label)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(self._on_rail)
        self._rail_group.addButton(button)
        self._rail_buttons[name] = button
        end = self._rail_column.count() - 1  # the lock stays last
        position = end if at_foot else end - self._foot_number - 1
        self._rail_column.insertWidget(position, button)
        if at_foot:
            self._foot_number += 1
        self._restyle()

    def clear_pages(self) -> list[QWidget]:
        """Take every page off the rail and out of sight, and return them: what becomes of them is up to their owner."""
        pages = list(self._pages.values())
        for name, page in self._pages.items():
            button = self._rail_buttons.pop(name)
            self._rail_group.removeButton(button)
            self._rail_column.removeWidget(button)
            button.hide()
            button.deleteLater()
            self._stack.removeWidget(page)
            page.hide()
        self._pages.clear()
        self._foot_number = 0
        for label in (self._status, self._ledger, self._analysing, self._where, self._counts):
            label.setText("")
        return pages

    def show_bare(self, page: QWidget) -> None:
        """Show a page that has no place on the rail, and no rail."""
        if self._stack.indexOf(page) < 0:
            self._stack.addWidget(page)
        self.keys.show_page(None)
        self._stack.setCurrentWidget(page)
        self._rail.hide()
        self._status_bar.hide()

    @property
    def page_name(self) -> str | None:
        """Return the name of the page that is shown, if it is one of the rail."""
        return next((name for name, page in self._pages.items() if page is self._stack.currentWidget()), None)

    @Slot(str)
    def show_page(self, name: str) -> None:
        """Show a page of the rail, if it is there now."""
        if name not in self._pages:
            return
        self._rail.show()
        self._status_bar.show()
        self.keys.show_page(name)
        self._stack.setCurrentWidget(self._pages[name])
        self._rail_buttons[name].setChecked(True)

    @Slot(str)
    def show_status(self, words: str) -> None:
        """Show whether everything is saved."""
        self._status.setText(words)

    @Slot(str)
    def show_counts(self, words: str) -> None:
        """Show how the session goes."""
        self._counts.setText(words)

    @Slot(str)
    def show_ledger(self, words: str) -> None:
        """Show how far the ledger is verified."""
        self._ledger.setText(words)

    @Slot(int)
    def show_analysing(self, number: int) -> None:
        """Show how many items are still to be compared with their source."""
        self._analysing.setText(self.tr("{0:,} to be checked").format(number) if number else "")

    def show_workspace(self, name: str, member: str) -> None:
        """Show whose workspace this is."""
        self._where.setText(f"{name} · {member}")

    @Slot()
    def show_keys(self) -> None:
        """Show the sheet of all keys."""
        KeySheet(self.keys, self._appearance, self).open()

    def geometry_text(self) -> str:
        """Return the window's place and size for the settings."""
        return bytes(self.saveGeometry().toBase64().data()).decode()

    def restore_geometry_text(self, text: str) -> None:
        """Put the window where it was."""
        self.restoreGeometry(QByteArray.fromBase64(QByteArray(text.encode())))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice that somebody is at the desk, and let ? show the keys outside text."""
        if not isinstance(event, QInputEvent):
            return False  # nearly all of them, so this comes first
        if event.type() in _TOUCHES:
            self.touched.emit()
        elif event.type() in _ACTS:
            self.active.emit()
            if isinstance(event, QKeyEvent) and event.text() == "?" and watched is self.windowHandle():
                focused = QApplication.focusWidget()
                if not isinstance(focused, QTextEdit | QLineEdit) or focused.isReadOnly():
                    self.show_keys()
                    return True
        return False

    def closeEvent(self, event: QCloseEvent) -> None:
        """Let everything be saved before the window goes."""
        self.closing.emit()
        super().closeEvent(event)

    def _build_rail(self, parent: QWidget) -> QFrame:
        self._rail = QFrame(parent)
        set_role(self._rail, "rail")
        self._rail_group = QButtonGroup(self._rail)
        self._foot_number = 0
        self._rail_column: QVBoxLayout = QVBoxLayout(self._rail)
        self._rail_column.setContentsMargins(8, 12, 8, 12)
        self._rail_column.setSpacing(4)
        self._rail_column.addStretch(1)
        self._lock = QToolButton(self._rail)
        self._lock.setObjectName("rail_lock")
        self._lock.setText(self.tr("Lock"))
        self._lock.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self._lock.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._lock.setAccessibleName(self.tr("Lock the desk"))
        self._lock.setProperty("icon_name", "lock")
        self._lock.clicked.connect(self.keys.action("lock").trigger)
        self._rail_column.addWidget(self._lock)
        return self._rail

    def _build_status(self, parent: QWidget) -> QFrame:
        self._status_bar = QFrame(parent)
        set_role(self._status_bar, "status")
        row = QHBoxLayout(self._status_bar)
        row.setContentsMargins(16, 4, 16, 6)
        self._status = PlainLabel("", self._status_bar)
        self._status.setObjectName("status")
        self._counts = QLabel(self._status_bar)
        self._counts.setObjectName("counts")
        self._analysing = QLabel(self._status_bar)
        self._analysing.setObjectName("analysing")
        self._where = PlainLabel("", self._status_bar)
        self._ledger = QLabel(self._status_bar)
        self._ledger.setObjectName("ledger_status")
        for label in (self._status, self._ledger, self._analysing, self._where, self._counts):
            label.setFont(tabular(label.font()))
            set_role(label, "small")
        row.addWidget(self._status)
        row.addSpacing(16)
        row.addWidget(self._ledger)
        row.addSpacing(16)
        row.addWidget(self._analysing)
        row.addStretch(1)
        row.addWidget(self._where)
        row.addStretch(1)
        row.addWidget(self._counts)
        return self._status_bar

    @Slot()
    def _on_rail(self) -> None:
        self.show_page(self.sender().property("page"))

    @Slot()
    def _on_page_key(self) -> None:
        sender = self.sender()
        if isinstance(sender, QAction):
            self.show_page(sender.data())

    @Slot()
    def _restyle(self) -> None:
        for button in (*self._rail_buttons.values(), self._lock):
            button.setIcon(icon(button.property("icon_name"), self._appearance.theme, "text"))
            button.setIconSize(QSize(self._appearance.px(20), self._appearance.px(20)))
            button.setFixedWidth(self._appearance.px(72))
