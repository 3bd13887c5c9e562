"""The process that `bench_desk` times: it does what `python -m reviewer` does, and notes when each step is done."""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def main(folder: Path) -> None:
    """Open the desk on a profile until its first item is painted, and write the instants as JSON."""
    at = {"python": time.monotonic()}
    from reviewer import cli  # noqa: F401 - loaded by every start

    at["commands"] = time.monotonic()
    from PySide6.QtCore import QCoreApplication, QEvent, QObject
    from PySide6.QtWidgets import QApplication

    at["pyside"] = time.monotonic()
    from reviewer.bootstrap import Application
    from reviewer.ui import app

    at["desk"] = time.monotonic()
    qt = QApplication(["reviewer"])
    at["qt"] = time.monotonic()
    desk = app.Desk(qt, Application(folder, folder / "keys"), demo=False)
    desk.open()
    at["window"] = time.monotonic()
    while desk.presenter is None or desk.view is None:
        QCoreApplication.processEvents()
    at["services"] = time.monotonic()
    while desk.presenter.current is None:
        QCoreApplication.processEvents()
    at["item"] = time.monotonic()

    class Painted(QObject):
        def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
            if event.type() == QEvent.Type.Paint:
                at["painted"] = time.monotonic()
            return False

    filter_ = Painted()
    desk.view.editor.body.viewport().installEventFilter(filter_)
    while "painted" not in at:
        QCoreApplication.processEvents()
    sys.stdout.write(json.dumps(at))
    desk.window.close()
    desk.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
