"""What was decided in this session, and what can still be undone."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QLabel, QTableView, QVBoxLayout, QWidget

from reviewer.domain.kinds import KINDS
from reviewer.ui.desk.presenter import HistoryEntry
from reviewer.ui.desk.words import clock, kind_label, state_word, verdict_word
from reviewer.ui.theme import set_role

_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class HistoryModel(QAbstractTableModel):
    """The decisions of this session, newest first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._entries: tuple[HistoryEntry, ...] = ()
        self._masked = False
        self._headers = (self.tr("Time"), self.tr("Item"), self.tr("Decision"), self.tr("Where it stands"))

    def set_entries(self, entries: tuple[HistoryEntry, ...]) -> None:
        """Show other decisions."""
        if [id(entry) for entry in entries] == [id(entry) for entry in self._entries]:
            self.refresh()
            return
        self.beginResetModel()
        self._entries = entries
        self.endResetModel()

    def set_masked(self, masked: bool) -> None:  # noqa: FBT001 - told by a signal
        """Leave out what a producer called an item: it may have made that of a name or a number."""
        self._masked = masked
        self.refresh()

    def entry(self, row: int) -> HistoryEntry:
        """Return the decision of a row."""
        return self._entries[row]

    def refresh(self) -> None:
        """Repaint the states and countdowns."""
        if self._entries:
            self.dataChanged.emit(self.index(0, 1), self.index(len(self._entries) - 1, 3))

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """Return the number of decisions."""
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: _Index = _NOWHERE) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self._headers)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a column's heading."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._headers[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's words."""
        if not index.isValid() or role != Qt.ItemDataRole.DisplayRole:
            return None
        entry = self._entries[index.row()]
        if index.column() == 0:
            return f"{entry.decided_at.astimezone():%H:%M:%S}"
        if index.column() == 1:
            about = self.tr("(masked)") if self._masked else entry.item.item.head.external_id
            return f"{kind_label(entry.item.item.kind)} · {about}"
        if index.column() == 2:
            return verdict_word(entry.verdict)
        if entry.seconds_left > 0:
            return f"{state_word(entry.state)} {clock(entry.seconds_left + 0.999)}"
        return state_word("settled" if entry.state == "held" else entry.state)


class HistoryPanel(QFrame):
    """The list of this session's decisions."""

    signed_requested = Signal(str)  # the item of a signed final that somebody wants to see

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "panel")
        self._model = HistoryModel(self)
        self._entries: tuple[HistoryEntry, ...] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 8)
        column.setSpacing(8)
        title = QLabel(self.tr("Decisions of this session"), self)
        set_role(title, "heading")
        self.table = QTableView(self)
        self.table.setObjectName("history")
        self.table.setAccessibleName(title.text())
        self.table.setModel(self._model)
        self.table.setFrameShape(QFrame.Shape.NoFrame)
        self.table.setShowGrid(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._empty = QLabel(self.tr("Nothing decided yet."), self)
        set_role(self._empty, "muted")
        column.addWidget(title)
        column.addWidget(self._empty)
        column.addWidget(self.table, stretch=1)
        self.table.hide()
        self.table.activated.connect(self._on_activated)

    def set_masked(self, masked: bool) -> None:  # noqa: FBT001 - told by a signal
        """Leave out what items are called."""
        self._model.set_masked(masked)

    def show_entries(self, entries: tuple[HistoryEntry, ...]) -> None:
        """Show the decisions. While the panel is hidden they only wait: a long session must not slow each decision."""
        self._entries = entries
        if not self.isHidden():
            self._fill()

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        entry = self._model.entry(index.row())
        if entry.verdict.releases and KINDS[entry.item.item.kind].signed:
            self.signed_requested.emit(entry.item.item.id)

    def refresh_clocks(self) -> None:
        """Repaint the countdowns."""
        if self.isVisible():
            self._model.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Show what was decided since the panel was last seen."""
        self._fill()
        super().showEvent(event)

    def _fill(self) -> None:
        self._model.set_entries(self._entries)
        self.table.setVisible(bool(self._entries))
        self._empty.setVisible(not self._entries)
