"""Decode a recording in a process of its own, and stream it as 16 kHz samples.

The file is untrusted and the decoders are C: they run in a spawned child that can open no further file, write none,
and is limited in memory and time. Guarantees to the caller: a chunk of a few seconds is all that is ever held; a file
that is empty, damaged, cut off, of a wrong type or too large ends in InputRefusedError that says which; the child is
gone when the stream is.
"""

import contextlib
import multiprocessing
import os
import re
import stat
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reviewer import hardening
from reviewer.audio.resampling import Floats, Resampler
from reviewer.audio.wav import RATE_HZ, Samples
from reviewer.domain.errors import InputRefusedError

if TYPE_CHECKING:
    import soundfile

LONGEST_S = 12 * 3600
MOST_CHANNELS = 8
MOST_BYTES = 8 * 1024**3
SLOWEST_HZ, FASTEST_HZ = 4_000, 384_000

_CHUNK_S = 4
_SILENT_S = 60.0  # the child must say something within this
_CHILD_CPU_S = 1_800
_CHILD_MEMORY_BYTES = 512 * 1024**2  # on top of what it holds when it begins
_TAIL_BYTES = 70_000  # an Ogg page has at most 65,307
_UNKNOWN_FRAMES = 2**62  # libsndfile's SF_COUNT_MAX is 2**63 - 1
_UNKNOWN_BYTES = 0x7FFF_FF00  # a recorder that streams leaves 0x7FFFFFFF or 0xFFFFFFFF
_SIZES = re.compile(r":\s*(\d+) \(should be (\d+)\)")  # how libsndfile's log names a chunk that the file cuts short
_BROKE_ITS_WORD = "its decoder said something that it should not"
_TOO_LONG = f"it is longer than {LONGEST_S // 3600} hours"


@dataclass(frozen=True, slots=True)
class Format:
    """What a recording says of itself."""

    channels: int
    rate_hz: int


# What the child says, by its first byte. Bytes and never a pickle: the child has read a hostile file.
_IS_FORMAT, _IS_SAMPLES, _IS_END, _IS_REFUSED = b"F", b"S", b"E", b"R"
_FORMAT = struct.Struct("<BI")  # channels, rate
_LONGEST_MESSAGE_BYTES = 1 + 2 * (RATE_HZ * _CHUNK_S + 4_096) * MOST_CHANNELS


class Stream:
    """The samples of a recording, chunk after chunk, each of shape (samples, channels)."""

    def __init__(self, form: Format, from_child: Connection) -> None:
        self.channels = form.channels
        self._from_child = from_child

    def __iter__(self) -> Iterator[Samples]:
        while (said := _said(self._from_child))[:1] == _IS_SAMPLES:
            yield np.frombuffer(said, np.int16, offset=1).reshape(-1, self.channels)
        if said != _IS_END:
            raise _refusal(_BROKE_ITS_WORD)


@contextlib.contextmanager
def stream(untrusted_path: Path) -> Iterator[Stream]:
    """Decode `untrusted_path`. Raises InputRefusedError, while it is read too."""
    _check_file(untrusted_path)
    context = multiprocessing.get_context("spawn")  # never fork: the desk has threads
    from_child, to_parent = context.Pipe(duplex=False)
    child = context.Process(target=_decode, args=(str(untrusted_path), to_parent), daemon=True)
    try:
        child.start()
        to_parent.close()
        said = _said(from_child)
        if said[:1] != _IS_FORMAT or len(said) != 1 + _FORMAT.size:
            raise _refusal(_BROKE_ITS_WORD)
        yield Stream(Format(*_FORMAT.unpack_from(said, 1)), from_child)
    finally:
        from_child.close()
        if child.pid is not None:
            child.kill()
            child.join()
            child.close()


def _check_file(path: Path) -> None:
    try:
        found = path.stat()
    except OSError as exc:
        raise InputRefusedError("The recording cannot be read: there is no such file, or it is not yours.") from exc
    if not stat.S_ISREG(found.st_mode):
        raise _refusal("it is not a file")
    if found.st_size == 0:
        raise _refusal("it is empty")
    if found.st_size > MOST_BYTES:
        raise _refusal(f"it is larger than {MOST_BYTES // 1024**3} GiB")


def _said(from_child: Connection) -> bytes:
    try:
        if not from_child.poll(_SILENT_S):
            raise _refusal(f"decoding it stood still for {_SILENT_S:.0f} seconds")
        said = from_child.recv_bytes(_LONGEST_MESSAGE_BYTES)
    except (EOFError, OSError) as exc:
        raise _refusal("its decoder gave up: it is damaged, or made to do harm") from exc
    if said[:1] == _IS_REFUSED:
        raise _refusal(said[1:200].decode(errors="replace"))
    return said


def _refusal(reason: str) -> InputRefusedError:
    return InputRefusedError(f"The recording cannot be used: {reason}.")


