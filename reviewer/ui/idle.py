"""Notices that nobody is at the desk."""

import time
from collections.abc import Callable
from datetime import timedelta

from PySide6.QtCore import QObject, QTimer, Signal, Slot

_LOOK_MS = 1_000


def _seconds() -> float:
    """Return a clock that goes on while the computer sleeps, where there is one."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class IdleWatch(QObject):
    """Tells once that the limit passed without a key, a button, the wheel or a move of the mouse."""

    idle = Signal()

    def __init__(self, limit: timedelta, parent: QObject, *, now: Callable[[], float] = _seconds) -> None:
        super().__init__(parent)
        self._limit = limit
        self._now = now
        self._last = now()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    @property
    def limit(self) -> timedelta:
        """Return after how long it tells."""
        return self._limit

    def set_limit(self, limit: timedelta) -> None:
        """Tell after `limit` from now on."""
        self._limit = limit

    def start(self) -> None:
        """Begin to watch."""
        self._last = self._now()
        self._timer.start()

    def stop(self) -> None:
        """Watch no more."""
        self._timer.stop()

    @Slot()
    def note(self) -> None:
        """Note that somebody is there; it does not help whoever wakes a computer that slept too long."""
        if self._timer.isActive() and not self._look():
            self._last = self._now()

    @Slot()
    def _look(self) -> bool:
        over = self._now() - self._last >= self._limit.total_seconds()
        if over:
            self.stop()
            self.idle.emit()
        return over
