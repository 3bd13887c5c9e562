"""Make all clips alike in everything but the words: band, level, colour, noise floor and length.

300 to 3,400 Hz; speech at -23 dBFS; noise damped under speech and gone between it; the line's colour evened out; a
synthetic noise under every clip, and nothing kept that lies below it; long pauses shortened; length a multiple of half
a second, silence before and after by chance. What cannot be made alike differs by chance instead, from clip to clip:
each has a level of noise and a colour of its own, small beside what an ear notices and large beside what is left of the
room and the line. The voice is still there.
"""

import math
from functools import lru_cache

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
_NOISE_DB, _NOISE_SPREAD_DB = -42.0, 2.0  # over what is left of the room's noise under speech
_HEARD_DB = 4.0  # over the synthetic noise: what is so loud in its band is kept; what is 3 dB less is taken out
_FFT, _HOP = 512, 128
_LEAST_GAIN = 0.06  # 24 dB: how far noise under speech is damped
_NOISE_BIAS = 2.0
_FEWEST_QUIET = 12  # frames that tell what the noise is like
_OPENS_FRAMES, _CLOSES_FRAMES = 2, 4  # the gate is open this long before and after speech: 20 and 40 ms
_EVEN_HZ, _EVEN_SLOPE_DB = 500.0, -6.0  # the colour of every clip: level below, falling by so much an octave above
_MOST_EVENED_DB, _EVEN_OCTAVES = 12.0, 1 / 3
_WEAK = 0.03  # of the mean of power: frames below it say nothing of the line
_COLOURS, _COLOUR_DB = 6, 3.0  # how many bands have a level by chance, and how far up or down it may be
_LONGEST_PAUSE, _SHORT_PAUSE = 60, 40  # frames: 0.6 and 0.4 s
_BEEP_S, _BEEP_HZ, _BEEP_DB = 0.5, 1_000.0, -32.0
_LEAST_EDGE_S, _SHORTEST_S = 0.1, 2.0

_Flags = NDArray[np.bool_]
_Curve = NDArray[np.float64]
_Spectra = NDArray[np.complex128]


def canonical(parts: list[tuple[Floats, _Flags]], chance: np.random.Generator) -> NDArray[np.int16]:
    """Return one clip of the parts, a beep of fixed length between each two.

    Each part is its samples and, for each 10 ms of them, whether it is quiet.
    """
    band = _band()
    cleaned = [_cleaned(samples, quiet, band) for samples, quiet in parts]
    line = _evening(cleaned) * _colour(chance)
    cleaned = [(_sound(_spectra(samples) * line, len(samples)), is_open) for samples, is_open in cleaned]
    gain = _gain([samples[np.repeat(is_open, FRAME)] for samples, is_open in cleaned])
    noise_db, colour = _NOISE_DB + chance.uniform(-_NOISE_SPREAD_DB, _NOISE_SPREAD_DB), _colour(chance)
    pieces: list[Floats] = []
    for place, (samples, is_open) in enumerate(cleaned):
        if place:
            pieces.append(_beep())
        heard = _above(_limited(samples * gain), noise_db, colour)
        pieces.append(_shortened(_gated(heard, is_open), is_open))
    clip = _padded(np.concatenate(pieces), chance)
    clip = clip + _noise(len(clip), band, noise_db, colour, chance)
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
    spectra = _spectra(samples)
    power = np.square(np.abs(spectra))
    middles = _middles(len(spectra))
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
    return _sound(spectra * gain, len(samples))


def _window() -> Floats:
    window: Floats = np.sqrt(np.hanning(_FFT + 1)[:-1]).astype(np.float32)
    return window


def _spectra(samples: Floats) -> _Spectra:
    padded = np.pad(samples, (_FFT, 2 * _FFT + -len(samples) % _HOP))
    spectra: _Spectra = np.fft.rfft(sliding_window_view(padded, _FFT)[::_HOP] * _window())
    return spectra


