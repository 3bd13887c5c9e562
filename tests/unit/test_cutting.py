"""Where a call is cut, told from levels and judgements that are made up so that each rule stands alone."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewer.audio import Recording, cut
from reviewer.audio.cutting import CutReport
from reviewer.audio.listening import Track
from reviewer.audio.tones import Stretch
from reviewer.domain.calls import Exclusion, Segment, Transcript, Word
from reviewer.domain.errors import InputRefusedError

_Spans = list[tuple[float, float]]


def _track(speech: _Spans, seconds: float, *, tones: _Spans = [], music: _Spans = []) -> Track:  # noqa: B006 - read only
    """Return a channel where there is speech at -25 dB in these spans, and -65 dB elsewhere."""
    level = np.full(int(seconds * 100), -65.0, np.float16)
    voice = np.zeros(int(seconds / 0.032) + 1, np.float16)
    for begin_s, end_s in speech:
        level[round(begin_s * 100) : round(end_s * 100)] = -25.0
        voice[int(begin_s / 0.032) : int(end_s / 0.032) + 1] = 0.95
    stretches = [tuple(Stretch(*span, "1") for span in spans) for spans in (tones, music)]
    return Track(level, voice, *stretches)


def _recording(*tracks: Track) -> Recording:
    return Recording(Path("call.wav"), len(tracks[0].level_db) / 100, tracks, b"")


def _said(speaker: str, spans: _Spans, *, confidence: float | None = None, channel: int | None = None) -> list[Segment]:
    """Return a segment of four words for each span."""
    segments = []
    for begin_s, end_s in spans:
        edges = np.linspace(begin_s, end_s, 5)
        texts = ["I", "would", "like", "that."]
        words = tuple(Word(t, float(a), float(b), confidence) for t, a, b in zip(texts, edges, edges[1:], strict=False))
        segments.append(Segment(speaker, words, begin_s, end_s, channel))
    return segments


def _cut(recording: Recording, *segments: Segment) -> CutReport:
    return cut(recording, Transcript(tuple(segments)))


_FOUR: _Spans = [(1, 4), (4.5, 8), (8.5, 12), (12.5, 16)]


def test_sentences_with_pauses_become_clips_of_about_five_seconds() -> None:
    report = _cut(_recording(_track(_FOUR, 17)), *_said("A", _FOUR))
    assert [len(made.words) for made in report.cuts] == [4, 4, 4, 4]
    for made, (begin_s, end_s) in zip(report.cuts, _FOUR, strict=True):
        assert begin_s - 0.5 < made.start_s < begin_s
        assert end_s < made.end_s < end_s + 0.5
    assert not report.excluded
    assert sum(len(made.words) for made in report.cuts) == 16


def test_words_of_the_transcript_do_not_move_a_cut_out_of_the_silence() -> None:
    late = [(begin_s + 0.2, end_s + 0.25) for begin_s, end_s in _FOUR]
    report = _cut(_recording(_track(_FOUR, 17)), *_said("A", late))
    for made in report.cuts:
        for at_s in (made.start_s, made.end_s):
            assert not any(begin_s - 0.03 < at_s < end_s + 0.03 for begin_s, end_s in _FOUR)


def test_without_a_silence_there_is_no_cut() -> None:
    report = _cut(_recording(_track([(1, 16)], 17)), *_said("A", _FOUR))
    assert not report.cuts
    assert report.excluded == {Exclusion.TOO_LONG: 1}
    assert report.excluded_s[Exclusion.TOO_LONG] == pytest.approx(15, abs=0.3)


def test_a_word_without_times_is_never_parted_from_the_one_before() -> None:
    segments = _said("A", [(1, 4), (4.5, 8)])
    untimed = Segment("A", (*segments[0].words[:-1], Word("4111.")), 1.0, None)
    report = _cut(_recording(_track(_FOUR[:2], 9)), untimed, segments[1])
    assert [made.text for made in report.cuts] == ["I would like 4111. I would like that."]


def test_two_who_speak_at_once_make_no_clip() -> None:
    agent, caller = _track([(1, 4)], 9), _track([(2, 5)], 9)
    report = _cut(
        _recording(agent, caller), *_said("Agent", [(1, 4)], channel=0), *_said("Caller", [(2, 5)], channel=1)
    )
    assert not report.cuts
    assert report.excluded == {Exclusion.OVERLAP: 2}


def test_what_leaks_from_the_other_channel_is_no_overlap() -> None:
    agent, caller = _track([(1, 4)], 9), _track([(5, 8)], 9)
    caller.level_db[100:400] = -45.0  # heard in the other receiver, 20 dB down
    caller.voice[31:125] = 0.9
    report = _cut(_recording(agent, caller), *_said("Agent", [(1, 4)]), *_said("Caller", [(5, 8)]))
    assert [(made.channel, made.speaker) for made in report.cuts] == [(0, "Agent"), (1, "Caller")]


def test_a_speaker_is_looked_for_where_speech_is_heard() -> None:
    report = _cut(
        _recording(_track([(5, 8)], 9), _track([(1, 4)], 9)), *_said("Agent", [(1, 4)]), *_said("Caller", [(5, 8)])
    )
    assert [(made.channel, made.speaker) for made in report.cuts] == [(1, "Agent"), (0, "Caller")]


def test_two_speakers_of_one_channel_are_never_in_one_clip() -> None:
    report = _cut(
        _recording(_track(_FOUR, 17)), *_said("A", _FOUR[:1]), *_said("B", _FOUR[1:2]), *_said("A", _FOUR[2:])
    )
    assert [made.speaker for made in report.cuts][:2] == ["A", "B"]
    run_on = _cut(_recording(_track([(1, 8)], 9)), *_said("A", [(1, 4)]), *_said("B", [(4.05, 8)]))
    assert run_on.excluded == {Exclusion.OVERLAP: 1}


@pytest.mark.parametrize(("kind", "why"), [("tones", Exclusion.TOUCH_TONES), ("music", Exclusion.MUSIC)])
def test_tones_and_music_take_their_sentence_and_no_other(kind: str, why: Exclusion) -> None:
    hit: _Spans = [(9, 10)]
    track = _track(_FOUR, 17, tones=hit) if kind == "tones" else _track(_FOUR, 17, music=hit)
    report = _cut(_recording(track), *_said("A", _FOUR))
    assert report.excluded == {why: 1}
    assert sum(len(made.words) for made in report.cuts) == 12


def test_what_is_short_alone_is_left_out_and_among_neighbours_it_joins_them() -> None:
    alone = _cut(_recording(_track([(3, 4)], 9)), *_said("A", [(3, 4)]))
    assert alone.excluded == {Exclusion.TOO_SHORT: 1}
    assert alone.excluded_s[Exclusion.TOO_SHORT] == pytest.approx(1, abs=0.1)
    near: _Spans = [(1, 4), (4.5, 5.2)]
    joined = _cut(_recording(_track(near, 9)), *_said("A", near))
    assert [len(made.words) for made in joined.cuts] == [8]


def test_words_where_nothing_is_spoken_and_uncertain_ones_make_no_clip() -> None:
    silent = _cut(_recording(_track([(6, 8)], 9)), *_said("A", [(1, 4)]))
    assert not silent.cuts
    uncertain = _cut(_recording(_track([(1, 4)], 9)), *_said("A", [(1, 4)], confidence=0.2))
    assert uncertain.excluded == {Exclusion.UNCLEAR: 1}


def test_a_transcript_of_another_recording_is_refused() -> None:
    with pytest.raises(InputRefusedError, match="goes on after the recording ends"):
        _cut(_recording(_track([(1, 4)], 9)), *_said("A", [(40, 44)]))
    with pytest.raises(InputRefusedError, match="channel that is not there"):
        _cut(_recording(_track([(1, 4)], 9)), *_said("A", [(1, 4)], channel=1))


_spans = st.lists(st.tuples(st.floats(0.3, 6), st.floats(0, 1.2)), min_size=1, max_size=12)


@settings(max_examples=30)
@given(_spans, st.randoms(use_true_random=False))
def test_no_cut_is_ever_within_speech_and_no_word_is_in_two_clips(
    spans: list[tuple[float, float]], chance: random.Random
) -> None:
    speech: _Spans = []
    at_s = 0.5
    for length_s, pause_s in spans:
        speech.append((at_s, at_s + length_s))
        at_s += length_s + pause_s
    heard = [
        (max(0.0, begin_s + chance.uniform(-0.2, 0.2)), end_s + chance.uniform(-0.2, 0.2)) for begin_s, end_s in speech
    ]
    heard = [(begin_s, max(begin_s, end_s)) for begin_s, end_s in heard]
    report = _cut(_recording(_track(speech, at_s + 0.5)), *_said("A", heard))
    for made in report.cuts:
        assert 2 <= made.duration_s <= 11.5
        for edge_s in (made.start_s, made.end_s):
            assert not any(begin_s - 0.02 < edge_s < end_s + 0.02 for begin_s, end_s in speech)
    ends = [made.end_s for made in report.cuts]
    assert all(end_s <= made.start_s for end_s, made in zip(ends, report.cuts[1:], strict=False))


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.none() | st.floats(0, 12), st.none() | st.floats(0, 12)), min_size=1, max_size=30),
    st.booleans(),
)
def test_words_out_of_order_overlapping_or_without_times_do_no_harm(
    times: list[tuple[float | None, float | None]], in_one: bool
) -> None:
    words = tuple(Word("word.", begin, end) for begin, end in times)
    segments = [Segment("A", words)] if in_one else [Segment("A", (word,)) for word in words]
    report = _cut(_recording(_track([(1, 4), (4.5, 8), (8.5, 11)], 12)), *segments)
    assert all(made.end_s > made.start_s for made in report.cuts)
    assert sum(len(made.words) for made in report.cuts) <= len(words)
