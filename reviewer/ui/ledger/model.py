"""The table of the ledger page."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from reviewer.services.ledger import EntryRow
from reviewer.ui.desk.words import kind_label
from reviewer.ui.ledger.words import action_word
from reviewer.ui.tables import Index, RowsModel


class EntriesModel(RowsModel[EntryRow]):
    """Entries, newest first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__((), parent)
        self._names: dict[str, str] = {}
        self._masked = False
        self._headers = (self.tr("No."), self.tr("Time"), self.tr("Who"), self.tr("What"), self.tr("Item"))

    def set_names(self, names: dict[str, str]) -> None:
        """Show members by these names."""
        self._names = names

    def set_masked(self, masked: bool) -> None:  # noqa: FBT001 - told by a signal
        """Leave out what a producer called an item: it may have made that of a name or a number."""
        self._masked = masked
        self._repaint()

    def about(self, row: EntryRow) -> str:
        """Return what the item of an entry is called, or its id."""
        name = self.tr("(masked)") if self._masked else row.external_id
        return name or row.item_id or ""

    def set_rows(self, rows: list[EntryRow]) -> None:
        """Show other entries."""
        self._replace(rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
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
