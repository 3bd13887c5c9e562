"""Pairs of a source and a sentence: what must be stopped, what must not, kind by kind.

Written for this project, none of it taken from the texts that the rules and the weights were made with.
"""

from datetime import date

import pytest

from reviewer.domain.items import Turn
from reviewer.evidence import Checker, Prepared, Status, check

# An asthma visit, well punctuated.
_ASTHMA = (
    Turn("Doctor", "Good morning, Mrs. Kessler. What can I do for you?"),
    Turn("Patient", "My breathing got worse on Tuesday. I had to use the blue inhaler four times last night."),
    Turn("Doctor", "Any fever or chest pain?"),
    Turn("Patient", "No fever. My chest feels tight, though."),
    Turn("Doctor", "Have you had a cough?"),
    Turn("Patient", "Yes, a dry one, for about ten days."),
    Turn("Doctor", "Do you smoke?"),
    Turn("Patient", "No, I never have."),
    Turn("Doctor", "Do you have any allergies?"),
    Turn("Patient", "Only to sulfa drugs. I get hives."),
    Turn("Doctor", "Have you noticed any swelling in your legs?"),
    Turn("Patient", "Not really."),
    Turn("Doctor", "Your oxygen is ninety-four percent, pulse eighty-eight. There is wheezing over the left lung."),
    Turn("Doctor", "Take prednisone forty milligrams once a day for five days, and the albuterol every four hours."),
    Turn("Doctor", "Come back on Friday at a quarter past ten to see Dr. Lindholm, or call 555-0142 if it gets worse."),
)  # fmt: skip

# A dictated knee visit as a recogniser writes it: lower case, hardly a mark.
_KNEE = (
    Turn("doctor", "hi tobias how are you what happened to your knee"),
    Turn("patient", "i twisted my right knee playing handball about three weeks ago it has been swollen since then"),
    Turn("doctor", "okay and do you have any numbness or tingling in the foot"),
    Turn("patient", "no nothing like that"),
    Turn("doctor", "any locking or giving way"),
    Turn("patient", "yeah it gives way on the stairs"),
    Turn("doctor", "and are you taking anything for it"),
    Turn("patient", "i took ibuprofen four hundred milligrams twice a day but it did n't help"),
    Turn("doctor", "are you married"),
    Turn("patient", "yes"),
    Turn("doctor", "there is an effusion in the right knee there is no ecchymosis and the x-ray shows no fracture"),
    Turn("doctor", "i'm going to order an mri of the right knee and refer you to physical therapy two times a week"),
)  # fmt: skip

# A call about a broken router.
_CALL = (
    Turn("agent", "Thank you for calling, this is Renata. How can I help?"),
    Turn("customer", "My router stopped working on Monday and I was billed $64.50 twice."),
    Turn("agent", "I can see both charges on invoice 88213. I will refund one of them within five business days."),
    Turn("customer", "And can somebody come and look at it?"),
    Turn("agent", "A technician can come on March 14th between 2 and 4 pm. Do you want the warranty for $7 a month?"),
    Turn("customer", "No, I don't need the warranty. Please use my mobile, 415-555-0188, not the landline."),
    Turn("agent", "Done. Your contract is still active and the visit is free of charge."),
    Turn("customer", "I am not happy that it took forty minutes to reach you."),
)  # fmt: skip

_SRPSKI = (
    Turn("lekar", "Dobar dan, kako se osećate?"),
    Turn("pacijent", "Imam bolove u levom kolenu već tri nedelje. Nemam temperaturu."),
    Turn("lekar", "Da li pušite?"),
    Turn("pacijent", "Ne."),
    Turn("lekar", "Uzimajte ibuprofen četiristo miligrama dva puta dnevno."),
    Turn("lekar", "Kontrola je petnaestog aprila u pola deset kod doktorke Ilić."),
)  # fmt: skip

