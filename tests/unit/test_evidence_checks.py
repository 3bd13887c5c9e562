"""What the engine marks in a draft, why, where it points, and what it says was left out."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.domain.items import Turn
from reviewer.domain.limits import PARAGRAPH_CHARACTERS, longest_paragraph
from reviewer.evidence import RULES, Checker, Prepared, Report, Status, check, recheck
from reviewer.evidence.checks import CHECKS
from reviewer.evidence.score import FEATURES, weights
from tests.hostile import HOSTILE, HostileText

_VISIT = (
    Turn("doctor", "hi albert , what brings you in ?"),
    Turn("patient", "my left knee hurts since march fourth , it started about two weeks ago"),
    Turn("doctor", "any fever or chills ?"),
    Turn("patient", "no , none"),
    Turn("doctor", "okay . do you take anything ?"),
    Turn("patient", "lisinopril , twenty milligrams every day . and i am allergic to penicillin"),
    Turn(
        "doctor",
        "alright , take ibuprofen six hundred milligrams three times a day , see mrs. anderson at half past nine",
    ),
    Turn("patient", "yes my ankle has swelling too , in the evening"),
)  # fmt: skip


def _marks(draft: str, turns: tuple[Turn, ...] = _VISIT, **how: object) -> set[tuple[str, str]]:
    report = check(draft, turns, **how)  # type: ignore[arg-type]  # the tests pass what each rule needs
    return {(r.check, r.status.value) for claim in report.claims for r in claim.reasons}


@pytest.mark.parametrize(
    ("draft", "mark"),
    [
        ("Take ibuprofen 800 mg three times a day.", "dose"),
        ("Take ibuprofen 600 mcg three times a day.", "unit"),
        ("It started six weeks ago.", "number"),
        ("It started two months ago.", "unit"),
        ("The pain began on March 9.", "date"),
        ("See Mrs. Anderson at 10:15.", "time"),
        ("Call 415-555-2671 with questions.", "phone"),
        ("Take naproxen 600 mg three times a day.", "drug"),
        ("See Mrs. Peterson at 9:30.", "name"),
        ("Gregory reports knee pain.", "name"),
        ("He has right knee pain.", "laterality"),
        ("He reports fever.", "negation_lost"),
        ("He denies ankle swelling.", "negation_added"),
    ],
)
def test_an_error_of_each_kind_is_stopped(draft: str, mark: str) -> None:
    assert (mark, "stop") in _marks(draft)


@pytest.mark.parametrize(
    ("draft", "said", "language"),
    [
        ("The charge of 4.50 comes off.", "I'll take a week off, that's four pounds fifty.", "en"),
        ("The price is 5.60.", "It was five dollars and sixty cents.", "en"),
        ("The bill is 153.10 now.", "That makes one hundred and fifty-three and ten pence.", "en"),
        ("He read the meter (04771).", "It says zero four seven seven one.", "en"),
        ("Account 401126.", "It's forty, one one two six.", "en"),
        ("It was 16:15 by then.", "and it's now sixteen fifteen", "en"),
        ("Fasting readings 6.8, 7.1, 6.4, 9.9 (birthday), 7.0.", "6.8 7.1 6.4 9.9 (birthday) 7.0 6.6 6.9", "en"),
        ("We refunded 49.90 for order 88317.", "charged twice, order 88317. 49.90 went out on Monday.", "en"),
        ("Low-fibre food from Saturday 6 March.", "Low-fibre from Sat 6 March, no seeds or nuts.", "en"),
        ("Ring us if weight rises by 1.5 kg.", "If you're up by a kilo and a half, you ring us.", "en"),
        ("Missed at 3 of 10 points on the right.", "three point one before lunch. You missed three of ten.", "en"),
        ("Potassium of 5.2 while taking ramipril.", "ramipril, the second one. Potassium five point two.", "en"),
        (
            "Keywords: burst main, no pressure, priority household",
            "There is no pressure since the main burst. I can register you as a priority household.",
            "en",
        ),
        ("Температура 38,5 у 3 сата.", "Тридесет осам и пет у три сата.", "sr-Cyrl"),
        ("Poslednja temperatura je 38,2.", "Poslednja je bila trideset osam i dva.", "sr-Latn"),
        ("Хвала што сте се јавили!", "Хвала, уписано је 962 кубика.", "sr"),
        ("Ултразвук је у 11:10.", "За ултразвук имам среду, у једанаест и десет.", "sr"),
        ("Las gotas 3 veces al día, a las 8:15.", "Las gotas tres veces al día, a las ocho y cuarto.", "es"),
        ("De 13 a 17 h o de 20 a 24 h.", "Abrimos de 13 a 17 y de 20 a 24 h.", "es"),
        ("Der Schraubenbeutel ist unterwegs.", "Das Regal kam ohne die Beutel mit Schrauben.", "de"),
    ],
)
def test_what_is_only_said_in_other_words_is_not_stopped(draft: str, said: str, language: str) -> None:
    marks = _marks(draft, (Turn("A", said),), language=language)
    assert not {mark for mark, status in marks if status == "stop"}


def test_a_long_number_and_a_phone_are_stopped_in_any_language() -> None:
    said = (Turn("Kunde", "Die Forderung ist 1.208,40 Euro, Telefon 030 5550 1912."),)
    assert ("number", "stop") in _marks("Die Forderung von 1.280,40 Euro ruht.", said, language="de")
    assert ("phone", "stop") in _marks("Rufen Sie 030 5550 1921 an.", said, language="de")


@pytest.mark.parametrize(
    "draft",
    [
        "Albert reports left knee pain that began two weeks ago, on March 4.",
        "He denies fever and chills.",
        "Takes lisinopril 20 mg daily.",
        "Ibuprofen 600 mg t.i.d.",
        "Take Advil 600 mg three times a day.",
        "See Mrs. Anderson at 9:30 am.",
        "Ankle swelling in the evening.",
        "Allergic to penicillin.",
    ],
)
def test_what_the_source_bears_out_is_not_stopped(draft: str) -> None:
    assert not any(status == "stop" for _, status in _marks(draft))


def test_a_reason_is_one_line_and_points_at_its_words() -> None:
    draft = "PLAN\n\n- Take ibuprofen 600 mg.\n- See Mrs. Peterson at 9:30."
    (claim,) = [c for c in check(draft, _VISIT).claims if c.status is Status.STOP]
    (reason,) = claim.reasons
    assert draft[reason.start : reason.end] == "Peterson"
    assert reason.message == "the name “Peterson” is not in the source"
    assert claim.score >= 0.9


def test_the_other_side_of_a_contradiction_is_shown() -> None:
    (claim,) = check("He has right knee pain.", _VISIT).claims
    assert claim.evidence[0].turn == 1
    (claim,) = check("He reports fever.", _VISIT).claims
    assert _VISIT[claim.evidence[0].turn].text == "any fever or chills ?"


def test_evidence_holds_every_fact_of_a_sentence() -> None:
    draft = "Ibuprofen 600 mg; lisinopril 20 mg; knee pain since March 4th."
    (claim,) = check(draft, _VISIT).claims
    assert {e.turn for e in claim.evidence} == {1, 5, 6}
    assert len(claim.evidence) <= 3


def test_the_way_back_leads_from_a_turn_to_its_sentences() -> None:
    report = check("Left knee pain. Takes lisinopril.", _VISIT)
    assert [claim.start for claim in report.resting_on(5)] == [16]
    assert 6 in report.turns_unused
    assert 1 not in report.turns_unused


def test_numbers_come_from_what_a_tool_answered() -> None:
    turns = (
        Turn("user", "is there a show at 7:45 ?"),
        Turn("tool_call", '{"find_showtimes": {"time": "7:45 PM"}}'),
        Turn("tool_result", '{"find_showtimes": {"time.showing": ["4:30 PM", "7:45 PM"]}}'),
    )
    (claim,) = check("Yes, there is one at 7:45 PM.", turns).claims
    assert claim.evidence[0].turn == 2


def test_words_given_to_the_wrong_speaker_are_marked() -> None:
    turns = (
        Turn("Project Manager", "We should keep the budget under twelve euros."),
        Turn("User Interface", "I would put rubber buttons and a spinning wheel on the yellow case."),
        Turn("Marketing", "People lose their remote controls."),
    )
    draft = "Marketing proposed rubber buttons and a spinning wheel on the yellow case."
    assert ("speaker", "stop") in _marks(draft, turns)
    assert not _marks(draft.replace("Marketing", "User Interface"), turns)


def test_an_opposite_and_an_added_limit_are_stopped() -> None:
    turns = (Turn("email", "The package includes professional installation and a warranty on all products."),)
    assert ("opposite", "stop") in _marks("The package includes unprofessional installation.", turns)
    assert ("only_added", "stop") in _marks("The package includes only a warranty on products.", turns)


def test_a_phrase_that_the_source_affirms_cannot_be_denied() -> None:
    turns = (Turn("email", "We offer smart building solutions and a free trial for thirty days."),)
    assert ("phrase_denied", "stop") in _marks("They do not offer smart building solutions.", turns)


def test_a_surname_that_only_the_chart_knows_asks_for_a_look() -> None:
    assert ("name", "look") in _marks("Albert Kowalczyk has left knee pain.")
    assert ("name", "stop") in _marks("Gregory Kowalczyk has left knee pain.")


def test_serbian_drafts_are_checked() -> None:
    turns = (
        Turn("agent", "Dobar dan, zakazali smo vam pregled za treći mart u pola devet."),
        Turn("korisnik", "Hvala, a cena je hiljadu petsto dinara?"),
    )
    draft = "Vaš pregled je 3. marta u 8:30, cena je 1.500 dinara."
    assert not any(status == "stop" for _, status in _marks(draft, turns))
    assert ("time", "stop") in _marks(draft.replace("8:30", "9:30"), turns)
    assert ("number", "stop") in _marks(draft.replace("1.500", "2.500"), turns)


def test_relative_dates_are_compared_with_the_date_of_the_conversation() -> None:
    turns = (Turn("customer", "Can I come tomorrow?"), Turn("agent", "Yes, tomorrow it is."))
    today = date(2026, 3, 2)
    assert not _marks("See you on March 3rd.", turns, conversation_date=today) & {("date", "stop")}
    assert ("date", "stop") in _marks("See you on March 4th.", turns, conversation_date=today)
    assert ("date", "stop") not in _marks("See you on March 4th.", turns)


@pytest.mark.parametrize("rule", ["dose", "score", "omission", "length"])
def test_a_rule_can_be_switched_off(rule: str) -> None:
    report = check("Take ibuprofen 800 mg.", _VISIT, switched_off={rule})
    assert not any(r.check == rule for claim in report.claims for r in claim.reasons)
    assert rule in RULES
    if rule == "omission":
        assert not report.omissions


def test_omissions_are_few_weighty_and_lead_to_their_turn() -> None:
    report = check("Left knee pain for two weeks. No fever or chills.", _VISIT)
    assert 0 < len(report.omissions) <= 5
    assert {5, 6} <= {omission.turn for omission in report.omissions}
    assert all(omission.why.startswith("not found in the draft: ") for omission in report.omissions)
    stated = check("Lisinopril 20 mg, allergic to penicillin, ibuprofen 600 mg.", _VISIT)
    assert not any(omission.turn == 5 for omission in stated.omissions)


def test_an_unanswered_question_and_a_promise_are_missed() -> None:
    turns = (
        Turn("agent", "I will send the replacement charger to your office."),
        Turn("customer", "Can you also refund the shipping costs?"),
    )
    whys = " ".join(omission.why for omission in check("Customer called about a problem.", turns).omissions)
    assert "promise" in whys
    assert "unanswered question" in whys


def test_a_draft_too_short_for_its_source_gets_a_line() -> None:
    long = _VISIT * 4
    assert check("Knee pain.", long).length_warning
    assert check("Knee pain. " * 60, long).length_warning is None


def test_a_report_comes_back_from_json_unchanged() -> None:
    report = check("Take ibuprofen 800 mg. See Mrs. Peterson.", _VISIT)
    assert Report.from_data(json.loads(json.dumps(report.to_data()))) == report


def test_an_edit_is_checked_again_and_the_rest_kept() -> None:
    source = Prepared(_VISIT)
    before = "Take ibuprofen 800 mg. He has left knee pain."
    after = "Take ibuprofen 600 mg. He has left knee pain."
    report = Checker(source).check(before)
    again = recheck(report, before, after, source)
    assert again == Checker(source).check(after)
    assert not again.claims[0].reasons


@given(
    st.lists(st.sampled_from(["Take 800 mg.", "Albert Moss is ill.", "No fever.", "Mr. Moss left.", "- x"]), max_size=6)
)
def test_checking_on_from_any_edit_is_as_checking_afresh(sentences: list[str]) -> None:
    source = Prepared(_VISIT)
    checker = Checker(source)
    for length in range(len(sentences) + 1):
        draft = "\n".join(sentences[:length])
        assert checker.check(draft) == Checker(source).check(draft)


@pytest.mark.parametrize(
    "hostile",
    [each for each in HOSTILE if longest_paragraph(each.text) <= PARAGRAPH_CHARACTERS],
    ids=lambda each: each.name,
)
def test_hostile_drafts_and_sources_are_checked(hostile: HostileText) -> None:
    text = hostile.text
    report = check(text[:8000], (Turn(text[:40], text), Turn("B", "no")))
    for claim in report.claims:
        assert 0 <= claim.start < claim.end <= len(text)
        assert 0 <= claim.score <= 1
        assert all("\n" not in reason.message for reason in claim.reasons)
        assert all(0 <= e.start < e.end <= len(text) + 2 for e in claim.evidence)


def test_a_draft_without_a_source_is_checked() -> None:
    report = check("Take 5 mg at noon.", ())
    assert report.claims[0].status is Status.STOP
    assert report.claims[0].evidence == ()


def test_every_feature_keeps_its_sign_and_has_a_weight() -> None:
    assert set(weights()["weights"]) == set(FEATURES)
    assert all(weights()["weights"][name] * feature.sign >= 0 for name, feature in FEATURES.items())


def test_every_check_has_a_line_that_says_what_it_finds() -> None:
    assert all(function.__doc__ and function.__doc__.startswith("Find ") for function in CHECKS.values())
