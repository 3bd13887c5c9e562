"""The table of the ledger page."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QWidget

from reviewer.services.ledger import EntryRow
from reviewer.ui.desk.words import kind_label
from reviewer.ui.ledger.words import action_word

_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class EntriesModel(QAbstractTableModel):
    """Entries, newest first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[EntryRow] = []
        self._names: dict[str, str] = {}
        self._headers = (self.tr("No."), self.tr("Time"), self.tr("Who"), self.tr("What"), self.tr("Item"))

    def set_names(self, names: dict[str, str]) -> None:
        """Show members by these names."""
        self._names = names

    def set_rows(self, rows: list[EntryRow]) -> None:
        """Show other entries."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def row(self, number: int) -> EntryRow:
        """Return the entry of a row."""
        return self._rows[number]

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """Return the number of entries."""
        return 0 if parent.isValid() else len(self._rows)

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
        row = self._rows[index.row()]
        about = f"{kind_label(row.kind)} · {row.external_id}" if row.kind and row.external_id else ""
        cells = (
            f"{row.position:,}",
            f"{row.at.astimezone():%d %b %H:%M:%S}",
            self._names.get(row.actor, row.actor[:8]),
            action_word(row.action),
            about,
        )
        return cells[index.column()]
