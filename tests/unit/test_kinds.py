"""Every kind declares what the desk needs; a new entry in KINDS is held to the same."""

import re
from datetime import timedelta

import pytest

from reviewer.domain import limits
from reviewer.domain.decisions import Verdict
from reviewer.domain.kinds import KINDS, Form, Kind
from reviewer.domain.members import Role
from tests.factories import EMAIL_REPLY

each_kind = pytest.mark.parametrize("kind", [*KINDS.values(), EMAIL_REPLY], ids=lambda kind: kind.key)


def test_each_kind_stands_under_its_own_key() -> None:
    assert [kind.key for kind in KINDS.values()] == list(KINDS)
    assert set(KINDS) >= {"sms", "summary", "clinical_note"}


@each_kind
def test_a_key_fits_the_database_and_a_file(kind: Kind) -> None:
    assert re.fullmatch(r"[a-z][a-z_]{1,59}", kind.key)
    assert kind.label.strip()


@each_kind
def test_the_fields_have_keys_and_labels_of_their_own(kind: Kind) -> None:
    assert kind.fields
    for names in ([f.key for f in kind.fields], [f.label.casefold() for f in kind.fields]):
        assert len(set(names)) == len(names)
    assert all(":" not in field.label and field.label.strip() == field.label != "" for field in kind.fields)


@each_kind
def test_the_body_is_the_one_field_of_running_text(kind: Kind) -> None:
    assert [f for f in kind.fields if f.form in (Form.TEXT, Form.SECTIONS)] == [kind.body]
    assert kind.body.multiline


@each_kind
def test_a_field_is_no_longer_than_a_draft_and_choices_fit_it(kind: Kind) -> None:
    for field in kind.fields:
        assert 0 < field.length <= limits.DRAFT_BYTES
        assert bool(field.choices) == (field.form is Form.CHOICE)
        assert all(0 < len(choice) <= field.length for choice in field.choices)
        assert field.multiline == (field.form in (Form.TEXT, Form.LIST, Form.SECTIONS))


@each_kind
def test_somebody_who_reviews_may_take_it(kind: Kind) -> None:
    assert kind.roles
    assert kind.roles <= {Role.AGENT, Role.CLINICIAN, Role.SUPERVISOR}


@each_kind
def test_the_lease_gives_time_to_read_and_the_hold_gives_time_to_undo(kind: Kind) -> None:
    assert timedelta(minutes=1) <= kind.lease <= timedelta(hours=1)
    assert timedelta(seconds=5) <= kind.hold <= timedelta(minutes=5)


@each_kind
def test_every_item_can_be_approved_refused_and_passed_on(kind: Kind) -> None:
    assert kind.decisions <= set(Verdict)
    assert kind.decisions >= {Verdict.APPROVE, Verdict.REJECT, Verdict.ESCALATE}


def test_an_sms_is_held_ten_seconds_and_counted_in_segments() -> None:
    assert KINDS["sms"].hold == timedelta(seconds=10)
    assert KINDS["sms"].counts_segments
    assert not KINDS["summary"].counts_segments


def test_a_summary_has_text_action_items_keywords_and_sentiment() -> None:
    forms = {field.key: field.form for field in KINDS["summary"].fields}
    assert forms == {
        "text": Form.TEXT,
        "action_items": Form.LIST,
        "keywords": Form.TAGS,
        "sentiment": Form.CHOICE,
    }


def test_only_clinicians_take_a_clinical_note() -> None:
    assert KINDS["clinical_note"].roles == {Role.CLINICIAN}
    assert KINDS["clinical_note"].body.form is Form.SECTIONS
