"""The desk's own icons, drawn in the colour that the palette asks for.

Every file is a 20 x 20 drawing with strokes of 1.6 in `currentColor`; nothing is stored in a colour.
"""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from reviewer.resources import resource
from reviewer.ui.theme import Theme

ICON_PX = 20
_SIZES_PX = (16, 20, 24, 32, 40)  # 16 and 20 at every zoom, or near enough to scale without blur

ICONS = (
    "approve",
    "chat",
    "chevron-down",
    "chevron-right",
    "clock",
    "close",
    "diff",
    "escalate",
    "find",
    "info",
    "keyboard",
    "ledger",
    "lock",
    "logo",
    "mail",
    "minus",
    "pause",
    "phone",
    "play",
    "plus",
    "policy",
    "reject",
    "respond",
    "review",
    "settings",
    "skip",
    "sms",
    "team",
    "transcribe",
    "undo",
    "user",
    "voice",
    "warning",
)


def icon(name: str, theme: Theme, role: str = "text") -> QIcon:
    """Return an icon in the colour of a role of `theme`, greyed where its control is disabled."""
    result = QIcon()
    for size_px in _SIZES_PX:
        result.addPixmap(icon_pixmap(name, getattr(theme, role), size_px))
        result.addPixmap(icon_pixmap(name, theme.disabled, size_px), QIcon.Mode.Disabled)
    return result


def icon_pixmap(name: str, colour: str, size_px: int = ICON_PX) -> QPixmap:
    """Return an icon in `colour` (#RRGGBB) for labels and painters, sharp on the sharpest screen there is."""
    screens = QGuiApplication.screens()
    ratio = max((screen.devicePixelRatio() for screen in screens), default=1.0)
    return _drawn(name, colour, size_px, ratio)


@lru_cache(maxsize=1024)
def _drawn(name: str, colour: str, size_px: int, ratio: float) -> QPixmap:
    if name not in ICONS:
        raise ValueError(f"there is no icon {name!r}")
    drawing = resource(f"icons/{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour)
    image = QImage(QSize(round(size_px * ratio), round(size_px * ratio)), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(drawing.encode())).render(painter, QRectF(image.rect()))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return QPixmap.fromImage(image)
