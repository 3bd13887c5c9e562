"""How the desk feels: decision key to next item painted, the longest stall beside an import, start to first item.

Every figure is of the real desk: window, worker, services and an SQLite file, with real drafts and sources where they
are beside the checkout and the demo's otherwise. A shared machine stalls by itself, so each figure that could suffer
from it stands beside the same measure without the work.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from reviewer.domain.kinds import KINDS
from reviewer.ui.desk import view
from reviewer.ui.text import PlainTextEdit
from tests.factories import Profile
from tests.ui.driver import DrivenDesk, press, type_text, wait_until

_ROOT = Path(__file__).resolve().parents[2]
_FILES = (
    "aci_bench_notes",
    "draft_summaries",
    "mts_dialog_summaries",
    "sgd_confirmations",
    "taskmaster_replies",
    "sms_templates",
)
_FRAME_MS = 16.7
_LONGEST_GAP_MS = 50.0
_START_MS = 1_000.0


def material() -> Iterator[bytes]:
    """Yield drafts of all kinds and sizes, mixed, without end, each with an id of its own."""
    folder = _ROOT.parent / "shared" / "data"
    paths = [folder / f"{name}.jsonl" for name in _FILES]
    if not all(path.is_file() for path in paths):
        paths = [_ROOT / "resources" / "samples" / "demo.jsonl"]
    rounds = [cycle(path.read_bytes().splitlines()) for path in paths]
    for number, line in enumerate(chain.from_iterable(zip(*rounds, strict=True))):
        record = json.loads(line)
        yield json.dumps({**record, "id": f"{record['id']}-{number}"}, ensure_ascii=False).encode()


class Paints:
    """Notes when a text was last painted, by the wall's clock and by that of the GUI thread's work.

    To be made before the window: PySide looks up what is overridden once for each widget.
    """

    def __init__(self) -> None:
        self.at: dict[QWidget, tuple[float, float]] = {}
        paint = PlainTextEdit.paintEvent

        def paint_and_note(edit: PlainTextEdit, event: QPaintEvent) -> None:
            paint(edit, event)
            self.at[edit] = time.perf_counter(), time.thread_time()

        PlainTextEdit.paintEvent = paint_and_note  # type: ignore[method-assign, assignment]


@dataclass(frozen=True, slots=True)
class Spread:
    """What some pieces of work took, in milliseconds."""

    p50: float
    p99: float
    worst: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Spread":
        """Return the spread of some times."""
        ordered = sorted(seconds)
        last = len(ordered) - 1
        return cls(*(round(ordered[place] * 1e3, 2) for place in (last // 2, round(last * 0.99), last)))


def decide(folder: Path, number: int) -> dict[str, Any]:
    """Decide one item after the other and time each from the key press until the next one is painted."""
    profile = Profile(folder)
    profile.take(*islice(material(), number + 10))
    profile.services().analysis.round()
    profile.close()
    paints = Paints()
    desk = _open(folder)
    walls, works = [], []
    for turn in range(number):
        _read(desk)
        if turn % 2:
            type_text("Yes, ")
            _read(desk)
        wall, work = _time_decision(desk, paints)
        walls.append(wall)
        works.append(work)
    desk.close()
    wall_ms, work_ms = Spread.of(walls), Spread.of(works)
    _print(f"decision key to next item painted, {number} items: {wall_ms}")
    _print(f"  of which the GUI thread worked:                 {work_ms}")
    return {"wall_ms": _plain(wall_ms), "work_ms": _plain(work_ms)}


def _read(desk: DrivenDesk) -> None:
    """Do as a person does: look until everything is there, and the next item fetched."""
    wait_until(lambda: desk.view.source.view.is_filled and not desk.worker.busy and desk.presenter._next)
    wait_until(lambda: desk.presenter.findings.is_ready)
    end = time.monotonic() + 0.15  # the difference and the spelling come after a pause
    wait_until(lambda: time.monotonic() > end)


def _time_decision(desk: DrivenDesk, paints: Paints) -> tuple[float, float]:
    """Press the key and return how long it took until editor and source of the next item were painted.

    What would have to be signed is rejected: a signature is asked for and confirmed first, and is no single key. Where
    findings hold an approval back, the key escalates.
    """
    assert desk.item is not None
    following, decided = desk.presenter._next[0].item, len(desk.history)
    modifier = Qt.KeyboardModifier.ControlModifier
    if desk.presenter.findings.left:
        press("Ctrl+E")
        modifier = Qt.KeyboardModifier.NoModifier
    elif KINDS[desk.item.item.kind].signed:
        press("Ctrl+R", "T")
        modifier = Qt.KeyboardModifier.NoModifier
    key = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, modifier)
    paints.at.clear()
    wall, work = time.perf_counter(), time.thread_time()
    QCoreApplication.sendEvent(desk.window.windowHandle(), key)
    assert len(desk.history) == decided + 1
    assert desk.item is not None and desk.item.item.id == following.id
    awaited = {desk.view.editor.body, *([desk.view.source.view] if following.source else [])}
    while not awaited <= paints.at.keys():
        QCoreApplication.processEvents()
    return max(paints.at[each][0] for each in awaited) - wall, max(paints.at[each][1] for each in awaited) - work


class Gaps(QObject):
    """Measures how long the GUI thread does not come round: the largest distance of a timer that fires each ms."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._note)

    def during(self, what: Callable[[], object], done: Callable[[], object]) -> Spread:
        """Start `what`, and measure until `done()`."""
        self.seconds.clear()
        self._last = time.perf_counter()
        self._timer.start(1)
        what()
        wait_until(done, "the end of it", patience_ms=600_000)
        self._timer.stop()
        return Spread.of(self.seconds)

    def _note(self) -> None:
        now = time.perf_counter()
        self.seconds.append(now - self._last)
        self._last = now


