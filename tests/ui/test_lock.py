"""Lock and unlock: what the window shows, what stays, what is gone, and that the way back leads to the same place."""

import gc
import json
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QSpinBox,
    QTextEdit,
    QToolButton,
)

from reviewer import bootstrap
from reviewer.crypto import DataKey, OpenKeys, WorkspaceKey
from reviewer.domain.errors import LockedError, UnavailableError
from reviewer.domain.items import ClaimedItem, Item
from reviewer.services.analysis import Analysed
from reviewer.services.analyst import Analyst
from reviewer.services.examiners import Subject
from reviewer.services.review import Review
from reviewer.settings import SettingsFile
from reviewer.ui import app
from reviewer.ui.desk import DeskView
from reviewer.ui.text import PlainTextEdit
from tests.factories import Profile, line
from tests.ui.driver import DrivenDesk, press, type_text, wait_until

OpenDesk = Callable[[], DrivenDesk]
CANARY = "Xylophone7731"
_WITH_CONTENT = (ClaimedItem, Item, Subject, Analysed, DataKey, OpenKeys, WorkspaceKey)


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


@pytest.fixture
def kept_alive() -> Callable[..., list[str]]:
    """Return a function that names what of some kinds the process holds, save what it held before this test."""
    before = _of_kinds(_WITH_CONTENT)  # held on to, so that no new object gets the number of one of these
    known = {id(each) for each in before}

    def named(*kinds: type) -> list[str]:
        assert before is not None
        return [type(each).__name__ for each in _of_kinds(kinds) if id(each) not in known]

    return named


def _of_kinds(kinds: tuple[type, ...]) -> list[object]:
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, kinds)]


# ---- What the lock does


def test_the_window_is_blank_before_anything_is_put_away(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft=CANARY)
    desk = open_desk()
    blank: list[bool] = []
    page, leave = desk.view, desk.presenter.leave

    def look(cursor: int) -> None:
        blank.append(desk._desk.unlock_view.isVisible() and not page.isVisible())
        leave(cursor)

    desk.presenter.leave = look  # type: ignore[method-assign]
    desk._desk.lock("asked")
    assert blank == [True]
    assert not any(w.isVisible() for w in desk.window.findChildren(PlainTextEdit))


def test_a_lock_ends_the_analyst_over_its_work_and_nothing_is_lost(
    kept_alive: Callable[..., list[str]], profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "Analyst", Analyst)  # one of its own, which ends
    for _ in range(30):
        profile.put(draft=f"Dear {CANARY}, at 9:30.", source=[{"speaker": "C", "text": f"{CANARY} word " * 700}])
    desk = open_desk()
    wait_until(lambda: desk.analyst is not None, "an analyst at work")
    process = desk.analyst
    assert process is not None
    lock(desk)
    with pytest.raises(ValueError, match="closed"):
        process.is_alive()
    assert kept_alive(Subject, Analysed) == []
    unlock(desk)
    profile.rows("UPDATE unanalysed SET taken_until = NULL")
    wait_until(lambda: profile.services().analysis.waiting() == 0, "everything analysed", patience_ms=120_000)
    assert len(set(profile.rows("SELECT item_id FROM analysis"))) == 30


def test_a_locked_desk_holds_no_text_and_no_key(
    kept_alive: Callable[..., list[str]], profile: Profile, open_desk: OpenDesk
) -> None:
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
    assert kept_alive(*_WITH_CONTENT) == []
    with pytest.raises(LockedError):
        desk._desk.application.session  # noqa: B018 - it raises


def test_a_full_collection_of_garbage_walks_little_until_the_lock_and_then_everything(
    profile: Profile, open_desk: OpenDesk
) -> None:
    profile.put()
    desk = open_desk()
    assert gc.get_freeze_count() > 10 * len(gc.get_objects())
    lock(desk)
    wait_until(lambda: gc.get_freeze_count() == 0, "everything collected")


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


# ---- Whatever is under way


def test_a_decision_on_its_way_is_recorded_before_the_keys_go(profile: Profile, open_desk: OpenDesk) -> None:
    item = profile.put()
    desk = open_desk()
    press("Ctrl+Return", "Ctrl+L")
    wait_until(lambda: desk.is_locked)
    assert profile.state(item) == "held"
    assert desk.sees("One decision is held; it leaves once the desk is unlocked.")


