"""Lock and unlock: what the window shows, what stays, what is gone, and that the way back leads to the same place."""

import gc
from collections.abc import Callable

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QTextEdit, QWidget

from reviewer.crypto import DataKey, OpenKeys, WorkspaceKey
from reviewer.domain.errors import LockedError
from reviewer.domain.items import ClaimedItem, Item
from reviewer.ui.text import PlainTextEdit
from tests.factories import Profile
from tests.ui.driver import DrivenDesk, press, type_text, wait_until

OpenDesk = Callable[[], DrivenDesk]
CANARY = "Xylophone7731"


def lock(desk: DrivenDesk, key: str = "Ctrl+L") -> None:
    """Lock by the key and wait until the keys are gone."""
    press(key)
    wait_until(lambda: desk.is_locked, "a locked desk")
    settle_deletions()


def unlock(desk: DrivenDesk, *typed: str) -> None:
    """Type what unlocking takes and wait for the desk."""
    for text in typed:
        type_text(text)
        press("Return")
    if not typed:
        press("Space")
    wait_until(lambda: desk._desk.presenter is not None, "an open desk")
    desk.settle()


def settle_deletions() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()
    gc.collect()


def texts_of_all_widgets() -> str:
    """Return everything that any widget of the process holds: shown, hidden, in a tooltip or for a screen reader."""
    held: list[str] = []
    for widget in QApplication.allWidgets():
        held += [widget.toolTip(), widget.accessibleName(), widget.accessibleDescription(), widget.windowTitle()]
        if isinstance(widget, QTextEdit):
            held.append(widget.toPlainText())
        elif isinstance(widget, QLabel | QLineEdit):
            held.append(widget.text())
        elif isinstance(widget, QComboBox):
            held += [widget.itemText(row) for row in range(widget.count())]
    return "\n".join(held)


def kept_alive(*kinds: type) -> list[str]:
    """Return what of these kinds the process still holds."""
    gc.collect()
    return [type(each).__name__ for each in gc.get_objects() if isinstance(each, kinds)]


# ---- What the lock does


def test_the_window_is_blank_before_anything_is_put_away(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft=CANARY)
    desk = open_desk()
    blank: list[bool] = []
    desk.presenter.leave = lambda _: blank.append(desk._desk.unlock_view.isVisible())  # type: ignore[method-assign]
    page: QWidget = desk.view
    desk._desk.lock("asked")
    assert blank == [True]
    assert not page.isVisible()
    assert not any(w.isVisible() for w in desk.window.findChildren(PlainTextEdit))


def test_a_locked_desk_holds_no_text_and_no_key(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft=f"Dear {CANARY}", recipient=CANARY, source=[{"speaker": "C", "text": CANARY}])
    profile.put(draft=f"Another {CANARY}")
    desk = open_desk()
    type_text(f"{CANARY} ")
    press("Ctrl+F")
    type_text(CANARY)
    press("Escape", "Ctrl+R")
    type_text(f"o{CANARY}")
    assert CANARY in texts_of_all_widgets()
    lock(desk)
    assert CANARY not in texts_of_all_widgets()
    profile.store.close()
    assert kept_alive(ClaimedItem, Item, DataKey) == []
    assert [name for name in kept_alive(OpenKeys, WorkspaceKey)] == ["OpenKeys", "WorkspaceKey"]  # the test's own
    with pytest.raises(LockedError):
        desk._desk.application.session  # noqa: B018 - it raises


def test_unlocking_returns_to_the_item_with_text_and_cursor(profile: Profile, open_desk: OpenDesk) -> None:
    for name in ("one", "two", "three"):
        profile.put(id=name, draft=f"The draft of {name}.")
    desk = open_desk()
    shown = desk.external_id
    press("Right", "Right", "Right", "Right")
    type_text("new ")
    fence = desk.item.lease.fence if desk.item else None
    lock(desk)
    unlock(desk)
    assert (desk.external_id, desk.text) == (shown, f"The new draft of {shown}.")
    assert desk.view.editor.cursor_position() == 8
    assert desk.item is not None
    assert desk.item.lease.fence == fence
    assert "taken_over" not in profile.events()


def test_the_cursor_returns_also_to_a_text_that_nobody_changed(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft="The draft.")
    desk = open_desk()
    press("Right", "Right", "Right")
    lock(desk)
    unlock(desk)
    assert desk.view.editor.cursor_position() == 3


def test_lock_and_unlock_are_on_record(profile: Profile, open_desk: OpenDesk) -> None:
    desk = open_desk()
    lock(desk)
    unlock(desk)
    desk.close()
    assert [name for name in profile.events() if "lock" in name] == ["unlocked", "locked", "unlocked", "locked"]


def test_the_item_on_screen_stays_leased_and_the_one_ahead_goes_back(profile: Profile, open_desk: OpenDesk) -> None:
    first, second = profile.put(priority=1), profile.put()
    desk = open_desk()
    assert (profile.state(first), profile.state(second)) == ("leased", "leased")
    lock(desk)
    assert (profile.state(first), profile.state(second)) == ("leased", "waiting")
