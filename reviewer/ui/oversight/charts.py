"""Small charts of the team page: how old what waits is, and how much was settled each hour."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from reviewer.ui.theme import Appearance

_BAR_PX, _CHART_PX = 10, 72
_RADIUS = 2.0


class _Chart(QWidget):
    """What the charts share: a look, a size, and a painter without outlines."""

    def __init__(self, appearance: Appearance, size_px: tuple[int, int], parent: QWidget) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._size_px = size_px

    def sizeHint(self) -> QSize:
        """Return the usual size."""
        return QSize(*map(self._appearance.px, self._size_px))

    def _painter(self) -> QPainter:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        return painter


class AgeBar(_Chart):
    """A bar as long as the number that waits, in parts that grow stronger with age."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(appearance, (160, _BAR_PX), parent)
        self._ages: tuple[int, ...] = ()
        self._longest = 1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_ages(self, ages: tuple[int, ...], longest: int) -> None:
        """Show these numbers, youngest first, where `longest` fills the width."""
        if (ages, longest) != (self._ages, self._longest):
            self._ages, self._longest = ages, max(1, longest)
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the parts from left to right."""
        del event
        theme = self._appearance.theme
        painter = self._painter()
        painter.setBrush(theme.colour("border"))
        painter.drawRoundedRect(QRectF(self.rect()), _RADIUS, _RADIUS)
        at = 0.0
        for number, colour in zip(self._ages, age_colours(self._appearance), strict=True):
            width = self.width() * number / self._longest
            if number:
                width = max(width, 2.0)
                painter.setBrush(colour)
                painter.drawRoundedRect(QRectF(at, 0, width, self.height()), _RADIUS, _RADIUS)
            at += width
        painter.end()


class HourChart(_Chart):
    """A column for each hour."""

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(appearance, (320, _CHART_PX), parent)
        self._numbers: tuple[int, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(appearance.px(_CHART_PX))

    def show_numbers(self, numbers: tuple[int, ...]) -> None:
        """Show these numbers, oldest first."""
        if numbers != self._numbers:
            self._numbers = numbers
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the columns on their base line."""
        del event
        theme = self._appearance.theme
        painter = self._painter()
        step = self.width() / max(1, len(self._numbers))
        most = max((*self._numbers, 1))
        for place, number in enumerate(self._numbers):
            height = max(1.0, (self.height() - 2) * number / most)
            painter.setBrush(theme.colour("accent" if number else "border"))
            column = QRectF(place * step + 1, self.height() - height, max(1.0, step - 3), height)
            painter.drawRoundedRect(column, _RADIUS if number else 0, _RADIUS if number else 0)
        painter.end()


def age_colours(appearance: Appearance) -> Sequence[QColor]:
    """Return a colour for each age: calm at first, a caution after hours, a stop after a day."""
    theme = appearance.theme
    young = QColor(theme.accent)
    young.setAlphaF(0.45)
    middle = QColor(theme.accent)
    middle.setAlphaF(0.7)
    old = QColor(theme.caution)
    old.setAlphaF(0.75)
    return (young, middle, QColor(theme.accent), old, QColor(theme.stop))
