"""The list of what waits: rows over frozen heads, nothing of their content."""

from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QCoreApplication, QModelIndex, QPersistentModelIndex, Qt

from reviewer.domain.items import ItemHead, ItemState
from reviewer.ui.desk.words import channel_label, due_label, kind_label

HEAD_ROLE = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class QueueModel(QAbstractTableModel):
    """What waits, the most urgent first."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self._all: tuple[ItemHead, ...] = ()
        self._rows: tuple[ItemHead, ...] = ()
        self._kind: str | None = None

    def set_rows(self, rows: tuple[ItemHead, ...]) -> bool:
        """Show other rows; False where nothing changed, so that nothing flickers."""
        if rows == self._all:
            return False
        self._all = rows
        self._refilter()
        return True

    def set_kind(self, kind: str | None) -> None:
        """Show one kind only, or all."""
        self._kind = kind
        self._refilter()

    def refresh_clocks(self) -> None:
        """Repaint the due times."""
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 0))

    def head(self, row: int) -> ItemHead:
        """Return the item of a row."""
        return self._rows[row]

    def index_of(self, item_id: str | None) -> QModelIndex:
        """Return where an item stands, an invalid index where it is not shown."""
        row = next((row for row, head in enumerate(self._rows) if head.id == item_id), -1)
        return self.index(row, 0)

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _NOWHERE) -> int:
        """Return 1: a row paints itself."""
        return 0 if parent.isValid() else 1

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a row's head, or its words for a screen reader."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        head = self._rows[index.row()]
        if role == HEAD_ROLE:
            return head
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            words = [kind_label(head.kind), channel_label(head.channel), due_label(head.due_at, datetime.now(UTC))]
            if head.state is ItemState.ESCALATED:
                words.append(QCoreApplication.translate("Queue", "escalated"))
            return ", ".join(word for word in words if word)
        return None

    def _refilter(self) -> None:
        self.beginResetModel()
        self._rows = tuple(head for head in self._all if self._kind in (None, head.kind))
        self.endResetModel()
