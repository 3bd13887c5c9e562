"""From a real recording to clips: decoded in a child, cut in silence, cleaned, alike."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from reviewer import audio
from reviewer.audio import tones, wav
from reviewer.audio.wav import RATE_HZ
from reviewer.domain.calls import Exclusion, Segment, Transcript, Word
from reviewer.domain.errors import InputRefusedError
from tests import sounds
from tests.sounds import Call, Prompt

_CHANCE = np.random.default_rng(1)


@pytest.fixture(scope="module")
def spoken(real_audio: Path) -> list[Prompt]:
    """Return real prompts."""
    return sounds.prompts(real_audio)


@pytest.fixture(scope="module")
def call(spoken: list[Prompt]) -> Call:
    """Return a call of half a minute."""
    return sounds.call([prompt for prompt in spoken if len(prompt.samples) < 5 * RATE_HZ], chance=_CHANCE, seconds=30)


@pytest.fixture(scope="module")
def recording(call: Call, tmp_path_factory: pytest.TempPathFactory) -> audio.Recording:
    """Return the call as it was listened to."""
    path = tmp_path_factory.mktemp("call") / "call.wav"
    soundfile.write(path, call.samples, RATE_HZ)
    return audio.decode(path)


def test_a_call_becomes_clips_of_two_to_twelve_seconds_that_are_cut_in_silence(
    recording: audio.Recording, call: Call
) -> None:
    report = audio.cut(recording, call.transcript)
    assert sum(cut.duration_s for cut in report.cuts) > 0.6 * recording.duration_s
    assert all(2 <= cut.duration_s <= 12 for cut in report.cuts)
    assert not [cut for cut in report.cuts for at_s in (cut.start_s, cut.end_s) if sounds.is_spoken(call.clean, at_s)]


def test_of_an_hour_of_a_channel_less_than_a_megabyte_is_kept(recording: audio.Recording) -> None:
    (track,) = recording.tracks
    assert (track.level_db.nbytes + track.voice.nbytes) / recording.duration_s * 3600 < 1_000_000


def test_every_word_is_in_one_clip_at_most(recording: audio.Recording, call: Call) -> None:
    report = audio.cut(recording, call.transcript)
    words = [id(word) for cut in report.cuts for word in cut.words]
    assert len(words) == len(set(words))
    assert all(a.end_s <= b.start_s for a, b in zip(report.cuts, report.cuts[1:], strict=False))


def test_clips_are_our_own_wav_of_steps_of_half_a_second(recording: audio.Recording, call: Call) -> None:
    report = audio.cut(recording, call.transcript)
    made = list(audio.clean(recording, [audio.Order(cut) for cut in report.cuts]))
    assert len(made) == len(report.cuts)
    for _, clip in made:
        assert isinstance(clip, audio.Clip)
        assert len(wav.samples(clip.wav)) % (RATE_HZ // 2) == 0
        assert 2 <= clip.duration_s <= 12


def test_the_same_samples_and_seed_give_the_same_bytes_from_any_lossless_container(call: Call, tmp_path: Path) -> None:
    made = []
    for name in ("a.wav", "a.flac"):
        soundfile.write(tmp_path / name, (call.samples * 32767).astype(np.int16), RATE_HZ)
        recording = audio.decode(tmp_path / name)
        report = audio.cut(recording, call.transcript)
        cleaned = audio.clean(recording, [audio.Order(cut) for cut in report.cuts], seed=5)
        made.append([clip.wav for _, clip in cleaned if isinstance(clip, audio.Clip)])
    assert made[0]
    assert all(clips == made[0] for clips in made[1:])


def test_a_recording_that_changed_after_listening_is_refused(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    soundfile.write(path, call.samples, RATE_HZ)
    recording = audio.decode(path)
    soundfile.write(path, call.samples[::-1], RATE_HZ)
    report = audio.cut(recording, call.transcript)
    with pytest.raises(InputRefusedError, match="changed while it was being read"):
        list(audio.clean(recording, [audio.Order(cut) for cut in report.cuts]))


def test_a_clip_with_touch_tones_is_dropped_and_its_neighbours_stay(call: Call, tmp_path: Path) -> None:
    start_s, end_s = call.spoken[2]
    samples = call.samples.copy()
    keys = sounds.digits("4111")
    at = int(start_s * RATE_HZ)
    samples[at : at + len(keys)] += keys[: len(samples) - at]
    soundfile.write(tmp_path / "call.wav", samples, RATE_HZ)
    recording = audio.decode(tmp_path / "call.wav")
    report = audio.cut(recording, call.transcript)
    assert report.excluded[Exclusion.TOUCH_TONES] >= 1
    assert report.cuts
    assert not [cut for cut in report.cuts if cut.start_s < end_s and start_s < cut.end_s]
    for _, clip in audio.clean(recording, [audio.Order(cut) for cut in report.cuts]):
        assert isinstance(clip, audio.Clip)
        assert not tones.stretches((wav.samples(clip.wav) / 32768).astype(np.float32))


def test_without_any_times_there_is_no_clip(recording: audio.Recording) -> None:
    transcript = Transcript((Segment("", (Word("Press"), Word("one."))),))
    report = audio.cut(recording, transcript)
    assert not report.cuts
    assert report.excluded[Exclusion.NO_TIMES] == 1


@pytest.mark.parametrize("name", ["call.mp3", "call.flac", "call.w64"])
def test_no_tag_picture_or_name_of_the_container_is_in_a_clip(call: Call, tmp_path: Path, name: str) -> None:
    canary = "CANARY0123456789abcdef"
    path = tmp_path / f"{canary}-{name}"
    sounds.plant(call.samples[: 12 * RATE_HZ], path, canary)
    assert path.read_bytes().count(canary.encode()) > 5
    recording = audio.decode(path)
    whole = [segment for segment in call.transcript.segments if segment.end_s is not None and segment.end_s < 11.5]
    report = audio.cut(recording, Transcript(tuple(whole)))
    made = [clip for _, clip in audio.clean(recording, [audio.Order(cut) for cut in report.cuts])]
    assert made
    for clip in made:
        assert isinstance(clip, audio.Clip)
        assert sounds.traces(clip.wav, canary, tmp_path) == []
    sounds.plant(call.samples[:RATE_HZ], tmp_path / "tagged.wav", canary)
    found = sounds.traces((tmp_path / "tagged.wav").read_bytes(), canary, tmp_path)
    assert {"raw", "mutagen: tags"} <= set(found)  # the search itself finds what is there


def test_what_is_hidden_is_gone_and_the_clip_does_not_tell_how_long_it_was(
    recording: audio.Recording, call: Call
) -> None:
    cuts = audio.cut(recording, call.transcript).cuts
    cut = max(cuts, key=lambda one: one.duration_s)
    middle_s = (cut.start_s + cut.end_s) / 2
    texts = set()
    for half_s in (0.1, 0.4):
        order = audio.Order(cut, ranges=((middle_s - half_s, middle_s + half_s),))
        ((_, clip),) = audio.clean(recording, [order])
        assert isinstance(clip, audio.Clip)
        assert clip.hides
        assert clip.duration_s < cut.duration_s + 1
        texts.add(audio.PLACEHOLDER in clip.text)
    assert texts == {True}
