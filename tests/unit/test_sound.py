"""The parts that clips are made with: resampling, tones, music, the canonical form, masking, stretching, peaks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.audio import MASKING_WARNING, canonical, music, tones, wav
from reviewer.audio.masking import masked
from reviewer.audio.peaks import peaks
from reviewer.audio.resampling import Floats, Resampler
from reviewer.audio.stretching import stretched
from reviewer.audio.wav import RATE_HZ
from reviewer.domain.errors import InputRefusedError
from tests import sounds

_CODECS = ("none", "mu-law", "gsm", "opus", "mp3")


def _sine(hz: float, seconds: float, rate_hz: int = RATE_HZ, level: float = 0.25) -> Floats:
    made: Floats = (level * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)).astype(np.float32)
    return made


def _noise(seconds: float, level: float = 0.05) -> Floats:
    chance = np.random.default_rng(1)
    return (level * chance.standard_normal(int(seconds * RATE_HZ))).astype(np.float32)


# ---- Resampling


@pytest.mark.parametrize("from_hz", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_a_tone_keeps_its_level_and_what_would_fold_back_is_damped(from_hz: int) -> None:
    low = min(from_hz, RATE_HZ) / 2
    kept = sounds.resampled(_sine(0.85 * low, 1, from_hz), from_hz, RATE_HZ)[2_000:-2_000]
    assert abs(20 * np.log10(np.sqrt(2 * np.mean(kept**2)) / 0.25)) < 0.1
    assert len(sounds.resampled(np.zeros(from_hz, np.float32), from_hz, RATE_HZ)) == RATE_HZ
    if from_hz > RATE_HZ:
        folded = sounds.resampled(_sine(1.06 * low, 1, from_hz), from_hz, RATE_HZ)[2_000:-2_000]
        assert 20 * np.log10(np.sqrt(2 * np.mean(folded**2)) / 0.25) < -70


@given(st.lists(st.integers(0, 3_000), max_size=6))
def test_pieces_of_any_size_give_what_the_whole_gives(sizes: list[int]) -> None:
    sound = _noise(1)
    whole, pieces, at = Resampler(11_025, RATE_HZ), Resampler(11_025, RATE_HZ), 0
    made = []
    for size in [*sizes, len(sound)]:
        made.append(pieces.push(sound[at : at + size]))
        at = min(len(sound), at + size)
    made.append(pieces.flush())
    expected = np.concatenate([whole.push(sound), whole.flush()])
    assert np.allclose(np.concatenate(made), expected, atol=1e-6)


# ---- Touch tones and music


@pytest.mark.parametrize("codec", _CODECS)
@pytest.mark.parametrize("on_s", [0.05, 0.1])
def test_a_card_number_is_found_through_a_codec_and_read_exactly_where_it_is_clean(codec: str, on_s: float) -> None:
    sound = np.concatenate(
        [_noise(1, 0.001), sounds.digits("4111222233334444", on_s=on_s, off_s=on_s), _noise(1, 0.001)]
    )
    (found,) = tones.stretches(sounds.through(sound, codec))
    assert found.start_s < 1.0
    assert found.end_s > 1.0 + 31 * on_s
    if codec in ("none", "mu-law"):
        assert found.keys == "4111222233334444"


@pytest.mark.parametrize("offset", [-0.015, 0.015])
@pytest.mark.parametrize("twist_db", [-6.0, 6.0])
def test_tones_within_the_standards_tolerance_are_found(offset: float, twist_db: float) -> None:
    assert tones.stretches(sounds.digits("159D", offset=offset, twist_db=twist_db))


def test_tones_outside_the_tolerance_and_single_tones_are_none() -> None:
    assert not tones.stretches(sounds.digits("159D", offset=0.035))
    assert not tones.stretches(_sine(697, 1) + _noise(1, 0.0001))
    assert not tones.stretches(_noise(5))
    assert not tones.stretches(np.zeros(100, np.float32))


def test_three_digits_are_found_in_pieces_of_any_size() -> None:
    sound = np.concatenate([_noise(1, 0.001), sounds.digits("123"), _noise(1, 0.001)])
    whole, pieces = tones.ToneFinder(), tones.ToneFinder()
    whole.push(sound)
    for at in range(0, len(sound), 777):
        pieces.push(sound[at : at + 777])
    assert pieces.runs == whole.runs
    assert [stretch.keys for stretch in pieces.stretches] == ["123"]


def test_a_chord_is_music_and_noise_is_not() -> None:
    def found(sound: Floats) -> float:
        finder = music.MusicFinder()
        for at in range(0, len(sound), 5_000):
            finder.push(sound[at : at + 5_000])
        return sum(stretch.end_s - stretch.start_s for stretch in finder.stretches)

    chord = np.concatenate([_sine(hz, 0.5) + _sine(hz * 1.5, 0.5) for hz in (262, 294, 330, 349) * 3])
    assert found(chord) > 5
    assert found(_noise(6)) == 0
    assert found(np.zeros(6 * RATE_HZ, np.float32)) == 0


# ---- The canonical form


def _canonical(sound: Floats, quiet: list[tuple[float, float]], seed: int = 1) -> wav.Samples:
    is_quiet = np.zeros(len(sound) // 160, bool)
    for begin_s, end_s in quiet:
        is_quiet[int(begin_s * 100) : int(end_s * 100)] = True
    return canonical.canonical([(sound, is_quiet)], np.random.default_rng(seed))


def _db(samples: Floats) -> float:
    return float(10 * np.log10(np.mean(np.square(samples)) + 1e-12))


@pytest.mark.parametrize("level", [0.01, 0.1, 0.9])
def test_every_clip_has_the_same_level_noise_and_steps_of_length(level: float) -> None:
    voice = _sine(500, 4, level=level) * np.sign(_sine(3, 4) + 0.1)
    sound = np.concatenate([_noise(1, level / 50), voice + _noise(4, level / 50), _noise(1, level / 50)])
    made: Floats = (_canonical(sound, [(0, 1), (5, 6)]) / 32768).astype(np.float32)
    assert len(made) % (RATE_HZ // 2) == 0
    assert abs(_db(made[RATE_HZ : 3 * RATE_HZ]) + 23) < 1.5
    assert abs(_db(made[:1_600]) + 42) < 3
    assert np.abs(made).max() < 0.99


def test_nothing_of_the_rooms_own_noise_is_left_between_words_or_outside_the_band() -> None:
    hum, hiss = _sine(120, 6, level=0.3), _sine(6_000, 6, level=0.3)
    sound = hum + hiss + np.concatenate([np.zeros(32_000, np.float32), _sine(800, 2), np.zeros(32_000, np.float32)])
    made = _canonical(sound, [(0, 2), (4, 6)]) / np.float32(32768)
    spectrum = np.abs(np.fft.rfft(made * np.hanning(len(made))))
    at = np.fft.rfftfreq(len(made), 1 / RATE_HZ)
    loudest = spectrum[(at > 700) & (at < 900)].max()
    for hz in (120, 6_000):
        assert spectrum[(at > hz - 50) & (at < hz + 50)].max() < loudest / 1_000


def test_a_long_pause_inside_is_shortened() -> None:
    sound = np.concatenate([_sine(500, 2), _noise(3, 0.0001), _sine(500, 2)])
    assert len(_canonical(sound, [(2, 5)])) / RATE_HZ <= 5.5


def test_two_parts_are_joined_by_a_beep_of_one_length_whatever_was_between() -> None:
    part = (_sine(500, 2), np.zeros(200, bool))
    made = canonical.canonical([part, part], np.random.default_rng(1)) / np.float32(32768)
    spectra = np.abs(np.fft.rfft(np.lib.stride_tricks.sliding_window_view(made, 512)[::160] * np.hanning(512)))
    beeps = int((spectra[:, 32] > 4 * spectra[:, 16]).sum())  # 1,000 against 500 Hz
    assert 40 <= beeps <= 56


@given(st.integers(0, 3_000), st.integers(0, 3_000))
def test_parts_of_any_length_make_a_clip(before: int, after: int) -> None:
    sound = _noise(0.2)
    parts = [(sound[:before], np.zeros(-(-before // 160), bool)), (sound[:after], np.zeros(-(-after // 160), bool))]
    assert len(canonical.canonical(parts, np.random.default_rng(1))) == 2 * RATE_HZ


def test_chance_moves_the_words_within_the_clip() -> None:
    sound = _sine(500, 2.1)
    starts = {int(np.flatnonzero(np.abs(_canonical(sound, [], seed)) > 2_000)[0]) // 160 for seed in range(10)}
    assert len(starts) > 5


# ---- Masking, stretching, peaks, the file


def test_masking_changes_a_voice_and_keeps_its_length_and_its_words_in_time() -> None:
    pulses = np.zeros(2 * RATE_HZ, np.float32)
    pulses[:: RATE_HZ // 120] = 1
    voice = np.convolve(pulses, np.exp(-np.arange(400) / 60) * np.sin(np.arange(400) * 0.3))[: len(pulses)]
    voice = (0.2 * voice * np.repeat([1, 0, 1, 0], RATE_HZ // 2)).astype(np.float32)
    made = masked(voice, np.random.default_rng(1))
    assert len(made) == len(voice)
    assert np.isfinite(made).all()
    assert _db(made[9_000:15_000]) < _db(made[1_000:7_000]) - 30  # silent where it was silent
    low = np.abs(np.fft.rfft(voice[:8_000])), np.abs(np.fft.rfft(made[:8_000]))
    centre = [float((spectrum * np.arange(len(spectrum))).sum() / spectrum.sum()) for spectrum in low]
    assert abs(centre[1] / centre[0] - 1) > 0.03
    assert "not" in MASKING_WARNING


@pytest.mark.parametrize("speed", [0.5, 0.75, 1.25, 1.5, 2.0])
def test_speed_changes_the_length_and_not_the_pitch(speed: float) -> None:
    tone = (_sine(440, 3) * 32767).astype(np.int16)
    made = stretched(tone, speed)
    assert len(made) == round(len(tone) / speed)
    middle = made[len(made) // 4 : len(made) * 3 // 4].astype(float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 18))
    assert abs(float(spectrum.argmax()) * RATE_HZ / (1 << 18) / 440 - 1) < 0.01


def test_at_its_own_speed_a_clip_is_itself_and_other_speeds_are_refused() -> None:
    samples = np.arange(100, dtype=np.int16)
    assert stretched(samples, 1.0) is samples
    for speed in (0.4, 2.1, float("nan")):
        with pytest.raises(ValueError, match="speed"):
            stretched(samples, speed)


def test_peaks_hold_the_loudest_sample_of_each_column() -> None:
    samples = np.zeros(1_000, np.int16)
    samples[[10, 995]] = [16_384, -32_768]
    drawn = peaks(wav.encode(samples), 100)
    assert len(drawn) == 100
    assert drawn[1] == (0.0, 0.5)
    assert drawn[99] == (-1.0, 0.0)
    assert len(peaks(wav.encode(samples[:3]), 10)) == 10
    assert peaks(wav.encode(samples[:0]), 10) == []


@given(st.lists(st.integers(-32_768, 32_767), max_size=50))
def test_a_clip_is_44_bytes_and_its_samples_and_comes_back(values: list[int]) -> None:
    samples = np.array(values, np.int16)
    clip = wav.encode(samples)
    assert len(clip) == 44 + 2 * len(samples)
    assert np.array_equal(wav.samples(clip), samples)


@pytest.mark.parametrize("wrong", [b"", b"RIFF", wav.encode(np.zeros(4, np.int16))[:-1], b"x" * 100])
def test_other_bytes_are_no_clip(wrong: bytes) -> None:
    with pytest.raises(InputRefusedError):
        wav.samples(wrong)
