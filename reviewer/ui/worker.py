"""One thread that does the desk's work in order, so that the interface never waits.

Guarantees: jobs run one after another in the order given, urgent ones first; results and failures arrive on the GUI
thread, in that order too; a receiver that no longer exists is passed over and never kept alive; after `close` no thread
is left.
"""

import inspect
import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot

from reviewer.domain.errors import ReviewerError

T = TypeVar("T")


@dataclass(frozen=True)
class _Task:
    job: Callable[[], object]
    done: "weakref.WeakMethod[Callable[..., object]] | None"
    failed: "weakref.WeakMethod[Callable[..., object]] | None"


@dataclass(frozen=True)
class _Outcome:
    task: _Task
    result: object = None
    failure: BaseException | None = None


class Worker(QObject):
    """Runs jobs on one thread of its own; created, used and closed on the GUI thread."""

    crashed = Signal(object)  # an exception that nobody took: a bug, for the one crash path
    idle = Signal()  # the last job was delivered and brought no new one

    _finished = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        """Start with an empty queue; the thread itself starts with the first job."""
        super().__init__(parent)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk-worker")
        self._waiting: deque[_Task] = deque()
        self._urgent: deque[_Task] = deque()
        self._outcomes: deque[_Outcome] = deque()
        self._undelivered = 0
        self._began_at: float | None = None
        self._closed = False
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Tell whether any job has not been delivered yet."""
        return self._undelivered > 0

    @property
    def at_it_s(self) -> float:
        """Return for how long the job that runs now has been running, in seconds."""
        began_at = self._began_at  # written by the other thread
        return 0.0 if began_at is None else time.monotonic() - began_at

    def run(
        self,
        job: Callable[[], T],
        done: Callable[[T], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
        *,
        urgent: bool = False,
    ) -> None:
        """Call `job()` on the worker thread, then `done(result)` or `failed(exception)` on the GUI thread.

        Only bound methods are taken, and held weakly: a lambda would keep its widget alive or outlive it.
        A failure without `failed`, and a bug whose receiver is gone, goes to `crashed`. An `urgent` job comes before
        all that are not, in the order of the urgent ones.
        """
        if QThread.currentThread() is not self.thread():
            raise RuntimeError("jobs are given on the GUI thread only")
        if self._closed:
            raise RuntimeError("the worker is closed")
        (self._urgent if urgent else self._waiting).append(_Task(job, _weak(done), _weak(failed)))
        self._undelivered += 1
        self._executor.submit(self._work)

    def close(self, *, wait: bool = True) -> None:
        """Take no more jobs; those already given are still done, and with `wait` this returns after the last."""
        self._closed = True
        self._executor.shutdown(wait=wait)

    def _work(self) -> None:
        # Job and outcome travel through the queues only: whatever they hold is then freed on the GUI thread.
        self._finish_next()
        if shiboken6.isValid(self):
            self._finished.emit()

    def _finish_next(self) -> None:
        task = (self._urgent or self._waiting).popleft()
        self._began_at = time.monotonic()
        try:
            outcome = _Outcome(task, result=task.job())
        except BaseException as failure:  # delivered, not swallowed
            outcome = _Outcome(task, failure=failure)
        self._began_at = None
        self._outcomes.append(outcome)

    @Slot()
    def _deliver(self) -> None:
        outcome = self._outcomes.popleft()
        self._undelivered -= 1
        try:
            if outcome.failure is None:
                _call(outcome.task.done, outcome.result)
            else:
                self._report(outcome.task, outcome.failure)
        finally:
            if self._undelivered == 0:
                self.idle.emit()

    def _report(self, task: _Task, failure: BaseException) -> None:
        taken = isinstance(failure, Exception) and _call(task.failed, failure)
        # An expected failure concerns only the page that asked; a bug concerns everybody.
        nobody_left = task.failed is not None and isinstance(failure, ReviewerError)
        if not taken and not nobody_left:
            self.crashed.emit(failure)


def _weak(method: Callable[..., Any] | None) -> "weakref.WeakMethod[Callable[..., object]] | None":
    if method is None:
        return None
    if not inspect.ismethod(method):
        raise TypeError("done and failed are bound methods, not functions or lambdas")
    return weakref.WeakMethod(method)


def _call(receiver: "weakref.WeakMethod[Callable[..., object]] | None", value: object) -> bool:
    """Call a receiver that is still there; tell whether it was."""
    method = receiver() if receiver is not None else None
    if method is None:
        return False
    owner = getattr(method, "__self__", None)
    if isinstance(owner, QObject) and not shiboken6.isValid(owner):
        return False
    method(value)
    return True
