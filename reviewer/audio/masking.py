"""Mask a voice a little, for listeners who know the speaker. It is no anonymity, and nothing may claim that it is.

The resonances of the voice are moved by raising the angles of the poles of its linear prediction to a power (McAdams;
the idea of arXiv 2011.01130), another power for each clip. In the results of the VoicePrivacy Challenge 2024 this did
hardly better than nothing against somebody who knows the method (equal error rate 1.6 to 7.5 %), and words were harder
to recognise. A policy may ask for it; by default it is off.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from reviewer.audio.resampling import Floats, Resampler
from reviewer.audio.wav import RATE_HZ

WARNING = "Masking changes the sound of a voice a little. It does not make a speaker anonymous."

_LOW_RATE_HZ = 8_000  # nothing is above the band that the poles could describe
_ORDER, _FRAME, _HOP = 12, 256, 64
_POWERS = ((0.72, 0.88), (1.12, 1.28))  # away from 1, which would change nothing


def masked(samples: Floats, chance: np.random.Generator) -> Floats:
    """Return 16 kHz samples with another voice, as long as before."""
    power = chance.uniform(*_POWERS[int(chance.integers(2))])
    low = _resampled(samples, RATE_HZ, _LOW_RATE_HZ)
    high = _resampled(_moved(low, float(power)), _LOW_RATE_HZ, RATE_HZ)
    return np.pad(high, (0, max(0, len(samples) - len(high))))[: len(samples)]


def _resampled(samples: Floats, from_hz: int, to_hz: int) -> Floats:
    resampler = Resampler(from_hz, to_hz)
    return np.concatenate([resampler.push(samples), resampler.flush()])


def _moved(samples: Floats, power: float) -> Floats:
    window = np.sqrt(np.hanning(_FRAME + 1)[:-1])
    padded = np.pad(samples.astype(np.float64), (_FRAME, 2 * _FRAME + -len(samples) % _HOP))
    frames = sliding_window_view(padded, _FRAME)[::_HOP] * window
    predictor = _predictor(frames)
    excitation = _inverse(frames, predictor)
    made = _synthesis(excitation, _with_angles(predictor, power))
    loud, new = np.sqrt(np.square(frames).mean(axis=1)), np.sqrt(np.square(made).mean(axis=1))
    made *= (loud / np.maximum(new, 1e-9))[:, None] * window
    whole = np.zeros(len(padded) + _FRAME)
    for lane in range(_FRAME // _HOP):  # the frames of one lane do not overlap
        those = made[lane :: _FRAME // _HOP]
        whole[lane * _HOP : lane * _HOP + those.size] += those.reshape(-1)
    return (whole[_FRAME : _FRAME + len(samples)] / (_FRAME / _HOP / 2)).astype(np.float32)


def _predictor(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the whitening filter of each frame, by Levinson's and Durbin's recursion over all of them at once."""
    spectra = np.square(np.abs(np.fft.rfft(frames, 2 * _FRAME)))
    likeness = np.fft.irfft(spectra)[:, : _ORDER + 1]
    likeness[:, 0] = likeness[:, 0] * 1.0001 + 1e-9
    filters = np.zeros((len(frames), _ORDER + 1))
    filters[:, 0] = 1.0
    error = likeness[:, 0].copy()
    for order in range(1, _ORDER + 1):
        reflected = -(filters[:, :order] * likeness[:, order:0:-1]).sum(axis=1) / error
        filters[:, 1 : order + 1] += reflected[:, None] * filters[:, order - 1 :: -1][:, :order]
        error *= 1 - np.square(reflected)
    return filters


def _inverse(frames: NDArray[np.float64], filters: NDArray[np.float64]) -> NDArray[np.float64]:
    before = np.pad(frames, ((0, 0), (_ORDER, 0)))
    windows = sliding_window_view(before, _ORDER + 1, axis=1)[:, :, ::-1]
    excitation: NDArray[np.float64] = np.einsum("fnk,fk->fn", windows, filters)
    return excitation


def _with_angles(filters: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    companion = np.zeros((len(filters), _ORDER, _ORDER))
    companion[:, 0] = -filters[:, 1:]
    companion[:, np.arange(1, _ORDER), np.arange(_ORDER - 1)] = 1.0
    poles = np.linalg.eigvals(companion)
    angles = np.abs(np.angle(poles))
    turned = np.where(np.abs(poles.imag) > 1e-9, np.clip(angles, 0, np.pi) ** power, angles)
    turned = np.clip(turned, 0, np.pi)
    poles = np.minimum(np.abs(poles), 0.98) * np.exp(1j * np.where(poles.imag < 0, -turned, turned))
    moved = np.ones((len(filters), 1), complex)
    for place in range(_ORDER):
        longer = np.pad(moved, ((0, 0), (0, 1)))
        longer[:, 1:] -= poles[:, place, None] * moved
        moved = longer
    return moved.real.copy()


def _synthesis(excitation: NDArray[np.float64], filters: NDArray[np.float64]) -> NDArray[np.float64]:
    made = np.zeros((len(excitation), _ORDER + _FRAME))
    for place in range(_FRAME):
        past = made[:, place : place + _ORDER][:, ::-1]
        made[:, place + _ORDER] = excitation[:, place] - (filters[:, 1:] * past).sum(axis=1)
    return made[:, _ORDER:]
