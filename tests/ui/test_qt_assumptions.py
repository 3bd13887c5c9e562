"""What the desk believes about Qt and PySide6, each belief where it can fail.

When an upgrade breaks one of these, the code that leans on it is to be looked at again; when it mends a trap, a
workaround can go.
"""

import gc
import sys
import threading
import weakref
from abc import ABC, abstractmethod
from typing import Protocol

import pytest
import shiboken6
from PySide6.QtCore import (
    QByteArray,
    QCoreApplication,
    QDate,
    QEvent,
    QMimeData,
    QModelIndex,
    QObject,
    Qt,
    QThread,
    QUrl,
    Signal,
    Slot,
)
from PySide6.QtGui import QFont, QFontMetricsF, QIcon, QKeyEvent, QKeySequence, QTextCursor, QTextDocument
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTextEdit, QToolTip, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from reviewer.ui.theme import Appearance


class Sender(QObject):
    """Signals of every type that is tempting."""

    number = Signal(int)
    mapping = Signal(dict)
    words = Signal(str)
    anything = Signal(object)
    plain = Signal()


class Receiver(QObject):
    """Remembers what arrived and where."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[object] = []
        self.threads: list[QThread] = []

    @Slot(object)
    def take(self, value: object = None) -> None:
        """Take a value."""
        self.got.append(value)
        self.threads.append(QThread.currentThread())


# --- memory and lifetime ----------------------------------------------------------------------------------------


def test_ten_thousand_calls_do_not_use_up_none(qapp: QApplication) -> None:
    """PySide6 6.12.0 under Python 3.11 takes a reference of None with each call: it is excluded in pyproject.toml."""
    widget = QObject()
    before = sys.getrefcount(None)
    for _ in range(10_000):
        widget.setObjectName("x")
        widget.blockSignals(False)
    assert before - sys.getrefcount(None) < 100


class LambdaHolder(QPushButton):
    """Connects itself through a lambda."""

    def __init__(self) -> None:
        super().__init__()
        self.clicked.connect(lambda: self.setText("pressed"))


class MethodHolder(QPushButton):
    """Connects itself through a bound method."""

    def __init__(self) -> None:
        super().__init__()
        self.clicked.connect(self.press)

    @Slot()
    def press(self) -> None:
        """Be pressed."""
        self.setText("pressed")


@pytest.mark.parametrize(("holder", "freed"), [(LambdaHolder, False), (MethodHolder, True)])
def test_a_lambda_that_holds_its_widget_leaks_it_and_a_bound_method_does_not(
    qapp: QApplication, holder: type[QPushButton], freed: bool
) -> None:
    watched = weakref.ref(holder())
    gc.collect()
    assert (watched() is None) == freed


def test_a_window_without_parent_or_owner_vanishes(qapp: QApplication) -> None:
    def open_window() -> "weakref.ref[QWidget]":
        window = QWidget()
        window.show()
        return weakref.ref(window)

    assert open_window()() is None


def test_delete_later_waits_for_the_event_loop(qtbot: QtBot) -> None:
    widget = QWidget()
    widget.deleteLater()
    assert shiboken6.isValid(widget)
    QCoreApplication.sendPostedEvents(widget, QEvent.Type.DeferredDelete)
    assert not shiboken6.isValid(widget)


def test_a_bound_method_of_a_deleted_object_is_still_there_to_be_called(qtbot: QtBot) -> None:
    """So a weak method is not enough for the worker: it asks shiboken too."""
    receiver = Receiver()
    method = weakref.WeakMethod(receiver.take)
    shiboken6.delete(receiver)
    assert method() is not None
    assert not shiboken6.isValid(receiver)


class ListeningBase(QObject):
    """Connects a slot of its own."""

    calls = 0

    def __init__(self, sender: Sender) -> None:
        super().__init__()
        sender.plain.connect(self.listen)

    @Slot()
    def listen(self) -> None:
        """Count."""
        ListeningBase.calls += 1


class ListeningChild(ListeningBase):
    """Overrides the slot."""

    @Slot()
    def listen(self) -> None:
        """Count."""
        ListeningBase.calls += 1


@pytest.mark.parametrize(("kind", "calls"), [(ListeningBase, 0), (ListeningChild, 1)])
def test_an_overridden_slot_is_called_on_a_deleted_object_while_python_holds_it(
    qapp: QApplication, kind: type[ListeningBase], calls: int
) -> None:
    """So no slot that a subclass overrides is connected to anything that lives longer."""
    sender = Sender()
    listener = kind(sender)
    shiboken6.delete(listener)
    ListeningBase.calls = 0
    sender.plain.emit()
    assert ListeningBase.calls == calls


def test_a_widget_taken_out_of_a_layout_stays_where_it_was(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    layout, label = QVBoxLayout(window), QLabel("here")
    layout.addWidget(label)
    window.show()
    layout.removeWidget(label)
    assert label.parent() is window
    assert label.isVisible()


# --- signals ----------------------------------------------------------------------------------------------------


def test_typed_signals_change_what_does_not_fit_and_object_signals_do_not(qapp: QApplication) -> None:
    sender, receiver = Sender(), Receiver()
    for signal in (sender.number, sender.mapping, sender.words, sender.anything):
        signal.connect(receiver.take)
    value = {1: 2**40}
    sender.mapping.emit(value)
    sender.anything.emit(value)
    assert receiver.got[0] == {}
    assert receiver.got[1] is value


def test_clicked_says_whether_the_button_is_checked(qtbot: QtBot) -> None:
    button, receiver = QPushButton("Approve"), Receiver()
    qtbot.addWidget(button)
    button.clicked.connect(receiver.take)
    button.click()
    assert receiver.got == [False]


def test_connecting_twice_calls_twice(qapp: QApplication) -> None:
    sender, receiver = Sender(), Receiver()
    sender.plain.connect(receiver.take)
    sender.plain.connect(receiver.take)
    sender.plain.emit()
    assert len(receiver.got) == 2


def test_a_signal_from_a_python_thread_runs_the_method_on_the_thread_of_its_object(qtbot: QtBot) -> None:
    sender, receiver = Sender(), Receiver()
    sender.anything.connect(receiver.take, Qt.ConnectionType.QueuedConnection)
    thread = threading.Thread(target=sender.anything.emit, args=("done",))
    thread.start()
    thread.join()
    assert receiver.got == []
    qtbot.waitUntil(lambda: receiver.got == ["done"])
    assert receiver.threads == [QThread.currentThread()]


def test_an_exception_in_a_slot_goes_to_the_hook_and_not_to_the_sender(qtbot: QtBot) -> None:
    class Clumsy(QObject):
        @Slot()
        def fall(self) -> None:
            raise ValueError("a bug")

    sender, clumsy = Sender(), Clumsy()
    sender.plain.connect(clumsy.fall)
    with qtbot.captureExceptions() as caught:
        sender.plain.emit()
    assert [kind for kind, _, _ in caught] == [ValueError]


# --- values -----------------------------------------------------------------------------------------------------


def test_values_of_qt_are_not_to_be_tested_for_truth(qapp: QApplication) -> None:
    assert [bool(value) for value in (QIcon(), QByteArray(), QDate())] == [False, False, False]
    assert [bool(value) for value in (QModelIndex(), QUrl())] == [True, True]
    assert not QModelIndex().isValid()
    assert Qt.CheckState.Checked != 2  # type: ignore[comparison-overlap]  # that is the trap


def test_a_qobject_can_be_neither_abstract_nor_a_protocol() -> None:
    class Interface(ABC):
        @abstractmethod
        def act(self) -> None: ...

    class Shape(Protocol):
        def act(self) -> None: ...

    for base in (Interface, Shape):
        with pytest.raises(TypeError, match="metaclass conflict"):
            type("Mixed", (QObject, base), {})


# --- the look ---------------------------------------------------------------------------------------------------


def test_the_platform_takes_no_colour_scheme_from_us(qapp: QApplication) -> None:
    """So the palettes are ours."""
    hints = qapp.styleHints()
    hints.setColorScheme(Qt.ColorScheme.Dark)
    assert hints.colorScheme() == Qt.ColorScheme.Unknown
    hints.unsetColorScheme()


def test_a_font_has_figures_of_one_width_if_asked(appearance: Appearance) -> None:
    font = QFont(appearance.font())
    font.setFeature(QFont.Tag("tnum"), 1)
    metrics = QFontMetricsF(font)
    assert metrics.horizontalAdvance("1") == metrics.horizontalAdvance("8")


# --- text -------------------------------------------------------------------------------------------------------


class SpyDocument(QTextDocument):
    """Counts what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[str] = []

    def loadResource(self, kind: int, name: QUrl | str) -> object:  # noqa: N802 - Qt's name
        """Count."""
        self.requests.append(QUrl(name).toString())
        return None