_STOPPED = [
    # numbers, with and without units
    (_ASTHMA, "She used the blue inhaler six times last night.", "number"),
    (_ASTHMA, "Oxygen saturation is 84%.", "number"),
    (_ASTHMA, "Pulse 98.", "number"),
    (_ASTHMA, "Dry cough for 12 days.", "number"),
    (_KNEE, "Knee injury seven weeks ago.", "number"),
    (_KNEE, "Physical therapy 5 times a week.", "number"),
    (_CALL, "She was billed $46.50 twice.", "number"),
    (_CALL, "Both charges are on invoice 88231.", "number"),
    (_CALL, "One charge will be refunded within 15 business days.", "number"),
    (_CALL, "She waited 14 minutes.", "unit"),
    (_SRPSKI, "Bolovi u kolenu traju osam nedelja.", "number"),
    # units
    (_ASTHMA, "Dry cough for ten weeks.", "unit"),
    (_KNEE, "He twisted his knee three months ago.", "unit"),
    # doses
    (_ASTHMA, "Prednisone 60 mg daily.", "dose"),
    (_ASTHMA, "Prednisone 400 mg once a day.", "dose"),
    (_ASTHMA, "prednisone fourteen milligrams once a day", "dose"),
    (_KNEE, "He took ibuprofen 800 mg twice a day.", "dose"),
    (_SRPSKI, "Ibuprofen 600 mg dva puta dnevno.", "dose"),
    # dates and days
    (_ASTHMA, "Breathing got worse on Thursday.", "date"),
    (_ASTHMA, "Return on Monday.", "date"),
    (_CALL, "The technician comes on March 17.", "date"),
    (_CALL, "The technician comes on April 14.", "date"),
    (_CALL, "The router failed on Thursday.", "date"),
    (_SRPSKI, "Kontrola 16. aprila.", "date"),
    # times
    (_ASTHMA, "Appointment on Friday at 10:45.", "time"),
    (_ASTHMA, "Come back on Friday at a quarter to ten.", "time"),
    (_CALL, "The technician comes between 2 pm and 6 pm.", "time"),
    (_SRPSKI, "Kontrola je u 10:30.", "time"),
    # telephone numbers
    (_ASTHMA, "Call 555-0124 if it gets worse.", "phone"),
    (_CALL, "Reach her at 415-555-0118.", "phone"),
    # names
    (_ASTHMA, "She will see Dr. Lundgren.", "name"),
    (_ASTHMA, "Mrs. Kendrick presents with shortness of breath.", "name"),
    (_CALL, "Mrs. Abernathy of support took the call.", "name"),
    # drugs
    (_ASTHMA, "Take methotrexate once a day.", "drug"),
    (_ASTHMA, "Allergic to penicillin.", "drug"),
    (_KNEE, "He took naproxen without relief.", "drug"),
    # sides
    (_ASTHMA, "Wheezing over the right lung.", "laterality"),
    (_KNEE, "Left knee swelling after a twist.", "laterality"),
    (_KNEE, "MRI of the left knee was ordered.", "laterality"),
    (_SRPSKI, "Bol u desnom kolenu.", "laterality"),
    # a negation lost
    (_ASTHMA, "She reports fever.", "negation_lost"),
    (_ASTHMA, "Patient has fever and a tight chest.", "negation_lost"),
    (_ASTHMA, "She smokes.", "negation_lost"),
    (_ASTHMA, "Positive for tobacco use.", "negation_lost"),
    (_ASTHMA, "She has swelling of the legs.", "negation_lost"),
    (_KNEE, "He complains of numbness in the foot.", "negation_lost"),
    (_KNEE, "He reports tingling.", "negation_lost"),
    (_KNEE, "Ecchymosis is noted.", "negation_lost"),
    (_KNEE, "The x-ray shows a fracture.", "negation_lost"),
    (_CALL, "She wants to book a visit with the warranty.", "negation_lost"),
    (_SRPSKI, "Pacijent ima temperaturu.", "negation_lost"),
    # a negation added
    (_ASTHMA, "She denies cough.", "negation_added"),
    (_ASTHMA, "No cough.", "negation_added"),
    (_ASTHMA, "Lungs are free of wheezing.", "negation_added"),
    (_ASTHMA, "Without wheezing.", "negation_added"),
    (_ASTHMA, "Negative for wheezing.", "negation_added"),
    (_ASTHMA, "Wheezing: none.", "negation_added"),
    (_ASTHMA, "Wheezing was ruled out.", "negation_added"),
    (_KNEE, "No effusion in the right knee.", "negation_added"),
    (_KNEE, "He is not married.", "phrase_denied"),
    (_CALL, "Her contract is not active.", "phrase_denied"),
    (_SRPSKI, "Pacijent nema bolove u kolenu.", "negation_added"),
]

