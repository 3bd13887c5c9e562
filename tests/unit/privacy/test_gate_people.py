"""Names, numbers and addresses that belong to nobody in the conversation."""

import pytest

from reviewer.domain.findings import Weight
from reviewer.domain.items import Turn
from reviewer.privacy.gate import Outgoing, check

_SOURCE = (
    Turn("Customer", "hi this is maren okafor, my number is two oh two five five five oh one double seven"),
    Turn("Agent", "Thank you Ms Okafor. Dr. Ilić is free on Tuesday; write to reception@northclinic.example."),
)


def _weights(text: str, rule: str, **how: object) -> list[Weight]:
    return [f.weight for f in check(Outgoing(text, **{"source": _SOURCE, **how})) if f.rule == rule]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "Hi Martin Kowalski, your visit is on Tuesday.",
        "Dear Mrs. Jane Doe:\nyour visit",
        "Poštovana Milica Jović,\nvaš termin je u utorak.",
        "John Smith, please come on Tuesday.",
    ],
)
def test_a_greeting_to_a_stranger_blocks(text: str) -> None:
    assert _weights(text, "wrong_person") == [Weight.BLOCK]


@pytest.mark.parametrize(
    "text",
    [
        "Hi Maren, your visit",
        "Dear Ms Okafor, your visit",
        "Hi Maren Okafor, see you",
        "Dear Maryn Okafor, see you",
        "Dear Valued Customer, hello",
        "Hi there, your visit",
        "Hello Again Everyone, your visit",
        "New York, please note, is far.",
        "Dear Dr Ilić,\nthank you",
        "Hi Mar, your visit",
        "Kind regards,\nDr. Jelena Ilić",
    ],
)
def test_who_takes_part_may_be_addressed(text: str) -> None:
    assert _weights(text, "wrong_person") == []


def test_names_are_compared_across_scripts_and_cases() -> None:
    source = (Turn("Корисник", "Овде Јелена Илић, зовем за брата Марка."),)
    for text in (
        "Poštovana Jelena Ilić, vaš termin je sutra.",
        "Draga Jelena, vidimo se.",
        "Zdravo Marko Ilić, vidimo se.",
    ):
        assert _weights(text, "wrong_person", source=source) == []
    assert _weights("Poštovana Ana Kostić, vaš termin je sutra.", "wrong_person", source=source) == [Weight.BLOCK]


def test_a_first_name_alone_asks_a_person_where_the_caller_gave_another() -> None:
    assert _weights("Hi Petronella, your visit is on Tuesday.", "wrong_person") == [Weight.STOP]


def test_a_signature_of_a_stranger_asks_a_person() -> None:
    assert _weights("See you.\n\nBest regards,\nDr. Emily Carter", "wrong_person") == [Weight.STOP]


def test_without_a_conversation_nobody_is_a_stranger() -> None:
    assert _weights("Hi Martin Kowalski, write to bob@example.com.", "wrong_person", source=()) == []
    assert _weights("Hi Martin Kowalski, write to bob@example.com.", "wrong_contact", source=()) == []


@pytest.mark.parametrize(
    "text",
    [
        "We will send it to bob@example.com.",
        "We call you back on +44 7700 900123.",
        "Your number 202-555-0199 was updated.",
    ],
)
def test_a_contact_of_nobody_blocks(text: str) -> None:
    assert _weights(text, "wrong_contact") == [Weight.BLOCK]


@pytest.mark.parametrize(
    "text",
    [
        "We call you on (202) 555-0177.",
        "We call +1 202 555 0177 today.",
        "Write to Reception@NorthClinic.example.",
        "Any of you@northclinic.example",
        "Order number 202-555-0199 is ready.",
        "Seasons 2008-2013 on 12.03.2027 at 10:30, 1.208,40 EUR.",
        "Your code is 482913.",
        "We text +1 (312) 555-0142.",
    ],
)
def test_contacts_of_the_conversation_and_other_numbers_pass(text: str) -> None:
    assert _weights(text, "wrong_contact", recipient="+13125550142") == []


def test_where_to_reach_the_business_is_asked_unless_it_is_listed() -> None:
    text = "Questions? Call us at 202-555-0123 or mail support@acme.example."
    assert _weights(text, "wrong_contact") == [Weight.STOP, Weight.STOP]
    assert _weights(text, "wrong_contact", contacts=frozenset({"+1 202 555 0123", "@acme.example"})) == []
