"""What Qt says about itself: kept as a place and a length, for a message may quote any text."""

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
CANARY = "Xylophone7731"
_CODE = f"""
import sys
from pathlib import Path
from PySide6.QtCore import QObject, QTimer, qCritical, qWarning
from PySide6.QtWidgets import QApplication, QLabel
from reviewer import logs
from reviewer.ui.qt_messages import take_messages
logs.start(Path(sys.argv[1]))
if len(sys.argv) == 2:
    take_messages()
app = QApplication([])
qWarning("{CANARY}")
qCritical("Dear {CANARY}::{CANARY} your visit")
label = QLabel()
label.setObjectName("{CANARY}")
label.setStyleSheet("{{{{{CANARY}")
timer = QTimer()
timer.start(-1)
logs.stop()
"""


def _run(folder: Path, *more: str) -> tuple[str, str]:
    """Return what the process wrote to standard error and to its log."""
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(folder), *more],
        env={**os.environ, "PYTHONPATH": str(_ROOT), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stderr, (folder / "reviewer.log").read_text("utf-8")


def test_a_text_that_qt_complains_about_reaches_neither_the_log_nor_standard_error(tmp_path: Path) -> None:
    assert CANARY in _run(tmp_path / "as it comes", "loud")[0]
    said, logged = _run(tmp_path / "taken")
    assert said == ""
    assert CANARY not in logged
    assert f"WARNING reviewer.qt default somewhere, {len(CANARY)} characters" in logged


def test_the_log_says_where_in_qt_it_was(tmp_path: Path) -> None:
    assert "QTimer::start" in _run(tmp_path / "taken")[1] or "QObject::startTimer" in _run(tmp_path / "again")[1]
