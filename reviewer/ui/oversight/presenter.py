"""What the team page does: it looks every two seconds while it is seen, and moves items through the desk's worker."""

import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from reviewer.domain.errors import ReviewerError
from reviewer.domain.oversight import TeamState
from reviewer.services.oversight import Colleague, Oversight
from reviewer.ui.worker import Worker

LOOK_MS = 2_000
_REST = 10  # a look that took long is repeated later, so that a large backlog is not counted all the time


class OversightPresenter(QObject):
    """How the team's work stands."""

    changed = Signal(object)  # TeamState
    colleagues_known = Signal(str, object)  # item, list of Colleague
    moved = Signal(str)  # the item that was moved
    refused = Signal(str)  # why nothing was moved
    failed = Signal(str)  # the store does not answer

    def __init__(self, oversight: Oversight, worker: Worker, parent: QObject) -> None:
        """Use `worker` for what must stand in order with decisions, and one of its own for looking."""
        super().__init__(parent)
        self._oversight = oversight
        self._worker = worker
        self._reader = Worker(self)
        self._reader.crashed.connect(worker.crashed)
        self._watched = self._looking = self._closed = False
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self.look)

    @property
    def busy(self) -> bool:
        """Tell whether something is still being read."""
        return self._reader.busy

    def watch(self, *, seen: bool) -> None:
        """Look again and again while the page is seen."""
        self._watched = seen
        if seen:
            self.look()
        else:
            self._again.stop()

    @Slot()
    def look(self) -> None:
        """Look now."""
        if not self._looking and not self._closed:
            self._looking = True
            self._reader.run(self._look_job, self._on_looked, self._on_look_failed)

    def ask_colleagues(self, item_id: str) -> None:
        """Find out who may be given an item."""
        job = partial(self._colleagues_job, item_id)
        self._reader.run(job, self._on_colleagues, self._on_refused)

    def hand(self, item_id: str, member_id: str, cause: str) -> None:
        """Give an item to a colleague."""
        self._move(partial(self._oversight.hand, item_id, member_id, cause), item_id)

    def take_over(self, item_id: str, cause: str) -> None:
        """Take an item to this desk."""
        self._move(partial(self._oversight.take_over, item_id, cause), item_id)

    def give_back(self, item_id: str, cause: str) -> None:
        """Let an item wait again."""
        self._move(partial(self._oversight.give_back, item_id, cause), item_id)

    def close(self, *, wait: bool = True) -> None:
        """Stop; with `wait` this returns after the last look."""
        self._closed = True
        self._again.stop()
        self._reader.close(wait=wait)

    def _move(self, move: Callable[[], None], item_id: str) -> None:
        self._worker.run(partial(_done, move, item_id), self._on_moved, self._on_refused)

    def _look_job(self) -> tuple[TeamState, float]:
        began = time.monotonic()
        return self._oversight.look(), time.monotonic() - began

    def _on_looked(self, looked: tuple[TeamState, float]) -> None:
        state, took_s = looked
        self._rest(took_s)
        self.changed.emit(state)

    def _on_look_failed(self, failure: Exception) -> None:
        self._rest(0)
        if not isinstance(failure, ReviewerError):
            raise failure
        self.failed.emit(failure.message)

    def _rest(self, took_s: float) -> None:
        self._looking = False
        if self._watched and not self._closed:
            self._again.start(max(LOOK_MS, round(took_s * 1000 * _REST)))

    def _colleagues_job(self, item_id: str) -> tuple[str, list[Colleague]]:
        return item_id, self._oversight.colleagues(item_id)

    def _on_colleagues(self, known: tuple[str, list[Colleague]]) -> None:
        self.colleagues_known.emit(*known)

    def _on_moved(self, item_id: str) -> None:
        self.moved.emit(item_id)
        self.look()

    def _on_refused(self, failure: Exception) -> None:
        if not isinstance(failure, ReviewerError):
            raise failure
        self.refused.emit(failure.message)
        self.look()


def _done(move: Callable[[], None], item_id: str) -> str:
    move()
    return item_id
