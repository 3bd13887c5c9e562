"""People, places and peoples in English texts, as far as lists and the words around them tell.

The classifier finds most of them; this is for what it overlooks, and it says what cannot be a name.
"""

import re
from collections.abc import Iterator

from reviewer.privacy.patterns import Found
from reviewer.privacy.words import clinical, everyday, listed, places

_PART = r"[^\W\d_][\w’'-]*[^\W_]|[^\W\d_]"
_CAP = r"(?:(?:[A-ZÀ-ÖØ-ÞĀŁŚŠŽČĆĐİÅØÖÜ])(?:[\w’'-]*[^\W_])?\.?)"
TITLES = r"(?:mr|mrs|ms|miss|mister|dr|doctor|prof|professor|sir|madam|rev|fr|mx|nurse|judge|capt|captain|sgt|lt)"
_TITLED = re.compile(
    rf"\b(?P<title>{TITLES})\b\.?[ \t]+(?P<it>(?:{_PART})(?:\.?[ \t]+(?:{_PART})){{0,3}})", re.IGNORECASE
)
_RUN = re.compile(
    rf"{_CAP}(?:[ \t]+(?:(?:van|von|de|der|den|del|della|di|da|dos|la|le|el|al|bin|ibn|ben|ter)[ \t]+)?{_CAP})*"
)

_NAME_WORD = re.compile(r"[^\W\d_]+(?:[-’'](?![sS]\b)[^\W\d_]+)*\.?")
_LOWER_PLACE = re.compile(r"\b(?:from|in|to|near|visit\w*)\s+(?P<it>[a-z]{4,}(?:[ ][a-z]{4,})?)\b")
_BEFORE_COUNTRY = re.compile(
    rf"(?m)^[>|\t ]*(?P<it>{_CAP}(?:[ ]{_CAP}){{0,3}}),?[ \t]*\n[ \t>|]*(?P<country>{_CAP}(?:[ ]{_CAP}){{0,3}})\b"
)
_CALLED = re.compile(
    rf"\b(?i:call(?:s|ed|ing)?\s+(?:me|him|her|you)|(?:my|his|her|your)\s+(?:\w+\s+)?name(?:\s+is|'s|\s+was)|named\s+(?:him|her))\s+(?P<it>{_CAP}(?:[ ]{_CAP}){{0,2}})"
)
_SPEAKER = re.compile(r"(?m)^[>|\s]*(?P<it>[^\W\d_]{3,}):\s*[\"“A-Z]")

_BODIES = frozenset(
    "clinic hospital university college institute foundation inc llc ltd corp bank pharmacy company church school".split()
)
_NOT_IN_A_NAME = frozenset("apt apartment suite unit box po street road dds md phd rn jr sr".split())

_PLACING = re.compile(r"(?:\b(?:in|from|to|at|near|of|outside)|,)\s$", re.IGNORECASE)
_PEOPLE_WORD = re.compile(r"\b[A-Z][a-z]+(?=(?:[ -](?P<second>[A-Z][a-z]+))?\b)")
_NO_PEOPLE_BEFORE = re.compile(
    r"\b(?:stud(?:y|ies|ied|ying)|sp(?:eak\w*|oke\w*)|learn\w*|teach\w*|taught|translat\w*|in|into|fluent)\s$",
    re.IGNORECASE,
)
_NO_PEOPLE_AFTER = re.compile(r"\s(?:Union|Commission|Parliament|Court|Council|Central|Airlines|Express|Airways)\b")

_MEDICAL = re.compile(  # endings of procedures, diseases and generic names of drugs
    r"(?:gram|itis|osis|ectomy|malacia|emia|aemia|opathy|oscopy|plasty|otomy|algia|uria|pril|olol|statin|azole|cillin|mycin|oxacin|idine|tinib|zumab|ximab|umab|sartan|gliptin|formin|prazole|triptan|azepam|codone)s?$"
)


def find(text: str) -> Iterator[Found]:
    """Yield people, places and peoples."""
    yield from _titled(text)
    yield from _runs(text)
    yield from _peoples(text)


