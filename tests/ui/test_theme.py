"""The palettes, fonts, style sheet and icons."""

import re
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontInfo, QFontMetricsF, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from reviewer.resources import resource
from reviewer.ui.icons import ICONS, icon, icon_pixmap
from reviewer.ui.theme import DARK, LIGHT, Appearance, Theme, contrast, palette, set_role, tabular

BOTH = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: str(theme.name))


def test_contrast_follows_the_definition_of_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert contrast("#1D5BB8", "#1D5BB8") == 1.0


@BOTH
@pytest.mark.parametrize("ground", ["window", "surface", "selection", "hover", "first_bubble", "other_bubble"])
@pytest.mark.parametrize("role", ["text", "muted", "accent", "good", "caution", "stop"])
def test_text_in_every_colour_can_be_read_on_every_ground(theme: Theme, role: str, ground: str) -> None:
    assert contrast(getattr(theme, role), getattr(theme, ground)) >= 4.5


@BOTH
@pytest.mark.parametrize("ground", ["added", "removed", "mark", "good_soft", "caution_soft", "stop_soft", "pressed"])
def test_text_can_be_read_on_every_tint(theme: Theme, ground: str) -> None:
    assert contrast(theme.text, getattr(theme, ground)) >= 4.5


@BOTH
@pytest.mark.parametrize(
    ("role", "ground"),
    [
        ("accent_text", "accent"),
        ("accent_text", "accent_hover"),
        ("good", "good_soft"),
        ("caution", "caution_soft"),
        ("stop", "stop_soft"),
        ("first_bar", "first_bubble"),
        ("other_bar", "other_bubble"),
    ],
)
def test_pairs_that_are_made_for_each_other_can_be_read(theme: Theme, role: str, ground: str) -> None:
    assert contrast(getattr(theme, role), getattr(theme, ground)) >= 4.5


@BOTH
@pytest.mark.parametrize("ground", ["window", "surface"])
@pytest.mark.parametrize("role", ["outline", "accent", "disabled"])
def test_the_edge_of_a_control_and_its_focus_ring_can_be_seen(theme: Theme, role: str, ground: str) -> None:
    assert contrast(getattr(theme, role), getattr(theme, ground)) >= 3.0


@BOTH
def test_the_palette_of_qt_takes_its_colours_from_the_theme(theme: Theme) -> None:
    roles = QPalette.ColorRole
    made = palette(theme)
    assert made.color(roles.Window) == QColor(theme.window)
    assert made.color(roles.Base) == theme.colour("surface")
    assert made.color(roles.Highlight) == QColor(theme.selection)
    assert made.color(roles.HighlightedText) == QColor(theme.text)
    assert made.color(QPalette.ColorGroup.Disabled, roles.ButtonText) == QColor(theme.disabled)


def test_a_change_of_mode_reaches_the_application_and_is_told_once(qtbot: QtBot, appearance: Appearance) -> None:
    told: list[str] = []
    appearance.changed.connect(lambda: told.append(appearance.theme.name))
    appearance.set_mode("dark")
    appearance.set_mode("dark")
    assert told == ["dark"]
    assert QApplication.palette().color(QPalette.ColorRole.Window) == QColor(DARK.window)


