"""Make all clips alike in everything but the words: band, level, noise floor and length.

300 to 3,400 Hz; speech at -23 dBFS; noise damped under speech and gone between it, with the same synthetic noise under
every clip; long pauses shortened; length a multiple of half a second, silence before and after by chance. What is left
of the room and the line is what lies inside speech itself, and the voice.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from reviewer.audio.listening import FRAME
from reviewer.audio.resampling import Floats
from reviewer.audio.wav import RATE_HZ

STEP_S = 0.5

_LOW_HZ, _HIGH_HZ = 300.0, 3_400.0
_TAPS = 511
_SPEECH_DB = -23.0
_BENDS, _CEILING = 0.5, 0.89
_NOISE_DB = -47.0  # over what is left of the room's noise under speech
_FFT, _HOP = 512, 128
_LEAST_GAIN = 0.12  # 18 dB: how far noise under speech is damped
_NOISE_BIAS = 2.0
_FEWEST_QUIET = 12  # frames that tell what the noise is like
_OPENS_FRAMES, _CLOSES_FRAMES = 4, 8  # the gate is open this long before and after speech: 40 and 80 ms
_LONGEST_PAUSE, _SHORT_PAUSE = 60, 40  # frames: 0.6 and 0.4 s
_BEEP_S, _BEEP_HZ, _BEEP_DB = 0.5, 1_000.0, -32.0
_LEAST_EDGE_S, _SHORTEST_S = 0.1, 2.0

_Flags = NDArray[np.bool_]


def canonical(parts: list[tuple[Floats, _Flags]], chance: np.random.Generator) -> NDArray[np.int16]:
    """Return one clip of the parts, a beep of fixed length between each two.

    Each part is its samples and, for each 10 ms of them, whether it is quiet.
    """
    band = _band()
    cleaned = [_cleaned(samples, quiet, band) for samples, quiet in parts]
    gain = _gain([samples[np.repeat(is_open, FRAME)] for samples, is_open in cleaned])
    pieces: list[Floats] = []
    for place, (samples, is_open) in enumerate(cleaned):
        if place:
            pieces.append(_beep())
        pieces.append(_shortened(_gated(_limited(samples * gain), is_open), is_open))
    clip = _padded(np.concatenate(pieces), chance)
    clip = clip + _noise(len(clip), band, chance)
    dither = chance.random(len(clip)) - chance.random(len(clip))
    return np.clip(np.rint(clip * 32767 + dither), -32768, 32767).astype(np.int16)


def _band() -> Floats:
    """Return the filter that passes the band of the telephone: the difference of two windowed sincs."""
    at = np.arange(_TAPS) - _TAPS // 2
    high, low = (2 * hz / RATE_HZ for hz in (_HIGH_HZ, _LOW_HZ))
    taps: Floats = ((high * np.sinc(high * at) - low * np.sinc(low * at)) * np.blackman(_TAPS)).astype(np.float32)
    return taps


def _filtered(samples: Floats, taps: Floats) -> Floats:
    size = 1 << (len(samples) + len(taps)).bit_length()
    whole = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(taps, size), size)
    return whole[len(taps) // 2 : len(taps) // 2 + len(samples)].astype(np.float32)


def _cleaned(samples: Floats, quiet: _Flags, band: Floats) -> tuple[Floats, _Flags]:
    """Return whole frames of the part in its band with less noise, and for each whether the gate is open."""
    if not len(samples):
        return samples, np.zeros(0, bool)
    frames = math.ceil(len(samples) / FRAME)
    samples = np.pad(samples, (0, frames * FRAME - len(samples)))
    quiet = np.pad(quiet[:frames], (0, max(0, frames - len(quiet))), constant_values=True)
    return _damped(_filtered(samples, band), quiet), _widened(~quiet)


def _widened(is_speech: _Flags) -> _Flags:
    counts = np.cumsum(np.concatenate([[0], is_speech]))
    at = np.arange(len(is_speech))
    until = np.minimum(at + _OPENS_FRAMES + 1, len(is_speech))
    widened: _Flags = counts[until] - counts[np.maximum(at - _CLOSES_FRAMES, 0)] > 0
    return widened


def _damped(samples: Floats, quiet: _Flags) -> Floats:
    """Damp in every band of every frame what is heard there in the quiet (spectral subtraction, smoothed)."""
    window = np.sqrt(np.hanning(_FFT + 1)[:-1]).astype(np.float32)
    lanes = _FFT // _HOP
    padded = np.pad(samples, (_FFT, 2 * _FFT + -len(samples) % _HOP))
    spectra = np.fft.rfft(sliding_window_view(padded, _FFT)[::_HOP] * window)
    power = np.square(np.abs(spectra))
    middles = (np.arange(len(spectra)) * _HOP - _FFT // 2) // FRAME
    is_inside = (middles >= 1) & (middles < len(quiet) - 1)
    is_quiet = is_inside & quiet[np.clip(middles, 0, max(0, len(quiet) - 1))]
    if is_quiet.sum() >= _FEWEST_QUIET:
        noise = power[is_quiet].mean(axis=0)
    else:
        noise = 2 * np.percentile(power[is_inside] if is_inside.any() else power, 10, axis=0)
    heard = power.copy()
    heard[1:] = (power[1:] + power[:-1]) / 2
    gain = np.sqrt(np.clip(1 - _NOISE_BIAS * noise / (heard + 1e-12), _LEAST_GAIN**2, 1))
    gain[:, 1:-1] = (gain[:, :-2] + 2 * gain[:, 1:-1] + gain[:, 2:]) / 4
    pieces = np.fft.irfft(spectra * gain, _FFT).astype(np.float32) * window
    made = np.zeros(len(padded) + _FFT, np.float32)
    for lane in range(lanes):  # the pieces of one lane do not overlap
        those = pieces[lane::lanes]
        made[lane * _HOP : lane * _HOP + those.size] += those.reshape(-1)
    return made[_FFT : _FFT + len(samples)] / np.float32(lanes / 2)


def _gain(loud: list[Floats]) -> np.float32:
    """Return what brings speech to its level: the mean of the power where the gate is open."""
    samples = np.concatenate(loud)
    power = float(np.mean(np.square(samples))) if len(samples) else 0.0
    return np.float32(10 ** (_SPEECH_DB / 20) / max(math.sqrt(power), 1e-5))


def _limited(samples: Floats) -> Floats:
    """Bend what is above half of full scale, so that nothing is cut off."""
    over = np.abs(samples) > _BENDS
    bent = samples.copy()
    room = _CEILING - _BENDS
    bent[over] = np.sign(samples[over]) * (_BENDS + room * np.tanh((np.abs(samples[over]) - _BENDS) / room))
    return bent


def _gated(samples: Floats, is_open: _Flags) -> Floats:
    """Silence what is between speech, with ramps of 10 ms that lie outside the open frames' middle."""
    if not len(samples):
        return samples
    gate = np.repeat(is_open.astype(np.float32), FRAME)
    ramp = np.hanning(FRAME + 2)[1:-1].astype(np.float32)
    padded = np.pad(gate, (FRAME // 2, FRAME // 2 - 1), mode="edge")
    return samples * np.convolve(padded, ramp / ramp.sum(), mode="valid").astype(np.float32)


def _shortened(samples: Floats, is_open: _Flags) -> Floats:
    """Drop the closed frames at the ends, and of each long pause all but its beginning and end."""
    kept = np.ones(len(is_open), bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~is_open, [False]]).astype(np.int8))).reshape(-1, 2)
    for begin, end in edges:
        if begin == 0 or end == len(is_open):
            kept[begin:end] = False
        elif end - begin > _LONGEST_PAUSE:
            kept[begin + _SHORT_PAUSE // 2 : end - _SHORT_PAUSE // 2] = False
    left: Floats = samples[np.repeat(kept, FRAME)]
    return left


def _padded(samples: Floats, chance: np.random.Generator) -> Floats:
    """Bring the length to the next step; how much silence comes before is chance."""
    step, edge = int(STEP_S * RATE_HZ), int(_LEAST_EDGE_S * RATE_HZ)
    spare = -(len(samples) + 2 * edge) % step
    spare += max(0, int(_SHORTEST_S * RATE_HZ) - (len(samples) + 2 * edge + spare))
    before = int(chance.integers(0, spare + 1))
    return np.pad(samples, (edge + before, edge + spare - before))


def _noise(length: int, band: Floats, chance: np.random.Generator) -> Floats:
    """Return the noise that lies under every clip: white, in the band, of one level."""
    noise = _filtered(chance.standard_normal(length).astype(np.float32), band)
    level = np.float32(10 ** (_NOISE_DB / 20) / max(float(np.std(noise)), 1e-9))
    return noise * level


def _beep() -> Floats:
    at = np.arange(int(_BEEP_S * RATE_HZ), dtype=np.float32) / RATE_HZ
    fade = np.clip(np.minimum(at, at[::-1]) / 0.02, 0, 1)
    beep: Floats = (10 ** (_BEEP_DB / 20) * np.sqrt(2) * np.sin(2 * np.pi * _BEEP_HZ * at) * fade).astype(np.float32)
    return beep
