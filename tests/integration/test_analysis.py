"""Analyses after intake: made once, sealed with their item, erased with it, and never in the way of an import."""

import json
import os
import signal
from typing import Any

import pytest

from reviewer import privacy
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import DetectorUnavailableError, LockedError
from reviewer.domain.findings import Examination, Weight
from reviewer.domain.items import ClaimedItem, ItemId, Turn
from reviewer.ledger import Entry
from reviewer.services import analyst as analyst_module
from reviewer.services.analysis import Analysed, Analysis, subject_of
from reviewer.services.analyst import Analyst
from reviewer.services.examiners import ANALYSES, PERSONAL, PERSONAL_VERSION, UNCHECKED, VERSIONS, Subject
from tests.factories import Profile, new_key, record

WRONG = {
    "draft": "You are booked for Tuesday at 9:30. Please bring your card.",
    "source": [
        {"speaker": "Customer", "text": "Can I come on Tuesday at nine?"},
        {"speaker": "Agent", "text": "Yes, Tuesday at nine. Please bring your card."},
    ],
}


def _wrong(**changed: Any) -> dict[str, Any]:
    return {**WRONG, **changed}


def _claim(profile: Profile, item_id: ItemId | None = None) -> ClaimedItem:
    claimed = profile.services().queue.claim(item_id)
    assert claimed is not None
    return claimed


def _rules(examination: Examination | None) -> set[str]:
    assert examination is not None
    return {finding.rule for finding in examination.findings}


def test_an_item_is_claimed_with_what_was_found_in_its_draft(profile: Profile) -> None:
    item_id = profile.put(**_wrong())
    assert profile.services().analysis.round() == 1
    claimed = _claim(profile, item_id)
    assert "time" in _rules(claimed.examination)
    assert claimed.examination is not None
    wrong = next(finding for finding in claimed.examination.findings if finding.rule == "time")
    assert wrong.weight is Weight.STOP
    assert "9:30" in claimed.item.draft[wrong.start : wrong.end]
    assert profile.services().analysis.waiting() == 0


def test_an_import_does_not_wait_for_analyses(profile: Profile) -> None:
    profile.put(**_wrong())
    assert profile.services().analysis.waiting() == 1
    assert _claim(profile).examination is None


def test_the_most_urgent_items_are_analysed_first(profile: Profile) -> None:
    later, sooner = profile.put(), profile.put(priority=5)
    subjects = profile.services().analysis.take(1)
    assert [subject.item_id for subject in subjects] == [sooner]
    assert [subject.item_id for subject in profile.services().analysis.take(1)] == [later]


def test_what_a_worker_took_is_not_taken_twice_until_its_time_is_over(profile: Profile) -> None:
    profile.put()
    assert len(profile.services().analysis.take()) == 1
    assert profile.services().analysis.take() == []
    profile.rows("UPDATE unanalysed SET taken_until = 0")
    assert len(profile.services().analysis.take()) == 1


def test_the_look_of_an_analysis_is_on_record_before_it_is_made(profile: Profile) -> None:
    item_id = profile.put(**_wrong())
    profile.services().analysis.take()
    assert profile.events(item_id) == ["imported", "analysed"]
    ((body,),) = profile.rows("SELECT body FROM entry WHERE action = 'analysed'")
    assert Entry.read(body).details == {"versions": VERSIONS}


def test_a_decided_item_is_not_analysed_any_more(profile: Profile) -> None:
    profile.put()
    claimed = _claim(profile)
    profile.services().review.decide(claimed.lease, Judgement(Verdict.REJECT, reason="tone"), key=new_key())
    profile.let_holds_end()
    profile.services().work.round()
    assert profile.services().analysis.take() == []
    assert profile.services().analysis.waiting() == 0


def test_an_item_whose_analysis_is_of_another_version_is_analysed_anew(profile: Profile) -> None:
    item_id = profile.put(**_wrong())
    analysis = profile.services().analysis
    analysis.round()
    assert analysis.renew() == 0
    profile.rows("UPDATE analysis SET version = 0")
    assert _claim(profile, item_id).examination is None
    assert analysis.renew() == 1
    assert analysis.renew() == 0
    assert analysis.round() == 1
    assert profile.rows("SELECT version FROM analysis") == [(analysis_.version,) for analysis_ in ANALYSES]


