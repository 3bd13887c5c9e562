"""Sentences, numbers in words, quantities and negations: what is cut, read and compared."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.domain.items import Turn
from reviewer.domain.limits import PARAGRAPH_CHARACTERS, longest_paragraph
from reviewer.evidence.facts import Facts, Support
from reviewer.evidence.negation import Polarity, answer, denied
from reviewer.evidence.normalise import Sort, quantities, relative_days
from reviewer.evidence.numbers import digitised
from reviewer.evidence.sentences import cut
from reviewer.evidence.words import tokens
from tests.hostile import HOSTILE, HostileText

_NOTE = """HISTORY OF PRESENT ILLNESS

Ms. Ward saw Dr. Smith at 3 p.m. today. Temp. 38.5 noted, e.g. by her mother.

PLAN:
- Take 2.5 mg b.i.d. with food. Then stop.
1.\tSteroid cream
2) Review in 10 days!
PMH: Eczema, Asthma
 - Hyperglycemia: Increase Lantus. - Depression: Continue."""


def _cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in cut(text)]


def test_a_note_is_cut_into_sentences_and_list_entries_without_headings_and_bullets() -> None:
    assert _cut(_NOTE) == [
        "Ms. Ward saw Dr. Smith at 3 p.m. today.",
        "Temp. 38.5 noted, e.g. by her mother.",
        "Take 2.5 mg b.i.d. with food.",
        "Then stop.",
        "Steroid cream",
        "Review in 10 days!",
        "Eczema, Asthma",
        "Hyperglycemia: Increase Lantus.",
        "Depression: Continue.",
    ]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("1. Tuberculosis. 2. Fall.", ["Tuberculosis.", "Fall."]),
        ("Is it ready? Yes! It is.", ["Is it ready?", "Yes!", "It is."]),
        ("See J. Smith. He waits.", ["See J. Smith.", "He waits."]),
        ("Dolazite 3. marta u 9. Hvala!", ["Dolazite 3. marta u 9.", "Hvala!"]),
        ("Pozovite dr Petrović, npr. sutra. Hvala.", ["Pozovite dr Petrović, npr. sutra.", "Hvala."]),
        ("Wait... what? No.", ["Wait... what?", "No."]),
        ("He left.She stayed.", ["He left.", "She stayed."]),
        ("", []),
        ("- \n\n* * *\n", []),
    ],
)
def test_abbreviations_ordinals_and_marks_do_not_mislead_the_cut(text: str, sentences: list[str]) -> None:
    assert _cut(text) == sentences


@given(st.text(alphabet=st.sampled_from("aB1 .,;:!?-•*()\n\t\"'Dr#é🙂"), max_size=200))
def test_sentences_are_in_order_apart_and_without_white_space_around(text: str) -> None:
    last = 0
    for start, end in cut(text):
        assert last <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        last = end


@pytest.mark.parametrize(
    "hostile",
    [each for each in HOSTILE if longest_paragraph(each.text) <= PARAGRAPH_CHARACTERS],
    ids=lambda each: each.name,
)
def test_hostile_texts_are_cut_and_read(hostile: HostileText) -> None:
    text = hostile.text
    for start, end in cut(text):
        assert text[start:end].strip()
    for quantity in quantities(text):
        assert 0 <= quantity.start < quantity.end <= len(text)


@pytest.mark.parametrize(
    ("spelled", "digits"),
    [
        ("twenty-six", "26"),
        ("one hundred and fifty", "150"),
        ("two thousand nineteen", "2019"),
        ("nineteen ninety eight", "19 98"),
        ("two and a half", "2.5"),
        ("ninety nine point nine", "99.9"),
        ("point five", "0.5"),
        ("twenty-first", "21th"),
        ("her eighties", "her 80s"),
        ("five hundred milligrams", "500 milligrams"),
        ("one second", "1 second"),
        ("no number here", "no number here"),
    ],
)
def test_numbers_in_words_become_digits(spelled: str, digits: str) -> None:
    assert digitised(spelled).text == digits


@pytest.mark.parametrize(
    ("spelled", "digits"),
    [
        ("dvadeset i šest", "26"),
        ("двадесет шест", "26"),
        ("sto dvadeset pet", "125"),
        ("dve hiljade dvadeset šest", "2026"),
        ("trećeg marta", "3th marta"),
    ],
)
def test_serbian_numbers_are_read_in_both_scripts(spelled: str, digits: str) -> None:
    assert digitised(spelled, "sr").text == digits


@given(st.text(max_size=80))
def test_every_character_of_the_digits_knows_where_it_stood(text: str) -> None:
    digits = digitised(text)
    assert len(digits.starts) == len(digits.ends) == len(digits.text)
    assert all(0 <= a < b <= len(text) for a, b in zip(digits.starts, digits.ends, strict=True))
    assert list(digits.starts) == sorted(digits.starts)


def _found(draft: str, source: str, language: str = "en", today: date | None = None) -> Support:
    facts = Facts([Turn("A", source)], language, today)
    (quantity,) = quantities(draft, language)
    return facts.find(quantity)[0]


@pytest.mark.parametrize(
    ("draft", "source"),
    [
        ("5 mg", "five milligrams"),
        ("500 mg", "half a gram, so 0.5 g"),
        ("38.5", "38,5"),
        ("9:30", "half past nine"),
        ("12:15 pm", "quarter past 12 in the afternoon"),
        ("15:00", "three pm"),
        ("3:30 pm", "three thirty in the afternoon"),
        ("3 pm", "at 3"),
        ("March 4th", "the 4th of March"),
        ("March 4th", "on the fourth"),
        ("2020-03-04", "March 4, 2020"),
        ("12 months", "a year"),
        ("14 days", "two weeks"),
        ("$1,500", "fifteen hundred dollars"),
        ("20%", "twenty percent"),
        ("415-924-1192", "four one five nine two four one one nine two"),
        ("1998", "nineteen ninety eight"),
        ("120", "one twenty over eighty"),
        ("1.5 years", "a year and a half"),
        ("130s", "the hundred and thirties, 130 or so"),
        ("2 tablets", "a couple of tablets"),
        ("2005", "back in O five"),
        ("ELITEFIT15", "the code EliteFit15"),
    ],
)
def test_a_quantity_is_found_however_it_is_said(draft: str, source: str) -> None:
    assert _found(draft, source) is Support.SAME


@pytest.mark.parametrize(
    ("draft", "source", "language"),
    [
        ("08:30", "u pola devet", "sr"),
        ("15.4.", "petnaestog aprila", "sr"),
        ("38,5", "38.5", "sr"),
        ("1.500 dinara", "hiljadu petsto dinara", "sr"),
        ("3. marta", "трећег марта", "sr"),
    ],
)
def test_a_serbian_quantity_is_found_however_it_is_said(draft: str, source: str, language: str) -> None:
    assert _found(draft, source, language) is Support.SAME


@pytest.mark.parametrize(
    ("draft", "source", "support"),
    [
        ("50 mg", "five hundred milligrams", Support.ABSENT),
        ("500 mcg", "five hundred milligrams", Support.OTHERWISE),
        ("six weeks", "six months", Support.OTHERWISE),
        ("3 am", "three pm", Support.OTHERWISE),
        ("4:30 pm", "half past three", Support.ABSENT),
        ("March 9th", "March 4th", Support.ABSENT),
        ("March 9th", "next Monday", Support.UNKNOWN),
        ("Tuesday", "on Friday", Support.ABSENT),
        ("415-924-1193", "415-924-1192", Support.ABSENT),
    ],
)
def test_a_quantity_that_the_source_lacks_is_told_from_one_it_has_otherwise(
    draft: str, source: str, support: Support
) -> None:
    assert _found(draft, source) is support


def test_a_relative_day_is_resolved_by_the_date_of_the_conversation() -> None:
    today = date(2026, 3, 2)  # a Monday
    assert _found("March 3rd", "come tomorrow", today=today) is Support.SAME
    assert _found("March 5th", "come tomorrow", today=today) is Support.ABSENT
    assert _found("Friday", "on March 6th", today=today) is Support.SAME
    facts = Facts([Turn("A", "see you on March 3rd")], "en", today)
    assert facts.find_relative(relative_days("tomorrow", today)[0]) is Support.SAME
    assert facts.find_relative(relative_days("the day after tomorrow", today)[0]) is Support.ABSENT


def test_a_list_number_or_a_name_with_digits_is_no_plain_number() -> None:
    assert [q.sort for q in quantities("COVID-19 and A1c of 7.2.")] == [Sort.CODE, Sort.NUMBER]


def _denied(text: str) -> list[str]:
    words = tokens(text)
    return [words[place].word for place in sorted(denied(words)) if len(words[place].word) > 3]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("She denies fever, chills, or cough.", ["fever", "chills", "cough"]),
        ("No swelling but some redness.", ["swelling"]),
        ("The knee does not hurt, and he walks well.", ["hurt"]),
        ("It does n't look like there is a fracture.", ["look", "like", "there", "fracture"]),
        ("Not only pain but fever.", []),
        ("No problem, the pain is gone.", []),
        ("Nema temperaturu ni kašalj.", ["temperaturu", "kasalj"]),
        ("Negative headaches, negative seizures.", ["headaches", "seizures"]),
    ],
)
def test_a_negation_reaches_as_far_as_it_denies(text: str, words: list[str]) -> None:
    assert _denied(text) == words


def test_a_short_answer_says_yes_or_no() -> None:
    assert answer("No, not really.") is Polarity.DENIED
    assert answer("uh, yeah I do") is Polarity.ASSERTED
    assert answer("No problem.") is Polarity.ASKED
    assert answer("It started in May.") is Polarity.ASKED
