"""Every page by keyboard and to a screen reader: a name for each control, a way to each, and no trap."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QWidget,
)

from reviewer.ui.keys import ACTIONS
from reviewer.ui.keysheet import KeySheet
from tests.factories import Profile
from tests.ui.driver import DrivenDesk, press, type_text, wait_until

OpenDesk = Callable[[], DrivenDesk]
SUMMARY = "Ana called.\n\nAction items:\n- refund\n\nKeywords: billing\n\nSentiment: negative\n"
SOURCE = [{"speaker": "Customer", "text": "Hello"}, {"speaker": "Agent", "text": "Hi"}]


def focusable(top: QWidget) -> list[QWidget]:
    """Return the controls of a window that are there for the keyboard."""
    inner = (QLineEdit, QAbstractScrollArea)
    return [
        widget
        for widget in top.findChildren(QWidget)
        if widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and widget.focusProxy() is None
        and not (isinstance(widget, inner) and isinstance(widget.parent(), QAbstractSpinBox | QComboBox))
    ]


def name(widget: QWidget) -> str:
    """Return what a screen reader calls a control."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name)


def nameless(top: QWidget) -> list[str]:
    """Return the controls without a name, buttons without a keyboard's way included."""
    buttons = [button for button in top.findChildren(QAbstractButton) if button.isVisible()]
    return [f"{each} {each.objectName()}" for each in [*focusable(top), *buttons] if not name(each).strip()]


def walk(key: str) -> Iterator[QWidget]:
    """Press a key and yield what gets the focus, once round."""
    seen: set[int] = set()
    if QApplication.focusWidget() is None:
        press(key)
    widget = QApplication.focusWidget()
    while widget is not None and id(widget) not in seen:
        seen.add(id(widget))
        yield widget
        for _ in range(20):  # the sections of a note come first
            press(key)
            if QApplication.focusWidget() is not widget:
                break
        widget = QApplication.focusWidget()


def unreached(top: QWidget, key: str) -> list[str]:
    """Return the controls that Tab or Shift+Tab does not get to; of a group of buttons one is enough."""
    reached = list(walk(key))
    groups = {button.group() for button in reached if isinstance(button, QAbstractButton) and button.group()}
    return [
        f"{widget} {widget.objectName()} {name(widget)}"
        for widget in focusable(top)
        if widget not in reached and not (isinstance(widget, QAbstractButton) and widget.group() in groups)
    ]


def check(top: QWidget) -> None:
    """Check all of it on what is shown now."""
    assert nameless(top) == []
    assert unreached(top, "Tab") == []
    assert unreached(top, "Shift+Tab") == []


@pytest.fixture
def desk(profile: Profile, open_desk: OpenDesk) -> DrivenDesk:
    """A desk with an item of each kind, a summary first."""
    profile.put(id="summary", kind="summary", draft=SUMMARY, source=SOURCE, priority=5)
    profile.put(id="note", kind="clinical_note", draft="S:\nCough.\n\nP:\nRest.\n", source=SOURCE, priority=4)
    profile.put(id="sms", source=SOURCE, priority=3)
    profile.put(id="more")
    return open_desk()


def test_every_control_of_each_kind_has_a_name_and_is_reached(desk: DrivenDesk) -> None:
    for external_id in ("summary", "note", "sms"):
        desk.wait_for_item(external_id)
        check(desk.window)
        press("F6", "Shift+F6")
        desk.approve()


def test_every_control_beside_the_text_has_a_name_and_is_reached(desk: DrivenDesk) -> None:
    type_text("x")
    wait_until(desk.view.difference.isVisible, "the difference")
    press("Ctrl+D", "Ctrl+H", "Ctrl+F")
    check(desk.window)
    press("F6", "Shift+F6", "Ctrl+R")
    check(desk.window)


def test_every_control_after_a_lost_lease_has_a_name_and_is_reached(profile: Profile, desk: DrivenDesk) -> None:
    type_text("x")
    desk.settle()
    profile.let_leases_lapse()
    press("Ctrl+Return")
    wait_until(lambda: desk.sees("kept as a second opinion"), "the notice")
    check(desk.window)


def test_every_control_beside_a_second_opinion_has_a_name_and_is_reached(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(source=SOURCE)
    other = profile.services(profile.actor())
    taken = other.queue.claim()
    assert taken is not None
    other.review.save(taken.item.id, "Theirs.", 0)
    other.queue.release(taken.item.id, taken.lease.id)
    desk = open_desk()
    assert desk.sees("Use their text")
    check(desk.window)


def test_every_control_of_the_empty_queue_has_a_name_and_is_reached(open_desk: OpenDesk) -> None:
    check(open_desk().window)


def test_every_control_of_the_error_page_has_a_name_and_is_reached(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put()
    profile.rows("CREATE TRIGGER fault BEFORE UPDATE ON item BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END")
    desk = open_desk()
    assert desk.sees("Try again")
    check(desk.window)
    profile.rows("DROP TRIGGER fault")


def test_every_control_of_the_settings_has_a_name_and_is_reached(desk: DrivenDesk) -> None:
    press("Ctrl+,")
    check(desk.window)


def test_every_control_of_the_key_sheet_has_a_name_and_is_reached(desk: DrivenDesk) -> None:
    press("F1")
    (sheet,) = desk.window.findChildren(KeySheet)
    check(sheet)
    press("Escape")


def test_every_control_of_the_welcome_page_has_a_name_and_is_reached(qapp: QApplication, tmp_path: Path) -> None:
    desk = DrivenDesk(tmp_path / "profile").open()
    type_text("Desk")
    press("Tab")
    type_text("Me")
    check(desk.window)
    desk.close()


def test_every_action_has_a_key_of_its_own() -> None:
    keys = [QKeySequence(action.key).toString() for action in ACTIONS]
    assert all(keys)
    assert len(set(keys)) == len(keys)


def test_tab_goes_through_the_page_in_reading_order(desk: DrivenDesk) -> None:
    order = [widget.objectName() for widget in walk("Tab")]
    wanted = ["field_summary_text", "field_summary_action_items", "field_summary_keywords", "field_summary_sentiment"]
    wanted += ["source", "button_approve", "button_reject", "button_respond", "button_escalate", "button_skip"]
    assert [each for each in order if each in wanted] == wanted


def test_the_editor_says_what_it_is_and_what_it_holds(desk: DrivenDesk) -> None:
    interface = QAccessible.queryAccessibleInterface(desk.view.editor.body)
    assert interface.role() == QAccessible.Role.EditableText
    assert interface.text(QAccessible.Text.Name) == "Summary"
    assert interface.text(QAccessible.Text.Value) == "Ana called."
