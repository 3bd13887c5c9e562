"""What is copied from the desk: marked, taken back in time, and never what somebody copied elsewhere."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QClipboard, QGuiApplication
from pytestqt.qtbot import QtBot

from reviewer.ui.clipboard import PrivateClipboard, private_data
from reviewer.ui.text import PlainTextEdit
from reviewer.ui.theme import Appearance

CANARY = "Xylophone7731"
_ROOT = Path(__file__).parents[2]


@pytest.fixture
def system(qtbot: QtBot) -> Iterator[QClipboard]:
    """Return the clipboard, empty."""
    clipboard = QGuiApplication.clipboard()
    clipboard.clear()
    yield clipboard
    clipboard.clear()


@pytest.fixture
def ours(system: QClipboard) -> Iterator[PrivateClipboard]:
    """Return the watch over the clipboard, which clears it after a tenth of a second."""
    made = PrivateClipboard(system, system, clear_after_ms=100)
    yield made
    made.deleteLater()


def test_a_copy_tells_every_clipboard_manager_that_it_is_a_secret(qtbot: QtBot, appearance: Appearance) -> None:
    edit = PlainTextEdit(appearance)
    qtbot.addWidget(edit)
    edit.set_text(CANARY)
    edit.selectAll()
    copied = edit.createMimeDataFromSelection()
    assert copied.text() == CANARY
    assert copied.data("x-kde-passwordManagerHint").data() == b"secret"
    assert copied.hasFormat("application/x-nspasteboard-concealed-type")
    for name in ("ExcludeClipboardContentFromMonitorProcessing", "CanIncludeInClipboardHistory"):
        assert copied.hasFormat(f'application/x-qt-windows-mime;value="{name}"')


def test_a_copy_is_cleared_after_its_time(qtbot: QtBot, system: QClipboard, ours: PrivateClipboard) -> None:
    ours.copy(CANARY)
    assert system.text() == CANARY
    qtbot.waitUntil(lambda: not system.text(), timeout=60_000)


def test_a_copy_is_cleared_at_once_when_asked(system: QClipboard, ours: PrivateClipboard) -> None:
    ours.copy(CANARY)
    ours.clear()
    assert system.text() == ""


def test_what_was_copied_elsewhere_is_left_alone(qtbot: QtBot, system: QClipboard, ours: PrivateClipboard) -> None:
    ours.copy(CANARY)
    system.setText("a shopping list")
    ours.clear()
    qtbot.wait(150)
    assert system.text() == "a shopping list"


def test_a_copy_of_another_desk_is_not_ours(system: QClipboard, ours: PrivateClipboard) -> None:
    theirs = QMimeData()
    theirs.setText("theirs")
    theirs.setData("application/x-reviewer-desk", b"another mark")
    system.setMimeData(theirs)
    ours.clear()
    assert system.text() == "theirs"


def test_the_last_copy_has_its_whole_time(qtbot: QtBot, system: QClipboard, ours: PrivateClipboard) -> None:
    ours.copy("first")
    qtbot.wait(60)
    ours.copy(CANARY)
    qtbot.wait(60)
    assert system.text() == CANARY
    qtbot.waitUntil(lambda: not system.text(), timeout=60_000)


def test_dragged_text_is_marked_as_well() -> None:
    assert private_data(CANARY).hasFormat("x-kde-passwordManagerHint")


# Run in a process of its own on a virtual screen: there, a clipboard has an owner.
_ON_X11 = f"""
import sys
from PySide6.QtWidgets import QApplication, QLineEdit
from PySide6.QtCore import QTimer
from reviewer.ui.clipboard import PrivateClipboard
app = QApplication([])
clipboard = app.clipboard()
ours = PrivateClipboard(clipboard, app, clear_after_ms=400)
field = QLineEdit("{CANARY}")
field.show()
def copy():
    field.selectAll()
    field.copy()
    app.processEvents()
    print(clipboard.ownsClipboard(), clipboard.mimeData().hasFormat("x-kde-passwordManagerHint"), clipboard.text())
def look():
    print(repr(clipboard.text()), repr(clipboard.text(clipboard.Mode.Selection)))
    app.quit()
QTimer.singleShot(100, copy)
QTimer.singleShot(1500, look)
app.exec()
"""


@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="no xvfb-run here")
def test_a_copy_from_a_line_edit_is_marked_and_cleared_too() -> None:
    done = subprocess.run(
        ["xvfb-run", "-a", sys.executable, "-c", _ON_X11],
        env={**os.environ, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.splitlines() == [f"True True {CANARY}", "'' ''"], done.stderr