IMAGE = '<img src="file:///etc/hostname"> ok'


def test_markup_fetches_and_plain_text_does_not(qapp: QApplication) -> None:
    document = SpyDocument()
    document.setPlainText(IMAGE)
    document.size()
    assert document.requests == []
    document.setHtml(IMAGE)
    document.size()
    assert set(document.requests) == {"file:///etc/hostname"}


def test_a_label_guesses_unless_it_is_told(qtbot: QtBot) -> None:
    label = QLabel(IMAGE)
    qtbot.addWidget(label)
    assert label.textFormat() == Qt.TextFormat.AutoText


def test_an_editor_that_takes_no_rich_text_still_says_it_takes_files(qtbot: QtBot) -> None:
    """So `PlainTextEdit` decides for itself what may be pasted and dropped."""
    edit, data = QTextEdit(), QMimeData()
    qtbot.addWidget(edit)
    edit.setAcceptRichText(False)
    data.setUrls([QUrl("file:///etc/hostname")])
    assert data.hasText()
    assert edit.canInsertFromMimeData(data)


def test_plain_text_of_a_document_is_not_what_was_put_in_and_raw_text_is(qapp: QApplication) -> None:
    document = QTextDocument()
    QTextCursor(document).insertText("a\u00a0b\u2028c\nd")
    assert document.toPlainText() == "a b\nc\nd"
    assert document.toRawText() == "a\u00a0b\u2028c\u2029d"


