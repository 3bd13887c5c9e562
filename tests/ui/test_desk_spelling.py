"""Spelling on the review page, with small dictionaries made for it, in real processes."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QAction, QContextMenuEvent, QTextCharFormat
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from reviewer import spelling
from reviewer.bootstrap import Application
from reviewer.domain.errors import UnavailableError
from reviewer.domain.items import Channel, ClaimedItem, Item, ItemHead, ItemId, ItemState, Lease, LeaseId
from reviewer.domain.members import DeskId, MemberId, Role
from reviewer.settings import SettingsFile
from reviewer.ui.app import Desk
from reviewer.ui.desk import DeskSpelling
from reviewer.ui.desk.editor import FieldsEditor
from reviewer.ui.desk.spelling import LAYER
from reviewer.ui.text import PlainTextEdit, code_point_to_qt, qt_to_code_point
from reviewer.ui.theme import DARK, LIGHT, Appearance
from tests.factories import line
from tests.ui.driver import wait_until

WORDS = [
    "hello",
    "world",
    "word",
    "is",
    "the",
    "a",
    "and",
    "here",
    "are",
    "words",
    "plan",
    "history",
    "pain",
    "pains",
    "customer",
    "called",
]
NOW = datetime(2024, 5, 14, 9, tzinfo=UTC)
UNKNOWN_LANGUAGE = "qaa"  # for private use: no machine has its dictionary

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # menus, offscreen


def speller_processes() -> "list[multiprocessing.process.BaseProcess]":
    """Return the running processes of dictionaries; the analyst, whom all tests share, is none of them."""
    return [child for child in multiprocessing.active_children() if child.name == "reviewer-spelling"]


def write_dictionary(folder: Path, language: str, words: list[str]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{language}.aff").write_text("SET UTF-8\nTRY esianrtolcdugmphbyfvkwz\n")
    (folder / f"{language}.dic").write_text("\n".join([str(len(words)), *words, ""]))


def threads() -> list[str]:
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("desk-worker"))


def marked_words(edit: PlainTextEdit) -> list[str]:
    return [edit.text()[start:end] for start, end in edit.spans(LAYER)]


def claimed(draft: str, kind: str, language: str | None) -> ClaimedItem:
    """Return an item as the presenter would show it."""
    item_id = ItemId("item")
    head = ItemHead(item_id, "D-1", "tests", kind, Channel.CHAT, ItemState.LEASED, language, 0, None, NOW)
    lease = Lease(LeaseId("lease"), item_id, MemberId("member"), DeskId("desk"), 1, NOW)
    return ClaimedItem(Item(head, False, draft, (), None, None), lease, None)


@pytest.fixture(autouse=True)
def dictionaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder with an English dictionary of a few words; afterwards nothing may be left running."""
    before = threads()
    folder = tmp_path / "dictionaries"
    write_dictionary(folder, "en", WORDS)
    monkeypatch.setenv("REVIEWER_DICTIONARIES", str(folder))
    yield folder
    assert speller_processes() == []
    assert threads() == before


