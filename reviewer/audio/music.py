"""Find music and steady tones: hold music, ringing, jingles.

A note keeps its frequency for a while, a harmonic of speech does not. So of the energy in spectral peaks, that part
counts which stands in the same narrow band for 200 ms. The bench measures it on speech and on hold music.
"""

from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from reviewer.audio.resampling import Floats
from reviewer.audio.tones import Stretch
from reviewer.audio.wav import RATE_HZ

_FRAME, _HOP = 1_024, 320
_BAND = slice(6, 224)  # of the spectrum: 94 to 3,500 Hz
_AT = (0, 2, 5, 8, 10)  # the frames that must all have the peak: over 200 ms
_BLOCK, _HALF = 100, 50  # frames judged together: 2 s; a block begins every half block
_STEADY = 0.17
_QUIET = 1.0  # energy of the peaks of a frame: about -70 dBFS


class MusicFinder:
    """Listen to one channel: `push` its pieces in order, then ask for the `stretches`."""

    def __init__(self) -> None:
        self._window = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
        self._kept = np.zeros(0, np.float32)
        self._sums: list[tuple[float, float]] = []  # of each half block: what is steady, and all
        self._open = np.zeros((0, 2), np.float32)  # frames of a half block that is not whole

    def push(self, samples: Floats) -> None:
        """Listen to the next samples (-1 to 1)."""
        self._kept = np.concatenate([self._kept, samples])
        count = (len(self._kept) - _FRAME) // _HOP + 1 - _AT[-1]
        if count <= 0:
            return
        frames = sliding_window_view(self._kept, _FRAME)[::_HOP][: count + _AT[-1]]
        power = np.square(np.abs(np.fft.rfft(frames * self._window)[:, _BAND])).astype(np.float32)
        is_peak = (power[:, 1:-1] > power[:, :-2]) & (power[:, 1:-1] > power[:, 2:])
        stays = np.logical_and.reduce([is_peak[at : at + count] for at in _AT])
        middle = slice(_AT[-1] // 2, _AT[-1] // 2 + count)
        energy = power[middle, 1:-1] * is_peak[middle]
        frames_energy = np.stack([(energy * stays).sum(axis=1), energy.sum(axis=1)], axis=1)
        self._open = np.concatenate([self._open, frames_energy])
        halves = len(self._open) // _HALF
        self._sums += [
            tuple(half)
            for half in self._open[: halves * _HALF].reshape(halves, _HALF, 2).sum(axis=1, dtype=float).tolist()
        ]
        self._open = self._open[halves * _HALF :]
        self._kept = self._kept[count * _HOP :]

    @property
    def stretches(self) -> list[Stretch]:
        """Return where there is music."""
        sums = self._sums
        if len(sums) < 2:  # it is shorter than a block: what there is is judged
            rest = self._open.sum(axis=0, dtype=float).tolist()
            sums = [(sum(half[0] for half in sums) + rest[0], sum(half[1] for half in sums) + rest[1]), (0.0, 0.0)]
        found: list[Stretch] = []
        for half, (before, after) in enumerate(pairwise(sums)):
            steady, energy = before[0] + after[0], before[1] + after[1]
            if energy > _QUIET * _BLOCK and steady > _STEADY * energy:
                first = half * _HALF
                start_s, end_s = first * _HOP / RATE_HZ, (first + _BLOCK + _AT[-1]) * _HOP / RATE_HZ
                if found and start_s <= found[-1].end_s:
                    start_s = found.pop().start_s
                found.append(Stretch(start_s, end_s, ""))
        return found
