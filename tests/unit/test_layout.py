"""Fields are ranges of the text: nothing outside a changed one moves, nothing is hidden."""

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reviewer.domain import layout
from reviewer.domain.kinds import KINDS, Form, Kind
from tests.factories import EMAIL_REPLY, EMAIL_SAMPLE
from tests.hostile import HOSTILE

_ALL = [*KINDS.values(), EMAIL_REPLY]
_HEADED = [kind for kind in _ALL if len(kind.fields) > 1]
_SUMMARY = KINDS["summary"]
_TEXT = (
    "The caller moved the visit.\n\nAction items:\n- Tell the hygienist\n- Call back\n\n"
    "Keywords: visit, moved\nSentiment: neutral\n"
)

each_kind = pytest.mark.parametrize("kind", _ALL, ids=lambda kind: kind.key)
each_headed_kind = pytest.mark.parametrize("kind", _HEADED, ids=lambda kind: kind.key)

_words = st.text(alphabet="abcčшß ", min_size=1, max_size=12).map(str.strip).filter(bool)
_blank = st.sampled_from(["", "\n", "\n\n", " \n", "\r\n", "\n\n\n"])
_noise = st.lists(
    st.sampled_from(["Action items:", "Keywords: a, b", "Sentiment: mixed", "subject: x", "PLAN:", "- one", ":"])
    | st.sampled_from(["\n", "\n\n", "\r\n"])
    | st.text(max_size=8),
    max_size=12,
).map("".join)


@st.composite
def _fitting(draw: st.DrawFn, kind: Kind) -> str:
    """Draw a text that has each heading at most once, values often empty, with blank lines between."""
    fields = draw(st.permutations([f for f in kind.fields if f is not kind.body]))
    pieces = [draw(_blank), draw(st.just("") | _words.map(lambda words: f"{words}\n"))]
    for field in fields[: draw(st.integers(0, len(fields)))]:
        value = draw(st.just("") | _words)
        gap = draw(st.sampled_from(["\n", " "])) if field.multiline else " "
        end = draw(st.sampled_from(["\n", " \n", "\n\n"]))
        pieces.append(f"{field.label}:{gap if value else ''}{value}{end}")
    return "".join(pieces)


def _values(kind: Kind, text: str) -> dict[str, str]:
    return {part.field.key: layout.value(part, text) for part in layout.parts(kind, text)}


@each_kind
@given(data=st.data())
def test_composing_with_nothing_changed_gives_the_very_text(kind: Kind, data: st.DataObject) -> None:
    text = data.draw(_noise | _fitting(kind))
    present = {part.field.key: layout.value(part, text) for part in layout.parts(kind, text) if part.present}
    assert layout.compose(kind, text, {}) == text
    assert layout.compose(kind, text, present) == text


@each_kind
@given(data=st.data())
def test_the_parts_are_ranges_that_do_not_overlap_and_the_body_is_always_there(kind: Kind, data: st.DataObject) -> None:
    text = data.draw(_noise | _fitting(kind))
    parts = layout.parts(kind, text)
    assert [part.field for part in parts] == list(kind.fields)
    assert next(part for part in parts if part.field is kind.body).present
    taken = sorted((part.start, part.end) for part in parts if part.present)
    assert all(0 <= start <= end <= len(text) for start, end in taken)
    assert all(end <= start for (_, end), (start, _) in pairwise(taken))


@each_kind
@given(data=st.data())
def test_every_character_outside_a_changed_field_stays(kind: Kind, data: st.DataObject) -> None:
    text = data.draw(_noise | _fitting(kind))
    part = data.draw(st.sampled_from(layout.parts(kind, text)))
    changed = layout.compose(kind, text, {part.field.key: data.draw(_words)})
    if part.present:
        assert changed.startswith(text[: part.start])
        assert changed.endswith(text[part.end :])
    else:
        kept = text.rstrip()
        kept += re.match(r"[ \t]*", text[len(kept) :]).group() if kept else ""  # type: ignore[union-attr]
        assert changed.startswith(kept)
        assert changed.endswith(text[len(kept) :])


@each_headed_kind
@given(data=st.data())
def test_a_changed_field_is_read_back_and_the_others_are_as_they_were(kind: Kind, data: st.DataObject) -> None:
    text = data.draw(_fitting(kind))
    before = _values(kind, text)
    changed = data.draw(
        st.dictionaries(st.sampled_from([field.key for field in kind.fields]), st.just("") | _words, max_size=3)
    )
    assert _values(kind, layout.compose(kind, text, changed)) == before | changed


def test_a_field_added_to_blanks_alone_does_not_take_them() -> None:
    kind = KINDS["summary"]
    composed = layout.compose(kind, " \n", {"text": "", "action_items": "a"})
    assert _values(kind, composed)["action_items"] == "a"


@each_headed_kind
@given(data=st.data())
def test_no_visible_character_is_outside_the_fields_and_their_headings(kind: Kind, data: st.DataObject) -> None:
    text = data.draw(_noise | _fitting(kind))
    parts = [part for part in layout.parts(kind, text) if part.present]
    labels = {part.field.label.casefold() for part in parts}
    place, outside = 0, []
    for part in sorted(parts, key=lambda part: part.start):
        outside.append(text[place : part.start])
        place = part.end
    outside.append(text[place:])
    lines = [line.strip(" \t#*").casefold() for piece in outside for line in piece.split(":")]
    assert {line for line in map(str.strip, lines) if line} <= labels


def test_a_summary_falls_into_its_fields() -> None:
    assert layout.values(_SUMMARY, _TEXT) == {
        "text": "The caller moved the visit.",
        "action_items": ["Tell the hygienist", "Call back"],
        "keywords": ["visit", "moved"],
        "sentiment": "neutral",
    }


