"""Wavy lines under words, drawn over a text edit.

Qt can draw them too, but for each of its marks it draws every line of the paragraph anew: a hundred in a long paragraph
held up each key for a tenth of a second. Here a mark costs some microseconds.
"""

import math
from collections.abc import Iterable, Iterator

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit

from reviewer.ui.theme import Appearance

Mark = tuple[QTextCursor, QTextCharFormat]  # a range that moves with the text, and its look

_PERIOD_PX, _HEIGHT_PX = 6, 5
_STEPS = 8  # straight pieces to a period


def is_wavy(mark: Mark) -> bool:
    """Tell whether a mark is a wavy line."""
    return mark[1].underlineStyle() == QTextCharFormat.UnderlineStyle.WaveUnderline


def characters_in_sight(edit: QTextEdit, area: QRect) -> tuple[int, int]:
    """Return the first and last position of the document in an area of the viewport, or a little before and behind."""
    # A line more at both ends, so that it does not matter in which direction a line runs.
    line_height = 2 * edit.fontMetrics().lineSpacing()
    seen = QRectF(area.translated(_scrolled(edit)).adjusted(0, -line_height, 0, line_height))
    layout, fuzzy = edit.document().documentLayout(), Qt.HitTestAccuracy.FuzzyHit
    return layout.hitTest(seen.topLeft(), fuzzy), layout.hitTest(seen.bottomRight(), fuzzy)


def _scrolled(edit: QTextEdit) -> QPoint:
    return QPoint(edit.horizontalScrollBar().value(), edit.verticalScrollBar().value())


class Waves:
    """The wavy lines of one text edit, which calls `paint` after its text is painted."""

    def __init__(self, edit: QTextEdit, appearance: Appearance) -> None:
        self._edit = edit
        self._appearance = appearance
        self._marks: list[Mark] = []
        self._tiles: dict[tuple[str, int, float], QPixmap] = {}

    def show(self, marks: Iterable[Mark]) -> None:
        """Draw a line under each of these ranges, in its underline colour, and under no others."""
        before, self._marks = self._marks, list(marks)
        if before or self._marks:
            self._edit.viewport().update()

    def paint(self, area: QRect) -> None:
        """Paint the lines in an area of the viewport."""
        if not self._marks:
            return
        scrolled = _scrolled(self._edit)
        first, last = characters_in_sight(self._edit, area)
        painter = QPainter(self._edit.viewport())
        painter.translate(-scrolled)
        for cursor, look in self._marks:
            start, end = cursor.selectionStart(), cursor.selectionEnd()
            if start < end and start <= last and end >= first:
                tile = self._tile(look.underlineColor())
                for left, right, baseline in self._line_parts(start, end):
                    below = round(baseline) + self._appearance.px(1)
                    painter.drawTiledPixmap(
                        round(left), below, round(right - left), self._appearance.px(_HEIGHT_PX), tile
                    )
        painter.end()

    def _line_parts(self, start: int, end: int) -> Iterator[tuple[float, float, float]]:
        """Yield left, right and baseline of a range, in the document, on each line that it touches."""
        block = self._edit.document().findBlock(start)
        while block.isValid() and block.position() < end:
            layout, here = block.layout(), block.position()
            line = layout.lineForTextPosition(max(0, start - here))
            while line.isValid() and here + line.textStart() < end:
                first = max(start - here, line.textStart())
                last = min(end - here, line.textStart() + line.textLength())
                # In the stubs it is a number; in truth that and a position.
                left, right = sorted(line.cursorToX(place)[0] for place in (first, last))  # type: ignore[index]
                x, baseline = layout.position().x(), layout.position().y() + line.y() + line.ascent()
                yield x + left, x + right, baseline
                line = layout.lineAt(line.lineNumber() + 1)
            block = block.next()

    def _tile(self, colour: QColor) -> QPixmap:
        """Return one period of a line in a colour."""
        period, ratio = self._appearance.px(_PERIOD_PX), self._edit.devicePixelRatioF()
        key = (colour.name(), period, ratio)
        if key not in self._tiles:
            self._tiles[key] = _draw_tile(colour, period, self._appearance.px(_HEIGHT_PX), ratio)
        return self._tiles[key]


def _draw_tile(colour: QColor, width: int, height: int, ratio: float) -> QPixmap:
    tile = QPixmap(QSize(width, height) * ratio)
    tile.setDevicePixelRatio(ratio)
    tile.fill(Qt.GlobalColor.transparent)
    # It starts before the tile and ends behind it, so that tiles join.
    turns = [step / _STEPS for step in range(-_STEPS, 2 * _STEPS + 1)]
    wave = [QPointF(turn * width, height / 2 + height / 4 * math.sin(math.tau * turn)) for turn in turns]
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, height / 4))
    painter.drawPolyline(wave)
    painter.end()
    return tile
