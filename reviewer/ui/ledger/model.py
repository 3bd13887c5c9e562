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
        self._masked = False
        self._headers = (self.tr("No."), self.tr("Time"), self.tr("Who"), self.tr("What"), self.tr("Item"))

    def set_names(self, names: dict[str, str]) -> None:
        """Show members by these names."""
        self._names = names

    def set_masked(self, masked: bool) -> None:  # noqa: FBT001 - told by a signal
        """Leave out what a producer called an item: it may have made that of a name or a number."""
        self._masked = masked
        if self._rows:
            last = len(self._headers) - 1
            self.dataChanged.emit(self.index(0, last), self.index(len(self._rows) - 1, last))

    def about(self, row: EntryRow) -> str:
        """Return what the item of an entry is called, or its id."""
        name = self.tr("(masked)") if self._masked else row.external_id
        return name or row.item_id or ""

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
        about = f"{kind_label(row.kind)} · {self.about(row)}" if row.kind and row.external_id else ""
        cells = (
            f"{row.position:,}",
            f"{row.at.astimezone():%d %b %H:%M:%S}",
            self._names.get(row.actor, row.actor[:8]),
            action_word(row.action),
            about,
        )
        return cells[index.column()]
