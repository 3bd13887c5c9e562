"""Calls to test with, made of real speech: what was said, where each prompt lies, and the sound without its noise."""

import base64
import contextlib
import io
import json
import os
import shutil
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import soundfile
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, TXXX
from numpy.typing import NDArray

from reviewer.audio import PlayerState, SoundPlayer
from reviewer.audio.resampling import Floats, Resampler
from reviewer.audio.tones import HIGH_HZ, KEYS, LOW_HZ
from reviewer.audio.wav import RATE_HZ
from reviewer.domain.calls import Segment, Transcript, Word


@dataclass(frozen=True, slots=True)
class Prompt:
    """One recorded sentence or two."""

    name: str
    text: str
    samples: Floats


@dataclass(frozen=True, slots=True)
class Call:
    """One channel: the sound, the same without noise, the transcript, and where each prompt begins and ends."""

    samples: Floats
    clean: Floats
    transcript: Transcript
    spoken: tuple[tuple[float, float], ...]


def resampled(samples: Floats, from_hz: int, to_hz: int) -> Floats:
    """Return the samples at another rate."""
    resampler = Resampler(from_hz, to_hz)
    return np.concatenate([resampler.push(samples.astype(np.float32)), resampler.flush()])


def load(path: Path) -> Floats:
    """Return the first channel of a file at 16 kHz."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return resampled(samples[:, 0], rate_hz, RATE_HZ)


def prompts(folder: Path) -> list[Prompt]:
    """Return the telephone prompts of the folder, without the silence around them."""
    found = []
    for line in (folder / "asterisk_en" / "transcripts.tsv").read_text().splitlines():
        name, _, text = line.partition("\t")
        if text.strip():
            found.append(Prompt(name, text, trimmed(load(folder / "asterisk_en" / name))))
    return found


def trimmed(samples: Floats) -> Floats:
    """Return the samples without the silence at the ends (35 dB under the loudest 10 ms)."""
    levels = np.array(
        [float(np.sqrt(np.mean(samples[at : at + 160] ** 2))) for at in range(0, len(samples) - 159, 160)]
    )
    loud = np.flatnonzero(levels > levels.max() * 10 ** (-35 / 20))
    return samples[max(0, loud[0] - 1) * 160 : (loud[-1] + 2) * 160]


def call(
    spoken: list[Prompt],
    *,
    chance: np.random.Generator,
    snr_db: float = 30.0,
    seconds: float = 60.0,
    pause_s: tuple[float, float] = (0.2, 0.6),
    jitter_s: float = 0.12,
    speaker: str = "Agent",
    channel: int | None = None,
) -> Call:
    """Make a call of prompts drawn by chance; the words of each are spread over it, each time off by chance."""
    at = round(0.6 * RATE_HZ)
    sound: list[Floats] = [np.zeros(at, np.float32)]
    segments, bounds = [], []
    while at < seconds * RATE_HZ:
        prompt = spoken[int(chance.integers(len(spoken)))]
        pause = int(chance.uniform(*pause_s) * RATE_HZ)
        start_s, end_s = at / RATE_HZ, (at + len(prompt.samples)) / RATE_HZ
        segments.append(
            Segment(speaker, _words(prompt.text, start_s, end_s, jitter_s, chance), start_s, end_s, channel)
        )
        bounds.append((start_s, end_s))
        sound += [prompt.samples, np.zeros(pause, np.float32)]
        at += len(prompt.samples) + pause
    clean = np.concatenate([*sound, np.zeros(RATE_HZ // 2, np.float32)]) * np.float32(0.5)
    return Call(noisy(clean, snr_db, chance), clean, Transcript(tuple(segments), "en"), tuple(bounds))


def _words(text: str, start_s: float, end_s: float, jitter_s: float, chance: np.random.Generator) -> tuple[Word, ...]:
    texts = text.split()
    edges = np.linspace(start_s, end_s, len(texts) + 1)
    words = []
    for place, said in enumerate(texts):
        begin = max(0.0, float(edges[place] + chance.normal() * jitter_s))
        words.append(Word(said, begin, max(begin, float(edges[place + 1] + chance.normal() * jitter_s)), 0.9))
    return tuple(words)


def noisy(clean: Floats, snr_db: float, chance: np.random.Generator) -> Floats:
    """Return the sound with pink noise, so many dB under what is spoken."""
    spectrum = np.fft.rfft(chance.standard_normal(len(clean)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))), len(clean))
    loud = clean[np.abs(clean) > 1e-4]
    noise *= np.sqrt(np.mean(loud**2)) / np.sqrt(np.mean(noise**2)) * 10 ** (-snr_db / 20)
    mixed: Floats = (clean + noise).astype(np.float32)
    return mixed


def is_spoken(clean: Floats, at_s: float, within_s: float = 0.03) -> bool:
    """Tell whether anything is spoken (20 dB under the median of speech or louder) so near a time."""
    around = clean[max(0, int((at_s - within_s) * RATE_HZ)) : int((at_s + within_s) * RATE_HZ)]
    return len(around) > 160 and _levels(around, 80).max() > _spoken_level(clean)


def _levels(samples: Floats, hop: int) -> NDArray[np.float64]:
    return np.array([float(np.sqrt(np.mean(samples[at : at + 160] ** 2))) for at in range(0, len(samples) - 159, hop)])


def _spoken_level(clean: Floats) -> float:
    levels = _levels(clean, 1_600)
    return float(np.median(levels[levels > 1e-4])) * 10 ** (-20 / 20)


def digits(
    keys: str, *, on_s: float = 0.1, off_s: float = 0.1, offset: float = 0.0, twist_db: float = 0.0, level: float = 0.05
) -> Floats:
    """Return touch tones; `level` is their effective value while they sound."""
    pieces = []
    for key in keys:
        place = KEYS.index(key)
        at = np.arange(int(on_s * RATE_HZ)) / RATE_HZ
        low = np.sin(2 * np.pi * LOW_HZ[place // 4] * (1 + offset) * at)
        high = 10 ** (twist_db / 20) * np.sin(2 * np.pi * HIGH_HZ[place % 4] * (1 - offset) * at)
        fade = np.clip(np.minimum(np.arange(len(at)), np.arange(len(at))[::-1]) / (0.003 * RATE_HZ), 0, 1)
        tone = (low + high) * fade
        pieces += [level * tone / np.sqrt(np.mean(tone**2)), np.zeros(int(off_s * RATE_HZ))]
    return np.concatenate(pieces).astype(np.float32)


def through(samples: Floats, codec: str) -> Floats:
    """Return the sound after a telephone's codec: none, mu-law, gsm, opus or mp3."""
    if codec == "none":
        return samples
    rate_hz = RATE_HZ if codec == "mp3" else 8_000
    sound = resampled(samples, RATE_HZ, rate_hz)
    written = io.BytesIO()
    form = {"mu-law": ("WAV", "ULAW"), "gsm": ("WAV", "GSM610"), "opus": ("OGG", "OPUS"), "mp3": ("MP3", None)}[codec]
    level = {"compression_level": 0.99} if codec in ("opus", "mp3") else {}
    soundfile.write(written, sound, rate_hz, format=form[0], subtype=form[1], **level)
    written.seek(0)
    back, back_hz = soundfile.read(written, dtype="float32")
    return resampled(back, back_hz, RATE_HZ)


