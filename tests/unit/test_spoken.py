"""Numbers, addresses and dates as people say them: seven ways of speaking, by the thousand."""

import random
from collections.abc import Callable

import pytest

from reviewer import privacy
from reviewer.domain.personal_data import PiiSpan
from reviewer.privacy.checks import luhn
from reviewer.privacy.detector import Detector

_UNITS = "zero one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_MONTHS = "January February March April May June July August September October November December".split()
_NAMES = "anna john maria peter lucas emily noah sofia ivan wei carlos fatima olga james nina".split()
_FAMILIES = "smith jones brown garcia miller novak rossi kim patel nguyen schmidt walker young".split()
_HOSTS = "gmail yahoo outlook hotmail proton example mailbox icloud".split()
_ENDS = ["com", "org", "net", "co dot uk", "de", "rs"]

Speaker = Callable[[random.Random, str], str]


def _two(number: int) -> str:
    if number < 10:
        return _UNITS[number]
    if number < 20:
        return _TEENS[number - 10]
    return _TENS[number // 10 - 2] + (f" {_UNITS[number % 10]}" if number % 10 else "")


def _plain(_: random.Random, digits: str) -> str:
    return " ".join(_UNITS[int(d)] for d in digits)


def _with_oh(_: random.Random, digits: str) -> str:
    return " ".join("oh" if d == "0" else _UNITS[int(d)] for d in digits)


def _doubled(_: random.Random, digits: str) -> str:
    said: list[str] = []
    at = 0
    while at < len(digits):
        run = 1
        while run < 3 and digits[at : at + run + 1] == digits[at] * (run + 1):
            run += 1
        said.append({1: "", 2: "double ", 3: "triple "}[run] + _UNITS[int(digits[at])])
        at += run
    return " ".join(said)


def _in_pairs(_: random.Random, digits: str) -> str:
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    return " ".join(
        _UNITS[int(pair)] if len(pair) == 1 else f"oh {_UNITS[int(pair[1])]}" if pair[0] == "0" else _two(int(pair))
        for pair in pairs
    )


def _in_groups(chance: random.Random, digits: str) -> str:
    groups: list[str] = []
    rest = digits
    while rest:
        size = chance.choice((3, 4))
        groups.append(_plain(chance, rest[:size]))
        rest = rest[size:]
    return chance.choice((", ", " dash ", " - ", " ... ")).join(groups)


def _hesitating(chance: random.Random, digits: str) -> str:
    said: list[str] = []
    for place, digit in enumerate(digits):
        if place and chance.random() < 0.12:
            said.append(chance.choice(("uh", "um", "er")) + chance.choice(("", ",")))
        said.append(_UNITS[int(digit)])
    return " ".join(said)


def _half_written(chance: random.Random, digits: str) -> str:
    return " ".join(d if chance.random() < 0.5 else _UNITS[int(d)] for d in digits)


_SPEAKERS: tuple[Speaker, ...] = (_plain, _with_oh, _doubled, _in_pairs, _in_groups, _hesitating, _half_written)


def _card(chance: random.Random) -> str:
    body = chance.choice("3456") + "".join(chance.choice("0123456789") for _ in range(14))
    return next(body + digit for digit in "0123456789" if luhn(body + digit))


def _year(chance: random.Random, year: int) -> str:
    century, rest = divmod(year, 100)
    if century == 20 and rest < 10:
        return "two thousand" + (f" {chance.choice(('and ', ''))}{_UNITS[rest]}" if rest else "")
    return f"{_two(century)} " + (f"oh {_UNITS[rest]}" if 0 < rest < 10 else _two(rest) if rest else "hundred")


def _date(chance: random.Random, way: int) -> str:
    day, month = chance.randint(1, 28), chance.choice(_MONTHS)
    year = chance.randint(1931, 2024)
    ordinal = _ORDINALS[day - 1] if day <= 20 else f"twenty {_ORDINALS[day - 21]}"
    said_year = _year(chance, year)
    return (
        f"the {ordinal} of {month} {said_year}",
        f"{ordinal} of {month.lower()}, {said_year}",
        f"{month} {ordinal} {said_year}",
        f"{month} the {ordinal}, {said_year}",
        f"{ordinal} {month} {said_year}",
        f"the {ordinal} day of {month}, {said_year}",
        f"{month.lower()} {_two(day)} {said_year}",
    )[way]


def _mail(chance: random.Random, way: int) -> str:
    first, last = chance.choice(_NAMES), chance.choice(_FAMILIES)
    number = chance.randint(1, 99)
    host, end = chance.choice(_HOSTS), chance.choice(_ENDS)
    local = (
        f"{first} dot {last}",
        f"{first} underscore {last}",
        f"{first} {last} {_two(number)}",
        " ".join(first) + f" dot {last}",
        f"{first[0]} dot {last}",
        f"{first} dash {last} {number}",
        f"{first}{last}",
    )[way]
    return f"{local} at {host} dot {end}"


_FRAMES = {
    "CREDIT_CARD": ("my card number is {} okay", "it's {}", "so the visa is {} and it expires soon"),
    "PHONE_NUMBER": ("you can call me on {} after five", "my number is {}", "the phone is {} thanks"),
    "EMAIL_ADDRESS": ("my email is {} please", "send it to {} okay", "it's {}"),
    "DATE_TIME": ("i was born on {} in leeds", "the visit was {}", "date of birth {} yes"),
}


def _said(chance: random.Random, kind: str, way: int) -> str:
    if kind == "CREDIT_CARD":
        return _SPEAKERS[way](chance, _card(chance))
    if kind == "PHONE_NUMBER":
        digits = chance.choice("23456789") + "".join(chance.choice("0123456789") for _ in range(9))
        return _SPEAKERS[way](chance, digits)
    return _mail(chance, way) if kind == "EMAIL_ADDRESS" else _date(chance, way)


def _is_found(spans: tuple[PiiSpan, ...], start: int, end: int, kind: str) -> bool:
    covered = sum(max(0, min(span.end, end) - max(span.start, start)) for span in spans if span.type == kind)
    return 2 * covered >= end - start


@pytest.fixture(scope="module")
def detector() -> Detector:
    return privacy.load()


@pytest.mark.parametrize("kind", sorted(_FRAMES))
def test_spoken_forms_are_found(kind: str, detector: Detector, count: Callable[[int, int], int]) -> None:
    chance = random.Random(f"spoken {kind}")
    missed: list[str] = []
    number = count(70, 500)
    for index in range(number):
        said = _said(chance, kind, index % 7)
        frame = chance.choice(_FRAMES[kind])
        text = frame.format(said)
        start = frame.index("{}")
        if not _is_found(detector.find(text, "en"), start, start + len(said), kind):
            missed.append(f"way {index % 7}: {text}")
    assert len(missed) <= number // 100, "\n".join(missed)


@pytest.mark.parametrize(
    "text",
    [
        "one two three, breathe in, and four five six, breathe out",
        "it was about two or three days, maybe four",
        "my blood pressure was one hundred and twenty over eighty",
        "i take five hundred milligrams twice a day, so two in the morning and two at night",
        "i'd say seven out of ten, or eight",
        "twenty twenty five mg tablets",
        "look at that dot at the top",
    ],
)
def test_counting_and_dosing_is_no_number_of_anybody(text: str, detector: Detector) -> None:
    kinds = {span.type for span in detector.find(text, "en")}
    assert not kinds & {"CREDIT_CARD", "PHONE_NUMBER", "US_SSN", "US_BANK_NUMBER", "EMAIL_ADDRESS"}


def test_an_address_that_is_written_is_not_the_end_of_a_spoken_one(detector: Detector) -> None:
    text = "Call John Smith at 415-555-2671 on May 5, john@x.com"
    found = {text[s.start : s.end]: s.type for s in detector.find(text, "en")}
    assert found == {
        "John Smith": "PERSON",
        "415-555-2671": "PHONE_NUMBER",
        "May 5": "DATE_TIME",
        "john@x.com": "EMAIL_ADDRESS",
    }


def test_spoken_serbian_numbers_are_found(detector: Detector) -> None:
    text = "moj broj je nula šest četiri jedan dva tri četiri pet šest sedam"
    assert [span.type for span in detector.find(text, "sr")] == ["PHONE_NUMBER"]
    text = "мој број је нула шест четири један два три четири пет шест седам"
    assert [text[s.start : s.end] for s in detector.find(text, "sr")] == [text[len("мој број је ") :]]