def test_nothing_of_an_erased_conversation_is_left_of_its_analysis(profile: Profile) -> None:
    item_id, other = profile.put(**_wrong()), profile.put(**_wrong())
    analysis = profile.services().analysis
    (subject, _) = analysis.take()
    found = analysis.examine(subject)
    analysis.keep([found])
    profile.services().vault.erase(item_id)
    profile.services().vault.erase(other)
    assert profile.rows("SELECT * FROM analysis") == []
    assert profile.rows("SELECT * FROM unanalysed") == []
    analysis.keep([found])  # it was under way when the conversation was erased
    assert profile.rows("SELECT * FROM analysis") == []


def test_what_was_found_cannot_be_read_or_moved_in_the_database(profile: Profile) -> None:
    first, second = profile.put(**_wrong()), profile.put()
    profile.services().analysis.round()
    for (found,) in profile.rows("SELECT found FROM analysis"):
        assert b"9:30" not in found
        assert b"sentence" not in found
    moved = "(SELECT found FROM analysis WHERE item_id = ? AND name = 'evidence')"
    profile.rows(f"UPDATE analysis SET found = {moved} WHERE item_id = ?",
                 first, second)  # fmt: skip
    assert _claim(profile, second).examination is None  # as if it had not been analysed: it is, before an approval


def test_a_draft_without_a_source_is_compared_with_nothing(profile: Profile) -> None:
    item_id = profile.put(draft="Take 40 mg at 9:00.", source=[])
    profile.services().analysis.round()
    assert _claim(profile, item_id).examination == Examination()


# ---- Personal data

_NAMING = {
    "draft": "Dear Maria Garcia,\nyour visit is on Tuesday.",
    "source": [{"speaker": "A", "text": "hello"}, {"speaker": "B", "text": "this is Maria Garcia, 415-555-2671"}],
}


def _marking(profile: Profile) -> Analysis:
    return Analysis(profile.store, profile.first, profile.analyst, marks_personal=True)


def test_personal_data_of_draft_and_source_is_found_after_intake_and_comes_with_the_item(profile: Profile) -> None:
    item_id = profile.put(**_NAMING)
    assert _marking(profile).round() == 1
    claimed = _claim(profile, item_id)
    assert claimed.personal is not None
    (line, other), (hello, turn) = claimed.personal.draft, claimed.personal.source
    assert ["Dear Maria Garcia,"[span.start : span.end] for span in line] == ["Maria Garcia"]
    assert [span.type for span in other] == ["DATE_TIME"]
    assert hello == ()
    assert [span.type for span in turn] == ["PERSON", "PHONE_NUMBER"]
    for (found,) in profile.rows("SELECT found FROM analysis WHERE name = 'personal'"):
        assert b"PERSON" not in found


def test_no_approval_waits_for_personal_data_and_it_is_looked_for_afterwards(profile: Profile) -> None:
    profile.put(**_NAMING)
    analysis = _marking(profile)
    claimed = _claim(profile)
    analysis.take()
    analysis.keep([analysis.examine(subject_of(claimed.item), hurried=True)])
    assert profile.rows("SELECT name FROM analysis ORDER BY name") == [("evidence",), ("gate",)]
    assert analysis.waiting() == 1
    profile.rows("UPDATE unanalysed SET taken_until = 0")
    assert analysis.round() == 1
    assert analysis.waiting() == 0
    assert profile.rows("SELECT count(*) FROM analysis WHERE name = 'personal'") == [(1,)]