def _titled(text: str) -> Iterator[Found]:
    for match in _TITLED.finditer(text):
        title = match.group("title")
        end = start = match.start("it")
        for word in re.finditer(r"[^\W\d_](?:[\w’'-]*[^\W_])?\.?", text[start : match.end()]):
            plain = word.group().rstrip(".").lower()
            if plain.endswith(("'s", "’s")):
                plain = plain[:-2]
            capital = word.group()[0].isupper()
            if (
                plain in clinical()
                or plain in listed("function_words.en.txt")
                or (end > start and not capital and not _known(plain))
            ):
                break
            if not capital and (
                (everyday(plain) and plain not in listed("surnames.txt")) or (title[0].isupper() and len(title) > 4)
            ):
                break
            end = start + word.start() + len(word.group().rstrip("."))
            if text[end - 2 : end].lower() in ("'s", "’s"):
                end -= 2
                break
        if end > start:
            yield Found(start, end, "PERSON", 0.9, "names")


def _known(word: str) -> bool:
    return word in listed("given_names.txt") or word in listed("surnames.txt")


def _runs(text: str) -> Iterator[Found]:
    for match in _RUN.finditer(text):
        words = list(_NAME_WORD.finditer(text, match.start(), match.end()))
        plain = [word.group().rstrip(".").lower() for word in words]
        for first, last in _stretches(plain):
            if first == last and plain[first] in listed("given_names.txt") and not _placed(text, words, first):
                continue
            end = words[last].end() - (words[last].group().endswith("."))
            yield Found(words[first].start(), end, "LOCATION", 0.75, "names")
        for index, word in enumerate(plain[:-1]):
            behind = text[words[index].end() : words[index + 1].start()]
            if behind.strip() or word not in listed("given_names.txt") or everyday(word):
                continue
            last = index + 1 + (len(plain[index + 1]) == 1 and index + 2 < len(plain))
            if _surname(plain[last]) and plain[last] not in places():
                yield Found(words[index].start(), words[last].end(), "PERSON", 0.7, "names")
    for match in _LOWER_PLACE.finditer(text):
        if match.group("it") in places() and not everyday(match.group("it")):
            yield Found(*match.span("it"), "LOCATION", 0.6, "names")
    for match in _BEFORE_COUNTRY.finditer(text):
        if match.group("country").lower() in places():
            yield Found(*match.span("it"), "LOCATION", 0.75, "names")
    for match in _CALLED.finditer(text):
        if not is_nobody(match.group("it")):
            yield Found(*match.span("it"), "PERSON", 0.75, "names")
    for match in _SPEAKER.finditer(text):
        word = match.group("it").lower()
        if word in listed("given_names.txt") and not everyday(word):
            yield Found(*match.span("it"), "PERSON", 0.7, "names")


def _placed(text: str, words: list[re.Match[str]], index: int) -> bool:
    """Tell whether a word that is a given name as well stands where a place would."""
    start, end = words[index].span()
    if index + 1 < len(words) and not text[end : words[index + 1].start()].strip():
        return False
    return _PLACING.search(text, max(0, start - 12), start) is not None


def _stretches(words: list[str]) -> Iterator[tuple[int, int]]:
    """Yield first and last of the words that name a country or a large city."""
    for first in range(len(words)):
        for last in range(min(first + 4, len(words)) - 1, first - 1, -1):
            if " ".join(words[first : last + 1]) in places():
                yield first, last
                break


def _surname(word: str) -> bool:
    if word in _BODIES:
        return False
    return word in listed("surnames.txt") or (not everyday(word) and word not in clinical())


def _peoples(text: str) -> Iterator[Found]:
    for match in _PEOPLE_WORD.finditer(text):
        end = match.end()
        second = match.group("second")
        if second is not None and f"{match.group()} {second}".lower() in listed("peoples.en.txt"):
            end = match.end("second")
        elif match.group().lower() not in listed("peoples.en.txt"):
            continue
        if not _NO_PEOPLE_BEFORE.search(text, max(0, match.start() - 14), match.start()) and not _NO_PEOPLE_AFTER.match(
            text, end
        ):
            yield Found(match.start(), end, "NRP", 0.6, "names")


def is_nobody(text: str) -> bool:
    """Tell whether no word of this can be a name: drugs, parts of the body, words of notes, usual words in lower case."""
    words = [word.lower() for word in re.findall(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*", text)]
    if not words:
        return True
    if all(_MEDICAL.search(word) for word in words):
        return True
    if any(word in clinical() for word in words) and not any(_known(word) and word not in clinical() for word in words):
        return True
    lower = text == text.lower()
    functions = listed("function_words.en.txt")
    return all(word in functions or (lower and everyday(word) and not _known(word)) for word in words)
