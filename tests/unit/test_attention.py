"""What a reviewer makes of findings: what tells them apart, what holds back, and what the ledger is told."""

from dataclasses import replace

import pytest

from reviewer.domain.attention import NO_ATTENTION, Attention, Override, applied, by_rule, id_of, left, summary
from reviewer.domain.findings import ClaimSentence, Examination, Finding, Passage, Weight, in_order

TEXT = "Take 20 mg daily. Take 20 mg daily."
DOSE = Finding("dose", Weight.STOP, "the dose “20 mg” is not in the source", 5, 10)
AGAIN = replace(DOSE, start=23, end=28)
SCORE = Finding("score", Weight.LOOK, "little in common with the source", 0, 17)
MISSING = Finding("omission", Weight.LOOK, "not found in the draft", 0, 0, (Passage(3, 0, 9),))
PREAMBLE = Finding("preamble", Weight.BLOCK, "speaks to the reviewer", 0, 4)
SENTENCES = (ClaimSentence(0, 17, (Passage(1, 0, 5),)), ClaimSentence(18, 35))


def _examined(*findings: Finding) -> Examination:
    return Examination(in_order(findings), SENTENCES, (2,))


def _over(finding: Finding, examination: Examination, reason: str = "known") -> Override:
    return Override(id_of(finding, TEXT, examination), finding.rule, reason)


def test_the_heaviest_come_first_and_what_is_about_the_whole_text_last_of_its_weight() -> None:
    found = _examined(MISSING, SCORE, AGAIN, DOSE, PREAMBLE)
    assert found.findings == (PREAMBLE, DOSE, AGAIN, SCORE, MISSING)


def test_an_examination_goes_to_plain_data_and_back() -> None:
    found = _examined(DOSE, SCORE, MISSING)
    assert Examination.from_data(found.to_data()) == found
    assert found.without({"dose"}).findings == (SCORE, MISSING)
    assert found.without(()) is found
    joined = found + Examination((PREAMBLE,))
    assert joined.findings[0] == PREAMBLE
    assert joined.sentences == SENTENCES


@pytest.mark.parametrize(("position", "start"), [(0, 0), (16, 0), (17, 0), (18, 18), (35, 18)])
def test_a_position_belongs_to_the_sentence_around_it_or_before_it(position: int, start: int) -> None:
    sentence = _examined().sentence_at(position)
    assert sentence is not None
    assert sentence.start == start
    assert _examined().resting_on(1) == SENTENCES[:1]


def test_the_same_words_in_the_same_sentence_are_one_finding_wherever_they_stand() -> None:
    found = _examined(DOSE)
    moved = Examination((replace(DOSE, start=10, end=15),), (ClaimSentence(5, 22),))
    assert id_of(DOSE, TEXT, found) == id_of(moved.findings[0], f"Yes. {TEXT}", moved)
    other = id_of(DOSE, TEXT.replace("daily", "twice", 1), found)
    assert other != id_of(DOSE, TEXT, found)
    assert id_of(replace(DOSE, rule="number"), TEXT, found) != id_of(DOSE, TEXT, found)


def test_what_is_missing_is_told_apart_by_its_place_in_the_source() -> None:
    found = _examined(MISSING)
    elsewhere = replace(MISSING, passages=(Passage(4, 0, 9),))
    assert id_of(MISSING, TEXT, found) != id_of(elsewhere, TEXT, found)
    assert id_of(MISSING, TEXT, found) == id_of(MISSING, "Another text.", found)


def test_stops_hold_back_until_overridden_looks_never_do_and_blocks_always() -> None:
    found = _examined(DOSE, SCORE, MISSING, PREAMBLE)
    assert left(found, TEXT, NO_ATTENTION) == (PREAMBLE, DOSE)
    overrides = (_over(DOSE, found), _over(PREAMBLE, found))
    assert left(found, TEXT, Attention(overrides=overrides)) == (PREAMBLE,)


def test_overrides_by_rule_are_of_what_holds_back() -> None:
    found = _examined(DOSE, SCORE)
    given = by_rule(found, TEXT, {"dose": "known", "score": "known", "name": "known"}, "Read back.")
    assert [(each.rule, each.note) for each in given] == [("dose", "Read back.")]
    assert applied(found, TEXT, given) == given
    assert applied(_examined(SCORE), TEXT, given) == ()


def test_the_ledger_is_told_numbers_and_codes_alone() -> None:
    before, after = _examined(DOSE, AGAIN, SCORE), _examined(DOSE, SCORE)
    attention = Attention(True, frozenset({id_of(DOSE, TEXT, before)}), (_over(DOSE, before, "wording"),))
    told = summary((before, TEXT), (after, TEXT), attention)
    assert told == [
        {"rule": "dose", "weight": "stop", "in_draft": 2, "opened": 1, "mended": 1, "in_final": 1,
         "overridden": ["wording"]},
        {"rule": "score", "weight": "look", "in_draft": 1, "opened": 0, "mended": 0, "in_final": 1},
    ]  # fmt: skip
    assert "20 mg" not in str(told)
    rejected = summary((before, TEXT), None, NO_ATTENTION)
    assert rejected[0] == {"rule": "dose", "weight": "stop", "in_draft": 2, "opened": 0}


def test_half_a_pair_of_surrogates_is_no_obstacle() -> None:
    found = Examination((Finding("number", Weight.STOP, "new", 0, 1),))
    assert id_of(found.findings[0], "\ud83d", found).startswith("number:")