def test_where_nothing_can_look_for_personal_data_that_is_not_taken_for_none(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise DetectorUnavailableError("The model that finds personal data is missing.")

    monkeypatch.setattr(analyst_module._DETECTOR, "_find_in", missing)
    kept = {**profile.analyst.examine(_subject()), PERSONAL: analyst_module._personal_in(_subject())}
    item_id = profile.put(**_wrong())
    analysis = _marking(profile)
    analysis.take()
    analysis.keep([Analysed(item_id, kept)])
    claimed = _claim(profile, item_id)
    assert claimed.personal is None
    assert "time" in _rules(claimed.examination)
    assert analysis.waiting() == 0

    # Still missing: nothing is read once more for it.
    with monkeypatch.context() as absent:
        absent.setattr(privacy, "is_there", lambda: False)
        assert analysis.renew() == 0

    # Repaired meanwhile: the next start asks again, and then no more.
    assert analysis.renew() == 1
    assert analysis.round() == 1
    assert profile.rows("SELECT version FROM analysis WHERE name = 'personal'") == [(PERSONAL_VERSION,)]
    assert analysis.renew() == 0


def test_a_detector_that_dies_over_a_text_costs_no_finding_and_is_not_asked_again(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Analyst._ask

    def dying(analyst: Analyst, lane: Any, request: tuple[Any, ...]) -> Any:
        if request[0] == "personal":
            assert analyst._process is not None
            analyst._process.kill()
            return None
        return ask(analyst, lane, request)

    monkeypatch.setattr(Analyst, "_ask", dying)
    item_id = profile.put(**_wrong())
    analysis = _marking(profile)
    assert analysis.round() == 1
    claimed = _claim(profile, item_id)
    assert claimed.personal is None
    assert "time" in _rules(claimed.examination)
    assert analysis.renew() == 0


# ---- The process


def _subject(**changed: Any) -> Subject:
    made = record(**_wrong(**changed))
    turns = tuple(Turn(turn["speaker"], turn["text"]) for turn in made["source"])
    return Subject(made["id"], made["kind"], "en", made["draft"], turns)


def test_editing_checks_again_and_the_mark_goes_when_it_is_mended(profile: Profile) -> None:
    analysis, subject = profile.services().analysis, _subject()
    found = analysis.examine(subject).found
    assert "time" in _rules(analysis.recheck(subject, found, subject.draft))
    mended = analysis.recheck(subject, found, subject.draft.replace("9:30", "9:00"))
    assert "time" not in _rules(mended)
    worse = analysis.recheck(subject, found, f"{subject.draft} Call 555 0199 0107.")
    assert {"time", "phone"} <= _rules(worse)


def test_the_analyst_is_started_again_when_it_is_killed(profile: Profile) -> None:
    analysis, subject = profile.services().analysis, _subject()
    found = analysis.examine(subject).found
    before = analysis.recheck(subject, found, subject.draft)
    process = profile.analyst._process
    assert process is not None
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert analysis.recheck(subject, found, subject.draft) == before
    os.kill(profile.analyst._process.pid, signal.SIGKILL)  # type: ignore[union-attr, arg-type]
    assert analysis.examine(subject).found == found


def test_a_closed_analyst_leaves_no_process_and_takes_no_text(profile: Profile) -> None:
    analyst, subject = Analyst(), _subject()
    analysis = Analysis(profile.store, profile.first, analyst)
    analysis.examine(subject)
    assert analyst._process is not None
    pid = analyst._process.pid
    assert pid is not None
    analyst.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(LockedError):
        analysis.examine(subject)


def test_items_that_were_opened_long_ago_are_opened_again(profile: Profile) -> None:
    analysis = profile.services().analysis
    subjects = [_subject() for _ in range(7)]
    for subject in subjects:
        assert "time" in _rules(analysis.recheck(subject, {}, subject.draft))
    assert "time" in _rules(analysis.recheck(subjects[0], {}, subjects[0].draft))


def test_a_text_that_an_engine_stumbles_over_counts_as_unchecked(profile: Profile) -> None:
    subject = _subject()
    broken = Subject(subject.item_id, subject.kind, subject.language, subject.draft, (None,))  # type: ignore[arg-type]
    analysis = profile.services().analysis
    analysed = analysis.examine(broken)
    assert json.loads(analysed.found["evidence"]).keys() == {"failed"}
    assert {(f.rule, f.weight) for f in analysed.examination.findings} == {(UNCHECKED, Weight.STOP)}
    assert _rules(analysis.recheck(broken, analysed.found, "Another text.")) == {UNCHECKED}
    other = _subject()
    assert "time" in _rules(analysis.recheck(other, {}, other.draft))


def test_an_examination_goes_to_plain_data_and_back(profile: Profile) -> None:
    examination = profile.services().analysis.examine(_subject()).examination
    assert examination.findings
    assert examination.sentences[0].passages
    assert Examination.from_data(json.loads(json.dumps(examination.to_data()))) == examination


def test_the_subject_of_an_opened_item_is_that_of_its_analysis(profile: Profile) -> None:
    item_id = profile.put(**_wrong())
    analysis: Analysis = profile.services().analysis
    (taken,) = analysis.take()
    assert subject_of(_claim(profile, item_id).item) == taken
