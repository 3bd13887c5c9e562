"""Analyses behind the desk: what came in is read beside its source, most urgent first, while people do other things.

Guarantees: the database is asked on the worker, in short jobs, so that decisions get in between; the analyst is waited
for on a thread of its own; nothing is under way any more when the keys are dropped.
"""

from collections import deque
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from reviewer.domain.errors import ReviewerError, UnreachableError
from reviewer.services.analysis import Analysed, Analysis
from reviewer.services.examiners import Subject
from reviewer.ui.worker import Worker

LOOK_MS = 1_000


class BackgroundAnalysis(QObject):
    """Works through the line of items that are to be analysed."""

    progressed = Signal(int)  # how many items are still to be analysed
    failed = Signal(str)  # the store does not answer
    crashed = Signal(object)  # an exception that is a bug

    def __init__(self, analysis: Analysis, worker: Worker, parent: QObject) -> None:
        super().__init__(parent)
        self._analysis = analysis
        self._worker = worker
        self._own = Worker(self)
        self._own.crashed.connect(self.crashed)
        self._subjects: deque[Subject] = deque()
        self._analysed: list[Analysed] = []
        self._at_it = False
        self._renewed = False
        self._closed = False
        self._told = 0
        self._looks = QTimer(self)
        self._looks.setInterval(LOOK_MS)
        self._looks.timeout.connect(self._look)

    @property
    def busy(self) -> bool:
        """Tell whether items are being analysed."""
        return self._at_it

    @property
    def waiting(self) -> bool:
        """Tell whether items are still to be analysed, as far as is known."""
        return not self._renewed or self._at_it or self._told > 0

    def start(self) -> None:
        """Begin after a moment, when the first item is on screen."""
        self._looks.start()

    def close(self) -> None:
        """Stop; what was taken and is not done comes up again by itself."""
        self._closed = True
        self._looks.stop()
        self._subjects.clear()
        self._analysed.clear()
        self._own.close(wait=False)

    @Slot()
    def _look(self) -> None:
        if self._at_it:
            return
        if self._renewed:
            self._take()
        else:  # what an earlier version of the program analysed comes first
            self._at_it = self._renewed = True
            self._worker.run(self._analysis.renew, self._on_renewed, self._on_failed)

    def _on_renewed(self, _number: int) -> None:
        self._take()

    def _take(self) -> None:
        if self._closed:
            return
        self._at_it = True
        self._worker.run(self._take_job, self._on_taken, self._on_failed)

    def _take_job(self) -> tuple[list[Subject], int]:
        return self._analysis.take(), self._analysis.waiting()

    def _on_taken(self, taken: tuple[list[Subject], int]) -> None:
        subjects, waiting = taken
        if waiting != self._told:
            self._told = waiting
            self.progressed.emit(waiting)
        self._at_it = bool(subjects)
        self._subjects.extend(subjects)
        self._next()

    def _next(self) -> None:
        if self._closed or not self._subjects:
            return
        job = partial(self._analysis.examine, self._subjects.popleft())
        self._own.run(job, self._on_examined, self._on_not_examined)

    def _on_examined(self, analysed: Analysed) -> None:
        if self._closed:
            return
        self._analysed.append(analysed)
        if self._subjects:
            self._next()
        else:
            done, self._analysed = self._analysed, []
            self._worker.run(partial(self._analysis.keep, done), self._on_kept, self._on_failed)

    def _on_kept(self, _nothing: None) -> None:
        self._take()

    def _on_not_examined(self, failure: Exception) -> None:
        """The analyst is gone: the desk is being locked."""
        self._at_it = False
        if not isinstance(failure, ReviewerError):
            raise failure

    def _on_failed(self, failure: Exception) -> None:
        self._at_it = False
        if not isinstance(failure, ReviewerError):
            raise failure
        if not isinstance(failure, UnreachableError):  # the page tells of that by itself
            self.failed.emit(failure.message)
