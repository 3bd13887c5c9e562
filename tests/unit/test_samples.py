"""The samples of the demo and the schema of an import line hold what they promise."""

import json
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reviewer.channels import drafts
from reviewer.domain import layout, limits, segments
from reviewer.domain.items import Channel
from reviewer.domain.kinds import KINDS
from reviewer.resources import resource

_SCHEMA = json.loads(resource("schemas/draft.schema.json").read_text(encoding="utf-8"))
_LINES = resource("samples/demo.jsonl").read_bytes().split(b"\n")[:-1]
_SAMPLES: list[dict[str, Any]] = [json.loads(line) for line in _LINES]
_IDS = [str(sample["id"]) for sample in _SAMPLES]
_NAMED = set(re.findall(r"\b(?:SMS|SUM|NOTE)-\d{4}\b", resource("samples/README.md").read_text(encoding="utf-8")))

each_sample = pytest.mark.parametrize("sample", _SAMPLES, ids=_IDS)


def _importable(**changed: Any) -> dict[str, Any]:
    """Return a valid line with `changed` in it; a value of ... takes the field away."""
    line = {"id": "1", "kind": "sms", "channel": "chat", "draft": "Yes.", "source": [], **changed}
    return {key: value for key, value in line.items() if value is not ...}


def _is_valid(line: dict[str, Any]) -> bool:
    return bool(Draft202012Validator(_SCHEMA).is_valid(line))


def _is_accepted(line: dict[str, Any]) -> bool:
    return isinstance(next(drafts.read([json.dumps(line).encode()], Counter())), drafts.Accepted)


def test_the_schema_is_a_schema_and_its_examples_fit_it() -> None:
    Draft202012Validator.check_schema(_SCHEMA)
    for part in [*_SCHEMA["properties"].values(), *_SCHEMA["$defs"]["turn"]["properties"].values()]:
        validator = Draft202012Validator({**part, "$defs": _SCHEMA["$defs"]})
        assert part["title"] and part["description"]
        assert all(validator.is_valid(example) for example in part.get("examples", ()))


@each_sample
def test_a_sample_fits_the_schema(sample: dict[str, Any]) -> None:
    line = {key: value for key, value in sample.items() if key != "due_in_minutes"}
    assert [error.message for error in Draft202012Validator(_SCHEMA).iter_errors(line)] == []
    assert line.keys() <= _SCHEMA["properties"].keys()


def test_every_sample_is_accepted_by_the_import() -> None:
    unknown: Counter[str] = Counter()
    assert [read for read in drafts.read(_LINES, unknown) if isinstance(read, drafts.Refused)] == []
    assert unknown.keys() == {"due_in_minutes"}


def test_the_ids_are_unique_and_there_are_at_least_sixty() -> None:
    assert len(_IDS) >= 60
    assert len(set(_IDS)) == len(_IDS)


def test_every_kind_comes_from_every_channel() -> None:
    found = {(sample["kind"], sample["channel"]) for sample in _SAMPLES}
    assert found == {(kind, channel.value) for kind in KINDS for channel in Channel}


@pytest.mark.parametrize(
    ("language", "script", "at_least"),
    [
        ("sr-Latn", "[čćžšđ]", 4),
        ("sr-Cyrl", "[љњђћџј]", 4),
        ("he", "[\u05d0-\u05ea]", 2),
        ("ar", "[\u0620-\u064a]", 2),
        ("hi", "[\u0904-\u0939]", 1),
        ("de", "[äöüß]", 2),
        ("es", "[áéíóúñ¡¿]", 2),
    ],
)
def test_a_language_is_there_in_its_own_script(language: str, script: str, at_least: int) -> None:
    texts = [sample["draft"] for sample in _SAMPLES if sample.get("language") == language]
    assert len(texts) >= at_least
    assert all(re.search(script, text) for text in texts)


def test_some_samples_state_no_model_and_some_no_language() -> None:
    assert sum("model" not in sample for sample in _SAMPLES) == 3
    assert any("language" not in sample for sample in _SAMPLES)


@each_sample
def test_a_sample_stays_within_the_limits(sample: dict[str, Any]) -> None:
    spoken = [turn["speaker"] + turn["text"] for turn in sample["source"]]
    assert len(sample["draft"].encode()) <= limits.DRAFT_BYTES
    assert limits.longest_paragraph(sample["draft"]) <= limits.PARAGRAPH_CHARACTERS
    assert max(len(turn["text"]) for turn in sample["source"]) <= limits.PARAGRAPH_CHARACTERS
    assert sum(len(text.encode()) for text in spoken) <= limits.SOURCE_BYTES


