"""A desk on a real X server, worked at without a pause until it is told to stop: `python -m tests.e2e.far_desk`.

It approves each item with a mark of its own in front and writes that down before it presses the key. Orders are files
in a folder: "shoot NAME" takes a picture of the screen, "stop" ends the work once everything is on record.
"""

import faulthandler
import json
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QTimer
from PySide6.QtWidgets import QApplication

from reviewer.ui.desk import view
from reviewer.ui.desk.state import UNSENT
from tests.ui.driver import DrivenDesk, strike, type_text, wait_until

_PACE_MS = 250


class Worker:
    """Somebody at that desk."""

    def __init__(self, desk: DrivenDesk, name: str, folder: Path) -> None:
        self._desk = desk
        self._name = name
        self._folder = folder
        self._number = 0
        self._gap = QElapsedTimer()
        self._longest_ms = 0
        self._beats = QTimer()
        self._beats.timeout.connect(self._beat)
        self._acts = QTimer()
        self._acts.timeout.connect(self._act)

    def begin(self) -> None:
        """Begin."""
        (self._folder / "ready").touch()
        self._gap.start()
        self._beats.start(5)
        self._acts.start(_PACE_MS)

    def _beat(self) -> None:
        self._longest_ms = max(self._longest_ms, self._gap.restart())

    def _act(self) -> None:
        for order in self._folder.glob("shoot *"):
            picture = QApplication.primaryScreen().grabWindow(0)
            picture.save(str(self._folder / f"{order.name.removeprefix('shoot ')}.png"))
            order.unlink()
        if (self._folder / "stop").exists():
            self._end_if_done()
        elif self._desk.item is not None and not self._desk.presenter.is_lost and self._desk._is_checked():
            self._decide()

    def _decide(self) -> None:
        item, before = self._desk.item, len(self._desk.history)
        assert item is not None
        self._number += 1
        type_text(f"{self._name}{self._number} ")
        with (self._folder / "journal").open("a") as journal:
            journal.write(json.dumps({"item": item.item.id, "text": self._desk.text}) + "\n")
        wait_until(self._desk._is_checked)
        strike("Ctrl+Return")
        if len(self._desk.history) == before:
            with (self._folder / "journal").open("a") as journal:
                journal.write(json.dumps({"item": item.item.id, "text": None}) + "\n")

    def _end_if_done(self) -> None:
        presenter = self._desk.presenter
        left = [entry for entry in self._desk.history if entry.state in ("deciding", UNSENT)]
        if left or presenter.is_offline or presenter._kept_here:
            return
        self._acts.stop()
        told = {"faults": self._desk.faults(), "longest_ms": self._longest_ms, "number": self._number}
        (self._folder / "end").write_text(json.dumps(told))
        QApplication.exit()


def main() -> None:
    """Work at the desk of a profile: its folder, a name, and the folder of orders."""
    profile, name, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    faulthandler.register(signal.SIGUSR1)  # a desk that does not end tells where it is
    view.FRESH_MS = 0
    qt = QApplication(["desk"])
    qt.setQuitOnLastWindowClosed(False)
    desk = DrivenDesk(profile)
    desk.open()
    worker = Worker(desk, name, folder)
    worker.begin()
    QApplication.exec()
    desk.close()


if __name__ == "__main__":
    main()
