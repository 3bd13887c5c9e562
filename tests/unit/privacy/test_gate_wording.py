"""What a person has to answer for: preambles, swearing, threats, health in a text message, links, look-alikes,
length, language."""

import pytest

from reviewer.domain.findings import Weight
from reviewer.privacy.gate import Outgoing, blocking, check


def _rules(text: str, kind: str = "sms", language: str | None = "en") -> set[str]:
    return {f.rule for f in check(Outgoing(text, kind=kind, language=language)) if f.weight is Weight.STOP}


@pytest.mark.parametrize(
    "text",
    [
        "The provided information is sufficient to draft a reply. Hi Ana, see you.",
        "Sure, here's a draft response: Hi Ana.",
        "Here is the SMS:\nHi Ana.",
        "Possible clinical note: HISTORY",
        "As an AI language model, I cannot",
        "Draft: Hi Ana",
        "I've drafted a message for Ana.",
        "Hi Ana.\n\nLet me know if you'd like me to adjust the tone.",
        "Note to reviewer: check the date.",
        "Hi Ana. (This message is 120 characters.)",
        "Based on the provided transcript, Ana called.",
        "Evo nacrta poruke: Zdravo Ana",
        "Na osnovu dostavljenih informacija, Ana je zvala.",
    ],
)
def test_a_preamble_is_told(text: str) -> None:
    assert "preamble" in _rules(text, language=None)


@pytest.mark.parametrize(
    "text",
    [
        "Sure, here is the list of theaters.",
        "Here are your visits this week.",
        "The draft lease is attached.",
        "Let me know if you want to change the date.",
        "Please let us know if this time works.",
        "This message is for Ana.",
        "Note: bring your card.",
        "Your answer: yes or no?",
    ],
)
def test_ordinary_openings_are_no_preamble(text: str) -> None:
    assert "preamble" not in _rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "You stupid idiot.",
        "What the fuck?",
        "f**k this",
        "sh1t",
        "you are a piece of shit",
        "Vi ste budala.",
        "Jebote, opet.",
        "Ма јебеш то",
        "a$$hole",
        "fuuuck",
        "f u c k",
    ],
)
def test_swearing_is_told(text: str) -> None:
    assert "profanity" in _rules(text, language=None)


@pytest.mark.parametrize(
    "text",
    [
        "Stool sample, anal fissure, HIV test negative, breast exam normal.",
        "Skin prick test on Monday.",
        "Mental retardation was an old term.",
        "Dr. Dick Van Dyke called.",
        "Mr Cock is here.",
        "Bloody stool twice, debilitating pain.",
        "Mrs. Pick picks pickles; spices and stock.",
        "Shiitake mushrooms, assessment, Scunthorpe, cocktail, cockroach.",
        "Kretanje je dobro, marš na 5 km.",
        "Class assignment passed.",
    ],
)
def test_clinical_and_ordinary_words_are_no_swearing(text: str) -> None:
    assert "profanity" not in _rules(text, language=None)


def test_a_note_may_quote_an_angry_caller() -> None:
    found = check(Outgoing("He called the nurse a stupid idiot.", kind="clinical_note"))
    assert {f.weight for f in found if f.rule == "profanity"} == {Weight.LOOK}


@pytest.mark.parametrize(
    "text",
    ["We know where you live.", "Pay now or you will be arrested.", "You will regret this.", "Znamo gde živite."],
)
def test_a_threat_is_told(text: str) -> None:
    assert "threat" in _rules(text, language=None)


@pytest.mark.parametrize(
    "text",
    [
        "Your HIV result is ready.",
        "Your SSN 521-44-9382 is on file.",
        "Your biopsy came back malignant.",
        "MRN: 4471982",
    ],
)
def test_sensitive_health_in_a_text_message_is_told(text: str) -> None:
    assert "phi_in_sms" in _rules(text)
    assert "phi_in_sms" not in _rules(text, kind="clinical_note")


@pytest.mark.parametrize(
    "text",
    ["See bit.ly/3xYz", "See https://tinyurl.com/abc", "See http://192.168.1.7/x", "https://xn--pypal-4ve.com/login"],
)
def test_a_link_that_hides_where_it_leads_is_told(text: str) -> None:
    assert "link" in _rules(text)


@pytest.mark.parametrize("text", ["See https://www.clinic.example/visits/3", "Rabbit.lying in wait", "at.co/op"])
def test_an_open_link_passes(text: str) -> None:
    assert "link" not in _rules(text)


@pytest.mark.parametrize("text", ["Pаypal", "Your Аcme account", "ΡayΡal", "раура sign in", "𝐇𝐞𝐥𝐥𝐨 there"])
def test_look_alike_letters_are_told(text: str) -> None:
    assert "look_alike" in _rules(text, language=None)


@pytest.mark.parametrize(
    "text",
    [
        "5 μg of TGFβ, IFNγ and an α-blocker",
        "Пошаљите SMSом или PDF-ом",
        "ለ BPዎ ይጎብኙ",
        "Café naïve Ilić",
        "Здраво, ово је тест",
    ],
)
def test_letters_that_belong_together_pass(text: str) -> None:
    assert "look_alike" not in _rules(text, language=None)


def test_a_long_message_is_told_once() -> None:
    assert "segments" in _rules("Your visit is confirmed. " * 40)
    assert "segments" not in _rules("Your visit is confirmed. " * 20)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Vaš termin je u utorak, molimo vas da ne kasnite na pregled."),
        ("sr", "Your visit is on Tuesday, please be on time for the doctor."),
        ("hi_IN", "Please visit the clinic on Tuesday"),
        ("sr-Cyrl", "Vaš termin je u utorak u devet."),
        ("es", "Your visit is on Tuesday, please call the clinic."),
    ],
)
def test_another_language_than_the_recipients_is_told(language: str, text: str) -> None:
    assert "language" in _rules(text, language=language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Su visita"),
        ("sr", "Ваш термин је у уторак у девет."),
        ("sr-Latn", "Vaš termin je u utorak u devet."),
        ("en-US", "See you on Tuesday at nine, thank you."),
        ("xx", "Something in no language that is known"),
    ],
)
def test_the_recipients_language_passes(language: str, text: str) -> None:
    assert "language" not in _rules(text, language=language)


def test_what_blocks_whatever_is_said() -> None:
    assert [f.rule for f in blocking(check(Outgoing("  ")))] == ["empty"]
    assert [f.rule for f in blocking(check(Outgoing("Hi", suppressed=True)))] == ["suppressed"]
    for text in ("Hi <PERSON_1>, hello", "Hi <person_1>", "Hi PERSON_1", "Hi [PERSON_2]", "Hi < PERSON 3 >"):
        assert [f.rule for f in blocking(check(Outgoing(text)))] == ["pii_token"]
