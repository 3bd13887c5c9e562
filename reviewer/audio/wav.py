"""The one form in which a clip leaves: mono, 16 bit, 16 kHz, in a header of 44 bytes that says that and nothing else.

`encode` writes exactly two chunks; the same samples always give the same bytes. `samples` takes nothing but such bytes.
"""

import struct

import numpy as np
from numpy.typing import NDArray

from reviewer.domain.errors import InputRefusedError

RATE_HZ = 16_000
HEADER_BYTES = 44

Samples = NDArray[np.int16]
# http://soundfile.sapp.org/doc/WaveFormat/: RIFF, size, WAVE, "fmt ", 16, PCM, channels, rate, bytes/s, align, bits,
# "data", size
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


def encode(samples: Samples) -> bytes:
    """Return a WAV file of mono samples."""
    data = np.ascontiguousarray(samples, dtype="<i2").tobytes()
    return _header(len(data)) + data


def samples(wav: bytes) -> Samples:
    """Return the samples of what `encode` made. Raises InputRefusedError for any other bytes."""
    data = wav[HEADER_BYTES:]
    if len(data) % 2 or wav[:HEADER_BYTES] != _header(len(data)):
        raise InputRefusedError("This is not a clip: its header is not the desk's own.")
    return np.frombuffer(data, dtype="<i2")


def _header(data_bytes: int) -> bytes:
    riff, body = HEADER_BYTES - 8 + data_bytes, (16, 1, 1, RATE_HZ, RATE_HZ * 2, 2, 16)
    return _HEADER.pack(b"RIFF", riff, b"WAVE", b"fmt ", *body, b"data", data_bytes)
