"""What the unlock page does: it asks for what unlocking takes, tries it, and keeps the wait after wrong tries."""

import math
import time
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from reviewer.bootstrap import Application, Services
from reviewer.domain.errors import (
    FactorNeededError,
    NoWorkspaceError,
    TooManyTriesError,
    UnavailableError,
    UnlockError,
    WrongFactorError,
)
from reviewer.services.access import Factors
from reviewer.ui.worker import Worker

_TICK_MS = 250


class UnlockPresenter(QObject):
    """The way in."""

    asked = Signal(object)  # Factors: what to type
    refused = Signal(str)  # what was typed does not fit
    waiting = Signal(int)  # seconds until the next try is taken; 0 once it is
    troubled = Signal(str)  # the keys cannot be reached: what to do about it
    busy_changed = Signal(bool)
    opened = Signal(object)  # Services
    failed = Signal(object)  # an exception that another page deals with

    def __init__(self, application: Application, worker: Worker, parent: QObject) -> None:
        super().__init__(parent)
        self._application = application
        self._worker = worker
        self._busy = False
        self._opening = False
        self._wait_until = 0.0
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._tell_wait)

    @property
    def busy(self) -> bool:
        """Tell whether something that may open the keys is under way."""
        return self._busy

    def open(self) -> None:
        """Open the keys at once if unlocking takes nothing that must be typed, or ask for it."""
        self._opening = True
        self.unlock(None, None)

    def wait_for_person(self) -> None:
        """Ask for what unlocking takes; where it takes nothing, somebody must still want it."""
        self._opening = False
        self._look()

    def look_again(self) -> None:
        """Try once more after trouble with the keys, or go back to where it began."""
        if self._opening:
            self.open()
        else:
            self._look()

    def unlock(self, passphrase: str | None, code: str | None) -> None:
        """Open the keys."""
        if not self._busy:
            self._run(partial(self._application.unlock, passphrase, code, at_desk=True))

    def recover(self, code: str, passphrase: str | None) -> None:
        """Set another passphrase with the recovery code, and open the keys."""
        if not self._busy:
            self._run(partial(self._recover_job, code, passphrase))

    def _recover_job(self, code: str, passphrase: str | None) -> Services:
        self._application.access.recover(code, passphrase)
        return self._application.unlock(passphrase, at_desk=True)

    def _look(self) -> None:
        self._worker.run(self._look_job, self._on_looked, self._on_failed)

    def _look_job(self) -> Factors:
        return self._application.access.factors()

    def _on_looked(self, factors: Factors) -> None:
        self.asked.emit(factors)
        if factors.wait_s:
            self._wait(factors.wait_s)

    def _run(self, job: "partial[Services]") -> None:
        self._busy = True
        self.busy_changed.emit(True)  # noqa: FBT003 - a signal
        self._worker.run(job, self._on_opened, self._on_failed)

    def _on_opened(self, services: Services) -> None:
        self._rest()
        self._tick.stop()
        self.opened.emit(services)

    def _on_failed(self, failure: Exception) -> None:
        self._rest()
        if isinstance(failure, FactorNeededError):
            self._look()
        elif isinstance(failure, TooManyTriesError):
            self._wait(failure.wait_s)
        elif isinstance(failure, WrongFactorError):
            self.refused.emit(failure.message)
            if not failure.tries_left:
                self._look()  # for how long the next try has to wait
        elif isinstance(failure, UnlockError):
            self.refused.emit(failure.message)
        elif isinstance(failure, UnavailableError) and not isinstance(failure, NoWorkspaceError):
            self.troubled.emit(failure.message)
        else:
            self.failed.emit(failure)

    def _rest(self) -> None:
        if self._busy:
            self._busy = False
            self.busy_changed.emit(False)  # noqa: FBT003 - a signal

    def _wait(self, seconds: int) -> None:
        self._wait_until = time.monotonic() + seconds
        self._tick.start()
        self._tell_wait()

    def _tell_wait(self) -> None:
        left = math.ceil(max(0.0, self._wait_until - time.monotonic()))
        if left == 0:
            self._tick.stop()
        self.waiting.emit(left)