def test_the_system_is_followed_while_it_says_something(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    appearance = Appearance(qapp, mode="system")
    said = {"dark": False}
    monkeypatch.setattr(appearance, "_system_is_dark", lambda: said["dark"])
    assert appearance.theme is LIGHT
    said["dark"] = True
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert appearance.theme is DARK
    assert QApplication.palette().color(QPalette.ColorRole.Window) == QColor(DARK.window)


def test_a_chosen_mode_does_not_follow_the_system(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    appearance = Appearance(qapp, mode="light")
    monkeypatch.setattr(appearance, "_system_is_dark", lambda: True)
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert appearance.theme is LIGHT


def test_a_system_that_says_nothing_is_light(qapp: QApplication) -> None:
    assert qapp.styleHints().colorScheme() == Qt.ColorScheme.Unknown, "offscreen reports no scheme"
    assert Appearance(qapp, mode="system").theme is LIGHT


@pytest.mark.parametrize(("asked", "got"), [(90, 100), (100, 100), (114, 110), (116, 120), (200, 200), (1000, 200)])
def test_zoom_goes_in_steps_of_ten_from_100_to_200(qapp: QApplication, asked: int, got: int) -> None:
    assert Appearance(qapp, mode="light", zoom=asked).zoom == got


def test_zoom_makes_text_lengths_and_existing_widgets_larger(qtbot: QtBot, appearance: Appearance) -> None:
    label, button = QLabel("Saved"), QPushButton("Approve")
    qtbot.addWidget(label)
    qtbot.addWidget(button)
    label.show()
    button.show()
    before = label.sizeHint().height(), button.sizeHint().height(), button.iconSize().height()
    appearance.set_zoom(200)
    after = label.sizeHint().height(), button.sizeHint().height(), button.iconSize().height()
    assert all(now > 1.6 * then for then, now in zip(before, after, strict=True))
    assert appearance.px(12) == 24
    assert appearance.reading_font().pointSizeF() == pytest.approx(23.0)
    appearance.zoom_in()
    assert appearance.zoom == 200
    appearance.zoom_out()
    assert appearance.zoom == 190
    appearance.reset_zoom()
    assert appearance.zoom == 100


@pytest.mark.parametrize("weight", [QFont.Weight.Normal, QFont.Weight.Medium, QFont.Weight.DemiBold, QFont.Weight.Bold])
def test_every_weight_in_use_ships(appearance: Appearance, weight: QFont.Weight) -> None:
    info = QFontInfo(appearance.font(weight=weight))
    assert (info.family(), info.weight()) == ("Inter", int(weight))


def test_italics_ship(appearance: Appearance) -> None:
    font = appearance.font()
    font.setItalic(True)
    assert QFontInfo(font).styleName() == "Italic"


def test_the_licence_of_the_font_ships_with_it() -> None:
    assert "SIL OPEN FONT LICENSE Version 1.1" in resource("fonts/OFL.txt").read_text(encoding="utf-8")


def test_figures_of_a_clock_have_one_width(appearance: Appearance) -> None:
    steady = QFontMetricsF(appearance.clock_font())
    assert steady.horizontalAdvance("11:11") == steady.horizontalAdvance("08:48")
    loose = QFontMetricsF(appearance.font())
    assert loose.horizontalAdvance("11:11") != loose.horizontalAdvance("08:48")
    assert tabular(appearance.font()).pointSizeF() == appearance.font().pointSizeF()


def test_the_style_sheet_names_colours_only_by_their_role() -> None:
    sheet = resource("styles/desk.qss").read_text(encoding="utf-8")
    assert not re.findall(r"#[0-9A-Fa-f]{3,8}\b|\brgba?\(", sheet)


def test_a_role_changes_a_widget_at_once(qtbot: QtBot, appearance: Appearance) -> None:
    label = QLabel("3 findings")
    qtbot.addWidget(label)
    label.show()
    set_role(label, "stop")
    assert label.palette().color(QPalette.ColorRole.WindowText) == QColor(LIGHT.stop)
    set_role(label, "good")
    assert label.palette().color(QPalette.ColorRole.WindowText) == QColor(LIGHT.good)


@BOTH
def test_the_focus_ring_is_two_pixels_of_accent_and_takes_no_room(
    qtbot: QtBot, qapp: QApplication, theme: Theme
) -> None:
    Appearance(qapp, mode="dark" if theme is DARK else "light")
    button = QPushButton("Respond")
    qtbot.addWidget(button)
    with qtbot.waitActive(button):
        button.show()
        button.activateWindow()
    button.clearFocus()
    size = button.sizeHint()
    button.setFocus()
    assert button.sizeHint() == size
    image = button.grab().toImage()
    middle = image.height() // 2
    assert [image.pixelColor(x, middle).name().upper() for x in (0, 1)] == [theme.accent, theme.accent]
    assert image.pixelColor(3, middle).name().upper() == theme.surface


def test_every_icon_is_listed_and_drawn_with_one_stroke_in_no_colour_of_its_own() -> None:
    files = {path.stem: path.read_text(encoding="utf-8") for path in resource("icons").glob("*.svg")}
    assert sorted(files) == list(ICONS)
    for name, drawing in files.items():
        assert 'viewBox="0 0 20 20"' in drawing, name
        assert re.findall(r'stroke-width="([^"]*)"', drawing) == ["1.6"], name
        assert re.findall(r'(?:stroke|fill)="([^"]*)"', drawing) == ["none", "currentColor"], name


@BOTH
@pytest.mark.parametrize("name", ICONS)
def test_every_icon_shows_something_in_the_colour_asked_for(appearance: Appearance, theme: Theme, name: str) -> None:
    image = icon_pixmap(name, theme.accent, 40).toImage()
    drawn = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    solid = [colour for colour in drawn if colour.alpha() == 255]
    asked = QColor(theme.accent)
    assert solid
    for colour in solid:  # the painter may round by one
        assert abs(colour.red() - asked.red()) + abs(colour.green() - asked.green()) <= 2
        assert abs(colour.blue() - asked.blue()) <= 1


def test_an_icon_is_drawn_once_and_kept(appearance: Appearance) -> None:
    assert icon_pixmap("lock", LIGHT.text).cacheKey() == icon_pixmap("lock", LIGHT.text).cacheKey()
    assert not icon("lock", LIGHT).isNull()


def test_an_unknown_icon_is_an_error(appearance: Appearance) -> None:
    with pytest.raises(ValueError, match="no icon"):
        icon_pixmap("../secret", LIGHT.text)


@pytest.mark.parametrize("name", ["icons/no-such.svg", "../pyproject.toml", "/etc/passwd"])
def test_a_resource_that_did_not_ship_is_a_clear_error(name: str) -> None:
    with pytest.raises(FileNotFoundError, match="incomplete"):
        resource(name)


def test_a_frozen_app_finds_its_resources_beside_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    icons = tmp_path / "resources" / "icons"
    icons.mkdir(parents=True)
    (icons / "lock.svg").write_text("<svg/>", encoding="utf-8")
    monkeypatch.setattr("sys._MEIPASS", str(tmp_path), raising=False)
    assert resource("icons/lock.svg") == (icons / "lock.svg").resolve()