def plant(samples: Floats, path: Path, canary: str) -> None:
    """Write the sound with the canary in every tag, title and picture that the container takes."""
    suffix = path.suffix
    form, subtype = _FORMS[suffix]
    plain = path.with_name(f"plain{suffix}")
    soundfile.write(plain, samples, RATE_HZ, format=form, subtype=subtype)
    if suffix in (".caf", ".w64"):  # ffmpeg does not write the one, and neither holds tags of many kinds
        with soundfile.SoundFile(path, "w", RATE_HZ, 1, format=form, subtype=subtype) as written:
            for name in ("title", "artist", "comment", "software", "copyright", "date"):
                if suffix == ".caf":
                    setattr(written, name, canary)
            written.write(samples)
        whole = path.read_bytes()
        path.write_bytes((_with_chunks(whole, canary) if suffix == ".w64" else whole) + canary.encode())
        return
    tags = []
    for name in ("title", "artist", "comment", "description", "album", "date", "encoded_by", "copyright"):
        tags += ["-metadata", f"{name}={canary}"]
    more = ["-write_id3v2", "1"] if suffix == ".aiff" else []
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(plain), *tags, *more, "-c:a", "copy", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    _plant_picture(path, canary)
    if suffix in (".wav", ".aiff", ".mp3"):
        path.write_bytes(path.read_bytes() + canary.encode())


