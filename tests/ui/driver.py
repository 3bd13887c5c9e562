"""Drives the real desk by its keys: for the tests of the screen, and as a process for those that kill it.

Keys go to the window that has the focus, as from a keyboard: shortcuts, focus and event filters see them as they
would see a person's. Nothing here calls the presenter or the view, save to look.
"""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence, QWindow
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
from reviewer.ui.app import Desk
from reviewer.ui.desk import DeskPresenter, DeskView
from reviewer.ui.desk.presenter import HistoryEntry
from reviewer.ui.text import PlainLabel

PATIENCE_MS = 20_000


def wait_until(condition: Callable[[], object], what: str = "what was waited for") -> None:
    """Run the event loop until `condition()` holds."""
    if condition():
        return
    loop, look, end = QEventLoop(), QTimer(), QTimer()
    look.timeout.connect(lambda: loop.quit() if condition() else None)
    end.timeout.connect(lambda: loop.exit(1))
    look.start(2)
    end.start(PATIENCE_MS)
    is_late = loop.exec()
    look.stop()
    end.stop()
    assert not is_late or condition(), f"not within {PATIENCE_MS} ms: {what}"


def press(*sequences: str) -> None:
    """Press keys one after another, each written as "Ctrl+Return"."""
    for sequence in sequences:
        QTest.keyClick(_focus_window(), *_key(sequence))


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


class DrivenDesk:
    """The real desk on a profile: window, store, worker and services, from opening to closing."""

    def __init__(self, folder: Path) -> None:
        qt = QApplication.instance()
        assert isinstance(qt, QApplication)
        self._ended = False
        self._desk = Desk(qt, Application(folder, folder / "keys"), demo=False)
        self.window = self._desk.window
        self.worker = self._desk.worker
        self.appearance = self._desk.appearance

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
        button = self._desk.unlock_view.findChild(QPushButton, "unlock_button")
        assert isinstance(button, QPushButton)
        return button.isVisible() and not self.worker.busy

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
        """Wait until the worker has nothing to do and everything it did is shown."""
        wait_until(lambda: not self.worker.busy, "an idle worker")
        QCoreApplication.sendPostedEvents()
        QCoreApplication.processEvents()

    def wait_for_item(self, external_id: str) -> None:
        """Wait until that item is on screen."""
        wait_until(lambda: self.external_id == external_id, f"item {external_id} on screen")

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


def _key(sequence: str) -> tuple[Qt.Key, Qt.KeyboardModifier]:
    combination = QKeySequence(sequence)[0]  # type: ignore[index] # in the stubs
    modifiers = combination.keyboardModifiers()
    if combination.key() == Qt.Key.Key_Tab and modifiers & Qt.KeyboardModifier.ShiftModifier:
        return Qt.Key.Key_Backtab, modifiers  # as keyboards send it
    return combination.key(), modifiers


def _focus_window() -> QWindow:
    """Return the window with the focus; without a window manager a closed dialog hands it to nobody."""
    if QGuiApplication.focusWindow() is None:
        shown = [w for w in QApplication.topLevelWidgets() if w.isVisible() and isinstance(w, QMainWindow)]
        (QApplication.activeModalWidget() or shown[0]).activateWindow()
        QCoreApplication.processEvents()
    window = QGuiApplication.focusWindow()
    assert window is not None, "no window has the focus"
    return window
