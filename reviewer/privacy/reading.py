"""What the classifier's probabilities amount to, word by word, with what the lists know of each word.

A capital, or a place on a list of names, lowers the bar that a word has to clear; a word in everyday use raises it.
"""

import re
from collections.abc import Iterator

from reviewer.privacy import names, serbian
from reviewer.privacy.classifier import Read
from reviewer.privacy.patterns import Found
from reviewer.privacy.words import everyday, listed, places

_NUMBERS = {
    "TAX_ID": "TAX_ID",
    "BANK_ACCOUNT": "US_BANK_NUMBER",
    "ROUTING_NUMBER": "ABA_ROUTING_NUMBER",
    "GOVERNMENT_ID": "ID_NUMBER",
    "PASSPORT": "US_PASSPORT",
    "DRIVERS_LICENSE": "US_DRIVER_LICENSE",
    "PHONE": "PHONE_NUMBER",
}
TYPES = frozenset(_NUMBERS.values()) | {"PERSON", "LOCATION"}
_TITLE = re.compile(rf"{names.TITLES}\.?", re.IGNORECASE)
_WORDLY = re.compile(r"[^\W\d_]{2}|\d[ -]\d")
_OPENING = re.compile(r"[.!?:\n]\s*$")
_BODY = re.compile(
    r"(?:^|\s)(?:Clinic|Hospital|University|College|Institute|Foundation|Inc|LLC|Ltd|Corp|Bank|Pharmacy|Company|Church|School)\b"
)
_GAP = re.compile(r"[ \t]{0,2}\.?[ \t]{0,2}$|[ \t]*['’-][ \t]*$")

# What people say before the name of the person that they speak to.
_SPOKEN_TO = frozenset(
    "hi hello hey so okay ok alright well thanks bye goodbye morning afternoon evening you there dear sorry".split()
)

# Who something is sent or paid to is a person; where somebody goes is not.
_GIVING = re.compile(
    r"\b(?:send|sent|sending|transfer(?:red|ring)?|pay|paid|paying|gives?|gave|giving|lend|wire[ds]?|forward(?:ed)?"
    r"|from\s+(?:my|your|the|his|her|their)\s+[\w ]{0,30}account)\b[^.!?\n]*$",
    re.IGNORECASE,
)

_WORD = re.compile(r"[^\W\d_]+(?:[’'-][^\W\d_]+)*|\d+")
_TIMES_OF_DAY = frozenset("am pm a.m p.m mr mrs ms dr i'm i'd i've i'll ok tv id pin atm gp hi".split())


def worth_reading(text: str) -> list[int]:
    """Return the places of words that can be part of a name, an address or a number, in order.

    Everyday words in lower case are not, nor where they open a sentence, nor are figures of one or two digits.
    """
    places_of: list[int] = []
    uncased = not any(c.isupper() for c in text)
    before = ""
    for match in _WORD.finditer(text):
        word = match.group()
        lower = word.lower()
        if word[0].isdigit():
            worth = len(word) > 2
        elif lower in listed("function_words.en.txt") or lower in _TIMES_OF_DAY:
            worth = False
        elif not everyday(lower):
            worth = len(word) > 1
        elif word[0].isupper():
            worth = lower in listed("given_names.txt") or not _opens(text, match.start())
        else:
            worth = (uncased or before in _SPOKEN_TO) and lower in listed("given_names.txt")
        if worth:
            places_of.append(match.start())
        before = lower
    return places_of


def _opens(text: str, start: int) -> bool:
    return start == 0 or _OPENING.search(text, max(0, start - 3), start) is not None


def found(text: str, words: list[Read], *, language: str, eager: bool) -> Iterator[Found]:
    """Yield the people, places and numbers; `eager` takes doubt for a find."""
    ease = 0.4 if eager else 1.0
    cased = text[:1].isupper() and any(c.isupper() for c in text[1:])  # here a name would have its capital
    located = [word.place >= ease * _place_bar(text[word.start : word.end]) for word in words]
    if language == "sr":
        persons = [word.person >= 0.1 * ease and not serbian.is_nobody(text, word.start, word.end) for word in words]
    else:
        persons = [word.person >= ease * _person_bar(text[word.start : word.end], cased=cased) for word in words]
        _addressed(text, words, persons, ease=ease)
    for index, word in enumerate(words):
        if persons[index] and located[index]:
            persons[index] = word.person >= word.place
            located[index] = not persons[index]
    if language != "sr":
        _dealt_with(text, words, persons, located)
    yield from _people(text, words, persons)
    yield from _places(text, words, located)
    yield from _numbers(text, words, ease=ease)


