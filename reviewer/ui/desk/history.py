"""What was decided in this session, and what can still be undone."""

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from reviewer.domain.kinds import KINDS
from reviewer.ui.desk.state import HistoryEntry
from reviewer.ui.desk.words import clock, kind_label, state_word, verdict_word
from reviewer.ui.tables import Index, RowsModel, rows_table
from reviewer.ui.theme import set_role


class HistoryModel(RowsModel[HistoryEntry]):
    """The decisions of this session, newest first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__((), parent)
        self._masked = False
        self._headers = (self.tr("Time"), self.tr("Item"), self.tr("Decision"), self.tr("Where it stands"))

    def set_entries(self, entries: tuple[HistoryEntry, ...]) -> None:
        """Show other decisions."""
        if [id(entry) for entry in entries] == [id(entry) for entry in self._rows]:
            self._repaint()
        else:
            self._replace(list(entries))

    def set_masked(self, masked: bool) -> None:  # noqa: FBT001 - told by a signal
        """Leave out what a producer called an item: it may have made that of a name or a number."""
        self._masked = masked
        self._repaint()

    def refresh(self) -> None:
        """Repaint the states and countdowns."""
        self._repaint()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's words."""
        if not index.isValid() or role != Qt.ItemDataRole.DisplayRole:
            return None
        entry = self._rows[index.row()]
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
        self.table = rows_table("history", self._model, 1, self)
        self.table.setAccessibleName(title.text())
        self.table.setFrameShape(QFrame.Shape.NoFrame)
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
        entry = self._model.row(index.row())
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
