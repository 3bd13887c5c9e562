"""Drives the real desk by its keys: for the tests of the screen, and as a process for those that kill it.

Keys go to the window that has the focus, as from a keyboard: shortcuts, focus and event filters see them as they
would see a person's. Nothing here calls the presenter or the view, save to look.
"""

import json
import os
import random
import time
import weakref
from collections.abc import Callable
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QMainWindow,
    QMessageBox,
    QPushButton,
    QWidget,
)

from reviewer.bootstrap import Application
from reviewer.domain.items import ClaimedItem
from reviewer.domain.kinds import KINDS
from reviewer.ui.app import Desk
from reviewer.ui.desk import DeskPresenter, DeskView, presenter, view
from reviewer.ui.desk.signing import SignDialog
from reviewer.ui.desk.state import HistoryEntry
from reviewer.ui.text import PlainLabel

PATIENCE_MS = 100_000  # a machine with other work is slow at times


def wait_until(
    condition: Callable[[], object], what: str = "what was waited for", *, patience_ms: int = PATIENCE_MS
) -> None:
    """Run the event loop until `condition()` holds."""
    if condition():
        return
    loop, look, end = QEventLoop(), QTimer(), QTimer()
    problems: list[Exception] = []

    def check() -> None:
        try:
            if condition():
                loop.quit()
        except Exception as problem:  # out of a slot it would get lost
            problems.append(problem)
            loop.quit()

    look.timeout.connect(check)
    end.timeout.connect(lambda: loop.exit(1))
    look.start(2)
    end.start(patience_ms)
    is_late = loop.exec()
    look.stop()
    end.stop()
    if problems:
        raise problems[0]
    assert not is_late or condition(), f"not within {patience_ms} ms: {what}"


def press(*sequences: str) -> None:
    """Press keys one after another, each written as "Ctrl+Return", and decide no sooner than the text is checked.

    A person's hands are slower than a check; a desk whose worker is kept busy is not waited for long.
    """
    for sequence in sequences:
        if sequence == "Ctrl+Return":
            deadline = time.monotonic() + 2
            while not all(desk._is_checked() for desk in _DESKS) and time.monotonic() < deadline:
                QCoreApplication.processEvents()
        QTest.keyClick(_focus_window(), *_key(sequence))


def strike(sequence: str) -> None:
    """Press a key with nothing happening before it: what was on screen a moment ago is what it meets.

    `press` sends the modifiers before it, and lets the desk do what is due in between.
    """
    window, (key, modifiers) = _focus_window(), _key(sequence)
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QCoreApplication.sendEvent(window, QKeyEvent(kind, key, modifiers))
    QCoreApplication.processEvents()


def hold_down(sequence: str, repeats: int) -> None:
    """Press a key, let it repeat as a keyboard does, and let it go."""
    key, modifiers = _key(sequence)
    text = "\r" if key == Qt.Key.Key_Return else ""
    QTest.keyPress(_focus_window(), key, modifiers)
    for _ in range(repeats):
        QTest.simulateEvent(_focus_window(), True, key, modifiers, text, True)
    QTest.keyRelease(_focus_window(), key, modifiers)


def type_text(text: str) -> None:
    """Type `text`, a line feed as Enter."""
    for character in text:
        if character == "\n":
            press("Return")
            continue
        code = Qt.Key(ord(character.upper())) if character.isascii() else Qt.Key.Key_unknown
        shift = Qt.KeyboardModifier.ShiftModifier if character.isupper() else Qt.KeyboardModifier.NoModifier
        QTest.sendKeyEvent(QTest.KeyAction.Click, _focus_window(), code, character, shift)