def _addressed(text: str, words: list[Read], persons: list[bool], *, ease: float) -> None:
    """Take as people those who are spoken to by a given name, and a surname behind a given name."""
    for index in range(1, len(words)):
        word = text[words[index].start : words[index].end].lower()
        before = text[words[index - 1].start : words[index - 1].end].lower()
        if persons[index]:
            continue
        if before in _SPOKEN_TO and word in listed("given_names.txt") and word not in listed("function_words.en.txt"):
            persons[index] = words[index].person >= ease * (0.06 if everyday(word) else 0.015)
        elif persons[index - 1] and word in listed("surnames.txt") and not everyday(word):
            persons[index] = words[index].person >= 0.02 * ease


def _dealt_with(text: str, words: list[Read], persons: list[bool], located: list[bool]) -> None:
    """Take a lone given name for a person, not for a place, behind "with", or behind "to" where something is given."""
    for index in range(1, len(words)):
        word, before = words[index], text[words[index - 1].start : words[index - 1].end].lower()
        if not located[index] or before not in ("with", "to") or text[word.start : word.end].islower():
            continue
        alone = index + 1 == len(words) or not (located[index + 1] or text[words[index + 1].start] == ",")
        if not alone or text[word.start : word.end].lower() not in listed("given_names.txt"):
            continue
        if before == "with" or _GIVING.search(text, max(0, word.start - 120), words[index - 1].start):
            persons[index], located[index] = True, False


def _person_bar(word: str, *, cased: bool) -> float:
    if not word[0].isalpha() or _TITLE.fullmatch(word):
        return 2.0
    lower = word.lower()
    known = lower in listed("given_names.txt") or lower in listed("surnames.txt")
    if len(word) == 1 or lower in listed("function_words.en.txt"):
        return 0.75
    usual = everyday(lower)
    if word[0].isupper():
        return (0.2 if known else 0.5) if usual else (0.04 if known else 0.12)
    if cased:
        return 2.0 if usual else (0.4 if known else 0.9)
    return (0.15 if known else 0.75) if usual else (0.05 if known else 0.5)


def _place_bar(word: str) -> float:
    if not word[0].isalnum():
        return 0.5
    if word[0].isdigit():
        return 0.4
    lower = word.lower()
    known = lower in listed("cities.txt") or lower in places()
    if lower in listed("function_words.en.txt"):
        return 0.6
    if word[0].isupper():
        return (0.08 if known else 0.2) if not everyday(lower) else 0.35
    return (0.4 if known else 0.5) if not everyday(lower) else 0.6


def _people(text: str, words: list[Read], chosen: list[bool]) -> Iterator[Found]:
    for first, last in _runs(text, words, chosen):
        start, end = words[first].start, words[last].end
        if not names.is_nobody(text[start:end]) and not _BODY.search(text[start:end]) and not _BODY.match(text, end):
            mean = sum(word.person for word in words[first : last + 1]) / (last - first + 1)
            yield Found(start, end, "PERSON", 0.4 + 0.3 * mean, "classifier")


def _places(text: str, words: list[Read], chosen: list[bool]) -> Iterator[Found]:
    for first, last in _runs(text, words, chosen):
        start, end = words[first].start, words[last].end
        if any(c.isalnum() for c in text[start:end]):
            mean = sum(word.place for word in words[first : last + 1]) / (last - first + 1)
            if mean < 0.7 and not _WORDLY.search(text, start, end):
                continue
            yield Found(start, end, "LOCATION", 0.38 + 0.3 * mean, "classifier")


def _numbers(text: str, words: list[Read], *, ease: float) -> Iterator[Found]:
    chosen = [word.number >= 0.5 * ease and word.label in _NUMBERS for word in words]
    for first, last in _runs(text, words, chosen):
        start, end, label = words[first].start, words[last].end, words[first].label
        digits = sum(c.isdigit() for c in text[start:end])
        if digits >= (7 if label == "PHONE" else 5):
            yield Found(start, end, _NUMBERS[label], 0.38 + 0.2 * words[first].number, "classifier")


def _runs(text: str, words: list[Read], chosen: list[bool]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run of chosen words on one line."""
    first: int | None = None
    for index, word in enumerate(words):
        if first is not None and (not chosen[index] or not _GAP.match(text[words[index - 1].end : word.start])):
            yield first, index - 1
            first = None
        if chosen[index] and first is None:
            first = index
    if first is not None:
        yield first, len(words) - 1