def test_a_decision_that_fails_while_the_desk_locks_keeps_its_text_and_comes_back(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile.put(id="only", draft="The draft.")
    desk = open_desk()
    is_locking = threading.Event()

    def fails(*_: object, **__: object) -> None:
        assert is_locking.wait(20)
        raise UnavailableError("The database did not answer: disk I/O error.")

    type_text("new ")
    with monkeypatch.context() as patch:
        patch.setattr(Review, "decide", fails)
        press("Ctrl+Return", "Ctrl+L")
        is_locking.set()
        wait_until(lambda: desk.is_locked)
    unlock(desk)
    assert (desk.external_id, desk.text) == ("only", "new The draft.")
    assert "disk I/O error" in desk.view.notice.words


def test_the_keys_stay_until_the_text_is_saved_but_nothing_is_shown(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile.put(draft="The draft.")
    desk = open_desk()
    monkeypatch.setattr(app, "_RETRY_SAVE_MS", 10)
    tries = 0
    save = Review.save

    def fails_thrice(self: Review, *arguments: object) -> object:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise UnavailableError("The database did not answer: database or disk is full.")
        return save(self, *arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(Review, "save", fails_thrice)
    type_text("new ")
    desk._desk.lock("asked")
    assert not any(w.isVisible() for w in desk.window.findChildren(PlainTextEdit))
    wait_until(lambda: desk.is_locked)
    assert tries == 4
    unlock(desk)
    assert desk.text == "new The draft."


def test_an_import_is_cut_short_and_says_so(profile: Profile, open_desk: OpenDesk, tmp_path: Path) -> None:
    file = tmp_path / "drafts.jsonl"
    file.write_bytes(b"".join(line() + b"\n" for _ in range(3_000)))
    desk = open_desk()
    desk.presenter.imports.begin(file)
    press("Ctrl+L")
    wait_until(lambda: desk.is_locked)
    ((number,),) = profile.rows("SELECT count(*) FROM item")
    assert 0 < number < 3_000
    unlock(desk)
    assert "Locking cut the import short" in desk.view.notice.words


def test_a_lease_that_ran_out_is_taken_again_if_nobody_took_it(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(id="mine", draft="The draft.")
    profile.put(id="other", priority=9)
    desk = open_desk()
    press("Ctrl+Shift+K")  # the more urgent one goes back
    desk.wait_for_item("mine")
    type_text("new ")
    lock(desk)
    profile.let_leases_lapse()
    unlock(desk)
    assert (desk.external_id, desk.text) == ("mine", "new The draft.")


def test_a_lease_that_a_colleague_has_now_is_told(profile: Profile, open_desk: OpenDesk) -> None:
    item = profile.put(id="mine", priority=1)
    profile.put(id="other")
    desk = open_desk()
    assert desk.external_id == "mine"
    type_text("new ")
    lock(desk)
    profile.let_leases_lapse()
    colleague = profile.services(profile.actor())
    assert colleague.queue.claim(item) is not None
    unlock(desk)
    assert desk.external_id == "other"
    assert "ended while the desk was locked" in desk.view.notice.words


def test_a_text_whose_lease_was_lost_before_the_lock_is_kept_as_an_opinion(
    profile: Profile, open_desk: OpenDesk
) -> None:
    profile.put(draft="The draft.")
    desk = open_desk()
    type_text("new ")
    desk.settle()
    profile.let_leases_lapse()
    desk.presenter._renew()
    wait_until(lambda: desk.presenter.is_lost, "a lost lease")
    lock(desk)
    assert profile.events().count("second_opinion_kept") == 1
    unlock(desk)
    assert "Kept as a second opinion." in desk.view.notice.words


def test_what_was_decided_is_still_listed_and_can_be_undone_after_the_lock(
    profile: Profile, open_desk: OpenDesk
) -> None:
    profile.put(id="first", draft="The first.", priority=1)
    profile.put(id="second")
    desk = open_desk()
    desk._desk._on_hold("sms", 600)
    type_text("new ")
    press("Ctrl+Return")
    desk.wait_for_item("second")
    lock(desk)
    unlock(desk)
    assert [(e.item.item.head.external_id, e.state) for e in desk.history] == [("first", "held")]
    assert desk.history[0].item.item.draft == ""
    desk.presenter.undo()
    desk.wait_for_item("first")
    assert desk.text == "new The first."


# ---- What asks for it, and what is in the way


@pytest.mark.parametrize("why", ["idle", "asked", "screen", "sleep"])
def test_the_page_says_why_and_the_ledger_too(profile: Profile, open_desk: OpenDesk, why: str) -> None:
    desk = open_desk()
    acts: dict[str, Callable[[], object]] = {
        "idle": desk._desk.idle.idle.emit,
        "asked": partial(press, "Ctrl+L"),
        "screen": desk._desk.system_lock.screen_locked.emit,
        "sleep": desk._desk.system_lock.going_to_sleep.emit,
    }
    acts[why]()
    wait_until(lambda: desk.is_locked)
    assert desk.sees("Locked")
    ((body,),) = profile.rows("SELECT body FROM entry WHERE action = 'locked'")
    assert json.loads(bytes(body))["details"] == {"why": why}


def test_the_lock_at_the_foot_of_the_rail_locks(profile: Profile, open_desk: OpenDesk) -> None:
    desk = open_desk()
    button = desk.window.findChildren(QToolButton, "rail_lock")[0]
    assert button.accessibleName() == "Lock the desk"
    button.click()
    wait_until(lambda: desk.is_locked)


def test_every_key_and_move_of_the_mouse_puts_the_lock_off(profile: Profile, open_desk: OpenDesk) -> None:
    desk = open_desk()
    noted: list[bool] = []
    desk._desk.idle._last = -1e9  # long ago
    desk._desk.idle.set_limit(timedelta(days=40_000))
    acts: tuple[Callable[[], object], ...] = (
        partial(press, "Right"),
        partial(QTest.mouseMove, desk.window.windowHandle(), QPoint(300, 300)),
    )
    for act in acts:
        desk._desk.idle._last = -1e9
        act()
        QCoreApplication.processEvents()
        noted.append(desk._desk.idle._last > 0)
    assert noted == [True, True]


def test_the_limit_is_a_setting_that_holds_at_once_and_is_kept(profile: Profile, open_desk: OpenDesk) -> None:
    desk = open_desk()
    box = desk.window.findChildren(QSpinBox, "lock_after")[0]
    assert (box.minimum(), box.maximum(), box.value()) == (1, 15, 10)
    box.setValue(3)
    desk.settle()
    assert desk._desk.idle.limit == timedelta(minutes=3)
    assert SettingsFile(profile.folder / "settings.toml").load().lock_after == timedelta(minutes=3)


def test_no_dialog_stays_above_the_lock(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put()
    desk = open_desk()
    press("F1")
    wait_until(lambda: desk.window.findChildren(QDialog))
    desk._desk.lock("screen")
    assert not any(dialog.isVisible() for dialog in desk.window.findChildren(QDialog))
    wait_until(lambda: desk.is_locked)


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_a_menu_does_not_stay_above_the_lock(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft=CANARY)
    desk = open_desk()
    menu = desk.view.editor.body.plain_menu()
    menu.popup(desk.window.pos())
    wait_until(lambda: menu.isVisible())
    desk._desk.lock("screen")
    assert not menu.isVisible()
    wait_until(lambda: desk.is_locked)


def test_the_desks_keys_do_nothing_while_it_is_locked(profile: Profile, open_desk: OpenDesk) -> None:
    item = profile.put()
    desk = open_desk()
    lock(desk)
    press("Ctrl+1", "Ctrl+Return", "Ctrl+,", "Ctrl+Z", "Ctrl+L", "Ctrl+H")
    desk.settle()
    assert desk.is_locked
    assert desk._desk.unlock_view.isVisible()
    assert profile.state(item) == "leased"


def test_the_clipboard_is_cleared_by_the_lock(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft=CANARY)
    desk = open_desk()
    press("Ctrl+A", "Ctrl+C")
    assert QGuiApplication.clipboard().text() == CANARY
    lock(desk)
    assert QGuiApplication.clipboard().text() == ""


def test_the_clipboard_is_cleared_on_quitting(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft=CANARY)
    desk = open_desk()
    press("Ctrl+A", "Ctrl+C")
    desk.close()
    assert QGuiApplication.clipboard().text() == ""


def test_locking_again_and_again_leaves_one_page_of_each_and_no_thread(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put()
    desk = open_desk()
    counts = []
    for _ in range(4):
        lock(desk)
        unlock(desk)
        settle_deletions()
        pages = len(desk.window.findChildren(DeskView))
        counts.append((pages, len(desk.window.findChildren(QToolButton, "rail_review")), threading.active_count()))
    assert set(counts) == {(1, 1, counts[0][2])}


# ---- Between items


def test_the_title_of_the_window_never_changes(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft=CANARY, recipient=CANARY)
    desk = open_desk()
    titles = {desk.window.windowTitle()}
    press("Ctrl+,")
    titles.add(desk.window.windowTitle())
    lock(desk)
    titles.add(desk.window.windowTitle())
    assert titles == {"Review desk"}


def test_nothing_of_an_item_can_be_undone_into_the_next(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft=f"One {CANARY}", priority=1)
    profile.put(id="second", draft="Two")
    desk = open_desk()
    type_text(f"{CANARY} ")
    press("Ctrl+Return")
    desk.wait_for_item("second")
    for edit in desk.window.findChildren(PlainTextEdit):
        assert not edit.document().isUndoAvailable()
        edit.undo()
        assert CANARY not in edit.toPlainText()


def test_the_page_of_another_kind_keeps_nothing_of_the_last_item(profile: Profile, open_desk: OpenDesk) -> None:
    summary = f"{CANARY} called.\n\nAction items:\n- {CANARY}\n\nKeywords: {CANARY}\n\nSentiment: {CANARY}\n"
    profile.put(kind="summary", channel="voice", draft=summary, recipient=CANARY, priority=1)
    profile.put(id="second", draft="Two")
    desk = open_desk()
    type_text(CANARY)
    press("Ctrl+R")
    type_text(f"o{CANARY}")
    press("Escape", "Ctrl+F")
    type_text(CANARY)
    press("Escape", "Ctrl+Return")
    desk.wait_for_item("second")
    settle_deletions()
    assert CANARY not in texts_of_all_widgets()


def test_an_empty_desk_keeps_nothing_of_the_last_item(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(draft=CANARY, recipient=CANARY, source=[{"speaker": CANARY, "text": CANARY}])
    desk = open_desk()
    type_text("new ")
    press("Ctrl+Return")
    wait_until(lambda: desk.sees("Nothing waits"))
    assert CANARY not in texts_of_all_widgets()