def import_beside(folder: Path, number: int) -> dict[str, Any]:
    """Import `number` drafts through the desk and measure its longest stall, and the same while it does nothing."""
    profile = Profile(folder)
    profile.take(*islice(material(), 30))
    profile.close()
    path = folder / "many.jsonl"
    path.write_bytes(b"\n".join(islice(material(), 40, 40 + number)))
    desk = _open(folder)
    desk.settle()
    ended: list[object] = []
    desk.presenter.imports.ended.connect(ended.append)
    gaps = Gaps()
    start = time.monotonic()
    busy = gaps.during(lambda: desk.presenter.imports.begin(path), lambda: ended)
    took = time.monotonic() - start
    desk.settle()
    idle_until = time.monotonic() + took
    idle = gaps.during(lambda: None, lambda: time.monotonic() > idle_until)
    desk.close()
    _print(f"longest stall in {took:.1f} s while {number:,} drafts are imported: {busy}")
    _print(f"  the same desk for as long without:                 {idle}")
    return {"drafts": number, "seconds": round(took, 2), "import_ms": _plain(busy), "idle_ms": _plain(idle)}


def start_up(folder: Path, times: int) -> dict[str, Any]:
    """Start the desk in new processes and time each until its first item is painted."""
    profile = Profile(folder)
    profile.take(*islice(material(), 200))
    profile.services().analysis.round()
    profile.close()
    runs: list[dict[str, float]] = []
    for _ in range(times + 1):
        command = [sys.executable, str(Path(__file__).with_name("start_desk.py")), str(folder)]
        environment = os.environ | {"PYTHONPATH": str(_ROOT)}
        start = time.monotonic()
        ended = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment, text=True)
        runs.append({name: at - start for name, at in json.loads(ended.stdout).items()})
    runs = runs[1:]  # the first one warms the files
    painted = Spread.of([run["painted"] for run in runs])
    _print(f"start to first item painted, {times} runs: {painted}")
    before = 0.0
    for name in runs[0]:
        at = sorted(run[name] for run in runs)[times // 2]
        _print(f"  {name:<10} at {at * 1e3:>6.0f} ms  (+{(at - before) * 1e3:.0f})")
        before = at
    return {"painted_ms": _plain(painted)}


def _open(folder: Path) -> DrivenDesk:
    desk = DrivenDesk(folder)
    desk.window.resize(1280, 800)
    return desk.open()


def _plain(spread: Spread) -> dict[str, float]:
    return {"p50": spread.p50, "p99": spread.p99, "worst": spread.worst}


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the benchmarks, print a table and a line of JSON, and fail where a target is missed."""
    parser = argparse.ArgumentParser(description="key to next item, stall beside an import, start to first item")
    parser.add_argument("--decisions", type=int, default=300, metavar="N", help="items to decide (default: 300)")
    parser.add_argument("--drafts", type=int, default=5_000, metavar="N", help="drafts to import (default: 5,000)")
    parser.add_argument("--starts", type=int, default=9, metavar="N", help="starts to time (default: 9)")
    arguments = parser.parse_args()
    view.FRESH_MS = 0
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results["start"] = start_up(folder / "start", arguments.starts)
        qt = QApplication(["bench"])
        qt.setQuitOnLastWindowClosed(False)
        results["decide"] = decide(folder / "decide", arguments.decisions)
        results["import"] = import_beside(folder / "import", arguments.drafts)
    met = {
        "decide": results["decide"]["work_ms"]["p99"] <= _FRAME_MS,
        "import": results["import"]["import_ms"]["worst"] <= _LONGEST_GAP_MS,
        "start": results["start"]["painted_ms"]["p50"] <= _START_MS,
    }
    _print(f"targets met: {met}")
    _print(json.dumps({**results, "met": met}))
    return 0 if all(met.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
