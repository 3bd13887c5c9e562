"""Find music and steady tones: hold music, ringing, jingles.

A note keeps its frequency for a while, a harmonic of speech does not. So of the energy in spectral peaks, that part
counts which stands in the same narrow band for 200 ms. The bench measures it on speech and on hold music.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from reviewer.audio.resampling import Floats
from reviewer.audio.tones import Stretch
from reviewer.audio.wav import RATE_HZ

_FRAME, _HOP = 1_024, 320
_BAND = slice(6, 224)  # of the spectrum: 94 to 3,500 Hz
_AT = (0, 2, 5, 8, 10)  # the frames that must all have the peak: over 200 ms
_BLOCK = 100  # frames judged together: 2 s
_STEADY = 0.17
_QUIET = 1.0  # energy of the peaks of a frame: about -70 dBFS


class MusicFinder:
    """Listen to one channel: `push` its pieces in order, then ask for the `stretches`."""

    def __init__(self) -> None:
        self._window = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
        self._kept = np.zeros(0, np.float32)
        self._steady: list[Floats] = []
        self._all: list[Floats] = []

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
        self._steady.append((energy * stays).sum(axis=1))
        self._all.append(energy.sum(axis=1))
        self._kept = self._kept[count * _HOP :]

    @property
    def stretches(self) -> list[Stretch]:
        """Return where there is music."""
        if not self._all:
            return []
        steady, total = np.concatenate(self._steady), np.concatenate(self._all)
        found: list[Stretch] = []
        for first in range(0, max(1, len(total) - _BLOCK + 1), _BLOCK // 2):
            block = slice(first, first + _BLOCK)
            energy = float(total[block].sum())
            if energy > _QUIET * _BLOCK and float(steady[block].sum()) > _STEADY * energy:
                start_s, end_s = first * _HOP / RATE_HZ, (first + _BLOCK + _AT[-1]) * _HOP / RATE_HZ
                if found and start_s <= found[-1].end_s:
                    start_s = found.pop().start_s
                found.append(Stretch(start_s, end_s, ""))
        return found