class Page:
    """An editor on screen with its spelling."""

    def __init__(self, qtbot: QtBot, appearance: Appearance, personal: tuple[str, ...]) -> None:
        self._qtbot = qtbot
        self.editor = FieldsEditor(appearance)
        self.editor.resize(700, 500)
        qtbot.addWidget(self.editor)
        with qtbot.waitActive(self.editor):
            self.editor.show()
            self.editor.activateWindow()
        self.spelling = DeskSpelling(self.editor, appearance, personal, self.editor)
        self.told: list[tuple[str, str]] = []
        self.spelling.told.connect(self._on_told)

    @property
    def body(self) -> PlainTextEdit:
        return self.editor.body

    def load(self, draft: str, kind: str = "sms", language: str | None = "en") -> None:
        """Show an item."""
        self.editor.load(kind, draft, None, 0)
        self.spelling.show_item(claimed(draft, kind, language))

    def show(self, draft: str, kind: str = "sms", language: str | None = "en") -> None:
        """Show an item and wait for its marks."""
        self.load(draft, kind, language)
        self.wait()

    def wait(self) -> None:
        self._qtbot.waitUntil(lambda: not self.spelling.busy, timeout=120_000)

    def marked(self, edit: PlainTextEdit | None = None) -> list[str]:
        """Return the words with a wavy line."""
        return marked_words(edit or self.body)

    def colours(self) -> set[str]:
        """Return the colours on screen."""
        picture = self.body.viewport().grab().toImage()
        return {picture.pixelColor(x, y).name() for y in range(60) for x in range(picture.width())}

    def ask_menu(self, word: str) -> None:
        """Press the right button on a word."""
        edit = self.body
        at = edit.text().index(word) + 1
        cursor = edit.textCursor()
        cursor.setPosition(code_point_to_qt(edit.text(), at))
        self.ask_menu_at(edit.cursorRect(cursor).center())

    def ask_menu_at(self, place: QPoint) -> None:
        area = self.body.viewport()
        reason = QContextMenuEvent.Reason.Mouse
        QApplication.sendEvent(area, QContextMenuEvent(reason, place, area.mapToGlobal(place)))

    def menu(self) -> QMenu:
        """Wait for the menu of a misspelled word."""
        found: list[QMenu] = []

        def is_open() -> bool:
            found[:] = [m for m in self.body.findChildren(QMenu, "spelling_menu") if m.isVisible()]
            return bool(found)

        self._qtbot.waitUntil(is_open)
        return found[0]

    def choose(self, label: str) -> None:
        """Click an entry of the open menu."""
        menu = self.menu()
        action = next(action for action in menu.actions() if action.text() == label)
        QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())

    def type(self, keys: str) -> None:
        QTest.keyClicks(self.body, keys)

    def _on_told(self, words: str, why: str) -> None:
        self.told.append((words, why))


def labels(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if not action.isSeparator()]


@pytest.fixture
def make_page(qtbot: QtBot, appearance: Appearance) -> Iterator[Callable[..., Page]]:
    pages: list[Page] = []

    def make(*personal: str) -> Page:
        pages.append(Page(qtbot, appearance, personal))
        return pages[-1]

    yield make
    for page in pages:
        page.spelling.close()


@pytest.fixture
def page(make_page: Callable[..., Page]) -> Page:
    return make_page()


@pytest.fixture
def stopped() -> Iterator[Callable[[], Callable[[], None]]]:
    """Let the dictionaries' processes hang, as on a machine that swaps; the answer lets them go on."""
    hung: list[int] = []

    def go_on() -> None:
        for pid in hung:
            os.kill(pid, signal.SIGCONT)
        hung.clear()

    def stop() -> Callable[[], None]:
        hung.extend(child.pid for child in speller_processes() if child.pid is not None)
        for pid in hung:
            os.kill(pid, signal.SIGSTOP)
        return go_on

    yield stop
    hung.clear()


# Marks


def test_misspelled_words_have_a_wavy_line_in_the_colour_of_caution(page: Page, appearance: Appearance) -> None:
    page.show("Hello world, here are the words.")
    assert LIGHT.caution.lower() not in page.colours()
    page.show("Hello wrold, here are teh words.")
    assert page.marked() == ["wrold", "teh"]
    assert LIGHT.caution.lower() in page.colours()
    appearance.set_mode("dark")
    assert DARK.caution.lower() in page.colours()


def test_a_wavy_line_stands_right_under_its_word_wherever_it_is(page: Page) -> None:
    page.show("words hello\n" * 40 + "hello wrold 😀 " * 3 + "مرحبا wrold hello " * 9)
    edit = page.body
    edit.set_cursor_position(len(edit.text()))
    page.wait()
    picture = edit.viewport().grab().toImage()
    for start, end in edit.spans(LAYER):
        edit.set_cursor_position(start)
        left = edit.cursorRect()
        edit.set_cursor_position(end)
        right = edit.cursorRect()
        if left.y() != right.y() or not edit.viewport().rect().contains(left.united(right)):
            continue
        below = [QPoint(x, left.bottom() + y) for x in range(left.x() + 1, right.x()) for y in range(-4, 3)]
        seen = [picture.pixelColor(place).name() for place in below if picture.valid(place)]
        assert LIGHT.caution.lower() in seen


def test_hundreds_of_marks_in_one_paragraph_do_not_slow_the_painting(page: Page) -> None:
    page.editor.resize(1_000, 1_200)
    page.show("wrold teh " * 1_500)
    assert len(page.marked()) > 300
    times = []
    for _ in range(5):
        began_at = time.thread_time()
        page.body.viewport().repaint()
        times.append(time.thread_time() - began_at)
    assert min(times) < 0.3  # Qt's own wavy lines take seconds here


