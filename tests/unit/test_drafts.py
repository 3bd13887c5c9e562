"""The border: each line is taken whole or refused alone, with its number, the field and a reason."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.channels import drafts
from reviewer.channels.drafts import Accepted, Refused
from reviewer.domain import limits
from reviewer.domain.items import Channel, IncomingDraft, ModelInfo, Turn
from reviewer.domain.kinds import KINDS
from tests.factories import line, record
from tests.hostile import HOSTILE


def _read(*lines: bytes, unknown: Counter[str] | None = None) -> list[Accepted | Refused]:
    return list(drafts.read(lines, Counter() if unknown is None else unknown))


def _draft(**changed: Any) -> IncomingDraft:
    (read,) = _read(line(**changed))
    assert isinstance(read, Accepted), read
    return read.draft


def _refused(untrusted: bytes) -> Refused:
    (read,) = _read(untrusted)
    assert isinstance(read, Refused), read
    return read


def _long_source(size_bytes: int) -> list[dict[str, str]]:
    turn = {"speaker": "", "text": "x" * limits.PARAGRAPH_CHARACTERS}
    whole, rest = divmod(size_bytes, limits.PARAGRAPH_CHARACTERS)
    return [turn] * whole + [{"speaker": "", "text": "x" * rest}]


def test_a_full_line_becomes_a_draft() -> None:
    (read,) = _read(
        line(
            id="n/7",
            kind="clinical_note",
            channel="voice",
            draft="Plan:\nRest.",
            source=[{"speaker": "Patient", "text": "Hello", "start": 0, "end": 1.5, "mood": "calm"}],
            model={"name": "scribe", "version": "2", "prompt_version": "v3", "seed": 1},
            recipient="+12025550107",
            language="sr-Latn",
            priority=-7,
            due_at="2027-02-11T14:20:00+01:00",
            requires=["cardiology", "intake"],
        )
    )
    assert isinstance(read, Accepted)
    assert read.number == 1
    assert read.draft == IncomingDraft(
        external_id="n/7",
        kind="clinical_note",
        channel=Channel.VOICE,
        draft="Plan:\nRest.",
        source=(Turn("Patient", "Hello", 0.0, 1.5),),
        model=ModelInfo("scribe", "2", "v3"),
        recipient="+12025550107",
        language="sr-Latn",
        priority=-7,
        due_at=datetime(2027, 2, 11, 13, 20, tzinfo=UTC),
        requires=frozenset({"cardiology", "intake"}),
    )


def test_what_may_be_left_out_may_also_be_null() -> None:
    optional = ("model", "recipient", "language", "priority", "due_at", "requires")
    for name in optional:
        assert _draft(id="1", **{name: None}) == _draft(id="1")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channel", Channel)
def test_every_kind_comes_from_every_channel(kind: str, channel: Channel) -> None:
    made = _draft(kind=kind, channel=channel.value)
    assert (made.kind, made.channel) == (kind, channel)


_FAULTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("no-id", {"id": ...}, "id", "missing"),
    ("null-id", {"id": None}, "id", "missing"),
    ("empty-id", {"id": ""}, "id", "empty"),
    ("blank-id", {"id": " \t"}, "id", "empty"),
    ("long-id", {"id": "x" * 201}, "id", "longer than 200"),
    ("number-as-id", {"id": 7}, "id", "must be text, not a number"),
    ("unknown-kind", {"kind": "telegram"}, "kind", "known: clinical_note, sms, summary"),
    ("no-kind", {"kind": ...}, "kind", "missing"),
    ("list-as-kind", {"kind": ["sms"]}, "kind", "must be text, not a list"),
    ("unknown-channel", {"channel": "fax"}, "channel", "known: voice, sms, chat, email"),
    ("no-draft", {"draft": ...}, "draft", "missing"),
    ("empty-draft", {"draft": ""}, "draft", "empty"),
    ("blank-draft", {"draft": " \n\u2003"}, "draft", "empty"),
    ("object-as-draft", {"draft": {"text": "x"}}, "draft", "must be text, not an object"),
    ("large-draft", {"draft": "é\n" * 21_846}, "draft", "65,538 bytes; a draft may have 65,536"),
    ("long-paragraph", {"draft": "x" * 16_001}, "draft", "16,001 characters"),
    ("nul-in-draft", {"draft": "a\0b"}, "draft", "U+0000"),
    ("noncharacter-in-draft", {"draft": "a\ufffe"}, "draft", "U+FFFE"),
    ("no-source", {"source": ...}, "source", "missing"),
    ("text-as-source", {"source": "hello"}, "source", "must be a list of turns, not text"),
    ("text-as-turn", {"source": ["hello"]}, "source[0]", "must be an object"),
    ("null-as-turn", {"source": [None]}, "source[0]", "missing"),
    ("large-source", {"source": _long_source(limits.SOURCE_BYTES + 1)}, "source", "1,048,577 bytes"),
    ("no-speaker", {"source": [{"text": "x"}]}, "source[0].speaker", "missing"),
    ("long-speaker", {"source": [{"speaker": "x" * 201, "text": ""}]}, "source[0].speaker", "longer than 200"),
    ("no-text", {"source": [{"speaker": "A", "text": "x"}, {"speaker": "B"}]}, "source[1].text", "missing"),
    ("long-turn", {"source": [{"speaker": "A", "text": "x" * 16_001}]}, "source[0].text", "a turn may have 16,000"),
    ("nul-in-turn", {"source": [{"speaker": "A", "text": "\0"}]}, "source[0].text", "U+0000"),
    ("text-as-start", {"source": [{"speaker": "A", "text": "", "start": "0:04"}]}, "source[0].start", "seconds"),
    ("true-as-end", {"source": [{"speaker": "A", "text": "", "end": True}]}, "source[0].end", "not true or false"),
    ("negative-start", {"source": [{"speaker": "A", "text": "", "start": -1}]}, "source[0].start", "not a time"),
    ("endless-end", {"source": [{"speaker": "A", "text": "", "end": 1e999}]}, "", "holds a number that is none"),
    ("text-as-model", {"model": "gpt"}, "model", "must be an object"),
    ("no-model-name", {"model": {"version": "1"}}, "model.name", "missing"),
    ("no-model-version", {"model": {"name": "gpt"}}, "model.version", "missing"),
    ("number-as-prompt", {"model": {"name": "g", "version": "1", "prompt_version": 3}}, "model.prompt_version", "text"),
    ("number-as-recipient", {"recipient": 381641234567}, "recipient", "must be text"),
    ("empty-recipient", {"recipient": ""}, "recipient", "empty"),
    ("wrong-language", {"language": "sr_Latn"}, "language", "BCP 47"),
    ("text-as-priority", {"priority": "high"}, "priority", "whole number"),
    ("true-as-priority", {"priority": True}, "priority", "whole number"),
    ("half-a-priority", {"priority": 0.5}, "priority", "whole number"),
    ("wild-priority", {"priority": 101}, "priority", "outside -100 to 100"),
    ("number-as-due-time", {"due_at": 1_770_000_000}, "due_at", "must be a date and time"),
    ("no-due-time", {"due_at": "tomorrow"}, "due_at", "not a date and time"),
    ("naive-due-time", {"due_at": "2027-02-11T14:20:00"}, "due_at", "no offset from UTC"),
    ("ancient-due-time", {"due_at": "0001-01-01T00:00:00Z"}, "due_at", "outside the years"),
    ("far-due-time", {"due_at": "9999-12-31T23:59:59-12:00"}, "due_at", "outside the years"),
    ("text-as-skills", {"requires": "billing"}, "requires", "at most 20 skills"),
    ("too-many-skills", {"requires": ["a"] * 21}, "requires", "at most 20 skills"),
    ("empty-skill", {"requires": [""]}, "requires", "empty"),
    ("number-as-skill", {"requires": [4]}, "requires", "must be text"),
]


@pytest.mark.parametrize(("changed", "field", "reason"), [f[1:] for f in _FAULTS], ids=[f[0] for f in _FAULTS])
def test_a_faulty_line_is_refused_with_its_number_field_and_reason(
    changed: dict[str, Any], field: str, reason: str
) -> None:
    faulty = json.dumps(record(**changed)).encode()
    good = line()
    before, read, after = _read(good, faulty, good)
    assert isinstance(before, Accepted)
    assert isinstance(after, Accepted)
    assert isinstance(read, Refused)
    assert (read.number, read.field) == (2, field)
    assert reason in read.reason
    assert read.line == faulty.decode()


@pytest.mark.parametrize(
    ("untrusted", "reason"),
    [
        (b"{", "broken JSON at character 2"),
        (b'{"id": 1,}', "broken JSON"),
        (b"hello", "broken JSON at character 1"),
        (b'{"id": "1"} {"id": "2"}', "broken JSON at character 13"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"NaN", "a number that is none"),
        (b'{"priority": NaN}', "a number that is none"),
        (b'{"priority": -Infinity}', "a number that is none"),
        (b'{"priority": ' + b"9" * 5_000 + b"}", "a number that is none"),
        (b"[" * 200_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b'{"id": "\xff"}', "not UTF-8 at byte 9"),
        (line().decode().encode("utf-16"), "not UTF-8"),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", "broken JSON"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_line_that_is_no_record_is_refused_as_a_whole(untrusted: bytes, reason: str) -> None:
    read = _refused(untrusted)
    assert (read.number, read.field) == (1, "")
    assert reason in read.reason


def test_a_line_of_more_than_eight_mebibytes_is_refused_unread() -> None:
    assert _refused(b'{"id": "' + b"x" * limits.LINE_BYTES).reason == "the line is larger than 8 MiB"


def test_half_a_surrogate_pair_is_refused_although_json_allows_it() -> None:
    assert _refused(line(draft="?").replace(b'"?"', rb'"\ud83d"')).reason == "holds U+D83D, which cannot be stored"


def test_the_largest_draft_source_turn_and_paragraph_are_taken() -> None:
    whole = "x" * limits.PARAGRAPH_CHARACTERS
    draft = "\n".join([whole] * 4) + "\n" + "x" * (limits.DRAFT_BYTES - 4 * len(whole) - 4)
    assert len(draft.encode()) == limits.DRAFT_BYTES
    made = _draft(draft=draft, source=_long_source(limits.SOURCE_BYTES))
    assert made.draft == draft
    assert sum(len(turn.text) for turn in made.source) == limits.SOURCE_BYTES


def test_the_lines_are_numbered_as_an_editor_numbers_them() -> None:
    assert [read.number for read in _read(b"\n", line(), b"  \r\n", b"x\n", line())] == [2, 4, 5]


def test_a_byte_order_mark_at_the_start_of_the_file_is_passed_over() -> None:
    first, second = _read(b"\xef\xbb\xbf" + line(), b"\xef\xbb\xbf" + line())
    assert isinstance(first, Accepted)
    assert isinstance(second, Refused)


def test_the_refused_line_is_kept_as_it_came() -> None:
    assert _refused(b'{"id": "\xff\xc4\x8d"}\r\n').line == '{"id": "\\xffč"}'


def test_unknown_fields_are_ignored_and_counted_on_lines_that_are_taken() -> None:
    unknown: Counter[str] = Counter()
    _read(line(labels={}, license="MIT"), line(license="MIT"), line(license="MIT", kind="fax"), unknown=unknown)
    assert unknown == {"labels": 1, "license": 2}


def test_the_last_of_a_doubled_key_counts_as_json_says() -> None:
    assert _draft(id="1").draft != "b"
    (read,) = _read(b'{"id":"1","kind":"sms","channel":"sms","draft":"a","draft":"b","source":[]}')
    assert isinstance(read, Accepted)
    assert read.draft.draft == "b"


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_a_hostile_text_is_taken_as_it_is_or_refused(hostile: Any) -> None:
    (read,) = _read(json.dumps(record(draft=hostile.text)).encode())
    if isinstance(read, Accepted):
        assert read.draft.draft == hostile.text
    else:
        assert read.field == "draft"
        assert hostile.text.strip() == "" or limits.unstorable_character(hostile.text) or len(hostile.text) > 16_000


def test_no_reason_repeats_what_the_line_said() -> None:
    secret = "Okafor 064 123 4567"
    names = ("id", "kind", "channel", "draft", "recipient", "language", "due_at", "model", "requires", "priority")
    for name in names:
        for wrong in (secret * 20_000, {secret: secret}, [secret]):
            for read in _read(json.dumps(record(**{name: wrong})).encode()):
                assert not isinstance(read, Refused) or secret not in read.field + read.reason


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_mangled = st.fixed_dictionaries(
    {}, optional=dict.fromkeys([*record(), "model", "language", "priority", "due_at", "requires"], _json)
)


def _check(lines: list[bytes]) -> None:
    read = _read(*lines)
    expected = [number for number, raw in enumerate(lines, start=1) if raw.strip()]
    assert [each.number for each in read] == expected
    for each in read:
        if isinstance(each, Refused):
            assert each.reason
            each.line.encode()
        else:
            assert each.draft.draft.strip()
            assert each.draft.kind in KINDS


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_arbitrary_bytes_are_refused_line_by_line_and_never_raise(lines: list[bytes]) -> None:
    _check(lines)


@given(_json)
def test_arbitrary_json_is_accepted_or_refused_and_never_raises(value: object) -> None:
    _check([json.dumps(value).encode(), line()])


@given(_mangled)
def test_a_line_with_fields_of_any_shape_is_accepted_or_refused_and_never_raises(changed: dict[str, Any]) -> None:
    _check([json.dumps(record() | changed).encode()])


@given(st.integers(0, 400), st.binary(min_size=1, max_size=3))
def test_a_damaged_line_is_accepted_or_refused_and_never_raises(place: int, damage: bytes) -> None:
    whole = line(model={"name": "m", "version": "1"}, due_at="2027-02-11T14:20:00Z", language="en")
    _check([whole[:place] + damage + whole[place + len(damage) :], whole[:place]])


def test_lines_are_read_one_at_a_time() -> None:
    def endless() -> Iterable[bytes]:
        while True:
            yield line()

    reading = drafts.read(endless(), Counter())
    assert all(isinstance(next(reading), Accepted) for _ in range(10))
