"""Play slower or faster with the pitch kept: all of it computed before it is played, a little at a time.

The library holds Python's lock while it works, so it is given pieces that take a millisecond or two, and a window that
is painted meanwhile does not stand still.
"""

import numpy as np
from python_stretch.Signalsmith import Stretch

from reviewer.audio.resampling import Floats
from reviewer.audio.wav import RATE_HZ, Samples

SLOWEST, FASTEST = 0.5, 2.0

_PIECE = 4_000
_TAIL = 4_000  # silence that pushes the last samples out


def stretched(samples: Samples, speed: float) -> Samples:
    """Return `samples` as they are at `speed` (0.5 to 2): as many as their number divided by it. At 1, themselves."""
    if not SLOWEST <= speed <= FASTEST:
        raise ValueError("a speed is from 0.5 to 2")
    if speed == 1.0 or not len(samples):
        return samples
    stretch = Stretch(1)
    stretch.preset(1, float(RATE_HZ))
    stretch.setTimeFactor(speed)
    source: Floats = np.pad((samples * np.float32(1 / 32768)).astype(np.float32), (0, _TAIL))
    pieces = [np.asarray(stretch.process(source[None, at : at + _PIECE]))[0] for at in range(0, len(source), _PIECE)]
    made, length = np.concatenate(pieces), round(len(samples) / speed)
    made = np.pad(made, (0, max(0, length - len(made))))[:length]
    whole: Samples = np.clip(np.rint(made * 32768), -32768, 32767).astype(np.int16)
    return whole
