"""What the policy page does: it reads and changes the switches through the worker."""

from functools import partial

from PySide6.QtCore import QObject, Signal

from reviewer.domain.errors import ReviewerError
from reviewer.services.policy import Policy, Switches
from reviewer.ui.worker import Worker


class PolicyPresenter(QObject):
    """The rules of the workspace."""

    changed = Signal(object)  # Switches
    refused = Signal(str)

    def __init__(self, policy: Policy, worker: Worker, parent: QObject) -> None:
        super().__init__(parent)
        self._policy = policy
        self._worker = worker

    @property
    def may_change(self) -> bool:
        """Tell whether this member may change anything."""
        return self._policy.may_change

    def load(self) -> None:
        """Read how the rules stand."""
        self._worker.run(self._policy.switches, self._on_switches, self._on_failed)

    def switch(self, kind: str, rule: str, *, on: bool) -> None:
        """Put a rule in force for a kind, or do without it."""
        self._worker.run(partial(self._policy.switch, kind, rule, on=on), self._on_switches, self._on_failed)

    def _on_switches(self, switches: Switches) -> None:
        self.changed.emit(switches)

    def _on_failed(self, failure: Exception) -> None:
        if not isinstance(failure, ReviewerError):
            raise failure
        self.refused.emit(failure.message)
        self.load()