def _middles(count: int) -> NDArray[np.int64]:
    """Return in which 10 ms of the samples the middle of each spectrum lies; it may lie outside."""
    return (np.arange(count) * _HOP - _FFT // 2) // FRAME


def _sound(spectra: _Spectra, length: int) -> Floats:
    """Return the samples of spectra that `_spectra` made."""
    pieces = np.fft.irfft(spectra, _FFT).astype(np.float32) * _window()
    lanes = _FFT // _HOP
    made = np.zeros(len(pieces) * _HOP + 2 * _FFT, np.float32)
    for lane in range(lanes):  # the pieces of one lane do not overlap
        those = pieces[lane::lanes]
        made[lane * _HOP : lane * _HOP + those.size] += those.reshape(-1)
    return made[_FFT : _FFT + length] / np.float32(lanes / 2)


def _evening(parts: list[tuple[Floats, _Flags]]) -> _Curve:
    """Return what evens out the colour that the line gave to speech, as a factor for each frequency."""
    powers = []
    for samples, is_open in parts:
        power = np.square(np.abs(_spectra(samples)))
        middles = _middles(len(power))
        inside = (middles >= 0) & (middles < len(is_open))
        powers.append(power[inside][is_open[middles[inside]]])
    power = np.concatenate(powers)
    if not len(power):
        return np.ones(_FFT // 2 + 1)
    loud = power[power.sum(axis=1) >= _WEAK * power.sum(axis=1).mean()]
    smooth, is_inside, wanted_db = _even()
    off_db = wanted_db - smooth @ (10 * np.log10(loud.mean(axis=0) + 1e-12))
    off_db -= off_db[is_inside].mean()
    evening: _Curve = 10 ** (np.clip(off_db, -_MOST_EVENED_DB, _MOST_EVENED_DB) / 20)
    return evening


@lru_cache(maxsize=1)
def _even() -> tuple[_Curve, _Flags, _Curve]:
    """Return how levels are smoothed over frequency, which lie in the band, and what they should be in dB."""
    hz = np.maximum(np.fft.rfftfreq(_FFT, 1 / RATE_HZ), 50.0)
    is_inside = (hz > _LOW_HZ * 0.85) & (hz < _HIGH_HZ)
    octaves = np.log2(hz)
    smooth = np.exp(-0.5 * np.square((octaves[:, None] - octaves) / _EVEN_OCTAVES)) * is_inside
    smooth /= smooth.sum(axis=1, keepdims=True)
    return smooth, is_inside, smooth @ (_EVEN_SLOPE_DB * np.maximum(0, np.log2(hz / _EVEN_HZ)))


def _colour(chance: np.random.Generator) -> _Curve:
    """Return a smooth colour drawn by chance, as a factor for each frequency."""
    octaves = np.log2(np.maximum(np.fft.rfftfreq(_FFT, 1 / RATE_HZ), 50.0))
    places = np.linspace(np.log2(_LOW_HZ * 0.85), np.log2(_HIGH_HZ), _COLOURS)
    colour: _Curve = 10 ** (np.interp(octaves, places, chance.uniform(-_COLOUR_DB, _COLOUR_DB, _COLOURS)) / 20)
    return colour


def _above(samples: Floats, noise_db: float, colour: _Curve) -> Floats:
    """Return only what would be heard over the synthetic noise: what lies below it tells of the room alone."""
    spectra = _spectra(samples)
    power = np.square(np.abs(spectra))
    smooth = np.pad(power, ((1, 1), (1, 1)), mode="edge")
    smooth = (smooth[:-2] + smooth[1:-1] + smooth[2:]) / 3
    smooth = (smooth[:, :-2] + 2 * smooth[:, 1:-1] + smooth[:, 2:]) / 4
    in_band = (_HIGH_HZ - _LOW_HZ) / (RATE_HZ / 2)
    noise = 10 ** (noise_db / 10) / in_band * float(np.square(_window()).sum()) * np.square(colour)
    kept = np.clip(2 * smooth / (noise * 10 ** (_HEARD_DB / 10)) - 1, 0, 1)
    return _sound(spectra * kept, len(samples))


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


def _noise(length: int, band: Floats, noise_db: float, colour: _Curve, chance: np.random.Generator) -> Floats:
    """Return the noise that lies under a clip."""
    noise = _filtered(chance.standard_normal(length).astype(np.float32), band)
    noise = _sound(_spectra(noise) * colour, length)
    level = np.float32(10 ** (noise_db / 20) / max(float(np.std(noise)), 1e-9))
    return noise * level


def _beep() -> Floats:
    at = np.arange(int(_BEEP_S * RATE_HZ), dtype=np.float32) / RATE_HZ
    fade = np.clip(np.minimum(at, at[::-1]) / 0.02, 0, 1)
    beep: Floats = (10 ** (_BEEP_DB / 20) * np.sqrt(2) * np.sin(2 * np.pi * _BEEP_HZ * at) * fade).astype(np.float32)
    return beep
