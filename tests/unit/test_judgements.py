"""What a decision becomes when it is held against the draft, and what it must carry."""

import pytest

from reviewer.domain import limits
from reviewer.domain.decisions import REASON_CODES, REASONS, Judgement, Verdict
from tests.factories import JUDGEMENTS

_DRAFT = "Yes, we open at nine."


def test_the_draft_as_it_is_is_an_approval() -> None:
    assert Judgement(Verdict.APPROVE).against(_DRAFT) == (Verdict.APPROVE, _DRAFT)
    assert Judgement(Verdict.APPROVE, _DRAFT).against(_DRAFT) == (Verdict.APPROVE, _DRAFT)


def test_the_app_knows_an_edit_whatever_the_reviewer_pressed() -> None:
    for verdict in (Verdict.APPROVE, Verdict.APPROVE_WITH_EDITS):
        assert Judgement(verdict, "No.").against(_DRAFT) == (Verdict.APPROVE_WITH_EDITS, "No.")
        assert Judgement(verdict, _DRAFT).against(_DRAFT) == (Verdict.APPROVE, _DRAFT)


def test_one_space_is_an_edit() -> None:
    assert Judgement(Verdict.APPROVE, f"{_DRAFT} ").against(_DRAFT)[0] is Verdict.APPROVE_WITH_EDITS


@pytest.mark.parametrize("verdict", [v for v in Verdict if not v.releases])
def test_a_verdict_that_releases_nothing_has_no_final(verdict: Verdict) -> None:
    assert Judgement(verdict, "typed so far").against(_DRAFT) == (verdict, None)


def test_two_verdicts_release_two_return_and_two_pass_on() -> None:
    assert [v for v in Verdict if v.releases] == [Verdict.APPROVE, Verdict.APPROVE_WITH_EDITS]
    assert [v for v in Verdict if v.returns] == [Verdict.REJECT, Verdict.RESPOND]
    assert not any(v.releases and v.returns for v in Verdict)


@pytest.mark.parametrize("verdict", JUDGEMENTS)
def test_a_verdict_with_what_it_needs_lacks_nothing(verdict: Verdict) -> None:
    assert JUDGEMENTS[verdict].lacking(_DRAFT) is None


@pytest.mark.parametrize(
    ("judgement", "hint"),
    [
        (Judgement(Verdict.REJECT), "reason code"),
        (Judgement(Verdict.REJECT, reason="bored"), "Unknown reason code"),
        (Judgement(Verdict.APPROVE, reason="bored"), "Unknown reason code"),
        (Judgement(Verdict.REJECT, reason="other"), "needs a note"),
        (Judgement(Verdict.REJECT, reason="other", note=" \n"), "needs a note"),
        (Judgement(Verdict.RESPOND), "instructions"),
        (Judgement(Verdict.RESPOND, note=" "), "instructions"),
        (Judgement(Verdict.SKIP), "why it should wait"),
        (Judgement(Verdict.APPROVE, ""), "empty"),
        (Judgement(Verdict.APPROVE_WITH_EDITS, " \n\t"), "empty"),
        (Judgement(Verdict.APPROVE, "a\0b"), "U+0000"),
        (Judgement(Verdict.APPROVE, "half \ud83d"), "U+D83D"),
        (Judgement(Verdict.APPROVE, "é" * (limits.DRAFT_BYTES // 2) + "a"), "65,537 bytes; it may have 65,536"),
        (Judgement(Verdict.RESPOND, note="a\0"), "note holds U+0000"),
        (Judgement(Verdict.RESPOND, note="x" * (limits.NOTE_BYTES + 1)), "4,097 bytes"),
    ],
)
def test_what_cannot_be_recorded_is_said_in_a_sentence(judgement: Judgement, hint: str) -> None:
    lacking = judgement.lacking(_DRAFT)
    assert lacking is not None
    assert hint in lacking
    assert lacking.endswith(".")


def test_a_final_of_exactly_the_largest_size_may_leave() -> None:
    assert Judgement(Verdict.APPROVE, "x" * limits.DRAFT_BYTES).lacking(_DRAFT) is None


def test_no_sentence_repeats_what_was_typed() -> None:
    typed = "Mrs Okafor\0" + "x" * limits.DRAFT_BYTES
    for judgement in (Judgement(Verdict.APPROVE, typed), Judgement(Verdict.REJECT, reason=typed)):
        assert "Okafor" not in (judgement.lacking(_DRAFT) or "")


def test_the_reasons_are_those_of_real_reviewers_each_with_its_key() -> None:
    assert {
        "repetition", "omission", "incorrect", "contradiction", "invented",
        "wrong_order", "wrong_person", "tone", "not_needed", "other",
    } == REASON_CODES  # fmt: skip
    assert len({reason.key for reason in REASONS}) == len(REASONS) == len(REASON_CODES)
    assert all(len(reason.key) == 1 and reason.label for reason in REASONS)
