"""Bring any sampling rate to another in pieces, as if it were done at one go.

A band-limited interpolator (windowed sinc): https://ccrma.stanford.edu/~jos/resample/. The passband reaches to 90 % of
the lower of the two Nyquist frequencies; what would fold back is damped by at least 70 dB (a test measures both).
"""

import math
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_CROSSINGS = 40  # of the sinc, on each side
_KAISER_BETA = 8.0
_CUTOFF = 0.945  # of the lower Nyquist frequency: the middle of the transition


class Resampler:
    """One channel from `from_hz` to `to_hz`; `push` pieces in order, then `flush` once."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        shared = math.gcd(from_hz, to_hz)
        self._up, self._down = to_hz // shared, from_hz // shared
        self._half = math.ceil(_CROSSINGS * max(1.0, from_hz / to_hz))
        self._bank = None if from_hz == to_hz else _bank(self._up, self._half, min(1.0, to_hz / from_hz))
        self._waiting = np.zeros(self._half, np.float32)  # samples before the first are silence
        self._waiting_from = -self._half  # the place of the first one that waits
        self._pushed = self._made = 0

    def push(self, samples: Floats) -> Floats:
        """Return what the samples so far allow."""
        self._pushed += len(samples)
        if self._bank is None:
            return samples
        self._waiting = np.concatenate([self._waiting, samples])
        last = self._waiting_from + len(self._waiting) - self._half - 1  # the last place with all its neighbours
        return self._make((last + 1) * self._up // self._down if last >= 0 else 0, self._bank)

    def flush(self) -> Floats:
        """Return the rest."""
        if self._bank is None:
            return np.zeros(0, np.float32)
        self._waiting = np.concatenate([self._waiting, np.zeros(2 * self._half, np.float32)])
        return self._make(-(-self._pushed * self._up // self._down), self._bank)

    def _make(self, until: int, bank: Floats) -> Floats:
        places = np.arange(self._made, until, dtype=np.int64) * self._down
        if not len(places):
            return np.zeros(0, np.float32)
        base, phase = np.divmod(places, self._up)
        rows = sliding_window_view(self._waiting, 2 * self._half)
        made: Floats = np.einsum("nk,nk->n", rows[base - self._half + 1 - self._waiting_from], bank[phase])
        self._made = until
        used = int(until * self._down // self._up) - self._half - self._waiting_from
        if used > 0:
            self._waiting, self._waiting_from = self._waiting[used:], self._waiting_from + used
        return made


@lru_cache(maxsize=8)
def _bank(phases: int, half: int, scale: float) -> Floats:
    """Return the filter for each phase: the weights of the `2 * half` samples around a place between two of them."""
    at = np.arange(1 - half, half + 1)[None, :] - np.arange(phases)[:, None] / phases
    cutoff = _CUTOFF * scale
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1 - (at / half) ** 2, 0, 1))) / np.i0(_KAISER_BETA)
    weights = cutoff * np.sinc(cutoff * at) * window
    bank: Floats = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return bank
