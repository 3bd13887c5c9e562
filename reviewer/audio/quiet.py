"""Where a channel is quiet enough to be cut, and how far its speech stands above its noise."""

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
        frames = len(track.level_db)
        place = np.minimum(((np.arange(frames) + 0.5) * FRAME_S / VOICE_FRAME_S).astype(int), len(track.voice) - 1)
        voice = track.voice[place] if len(track.voice) else np.zeros(frames, np.float32)
        self.duration_s = frames * FRAME_S
        self.level_db = track.level_db
        speech, silence = track.level_db[voice > _SPEECH], track.level_db[voice < _SILENCE]
        # Above the median, as what leaks from another channel is taken for speech too.
        self.speech_db = float(np.percentile(speech, 70)) if len(speech) else -20.0
        floor_db = float(np.percentile(silence, 25)) if len(silence) > _FEWEST_FRAMES else self.speech_db - 30.0
        self.floor_db = max(floor_db, self.speech_db - 40.0)
        noisy = float(np.clip((_CLEAR_DB - self.snr_db) / (_CLEAR_DB - _NOISY_DB), 0, 1))
        self._shortest_s = _SHORTEST_S + noisy * (_SHORTEST_NOISY_S - _SHORTEST_S)
        self._edge_s = _EDGE_S + noisy * (_EDGE_NOISY_S - _EDGE_S)
        self.is_speech = (voice > _SPEECH) & (track.level_db > self.speech_db - _LEAK_DB)
        self.smooth_db = _smooth(track.level_db, 3)
        above_db = float(np.clip(0.3 * (self.snr_db - 5.0), 3.0, 9.0))
        quiet_db = _local_floor(track.level_db, self.floor_db) + above_db
        self.is_quiet = (voice < _SILENCE) & (self.smooth_db < quiet_db)
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
        at = int(places[(self.smooth_db[places] + _MIDDLE_DB * off_middle**2).argmin()])
        return Silence(begin * FRAME_S, end * FRAME_S, (at + 0.5) * FRAME_S, ends_sentence)


def _smooth(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    padded = np.pad(values, width // 2, mode="edge") if len(values) else values
    return np.convolve(padded, np.full(width, 1 / width, np.float32), mode="valid") if len(values) else values


def _local_floor(level_db: NDArray[np.float32], floor_db: float) -> NDArray[np.float32]:
    """Return the floor around each frame: noise comes and goes, but speech is never taken for it."""
    block = 200
    starts = range(0, max(1, len(level_db)), block)
    lows = [float(np.percentile(level_db[max(0, at - block) : at + 2 * block], 8)) for at in starts if len(level_db)]
    lows = [float(np.clip(low, floor_db, floor_db + 6)) for low in lows] or [floor_db]
    return np.interp(np.arange(len(level_db)), [at + block / 2 for at in starts], lows).astype(np.float32)


def _runs(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the runs of true, each as begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2)
