"""How the desk looks: two palettes, one interface font, one small style sheet.

Everything that has a colour takes it from a `Theme` by the name of its role, and everything that has a size takes it
from `Appearance`, so that a change of mode or zoom reaches every page at once. Both palettes keep a contrast of at
least 4.5:1 for text (WCAG 2.2, 1.4.3); a test holds that.
"""

from dataclasses import asdict, dataclass
from functools import cache
from string import Template
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from reviewer.resources import resource

Mode = Literal["light", "dark", "system"]

ZOOM_STEP = 10
ZOOM_MIN, ZOOM_MAX = 100, 200
BASE_POINTS = 10.5
READING_POINTS = 11.5
SMALL_POINTS = 9.5
LINE_HEIGHT_PERCENT = 145
RADIUS_PX = 6

_FONT_FILES = ("Inter-Regular", "Inter-Italic", "Inter-Medium", "Inter-SemiBold", "Inter-Bold")
_ROLE_PROPERTY = "role"


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one palette, by role, as #RRGGBB."""

    name: str
    window: str  # behind everything
    surface: str  # what is read or written on
    border: str  # hairlines between parts
    outline: str  # the edge of a control, 3:1 against window and surface (WCAG 1.4.11)
    text: str
    muted: str  # text of second rank
    accent: str  # what can be pressed or has the focus
    accent_text: str  # on accent
    accent_hover: str
    selection: str  # behind selected text and rows
    hover: str
    pressed: str
    disabled: str  # text of what cannot be used now
    good: str
    good_soft: str  # a tint to stand behind text
    caution: str
    caution_soft: str
    stop: str
    stop_soft: str
    added: str  # behind words that were added
    removed: str  # behind words that were removed
    mark: str  # behind the evidence that is being shown
    first_bubble: str  # the turns of the first speaker
    first_bar: str
    other_bubble: str  # the turns of everybody else
    other_bar: str

    def colour(self, role: str) -> QColor:
        """Return the colour of a role by its name."""
        return QColor(getattr(self, role))


LIGHT = Theme(
    name="light",
    window="#F4F6F8",
    surface="#FFFFFF",
    border="#D5DBE3",
    outline="#7D8997",
    text="#1B2430",
    muted="#55606E",
    accent="#1D5BB8",
    accent_text="#FFFFFF",
    accent_hover="#174A97",
    selection="#DCE8FA",
    hover="#E9EDF2",
    pressed="#DDE3EA",
    disabled="#7B8694",
    good="#1B7548",
    good_soft="#E1F3E9",
    caution="#8F5400",
    caution_soft="#FBEFD9",
    stop="#B3261E",
    stop_soft="#FCE7E5",
    added="#D3EFDF",
    removed="#FADBD8",
    mark="#FFE9A6",
    first_bubble="#F2F5F8",
    first_bar="#1D5BB8",
    other_bubble="#F6F2FB",
    other_bar="#7A4BB0",
)

DARK = Theme(
    name="dark",
    window="#14181D",
    surface="#1C2128",
    border="#343D49",
    outline="#6F7B8A",
    text="#E6EAF0",
    muted="#A3AEBB",
    accent="#82B1FF",
    accent_text="#0C1520",
    accent_hover="#A6C8FF",
    selection="#253A57",
    hover="#262D36",
    pressed="#303944",
    disabled="#7C8794",
    good="#6CCB9A",
    good_soft="#1B3328",
    caution="#F0B45B",
    caution_soft="#3A2E19",
    stop="#FF8A80",
    stop_soft="#40252A",
    added="#1E4431",
    removed="#54292C",
    mark="#5C4A14",
    first_bubble="#242B34",
    first_bar="#82B1FF",
    other_bubble="#2A2635",
    other_bar="#C3A5F2",
)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2, "contrast ratio"), from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    # WCAG 2.2, "relative luminance".
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def tabular(font: QFont) -> QFont:
    """Return `font` with figures of one width, for clocks and counts that must not jitter."""
    steady = QFont(font)
    steady.setFeature(QFont.Tag("tnum"), 1)
    return steady


def set_role(widget: QWidget, role: str) -> None:
    """Give `widget` a role that the style sheet knows and show it at once.

    Roles: on a label `heading`, `title`, `muted`, `small`, `good`, `caution`, `stop`; on a button `primary`, `quiet`,
    `danger`; on a frame `panel`, `strip`, `strip-good`, `strip-caution`, `strip-stop`, `chip`.
    """
    if widget.property(_ROLE_PROPERTY) == role:
        return
    widget.setProperty(_ROLE_PROPERTY, role)
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)


