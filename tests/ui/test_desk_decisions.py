"""Every decision on every kind, through the real window and by keys only; what leaves is compared byte for byte."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from reviewer.domain.attestations import MEANING, STATEMENT
from reviewer.domain.kinds import KINDS
from tests.factories import EMAIL_REPLY, EMAIL_SAMPLE, Profile
from tests.ui.driver import DrivenDesk, press, type_text


class Sample(NamedTuple):
    """A draft of a kind, the fields that leave beside its final, and both after typing "New " where typing starts."""

    draft: str
    fields: dict[str, Any] | None
    edited: str
    edited_fields: dict[str, Any] | None


SUMMARY = """Ana called about her bill.\u00a0It was doubled.

Action items:
- refund 40 €
- call back by Friday

Keywords: billing, refund

Sentiment: negative
"""
NOTE = "SUBJECTIVE\nCough for three days.\n\nObjective:\nT 37.9 °C\n\nPLAN:\nFluids, rest.\n"
SAMPLES = {
    "sms": Sample("Hi Ana, 15 May at 9:00 is fine. 🙂", None, "New Hi Ana, 15 May at 9:00 is fine. 🙂", None),
    "summary": Sample(
        SUMMARY,
        {
            "text": "Ana called about her bill.\u00a0It was doubled.",
            "action_items": ["refund 40 €", "call back by Friday"],
            "keywords": ["billing", "refund"],
            "sentiment": "negative",
        },
        "New " + SUMMARY,
        {
            "text": "New Ana called about her bill.\u00a0It was doubled.",
            "action_items": ["refund 40 €", "call back by Friday"],
            "keywords": ["billing", "refund"],
            "sentiment": "negative",
        },
    ),
    "clinical_note": Sample(
        NOTE,
        {
            "sections": [
                {"heading": "SUBJECTIVE", "text": "Cough for three days."},
                {"heading": "Objective", "text": "T 37.9 °C"},
                {"heading": "PLAN", "text": "Fluids, rest."},
            ]
        },
        "New " + NOTE,
        {
            "sections": [
                {"heading": "", "text": "New SUBJECTIVE\nCough for three days."},
                {"heading": "Objective", "text": "T 37.9 °C"},
                {"heading": "PLAN", "text": "Fluids, rest."},
            ]
        },
    ),
    "email_reply": Sample(
        EMAIL_SAMPLE,
        {
            "subject": "Your parcel 4471",
            "text": "Dear Ms Okafor,\n\nit arrives on Tuesday.\n\nKind regards",
        },
        EMAIL_SAMPLE.replace("Your parcel", "New Your parcel"),
        {
            "subject": "New Your parcel 4471",
            "text": "Dear Ms Okafor,\n\nit arrives on Tuesday.\n\nKind regards",
        },
    ),
}


@pytest.fixture(params=[*KINDS, EMAIL_REPLY.key])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each kind of the product, and one that is only a declaration."""
    monkeypatch.setitem(KINDS, EMAIL_REPLY.key, EMAIL_REPLY)
    return str(request.param)


class Sitting:
    """A desk with two items of one kind, the second less urgent."""

    def __init__(self, profile: Profile, kind: str, open_desk: Callable[[], DrivenDesk]) -> None:
        self.profile = profile
        self.kind = kind
        self.sample = SAMPLES[kind]
        self.first = profile.put(id="first", kind=kind, draft=self.sample.draft, recipient="+381 60 1234", priority=2)
        self.second = profile.put(id="second", kind=kind, draft="Another draft.", priority=1)
        self.desk = open_desk()
        assert self.desk.external_id == "first"
        assert self.desk.text == self.sample.draft

    def approve(self) -> None:
        """Approve the first item and wait for the second."""
        self.desk.approve()
        self.desk.wait_for_item("second")

    def let_it_leave(self) -> None:
        """End every hold and do what is due then."""
        self.desk.settle()
        self.profile.let_holds_end()
        self.profile.services().work.round()

    def sent(self) -> bytes:
        """Return the one file in sent/."""
        self.let_it_leave()
        assert self.profile.files("returned") == {}
        ((name, content),) = self.profile.files("sent").items()
        assert name == f"{self.row('id')}.json"
        return content

    def returned(self) -> bytes:
        """Return the one file in returned/."""
        self.let_it_leave()
        assert self.profile.files("sent") == {}
        ((name, content),) = self.profile.files("returned").items()
        assert name == f"{self.row('id')}.json"
        return content

    def row(self, column: str) -> Any:
        """Return a value of the first item's one standing decision."""
        ((value,),) = self.profile.rows(
            f"SELECT {column} FROM decision WHERE item_id = ? AND state != 'withdrawn'", self.first
        )
        return value

    def request(self, verdict: str, **said: Any) -> bytes:
        """Return the bytes that must leave for the first item; `said` is what its verdict brings along."""
        request: dict[str, Any] = {"item": self.first, "external_id": "first", "kind": self.kind, "verdict": verdict}
        request |= {name: value for name, value in said.items() if name != "fields" or value is not None}
        request["recipient"] = "+381 60 1234"
        if KINDS[self.kind].signed and "final" in said:
            signed = {"name": "First", "meaning": MEANING, "statement": STATEMENT, "signed_at": self._signed_at()}
            request["signature"] = signed
        decided_at = datetime.fromtimestamp(self.row("decided_at") / 1000, UTC).isoformat()
        request |= {"decided_at": decided_at.replace("+00:00", "Z"), "decision": self.row("id")}
        return json.dumps(request, ensure_ascii=False, indent=1).encode()

    def _signed_at(self) -> str:
        """Return when the first item was signed: in the instant of the decision."""
        (file,) = self.profile.files("sent").values()
        signed_at = str(json.loads(file)["signature"]["signed_at"])
        assert abs(datetime.fromisoformat(signed_at).timestamp() * 1000 - self.row("decided_at")) < 1_000
        return signed_at