def open_desk(folder: Path) -> "DrivenDesk":
    """Open the real desk in a process that has no Qt application yet."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    qt = QApplication(["desk"])
    qt.setQuitOnLastWindowClosed(False)
    desk = DrivenDesk(folder)
    desk.keep(qt)
    return desk.open()


_DESKS: "weakref.WeakSet[DrivenDesk]" = weakref.WeakSet()


class DrivenDesk:
    """The real desk on a profile: window, store, worker and services, from opening to closing."""

    def __init__(self, folder: Path, *, keyring: bool = False) -> None:
        qt = QApplication.instance()
        assert isinstance(qt, QApplication)
        _DESKS.add(self)
        self._ended = False
        self._passes = False
        self._desk = Desk(qt, Application(folder, None if keyring else folder / "keys"), demo=False)
        self.window = self._desk.window
        self.worker = self._desk.worker
        self.appearance = self._desk.appearance

    def keep(self, qt: QApplication) -> None:
        """Keep the application as long as the desk."""
        self._qt = qt

    def open(self) -> "DrivenDesk":
        """Show the window and wait until it shows an item, an empty queue, a fault, the welcome or the unlock page."""
        self._desk.open()
        self.window.activateWindow()
        wait_until(lambda: self._desk.presenter or self._desk.welcome or self.is_locked, "a page")
        wait_until(lambda: self.item is not None or not self.worker.busy, "the first item")
        self.settle()
        return self

    @property
    def is_locked(self) -> bool:
        """Tell whether the unlock page takes something: all is put away, and the keys are gone."""
        buttons = [self._desk.unlock_view.findChild(QPushButton, name) for name in ("unlock_button", "try_again")]
        return any(button is not None and button.isVisible() for button in buttons) and not self.worker.busy

    @property
    def presenter(self) -> DeskPresenter:
        """Return the presenter, to look at."""
        assert self._desk.presenter is not None
        return self._desk.presenter

    @property
    def view(self) -> DeskView:
        """Return the review page, to look at."""
        assert self._desk.view is not None
        return self._desk.view

    @property
    def analyst(self) -> SpawnProcess | None:
        """Return the process that analyses, if it runs."""
        analyst = self._desk.application._analyst
        return None if analyst is None else analyst._process

    @property
    def item(self) -> ClaimedItem | None:
        """Return the item on screen."""
        return None if self._desk.presenter is None else self._desk.presenter.current

    @property
    def external_id(self) -> str | None:
        """Return the producer's id of the item on screen."""
        return None if self.item is None else self.item.item.head.external_id

    @property
    def text(self) -> str:
        """Return the text on screen."""
        return self.view.editor.text()

    @property
    def history(self) -> list[HistoryEntry]:
        """Return the decisions of this session, oldest first."""
        return self.presenter._history

    def settle(self) -> None:
        """Wait until what was asked of the worker is done and shown, what is on screen is checked, and what came of it.

        Not until it has nothing to do: on a slow machine the clocks of the desk alone may keep it busy.
        """
        for _ in range(6):  # a job may bring one that brings another
            self._passes = not self.worker.busy
            if not self._passes:
                self.worker.run(_nothing, self._pass)
                wait_until(lambda: self._passes or not self.worker.busy, "the end of the worker's jobs")
            wait_until(self._is_checked, "a checked text")
        QCoreApplication.sendPostedEvents()
        QCoreApplication.processEvents()

    def _is_checked(self) -> bool:
        return self._ended or self._desk.presenter is None or not self._desk.presenter.findings.busy

    def _pass(self, _: None) -> None:
        self._passes = True

    def wait_for_item(self, external_id: str) -> None:
        """Wait until that item is on screen."""
        wait_until(lambda: self.external_id == external_id, f"item {external_id} on screen")

    def approve(self) -> None:
        """Approve what is on screen, and sign it where that is asked for and takes no more than the device."""
        item = self.item
        press("Ctrl+Return")
        if item is not None and KINDS[item.item.kind].signed:
            wait_until(lambda: self.signing, "the question for a signature")
            press("Return")
            wait_until(lambda: not self.signing, "the signature")

    @property
    def signing(self) -> bool:
        """Tell whether a signature is being asked for."""
        return any(dialog.isVisible() for dialog in self.window.findChildren(SignDialog))

    def sees(self, words: str) -> bool:
        """Tell whether the words stand on a label or button in the window."""
        return any(words in text for text in self.visible_words())

    def visible_words(self) -> list[str]:
        """Return what labels and buttons of the window show."""
        shown = [w for w in self.window.findChildren(QWidget) if w.isVisible()]
        labels = [w.full_text if isinstance(w, PlainLabel) else w.text() for w in shown if isinstance(w, QLabel)]
        return labels + [w.text() for w in shown if isinstance(w, QAbstractButton)]

    def faults(self) -> list[str]:
        """Return the faults of the desk's own that it told of."""
        return [box.text() for box in self.window.findChildren(QMessageBox, "crash")]

    def close(self) -> None:
        """Close the window as a person does, and end everything behind it."""
        if not self._ended:
            self.window.close()
        self._end()

    def kill(self) -> None:
        """End without a word to the profile, as a killed process would; only the lock of the desk is freed."""
        for timer in self.presenter.findChildren(QTimer):
            timer.stop()
        self.presenter.close = lambda: None  # type: ignore[method-assign]
        self._end()

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._desk.close()
        faults = self.faults()
        for each in (self._desk, self.window):
            each.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert not faults, faults


