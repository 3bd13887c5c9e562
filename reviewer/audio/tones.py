"""Find touch tones (DTMF), which spell what was typed: card numbers, PINs, dates of birth.

A digit is one of four low and one of four high frequencies for 40 ms or more (ITU-T Q.23 and Q.24). Speech now and then
puts a harmonic near one of each, but it glides and has others beside it. So each run of frames that name the same digit
is weighed: by its length, by how alone its two tones stand in their bands, by how steady they are. One heavy run or
several lighter ones close together are touch tones; from there, every lighter run nearby belongs to the same stretch.

The weights were set on 2.4 hours of spoken prompts in five languages and on digits sent through mu-law, GSM, Opus and
MP3 with speech over them; `tests/bench/bench_audio.py` measures both sides anew.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from reviewer.audio.resampling import Floats
from reviewer.audio.wav import RATE_HZ

LOW_HZ = (697.0, 770.0, 852.0, 941.0)
HIGH_HZ = (1209.0, 1336.0, 1477.0, 1633.0)
KEYS = "123A456B789C*0#D"

_FRAME, _HOP, _FFT = 512, 160, 1024
_HOP_S = _HOP / RATE_HZ
_BIN_HZ = RATE_HZ / _FFT
_LOBE_BINS = 5  # half the main lobe of the window, and one for a frequency between two bins
_LOW_BAND_HZ, _HIGH_BAND_HZ = (620.0, 1030.0), (1130.0, 1730.0)
_TOLERANCE = 0.02  # receivers must take 1.5 % and must not take 3.5 %
_LEAST_SHARE = 0.5  # of a band's energy that its tone holds
_MOST_TWIST_DB = 12.0
_LEAST_ENERGY = 1e-3  # of both tones in a frame: about -75 dBFS

_TOGETHER_S = 2.0
_ALONE, _ALONE_STEADY = 7.0, 5.0
_SEVERAL, _SEVERAL_STEADY = 5.0, 4.5
_SECOND = 1.0  # the second heaviest of several has at least this
_NEAR_S = 3.0
_MARGIN_S = 0.5

_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tone:
    """One run of frames that name the same digit; `weight` says how like a touch tone it is."""

    key: str
    start_s: float
    end_s: float
    weight: float
    steady_weight: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time, in seconds from the beginning, with what was typed in it."""

    start_s: float
    end_s: float
    keys: str


class ToneFinder:
    """Listen to one channel: `push` its pieces in order, then ask for the `stretches`."""

    def __init__(self) -> None:
        self._window = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
        self._kept = np.zeros(0, np.float32)
        self._frames = 0
        self._open = np.zeros((0, 5))  # the run that may go on: frame, key, share, offsets of the low and the high tone
        self._closed: list[Tone] = []

    def push(self, samples: Floats) -> None:
        """Listen to the next samples (-1 to 1)."""
        self._kept = np.concatenate([self._kept, samples])
        count = (len(self._kept) - _FRAME) // _HOP + 1
        if count <= 0:
            return
        frames = sliding_window_view(self._kept, _FRAME)[: count * _HOP : _HOP]
        named = _named(frames * self._window)
        named[:, 0] += self._frames
        *closed, self._open = _runs(np.concatenate([self._open, named]))
        self._closed += [_tone(run) for run in closed if len(run) >= 2]
        self._frames += count
        self._kept = self._kept[count * _HOP :]

    @property
    def runs(self) -> list[Tone]:
        """Return every run of at least two frames, however light."""
        return [*self._closed, _tone(self._open)] if len(self._open) >= 2 else self._closed

    @property
    def stretches(self) -> list[Stretch]:
        """Return where there are touch tones, margins included."""
        runs = self.runs
        sure = [place for place, run in enumerate(runs) if _is_sure(run) or _is_sure_together(runs, place)]
        found: list[list[Tone]] = []
        for run in _with_neighbours(runs, sure):
            if found and run.start_s - found[-1][-1].end_s <= _NEAR_S:
                found[-1].append(run)
            else:
                found.append([run])
        return [
            Stretch(max(0.0, near[0].start_s - _MARGIN_S), near[-1].end_s + _MARGIN_S, "".join(run.key for run in near))
            for near in found
        ]


def stretches(samples: Floats) -> list[Stretch]:
    """Return where there are touch tones in samples that are there as a whole."""
    finder = ToneFinder()
    finder.push(samples)
    return finder.stretches


