"""Attack the pool as it is served: can somebody tell which clips are of one call, or of one person?

    python -m tests.bench.bench_linking [calls] [order] [speech] [voices] [--encoder WHEEL]

Each channel stands beside what it gave before and beside chance. An attacker who knows nothing compares clips as they
are; one who was told the calls of other clips learns first what differs between calls and what within one. Calls are
made of `../shared/audio`, each over a line and in a room of its own. `--encoder` is the wheel of resemblyzer.
"""

import argparse
import io
import os
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from reviewer import audio
from reviewer.audio import canonical, listening, masking, quiet, wav
from reviewer.audio.resampling import Floats
from reviewer.audio.wav import RATE_HZ
from reviewer.domain.clips import ClipId
from reviewer.domain.serving import Candidate, Limits, Served, arrange
from tests import sounds
from tests.bench.voices import VoiceEncoder

_MATERIAL = Path(__file__).parents[2].parent / "shared" / "audio"
_INSTALLED = Path("/usr/share/asterisk")
_CALLS, _CLIPS = 20, 8  # calls that are compared, and clips of each at most
_APART = Limits().apart

_Features = NDArray[np.float64]
_Names = NDArray[np.int64]


def main() -> None:
    """Measure and print what was asked for, or everything."""
    sections: dict[str, Callable[[argparse.Namespace], None]] = {
        "calls": _bench_calls,
        "order": _bench_order,
        "speech": _bench_speech,
        "voices": _bench_voices,
    }
    parser = argparse.ArgumentParser()
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(sections))
    parser.add_argument("--encoder", type=Path, help="the wheel of resemblyzer, whose weights tell voices apart")
    parser.add_argument("--seed", type=int, default=100, help="another seed makes other lines, rooms and calls")
    given = parser.parse_args()
    _say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    for name in given.sections or sections:
        _say(f"\n== {name}")
        sections[name](given)


# ---- Noise, colour, length and size ---------------------------------------------------------------------------------