def _with_chunks(w64: bytes, canary: str) -> bytes:
    """Return a Wave64 file with chunks of text after its sound; each has a GUID, its size, and ends at 8 bytes."""
    chunks = b""
    for name in (b"list", b"bext"):
        text = b"INFO" + (canary.encode() + b"\0") * 6
        guid = name + bytes.fromhex("f3acd3118cd100c04f8edb8a")
        chunks += guid + struct.pack("<Q", 24 + len(text)) + text + bytes(-len(text) % 8)
    whole = w64 + bytes(-len(w64) % 8) + chunks
    return whole[:16] + struct.pack("<Q", len(whole)) + whole[24:]


_FORMS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".aiff": ("AIFF", "PCM_16"),
    ".caf": ("CAF", "PCM_16"),
    ".w64": ("W64", "PCM_16"),
}


def _plant_picture(path: Path, canary: str) -> None:
    opened = mutagen.File(path)
    if isinstance(opened, FLAC):
        picture = Picture()  # type: ignore[no-untyped-call]  # typed in part
        picture.mime, picture.desc, picture.data = "image/png", canary, b"\x89PNG" + canary.encode()
        opened.add_picture(picture)  # type: ignore[no-untyped-call]  # typed in part
        opened.save()
    elif path.suffix in (".mp3", ".wav", ".aiff"):
        if opened.tags is None:
            opened.add_tags()
        picture_frame: Any = APIC
        text_frame: Any = TXXX
        opened.tags.add(picture_frame(3, "image/png", 3, canary, b"\x89PNG" + canary.encode()))
        opened.tags.add(text_frame(1, canary, [canary]))
        opened.save()


def traces(clip: bytes, canary: str, folder: Path) -> list[str]:
    """Return what of a planted file can be found in a clip, by who found it."""
    found = []
    raw = canary.encode()
    forms = {"raw": raw, "UTF-16LE": canary.encode("utf-16-le"), "UTF-16BE": canary.encode("utf-16-be")}
    found += [name for name, form in forms.items() if form in clip]
    found += [f"base64, {skip}" for skip in range(3) if base64.b64encode(b"x" * skip + raw)[4:-4] in clip]
    path = folder / "served.wav"
    path.write_bytes(clip)
    if mutagen.File(path).tags:
        found.append("mutagen: tags")
    if shutil.which("exiftool"):
        said = subprocess.run(["exiftool", "-a", "-u", "-G1", "-j", path], capture_output=True, check=True).stdout
        keys = {key for key in json.loads(said)[0] if key.startswith(("RIFF", "ID3", "XMP", "EXIF", "IPTC"))}
        found += [f"exiftool: {key}" for key in keys - _FORMAT_KEYS]
    if shutil.which("ffprobe"):
        show = ["-show_format", "-show_streams", "-show_chapters", "-of", "json"]
        said = subprocess.run(["ffprobe", "-v", "error", *show, path], capture_output=True, check=True).stdout
        probed = json.loads(said)
        found += ["ffprobe: tags"] * any("tags" in part for part in [probed["format"], *probed["streams"]])
        found += ["ffprobe: streams or chapters"] * (len(probed["streams"]) != 1 or bool(probed["chapters"]))
    return found


