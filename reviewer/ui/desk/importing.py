"""An import at the desk: batch by batch, so that decisions get in between."""

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from reviewer.channels import drafts
from reviewer.services.intake import Intake, IntakeReport
from reviewer.ui.worker import Worker


class ImportPresenter(QObject):
    """One import at a time."""

    changed = Signal(object)  # IntakeReport while an import runs
    ended = Signal(object)  # IntakeReport, None where nothing was read
    refused = Signal(str)  # why no import began, or why it was cut short
    failed = Signal(object)  # what went wrong

    def __init__(self, intake: Intake, worker: Worker, parent: QObject) -> None:
        super().__init__(parent)
        self._intake = intake
        self._worker = worker
        self._reports: Iterator[IntakeReport] | None = None
        self._leaving = False

    def begin(self, path: Path) -> None:
        """Import a file of drafts."""
        if self._reports is not None:
            self.refused.emit(self.tr("Another file is being imported; wait until it has ended."))
            return
        try:
            self._file = path.open("rb")
        except OSError as exc:
            self.refused.emit(self.tr("The file {0} cannot be read: {1}.").format(path.name, exc.strerror or ""))
            return
        self._reports = self._intake.take(drafts.lines(self._file), "import")
        self._path = path
        self._report: IntakeReport | None = None
        self._worker.run(self._next_batch, self._on_batch, self._on_failed)

    def cut_short(self) -> None:
        """End after the batch that is under way: the desk locks."""
        self._leaving = True

    def close(self) -> None:
        """Drop what is left: the desk closes."""
        if self._reports is not None:
            self._reports = None
            self._worker.run(self._file.close)

    def _next_batch(self) -> IntakeReport | None:
        return None if self._reports is None else next(self._reports, None)

    def _on_batch(self, report: IntakeReport | None) -> None:
        if report is not None:
            self._report = report
        if report is not None and self._leaving:
            self.refused.emit(
                self.tr("Locking cut the import short. Import the file again: what is here already is left alone.")
            )
        if report is None or self._leaving:
            self._worker.run(self._keep_refused, self._end, self._on_failed)
            return
        self.changed.emit(report)
        self._worker.run(self._next_batch, self._on_batch, self._on_failed)

    def _keep_refused(self) -> IntakeReport | None:
        report = self._report
        if report is not None and report.refused:
            self._intake.keep_refused(self._path, report.refused)
        return report

    def _on_failed(self, failure: Exception) -> None:
        self._end(self._report)
        self.failed.emit(failure)

    def _end(self, report: IntakeReport | None) -> None:
        self._reports = None
        self._file.close()
        self.ended.emit(report)
