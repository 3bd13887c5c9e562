"""Turn cuts into clips that a transcriber may hear: personal data cut out, touch tones dropped, all else made alike.

The recording is decoded once more, piece by piece; a clip leaves as bytes in memory. Each is searched for touch tones
once more as it would be served.
"""

import hashlib
import math
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reviewer.audio import decoding, tones, wav
from reviewer.audio.canonical import canonical
from reviewer.audio.cutting import LONGEST_S, Cut
from reviewer.audio.hiding import Hidden, Range, Span, hidden
from reviewer.audio.listening import FRAME, FRAME_S, Recording
from reviewer.audio.masking import masked
from reviewer.audio.quiet import Room
from reviewer.audio.resampling import Floats
from reviewer.audio.wav import RATE_HZ, Samples
from reviewer.domain.calls import Exclusion
from reviewer.domain.errors import InputRefusedError

_LEAST_LEFT_S = 1.5  # of sound beside what is hidden


@dataclass(frozen=True, slots=True)
class Policy:
    """How clips are cleaned; a margin under 300 ms counts as 300 ms."""

    margin_s: float = 0.3
    mask_voice: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """A cut to be cleaned, with what is personal in it: characters of its text, or seconds of the recording."""

    cut: Cut
    spans: tuple[Span, ...] = ()
    ranges: tuple[Range, ...] = ()


@dataclass(frozen=True, slots=True)
class Clip:
    """What may be heard: a WAV file in memory, and the machine's words without those that are hidden."""

    wav: bytes
    duration_s: float
    text: str
    hides: bool
    is_masked: bool


@dataclass(frozen=True, slots=True)
class Dropped:
    """No clip, and why."""

    reason: Exclusion


def clean(
    recording: Recording, orders: Iterable[Order], policy: Policy | None = None, seed: int | None = None
) -> Iterator[tuple[Order, Clip | Dropped]]:
    """Clean each cut, in order of time. Raises InputRefusedError when the recording is not what was listened to.

    That shows only at the end, so use nothing before this is exhausted. A seed is for tests: the same samples and seed
    give the same bytes; without one chance is the system's.
    """
    policy = policy or Policy()
    chance = np.random.default_rng(secrets.randbits(128) if seed is None else seed)
    waiting = sorted(orders, key=lambda order: order.cut.start_s)
    rooms = [Room(track) for track in recording.tracks]
    for order, samples in _samples(recording, waiting):
        yield order, _cleaned(order, samples, rooms[order.cut.channel], policy, chance)


def _samples(recording: Recording, waiting: Sequence[Order]) -> Iterator[tuple[Order, Samples]]:
    """Yield the samples of each order; what is held reaches from the first that waits to what is decoded."""
    held, held_from, place = np.zeros((0, recording.channels), np.int16), 0, 0
    digest = hashlib.blake2b(digest_size=16)
    with decoding.stream(recording.path) as stream:
        for chunk in stream:
            digest.update(chunk.tobytes())
            if chunk.shape[1] != recording.channels:
                break
            held = np.concatenate([held, chunk])
            until = held_from + len(held)
            while place < len(waiting) and _frame(waiting[place].cut.end_s) <= until:
                yield waiting[place], _between(held, held_from, waiting[place].cut)
                place += 1
            keep_from = min(until, _frame(waiting[place].cut.start_s)) if place < len(waiting) else until
            held, held_from = held[max(0, keep_from - held_from) :], max(held_from, keep_from)
    if digest.digest() != recording.digest:
        raise InputRefusedError("The recording cannot be used: it changed while it was being read.")
    for order in waiting[place:]:  # they end within the last frame, which is not whole
        yield order, _between(held, held_from, order.cut)


def _frame(seconds: float) -> int:
    return round(seconds / FRAME_S) * FRAME


def _between(held: Samples, held_from: int, cut: Cut) -> Samples:
    return held[max(0, _frame(cut.start_s) - held_from) : _frame(cut.end_s) - held_from, cut.channel].copy()


def _cleaned(order: Order, samples: Samples, room: Room, policy: Policy, chance: np.random.Generator) -> Clip | Dropped:
    cut = order.cut
    hide = hidden(cut, order.spans, order.ranges, policy.margin_s)
    if isinstance(hide, Exclusion):
        return Dropped(hide)
    floats = samples * np.float32(1 / 32768)
    first = _frame(cut.start_s)
    quiet = room.is_quiet[first // FRAME : first // FRAME + math.ceil(len(floats) / FRAME)]
    parts = _parts(len(floats), first, hide)
    if sum(end - begin for begin, end in parts) < _LEAST_LEFT_S * RATE_HZ:
        return Dropped(Exclusion.PERSONAL_DATA if hide else Exclusion.TOO_SHORT)
    pieces: list[tuple[Floats, NDArray[np.bool_]]] = []
    for begin, end in parts:
        piece = masked(floats[begin:end], chance) if policy.mask_voice else floats[begin:end]
        pieces.append((piece, quiet[begin // FRAME : math.ceil(end / FRAME)]))
    made = canonical(pieces, chance)
    duration_s = len(made) / RATE_HZ
    if duration_s > LONGEST_S + 0.5:
        return Dropped(Exclusion.TOO_LONG)
    if tones.stretches(made * np.float32(1 / 32768)):
        return Dropped(Exclusion.TOUCH_TONES)
    text = hide.text if hide else cut.text
    return Clip(wav.encode(made), duration_s, text, hide is not None, policy.mask_voice)


def _parts(length: int, first: int, hide: Hidden | None) -> list[tuple[int, int]]:
    """Return what is kept of a cut whose first sample is the recording's `first`: never a sample of what is hidden."""
    if hide is None:
        return [(0, length)]
    begin = math.floor(hide.start_s / FRAME_S) * FRAME - first
    end = math.ceil(hide.end_s / FRAME_S) * FRAME - first
    return [(0, max(0, begin)), (min(length, end), length)]
