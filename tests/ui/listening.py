"""A player against the clock, for a machine without sound; and a desk whose first member has a pool to themselves.

It is as quick as a test wants: `HASTE` seconds of a clip pass in one.
"""

import time
from pathlib import Path
from typing import Any

from reviewer.domain.errors import UnavailableError
from reviewer.services.pool import Pool
from reviewer.ui.app import Desk
from reviewer.ui.transcribe.presenter import TranscribePresenter
from reviewer.ui.transcribe.view import TranscribeView
from tests.factories import Profile
from tests.pools import ToneMaker, call
from tests.ui.driver import DrivenDesk, wait_until

HASTE = 20.0


class ClockPlayer:
    """Hears nothing, and says where a device would be."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self.plays: list[float] = []
        self.loaded: bytes | None = None
        self.speed = 1.0
        self._started_at: float | None = None
        self._start_s = 0.0
        self._seconds = 0.0

    def load(self, samples: bytes, rate_hz: int, speed: float) -> None:
        """Note a clip and its speed."""
        self.loaded, self.speed, self._seconds = samples, speed, len(samples) / 2 / rate_hz

    def play(self, start_s: float) -> None:
        """Start the clock."""
        if self.problem is not None:
            raise UnavailableError(self.problem)
        self.plays.append(start_s)
        self._start_s, self._started_at = start_s, time.monotonic()

    def pause(self) -> None:
        """Stop the clock."""
        self._start_s, self._started_at = self.position_s(), None

    def position_s(self) -> float:
        """Return what would be heard now."""
        passed = 0.0 if self._started_at is None else (time.monotonic() - self._started_at) * self.speed * HASTE
        return min(self._seconds, self._start_s + passed)

    def is_playing(self) -> bool:
        """Tell whether the clip goes on."""
        if self.problem is not None:
            raise UnavailableError(self.problem)
        return self._started_at is not None and self.position_s() < self._seconds

    def unload(self) -> None:
        """Forget the clip."""
        self.pause()
        self.loaded, self._seconds = None, 0.0

    def close(self) -> None:
        """There is nothing to let go."""


def fill_pool(profile: Profile, numbers: range = range(30), **policy: Any) -> Pool:
    """Give the profile's first member, who has every role, a pool of their own."""
    pool = Pool(profile.store, profile.first, ToneMaker())
    pool.set_policy(
        **{
            "workspace_opted_in": True,
            "feature_on": True,
            "categories": ("billing",),
            "budget_ppm": 1_000_000,
            "least_calls": 20,
            "longest_delay_days": 0,
            **policy,
        }
    )
    recording = profile.folder / "recording.wav"
    recording.write_bytes(b"there")
    for number in numbers:
        pool.add(call(number), recording)
    pool.build()
    return pool


class ListeningDesk(DrivenDesk):
    """A desk on the page of transcribers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.player = ClockPlayer()
        self._desk.make_player = lambda: self.player

    @property
    def desk(self) -> Desk:
        """Return the desk, to look at."""
        return self._desk

    def listen(self) -> "ListeningDesk":
        """Go to the page and wait for a clip."""
        wait_until(lambda: self._desk.pool_pages is not None and self._desk.pool_pages.view is not None, "the page")
        self.window.show_page("transcribe")
        self.settle()
        return self

    @property
    def page(self) -> TranscribeView:
        """Return the page, to look at."""
        assert self._desk.pool_pages is not None
        assert self._desk.pool_pages.view is not None
        return self._desk.pool_pages.view

    @property
    def listening(self) -> TranscribePresenter:
        """Return the presenter, to look at."""
        assert self._desk.pool_pages is not None
        assert self._desk.pool_pages.presenter is not None
        return self._desk.pool_pages.presenter

    @property
    def serving_id(self) -> str | None:
        """Return the id of the clip on the page."""
        current = self.listening.current
        return None if current is None else current.serving.id

    def hear(self) -> None:
        """Wait until the clip on the page was heard whole."""
        wait_until(lambda: self.listening.is_heard, "the clip heard")

    def wait_for_another(self, old: str | None) -> None:
        """Wait until another clip is on the page."""
        wait_until(lambda: self.serving_id not in (None, old), "the next clip")
