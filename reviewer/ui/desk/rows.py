"""Rows of two lines, as the lists of the review page paint them."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from reviewer.ui.theme import Appearance

_Index = QModelIndex | QPersistentModelIndex


class RowPainter(QStyledItemDelegate):
    """Paints what is behind a row; a subclass paints its two lines."""

    def __init__(self, appearance: Appearance, role: int, parent: QWidget, *, height_px: int, left_px: int) -> None:
        """Take what a row is made of from `role` of its index; `left_px` stays free at its left."""
        super().__init__(parent)
        self.appearance = appearance
        self._role = role
        self._height_px = height_px
        self._left_px = left_px

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Return the size of a row."""
        return QSize(120, self.appearance.px(self._height_px))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint a row."""
        theme, px = self.appearance.theme, self.appearance.px
        frame: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(frame, theme.colour("selection"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(frame, theme.colour("hover"))
        area = frame.adjusted(px(self._left_px), px(6), -px(10), -px(6))
        top = QRect(area.left(), area.top(), area.width(), area.height() // 2)
        bottom = QRect(area.left(), top.bottom(), area.width(), area.height() // 2)
        self.paint_lines(painter, top, bottom, index.data(self._role))
        painter.restore()

    def paint_lines(self, painter: QPainter, top: QRect, bottom: QRect, row: object) -> None:
        """Paint the two lines of a row."""
        raise NotImplementedError


def draw_cut(painter: QPainter, area: QRect, words: str, room: int) -> None:
    """Draw words on the left of `area`, cut with an ellipsis where they exceed `room`."""
    shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, max(0, room))
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