_BORNE_OUT = [
    (_ASTHMA, "Mrs. Kessler's breathing got worse on Tuesday."),
    (_ASTHMA, "She needed her rescue inhaler 4 times last night."),
    (_ASTHMA, "Denies fever."),
    (_ASTHMA, "No fever, no leg swelling."),
    (_ASTHMA, "Afebrile; reports chest tightness."),
    (_ASTHMA, "Dry cough x 10 days."),
    (_ASTHMA, "Non-smoker."),
    (_ASTHMA, "She has never smoked."),
    (_ASTHMA, "Does not smoke, drink or use drugs."),
    (_ASTHMA, "Allergic to sulfa (hives)."),
    (_ASTHMA, "SpO2 94%, HR 88."),
    (_ASTHMA, "Prednisone 40 mg PO daily for 5 days."),
    (_ASTHMA, "Albuterol q4h."),
    (_ASTHMA, "Follow up Friday at 10:15 with Dr. Lindholm."),
    (_ASTHMA, "Call 555 0142 if worse."),
    (_ASTHMA, "Wheezing over the left lung."),
    (_ASTHMA, "If fever develops, call us."),
    (_ASTHMA, "Return if she has fever or leg swelling."),
    (_ASTHMA, "Go to the emergency room for fever or leg swelling."),
    (_ASTHMA, "the patient reports a dry cough for ten days"),
    (_KNEE, "Twisted right knee about 3 weeks ago, swollen since."),
    (_KNEE, "No numbness or tingling."),
    (_KNEE, "Denies numbness, tingling."),
    (_KNEE, "The knee gives way on stairs."),
    (_KNEE, "Ibuprofen 400 mg b.i.d. without relief."),
    (_KNEE, "He is married."),
    (_KNEE, "Right knee effusion, no ecchymosis."),
    (_KNEE, "X-ray negative for fracture."),
    (_KNEE, "X-ray: no fracture."),
    (_KNEE, "A fracture was ruled out by x-ray."),
    (_KNEE, "MRI of the right knee; physical therapy twice a week."),
    (_CALL, "The router stopped working on Monday and she was charged 64.50 dollars twice."),
    (_CALL, "Invoice 88213: one charge is refunded within 5 business days."),
    (_CALL, "A technician comes on 14 March, 2-4 pm."),
    (_CALL, "She declined the extended warranty."),
    (_CALL, "No warranty was added."),
    (_CALL, "Use mobile 4155550188."),
    (_CALL, "The customer is not happy with the wait of 40 minutes."),
    (_CALL, "The visit is free."),
    (_SRPSKI, "Bol u levom kolenu traje 3 nedelje."),
    (_SRPSKI, "Pacijent nema temperaturu."),
    (_SRPSKI, "Бол у левом колену траје три недеље."),
    (_SRPSKI, "Ibuprofen 400 mg 2 puta dnevno."),
    (_SRPSKI, "Kontrola je 15. aprila u 9:30 kod dr Ilić."),
]


def _marks(draft: str, turns: tuple[Turn, ...], tier: Status) -> set[str]:
    report = check(draft, turns, conversation_date=date(2026, 3, 4))
    return {r.check for claim in report.claims for r in claim.reasons if r.status is tier}


@pytest.mark.parametrize(("turns", "draft", "rule"), _STOPPED)
def test_a_wrong_sentence_is_stopped_for_its_reason(turns: tuple[Turn, ...], draft: str, rule: str) -> None:
    assert rule in _marks(draft, turns, Status.STOP)


@pytest.mark.parametrize(("turns", "draft"), _BORNE_OUT)
def test_a_sentence_that_the_source_bears_out_is_not_stopped(turns: tuple[Turn, ...], draft: str) -> None:
    assert not _marks(draft, turns, Status.STOP)


@pytest.mark.parametrize(
    ("turns", "draft"),
    [
        (_ASTHMA, "She was not told to take prednisone for five days."),
        (_KNEE, "The plan is not to order an MRI of the right knee."),
        (_CALL, "The technician is not coming on March 14."),
        (_CALL, "She was not billed twice."),
        (_CALL, "The agent will not refund one of the charges."),
    ],
)
def test_a_not_that_its_passage_lacks_is_marked(turns: tuple[Turn, ...], draft: str) -> None:
    assert _marks(draft, turns, Status.STOP) | _marks(draft, turns, Status.LOOK)


def test_a_speaker_without_a_name_is_no_speaker() -> None:
    turns = (
        Turn("Ann", "We should buy rubber buttons."),
        Turn("  ", "And a wheel."),
        Turn("Bo", "No."),
        Turn("", "Yes."),
    )
    assert check("Ann said we should buy rubber buttons.", turns).claims


def test_a_sentence_without_an_end_is_checked_in_pieces() -> None:
    draft = "She has a cough " * 1000 + "and takes 800 mg of prednisone"
    claims = check(draft, _ASTHMA).claims
    assert all(0 < claim.end - claim.start <= 1000 for claim in claims)
    assert "".join(draft[claim.start : claim.end] for claim in claims).count("cough") == 1000
    assert any(reason.check == "dose" for reason in claims[-1].reasons)


def test_asking_about_a_sentence_leaves_the_source_as_it_was() -> None:
    source = Prepared(_CALL)
    before = dict(source.postings)
    for _, draft, _ in _STOPPED:
        Checker(source).check(draft)
    assert dict(source.postings) == before


@pytest.mark.parametrize(
    "text",
    [
        "يعاني المريض من ألم في الركبة اليسرى منذ 3 أسابيع.",
        "膝の痛みが3週間続いています。",
        "\u202eאין חום\u202c, 38.5",
    ],
)
def test_other_languages_and_scripts_are_cut_and_checked(text: str) -> None:
    report = check(text, (Turn("A", text), Turn("B", "x")))
    assert report.claims
    assert not any(claim.status is Status.STOP for claim in report.claims)
