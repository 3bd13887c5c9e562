"""A player against the clock, for a machine without sound; and a desk whose first member has a pool to themselves.

It is as quick as a test wants: `haste` seconds of a clip pass in one.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np

from reviewer.audio import PlayerState, Sound, wav
from reviewer.domain.errors import ReviewerError, UnavailableError
from reviewer.services.pool import Pool
from reviewer.ui.app import Desk
from reviewer.ui.transcribe.presenter import TranscribePresenter
from reviewer.ui.transcribe.view import TranscribeView
from tests.factories import Profile
from tests.pools import ToneMaker, call
from tests.ui.driver import DrivenDesk, wait_until

HASTE = 20.0  # of a player, until a test says otherwise


class ClockPlayer:
    """Hears nothing, and says where a device would be."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self.haste = HASTE
        self.plays: list[float] = []
        self.loaded: Sound | None = None
        self.failure: ReviewerError | None = None
        self._speed = 1.0
        self._started_at: float | None = None
        self._start_s = 0.0
        self._loop: tuple[float, float] | None = None
        self._heard: list[tuple[float, float]] = []

    @property
    def seconds(self) -> float:
        """Return how long the clip is."""
        return 0.0 if self.loaded is None else self.loaded.duration_s

    @property
    def speed(self) -> float:
        """Return the speed."""
        return self._speed

    @property
    def state(self) -> PlayerState:
        """Return what a player would be doing."""
        if self.failure is not None:
            return PlayerState.FAILED
        if self.loaded is None:
            return PlayerState.EMPTY
        if self._started_at is None:
            return PlayerState.PAUSED
        return PlayerState.ENDED if self._loop is None and self.position_s >= self.seconds else PlayerState.PLAYING

    @property
    def position_s(self) -> float:
        """Return what would be heard now."""
        passed = 0.0 if self._started_at is None else (time.monotonic() - self._started_at) * self._speed * self.haste
        at = self._start_s + passed
        if self._loop is not None and at >= self._loop[1]:
            return self._loop[0] + (at - self._loop[1]) % (self._loop[1] - self._loop[0])
        return min(self.seconds, at)

    @property
    def heard_share(self) -> float:
        """Return how much would have been heard, from the parts that were played."""
        self._note()
        hundredths = {at for start, end in self._heard for at in range(int(start * 100), round(end * 100))}
        return len(hundredths) / round(self.seconds * 100) if self.seconds else 0.0

    def load(self, sound: Sound) -> None:
        """Take another clip."""
        self.loaded, self._start_s, self._started_at, self._heard, self._loop = sound, 0.0, None, [], None

    def play(self) -> None:
        """Start the clock, or fail as a device would: a little later, never in the call."""
        self.failure = None
        if self.problem is not None:
            self.failure = UnavailableError(self.problem)
            return
        self.plays.append(self._start_s)
        self._started_at = time.monotonic()

    def pause(self) -> None:
        """Stop the clock."""
        self._note()
        self._start_s, self._started_at = self.position_s, None

    def seek(self, position_s: float) -> None:
        """Go somewhere; plays on from there if it plays."""
        self._note()
        self._start_s = min(max(0.0, position_s), self.seconds)
        self._started_at = None if self._started_at is None else time.monotonic()

    def back(self, seconds: float) -> None:
        """Go back."""
        self.seek(self.position_s - seconds)

    def set_speed(self, speed: float) -> None:
        """Change the speed."""
        self.seek(self.position_s)
        self._speed = speed

    def set_loop(self, start_s: float | None, end_s: float | None = None) -> None:
        """Repeat a part."""
        self._loop = None if start_s is None or end_s is None else (start_s, end_s)

    def unload(self) -> None:
        """Forget the clip."""
        self.load(Sound(wav.encode(np.zeros(0, np.int16))))
        self.loaded = None

    def close(self) -> None:
        """There is nothing to let go."""

    def _note(self) -> None:
        if self._started_at is not None:
            self._heard.append((self._start_s, self.position_s))


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

    def play_slowly(self) -> None:
        """Play the clip from its start, no quicker than a person would hear it."""
        self.player.haste = 1.0
        self.listening.from_start()

    def hear(self) -> None:
        """Wait until the clip on the page was heard whole."""
        wait_until(lambda: self.listening.is_heard, "the clip heard")

    def wait_for_another(self, old: str | None) -> None:
        """Wait until another clip is on the page."""
        wait_until(lambda: self.serving_id not in (None, old), "the next clip")
