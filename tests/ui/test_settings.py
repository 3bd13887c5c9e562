"""The settings page, by keys: every change holds at once, is written, and is there the next time."""

import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QKeySequenceEdit

from reviewer.domain.errors import UsageError
from tests.factories import Profile
from tests.ui.driver import DrivenDesk, press, type_text, wait_until

OpenDesk = Callable[[], DrivenDesk]


def written(profile: Profile) -> dict[str, Any]:
    """Return the settings on disk."""
    path = profile.folder / "settings.toml"
    return tomllib.loads(path.read_text()) if path.exists() else {}


def reach(name: str) -> None:
    """Go by Tab to the control of that name."""
    for _ in range(100):
        widget = QApplication.focusWidget()
        if widget is not None and widget.objectName() == name:
            return
        press("Tab")
    raise AssertionError(f"Tab does not reach {name}")


@pytest.fixture
def desk(profile: Profile, open_desk: OpenDesk) -> DrivenDesk:
    """A desk with three items, at its settings."""
    for number in (1, 2, 3):
        profile.put(id=str(number), draft="Draft.", priority=-number)
    desk = open_desk()
    press("Ctrl+,")
    return desk


def test_colours_change_at_once_and_are_remembered(profile: Profile, desk: DrivenDesk, open_desk: OpenDesk) -> None:
    reach("theme")
    press("End")
    assert desk.appearance.theme.name == "dark"
    wait_until(lambda: written(profile).get("theme") == "dark", "it written")
    desk.close()
    assert open_desk().appearance.theme.name == "dark"
    press("Ctrl+,")
    reach("theme")
    press("Home", "Down")


def test_the_size_is_chosen_by_keys(profile: Profile, desk: DrivenDesk) -> None:
    reach("zoom")
    press("End")
    assert desk.appearance.zoom == 200
    press("Home")
    assert desk.appearance.zoom == 100
    wait_until(lambda: written(profile).get("zoom") == 100, "it written")


def test_a_hold_holds_for_the_next_decision_and_is_remembered(
    profile: Profile, desk: DrivenDesk, open_desk: OpenDesk
) -> None:
    reach("hold_sms")
    press("Ctrl+A")
    type_text("90")
    press("Ctrl+1", "Ctrl+Return")
    desk.settle()
    assert profile.rows("SELECT hold_until - decided_at FROM decision") == [(90_000,)]
    assert desk.sees("SMS approved · 1:30") or desk.sees("SMS approved · 1:29")
    assert written(profile)["hold"]["sms"] == 90
    desk.close()
    again = open_desk()
    press("Ctrl+Return")
    again.settle()
    assert profile.rows("SELECT DISTINCT hold_until - decided_at FROM decision") == [(90_000,)]


def test_a_key_is_changed_by_pressing_the_new_one(profile: Profile, desk: DrivenDesk, open_desk: OpenDesk) -> None:
    reach("key_approve")
    press("Ctrl+Alt+G", "Tab", "Shift+Tab", "Shift+Tab")  # out of the keys again, changing none
    press("Ctrl+1")
    assert desk.sees("Ctrl+Alt+G")  # on the button
    press("Ctrl+Return")
    assert desk.external_id == "1"  # the old key decides nothing, and types nothing either
    press("Ctrl+Alt+G")
    assert desk.external_id == "2"
    desk.settle()
    assert written(profile)["keys"] == {"approve": "Ctrl+Alt+G"}
    desk.close()
    again = open_desk()
    press("Ctrl+Alt+G")
    again.settle()
    assert len(again.history) == 1


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("Ctrl+R", "Ctrl+R is taken by “Reject, with a reason”."),
        ("Ctrl+Q", "Ctrl+Q is taken by “Quit”."),
        ("Backspace", "Backspace belongs to typing"),
        ("Ctrl+Backspace", "Ctrl+Backspace belongs to typing"),
        ("Ctrl+C", "Ctrl+C belongs to typing"),
        ("G", "A single character is needed for typing"),
        ("Shift+G", "A single character is needed for typing"),
        ("F", "A single character is needed for typing"),
        ("+", "A single character is needed for typing"),
    ],
)
def test_a_key_that_is_taken_or_needed_for_typing_is_refused_with_the_reason(
    profile: Profile, desk: DrivenDesk, key: str, words: str
) -> None:
    reach("key_skip")
    press(key)
    press("Tab")
    assert desk.window.isVisible()
    assert desk.sees(words)
    edit = desk.window.findChild(QKeySequenceEdit, "key_skip")
    assert edit is not None
    assert edit.keySequence().toString() == "Ctrl+K"
    assert written(profile).get("keys", {}) == {}
    reach("restore_keys")
    assert desk.sees(words)
    press("Ctrl+1", "Ctrl+K")
    assert desk.sees("Skip: why should it wait?")


def test_all_keys_can_be_restored(profile: Profile, desk: DrivenDesk) -> None:
    reach("key_approve")
    press("F5", "Tab")
    assert desk.window.keys.key("approve") == "F5"
    reach("restore_keys")
    press("Space")
    press("Ctrl+1", "F5")
    assert desk.external_id == "1"
    press("Ctrl+Return")
    assert desk.external_id == "2"
    desk.settle()
    assert written(profile)["keys"] == {}


def test_settings_that_cannot_be_read_are_told_and_nothing_is_overwritten(
    profile: Profile, open_desk: OpenDesk
) -> None:
    (profile.folder / "settings.toml").write_text("zoom = ")
    with pytest.raises(UsageError, match=r"settings\.toml cannot be read"):
        open_desk()
    assert (profile.folder / "settings.toml").read_text() == "zoom = "