@each_sample
def test_the_turns_of_a_sample_are_in_the_order_of_their_times(sample: dict[str, Any]) -> None:
    starts = [turn["start"] for turn in sample["source"] if "start" in turn]
    assert len(starts) in (0, len(sample["source"]))
    assert all(earlier <= later for earlier, later in pairwise(starts))
    assert all(turn["start"] < turn["end"] for turn in sample["source"] if "end" in turn)


@each_sample
def test_the_due_time_of_a_sample_lies_within_a_shift(sample: dict[str, Any]) -> None:
    assert 0 < sample.get("due_in_minutes", 1) <= 8 * 60


def test_the_lengths_go_from_five_words_to_thousands_of_characters() -> None:
    assert min(len(sample["draft"].split()) for sample in _SAMPLES) <= 5
    assert max(len(sample["draft"]) for sample in _SAMPLES) > 7_500
    assert max(len(sample["source"]) for sample in _SAMPLES) >= 150
    assert max(len(turn["text"]) for sample in _SAMPLES for turn in sample["source"]) > 15_000


def test_the_messages_try_the_edges_of_an_sms_segment() -> None:
    counts = [(sample["draft"], segments.count(sample["draft"])) for sample in _SAMPLES if sample["kind"] == "sms"]
    gsm_7 = [(text, count) for text, count in counts if count.encoding is segments.Encoding.GSM_7]
    assert any(count.units == 160 and count.segments == 1 for _, count in gsm_7)
    assert any(160 < count.units < 165 and count.units == len(text) for text, count in gsm_7)
    assert any(count.units > 160 >= len(text) for text, count in gsm_7)
    assert any(count.encoding is segments.Encoding.UCS_2 and "\u200d" in text for text, count in counts)


def test_the_summaries_and_notes_fall_into_their_parts() -> None:
    summaries = [layout.values(KINDS["summary"], s["draft"]) for s in _SAMPLES if s["kind"] == "summary"]
    notes = [layout.sections(s["draft"]) for s in _SAMPLES if s["kind"] == "clinical_note"]
    assert {summary["sentiment"] for summary in summaries} == {"", "positive", "neutral", "negative", "mixed"}
    assert sum(bool(summary["action_items"]) for summary in summaries) > len(summaries) / 2
    assert sum(len(sections) >= 4 for sections in notes) > len(notes) / 2


def test_invisible_characters_are_written_as_escapes() -> None:
    raw = b"\n".join(_LINES).decode()
    assert (
        re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\U000e0000-\U000e007f]", raw)
        == []
    )


def test_the_list_of_mistakes_names_samples_that_exist() -> None:
    assert set(_IDS) >= _NAMED
    assert len(_NAMED) > 20


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"id": "x" * 200},
        {"source": [{"speaker": "", "text": "", "start": 0, "end": 0.5}]},
        {"source": [{"speaker": "Agent", "text": "x" * 16_000}]},
        {"model": {"name": "replywright", "version": "3.2", "seed": 4}},
        {"language": "zh-Hant-TW"},
        {"priority": -100},
        {"priority": 100},
        {"due_at": "2027-02-11T14:20:00Z"},
        {"due_at": "2027-02-11T14:20:00.5-03:30"},
        {"requires": ["billing", "fraud"]},
        {"colour": "blue"},
    ],
    ids=repr,
)
def test_what_the_schema_allows_the_import_accepts(changed: dict[str, Any]) -> None:
    assert _is_valid(_importable(**changed))
    assert _is_accepted(_importable(**changed))


@pytest.mark.parametrize(
    "changed",
    [
        *({field: ...} for field in ("id", "kind", "channel", "draft", "source")),
        {"id": ""},
        {"id": 7},
        {"id": "x" * 201},
        {"channel": "fax"},
        {"draft": ""},
        {"draft": " \n"},
        {"source": "hello"},
        {"source": [{"speaker": "Agent"}]},
        {"source": [{"speaker": "Agent", "text": "x" * 16_001}]},
        {"source": [{"speaker": "Agent", "text": "Hello", "start": -1}]},
        {"source": [{"speaker": "Agent", "text": "Hello", "end": "0:04"}]},
        {"model": {"name": "replywright"}},
        {"language": "sr_Latn"},
        {"priority": 101},
        {"priority": 0.5},
        {"due_at": "2027-02-11T14:20:00"},
        {"due_at": "tomorrow"},
        {"requires": "billing"},
        {"requires": [""]},
    ],
    ids=repr,
)
def test_what_the_schema_forbids_the_import_refuses(changed: dict[str, Any]) -> None:
    assert not _is_valid(_importable(**changed))
    assert not _is_accepted(_importable(**changed))