class Typist:
    """Somebody who types, decides, undoes and moves about at random, and writes down each act in a journal.

    An entry is one line and is written at once: a key that types is written down after it was taken, with the text as
    it then stood; a key that decides before it is pressed, and its decision once it is on disk.
    """

    def __init__(self, desk: DrivenDesk, journal: Path, seed: int) -> None:
        self._desk = desk
        self._journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._chance = random.Random(seed)
        self._told: set[str] = set()
        self._signed: str | None = None
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._act)

    def begin(self) -> None:
        """Write down what is on screen, and begin."""
        self._on_shown()
        self._desk.presenter.item_shown.connect(self._on_shown)
        self._desk.presenter.history_changed.connect(self._on_history)
        self._desk.presenter.refused.connect(self._on_refused)
        self._desk.worker.idle.connect(self._on_idle)
        self._timer.start(0)

    def _write(self, what: str, **more: Any) -> None:
        entry = {"what": what, "at": time.monotonic(), **more}
        os.write(self._journal, json.dumps(entry).encode() + b"\n")

    def _write_state(self, what: str = "typed") -> None:
        item = self._desk.item
        if item is not None:
            cursor = self._desk.view.editor.cursor_position()
            self._write(what, item=item.item.id, fence=item.lease.fence, text=self._desk.text, cursor=cursor)

    def _on_shown(self, _claimed: object = None) -> None:
        self._write_state("shown")

    def _on_history(self, _entries: object) -> None:
        for entry in self._desk.history:
            if entry.decision is None:
                continue
            if entry.decision.id not in self._told:
                self._told.add(entry.decision.id)
                self._write("decided", item=entry.item.item.id, decision=entry.decision.id)
            if entry.state == "withdrawn" and f"-{entry.decision.id}" not in self._told:
                self._told.add(f"-{entry.decision.id}")
                self._write("withdrawn", item=entry.item.item.id, decision=entry.decision.id)

    def _on_refused(self, why: str) -> None:
        self._write("refused", why=why)

    def _on_idle(self) -> None:
        self._write("idle")

    def _act(self) -> None:
        acts = (self._type, self._move, self._undo, self._approve, self._answer, self._open_row, self._give_back)
        (act,) = self._chance.choices(acts, (40, 10, 10, 20, 14, 4, 2))
        if self._desk.faults():
            self._write("fault", why=self._desk.faults())
        elif self._desk.signing:
            self._sign()
        elif self._desk.presenter._to_sign is not None:
            pass  # what is to be signed is about to be shown
        elif self._desk.item is not None:
            act()
        self._timer.start(self._chance.choice((0, 0, 5, 20, 60)))

    def _type(self) -> None:
        words = ("so ", "може", "🙂", " doctor", "\n", "15 May", "x")
        for character in self._chance.choice(words):
            type_text(character)
            self._write_state()

    def _move(self) -> None:
        keys = ["Left", "Right", "Home", "End", "Up", "Ctrl+Home", "Ctrl+End", "Alt+Down", "Alt+Up"]
        press(self._chance.choice(keys))
        self._write_state()

    def _undo(self) -> None:
        if any(edit.document().isUndoAvailable() for edit in self._desk.view.editor.texts()):
            strike("Ctrl+Z")
            self._write_state()
        elif (entry := self._desk.presenter.undoable) is not None:
            self._write("moving", item=entry.item.item.id)
            strike("Ctrl+Z")

    def _approve(self) -> None:
        item = self._desk.item
        assert item is not None
        if not self._desk.presenter.findings.is_ready:
            self._answer()  # an approval would wait for the check, and fall to whatever is pressed meanwhile
            return
        if KINDS[item.item.kind].signed:
            self._signed = None
            strike("Ctrl+Return")  # and what is asked then is answered the next time
        else:
            self._press_to_decide("Ctrl+Return", "approve")

    def _sign(self) -> None:
        item = self._desk.item
        if item is None or item.item.id == self._signed:
            return  # it was answered, and that takes a moment
        if self._chance.random() < 0.2:
            press("Escape")
        else:
            self._signed = item.item.id
            self._write("pressing", item=item.item.id, verdict="approve", text=self._desk.text)
            strike("Return")

    def _answer(self) -> None:
        key, verdict = self._chance.choice((("R", "reject"), ("M", "respond"), ("E", "escalate"), ("K", "skip")))
        press(f"Ctrl+{key}")
        if verdict == "reject":
            press("T")
        type_text("why not")
        self._press_to_decide("Return", verdict)

    def _press_to_decide(self, key: str, verdict: str) -> None:
        item, number = self._desk.item, len(self._desk.history)
        assert item is not None
        self._write("pressing", item=item.item.id, verdict=verdict, text=self._desk.text)
        strike(key)
        if len(self._desk.history) == number:
            self._write("not taken", item=item.item.id)
            press("Escape")

    def _open_row(self) -> None:
        model, rows = self._desk.view.queue.model, self._desk.view.queue.list
        press("Shift+F6", "Home", *["Down"] * self._chance.randrange(5))
        if rows.currentIndex().isValid():
            self._write("moving", item=model.head(rows.currentIndex().row()).id)
            strike("Return")
        press("F6")

    def _give_back(self) -> None:
        item = self._desk.item
        assert item is not None
        self._write("moving", item=item.item.id)
        strike("Ctrl+Shift+K")