def _bench_calls(given: argparse.Namespace) -> None:
    """Calls of one voice: does a clip find one of its call?"""
    raw, served, named = _clips(given.seed)
    _say(f"{len(named)} clips of {_CALLS} calls of one voice, in two halves; by chance {_chance(named):.1%}")
    before, after = [_floats(clip) for clip in raw], [_floats(clip) for clip in served]
    for label, features in (("noise floor (quietest fifth)", _floor_features), ("all of the sound", _all_features)):
        _linking_row(label, features(before), features(after), named)
    for label, clips, unit in (("length to 1 ms", raw, 16), ("length as served", served, RATE_HZ // 2)):
        lengths = np.array([round((len(clip) - wav.HEADER_BYTES) / 2 / unit) for clip in clips])
        _size_row(label, lengths, named)
    _size_row("size of the file before", np.array([_packed_size(clip) for clip in before]), named)
    _size_row("size of the file as served", np.array([len(clip) for clip in served]), named)


def _clips(seed: int) -> tuple[list[bytes], list[bytes], _Names]:
    """Return clips as they were cut and as they are served, and of which call each is."""
    spoken = sounds.prompts(_MATERIAL)
    raw, served, calls = [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(_CALLS):
            chance = np.random.default_rng(seed + number)
            call = sounds.call(spoken, chance=chance, snr_db=60, seconds=70, pause_s=(0.4, 0.9))
            lined = _through_a_line(call.clean, chance)
            path = Path(scratch) / f"{number}.wav"
            soundfile.write(path, lined, RATE_HZ)
            recording = audio.decode(path)
            orders = [audio.Order(cut) for cut in audio.cut(recording, call.transcript).cuts]
            made = [(order.cut, clip) for order, clip in audio.clean(recording, orders) if isinstance(clip, audio.Clip)]
            for cut, clip in made[:_CLIPS]:
                calls.append(number)
                part = lined[int(cut.start_s * RATE_HZ) : int(cut.end_s * RATE_HZ)]
                raw.append(wav.encode(np.rint(part * 32767).astype(np.int16)))
                served.append(clip.wav)
    return raw, served, np.array(calls)


def _through_a_line(clean: Floats, chance: np.random.Generator) -> Floats:
    """Return the sound with a colour, a band, a noise and a level of its own."""
    spectrum = np.fft.rfft(clean)
    hz = np.fft.rfftfreq(len(clean), 1 / RATE_HZ)
    tilt = 10 ** (chance.uniform(-6, 6) * np.log2(np.maximum(hz, 100) / 1000) / 20)
    bump = 1 + chance.uniform(-0.6, 1.5) * np.exp(-(((hz - chance.uniform(400, 3000)) / 400) ** 2))
    lined = np.fft.irfft(spectrum * tilt * bump, len(clean))
    noise = np.fft.rfft(chance.standard_normal(len(clean)))
    noise *= (np.maximum(hz, 30) ** chance.uniform(-1.2, 0.2)) * (1 + 4 * (np.abs(hz - chance.uniform(200, 3500)) < 60))
    room = np.fft.irfft(noise, len(clean))
    loud = lined[np.abs(clean) > 1e-3]
    room *= np.sqrt(np.mean(loud**2) / np.mean(room**2)) * 10 ** (-chance.uniform(18, 32) / 20)
    mixed = lined + room
    return np.asarray(mixed / np.abs(mixed).max() * chance.uniform(0.2, 0.9), np.float32)


def _linking_row(label: str, before: _Features, after: _Features, named: _Names) -> None:
    told = []
    for features in (before, after):
        naive, learned = _both_attacks(features, named)
        told.append(f"{naive:4.1f} x chance, {learned:4.1f} x by one who learned")
    _say(f"{label:<30} nearest is of the same call: before {told[0]}; after {told[1]}")


def _both_attacks(features: _Features, named: _Names) -> tuple[float, float]:
    """Return how many times more often than by chance the nearest clip is of the same call, in the mean of halves."""
    naive, learned = [], []
    for half in (range(_CALLS // 2), range(_CALLS // 2, _CALLS)):
        inside = np.isin(named, list(half))
        chance = _chance(named[inside])
        naive.append(_rank_one(features[inside], named[inside]) / chance)
        told = _told_apart(features, named, ~inside)[inside]
        learned.append(_rank_one(told, named[inside], scale=False) / chance)
    return float(np.mean(naive)), float(np.mean(learned))


def _told_apart(features: _Features, named: _Names, known: NDArray[np.bool_]) -> _Features:
    """Return features of equal spread within a call, as the calls that are known have it."""
    scaled = (features - features[known].mean(axis=0)) / (features[known].std(axis=0) + 1e-9)
    calls = np.unique(named[known])
    within = np.mean([np.cov(scaled[named == call].T, bias=True) for call in calls], axis=0)
    within += 0.1 * np.trace(within) / len(within) * np.eye(len(within))  # few clips are known: no direction is sure
    told: _Features = scaled @ np.linalg.cholesky(np.linalg.inv(within))
    return told


def _size_row(label: str, sizes: NDArray[np.int64], named: _Names) -> None:
    unique = sum(count == 1 for count in Counter(sizes.tolist()).values()) / len(sizes)
    rank = _rank_one(sizes[:, None].astype(float), named) / _chance(named)
    same, other = _pairs(-np.abs(sizes[:, None] - sizes).astype(float), named)
    many = f"{len(set(sizes.tolist()))} of them, {unique:.0%} unique"
    _say(f"{label:<30} {many:<26} nearest is of the same call {rank:.1f} x chance; AUC {_auc(same, other):.2f}")


def _packed_size(clip: Floats) -> int:
    """Return how large a clip is in a container that packs it, as most recorders do."""
    written = io.BytesIO()
    soundfile.write(written, clip, RATE_HZ, format="FLAC")
    return len(written.getvalue())


def _spectra(sound: Floats) -> _Features:
    frames = np.lib.stride_tricks.sliding_window_view(sound, 512)[::256] * np.hanning(512)
    power = np.square(np.abs(np.fft.rfft(frames)))[:, 4:120]
    spectra: _Features = np.log(power.reshape(len(power), 29, 4).mean(axis=2) + 1e-9)
    return spectra


def _floor_features(clips: Sequence[Floats]) -> _Features:
    features = []
    for clip in clips:
        spectra = _spectra(clip)
        is_quiet = spectra.mean(axis=1) <= np.percentile(spectra.mean(axis=1), 20)
        features.append(spectra[is_quiet].mean(axis=0))
    return np.array(features)


def _all_features(clips: Sequence[Floats]) -> _Features:
    return np.array([np.concatenate([_spectra(clip).mean(axis=0), _spectra(clip).std(axis=0)]) for clip in clips])


# ---- Order ----------------------------------------------------------------------------------------------------------


def _bench_order(_given: argparse.Namespace) -> None:
    """Lines of one transcriber: does the place of a clip tell which clips are of its call?"""
    limits = Limits(least_calls=20)
    for calls in (20, 100):
        pool = [
            Candidate(ClipId(f"{call}/{at}"), str(call), frozenset({f"{call}/{at % 2}"}), 5.0)
            for call in range(calls)
            for at in range(20)
        ]
        shuffled, ours = [], []
        for _ in range(200):
            everything = list(pool)
            secrets.SystemRandom().shuffle(everything)
            shuffled.append(everything[: calls * 3])
            ours.append(arrange(pool, Served(), limits, calls_in_pool=calls, most=calls * 3, budget_s=1e9))
        _order_row(f"{calls} calls: all, shuffled", shuffled)
        _order_row(f"{calls} calls: as served", ours)


def _order_row(label: str, lines: Sequence[Sequence[Candidate]]) -> None:
    following = neighbours = pairs = 0
    rank, chance, aucs, far_aucs = [], [], [], []
    for line in lines:
        calls, at = np.array([int(each.call) for each in line]), np.arange(len(line))
        following += int((calls[1:] == calls[:-1]).sum())
        pairs += len(line) - 1
        places = {each.clip: place for place, each in enumerate(line)}
        for place, each in enumerate(line):
            after = ClipId(f"{each.call}/{int(each.clip.partition('/')[2]) + 1}")
            neighbours += abs(places.get(after, 10**6) - place) <= 50
        rank.append(_rank_one(at[:, None].astype(float), calls))
        chance.append(_chance(calls))
        same, other = _pairs(-np.abs(at[:, None] - at).astype(float), calls)
        aucs.append(_auc(same, other))
        far_aucs.append(_auc(same[same < -_APART], other[other < -_APART]))
    _say(
        f"{label:<26} lines of {np.mean([len(line) for line in lines]):.0f}: next is of the same call "
        f"{following / pairs:.2%}, by chance {np.mean(chance):.2%}; the clip that followed in the call lies within 50 "
        f"places {neighbours / sum(map(len, lines)):.2%}; nearest in order is of the same call {np.mean(rank):.2%}; "
        f"AUC {np.mean(aucs):.2f}, of clips more than {_APART} apart {np.mean(far_aucs):.2f}"
    )


# ---- Is it still understood? ----------------------------------------------------------------------------------------


def _bench_speech(given: argparse.Namespace) -> None:
    """Compare what is served with the words before the line and the room came over them."""
    likeness: dict[str, list[float]] = {"as recorded": [], "as served": []}
    for number, prompt in enumerate(sounds.prompts(_MATERIAL)):
        chance = np.random.default_rng(given.seed + 1_000 + number)
        silence = np.zeros(RATE_HZ // 2, np.float32)
        clean = np.concatenate([silence, prompt.samples * np.float32(0.5), silence])
        if not 1.5 * RATE_HZ < len(prompt.samples) < 6 * RATE_HZ:
            continue
        lined = _through_a_line(clean, chance)
        room = quiet.Room(listening.listen(np.rint(lined * 32767).astype(np.int16)))
        made = _floats(wav.encode(canonical.canonical([(lined, room.is_quiet)], chance)))
        likeness["as recorded"].append(_likeness(clean, lined))
        likeness["as served"].append(_likeness(clean, _aligned(made, clean)))
    _say("how like the words before line and room its bands move over 0.4 s (1 is the same), 320 to 3,400 Hz")
    for label, values in likeness.items():
        low = np.percentile(values, 5)
        _say(f"{label:<14} {len(values)} sentences: median {np.median(values):.3f}, one in twenty below {low:.3f}")


def _aligned(made: Floats, clean: Floats) -> Floats:
    """Return a clip moved to where its words lie in the original, and as long."""
    size = 1 << (len(made) + len(clean)).bit_length()
    likeness = np.fft.irfft(np.conj(np.fft.rfft(made, size)) * np.fft.rfft(clean, size), size)
    shift = int(likeness.argmax())
    shift = shift - size if shift > size // 2 else shift
    moved = np.pad(made, (max(0, shift), len(clean)))[max(0, -shift) :]
    return moved[: len(clean)]


def _likeness(clean: Floats, heard: Floats) -> float:
    """Return the mean likeness of the envelopes of third-octave bands over 0.4 s (after Taal et al., ICASSP 2010)."""
    one, other = _envelopes(clean), _envelopes(heard)
    loud = one.sum(axis=0) > one.sum(axis=0).max() * 10 ** (-40 / 20)
    one, other = one[:, loud], other[:, loud]
    found = []
    for at in range(0, one.shape[1] - 30, 5):
        a, b = one[:, at : at + 30], other[:, at : at + 30]
        b = b * np.linalg.norm(a, axis=1, keepdims=True) / (np.linalg.norm(b, axis=1, keepdims=True) + 1e-12)
        b = np.minimum(b, a * (1 + 10 ** (15 / 20)))
        a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
        scale = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1) + 1e-12
        found.append(float(((a * b).sum(axis=1) / scale).mean()))
    return float(np.mean(found))


def _envelopes(sound: Floats) -> _Features:
    frames = np.lib.stride_tricks.sliding_window_view(sound, 400)[::200] * np.hanning(400)
    power, hz = np.square(np.abs(np.fft.rfft(frames, 1024))), np.fft.rfftfreq(1024, 1 / RATE_HZ)
    middles = [320 * 2 ** (band / 3) for band in range(10)]
    bands = [(hz >= middle * 2 ** (-1 / 6)) & (hz < middle * 2 ** (1 / 6)) for middle in middles]
    envelopes: _Features = np.sqrt(np.array([power[:, band].sum(axis=1) for band in bands]))
    return envelopes


# ---- Voice ----------------------------------------------------------------------------------------------------------


def _bench_voices(given: argparse.Namespace) -> None:
    """Let an encoder tell the speakers of the material apart: their words as recorded, as served, and masked."""
    if given.encoder is None:
        _say("not measured, as no --encoder is given; take it that a voice is recognised")
        return
    encoder, chance = VoiceEncoder(given.encoder), np.random.default_rng(3)
    clips: dict[str, list[Floats]] = {"before": [], "after, as served": [], "after, masked": []}
    named: list[int] = []
    for number, sounds_of_one in enumerate(_speakers()):
        for sound in sounds_of_one[:12]:
            levels = np.abs(sound[: len(sound) // 160 * 160]).reshape(-1, 160).max(axis=1)
            is_quiet = levels < levels.max() * 10 ** (-35 / 20)
            clips["before"].append(sound)
            clips["after, as served"].append(_floats(wav.encode(canonical.canonical([(sound, is_quiet)], chance))))
            hidden = masking.masked(sound, chance)
            clips["after, masked"].append(_floats(wav.encode(canonical.canonical([(hidden, is_quiet)], chance))))
            named.append(number)
    who = np.array(named)
    by_chance = _chance(who)
    _say(f"{len(who)} clips of {len(set(named))} speakers; by chance the nearest is of the same {by_chance:.1%}")
    for label, heard in clips.items():
        directions = np.array([encoder.direction(clip) for clip in heard])
        alike = directions @ directions.T
        rank = float(np.mean(who[(alike - 2 * np.eye(len(who))).argmax(axis=1)] == who))
        same, other = _pairs(alike, who)
        error, auc = _equal_error(same, other), _auc(same, other)
        times = f"{rank / by_chance:.1f} x chance"
        _say(f"{label:<17} nearest of the same speaker {rank:.1%} ({times}); AUC {auc:.3f}; equal error {error:.1%}")


def _speakers() -> Iterator[list[Floats]]:
    """Yield the sentences of two seconds and more of each speaker; a folder's name ends with whose voice it is."""
    folders: dict[str, list[Path]] = {"librivox": [_MATERIAL / "librivox_cmusphinx"]}
    for folder in sorted((_INSTALLED / "sounds").glob("*_*_*")):
        if folder.is_dir():
            folders.setdefault(folder.name.rpartition("_")[2], []).append(folder)  # one person in two languages is one
    if len(folders) == 1:
        folders["asterisk"] = [_MATERIAL / "asterisk_en"]
    for of_one in folders.values():
        paths = [path for folder in of_one for path in sorted(folder.rglob("*.wav")) if "silence" not in path.parts]
        sentences = map(sounds.load, sorted(paths, key=lambda path: path.name))
        yield [each[: 8 * RATE_HZ] for each in sentences if len(each) >= 2 * RATE_HZ][:12]


# ---- Measures -------------------------------------------------------------------------------------------------------


def _chance(named: _Names) -> float:
    """Return how often a clip drawn by chance is of the same call as another."""
    return sum(int((named == call).sum()) - 1 for call in named) / len(named) / (len(named) - 1)


def _rank_one(features: _Features, named: _Names, *, scale: bool = True) -> float:
    """Return how often the nearest other clip is of the same call; a tie counts by the share of those that are."""
    if scale:
        features = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-9)
    hits = []
    for place in range(len(features)):
        away = np.square(features - features[place]).sum(axis=1)
        away[place] = np.inf
        hits.append(float((named[away <= away.min() + 1e-12] == named[place]).mean()))
    return float(np.mean(hits))


def _pairs(alike: _Features, named: _Names) -> tuple[_Features, _Features]:
    """Return how alike two of the same are, and two of different."""
    pairs = np.triu_indices(len(named), 1)
    is_same = (named[:, None] == named)[pairs]
    return alike[pairs][is_same], alike[pairs][~is_same]


def _auc(same: _Features, other: _Features) -> float:
    """Return how often two of the same are more alike than two of different; a tie counts half."""
    ordered = np.sort(other)
    below, upto = np.searchsorted(ordered, same, side="left"), np.searchsorted(ordered, same, side="right")
    return float((below + upto).mean() / 2 / len(other)) if len(same) else 0.5


def _equal_error(same: _Features, other: _Features) -> float:
    """Return the error of the threshold that errs as often for the same as for different."""
    bars = np.sort(np.concatenate([same, other]))
    missed = np.searchsorted(np.sort(same), bars) / len(same)
    taken = 1 - np.searchsorted(np.sort(other), bars) / len(other)
    at = int(np.abs(missed - taken).argmin())
    return float((missed[at] + taken[at]) / 2)


def _floats(clip: bytes) -> Floats:
    return wav.samples(clip) * np.float32(1 / 32768)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
