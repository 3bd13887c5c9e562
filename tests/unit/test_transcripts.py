"""A call's transcript is taken whole, or refused with the field and the reason."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reviewer.channels import transcripts
from reviewer.domain.calls import EXCLUSION_SENTENCES, Exclusion, Segment, Transcript, Word
from reviewer.domain.errors import InputRefusedError
from reviewer.resources import resource

_TEXT: dict[str, Any] = json.loads(resource("schemas/transcript.schema.json").read_text())
_SCHEMA = Draft202012Validator(_TEXT)


def _read(record: object) -> Transcript:
    return transcripts.read(json.dumps(record).encode())


def _reason(untrusted: bytes) -> str:
    with pytest.raises(InputRefusedError) as refused:
        transcripts.read(untrusted)
    return refused.value.message


def test_segments_with_words_keep_times_speakers_and_confidence() -> None:
    word = {"text": "Good", "start": 0.4, "end": 0.62, "confidence": 0.9}
    segment = {"speaker": "Agent", "channel": 1, "start": 0.4, "end": 2, "words": [word, {"text": "morning."}]}
    read = _read({"language": "en", "segments": [segment], "source": "x"})
    assert read.segments == (Segment("Agent", (Word("Good", 0.4, 0.62, 0.9), Word("morning.")), 0.4, 2.0, 1),)
    assert read.language == "en"
    assert read.ignored == ("source",)
    assert read.text == "Good morning."


def test_segments_without_words_become_untimed_words() -> None:
    read = _read({"segments": [{"start": 1, "end": 2, "text": " Press  one. ", "confidence": 0.5}, {"text": " "}]})
    assert read.segments == (Segment("", (Word("Press", confidence=0.5), Word("one.", confidence=0.5)), 1.0, 2.0),)


def test_words_alone_become_a_segment_for_each_change_of_speaker() -> None:
    words = [
        {"word": "Hello.", "start": 0, "end": 1, "speaker": "A", "score": 1},
        {"word": "there.", "speaker": "A"},
        {"word": "Hi.", "start": 2, "end": 3, "speaker": "B", "probability": 0.25},
        {"word": "Yes.", "start": 4, "end": 5, "speaker": "A"},
    ]
    read = _read({"words": words})
    assert [(segment.speaker, segment.text) for segment in read.segments] == [
        ("A", "Hello. there."),
        ("B", "Hi."),
        ("A", "Yes."),
    ]
    assert (read.segments[0].start_s, read.segments[0].end_s) == (0.0, 1.0)
    assert read.segments[1].words[0].confidence == 0.25
    assert read.speakers == ("A", "B")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ([], "not a JSON object"),
        ({}, "neither segments nor words"),
        ({"segments": []}, "no words"),
        ({"segments": {}}, "segments: not a list"),
        ({"segments": [1]}, "segments[0]: not an object"),
        ({"segments": [{}]}, "segments[0].text: missing"),
        ({"segments": [{"text": 3}]}, "segments[0].text: not text"),
        ({"segments": [{"text": "a\ufdd0"}]}, "U+FDD0"),
        ({"segments": [{"text": "x" * 16_001}]}, "longer than 16,000 characters"),
        ({"segments": [{"text": "a", "start": 2, "end": 1}]}, "segments[0].end: before its start"),
        ({"segments": [{"text": "a", "start": True}]}, "segments[0].start: not a number of seconds"),
        ({"segments": [{"text": "a", "start": -1}]}, "segments[0].start: not a time within a call"),
        ({"segments": [{"text": "a", "channel": 8}]}, "segments[0].channel"),
        ({"segments": [{"text": "a", "speaker": 1}]}, "segments[0].speaker: not text"),
        ({"words": ["a"]}, "words[0]: not an object"),
        ({"words": [{"text": " "}]}, "words[0].text: empty"),
        ({"words": [{"text": "a", "confidence": 1.5}]}, "words[0].confidence: not between 0 and 1"),
        ({"words": [{"text": "a"}], "language": "?"}, "language: not a BCP 47 tag"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_place(record: object, said: str) -> None:
    assert said in _reason(json.dumps(record).encode())


@pytest.mark.parametrize("untrusted", [b"", b"\xff", b"{", b'{"words": [NaN]}', b"[" * 100_000, b"RIFF\x00\x00"])
def test_what_is_no_json_is_refused(untrusted: bytes) -> None:
    assert _reason(untrusted).startswith("The transcript cannot be used: ")


def test_a_transcript_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcripts, "MOST_WORDS", 2)
    assert "3 words" in _reason(json.dumps({"segments": [{"text": "a b c"}]}).encode())
    monkeypatch.setattr(transcripts, "MOST_BYTES", 10)
    assert "larger than" in _reason(b" " * 11)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 90_000) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "segments",
                    "words",
                    "text",
                    "word",
                    "start",
                    "end",
                    "speaker",
                    "channel",
                    "confidence",
                    "score",
                    "language",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(_JSON)
def test_whatever_is_taken_fits_the_schema(record: Any) -> None:
    try:
        _read(record)
    except InputRefusedError as refused:
        assert refused.message.startswith("The transcript cannot be used: ")
    else:
        assert not list(_SCHEMA.iter_errors(record))


def test_the_schema_is_one_and_its_examples_fit() -> None:
    Draft202012Validator.check_schema(_TEXT)
    examples = [example for part in _TEXT["$defs"].values() for example in part.get("examples", ())]
    for example in examples:
        key = "words" if "speaker" in example and "text" in example and "start" in example else "segments"
        assert _read({key: [example]}).segments


def test_every_exclusion_has_its_sentence() -> None:
    assert EXCLUSION_SENTENCES.keys() == set(Exclusion)


def test_real_alignments_are_read(real_audio: Path) -> None:
    for path in sorted((real_audio / "librivox_cmusphinx").glob("sense*.json")):
        spoken = [word for word in json.loads(path.read_text())["w"] if not word["t"].startswith("<")]
        words = [{"word": w["t"], "start": w["b"], "end": w["b"] + w["d"], "score": w["p"]} for w in spoken]
        assert len(_read({"words": words}).segments[0].words) == len(spoken)
