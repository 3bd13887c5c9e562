"""Getting about the desk by keys: columns, the list, pages, the key sheet; and the window that remembers itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QLabel

from reviewer.ui.desk import presenter as presenter_module
from reviewer.ui.keys import ACTIONS
from reviewer.ui.keysheet import KeySheet
from tests.factories import Profile
from tests.ui.driver import DrivenDesk, hold_down, press, type_text, wait_until

OpenDesk = Callable[[], DrivenDesk]


def focused() -> str:
    """Return the name of the widget that has the focus."""
    widget = QApplication.focusWidget()
    return "" if widget is None else widget.objectName()


def rows(desk: DrivenDesk) -> list[str]:
    """Return the producer's ids of the rows of the list."""
    model = desk.view.queue.model
    return [model.head(row).external_id for row in range(model.rowCount())]


def chosen(desk: DrivenDesk) -> str | None:
    """Return the producer's id of the current row."""
    index = desk.view.queue.list.currentIndex()
    return desk.view.queue.model.head(index.row()).external_id if index.isValid() else None


# --- columns and the list ------------------------------------------------------------------------------------------


def test_f6_goes_round_the_columns_in_both_directions(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(priority=9)
    profile.put()
    profile.put()
    open_desk()
    way = ["field_sms_text", "source", "queue"]
    assert focused() == way[0]
    for key, order in (("F6", [1, 2, 0]), ("Shift+F6", [2, 1, 0])):
        for place in order:
            press(key)
            assert focused() == way[place]


def test_a_row_is_opened_by_enter_and_the_item_before_comes_after_it(profile: Profile, open_desk: OpenDesk) -> None:
    for number in range(1, 6):
        profile.put(id=str(number), draft=f"Draft {number}.", priority=-number)
    desk = open_desk()
    assert (desk.external_id, rows(desk)) == ("1", ["3", "4", "5"])  # 2 is fetched in advance
    type_text("My ")
    press("F6", "F6", "Down", "Down")
    assert chosen(desk) == "5"
    press("Return")
    desk.wait_for_item("5")
    assert focused() == "field_sms_text"
    press("Ctrl+Return")
    assert (desk.external_id, desk.text) == ("1", "My Draft 1.")
    press("Ctrl+Return")
    assert desk.external_id == "2"


def test_a_row_that_somebody_took_meanwhile_is_refused_and_nothing_changes(
    profile: Profile, open_desk: OpenDesk
) -> None:
    for number in range(1, 5):
        profile.put(id=str(number), priority=-number)
    desk = open_desk()
    taken = profile.services(profile.actor()).queue.claim()
    assert taken is not None and taken.item.head.external_id == "3"
    press("F6", "F6", "Home", "Return")
    wait_until(lambda: desk.sees("This item cannot be claimed now"), "the refusal")
    assert desk.external_id == "1"


def test_the_list_keeps_its_row_and_place_when_others_come_and_go(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presenter_module, "POLL_MS", 50)
    for number in range(60):
        profile.put(id=f"{number:02}", priority=-number)
    desk = open_desk()
    press("F6", "F6", *["Down"] * 40)
    row, bar = chosen(desk), desk.view.queue.list.verticalScrollBar()
    scrolled = bar.value()
    assert row is not None and scrolled > 0
    profile.put(id="new", priority=-50)
    wait_until(lambda: "new" in rows(desk), "the new row")
    assert (chosen(desk), bar.value()) == (row, scrolled)
    press("Return")
    desk.wait_for_item(row)


def test_the_list_can_be_narrowed_to_one_kind_by_keys(profile: Profile, open_desk: OpenDesk) -> None:
    for number in range(3):
        profile.put(id=f"sms-{number}", priority=1)
        profile.put(id=f"note-{number}", kind="clinical_note")
    desk = open_desk()
    assert desk.sees("All 4")
    press("F6", "F6", "Shift+Tab")
    for _ in range(10):
        widget = QApplication.focusWidget()
        if widget is not None and str(widget.property("text")).startswith("Clinical note"):
            break
        press("Shift+Tab")
    press("Space")
    assert rows(desk) == ["note-0", "note-1", "note-2"]


def test_a_row_says_kind_channel_due_time_and_escalation_to_a_screen_reader(
    profile: Profile, open_desk: OpenDesk
) -> None:
    for _ in range(2):
        profile.put(priority=9)
    profile.put(due_at=(datetime.now(UTC) + timedelta(minutes=90, seconds=30)).isoformat())
    profile.make_late(profile.put(priority=-9, kind="summary"))
    profile.services().work.round()
    desk = open_desk()
    interface = QAccessible.queryAccessibleInterface(desk.view.queue.list)
    spoken = [interface.child(row).text(QAccessible.Text.Name) for row in range(2)]
    assert spoken[0] == "SMS, chat, due in 1:30 h"
    assert spoken[1].startswith("Summary, chat,") and spoken[1].endswith("late, escalated")


# --- pages, sheets and sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["F1", "?"])
def test_the_key_sheet_names_every_key_and_closes_by_escape(profile: Profile, open_desk: OpenDesk, key: str) -> None:
    profile.put(source=[{"speaker": "A", "text": "Source."}])
    desk = open_desk()
    press("F6")  # out of the text
    press(key)
    (sheet,) = desk.window.findChildren(KeySheet)
    shown = {label.text() for label in sheet.findChildren(QLabel)}
    assert {action.label for action in ACTIONS} <= shown
    assert {desk.window.keys.shown(action.name) for action in ACTIONS} <= shown
    press("Escape")
    wait_until(lambda: not desk.window.findChildren(KeySheet), "the sheet gone")


def test_a_question_mark_in_a_text_is_a_question_mark(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft="Draft")
    desk = open_desk()
    type_text("?")
    assert desk.text == "?Draft"
    press("Ctrl+F")
    type_text("?")
    assert not desk.window.findChildren(KeySheet)


def test_pages_change_by_their_keys_and_by_the_rail(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put()
    desk = open_desk()
    press("Ctrl+,")
    assert not desk.view.isVisible()
    assert desk.sees("Hold before a decision leaves")
    press("Ctrl+1")
    assert desk.view.isVisible()
    for _ in range(60):
        if focused() == "rail_review":
            break
        press("Tab")
    while focused() != "rail_settings":
        press("Down")
    press("Space")
    assert desk.sees("Hold before a decision leaves")


def test_coming_back_to_the_review_page_typing_goes_on_where_it_was(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft="Draft")
    desk = open_desk()
    type_text("a")
    press("Ctrl+,", "Ctrl+1")
    type_text("b")
    assert desk.text == "abDraft"


def test_the_history_shows_what_was_decided_and_where_it_stands(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presenter_module, "POLL_MS", 50)
    profile.put(id="one", priority=2)
    profile.put(id="two", priority=1)
    desk = open_desk()
    press("Ctrl+Return", "Ctrl+R", "T", "Return", "Ctrl+H")
    desk.settle()
    table = desk.view.history.table

    def cells() -> list[list[str]]:
        model = table.model()
        return [[str(model.index(row, column).data()) for column in (1, 2, 3)] for row in range(model.rowCount())]

    assert table.isVisible()
    wait_until(lambda: [row[2].split()[0] for row in cells()] == ["held", "held"], "both held")
    assert [row[:2] for row in cells()] == [["SMS · two", "rejected"], ["SMS · one", "approved"]]
    profile.let_holds_end()
    profile.services().work.round()
    wait_until(lambda: [row[2] for row in cells()] == ["delivered", "delivered"], "both delivered")
    press("Ctrl+H")
    assert not table.isVisible()


def test_zoom_changes_every_size_and_is_remembered(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put()
    desk = open_desk()
    small = desk.view.editor.body.fontInfo().pointSizeF()
    hold_down("Ctrl++", repeats=2)
    press("Ctrl+=")
    assert desk.appearance.zoom == 140
    assert desk.view.editor.body.fontInfo().pointSizeF() == pytest.approx(1.4 * small, rel=0.05)
    press("Ctrl+-")
    desk.close()
    assert open_desk().appearance.zoom == 130
    press("Ctrl+0")


def test_the_window_remembers_its_size_and_columns(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put()
    desk = open_desk()
    desk.window.resize(960, 700)  # the screen that is none has 800 by 800
    desk.view.set_column_widths([250, 400, 360])
    widths = desk.view.column_widths()
    press("Ctrl+Q")
    desk.close()
    again = open_desk()
    assert (again.window.width(), again.window.height()) == (960, 700)
    assert again.view.column_widths() == widths
