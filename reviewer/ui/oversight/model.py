"""The tables of the team page."""

from datetime import datetime, timedelta

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from reviewer.domain.items import ItemHead
from reviewer.domain.oversight import Holding
from reviewer.ui.desk.words import clock, kind_label
from reviewer.ui.tables import Index, RowsModel
from reviewer.ui.theme import Appearance

_Row = tuple[ItemHead, tuple[str, ...], str]  # the words of its cells, and the role of the last one's colour
_ENDING = timedelta(minutes=1)


class ItemsModel(RowsModel[_Row]):
    """Rows of words about items; rows that only changed keep the selection."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__((), parent)
        self._appearance = appearance
        self._masked = False

    def set_masked(self, masked: bool) -> None:  # noqa: FBT001 - told by a signal
        """Leave out what a producer called an item: it may have made that of a name or a number."""
        self._masked = masked
        self._repaint()

    def item_id(self, row: int) -> str:
        """Return the item of a row."""
        return self._rows[row][0].id

    def name(self, row: int) -> str:
        """Return what a row's item is called."""
        head = self._rows[row][0]
        return f"{kind_label(head.kind)} · {self.tr('(masked)') if self._masked else head.external_id}"

    def row_of(self, item_id: str) -> int | None:
        """Return where an item stands, if it does."""
        return next((row for row, (head, _, _) in enumerate(self._rows) if head.id == item_id), None)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's words, or the colour of what needs attention."""
        if not index.isValid():
            return None
        _, words, tone = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.name(index.row()) if index.column() == 0 else words[index.column() - 1]
        if role == Qt.ItemDataRole.ForegroundRole and tone and index.column() == len(self._headers) - 1:
            return QColor(getattr(self._appearance.theme, tone))
        return None

    def _set(self, rows: list[_Row]) -> None:
        if [head.id for head, _, _ in rows] == [head.id for head, _, _ in self._rows]:
            self._rows = rows
            self._repaint()
        else:
            self._replace(rows)


class HeldModel(ItemsModel):
    """Who holds what."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(appearance, parent)
        self._headers = (self.tr("Item"), self.tr("Who"), self.tr("Since"), self.tr("Where"), self.tr("Lease"))

    def show_held(self, held: tuple[Holding, ...], now: datetime) -> None:
        """Show these leases."""
        rows: list[_Row] = []
        for each in held:
            left = each.expires_at - now
            since = "" if each.since is None else self.tr("{0} ago").format(age_words(now - each.since))
            words = (each.member, since, self._where(each), clock(max(0.0, left.total_seconds())))
            rows.append((each.head, words, "caution" if left < _ENDING else ""))
        self._set(rows)

    def _where(self, holding: Holding) -> str:
        if holding.handed:
            return self.tr("handed over, not taken up yet")
        return self.tr("comes next") if holding.ahead else self.tr("on screen")


class EscalatedModel(ItemsModel):
    """What waits for a supervisor."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(appearance, parent)
        self._headers = (self.tr("Item"), self.tr("Received"), self.tr("Due"))

    def show_escalated(self, heads: tuple[ItemHead, ...], now: datetime) -> None:
        """Show these items."""
        rows: list[_Row] = []
        for head in heads:
            late = head.due_at is not None and head.due_at <= now
            due = "" if head.due_at is None else age_words(abs(now - head.due_at))
            if due:
                due = self.tr("{0} late").format(due) if late else self.tr("in {0}").format(due)
            words = (self.tr("{0} ago").format(age_words(now - head.received_at)), due)
            rows.append((head, words, "stop" if late else ""))
        self._set(rows)


def age_words(age: timedelta) -> str:
    """Return a length of time as people say it: 40 s, 12 min, 3 h, 2 d."""
    seconds = max(0, int(age.total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
