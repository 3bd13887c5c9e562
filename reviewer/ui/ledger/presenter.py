"""What the ledger page does. Verifying new entries and anchoring them goes on all the time, a little at a time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from reviewer.domain.errors import LedgerBrokenError, LockedError, ReviewerError
from reviewer.ledger import Report
from reviewer.services.ledger import EntryRow, Filter, Ledger, Told, Verified
from reviewer.ui.worker import Worker

CHECKPOINT_MS = 60_000
_PIECE_MS = 30
_LISTED = 500


class LedgerPresenter(QObject):
    """The ledger page's state."""

    verified_changed = Signal(object)  # Verified
    rows_changed = Signal(object)  # list of EntryRow
    story_changed = Signal(object)  # list of Told
    names_changed = Signal(object)  # members' names by id
    verify_progressed = Signal(int)  # entries so far
    verify_ended = Signal(object)  # Report
    exported = Signal(str, int)  # folder, entries
    refused = Signal(str)
    broken = Signal(str)  # the ledger is not what was signed or witnessed

    def __init__(self, ledger: Ledger, worker: Worker, parent: QObject) -> None:
        """Use `worker` for what must stand in order with decisions, and one of its own for long reading."""
        super().__init__(parent)
        self._ledger = ledger
        self._worker = worker
        self._reader = Worker(self)
        self._reader.crashed.connect(worker.crashed)
        self._filter = Filter()
        self._names: dict[str, str] = {}
        self._state = Verified(0, 0, 0)
        self._verifying = False
        self._progress = 0
        self._closed = False
        self._pieces = self._timer(_PIECE_MS, self._advance, single=True)
        self._checkpoints = self._timer(CHECKPOINT_MS, self._checkpoint)
        self._shown_progress = self._timer(200, self._show_progress)

    @property
    def names(self) -> dict[str, str]:
        """Return the members' names by id."""
        return self._names

    def start(self) -> None:
        """Begin to verify what this desk has not verified yet."""
        self._advance()
        self._checkpoints.start()

    @property
    def busy(self) -> bool:
        """Tell whether something is still being read."""
        return self._reader.busy

    def close(self, *, wait: bool = True) -> None:
        """Sign a last checkpoint and stop; with `wait` this returns after the last reading."""
        self._closed = True
        for timer in (self._pieces, self._checkpoints, self._shown_progress):
            timer.stop()
        self._worker.run(self._ledger.checkpoint, None, self._on_failed)
        self._reader.close(wait=wait)

    @Slot()
    def refresh(self) -> None:
        """Read the table anew."""
        self._reader.run(partial(self._list_job, self._filter), self._on_listed, self._on_failed)

    def filter(self, *, item: str, actor: str | None, action: str | None, hours: int | None) -> None:
        """Show only the entries of an item, a member, an action, the last `hours`."""
        since = None if hours is None else datetime.now(UTC) - timedelta(hours=hours)
        self._filter = Filter(since, None, actor, action, item.strip() or None)
        self.refresh()

    def tell_story(self, item_id: str) -> None:
        """Show everything that happened to an item."""
        self._reader.run(partial(self._ledger.story, item_id), self._on_story, self._on_failed)

    @Slot()
    def verify(self) -> None:
        """Verify everything, every signature included."""
        if self._verifying:
            return
        self._verifying = True
        self._progress = 0
        self._shown_progress.start()
        self._reader.run(partial(self._ledger.verify, self._note_progress), self._on_verified, self._on_failed)

    def export(self, folder: Path) -> None:
        """Write the entries that are shown, with their proofs, to a folder."""
        self._worker.run(partial(self._export_job, folder, self._filter), self._on_exported, self._on_failed)

    def _export_job(self, folder: Path, wanted: Filter) -> tuple[str, int]:
        return str(folder), self._ledger.export(folder, wanted)

    def _list_job(self, wanted: Filter) -> tuple[list[EntryRow], dict[str, str]]:
        return self._ledger.listing(wanted, _LISTED), self._ledger.names()

    def _note_progress(self, entries: int) -> None:
        if self._closed:
            raise LockedError("The desk was locked, so the ledger is verified another time.")
        self._progress = entries  # read by the GUI thread's timer; one int, written whole

    @Slot()
    def _show_progress(self) -> None:
        self.verify_progressed.emit(self._progress)

    @Slot()
    def _advance(self) -> None:
        self._worker.run(self._ledger.advance, self._on_advanced, self._on_failed)

    @Slot()
    def _checkpoint(self) -> None:
        self._worker.run(self._ledger.checkpoint, self._on_advanced, self._on_failed)

    def _on_advanced(self, state: Verified) -> None:
        self._state = state
        self.verified_changed.emit(state)
        if not state.done and self._checkpoints.isActive():
            self._pieces.start()

    def _on_listed(self, listed: tuple[list[EntryRow], dict[str, str]]) -> None:
        rows, self._names = listed
        self.names_changed.emit(self._names)
        self.rows_changed.emit(rows)

    def _on_story(self, story: list[Told]) -> None:
        self.story_changed.emit(story)

    def _on_verified(self, report: Report) -> None:
        self._verifying = False
        self._shown_progress.stop()
        self.verify_ended.emit(report)
        if not report.stands:
            self.broken.emit(report.why or "")

    def _on_exported(self, done: tuple[str, int]) -> None:
        self.exported.emit(*done)

    def _on_failed(self, failure: Exception) -> None:
        self._verifying = False
        self._shown_progress.stop()
        if isinstance(failure, LedgerBrokenError):
            for timer in (self._pieces, self._checkpoints):
                timer.stop()
            self.broken.emit(failure.message)
        elif isinstance(failure, ReviewerError):
            self.refused.emit(failure.message)
        else:
            raise failure

    def _timer(self, interval_ms: int, fired: Callable[[], None], *, single: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval_ms)
        timer.setSingleShot(single)
        timer.timeout.connect(fired)
        return timer
