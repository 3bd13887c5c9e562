"""The columns beside the editor: what waits, and the source."""

from datetime import UTC, datetime

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt, Signal, Slot
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QLabel,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from reviewer.domain.items import ItemHead, ItemState
from reviewer.domain.kinds import KINDS
from reviewer.services.queue import Overview
from reviewer.ui.desk.model import HEAD_ROLE, QueueModel
from reviewer.ui.desk.rows import RowPainter, draw_cut
from reviewer.ui.desk.words import channel_label, due_label, kind_label
from reviewer.ui.theme import Appearance, set_role

_Index = QModelIndex | QPersistentModelIndex


class _QueueRow(RowPainter):
    """Paints a row of the queue: kind and due time on the first line, channel and language on the second."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(appearance, HEAD_ROLE, parent, height_px=48, left_px=12)

    def paint_lines(self, painter: QPainter, top: QRect, bottom: QRect, row: object) -> None:
        """Paint the two lines of a row."""
        if not isinstance(row, ItemHead):
            return
        theme, px = self.appearance.theme, self.appearance.px
        due = due_label(row.due_at, datetime.now(UTC))
        late = row.due_at is not None and row.due_at <= datetime.now(UTC)
        painter.setFont(self.appearance.small_font())
        painter.setPen(theme.colour("stop" if late else "muted"))
        painter.drawText(top, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, due)
        room = top.width() - painter.fontMetrics().horizontalAdvance(due) - px(8)
        painter.setFont(self.appearance.font(weight=QFont.Weight.Medium))
        painter.setPen(theme.colour("text"))
        draw_cut(painter, top, kind_label(row.kind), room)
        painter.setFont(self.appearance.small_font())
        painter.setPen(theme.colour("caution" if row.state is ItemState.ESCALATED else "muted"))
        draw_cut(painter, bottom, self._detail(row), bottom.width())

    def _detail(self, head: ItemHead) -> str:
        words = [channel_label(head.channel)]
        if head.language:
            words.append(head.language)
        if head.state is ItemState.ESCALATED:
            words.insert(0, "▲ " + self.tr("escalated"))
        if head.priority > 0:
            words.append(self.tr("priority {0}").format(head.priority))
        return " · ".join(words)


class QueuePanel(QFrame):
    """What waits, by kind and due time."""

    item_chosen = Signal(str)

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "panel")
        self._overview: Overview | None = None
        self._title = QLabel(self.tr("Waiting"), self)
        set_role(self._title, "heading")
        self._filters = QButtonGroup(self)
        self._buttons: dict[str | None, QPushButton] = {}
        self._filter_box = QWidget(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(8)
        self._title.setContentsMargins(12, 0, 12, 0)
        column.addWidget(self._title)
        column.addWidget(self._make_filters())
        self.model = QueueModel(self)
        self.list = QListView(self)
        self.list.setObjectName("queue")
        self.list.setAccessibleName(self.tr("Waiting items"))
        set_role(self.list, "bare")
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setModel(self.model)
        self.list.setItemDelegate(_QueueRow(appearance, self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.activated.connect(self._on_activated)
        self._empty = QLabel(self.tr("Nothing waits."), self)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        set_role(self._empty, "muted")
        column.addWidget(self.list, stretch=1)
        column.addWidget(self._empty, stretch=1)
        self._empty.hide()

    def show_overview(self, overview: Overview) -> None:
        """Show what waits now."""
        self._overview = overview
        here, scrolled = self.list.currentIndex(), self.list.verticalScrollBar().value()
        chosen = self.model.head(here.row()).id if here.isValid() else None
        if self.model.set_rows(overview.waiting):
            self.list.setCurrentIndex(self.model.index_of(chosen))
            self.list.verticalScrollBar().setValue(scrolled)
        for kind, button in self._buttons.items():
            number = overview.number() if kind is None else overview.by_kind[kind]
            name = self.tr("All") if kind is None else kind_label(kind)
            button.setText(f"{name} {number:,}")
            button.setVisible(kind is None or bool(number) or button.isChecked())
        self._show_emptiness()

    def _make_filters(self) -> QWidget:
        grid = QGridLayout(self._filter_box)
        grid.setContentsMargins(8, 0, 8, 0)
        grid.setSpacing(2)
        for place, kind in enumerate((None, *KINDS)):
            button = QPushButton(self._filter_box)
            set_role(button, "filter")
            button.setCheckable(True)
            button.setChecked(kind is None)
            button.setProperty("kind", kind or "")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._filters.addButton(button)
            self._buttons[kind] = button
            row, at = divmod(place + 1, 2)  # the first has a line of its own: beside it a longer name would be cut
            alone = kind is None or (place == len(KINDS) and at == 0)
            grid.addWidget(button, row, 0 if kind is None else at, 1, 2 if alone else 1)
        grid.setColumnStretch(1, 1)
        self._filters.buttonClicked.connect(self._on_filter)
        return self._filter_box

    @Slot(object)
    def _on_filter(self, button: QPushButton) -> None:
        self.model.set_kind(button.property("kind") or None)
        self._show_emptiness()

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.item_chosen.emit(self.model.head(index.row()).id)

    def _show_emptiness(self) -> None:
        empty = self.model.rowCount() == 0
        self.list.setVisible(not empty)
        self._empty.setVisible(empty)