@pytest.mark.parametrize(
    ("given", "received"), [("\ufeffAB", "AB"), ("\ufeff\ufeffAB", "\ufeffAB"), ("\ufffeAB", "\u4100\u4200")]
)
def test_pyside_takes_the_start_of_a_text_for_a_byte_order_mark(qapp: QApplication, given: str, received: str) -> None:
    """So the text widgets put one of their own before it."""
    document = QTextDocument()
    QTextCursor(document).insertText(given)
    assert document.toRawText() == received
    other = QObject()
    other.setObjectName(given)
    assert other.objectName() == received


@pytest.mark.parametrize("separator", ["\r\n", "\r", "\n", "\u2029", "\ufdd0", "\ufdd1"])
def test_what_starts_a_new_paragraph(qapp: QApplication, separator: str) -> None:
    document = QTextDocument()
    QTextCursor(document).insertText(f"a{separator}b")
    assert document.toRawText() == "a\u2029b"


def test_positions_are_counted_in_utf_16(qapp: QApplication) -> None:
    document = QTextDocument()
    cursor = QTextCursor(document)
    cursor.insertText("😀")
    assert cursor.position() == 2


def test_the_undo_history_holds_deleted_text_until_it_is_switched_off(qapp: QApplication) -> None:
    document = QTextDocument()
    cursor = QTextCursor(document)
    cursor.insertText("secret")
    cursor.select(QTextCursor.SelectionType.Document)
    cursor.removeSelectedText()
    assert document.isUndoAvailable()
    document.setUndoRedoEnabled(False)
    document.setUndoRedoEnabled(True)
    assert not document.isUndoAvailable()
    document.undo()
    assert document.toRawText() == ""


def test_a_document_lays_nothing_out_while_its_layout_is_off(qtbot: QtBot) -> None:
    """Without this a long text would be laid out whole before it is shown."""
    edit = QTextEdit()
    qtbot.addWidget(edit)
    edit.show()
    document = edit.document()
    document.setLayoutEnabled(False)
    QTextCursor(document).insertText("line\n" * 1_000)
    assert document.lastBlock().previous().layout().lineCount() == 0
    document.setLayoutEnabled(True)
    assert document.firstBlock().layout().lineCount() == 1


@pytest.mark.parametrize(("key", "takes"), [(Qt.Key.Key_Z, True), (Qt.Key.Key_Return, False), (Qt.Key.Key_E, False)])
def test_which_keys_an_editor_of_qt_keeps_from_the_window(qtbot: QtBot, key: Qt.Key, takes: bool) -> None:
    """It keeps Ctrl+Z even with nothing to undo; `PlainTextEdit` does not."""
    edit = QTextEdit()
    qtbot.addWidget(edit)
    event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.ControlModifier)
    event.ignore()
    QApplication.sendEvent(edit, event)
    assert event.isAccepted() == takes


def test_an_editor_of_qt_deletes_to_the_end_of_the_line_with_its_own_key(qtbot: QtBot) -> None:
    """On X11 that is Ctrl+K, which skips an item on the desk; `PlainTextEdit` never takes it."""
    bindings = QKeySequence.keyBindings(QKeySequence.StandardKey.DeleteEndOfLine)
    if not bindings:
        pytest.skip("this platform has no such key")
    edit = QTextEdit("see you on Tuesday")
    qtbot.addWidget(edit)
    combination = bindings[0][0]  # type: ignore[index]  # missing in the stubs
    event = QKeyEvent(QEvent.Type.KeyPress, combination.key(), combination.keyboardModifiers())
    QApplication.sendEvent(edit, event)
    assert edit.toPlainText() == ""


def test_a_tooltip_takes_markup(qtbot: QtBot) -> None:
    """`plain_tooltip` leans on it to show escaped text with its line breaks."""
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.setToolTip("<div>a &lt;b&gt;</div>")
    document = QTextDocument()
    document.setHtml(widget.toolTip())
    assert document.toPlainText() == "a <b>"
    QToolTip.hideText()
