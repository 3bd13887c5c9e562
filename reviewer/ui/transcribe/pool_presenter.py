"""What the page of those who answer for the pool does: it counts anew when it comes up, and when asked."""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot

from reviewer.bootstrap import Services
from reviewer.domain.errors import ReviewerError
from reviewer.services.label_quality import Quality
from reviewer.services.pool import Stats
from reviewer.ui.worker import Worker


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """What the page shows."""

    stats: Stats
    quality: Quality


class PoolPresenter(QObject):
    """The page's state."""

    counted = Signal(object)  # PoolFigures
    loading = Signal()
    failed = Signal(str)

    def __init__(self, services: Services, worker: Worker, parent: QObject) -> None:
        super().__init__(parent)
        self._services = services
        self._worker = worker
        self._counting = False

    @Slot()
    def refresh(self) -> None:
        """Count."""
        if not self._counting:
            self._counting = True
            self.loading.emit()
            self._worker.run(self._count_job, self._on_counted, self._on_failed)

    def _count_job(self) -> PoolFigures:
        return PoolFigures(self._services.pool.stats(), self._services.label_quality.figures())

    def _on_counted(self, figures: PoolFigures) -> None:
        self._counting = False
        self.counted.emit(figures)

    def _on_failed(self, failure: Exception) -> None:
        self._counting = False
        if not isinstance(failure, ReviewerError):
            raise failure
        self.failed.emit(failure.message)
