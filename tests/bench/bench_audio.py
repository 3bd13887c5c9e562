"""How safe cuts are, how surely touch tones are found, what tags survive, how fast it is and plays.

    python -m tests.bench.bench_audio [cutting] [tones] [tags] [playing] [building] [memory] [--seconds 120]

Calls are made of `../shared/audio`; where Debian's asterisk-core-sounds-* and asterisk-moh-opsound-wav are installed,
they serve as speech and music that nothing was set on. Every figure stands beside what it is to be judged by.
"""

import argparse
import json
import os
import pickle
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from reviewer import audio
from reviewer.audio import cutting, listening, music, tones, wav
from reviewer.audio.listening import VOICE_FRAME_S
from reviewer.audio.resampling import Floats
from reviewer.audio.wav import RATE_HZ
from reviewer.domain.calls import Segment, Transcript, Word
from tests import sounds
from tests.sounds import Call

_MATERIAL = Path(__file__).parents[2].parent / "shared" / "audio"
_INSTALLED = Path("/usr/share/asterisk")
_CODECS = ("none", "mu-law", "gsm", "opus", "mp3")


def main() -> None:
    """Measure and print what was asked for, or everything."""
    sections: dict[str, Callable[[argparse.Namespace], None]] = {
        "cutting": _bench_cutting,
        "tones": _bench_tones,
        "tags": _bench_tags,
        "playing": _bench_playing,
        "building": _bench_building,
        "memory": _bench_memory,
    }
    parser = argparse.ArgumentParser()
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(sections))
    parser.add_argument("--seconds", type=float, default=120.0, help="length of each call that is cut")
    parser.add_argument("--clips", type=int, default=1_000, help="clips played in a row")
    parser.add_argument("--hours", type=float, default=3.0, help="length of the long call")
    given = parser.parse_args()
    _say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    for name in given.sections or sections:
        _say(f"\n== {name}")
        sections[name](given)
    _say(f"\nload {os.getloadavg()[0]:.1f} at the end")


# ---- Cutting --------------------------------------------------------------------------------------------------------


def _bench_cutting(given: argparse.Namespace) -> None:
    spoken = sounds.prompts(_MATERIAL)
    _say(
        "safe: no speech (in the sound without its noise) within 30 ms of a cut; in 2-12 s: of the clips; used: of time"
    )
    for snr_db in (30.0, 20.0, 10.0):
        for pause_s, label in (((0.2, 0.6), "pauses 0.2-0.6 s"), ((0.03, 0.12), "run-on, 0.03-0.12 s")):
            chance = np.random.default_rng(int(snr_db))
            call = sounds.call(spoken, chance=chance, snr_db=snr_db, seconds=given.seconds, pause_s=pause_s)
            track = listening.listen(_pcm(call.samples))
            recording = audio.Recording(Path(), len(call.samples) / RATE_HZ, (track,), b"")
            report = audio.cut(recording, call.transcript)
            ours = [(cut.start_s, cut.end_s) for cut in report.cuts]
            _cut_row(f"{snr_db:.0f} dB, {label}: ours", call, ours)
            _cut_row(f"{snr_db:.0f} dB, {label}: plain voice detector", call, _plain_detector(track))
            _cut_row(f"{snr_db:.0f} dB, {label}: plain transcript times", call, _plain_times(call.transcript))
            _say(f"{'':>48} left out: {dict(report.excluded)}")
    _bench_words()


def _cut_row(label: str, call: Call, clips: Sequence[tuple[float, float]]) -> None:
    edges = [at_s for clip in clips for at_s in clip]
    unsafe = sum(sounds.is_spoken(call.clean, at_s) for at_s in edges)
    lengths = np.array([end_s - start_s for start_s, end_s in clips] or [0.0])
    inside = float(np.mean((lengths >= 2) & (lengths <= 12)))
    used = float(lengths.sum()) / (len(call.clean) / RATE_HZ)
    _say(
        f"{label:<52} safe {1 - unsafe / max(1, len(edges)):7.2%} of {len(edges):>3}   in 2-12 s {inside:6.1%}   "
        f"median {np.median(lengths):4.1f} s   used {used:4.0%}"
    )