def type_and_decide(folder: Path, journal: Path, seed: int) -> None:
    """Work at a desk until killed."""
    view.FRESH_MS = 20
    presenter.ROUND_MS = 100  # so that many kills fall into dispatching
    typist = Typist(open_desk(folder), journal, seed)
    typist.begin()
    QApplication.exec()


def _nothing() -> None:
    """Do nothing, in its turn."""


def _key(sequence: str) -> tuple[Qt.Key, Qt.KeyboardModifier]:
    combination = QKeySequence(sequence)[0]  # type: ignore[index] # in the stubs
    modifiers = combination.keyboardModifiers()
    if combination.key() == Qt.Key.Key_Tab and modifiers & Qt.KeyboardModifier.ShiftModifier:
        return Qt.Key.Key_Backtab, modifiers  # as keyboards send it
    return combination.key(), modifiers


def _focus_window() -> QWindow:
    """Return the window with the focus, which is a modal one's if there is one.

    Without a window manager nobody gives the focus to a dialog that opens, nor back when it has closed.
    """
    wanted = QApplication.activeModalWidget() if QApplication.activePopupWidget() is None else None
    if wanted is None and QGuiApplication.focusWindow() is None:
        shown = [w for w in QApplication.topLevelWidgets() if w.isVisible() and isinstance(w, QMainWindow)]
        wanted = shown[0]
    if wanted is not None and QGuiApplication.focusWindow() != wanted.windowHandle():
        wanted.activateWindow()
        handle, holder = wanted.windowHandle(), QGuiApplication.focusWindow()
        if holder is not None and not holder.isVisible():
            return handle  # a list of completions that closed by itself keeps the focus there
        wait_until(lambda: QGuiApplication.focusWindow() == handle or not wanted.isVisible(), "the focus")
    window = QGuiApplication.focusWindow()
    assert window is not None, "no window has the focus"
    return window
