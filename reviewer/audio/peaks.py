"""The outline of a clip, for painting: the lowest and highest sample of each column."""

import numpy as np

from reviewer.audio import wav


def peaks(clip: bytes, columns: int) -> list[tuple[float, float]]:
    """Return for each column the least and greatest value, between -1 and 1. Raises InputRefusedError for no clip."""
    samples = wav.samples(clip)
    if columns <= 0 or not len(samples):
        return []
    edges = np.linspace(0, len(samples), columns + 1).astype(np.intp)[:-1]
    edges = np.minimum(edges, len(samples) - 1)
    lows, highs = np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)
    return [(float(low) / 32768, float(high) / 32768) for low, high in zip(lows, highs, strict=True)]