@pytest.fixture
def sitting(profile: Profile, kind: str, open_desk: Callable[[], DrivenDesk]) -> Sitting:
    return Sitting(profile, kind, open_desk)


def test_an_untouched_draft_leaves_byte_for_byte(sitting: Sitting) -> None:
    sitting.approve()
    sent = sitting.sent()
    assert sent == sitting.request("approve", final=sitting.sample.draft, fields=sitting.sample.fields)


def test_what_was_typed_leaves_as_it_stood_on_screen(sitting: Sitting) -> None:
    type_text("New ")
    assert sitting.desk.text == sitting.sample.edited
    sitting.approve()
    sample, sent = sitting.sample, sitting.sent()
    assert sent == sitting.request("approve_with_edits", final=sample.edited, fields=sample.edited_fields)


def test_a_rejection_goes_back_with_its_reason(sitting: Sitting) -> None:
    press("Ctrl+R")
    press("T", "Return")
    sitting.desk.wait_for_item("second")
    assert sitting.returned() == sitting.request("reject", producer="tests", reason="tone", note=None)


def test_a_response_goes_back_with_its_instructions(sitting: Sitting) -> None:
    press("Ctrl+M")
    type_text("Shorter, пожалуйста.")
    press("Return")
    sitting.desk.wait_for_item("second")
    returned = sitting.returned()
    assert returned == sitting.request("respond", producer="tests", reason=None, note="Shorter, пожалуйста.")


def test_an_escalated_item_comes_to_a_supervisor_with_who_and_why(sitting: Sitting) -> None:
    press("Ctrl+E")
    type_text("Is the dose right?")
    press("Return")
    sitting.desk.wait_for_item("second")
    sitting.let_it_leave()
    assert sitting.profile.state(sitting.first) == "escalated"
    sitting.desk.approve()  # decides the second
    sitting.desk.wait_for_item("first")
    assert sitting.desk.sees("▲ escalated")
    assert sitting.desk.sees("First, escalated: Is the dose right?")
    assert sitting.profile.files("sent") == sitting.profile.files("returned") == {}


def test_a_skipped_item_rests_and_comes_back(sitting: Sitting) -> None:
    press("Ctrl+K")
    type_text("Waiting for a call.")
    press("Return")
    sitting.desk.wait_for_item("second")
    sitting.let_it_leave()
    assert sitting.profile.state(sitting.first) == "skipped"
    sitting.profile.let_skips_end()
    sitting.profile.services().work.round()
    sitting.desk.approve()
    sitting.desk.wait_for_item("first")
    assert sitting.desk.text == sitting.sample.draft
    assert sitting.profile.files("sent") == sitting.profile.files("returned") == {}


def test_undo_during_the_hold_brings_the_item_back_with_its_text(sitting: Sitting) -> None:
    type_text("New ")
    sitting.approve()
    press("Ctrl+Z")
    sitting.desk.wait_for_item("first")
    assert sitting.desk.text == sitting.sample.edited
    sitting.let_it_leave()
    assert sitting.profile.files("sent") == {}
    assert sitting.profile.state(sitting.first) == "leased"
    sitting.approve()
    sample, sent = sitting.sample, sitting.sent()
    assert sent == sitting.request("approve_with_edits", final=sample.edited, fields=sample.edited_fields)


def test_undo_while_typing_takes_back_the_typing_only(sitting: Sitting) -> None:
    sitting.approve()
    type_text("x")
    press("Ctrl+Z")
    assert sitting.desk.text == "Another draft."
    sitting.desk.settle()
    assert sitting.desk.external_id == "second"
    assert sitting.profile.state(sitting.first) == "held"
    press("Ctrl+Z")  # now there is nothing to take back in the text
    sitting.desk.wait_for_item("first")
    assert sitting.profile.state(sitting.first) == "leased"
