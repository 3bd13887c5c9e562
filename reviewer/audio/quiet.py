"""Where a channel is quiet enough to be cut, and how far its speech stands above its noise.

A recording may last for hours: all is computed a minute at a time, and two bits of it for each 10 ms are kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reviewer.audio.listening import FRAME_S, VOICE_FRAME_S, Track

LEAD_S = 0.25  # silence kept before the first and after the last word, where there is that much

_SPEECH, _SILENCE = 0.5, 0.35  # of the voice detector
_REACH_S = 0.35  # how far from the transcript's own boundary the silence may lie
_SHORTEST_S, _SHORTEST_NOISY_S = 0.10, 0.26
_SHORTEST_MIDDLE_S = 0.18  # where no sentence ends
_NOISY_DB, _CLEAR_DB = 19.0, 35.0  # how far speech is above noise where these are long, and where they are short
_EDGE_S, _EDGE_NOISY_S = 0.04, 0.10  # a cut keeps this far from where the silence begins and ends
_MIDDLE_DB = 6.0  # how much louder the middle of a silence may be than its ends and still be cut in
_FEWEST_FRAMES = 20
_BLOCK = 6_000  # frames that are computed at once: a minute
_FLOOR = 200  # frames that have one floor
_LEAK_DB = 17.0  # what is so far below speech is not spoken into this channel


@dataclass(frozen=True, slots=True)
class Silence:
    """A pause to cut in: where the words before it end, where those after it begin, where the cut is."""

    start_s: float
    end_s: float
    at_s: float
    ends_sentence: bool = True

    @property
    def before_s(self) -> float:
        """Return where a clip before it ends."""
        return min(self.at_s, self.start_s + LEAD_S)

    @property
    def after_s(self) -> float:
        """Return where a clip after it begins."""
        return max(self.at_s, self.end_s - LEAD_S)


class Room:
    """What one channel sounds like: where it is quiet, how loud speech and noise are."""

    def __init__(self, track: Track) -> None:
        self._voice = track.voice
        frames = len(track.level_db)
        self.duration_s = frames * FRAME_S
        self.level_db = track.level_db
        speech, silence = _Levels(), _Levels()
        for begin, end in self._blocks():
            level_db, voice = track.level_db[begin:end], self._voice_of(begin, end)
            speech.add(level_db[voice > _SPEECH])
            silence.add(level_db[voice < _SILENCE])
        # Above the median, as what leaks from another channel is taken for speech too.
        self.speech_db = speech.percentile(70) if speech.number else -20.0
        floor_db = silence.percentile(25) if silence.number > _FEWEST_FRAMES else self.speech_db - 30.0
        self.floor_db = max(floor_db, self.speech_db - 40.0)
        noisy = float(np.clip((_CLEAR_DB - self.snr_db) / (_CLEAR_DB - _NOISY_DB), 0, 1))
        self._shortest_s = _SHORTEST_S + noisy * (_SHORTEST_NOISY_S - _SHORTEST_S)
        self._edge_s = _EDGE_S + noisy * (_EDGE_NOISY_S - _EDGE_S)
        above_db = float(np.clip(0.3 * (self.snr_db - 5.0), 3.0, 9.0))
        floors = _floors(track.level_db, self.floor_db)
        self.is_speech, self.is_quiet = np.zeros(frames, bool), np.zeros(frames, bool)
        for begin, end in self._blocks():
            voice = self._voice_of(begin, end)
            loud_db = self.speech_db - _LEAK_DB
            self.is_speech[begin:end] = (voice > _SPEECH) & (track.level_db[begin:end] > loud_db)
            quiet_db = np.interp(np.arange(begin, end), (np.arange(len(floors)) + 0.5) * _FLOOR, floors) + above_db
            self.is_quiet[begin:end] = (voice < _SILENCE) & (self._smooth_db(begin, end) < quiet_db)
        self._runs = _runs(self.is_quiet)

    @property
    def snr_db(self) -> float:
        """Return how far speech lies above noise."""
        return self.speech_db - self.floor_db

    def silence(self, early_s: float, late_s: float, *, ends_sentence: bool) -> Silence | None:
        """Return the best pause near a boundary that the transcript puts between two times, or None."""
        shortest_s = self._shortest_s
        if not ends_sentence:
            shortest_s = max(shortest_s, _SHORTEST_MIDDLE_S)
        first, last = (early_s - _REACH_S) / FRAME_S, (late_s + _REACH_S) / FRAME_S
        middle = (early_s + late_s) / 2 / FRAME_S
        place = int(np.searchsorted(self._runs[:, 1], first))
        best: tuple[float, float, float] | None = None
        for begin, end in self._runs[place:]:
            if begin > last:
                break
            length_s = (end - begin) * FRAME_S
            away_s = max(begin - middle, middle - end, 0) * FRAME_S
            if length_s >= shortest_s and (best is None or away_s - min(length_s, 0.5) < best[0]):
                best = (away_s - min(length_s, 0.5), begin, end)
        return None if best is None else self._within(int(best[1]), int(best[2]), ends_sentence=ends_sentence)

    def before(self, start_s: float) -> Silence | None:
        """Return the silence that comes before words, or None."""
        if start_s <= _REACH_S:
            return Silence(0.0, 0.0, 0.0)
        return self.silence(start_s - 0.4, start_s - 0.2, ends_sentence=True)

    def after(self, end_s: float) -> Silence | None:
        """Return the silence that follows words, or None."""
        if end_s >= self.duration_s - _REACH_S:
            return Silence(self.duration_s, self.duration_s, self.duration_s)
        return self.silence(end_s + 0.2, end_s + 0.4, ends_sentence=True)

    def _within(self, begin: int, end: int, *, ends_sentence: bool) -> Silence:
        """Return the pause with its cut: near its middle, where it is most quiet."""
        edge = int(self._edge_s / FRAME_S)
        edge = min(edge, (end - begin - 1) // 2)
        places = np.arange(begin + edge, end - edge)
        off_middle = (places - (begin + end - 1) / 2) / max(1.0, (end - begin) / 2)
        smooth_db = self._smooth_db(begin + edge, end - edge)
        at = int(places[(smooth_db + _MIDDLE_DB * off_middle**2).argmin()])
        return Silence(begin * FRAME_S, end * FRAME_S, (at + 0.5) * FRAME_S, ends_sentence)

    def _blocks(self) -> Iterator[tuple[int, int]]:
        for begin in range(0, len(self.level_db), _BLOCK):
            yield begin, min(len(self.level_db), begin + _BLOCK)

    def _voice_of(self, begin: int, end: int) -> NDArray[np.float16]:
        """Return the chance of speech for each of these frames."""
        if not len(self._voice):
            return np.zeros(end - begin, np.float16)
        places = ((np.arange(begin, end) + 0.5) * FRAME_S / VOICE_FRAME_S).astype(int)
        voice: NDArray[np.float16] = self._voice[np.minimum(places, len(self._voice) - 1)]
        return voice

    def _smooth_db(self, begin: int, end: int) -> NDArray[np.float64]:
        """Return the levels of these frames, each the mean of three."""
        places = np.clip(np.arange(begin - 1, end + 1), 0, len(self.level_db) - 1)
        return np.convolve(self.level_db[places].astype(float), np.full(3, 1 / 3), mode="valid")


class _Levels:
    """Any number of levels, counted in steps of 0.05 dB."""

    _LOWEST_DB, _STEPS, _A_DB = -120, 2_800, 20

    def __init__(self) -> None:
        self._counts = np.zeros(self._STEPS, np.int64)

    @property
    def number(self) -> int:
        """Return how many levels there are."""
        return int(self._counts.sum())

    def add(self, level_db: NDArray[np.float16]) -> None:
        """Count these, too."""
        steps = np.rint((level_db.astype(float) - self._LOWEST_DB) * self._A_DB).astype(int)
        self._counts += np.bincount(np.clip(steps, 0, self._STEPS - 1), minlength=self._STEPS)

    def percentile(self, percent: float) -> float:
        """Return the level that so many lie below."""
        below = np.cumsum(self._counts)
        return float(np.searchsorted(below, percent / 100 * below[-1])) / self._A_DB + self._LOWEST_DB


def _floors(level_db: NDArray[np.float16], floor_db: float) -> NDArray[np.float64]:
    """Return the floor of every two seconds: noise comes and goes, but speech is never taken for it."""
    starts = range(0, len(level_db), _FLOOR)
    lows = [float(np.percentile(level_db[max(0, at - _FLOOR) : at + 2 * _FLOOR].astype(float), 8)) for at in starts]
    return np.clip(lows or [floor_db], floor_db, floor_db + 6)


def _runs(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the runs of true, each as begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2)
