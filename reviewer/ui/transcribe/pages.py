"""Puts the pages of the pool on the rail: by role, and only where there is a pool."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from reviewer.bootstrap import Services
from reviewer.domain.errors import ReviewerError
from reviewer.domain.members import Role
from reviewer.ui.theme import Appearance
from reviewer.ui.transcribe.pool_presenter import PoolPresenter
from reviewer.ui.transcribe.pool_view import PoolView
from reviewer.ui.window import Window
from reviewer.ui.worker import Worker

if TYPE_CHECKING:
    from reviewer.audio import Player
    from reviewer.ui.transcribe.presenter import Listening, TranscribePresenter
    from reviewer.ui.transcribe.view import TranscribeView

_MANAGERS = frozenset({Role.ADMIN, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class _Wanted:
    listens: bool
    manages: bool


class TranscribePages(QObject):
    """The pages as long as the keys are open."""

    ready = Signal()  # the pages that this member has are on the rail
    listening_changed = Signal(object)  # what is to be kept, by name

    def __init__(
        self,
        services: Services,
        worker: Worker,
        make_player: "Callable[[], Player]",
        kept: Mapping[str, int],
        appearance: Appearance,
        window: Window,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._services = services
        self._worker = worker
        self._make_player = make_player
        self._kept = kept
        self._appearance = appearance
        self._window = window
        self._closed = False
        self.presenter: TranscribePresenter | None = None
        self.view: TranscribeView | None = None

    def open(self) -> None:
        """Find out which pages this member has, and put them on the rail."""
        self._worker.run(self._look_job, self._on_known, self._on_failed)

    def close(self) -> None:
        """Stop what plays, save, and forget the clip."""
        self._closed = True
        self._window.keys.set_listening(there=False)
        if self.view is not None:
            self.view.forget()
        if self.presenter is not None:
            self.presenter.close()
        self.presenter = self.view = None

    def _look_job(self) -> _Wanted:
        manages = bool(self._services.member.roles & _MANAGERS)
        return _Wanted(self._services.transcribing.has_pool(), manages and self._services.pool.exists())

    def _on_known(self, wanted: _Wanted) -> None:
        if self._closed:
            return
        if wanted.listens:
            self._add_listening()
        if wanted.manages:
            presenter = PoolPresenter(self._services, self._worker, self)
            self._window.add_page("pool", "voice", self.tr("Pool"), PoolView(presenter, self._appearance, self._window))
        self._window.keys.set_listening(there=wanted.listens or wanted.manages)
        self.ready.emit()

    def _add_listening(self) -> None:
        # Loads numpy and what plays sound: no other desk should pay for it.
        from reviewer.ui.transcribe.presenter import TranscribePresenter, local_midnight
        from reviewer.ui.transcribe.view import TranscribeView

        window = self._window
        self.presenter = TranscribePresenter(
            self._services, self._worker, self._make_player(), _listening(self._kept), local_midnight, self
        )
        self.presenter.listening_changed.connect(self._on_listening)
        window.active.connect(self.presenter.note_activity)
        self.view = TranscribeView(self.presenter, self._appearance, window.keys, window)
        self.view.status_changed.connect(window.show_status)
        window.add_page("transcribe", "transcribe", self.tr("Transcribe"), self.view)

    def _on_failed(self, failure: Exception) -> None:
        if not isinstance(failure, ReviewerError):
            raise failure
        self._window.show_status(failure.message)

    @Slot(object)
    def _on_listening(self, listening: "Listening") -> None:
        kept = {
            "speed": listening.speed,
            "loop": int(listening.loop),
            "pause_while_typing": int(listening.pause_while_typing),
        }
        self.listening_changed.emit(kept)


def _listening(kept: Mapping[str, int]) -> "Listening":
    from reviewer.ui.transcribe.presenter import FASTEST, SLOWEST, Listening

    return Listening(
        speed=min(FASTEST, max(SLOWEST, kept.get("speed", 100))),
        loop=bool(kept.get("loop", 0)),
        pause_while_typing=bool(kept.get("pause_while_typing", 1)),
    )