# ---- In the child ---------------------------------------------------------------------------------------------------


class _RefusedError(Exception):
    pass


def _decode(path: str, to_parent: Connection) -> None:
    try:
        import soundfile  # here, as libsndfile need not be in the process of the desk at all
    except OSError:
        _refuse(to_parent, "the library that decodes audio (libsndfile) is not installed")
        return
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        is_cut_off = _ogg_is_cut_off(number)
        _confine()
        with soundfile.SoundFile(number) as opened:
            form = _checked_format(opened)
            to_parent.send_bytes(_IS_FORMAT + _FORMAT.pack(form.channels, form.rate_hz))
            _send_samples(opened, to_parent, is_cut_off=is_cut_off)
        to_parent.send_bytes(_IS_END)
    except _RefusedError as refused:
        _refuse(to_parent, str(refused))
    except MemoryError:
        _refuse(to_parent, "decoding it takes more memory than is allowed")
    except BrokenPipeError:
        pass  # the parent has heard enough
    except (soundfile.SoundFileError, OSError, ValueError, TypeError):
        _refuse(to_parent, "it is damaged, or not of a type that can be read")


def _confine() -> None:
    """Take from this process what a decoder does not need."""
    hardening.forbid_dumps()
    if os.name != "posix":
        return
    import resource

    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)  # decoders print what they think of a file
    if sys.platform.startswith("linux"):
        held_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        most_bytes = held_bytes + _CHILD_MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (_CHILD_CPU_S, _CHILD_CPU_S))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))  # what is open stays open


def _checked_format(opened: "soundfile.SoundFile") -> Format:
    if not SLOWEST_HZ <= opened.samplerate <= FASTEST_HZ:
        raise _RefusedError(f"its sampling rate is outside {SLOWEST_HZ:,} to {FASTEST_HZ:,} Hz")
    if opened.channels > MOST_CHANNELS:
        raise _RefusedError(f"it has more than {MOST_CHANNELS} channels")
    if opened.frames > opened.samplerate * LONGEST_S and opened.frames < _UNKNOWN_FRAMES:
        raise _RefusedError(_TOO_LONG)
    return Format(opened.channels, opened.samplerate)


def _send_samples(opened: "soundfile.SoundFile", to_parent: Connection, *, is_cut_off: bool) -> None:
    resamplers = [Resampler(opened.samplerate, RATE_HZ) for _ in range(opened.channels)]
    frames = 0
    while len(chunk := opened.read(opened.samplerate * _CHUNK_S, dtype="float32", always_2d=True)):
        frames += len(chunk)
        if frames > opened.samplerate * LONGEST_S:
            raise _RefusedError(_TOO_LONG)
        if not np.isfinite(chunk).all():
            raise _RefusedError("it is damaged: it holds numbers that are no samples")
        _send([resampler.push(chunk[:, at]) for at, resampler in enumerate(resamplers)], to_parent)
    if is_cut_off or _is_cut_off(opened, frames):
        raise _RefusedError("it is cut off: it says that it is longer than what is there")
    if frames == 0:
        raise _RefusedError("there is no sound in it")
    _send([resampler.flush() for resampler in resamplers], to_parent)


def _send(channels: list[Floats], to_parent: Connection) -> None:
    samples = np.stack(channels, axis=1)
    to_parent.send_bytes(_IS_SAMPLES + np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16).tobytes())


def _refuse(to_parent: Connection, reason: str) -> None:
    to_parent.send_bytes(_IS_REFUSED + reason.encode())


def _is_cut_off(opened: "soundfile.SoundFile", frames: int) -> bool:
    """Tell whether the header promised more. A size of nought or of all ones is a recorder's "not known yet"."""
    if frames + max(opened.samplerate / 2, 0.01 * opened.frames) < opened.frames < _UNKNOWN_FRAMES:
        return True
    sizes = [(int(said), int(there)) for said, there in _SIZES.findall(opened.extra_info)]
    return any(there < said < _UNKNOWN_BYTES for said, there in sizes)


def _ogg_is_cut_off(number: int) -> bool:
    """Tell whether an Ogg file lacks its last page or its end (RFC 3533, section 6)."""
    if os.read(number, 4) != b"OggS":
        os.lseek(number, 0, os.SEEK_SET)
        return False
    os.lseek(number, max(0, os.fstat(number).st_size - _TAIL_BYTES), os.SEEK_SET)
    tail = b"".join(iter(lambda: os.read(number, _TAIL_BYTES), b""))
    os.lseek(number, 0, os.SEEK_SET)
    last = tail.rfind(b"OggS")
    if last < 0 or len(tail) < last + 27 or not tail[last + 5] & 4:
        return True
    lengths_end = last + 27 + tail[last + 26]  # then comes what the page holds
    return len(tail) < lengths_end + sum(tail[last + 27 : lengths_end])