def _plain_detector(track: listening.Track) -> list[tuple[float, float]]:
    """Return what the voice detector's own settings give: 0.5 to begin, 0.35 for 100 ms to end, 30 ms around."""
    clips, begin, quiet = [], None, 0
    for frame, voice in enumerate([*track.voice, 0.0, 0.0, 0.0, 0.0]):
        if voice >= 0.5:
            begin, quiet = frame if begin is None else begin, 0
        elif begin is not None and voice < 0.35:
            quiet += 1
            if quiet * VOICE_FRAME_S >= 0.1:
                end = frame - quiet + 1
                clips.append((max(0.0, begin * VOICE_FRAME_S - 0.03), end * VOICE_FRAME_S + 0.03))
                begin = None
    return clips


def _plain_times(transcript: Transcript) -> list[tuple[float, float]]:
    """Return sentences cut where the last word is said to end, joined up to five seconds."""
    clips: list[tuple[float, float]] = []
    for segment in transcript.segments:
        start_s, end_s = segment.words[0].start_s or 0.0, segment.words[-1].end_s or 0.0
        if clips and end_s - clips[-1][0] <= 5:
            clips[-1] = (clips[-1][0], end_s)
        else:
            clips.append((start_s, end_s))
    return clips


def _bench_words() -> None:
    """Cut real sentences with known word times, run together."""
    sound: list[Floats] = [np.zeros(RATE_HZ // 2, np.float32)]
    words: list[tuple[str, float, float]] = []
    at_s = 0.5
    for path in sorted((_MATERIAL / "librivox_cmusphinx").glob("sense*.json")) * 4:
        samples = sounds.load(path.with_suffix(".wav"))
        for word in json.loads(path.read_text())["w"]:
            if not word["t"].startswith("<"):
                words.append((word["t"], at_s + word["b"], at_s + word["b"] + word["d"]))
        sound.append(samples)
        at_s += len(samples) / RATE_HZ
    clean = np.concatenate(sound)
    for snr_db in (30.0, 20.0, 10.0):
        chance = np.random.default_rng(int(snr_db))
        heard = tuple(_jittered(*word, chance) for word in words)
        track = listening.listen(_pcm(sounds.noisy(clean, snr_db, chance)))
        recording = audio.Recording(Path(), len(clean) / RATE_HZ, (track,), b"")
        report = audio.cut(recording, Transcript((Segment("Reader", heard, 0.0, at_s),)))
        edges = [edge_s for cut in report.cuts for edge_s in (cut.start_s, cut.end_s)]
        inside = sum(any(begin_s - 0.03 < edge_s < end_s + 0.03 for _, begin_s, end_s in words) for edge_s in edges)
        deep = sum(any(begin_s + 0.03 < edge_s < end_s - 0.03 for _, begin_s, end_s in words) for edge_s in edges)
        _say(
            f"{snr_db:.0f} dB, read sentences without full stops, times off by 120 ms: {len(report.cuts)} clips; of "
            f"{len(edges)} cuts {inside} within a word +-30 ms, {deep} deeper than 30 ms inside one"
        )


def _jittered(text: str, begin_s: float, end_s: float, chance: np.random.Generator) -> Word:
    begin_s = max(0.0, begin_s + chance.normal() * 0.12)
    return Word(text, begin_s, max(begin_s, end_s + chance.normal() * 0.12))


# ---- Touch tones ----------------------------------------------------------------------------------------------------


def _bench_tones(given: argparse.Namespace) -> None:
    chance = np.random.default_rng(7)
    speech = np.concatenate([prompt.samples for prompt in sounds.prompts(_MATERIAL)])
    _say("of all places with three digits in a row: how many lie in no stretch that was found")
    for on_s, off_s in ((0.1, 0.1), (0.06, 0.06), (0.045, 0.05)):
        for codec in _CODECS:
            missed = of = 0
            for length in (3, 4, 8, 16, 16, 16):
                for under in (False, True):
                    keys = "".join(chance.choice(list("0123456789"), length))
                    sound = sounds.digits(
                        keys, on_s=on_s, off_s=off_s, offset=chance.uniform(-0.01, 0.01), twist_db=chance.uniform(-4, 4)
                    )
                    lead = np.zeros(RATE_HZ // 2, np.float32)
                    sound = np.concatenate([lead, sound, lead])
                    if under:
                        begin = int(chance.integers(0, len(speech) - len(sound)))
                        over = speech[begin : begin + len(sound)]
                        sound = np.asarray(sound + over * (0.05 / float(np.sqrt(np.mean(over**2)))), np.float32)
                    found = tones.stretches(sounds.through(sound, codec))
                    for place in range(length - 2):
                        middle_s = 0.5 + (place + 1.25) * (on_s + off_s)
                        of += 1
                        missed += not any(stretch.start_s < middle_s < stretch.end_s for stretch in found)
            _say(f"{on_s * 1000:>4.0f} ms on, {off_s * 1000:.0f} off, {codec:<8} missed {missed} of {of}")
    for label, paths in _all_speech():
        alarms, steady, seconds = 0, 0, 0.0
        for path in paths:
            samples = sounds.load(path)
            seconds += len(samples) / RATE_HZ
            alarms += bool(tones.stretches(samples))
            steady += bool(_music(samples))
        _say(f"{label:<40} {seconds:>7,.0f} s of speech: {alarms} false touch tones, {steady} files taken for music")
    for path in sorted((_INSTALLED / "moh").glob("*.wav")):
        samples = sounds.load(path)
        share = sum(stretch.end_s - stretch.start_s for stretch in _music(samples)) / (len(samples) / RATE_HZ)
        _say(f"hold music {path.stem:<32} found as music: {share:.0%}")


def _music(samples: Floats) -> list[tones.Stretch]:
    finder = music.MusicFinder()
    finder.push(samples)
    return finder.stretches


def _all_speech() -> Iterator[tuple[str, list[Path]]]:
    yield "../shared/audio", sorted(_MATERIAL.rglob("*.wav")) + sorted(_MATERIAL.rglob("*.flac"))
    for folder in sorted((_INSTALLED / "sounds").glob("*")):
        if folder.is_dir() and not folder.is_symlink():
            yield f"asterisk {folder.name}", sorted(folder.rglob("*.wav"))


# ---- Tags -----------------------------------------------------------------------------------------------------------


def _bench_tags(given: argparse.Namespace) -> None:
    canary = f"CANARY{secrets.token_hex(8)}"
    spoken = sounds.prompts(_MATERIAL)
    call = sounds.call(spoken, chance=np.random.default_rng(4), seconds=30)
    served = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in ("a.wav", "a.flac", "a.ogg", "a.opus", "a.mp3", "a.aiff", "a.caf", "a.w64"):
            path = folder / f"{canary}-{name}"
            sounds.plant(call.samples, path, canary)
            planted = path.read_bytes().count(canary.encode())
            recording = audio.decode(path)
            report = audio.cut(recording, call.transcript)
            survived: Counter[str] = Counter()
            for _, clip in audio.clean(recording, [audio.Order(cut) for cut in report.cuts]):
                if isinstance(clip, audio.Clip):
                    served += 1
                    survived.update(sounds.traces(clip.wav, canary, folder))
            found = dict(survived) or "nothing"
            _say(f"{name:<8} planted {planted:>2} times; found in {len(report.cuts)} clips: {found}")
    _say(f"{served} clips searched by exiftool, mutagen, ffprobe and for the canary raw, UTF-16 and base64")


# ---- Playing --------------------------------------------------------------------------------------------------------


def _bench_playing(given: argparse.Namespace) -> None:
    if not sounds.has_sound_server():
        _say("PulseAudio is not installed")
        return
    with tempfile.TemporaryDirectory() as scratch, sounds.sound_server(Path(scratch)) as server:
        os.environ["PULSE_SERVER"] = server.address
        _bench_first_sample(server)
        player = audio.SoundPlayer()
        _bench_speeds(player, server)
        _bench_many(player, server, given.clips)
        player.close()


def _bench_first_sample(server: sounds.SoundServer) -> None:
    import sounddevice

    samples = np.full(RATE_HZ // 5, 9_000, np.int16)
    bare: list[float] = []
    started: list[float] = []
    ours: list[float] = []
    player = audio.SoundPlayer()
    for _ in range(20):
        begun = time.perf_counter()
        at = [0]

        def fill(out: NDArray[np.int16], frames: int, _times: object, _status: object, at: list[int] = at) -> None:
            piece = samples[at[0] : at[0] + frames]
            out[: len(piece), 0], out[len(piece) :] = piece, 0
            at[0] += frames

        with sounddevice.OutputStream(RATE_HZ, channels=1, dtype="int16", latency=0.2, callback=fill) as stream:
            bare.append(server.wait_for_sound(begun))
            server.wait_for_silence()
            stream.abort()
            at[0] = 0
            begun = time.perf_counter()
            stream.start()
            started.append(server.wait_for_sound(begun))
            server.wait_for_silence()
        player.load(audio.Sound(wav.encode(samples)))
        time.sleep(0.05)
        begun = time.perf_counter()
        player.play()
        ours.append(server.wait_for_sound(begun))
        server.wait_for_silence()
    player.close()
    open_ms, start_ms, our_ms = (float(np.median(taken)) * 1000 for taken in (bare, started, ours))
    _say(f"key to first sample received: {our_ms:.1f} ms; a bare stream opened and started: {open_ms:.1f} ms")
    _say(f"a bare stream that is open, started: {start_ms:.1f} ms; above it {our_ms - start_ms:+.1f} ms (target < 20)")


def _bench_speeds(player: audio.SoundPlayer, server: sounds.SoundServer) -> None:
    at = np.arange(4 * RATE_HZ) / RATE_HZ
    tone = (8_000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16)
    tone[tone == 0] = 1
    player.load(audio.Sound(wav.encode(tone)))
    for speed in (1.0, 0.5, 0.75, 1.5, 2.0):
        player.set_speed(speed)
        received = server.play(player)
        middle = received[len(received) // 4 : len(received) * 3 // 4].astype(float)
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 19))
        pitch = float(spectrum.argmax()) * RATE_HZ / (1 << 19)
        exact = "bit-identical" if np.array_equal(received, tone) else ""
        length = len(received) / len(tone) * speed - 1
        _say(f"speed {speed}: length {length:+.2%}, pitch {pitch / 440 - 1:+.2%} {exact}")
    player.set_speed(1.0)


def _bench_many(player: audio.SoundPlayer, server: sounds.SoundServer, clips: int) -> None:
    chance = np.random.default_rng(2)
    before, wrong = player.underruns, 0
    for _ in range(clips):
        samples = (chance.standard_normal(RATE_HZ // 4) * 4_000).astype(np.int16)
        samples[samples == 0] = 1
        player.load(audio.Sound(wav.encode(samples)))
        wrong += not np.array_equal(server.play(player), samples)
    _say(f"{clips:,} clips in a row: {player.underruns - before} underruns, {wrong} not received bit by bit")


# ---- Building -------------------------------------------------------------------------------------------------------


def _bench_building(given: argparse.Namespace) -> None:
    call = sounds.call(sounds.prompts(_MATERIAL), chance=np.random.default_rng(9), seconds=given.seconds)
    pcm, seconds = _pcm(call.samples), len(call.samples) / RATE_HZ
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "call.mp3"
        soundfile.write(path, call.samples, RATE_HZ)
        spent = {"decode, in the child": _cpu(lambda: sum(len(chunk) for chunk in _chunks(path)), children=True)}
        finder, steady = tones.ToneFinder(), music.MusicFinder()
        floats = pcm * np.float32(1 / 32768)
        spent["touch tones"] = _cpu(lambda: finder.push(floats))
        spent["music"] = _cpu(lambda: steady.push(floats))
        everything = _cpu(lambda: listening.listen(pcm))
        spent["voice detector and levels"] = everything - spent["touch tones"] - spent["music"]
        recording = audio.decode(path)
        spent["cut"] = _cpu(lambda: cutting.cut(recording, call.transcript))
        orders = [audio.Order(cut) for cut in audio.cut(recording, call.transcript).cuts]
        spent["clean"] = _cpu(lambda: list(audio.clean(recording, orders)), children=True)
    total = sum(spent.values())
    _say(f"one channel of MP3: {seconds / total:,.0f} hours of audio in an hour of CPU")
    for stage, cpu_s in spent.items():
        _say(f"  {stage:<28} {cpu_s / total:5.1%}   {seconds / max(cpu_s, 1e-9):>7,.0f} times as fast as it lasts")


def _chunks(path: Path) -> Iterator[wav.Samples]:
    from reviewer.audio import decoding

    with decoding.stream(path) as stream:
        yield from stream


def _cpu(act: Callable[[], object], *, children: bool = False) -> float:
    def used() -> float:
        kinds = [resource.RUSAGE_SELF, *[resource.RUSAGE_CHILDREN] * children]
        return sum(resource.getrusage(kind).ru_utime + resource.getrusage(kind).ru_stime for kind in kinds)

    begun = used()
    act()
    return used() - begun


def _bench_memory(given: argparse.Namespace) -> None:
    """Build from calls of more and more hours; making a call and building from it have a process each."""
    for hours in sorted({0.5, 1.0, given.hours}):
        with tempfile.TemporaryDirectory() as scratch:
            for act in ("make_long", "build_long"):
                code = f"from tests.bench import bench_audio; bench_audio.{act}({scratch!r}, {hours})"
                command = [sys.executable, "-c", code]
                said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            _say(said.strip())


def make_long(scratch: str, hours: float) -> None:
    """Write a call of two channels and its transcript; half of each minute is spoken, by the two in turn."""
    call = sounds.call(sounds.prompts(_MATERIAL), chance=np.random.default_rng(9), seconds=30)
    half = _pcm(sounds.resampled(call.samples, RATE_HZ, 8_000)[: 30 * 8_000])
    segments: list[Segment] = []
    with soundfile.SoundFile(Path(scratch) / "long.wav", "w", 8_000, 2) as written:
        for minute in range(round(hours * 60)):
            block = np.zeros((60 * 8_000, 2), np.int16)
            block[: len(half), minute % 2] = half
            written.write(block)
            segments += _moved(call.transcript, minute * 60.0, 29.0, minute % 2)
    (Path(scratch) / "transcript").write_bytes(pickle.dumps(Transcript(tuple(segments))))


def build_long(scratch: str, hours: float) -> None:
    """Build from the call as the pool does, a few clips at a time, and say what it took."""

    def peak(who: int = resource.RUSAGE_SELF) -> float:
        return resource.getrusage(who).ru_maxrss / 1024

    begun = peak()
    transcript: Transcript = pickle.loads((Path(scratch) / "transcript").read_bytes())
    words = sum(len(segment.words) for segment in transcript.segments)
    read = peak()
    recording = audio.decode(Path(scratch) / "long.wav")
    decoded = peak()
    cuts = audio.cut(recording, transcript).cuts
    cut = peak()
    clips = sum(isinstance(clip, audio.Clip) for _, clip in audio.clean(recording, [audio.Order(cut) for cut in cuts]))
    _say(
        f"{hours:.1f} hours, two channels, {words:,} words: {clips:,} clips; at most {begun:.0f} MiB before it begins, "
        f"{read:.0f} with the transcript, {decoded:.0f} decoded, {cut:.0f} cut, {peak():.0f} cleaned; in the decoder "
        f"{peak(resource.RUSAGE_CHILDREN):.0f} MiB"
    )


def _moved(transcript: Transcript, by_s: float, until_s: float, channel: int) -> list[Segment]:
    moved = []
    for segment in transcript.segments:
        words = tuple(Word(w.text, w.start_s + by_s, w.end_s + by_s) for w in segment.words if w.start_s and w.end_s)
        if segment.end_s and segment.start_s and segment.end_s < until_s:
            moved.append(Segment(f"Speaker {channel}", words, segment.start_s + by_s, segment.end_s + by_s, channel))
    return moved


# ---- Small things ---------------------------------------------------------------------------------------------------


def _pcm(samples: Floats) -> wav.Samples:
    whole: wav.Samples = np.clip(np.rint(samples * 32767), -32768, 32767).astype(np.int16)
    return whole


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