def test_a_space_at_the_end_of_a_field_belongs_to_it_and_leaves_with_nothing() -> None:
    text = "She called so \n\nAction items:\n- refund \n\nSentiment: negative\n"
    kind = KINDS["summary"]
    first, items = layout.parts(kind, text)[:2]
    assert layout.value(first, text) == "She called so "
    assert layout.value(items, text) == "- refund "
    assert layout.values(kind, text)["text"] == "She called so"


def test_a_text_without_headings_is_all_body() -> None:
    assert _values(_SUMMARY, " One line.\n") == {
        "text": "One line.",
        "action_items": "",
        "keywords": "",
        "sentiment": "",
    }


@pytest.mark.parametrize(
    "text",
    [
        "One.\n\nSentiment: mixed\nTwo.",
        "One.\n\nKeywords: a\nKeywords: b",
        "One.\n\nAction items:\n- a\n\nAction items:\n- b",
        *(hostile.text for hostile in HOSTILE if hostile.name == "fake-section"),
    ],
)
def test_a_text_that_does_not_fit_is_shown_whole(text: str) -> None:
    assert _values(_SUMMARY, text) == {"text": text, "action_items": "", "keywords": "", "sentiment": ""}


def test_a_missing_field_is_added_under_its_heading_once_it_has_text() -> None:
    assert layout.compose(_SUMMARY, "One.\n", {"keywords": ""}) == "One.\n"
    assert layout.compose(_SUMMARY, "One.\n", {"keywords": "a, b"}) == "One.\n\nKeywords: a, b\n"
    assert layout.compose(_SUMMARY, "One.", {"action_items": "- a"}) == "One.\n\nAction items:\n- a"


def test_an_empty_field_is_filled_without_running_into_the_next_heading() -> None:
    empty = "Action items:\nKeywords:\nSentiment:"
    filled = layout.compose(
        _SUMMARY, empty, {"text": "One.", "action_items": "- a\n- b", "keywords": "k", "sentiment": "mixed"}
    )
    assert filled == "One.\n\nAction items:\n- a\n- b\nKeywords: k\nSentiment: mixed"


def test_headings_are_found_whatever_their_case_and_decoration() -> None:
    text = "One.\n\n**ACTION ITEMS:\n1. a\n2) b\n[ ] c\n\n# keywords: x"
    assert layout.values(_SUMMARY, text)["action_items"] == ["a", "b", "c"]
    assert layout.values(_SUMMARY, text)["keywords"] == ["x"]


def test_line_ends_of_windows_do_not_disturb_the_fields() -> None:
    text = _TEXT.replace("\n", "\r\n")
    assert layout.values(_SUMMARY, text) == layout.values(_SUMMARY, _TEXT)
    assert layout.compose(_SUMMARY, text, {"sentiment": "mixed"}) == text.replace("neutral", "mixed")


def test_an_email_has_its_subject_beside_its_text() -> None:
    assert _values(EMAIL_REPLY, EMAIL_SAMPLE) == {
        "subject": "Your parcel 4471",
        "text": "Dear Ms Okafor,\n\nit arrives on Tuesday.\n\nKind regards",
    }
    changed = layout.compose(EMAIL_REPLY, EMAIL_SAMPLE, {"subject": "On its way"})
    assert changed == EMAIL_SAMPLE.replace("Your parcel 4471", "On its way")


@given(_noise | st.text())
@example("\n\nPLAN:\nRest.")
@example(" \nPlan: rest.")
def test_the_pieces_of_a_note_make_up_the_text(text: str) -> None:
    sections = layout.sections(text)
    assert "".join(text[s.start : s.body_start] + text[s.body_start : s.end] for s in sections) == text
    assert all(s.start <= s.body_start <= s.end for s in sections)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_a_hostile_text_is_cut_without_loss(hostile: Any) -> None:
    for kind in _ALL:
        assert layout.compose(kind, hostile.text, {}) == hostile.text
        assert layout.values(kind, hostile.text).keys() == {field.key for field in kind.fields}
    assert "".join(hostile.text[s.start : s.end] for s in layout.sections(hostile.text)) == hostile.text


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("Subjective:\nCough.\n\nObjective:\nClear.", ["Subjective", "Objective"]),
        ("HISTORY OF PRESENT ILLNESS\nCough.\n\nPLAN\nRest.", ["HISTORY OF PRESENT ILLNESS", "PLAN"]),
        ("S: Cough.\nO: Clear.\nA: Cold.\nP: Rest.", ["S", "O", "A", "P"]),
        ("## Plan\nRest.", ["Plan"]),
        ("**Plan**\nRest.", ["Plan"]),
        ("Anamneza: kašalj.\nТерапија: мировање.", ["Anamneza", "Терапија"]),
        ("No heading here. Just text.", [""]),
        ("First a word.\n\nPlan:\nRest.", ["", "Plan"]),
        ("", [""]),
    ],
)
def test_a_note_is_cut_at_its_own_headings(text: str, headings: list[str]) -> None:
    assert [section.heading for section in layout.sections(text)] == headings


@pytest.mark.parametrize("line", ["At 10:30 she left.", "He said: fine.", "- Ibuprofen 400 mg", "It is 5.5 cm.", ""])
def test_a_sentence_is_no_heading(line: str) -> None:
    assert [section.heading for section in layout.sections(line)] == [""]


def test_the_sections_of_a_note_leave_as_headings_with_their_text() -> None:
    note = "Subjective:\nCough for 3 days.\n\nPlan: rest.\n"
    assert KINDS["clinical_note"].body.form is Form.SECTIONS
    assert layout.values(KINDS["clinical_note"], note) == {
        "sections": [{"heading": "Subjective", "text": "Cough for 3 days."}, {"heading": "Plan", "text": "rest."}]
    }
