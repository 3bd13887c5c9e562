"""Findings in the desk, by keyboard alone: marks, the list, the evidence that follows, mending and overriding."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from reviewer.domain.findings import Examination
from reviewer.ledger import Entry as LedgerEntry
from reviewer.services.analysis import Analysis
from reviewer.ui.desk import checking
from reviewer.ui.desk.marks import CURRENT, LAYER, RESTING, Shape
from tests.factories import Profile
from tests.ui.driver import DrivenDesk, press, type_text, wait_until

OpenDesk = Callable[[], DrivenDesk]
WITH_RULES = True

SOURCE = [
    {"speaker": "Patient", "text": "Good morning, lovely weather for the time of year."},
    {"speaker": "Doctor", "text": "Are you still taking the lisinopril?"},
    {"speaker": "Patient", "text": "Yes, 10 mg every day. I am allergic to penicillin by the way."},
    {"speaker": "Doctor", "text": "Your blood pressure is 140 over 90 today. Come back in two weeks."},
]
DRAFT = "Takes lisinopril 20 mg daily. Blood pressure 140/90 today. Review in two weeks."


def _note(profile: Profile, *, analysed: bool = True, **changed: Any) -> str:
    item_id = profile.put(**{"kind": "clinical_note", "draft": DRAFT, "source": SOURCE, **changed})
    if analysed:
        profile.services().analysis.round()
    return item_id


def _message(profile: Profile, **changed: Any) -> str:
    return _note(profile, **{"kind": "sms", **changed})


def _marked(desk: DrivenDesk, layer: str = LAYER) -> list[str]:
    body = desk.view.editor.body
    return [body.text()[start:end] for start, end in body.spans(layer)]


def _rules(desk: DrivenDesk) -> list[str]:
    return [entry.finding.rule for entry in desk.presenter.findings.entries]


def _evidence(desk: DrivenDesk) -> str:
    source = desk.view.source.view
    return " ".join(source.text()[start:end] for start, end in source.spans("evidence"))


def _decided(profile: Profile) -> dict[str, Any]:
    ((body,),) = profile.rows("SELECT body FROM entry WHERE action = 'decided'")
    return dict(LedgerEntry.read(body).details)


def _checked(desk: DrivenDesk) -> None:
    wait_until(lambda: desk.presenter.findings.is_ready, "a checked text")


def _has_focus(desk: DrivenDesk) -> bool:
    return desk.view.editor.body.hasFocus()


# ---- What is shown


def test_what_was_found_at_intake_is_marked_and_listed_without_asking_again(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _note(profile)

    def asked(*_: object, **__: object) -> None:
        raise AssertionError("the analyst was asked")

    monkeypatch.setattr(Analysis, "examine", asked)
    monkeypatch.setattr(Analysis, "recheck", asked)
    desk = open_desk()
    assert "20 mg" in _marked(desk)
    assert _rules(desk)[0] == "dose"
    assert desk.sees("Findings")
    assert desk.sees("1 to fix")
    rows = [desk.view.findings.model.index(row).data() for row in range(desk.view.findings.model.rowCount())]
    assert rows[0].startswith("stop, new number or name: the dose “20 mg” is not in the source. Doctor: “Are you still")
    assert any(row.startswith("look, missing: not found in the draft") and "penicillin" in row for row in rows)


def test_a_note_has_a_mark_in_the_margin_for_each_sentence(profile: Profile, open_desk: OpenDesk) -> None:
    _note(profile)
    desk = open_desk()
    (margin,) = desk.view.evidence.marks._margins.values()
    assert [shape for _, shape in margin.marks] == [Shape.NEW_FACT, Shape.SUPPORTED, Shape.SUPPORTED]
    assert [at for at, _ in margin.marks] == [0, DRAFT.index("Blood"), DRAFT.index("Review")]
    assert margin.isVisible()


def test_nothing_flagged_is_not_called_verified(profile: Profile, open_desk: OpenDesk) -> None:
    _message(profile, draft="Yes, we open at nine.", source=[{"speaker": "C", "text": "Do you open at nine?"}])
    desk = open_desk()
    assert desk.presenter.findings.entries == ()
    assert desk.sees("Nothing was flagged. That is not a verification")


def test_a_draft_without_a_source_says_that_nothing_was_compared(profile: Profile, open_desk: OpenDesk) -> None:
    _message(profile, source=[])
    assert open_desk().sees("There is no source to compare the draft with.")


def test_an_item_opened_before_its_turn_says_so_and_is_analysed_at_once(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    item_id = _note(profile, analysed=False)
    said, looked = [], threading.Event()
    examine = Analysis.examine

    def slowly(self: Analysis, subject: Any, **how: Any) -> Any:
        looked.wait(20)
        return examine(self, subject, **how)

    monkeypatch.setattr(Analysis, "examine", slowly)
    desk = DrivenDesk(profile.folder)
    desk._desk.open()
    wait_until(lambda: desk._desk.presenter is not None and desk.item is not None, "the item")
    said.append(desk.sees("Comparing the draft with its source…"))
    looked.set()
    assert said == [True]
    _checked(desk)
    assert "20 mg" in _marked(desk)
    desk.settle()
    assert profile.rows("SELECT DISTINCT item_id FROM analysis") == [(item_id,)]
    desk.close()


def test_a_rule_that_is_switched_off_marks_nothing(profile: Profile, open_desk: OpenDesk) -> None:
    _note(profile)
    profile.services().policy.switch("clinical_note", "dose", on=False)
    desk = open_desk()
    assert "dose" not in _rules(desk)
    press("Ctrl+End")
    type_text(" Also 30 mg.")
    _checked(desk)
    assert "dose" not in _rules(desk)


def test_line_ends_of_the_draft_do_not_shift_its_marks(profile: Profile, open_desk: OpenDesk) -> None:
    _note(profile, draft=f"Hello.\r\n\r\nPlan:\r\n{DRAFT}\r\n")
    desk = open_desk()
    assert "20 mg" in _marked(desk)
    assert desk.text == f"Hello.\r\n\r\nPlan:\r\n{DRAFT}\r\n"


def test_findings_in_other_fields_are_marked_there(profile: Profile, open_desk: OpenDesk) -> None:
    draft = "Takes lisinopril.\n\nAction items:\n- Order 20 mg tablets\n"
    _note(profile, kind="summary", draft=draft)
    desk = open_desk()
    marked = {
        edit.objectName(): [edit.text()[start:end] for start, end in edit.spans(LAYER)]
        for edit in desk.view.editor.texts()
    }
    assert marked["field_summary_action_items"] == ["20 mg"]
    assert marked["field_summary_text"] == []


# ---- Stepping


def test_f8_goes_through_the_findings_by_weight_and_back(profile: Profile, open_desk: OpenDesk) -> None:
    _note(profile)
    desk = open_desk()
    press("Ctrl+End", "F8")
    assert desk.view.editor.cursor_position() == DRAFT.index("20 mg")
    assert _marked(desk, CURRENT) == ["20 mg"]
    assert "10 mg every day" in _evidence(desk)
    assert _has_focus(desk)
    assert desk.view.findings.list.currentIndex().row() == 0
    press("F8")
    assert desk.presenter.findings.current == desk.presenter.findings.entries[1]
    press("Shift+F8", "Shift+F8")
    assert desk.presenter.findings.current == desk.presenter.findings.entries[-1]
    assert _has_focus(desk)


def test_an_omission_shows_its_turn_from_the_list(profile: Profile, open_desk: OpenDesk) -> None:
    _note(profile)
    desk = open_desk()
    press("F6", "F6", "End", "Return")
    entry = desk.presenter.findings.current
    assert entry is not None
    assert entry.finding.rule == "omission"
    assert desk.view.findings.list.hasFocus()
    passage = entry.finding.passages[0]
    assert _evidence(desk) == SOURCE[passage.turn]["text"][passage.start : passage.end]


def test_the_source_follows_the_sentence_under_the_cursor(profile: Profile, open_desk: OpenDesk) -> None:
    _note(profile)
    desk = open_desk()
    assert "10 mg" in _evidence(desk)
    press("Alt+Down")
    assert desk.view.editor.cursor_position() == DRAFT.index("Blood")
    assert "140 over 90" in _evidence(desk)
    press("Alt+Down", "Alt+Down")
    assert desk.view.editor.cursor_position() == DRAFT.index("Review")
    assert "two weeks" in _evidence(desk)
    press("Alt+Up", "Alt+Up")
    assert desk.view.editor.cursor_position() == 0
    assert _has_focus(desk)


def test_the_evidence_is_scrolled_to_in_a_long_source(profile: Profile, open_desk: OpenDesk) -> None:
    talk = [{"speaker": "Patient", "text": f"And another thing about my neighbour {n}."} for n in range(200)]
    _note(profile, source=[*talk, *SOURCE])
    desk = open_desk()
    wait_until(lambda: desk.view.source.view.is_filled, "the whole source")
    press("Alt+Down")
    view = desk.view.source.view
    ((start, end),) = [span for span in view.spans("evidence") if "140" in view.text()[slice(*span)]]
    for position in (start, end):
        seen = view.cursorRect(view._cursor(position, position))
        assert 0 <= seen.top() <= seen.bottom() <= view.viewport().height()
    assert _has_focus(desk)


def test_a_turn_shows_which_sentences_rest_on_it(profile: Profile, open_desk: OpenDesk) -> None:
    _note(profile)
    desk = open_desk()
    press("F6", "Ctrl+End")
    assert desk.view.source.view.hasFocus()
    assert set(_marked(desk, RESTING)) == {"Blood pressure 140/90 today.", "Review in two weeks."}
    assert desk.sees("2 sentences of the draft rest on this turn.")
    press("Ctrl+Home")
    assert _marked(desk, RESTING) == []
    assert desk.sees("No sentence of the draft rests on this turn.")
    assert 0 in desk.presenter.findings.unused_turns


# ---- Editing


def test_mending_takes_the_mark_away_and_lets_the_note_go(profile: Profile, open_desk: OpenDesk) -> None:
    _message(profile)
    desk = open_desk()
    assert desk.sees("Fix 1")
    press("F8", "Delete")
    type_text("1")
    _checked(desk)
    assert "dose" not in _rules(desk)
    assert _marked(desk) == []
    assert desk.sees("Approve edited")
    press("Ctrl+Return")
    wait_until(lambda: desk.history, "a decision")
    desk.settle()
    dose = next(each for each in _decided(profile)["findings"] if each["rule"] == "dose")
    assert dose == {"rule": "dose", "weight": "stop", "in_draft": 1, "opened": 1, "mended": 1, "in_final": 0}


def test_a_new_error_is_marked_while_it_is_typed(profile: Profile, open_desk: OpenDesk) -> None:
    _note(profile)
    desk = open_desk()
    press("Ctrl+End")
    type_text(" Pulse 77.")
    wait_until(lambda: any("77" in text for text in _marked(desk)), "a mark on the new number")
    assert "20 mg" in _marked(desk)


def test_an_answer_about_an_earlier_text_is_dropped(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _note(profile)
    desk = open_desk()
    answers: list[str] = []
    recheck = Analysis.recheck

    def noted(self: Analysis, subject: Any, found: Any, text: str) -> Examination:
        answers.append(text)
        return recheck(self, subject, found, text)

    monkeypatch.setattr(Analysis, "recheck", noted)
    monkeypatch.setattr(checking, "RECHECK_MS", 0)
    press("Ctrl+End")
    for character in " Pulse 77 and 78 and 79.":
        type_text(character)
        QApplication.processEvents()
    _checked(desk)
    assert answers[-1] == desk.text
    assert len([text for text in _marked(desk) if text.strip(".") in ("77", "78", "79")]) == 3


def test_an_approval_right_after_typing_waits_for_the_check(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "RECHECK_MS", 60_000)  # so that the key surely comes before the check
    _message(profile, draft="Yes, we open at nine.", source=[{"speaker": "C", "text": "Do you open at nine?"}])
    desk = open_desk()
    press("Ctrl+End")
    type_text(" Room 77.")
    press("Ctrl+Return")
    desk.settle()
    assert desk.history == []
    assert desk.sees("1 finding has to be fixed or overridden first.")
    assert desk.sees("Fix 1")


def test_an_approval_that_waited_goes_on_when_nothing_holds_it(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "RECHECK_MS", 60_000)
    _message(profile, draft="Yes, we open at nine.", source=[{"speaker": "C", "text": "Do you open at nine?"}])
    desk = open_desk()
    press("Ctrl+End")
    type_text(" Bye.")
    press("Ctrl+Return")
    wait_until(lambda: desk.history, "the decision")
    desk.settle()
    assert profile.final(str(desk.history[0].decision.id)) == "Yes, we open at nine. Bye."  # type: ignore[union-attr]


# ---- Overriding


def test_approve_jumps_to_what_is_to_be_fixed(profile: Profile, open_desk: OpenDesk) -> None:
    _note(profile)
    desk = open_desk()
    press("Ctrl+End", "Ctrl+Return")
    assert desk.history == []
    assert not desk.signing
    assert desk.view.editor.cursor_position() == DRAFT.index("20 mg")
    assert _marked(desk, CURRENT) == ["20 mg"]


def test_an_override_by_key_lets_the_message_go_and_is_on_record(profile: Profile, open_desk: OpenDesk) -> None:
    _message(profile)
    desk = open_desk()
    press("F8", "F9")
    assert desk.sees("Override: the dose “20 mg” is not in the source")
    press("K", "Return")
    assert _has_focus(desk)
    assert not desk.view.overriding.isVisible()
    assert desk.sees("Approve")
    assert not desk.sees("Fix")
    press("Ctrl+Return")
    wait_until(lambda: desk.history, "the decision")
    desk.settle()
    told = _decided(profile)
    assert told["findings_shown"] is True
    dose = next(each for each in told["findings"] if each["rule"] == "dose")
    assert dose["overridden"] == ["known"]


def test_an_override_needs_a_reason_and_other_a_note(profile: Profile, open_desk: OpenDesk) -> None:
    _message(profile)
    desk = open_desk()
    press("F8", "F9", "Return")
    assert desk.sees("Type the letter of a reason first.")
    press("X", "Return")
    assert desk.sees("“Other” needs a note that says why.")
    type_text("Told me so")
    press("Return")
    entry = desk.presenter.findings.entries[0]
    assert entry.override is not None
    assert (entry.override.reason, entry.override.note) == ("other", "Told me so")


def test_escape_leaves_the_finding_and_f9_takes_an_override_back(profile: Profile, open_desk: OpenDesk) -> None:
    _message(profile)
    desk = open_desk()
    press("F8", "F9", "Escape")
    assert desk.presenter.findings.entries[0].override is None
    assert _has_focus(desk)
    press("F9", "W", "Return")
    assert desk.presenter.findings.left == ()
    press("F9")
    assert len(desk.presenter.findings.left) == 1
    assert desk.sees("Fix 1")


def test_an_override_survives_a_kill(profile: Profile, open_desk: OpenDesk) -> None:
    _message(profile)
    desk = open_desk()
    press("F8", "F9", "S", "Return")
    desk.settle()
    desk.kill()
    profile.let_leases_lapse()
    again = open_desk()
    override = again.presenter.findings.entries[0].override
    assert override is not None
    assert override.reason == "in_source"
    assert again.presenter.findings.left == ()


def test_an_override_survives_a_lock_over_unsaved_words(profile: Profile, open_desk: OpenDesk) -> None:
    _message(profile)
    desk = open_desk()
    press("F8", "F9", "S", "Return", "Ctrl+End")
    type_text(" Regards")
    press("Ctrl+L")
    wait_until(lambda: desk.is_locked, "a locked desk")
    press("Space")
    wait_until(lambda: desk._desk.presenter is not None and desk.item is not None, "the item again")
    _checked(desk)
    assert desk.text.endswith("Regards")
    assert desk.presenter.findings.left == ()


def test_undoing_a_decision_brings_its_override_back(profile: Profile, open_desk: OpenDesk) -> None:
    _message(profile)
    desk = open_desk()
    press("F8", "F9", "S", "Return", "Ctrl+Return")
    wait_until(lambda: desk.history, "the decision")
    desk.settle()
    press("Ctrl+Z")
    wait_until(lambda: desk.item is not None, "the item again")
    desk.settle()
    assert desk.presenter.findings.entries[0].override is not None
    assert desk.presenter.findings.left == ()


# ---- For everybody


def test_every_part_has_a_name_and_the_keys_reach_it(profile: Profile, open_desk: OpenDesk) -> None:
    _note(profile)
    desk = open_desk()
    assert desk.view.findings.list.accessibleName() == "Findings"
    press("F8", "F9")
    assert desk.view.overriding.accessibleName().startswith("Override: the dose")
    press("Escape")
    for shown in (desk.view.findings.list,):
        assert shown.focusPolicy() & Qt.FocusPolicy.TabFocus
    press("F6", "F6")
    assert desk.view.findings.list.hasFocus()


def test_leaving_an_item_leaves_nothing_of_its_findings(profile: Profile, open_desk: OpenDesk) -> None:
    _message(profile)
    desk = open_desk()
    press("F8", "Ctrl+K")
    type_text("later")
    press("Return")
    wait_until(lambda: desk.item is None, "an empty desk")
    desk.settle()
    assert desk.view.findings.model.rowCount() == 0
    assert desk.presenter.findings.entries == ()
    assert desk.presenter.findings._subject is None