def test_words_after_emoji_and_marks_of_accent_are_marked_where_they_are(page: Page) -> None:
    page.show("👍🏽 e\u0301 wrold 😀 teh\n😀 wordd")
    assert page.marked() == ["wrold", "teh", "wordd"]


def test_the_words_of_the_person_are_not_marked(make_page: Callable[..., Page]) -> None:
    page = make_page("wrold")
    page.show("Wrold and wrold's teh")
    assert page.marked() == ["teh"]


def test_headings_and_tags_are_not_checked_and_what_is_beside_them_is(page: Page) -> None:
    page.show("HISTRY\nTeh pain\n\nPlan: wrold\n\nAllergyes:\nteh", kind="clinical_note")
    assert page.marked() == ["Teh", "wrold", "teh"]
    page.show("Teh customer called.\n\nAction items:\n- wrold\n\nKeywords: xyzzy, plugh\n", kind="summary")
    text, items, tags = page.editor.texts()
    assert (page.marked(text), page.marked(items), page.marked(tags)) == (["Teh"], ["wrold"], [])


def test_an_edit_is_checked_after_a_pause(page: Page) -> None:
    page.show("Hello world")
    page.body.set_cursor_position(0)
    page.type("teh ")
    assert page.marked() == []
    page.wait()
    assert page.marked() == ["teh"]


def test_the_typed_word_is_marked_only_when_the_cursor_leaves_it(page: Page, qtbot: QtBot) -> None:
    page.show("hello teh")
    page.body.set_cursor_position(5)
    page.type(" wrol")
    page.wait()
    assert page.marked() == ["teh"]
    page.type("d")
    QTest.keyClick(page.body, Qt.Key.Key_Left)
    page.wait()
    assert page.marked() == ["teh"]
    QTest.keyClick(page.body, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: page.marked() == ["wrold", "teh"])


def test_the_typed_word_is_marked_when_the_focus_goes_elsewhere(page: Page, qtbot: QtBot) -> None:
    page.show("Teh customer.\n\nAction items:\n- words\n", kind="summary")
    page.body.set_cursor_position(13)
    page.type(" wrold")
    page.wait()
    assert page.marked() == ["Teh"]
    page.editor.texts()[1].setFocus()
    qtbot.waitUntil(lambda: page.marked() == ["Teh", "wrold"])


def test_the_mark_of_a_word_goes_as_soon_as_it_is_corrected(page: Page) -> None:
    page.show("teh wrold teh")
    page.body.set_cursor_position(9)
    page.type("x")
    assert page.marked() == ["teh", "teh"]
    page.wait()
    assert page.marked() == ["teh", "teh"]


def test_marks_move_with_the_text_until_it_is_checked_again(page: Page) -> None:
    page.show("hello wrold\nteh")
    page.body.set_cursor_position(0)
    page.type("the ")
    assert page.marked() == ["wrold", "teh"]


def test_an_answer_about_an_outdated_text_is_dropped(page: Page, stopped: Callable[[], Callable[[], None]]) -> None:
    page.show("hello")
    go_on = stopped()
    page.load("teh teh teh")
    QApplication.processEvents()
    page.spelling._check()
    page.load("hello wrold")
    go_on()
    page.wait()
    assert page.marked() == ["wrold"]


def test_what_scrolls_into_sight_is_checked_then(page: Page, qtbot: QtBot) -> None:
    page.show("hello teh world\n" * 1_000)
    assert 10 < len(page.marked()) < 200
    assert len(page.spelling._known) == 1
    page.show("\n".join(f"wrold{'x' * (n % 90)} {n}" for n in range(1_000)) + "\nthe lastt")
    assert "lastt" not in page.marked()
    page.body.verticalScrollBar().setValue(page.body.verticalScrollBar().maximum())
    qtbot.waitUntil(lambda: "lastt" in page.marked())


def test_what_is_remembered_of_a_text_does_not_grow_without_end(page: Page) -> None:
    page.show("hello")
    page.spelling._known |= {f"paragraph {n}": () for n in range(2_000)}
    page.type("x")
    page.wait()
    assert list(page.spelling._known) == ["xhello"]


# The menu


