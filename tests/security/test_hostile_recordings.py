"""Recordings that are damaged, cut off, of a wrong type or made to do harm are refused with what is wrong, and fast."""

import multiprocessing
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from reviewer.audio import decoding
from reviewer.audio.wav import RATE_HZ
from reviewer.domain.errors import InputRefusedError

_FORMS = {
    "wav": ("WAV", "PCM_16"),
    "mu-law": ("WAV", "ULAW"),
    "gsm": ("WAV", "GSM610"),
    "float": ("WAV", "FLOAT"),
    "flac": ("FLAC", "PCM_16"),
    "vorbis": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "aiff": ("AIFF", "PCM_16"),
    "caf": ("CAF", "PCM_16"),
    "w64": ("W64", "PCM_16"),
    "au": ("AU", "PCM_16"),
    "rf64": ("RF64", "PCM_16"),
}


def _write(path: Path, form: str, seconds: float = 1.0, channels: int = 1) -> Path:
    sound = np.random.default_rng(1).standard_normal((int(seconds * 8_000), channels)) * 0.1
    container, subtype = _FORMS[form]
    soundfile.write(path, sound, 8_000, format=container, subtype=subtype)
    return path


def _samples(path: Path) -> tuple[int, int]:
    with decoding.stream(path) as stream:
        return sum(len(chunk) for chunk in stream), stream.channels


def _reason(path: Path) -> str:
    with pytest.raises(InputRefusedError) as refused:
        _samples(path)
    return refused.value.message


@pytest.mark.parametrize("form", _FORMS)
def test_a_whole_file_is_read_and_the_same_cut_off_is_refused(form: str, tmp_path: Path) -> None:
    path = _write(tmp_path / "call", form)
    length, channels = _samples(path)
    assert channels == 1
    assert abs(length - RATE_HZ) < 1_600  # lossy ones pad
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    assert "cut off" in _reason(path) or "damaged" in _reason(path)


def test_every_channel_arrives(tmp_path: Path) -> None:
    assert _samples(_write(tmp_path / "call", "wav", channels=2)) == (RATE_HZ, 2)


def test_what_is_no_recording_is_refused_with_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    assert "no such file" in _reason(path)
    assert "not a file" in _reason(tmp_path)
    path.touch()
    assert "empty" in _reason(path)
    os.mkfifo(tmp_path / "pipe")
    assert "not a file" in _reason(tmp_path / "pipe")
    for wrong in (b"%PDF-1.7", b"\x7fELF" + bytes(200), b"{}", os.urandom(5_000), b"RIFF", b"OggS" + bytes(60)):
        path.write_bytes(wrong)
        assert "damaged" in _reason(path)


def test_a_header_without_sound_and_too_many_channels_are_refused(tmp_path: Path) -> None:
    assert "no sound" in _reason(_write(tmp_path / "none", "wav", seconds=0))
    assert "more than 8 channels" in _reason(_write(tmp_path / "many", "wav", channels=9))


def test_a_recorder_that_could_not_say_the_length_is_believed(tmp_path: Path) -> None:
    path = _write(tmp_path / "call", "wav")
    untold = bytearray(path.read_bytes())
    untold[4:8] = untold[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(untold)
    assert _samples(path)[0] == RATE_HZ


def test_numbers_that_are_no_samples_are_refused(tmp_path: Path) -> None:
    sound = np.zeros(8_000, np.float32)
    sound[7_000] = np.nan
    soundfile.write(tmp_path / "call.wav", sound, 8_000, subtype="FLOAT")
    assert "no samples" in _reason(tmp_path / "call.wav")


def test_a_call_of_more_than_twelve_hours_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    size = 13 * 3_600 * 8_000
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 1, 8_000, 8_000, 1, 8, b"data", size
    )
    with path.open("wb") as written:
        written.write(header)
        written.truncate(size + 44)  # a file with a hole, not a gigabyte
    assert "longer than 12 hours" in _reason(path)


def test_random_damage_ends_in_samples_or_in_a_refusal(tmp_path: Path, count: Callable[[int, int], int]) -> None:
    chance = np.random.default_rng(2)
    forms = list(_FORMS)
    for number in range(count(13, 400)):
        path = _write(tmp_path / "call", forms[number % len(forms)], seconds=0.3)
        damaged = bytearray(path.read_bytes())
        for place in chance.integers(0, min(len(damaged), 200 if number % 2 else len(damaged)), 6):
            damaged[place] = int(chance.integers(256))
        path.write_bytes(damaged)
        try:
            assert _samples(path)[1] <= decoding.MOST_CHANNELS
        except InputRefusedError as refused:
            assert refused.message.startswith("The recording cannot be used: ")


def test_a_decoder_that_stands_still_or_dies_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_SILENT_S", 0.0)
    assert "stood still" in _reason(_write(tmp_path / "call", "wav"))


def test_the_decoder_can_open_no_file_and_write_none(tmp_path: Path) -> None:
    code = (
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from reviewer.audio import decoding\n"
        "kept = open(__import__('sys').argv[1], 'w')\n"
        "decoding._confine()\n"
        "said = []\n"
        "try: open('/etc/passwd')\n"
        "except OSError: said.append('no file opened')\n"
        "try: kept.write('x'); kept.flush()\n"
        "except OSError: said.append('no file written')\n"
        "try: bytearray(2**30)\n"
        "except MemoryError: said.append('no gigabyte')\n"
        "print(said, flush=True)\n"
        "import os; os._exit(0)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "kept")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['no file opened', 'no file written', 'no gigabyte']"


def test_no_child_is_left_behind(tmp_path: Path) -> None:
    path = _write(tmp_path / "call", "wav", seconds=20)
    before = set(multiprocessing.active_children())
    with decoding.stream(path) as stream:
        next(iter(stream))
    assert set(multiprocessing.active_children()) <= before