def _runs(named: _Array) -> list[_Array]:
    """Return the frames in runs of one digit; the last may be empty."""
    new = (np.diff(named[:, 0]) > 2) | (np.diff(named[:, 1]) != 0)  # one frame may be missing
    return np.split(named, np.flatnonzero(new) + 1)


def _named(windowed: Floats) -> _Array:
    """Return those frames that name a digit."""
    power = np.abs(np.fft.rfft(windowed, _FFT)).astype(np.float64) ** 2 + 1e-12
    low, high = _peak(power, _LOW_BAND_HZ, LOW_HZ), _peak(power, _HIGH_BAND_HZ, HIGH_HZ)
    twist_db = np.abs(10 * np.log10(low.energy / high.energy))
    is_named = (np.abs(low.offset) < _TOLERANCE) & (np.abs(high.offset) < _TOLERANCE) & (twist_db < _MOST_TWIST_DB)
    share = np.minimum(low.share, high.share)
    is_named &= (share > _LEAST_SHARE) & (low.energy + high.energy > _LEAST_ENERGY)
    at = np.flatnonzero(is_named)
    return np.stack([at, low.nearest[at] * 4 + high.nearest[at], share[at], low.offset[at], high.offset[at]], axis=1)


@dataclass(frozen=True, slots=True)
class _Peak:
    nearest: NDArray[np.intp]
    offset: _Array
    share: _Array
    energy: _Array


def _peak(power: _Array, band_hz: tuple[float, float], nominal_hz: tuple[float, ...]) -> _Peak:
    """Return the strongest tone of a band in each frame, placed between bins by a parabola."""
    first, last = int(band_hz[0] / _BIN_HZ), int(band_hz[1] / _BIN_HZ) + 1
    band, rows = power[:, first:last], np.arange(len(power))
    peak = np.clip(band.argmax(axis=1), 1, band.shape[1] - 2)
    before, at, after = (np.log(band[rows, peak + step]) for step in (-1, 0, 1))
    bend = np.minimum(before - 2 * at + after, -1e-9)
    frequency = (first + peak + 0.5 * (before - after) / bend) * _BIN_HZ
    nearest = np.abs(frequency[:, None] / np.array(nominal_hz) - 1).argmin(axis=1)
    total = np.concatenate([np.zeros((len(power), 1)), np.cumsum(power, axis=1)], axis=1)
    energy = total[rows, first + peak + _LOBE_BINS] - total[rows, first + peak - _LOBE_BINS + 1]
    return _Peak(nearest, frequency / np.array(nominal_hz)[nearest] - 1, energy / band.sum(axis=1), energy)


def _tone(run: _Array) -> Tone:
    alone = float(np.clip((run[:, 2].mean() - 0.6) / 0.3, 0, 1.1))
    spread = max(1.48 * float(np.median(np.abs(offset - np.median(offset)))) for offset in (run[:, 3], run[:, 4]))
    weight = (len(run) - 1) * alone
    start_s, end_s = run[0, 0] * _HOP_S, run[-1, 0] * _HOP_S + _FRAME / RATE_HZ
    steady_weight = weight * float(np.clip((0.010 - spread) / 0.006, 0, 1))
    return Tone(KEYS[int(run[0, 1])], float(start_s), float(end_s), weight, steady_weight)


def _is_sure(run: Tone) -> bool:
    return run.weight >= _ALONE or run.steady_weight >= _ALONE_STEADY


def _is_sure_together(runs: list[Tone], first: int) -> bool:
    """Tell whether the runs that begin soon after `first` are touch tones as several."""
    together = []
    for run in runs[first:]:
        if run.start_s - runs[first].start_s > _TOGETHER_S:
            break
        together.append(run)
    weights = sorted((run.weight for run in together), reverse=True)
    if len(weights) < 2 or weights[1] < _SECOND:
        return False
    return sum(weights) >= _SEVERAL or sum(run.steady_weight for run in together) >= _SEVERAL_STEADY


def _with_neighbours(runs: list[Tone], sure: list[int]) -> list[Tone]:
    """Return the sure runs and all that lie near one or near such a neighbour."""
    if not sure:
        return []
    taken = set(sure)
    for order in (range(len(runs)), reversed(range(len(runs)))):
        near: Tone | None = None
        for place in order:
            run = runs[place]
            is_near = near is not None and max(run.start_s - near.end_s, near.start_s - run.end_s) <= _NEAR_S
            if place in taken or (is_near and run.weight > 0):
                taken.add(place)
                near = run
    return [runs[place] for place in sorted(taken)]