_FORMAT_KEYS = {f"RIFF:{key}" for key in ("Encoding", "NumChannels", "SampleRate", "AvgBytesPerSec", "BitsPerSample")}


class SoundServer:
    """A PulseAudio of our own with one output that goes nowhere, and what was played into it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._socket = folder, folder / "native"
        self._captured = bytearray()
        self._server: subprocess.Popen[bytes] | None = None
        self._recorder: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Return what PULSE_SERVER has to be."""
        return f"unix:{self._socket}"

    @property
    def pid(self) -> int:
        """Return the process that it is."""
        assert self._server is not None
        return self._server.pid

    @property
    def captured(self) -> NDArray[np.int16]:
        """Return all samples that were played so far, silence included."""
        whole = bytes(self._captured)
        return np.frombuffer(whole[: len(whole) // 2 * 2], np.int16)

    def start(self) -> None:
        """Start it and record what it plays."""
        environment = {name: str(self._folder) for name in ("HOME", "XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH")}
        native = f"module-native-protocol-unix socket={self._socket} auth-anonymous=1"
        sink = "module-null-sink sink_name=out rate=16000 channels=1 format=s16le norewinds=1"
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "-L", native, "-L", sink]
        self._server = subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not self._socket.exists():
            assert time.monotonic() < deadline, "PulseAudio did not start"
            time.sleep(0.02)
        record = ["parec", "--device=out.monitor", "--raw", "--format=s16le", "--rate=16000", "--channels=1"]
        self._recorder = subprocess.Popen(
            [*record, "--latency-msec=20"],
            env=os.environ | environment | {"PULSE_SERVER": self.address},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._thread = threading.Thread(target=self._capture, daemon=True)
        self._thread.start()
        while not self._captured:
            assert time.monotonic() < deadline, "nothing can be recorded from PulseAudio"
            time.sleep(0.02)

    def play(self, player: SoundPlayer) -> NDArray[np.int16]:
        """Play to the end; return what was received, without the silence around it."""
        before, deadline = len(self.captured), time.monotonic() + 60
        player.play()
        while player.state == PlayerState.PLAYING:
            assert time.monotonic() < deadline, "it does not end"
            time.sleep(0.005)
        assert player.state == PlayerState.ENDED, (player.state, player.failure)
        self.wait_for_silence()
        received = self.captured[before:]
        heard = np.flatnonzero(received)
        assert len(heard), "nothing was received"
        return received[heard[0] : heard[-1] + 1]

    def wait_for_sound(self, since: float) -> float:
        """Return how many seconds after `since` (of time.perf_counter) the first sample was received."""
        seen = len(self._captured)
        while not any(self._captured[seen:]):
            assert time.perf_counter() - since < 20, "nothing was received"
            time.sleep(0.0005)
        return time.perf_counter() - since

    def wait_for_silence(self) -> None:
        """Wait until the last 60 ms that were received are silent."""
        deadline, after = time.monotonic() + 20, len(self._captured) + 2_000
        while len(self._captured) < after or any(self._captured[-1_920:]):
            assert time.monotonic() < deadline, "it goes on sounding"
            time.sleep(0.005)

    def kill(self) -> None:
        """End the server as if the device were pulled out."""
        for process in (self._server, self._recorder):
            if process is not None:
                process.kill()
                process.wait()
        if self._thread is not None:
            self._thread.join()
        if self._recorder is not None and self._recorder.stdout is not None:
            self._recorder.stdout.close()
        self._server = self._recorder = self._thread = None
        self._socket.unlink(missing_ok=True)

    def _capture(self) -> None:
        assert self._recorder is not None
        assert self._recorder.stdout is not None
        while piece := os.read(self._recorder.stdout.fileno(), 4096):
            self._captured += piece


def has_sound_server() -> bool:
    """Tell whether PulseAudio is installed."""
    return shutil.which("pulseaudio") is not None and shutil.which("parec") is not None


@contextlib.contextmanager
def sound_server(folder: Path) -> Iterator[SoundServer]:
    """Run a sound server of our own."""
    server = SoundServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
