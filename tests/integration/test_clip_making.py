"""From real speech with personal data in it to clips without: what the record knows, and what the detector finds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile

from reviewer.audio import wav
from reviewer.audio.wav import RATE_HZ
from reviewer.domain.call_records import Call, Party, Side
from reviewer.domain.calls import Transcript, Word
from reviewer.domain.errors import DetectorUnavailableError, InputRefusedError
from reviewer.privacy.known import known_spans
from reviewer.services.clip_making import SoundMaker
from reviewer.services.pool import Made
from tests import sounds

_NAME, _NUMBER = "Callerina Nowak", "+1 202 555 0147"


def _record(transcript: Transcript) -> Call:
    agent = Party(Side.AGENT, "agent-1", "Agentia Brown", True, "contract", True)
    caller = Party(Side.CALLER, _NUMBER, _NAME, True, "announcement", True)
    return Call("CALL-1", "en", (agent, caller), transcript, True, True, "billing", False,
                datetime.now(UTC) + timedelta(days=9))  # fmt: skip


@pytest.fixture(scope="module")
def made(real_audio: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Call, sounds.Call]:
    """Clips of a call of which one sentence, says its transcript, holds a name, and another a number in two parts."""
    spoken = [prompt for prompt in sounds.prompts(real_audio) if 2 * RATE_HZ < len(prompt.samples) < 4 * RATE_HZ]
    chance = np.random.default_rng(5)
    heard = sounds.call(spoken, chance=chance, seconds=45, speaker="caller", channel=0, pause_s=(0.5, 0.8))
    segments = list(heard.transcript.segments)
    for place, said in ((2, "well my name is callerina nowak you know"), (5, "it is two oh two five five five"),
                        (6, "oh one four seven is the rest of it")):  # fmt: skip
        old, texts = segments[place], said.split()
        edges = np.linspace(old.start_s or 0.0, old.end_s or 0.0, len(texts) + 1)
        words = tuple(Word(text, float(edges[at]), float(edges[at + 1]), 0.9) for at, text in enumerate(texts))
        segments[place] = replace(old, words=words)
    call = _record(Transcript(tuple(segments), "en"))
    path = tmp_path_factory.mktemp("call") / "call.wav"
    soundfile.write(path, heard.samples, RATE_HZ)
    made = SoundMaker().make(path, call)
    return replace(made, clips=tuple(made.clips)), call, heard


def test_nothing_that_the_record_knows_is_left_in_any_clip(made: tuple[Made, Call, sounds.Call]) -> None:
    clips, call, _ = made
    assert clips.clean is True
    assert len(list(clips.clips)) >= 5
    for clip in clips.clips:
        text = " ".join(word.text for word in clip.words)
        assert known_spans(text, call.known_texts) == ()
        assert not {"callerina", "nowak", "four", "seven"} & set(text.split())


def test_clips_that_hide_something_say_so_and_have_no_times(made: tuple[Made, Call, sounds.Call]) -> None:
    clips, _, _ = made
    assert sum(clip.masked for clip in clips.clips) + sum(clips.left_out.values()) >= 1
    for clip in clips.clips:
        assert len(wav.samples(clip.wav)) == round(clip.seconds * RATE_HZ)
        assert clip.seconds % 0.5 == 0
        if not clip.masked:
            times = [time for word in clip.words for time in (word.start_s, word.end_s) if time is not None]
            assert all(0 <= time <= clip.seconds for time in times)


def test_without_the_model_there_is_no_clip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(_profile: str) -> object:
        raise DetectorUnavailableError("The model is missing.")

    monkeypatch.setattr("reviewer.privacy.load", missing)
    made = SoundMaker().make(tmp_path / "not even there.wav", _record(Transcript(())))
    assert (made.clips, made.clean) == ((), None)


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"RIFF" + b"\0" * 100)
    with pytest.raises(InputRefusedError):
        SoundMaker().seconds(tmp_path / "x.wav")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("this is ana petrović speaking", ["ana", "petrović"]),
        ("this is ANA petrovic's sister", ["ANA", "petrovic"]),
        ("anabel and the petrol", []),
        ("my number is two oh two five five five oh one four seven", ["two oh two five five five oh one four seven"]),
        ("ending in 50147 I think", ["50147"]),
        ("at 5 or 20 or 2025", []),
    ],
)
def test_what_is_known_is_found_however_it_is_spelt(text: str, found: list[str]) -> None:
    spans = known_spans(text, ("Ana Petrović", "+1 202 555 0147"))
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    assert [text[start:end] for start, end in joined] == found