class Appearance(QObject):
    """The one place that decides mode and zoom, and applies them to the application."""

    changed = Signal()

    def __init__(
        self,
        application: QApplication,
        parent: QObject | None = None,
        *,
        mode: Mode = "system",
        zoom: int = 100,
    ) -> None:
        """Take over the look of `application` and apply it; `zoom` is in percent."""
        super().__init__(parent)
        self._application = application
        self._mode: Mode = mode
        self._zoom = _allowed_zoom(zoom)
        self._applying = False
        _load_fonts()
        application.setStyle("Fusion")
        application.styleHints().colorSchemeChanged.connect(self._follow_system)
        self._apply()

    @property
    def mode(self) -> Mode:
        """Return what was chosen, which may be to follow the system."""
        return self._mode

    @property
    def zoom(self) -> int:
        """Return the zoom in percent."""
        return self._zoom

    @property
    def theme(self) -> Theme:
        """Return the palette in force."""
        dark = self._mode == "dark" or (self._mode == "system" and self._system_is_dark())
        return DARK if dark else LIGHT

    def set_mode(self, mode: Mode) -> None:
        """Choose light, dark or what the system says."""
        if mode != self._mode:
            self._mode = mode
            self._apply()
            self.changed.emit()

    def set_zoom(self, percent: int) -> None:
        """Choose the size of everything, rounded to a step of ten and kept within 100 to 200 percent."""
        zoom = _allowed_zoom(percent)
        if zoom != self._zoom:
            self._zoom = zoom
            self._apply()
            self.changed.emit()

    @Slot()
    def zoom_in(self) -> None:
        """Make everything one step larger."""
        self.set_zoom(self._zoom + ZOOM_STEP)

    @Slot()
    def zoom_out(self) -> None:
        """Make everything one step smaller."""
        self.set_zoom(self._zoom - ZOOM_STEP)

    @Slot()
    def reset_zoom(self) -> None:
        """Go back to 100 percent."""
        self.set_zoom(100)

    def font(self, points: float = BASE_POINTS, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """Return the interface font at a size that follows the zoom."""
        font = QFont("Inter")
        font.setPointSizeF(points * self._zoom / 100)
        font.setWeight(weight)
        return font

    def reading_font(self) -> QFont:
        """Return the font of drafts and sources."""
        return self.font(READING_POINTS)

    def small_font(self, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """Return the font of what stands beside the text: times, names, counts."""
        return self.font(SMALL_POINTS, weight)

    def clock_font(self, points: float = BASE_POINTS) -> QFont:
        """Return the interface font with figures of one width."""
        return tabular(self.font(points))

    def code_font(self) -> QFont:
        """Return the platform's monospaced font, for code points and digests."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(BASE_POINTS * self._zoom / 100)
        return font

    def px(self, size_px: float) -> int:
        """Return a length that follows the zoom, in device-independent pixels."""
        return round(size_px * self._zoom / 100)

    @Slot()
    def _follow_system(self) -> None:
        if self._mode == "system" and not self._applying:
            self._apply()
            self.changed.emit()

    def _system_is_dark(self) -> bool:
        return self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark

    def _apply(self) -> None:
        self._applying = True
        self._tell_platform()
        theme = self.theme
        self._application.setPalette(palette(theme))
        self._application.setFont(self.font())
        self._application.setStyleSheet(_style_sheet(theme, self._zoom))
        self._applying = False

    def _tell_platform(self) -> None:
        """Let frames and title bars that the platform draws follow our mode, where it can."""
        hints = self._application.styleHints()
        if self._mode == "system":
            hints.unsetColorScheme()
        else:
            hints.setColorScheme(Qt.ColorScheme.Dark if self._mode == "dark" else Qt.ColorScheme.Light)


def palette(theme: Theme) -> QPalette:
    """Return `theme` as Qt wants it."""
    roles = QPalette.ColorRole
    result = QPalette()
    for role, colour in {
        roles.Window: theme.window,
        roles.WindowText: theme.text,
        roles.Base: theme.surface,
        roles.AlternateBase: theme.window,
        roles.Text: theme.text,
        roles.PlaceholderText: theme.muted,
        roles.Button: theme.surface,
        roles.ButtonText: theme.text,
        roles.BrightText: theme.stop,
        roles.Highlight: theme.selection,
        roles.HighlightedText: theme.text,
        roles.Link: theme.accent,
        roles.LinkVisited: theme.accent,
        roles.ToolTipBase: theme.surface,
        roles.ToolTipText: theme.text,
        roles.Light: theme.surface,
        roles.Midlight: theme.hover,
        roles.Mid: theme.border,
        roles.Dark: theme.outline,
        roles.Shadow: theme.border,
        roles.Accent: theme.accent,
    }.items():
        result.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText, roles.HighlightedText):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.disabled))
    return result


def _allowed_zoom(percent: int) -> int:
    steps = round(percent / ZOOM_STEP) * ZOOM_STEP
    return min(ZOOM_MAX, max(ZOOM_MIN, steps))


@cache
def _load_fonts() -> None:
    for name in _FONT_FILES:
        QFontDatabase.addApplicationFont(str(resource(f"fonts/{name}.otf")))


def _style_sheet(theme: Theme, zoom: int) -> str:
    lengths = {f"px{n}": f"{round(n * zoom / 100)}px" for n in (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 16, 20, 24)}
    points = {"small_points": SMALL_POINTS, "heading_points": 12.0, "title_points": 15.0}
    sizes = {name: f"{size * zoom / 100:.2f}pt" for name, size in points.items()}
    marks = {
        name: resource(f"styles/{theme.name}/{name}.svg").as_posix()
        for name in ("chevron", "chevron_up", "tick", "dot")
    }
    # Hairlines and the focus ring stay one and two pixels at every zoom: they are lines, not lengths.
    template = Template(resource("styles/desk.qss").read_text(encoding="utf-8"))
    return template.substitute(asdict(theme), radius=f"{RADIUS_PX}px", **lengths, **sizes, **marks)
