"""The outline of a clip with the place that is heard and the part that is chosen; drawn by hand, quick to move."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPixmap, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from reviewer.ui.theme import Appearance
from reviewer.ui.transcribe.presenter import Outline

_HEIGHT_PX = 96
_DRAG_PX = 4


class Waveform(QWidget):
    """One clip."""

    seek_requested = Signal(float)  # seconds
    selected = Signal(float, float)  # seconds

    def __init__(self, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("waveform")
        self.setAccessibleName(self.tr("Waveform"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._appearance = appearance
        self._outline: Outline = ()
        self._seconds = 0.0
        self._position_s = 0.0
        self._selection: tuple[float, float] | None = None
        self._picture: QPixmap | None = None
        self._pressed_px: float | None = None
        appearance.changed.connect(self._on_look_changed)

    def show_clip(self, outline: Outline, seconds: float) -> None:
        """Show another clip from its start."""
        self._outline, self._seconds, self._position_s, self._selection = outline, seconds, 0.0, None
        self._redraw()

    def clear(self) -> None:
        """Show nothing."""
        self.show_clip((), 0.0)

    def show_position(self, seconds: float) -> None:
        """Move the cursor; only the strips that change are painted."""
        for at in (self._position_s, seconds):
            x = self._x(at)
            self.update(int(x) - 3, 0, 7, self.height())
        left, right = sorted((self._x(self._position_s), self._x(seconds)))
        self.update(int(left), 0, int(right - left) + 2, self.height())
        self._position_s = seconds

    def show_selection(self, selection: tuple[float, float] | None) -> None:
        """Show the part that plays alone, or none."""
        self._selection = selection
        self.update()

    def sizeHint(self) -> QSize:
        """Be wide and low."""
        return QSize(600, self._appearance.px(_HEIGHT_PX))

    def minimumSizeHint(self) -> QSize:
        """Keep the height at any zoom."""
        return QSize(200, self._appearance.px(_HEIGHT_PX))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw for the new size."""
        self._picture = None
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the outline, what was heard in the accent colour, the part, and the cursor."""
        painter = QPainter(self)
        theme = self._appearance.theme
        if self._selection is not None:
            start, end = (self._x(seconds) for seconds in self._selection)
            painter.fillRect(QRectF(start, 0, end - start, self.height()), QColor(theme.selection))
        if self._picture is None:
            self._picture = self._drawn(theme.outline)
            self._heard_picture = self._drawn(theme.accent)
        at = self._x(self._position_s)
        painter.setClipRect(QRectF(at, 0, self.width() - at, self.height()).intersected(QRectF(event.rect())))
        painter.drawPixmap(0, 0, self._picture)
        painter.setClipRect(QRectF(0, 0, at, self.height()).intersected(QRectF(event.rect())))
        painter.drawPixmap(0, 0, self._heard_picture)
        painter.setClipping(False)
        if self._seconds:
            painter.fillRect(QRectF(round(at) - 1, 0, 2, self.height()), QColor(theme.text))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a part, or a jump."""
        self._pressed_px = event.position().x()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Stretch the part."""
        if self._pressed_px is not None and abs(event.position().x() - self._pressed_px) > _DRAG_PX:
            start, end = sorted((self._seconds_at(self._pressed_px), self._seconds_at(event.position().x())))
            self.selected.emit(start, end)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Jump to where the mouse was pressed, if it was not moved."""
        if self._pressed_px is not None and abs(event.position().x() - self._pressed_px) <= _DRAG_PX:
            self.selected.emit(0.0, 0.0)
            self.seek_requested.emit(self._seconds_at(event.position().x()))
        self._pressed_px = None

    def _on_look_changed(self) -> None:
        self._redraw()
        self.updateGeometry()

    def _redraw(self) -> None:
        self._picture = None
        self.update()

    def _drawn(self, colour: str) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        middle, reach, number = self.height() / 2, self.height() / 2 - 4, len(self._outline)
        loudest = max([0.05, *(max(-low, high) for low, high in self._outline)])
        if number:
            step = self.width() / number
            above = [
                QPointF((at + 0.5) * step, middle - max(1.0, high / loudest * reach))
                for at, (_, high) in enumerate(self._outline)
            ]
            below = [
                QPointF((at + 0.5) * step, middle + max(1.0, -low / loudest * reach))
                for at, (low, _) in enumerate(self._outline)
            ]
            painter.drawPolygon(QPolygonF([*above, *reversed(below)]))
        else:
            painter.fillRect(QRectF(0, middle - 0.5, self.width(), 1), QColor(self._appearance.theme.border))
        painter.end()
        return picture

    def _x(self, seconds: float) -> float:
        return seconds / self._seconds * self.width() if self._seconds else 0.0

    def _seconds_at(self, x_px: float) -> float:
        return min(max(0.0, x_px / max(1, self.width())), 1.0) * self._seconds