def test_a_suggestion_replaces_the_word_in_one_step_of_undo(page: Page, qtbot: QtBot) -> None:
    page.show("Hello 😀 wrold, teh words.")
    page.ask_menu("wrold")
    found = labels(page.menu())
    assert found[:2] == ["world", "word"]
    assert found[found.index("Add to dictionary") + 1 :] == ["Undo", "Redo", "Cut", "Copy", "Paste", "Select all"]
    page.choose("world")
    assert page.body.text() == "Hello 😀 world, teh words."
    assert page.marked() == ["teh"]
    page.body.undo()
    assert page.body.text() == "Hello 😀 wrold, teh words."
    assert not page.body.document().isUndoAvailable()
    page.wait()
    assert page.marked() == ["wrold", "teh"]
    qtbot.waitUntil(lambda: not page.body.findChildren(QMenu))


def test_the_keys_for_menus_open_it_at_the_cursor(page: Page, qtbot: QtBot) -> None:
    page.show("Hello wrold")
    page.body.set_cursor_position(8)
    QTest.keyClick(page.body, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    menu = page.menu()
    active = menu.activeAction()
    assert isinstance(active, QAction)
    assert active.text() == "world"
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    place = page.body.cursorRect().center()
    reason = QContextMenuEvent.Reason.Keyboard  # what the Menu key sends
    QApplication.sendEvent(page.body, QContextMenuEvent(reason, place, page.body.mapToGlobal(place)))
    QTest.keyClick(page.menu(), Qt.Key.Key_Return)
    assert page.body.text() == "Hello world"


def test_a_menu_does_not_wait_for_a_slow_dictionary(
    page: Page, stopped: Callable[[], Callable[[], None]], qtbot: QtBot
) -> None:
    page.show("Hello wrold")
    go_on = stopped()
    asked_at = time.monotonic()
    page.ask_menu("wrold")
    menu = page.menu()
    assert time.monotonic() - asked_at < 10  # it is stopped: whoever waited for it would wait for ever
    assert labels(menu)[:2] == ["…", "Add to dictionary"]
    assert not menu.actions()[0].isEnabled()
    go_on()
    qtbot.waitUntil(lambda: labels(menu)[0] == "world")
    assert "…" not in labels(menu)
    page.choose("world")
    assert page.body.text() == "Hello world"


def test_a_word_that_resembles_nothing_can_still_be_added(page: Page) -> None:
    page.show("Hello xqzxqzxqzxqz")
    page.ask_menu("xqz")
    menu = page.menu()
    assert labels(menu)[:2] == ["No suggestions", "Add to dictionary"]
    assert not menu.actions()[0].isEnabled()
    menu.close()


def test_a_suggestion_for_a_text_that_is_gone_changes_nothing(page: Page) -> None:
    page.show("Hello wrold")
    page.ask_menu("wrold")
    menu = page.menu()
    page.body.set_text("Another hello")
    menu.actions()[0].trigger()
    assert page.body.text() == "Another hello"
    menu.close()


def test_the_next_item_closes_the_menu_of_the_last(page: Page, qtbot: QtBot) -> None:
    page.show("Hello wrold")
    page.ask_menu("wrold")
    menu = page.menu()
    page.load("hello")
    assert not menu.isVisible()
    page.wait()
    page.ask_menu("hello")  # has no mark: the plain menu
    popup = QApplication.activePopupWidget()
    assert isinstance(popup, QMenu)
    assert popup.objectName() == ""
    popup.close()


def test_right_words_the_space_beside_the_text_and_a_locked_text_have_the_plain_menu(page: Page) -> None:
    def is_plain() -> bool:
        popup = QApplication.activePopupWidget()
        assert isinstance(popup, QMenu)
        popup.close()
        return popup.objectName() == ""

    page.show("Hello wrold")
    page.ask_menu("Hello")
    assert is_plain()
    page.ask_menu_at(page.body.viewport().rect().bottomRight() - QPoint(5, 5))
    assert is_plain()
    page.editor.set_locked(locked=True)
    page.ask_menu("wrold")
    assert is_plain()


def test_an_added_word_is_right_at_once_and_in_every_language(page: Page, dictionaries: Path, qtbot: QtBot) -> None:
    write_dictionary(dictionaries, "qab", WORDS)
    page.show("teh wrold", language="qab")
    page.show("Wrold wrold's teh")
    page.ask_menu("wrold's")
    page.menu()
    with qtbot.waitSignal(page.spelling.word_added) as added:
        page.choose("Add to dictionary")
    assert added.args == ["wrold's"]
    page.wait()
    assert page.marked() == ["teh"]
    page.show("teh wrold", language="qab")
    assert page.marked() == ["teh"]


# What runs, and when


def test_the_desk_is_loaded_without_what_reads_dictionaries() -> None:
    code = "import sys, reviewer.__main__, reviewer.ui.app; print([m for m in sys.modules if 'spelling' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['reviewer.ui.desk.spelling']"


def test_nothing_is_started_until_an_item_has_been_on_screen_for_a_while(page: Page) -> None:
    before = threads()
    page.load("Hello wrold")
    QApplication.processEvents()
    assert (speller_processes(), threads()) == ([], before)
    page.wait()
    assert len(speller_processes()) == 1


def test_without_a_dictionary_nothing_runs_and_the_reason_is_told(page: Page) -> None:
    before = threads()
    page.show("Hello wrold", language=UNKNOWN_LANGUAGE)
    assert page.marked() == []
    assert page.told[-1] == (
        f"no dictionary for {UNKNOWN_LANGUAGE}",
        "No spelling dictionary for this language is installed.",
    )
    page.type("teh ")
    page.load("wrold", language=UNKNOWN_LANGUAGE)
    assert not page.spelling.busy
    assert (speller_processes(), threads()) == ([], before)
    page.show("Hello wrold")
    assert page.told[-1] == ("", "")
    assert page.marked() == ["wrold"]


def test_a_draft_without_a_language_is_not_checked(page: Page) -> None:
    page.load("Hello wrold", language=None)
    assert not page.spelling.busy
    assert page.told == [("spelling not checked", "The draft does not state its language.")]


def test_a_language_written_without_spaces_is_said_to_be_off(page: Page, dictionaries: Path) -> None:
    write_dictionary(dictionaries, "th", ["ก"])
    page.show("wrold", language="th")
    assert page.told[-1][0] == "spelling is off"
    assert "without spaces" in page.told[-1][1]


def test_languages_with_one_dictionary_share_its_process(page: Page) -> None:
    for language in ("en", "en-GB", "en-Latn", "en"):
        page.show("Hello wrold", language=language)
        assert page.marked() == ["wrold"]
    assert len(speller_processes()) == 1


def test_only_the_last_few_languages_keep_their_processes(page: Page, dictionaries: Path) -> None:
    for language in ("qab", "qac", "qad", "qae"):
        write_dictionary(dictionaries, language, WORDS)
        page.show("Hello wrold", language=language)
        assert page.marked() == ["wrold"]
    assert len(speller_processes()) == 3


def test_closing_ends_a_process_that_hangs_and_the_thread_that_asks_it(
    page: Page, stopped: Callable[[], Callable[[], None]]
) -> None:
    page.show("Hello wrold")
    stopped()
    page.load("teh")
    page.spelling._check()
    began_at = time.monotonic()
    page.spelling.close()
    assert time.monotonic() - began_at < 20  # it would never end by itself
    assert speller_processes() == []
    assert not any(timer.isActive() for timer in page.spelling.findChildren(QTimer))
    page.type("x")
    page.load("teh")
    assert not page.spelling.busy


def test_closing_while_a_dictionary_is_being_opened_leaves_nothing(page: Page) -> None:
    page.load("Hello wrold")
    page.spelling._check()
    page.spelling.close()
    assert speller_processes() == []


def test_a_machine_that_starts_no_process_has_no_spelling(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(language: str, *, personal: object) -> spelling.Checker:
        raise OSError(11, "Resource temporarily unavailable")

    crashes: list[object] = []
    page.spelling.crashed.connect(crashes.append)
    monkeypatch.setattr(spelling, "open_checker", refuse)
    page.show("Hello wrold")
    assert page.told[-1] == ("spelling is off", "The spelling checker cannot be started.")
    assert crashes == []


def test_a_fault_of_ours_is_told_once_and_not_at_every_pause(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(language: str, *, personal: object) -> spelling.Checker:
        raise KeyError("a bug")

    crashes: list[object] = []
    page.spelling.crashed.connect(crashes.append)
    monkeypatch.setattr(spelling, "open_checker", fail)
    page.show("Hello wrold")
    page.type("teh ")
    page.show("Hello wrold")
    assert [type(crash) for crash in crashes] == [KeyError]


def test_the_installed_english_dictionary_marks_a_real_draft(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REVIEWER_DICTIONARIES")
    if spelling.find_dictionary("en-US", spelling.dictionary_folders()) is None:
        pytest.skip("no English Hunspell dictionary is installed")
    page.show(
        "Hi Ana, your apointment on Tuesday at 9:00 is confirmed. Please bring your insurence card.", language="en"
    )
    assert page.marked() == ["apointment", "insurence"]
    page.ask_menu("apointment")
    menu = page.menu()
    wait_until(lambda: labels(menu)[0] == "appointment", "the suggestions")
    page.choose("appointment")
    assert "your appointment on" in page.body.text()


# The whole desk


@pytest.fixture
def desk(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    """Return a desk on a profile with two drafts."""
    application = Application(tmp_path / "profile", tmp_path / "keys")
    application.access.make("Desk", "First", frozenset(Role))
    drafts = [line(draft=f"Hello wrold {number}", language="en") for number in range(2)]
    application.unlock().intake.take_all(drafts, "tests")
    made = Desk(qapp, application, demo=False)
    made.open()
    qtbot.waitUntil(lambda: made.presenter is not None and made.presenter.current is not None, timeout=120_000)
    qtbot.waitUntil(lambda: made.spelling is not None and not made.spelling.busy, timeout=120_000)
    yield made
    made.window.close()
    made.close()
    made.window.deleteLater()
    made.deleteLater()


def marked_in(desk: Desk) -> list[str]:
    assert desk.view is not None
    return marked_words(desk.view.editor.body)


def test_a_word_added_at_the_desk_is_kept_in_the_settings(desk: Desk, qtbot: QtBot) -> None:
    assert desk.spelling is not None
    assert marked_in(desk) == ["wrold"]
    desk.spelling._on_learn("wrold")
    qtbot.waitUntil(lambda: marked_in(desk) == [] and not desk.worker.busy)
    desk.spelling._on_learn("apple")
    desk.spelling._on_learn("wrold")
    qtbot.waitUntil(lambda: not desk.worker.busy)
    assert desk.application.settings.load().dictionary == ("apple", "wrold")


def test_a_word_that_cannot_be_kept_is_told_in_place(desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: SettingsFile, **changed: object) -> None:
        raise UnavailableError("The settings file cannot be written: no space.")

    assert desk.spelling is not None
    assert desk.view is not None
    monkeypatch.setattr(SettingsFile, "change", refuse)
    desk.spelling._on_learn("wrold")
    qtbot.waitUntil(lambda: not desk.worker.busy)
    assert "no space" in desk.view.notice.words
    monkeypatch.undo()


def test_decisions_do_not_wait_for_a_dictionary_that_hangs(
    desk: Desk, qtbot: QtBot, stopped: Callable[[], Callable[[], None]]
) -> None:
    assert desk.presenter is not None
    assert desk.view is not None
    stopped()
    first = desk.presenter.current
    desk.view.editor.body.insertPlainText("x")
    findings = desk.presenter.findings
    qtbot.waitUntil(lambda: findings.is_ready)
    desk.view._approve()
    assert desk.presenter.current is not first
    qtbot.waitUntil(lambda: not desk.worker.busy)
    undoable = desk.presenter.undoable
    assert undoable is not None
    assert undoable.decision is not None


def test_the_reason_stands_beside_the_count_with_more_in_its_tooltip(desk: Desk) -> None:
    assert desk.view is not None
    label = desk.view.findChild(QWidget, "spelling")
    assert label is not None
    desk.view.show_spelling("no dictionary for de", "No spelling <b>dictionary</b> is installed.")
    assert label.property("text") == "no dictionary for de"
    assert "&lt;b&gt;dictionary&lt;/b&gt; is installed" in label.toolTip()
    desk.view.show_spelling("", "")
    assert (label.property("text"), label.toolTip()) == ("", "")


# The ranges of a layer


def test_ranges_of_a_layer_are_found_and_taken_away_where_edits_moved_them(page: Page) -> None:
    page.load("hello")
    edit = page.body
    edit.set_text("😀 one two")
    edit.set_spans("layer", [(2, 5, QTextCharFormat()), (6, 9, QTextCharFormat())])
    edit.replace(0, 0, "😀")
    assert [edit.span_at("layer", at) for at in (2, 3, 6, 7, 10)] == [None, (3, 6), (3, 6), (7, 10), (7, 10)]
    assert edit.spans("layer") == [(3, 6), (7, 10)]
    edit.drop_span("layer", 4)
    assert [edit.span_at("layer", at) for at in (4, 8)] == [None, (7, 10)]
    edit.replace(7, 10, "")
    assert edit.span_at("layer", 7) is None
    assert qt_to_code_point(edit.text(), edit.textCursor().position()) == 7
