"""The one thread that does the desk's work."""

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, Slot
from pytestqt.qtbot import QtBot

from reviewer.domain.errors import LeaseLostError
from reviewer.ui.worker import Worker


class Receiver(QObject):
    """Remembers what arrived, and on which thread."""

    def __init__(self) -> None:
        super().__init__()
        self.results: list[object] = []
        self.failures: list[Exception] = []
        self.threads: set[QThread] = set()

    @Slot(object)
    def take(self, result: object) -> None:
        """Take a result."""
        self.results.append(result)
        self.threads.add(QThread.currentThread())

    @Slot(object)
    def take_failure(self, failure: Exception) -> None:
        """Take a failure."""
        self.failures.append(failure)

    @Slot(object)
    def stumble(self, result: object) -> None:
        """Have a bug."""
        raise RuntimeError("a bug in the receiver")


def returning(value: object) -> Callable[[], object]:
    return lambda: value


def failing(failure: BaseException) -> Callable[[], object]:
    def job() -> object:
        raise failure

    return job


@pytest.fixture
def worker(qapp: QCoreApplication) -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


def finish(qtbot: QtBot, worker: Worker) -> None:
    """Wait until everything was delivered."""
    if worker.busy:
        with qtbot.waitSignal(worker.idle, timeout=60_000):
            pass


def test_jobs_run_in_the_order_they_were_given(qtbot: QtBot, worker: Worker) -> None:
    receiver, ran = Receiver(), []

    def job(number: int) -> Callable[[], int]:
        def run() -> int:
            time.sleep(0.002 if number % 7 == 0 else 0)
            ran.append(number)
            return number

        return run

    for number in range(50):
        worker.run(job(number), receiver.take)
    assert worker.busy
    finish(qtbot, worker)
    assert ran == receiver.results == list(range(50))
    assert not worker.busy


def test_urgent_jobs_pass_all_that_wait_and_keep_their_own_order(qtbot: QtBot, worker: Worker) -> None:
    receiver, go_on = Receiver(), threading.Event()

    def first() -> int:
        assert go_on.wait(60)
        return 0

    def job(number: int) -> Callable[[], int]:
        return lambda: number

    worker.run(first, receiver.take)
    for number in range(1, 5):
        worker.run(job(number), receiver.take)
    for number in (10, 11):
        worker.run(job(number), receiver.take, urgent=True)
    go_on.set()
    finish(qtbot, worker)
    assert receiver.results == [0, 10, 11, 1, 2, 3, 4]


def test_jobs_run_on_one_other_thread_and_results_arrive_on_this_one(qtbot: QtBot, worker: Worker) -> None:
    receiver = Receiver()
    for _ in range(3):
        worker.run(threading.get_ident, receiver.take)
    finish(qtbot, worker)
    assert len(set(receiver.results)) == 1
    assert threading.get_ident() not in receiver.results
    assert receiver.threads == {QThread.currentThread()}


def test_a_result_is_the_very_object(qtbot: QtBot, worker: Worker) -> None:
    receiver, value = Receiver(), {1: 2**40}
    worker.run(returning(value), receiver.take)
    finish(qtbot, worker)
    assert receiver.results[0] is value


def test_a_failure_goes_to_failed_and_the_next_job_runs(qtbot: QtBot, worker: Worker) -> None:
    receiver, failure = Receiver(), LeaseLostError("The lease ran out.")
    worker.run(failing(failure), receiver.take, receiver.take_failure)
    worker.run(returning("next"), receiver.take)
    finish(qtbot, worker)
    assert receiver.failures == [failure]
    assert receiver.results == ["next"]


@pytest.mark.parametrize("failure", [KeyError("bug"), LeaseLostError("The lease ran out."), SystemExit(3)])
def test_a_failure_that_nobody_takes_is_a_crash(qtbot: QtBot, worker: Worker, failure: BaseException) -> None:
    with qtbot.waitSignal(worker.crashed) as crash:
        worker.run(failing(failure))
    assert crash.args == [failure]
    finish(qtbot, worker)


def test_a_receiver_that_is_gone_is_passed_over_and_was_not_kept_alive(qtbot: QtBot, worker: Worker) -> None:
    receiver, hold = Receiver(), threading.Event()
    watched = weakref.ref(receiver)
    worker.run(hold.wait, receiver.take)
    del receiver
    gc.collect()
    assert watched() is None
    hold.set()
    finish(qtbot, worker)


def test_a_receiver_that_qt_has_deleted_is_passed_over(qtbot: QtBot, worker: Worker) -> None:
    receiver, hold = Receiver(), threading.Event()
    worker.run(hold.wait, receiver.take)
    receiver.deleteLater()
    QCoreApplication.sendPostedEvents(receiver, QEvent.Type.DeferredDelete)
    hold.set()
    finish(qtbot, worker)
    assert receiver.results == []


def test_an_expected_failure_of_a_page_that_is_gone_is_dropped_but_a_bug_is_not(qtbot: QtBot, worker: Worker) -> None:
    receiver, hold = Receiver(), threading.Event()
    crashes: list[BaseException] = []
    worker.crashed.connect(crashes.append)
    bug = KeyError("bug")
    worker.run(hold.wait)
    worker.run(failing(LeaseLostError("The lease ran out.")), receiver.take, receiver.take_failure)
    worker.run(failing(bug), receiver.take, receiver.take_failure)
    del receiver
    gc.collect()
    hold.set()
    finish(qtbot, worker)
    assert crashes == [bug]


def test_a_lambda_is_refused(worker: Worker) -> None:
    with pytest.raises(TypeError, match="bound methods"):
        worker.run(returning(1), lambda result: None)
    assert not worker.busy


def test_a_bug_in_a_receiver_does_not_leave_the_worker_busy(qtbot: QtBot, worker: Worker) -> None:
    receiver = Receiver()
    with qtbot.captureExceptions() as caught:
        worker.run(returning(1), receiver.stumble)
        finish(qtbot, worker)
    assert [str(value) for _, value, _ in caught] == ["a bug in the receiver"]
    assert not worker.busy


def test_what_a_job_holds_is_freed_on_this_thread(qtbot: QtBot, worker: Worker) -> None:
    class Held:
        def __del__(self) -> None:
            freed_on.append(threading.get_ident())

        def __call__(self) -> None:
            pass

    freed_on: list[int] = []
    for _ in range(20):
        worker.run(Held())
    finish(qtbot, worker)
    gc.collect()
    assert set(freed_on) == {threading.get_ident()}


def test_jobs_are_given_on_the_gui_thread_only(worker: Worker) -> None:
    caught: list[BaseException] = []

    def elsewhere() -> None:
        try:
            worker.run(returning(1))
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_closing_does_what_was_given_and_leaves_no_thread(qtbot: QtBot) -> None:
    before = set(threading.enumerate())
    worker, ran = Worker(), list[int]()
    for number in range(5):
        worker.run(partial(ran.append, number))
    worker.close()
    assert ran == [0, 1, 2, 3, 4]
    assert set(threading.enumerate()) == before
    with pytest.raises(RuntimeError, match="closed"):
        worker.run(returning(1))


def test_a_worker_that_is_deleted_while_it_works_ends_quietly(qtbot: QtBot) -> None:
    worker, hold = Worker(), threading.Event()
    worker.run(hold.wait)
    worker.deleteLater()
    QCoreApplication.sendPostedEvents(worker, QEvent.Type.DeferredDelete)
    hold.set()
    worker.close()
