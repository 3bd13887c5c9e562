"""People, places and peoples in English texts, as far as lists and the words around them tell.

The classifier finds most of them; this is for what it overlooks, and it says what cannot be a name.
"""

import re
from collections.abc import Iterator

from reviewer.privacy.patterns import Found
from reviewer.privacy.words import clinical, listed, usual

_PART = r"[^\W\d_][\w’'-]*[^\W_]|[^\W\d_]"
_CAP = r"(?:(?:[A-ZÀ-ÖØ-ÞĀŁŚŠŽČĆĐİÅØÖÜ])(?:[\w’'-]*[^\W_])?\.?)"
TITLES = r"(?:mr|mrs|ms|miss|mister|dr|doctor|prof|professor|sir|madam|rev|fr|mx|nurse|judge|capt|captain|sgt|lt)"
_TITLED = re.compile(rf"\b(?P<title>{TITLES})\b\.?\s+(?P<it>(?:{_PART})(?:\.?\s+(?:{_PART})){{0,3}})", re.IGNORECASE)
_RUN = re.compile(
    rf"{_CAP}(?:\s+(?:(?:van|von|de|der|den|del|della|di|da|dos|la|le|el|al|bin|ibn|ben|ter)\s+)?{_CAP})*"
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
                (plain in usual() and plain not in listed("surnames.txt")) or (title[0].isupper() and len(title) > 4)
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
        words = re.split(r"\s+", match.group())
        plain = [word.rstrip(".").lower() for word in words]
        plain = [word[:-2] if word.endswith(("'s", "’s")) else word for word in plain]
        whole = " ".join(plain)
        if whole in listed("places.en.txt"):
            yield Found(match.start(), match.start() + len(whole), "LOCATION", 0.8, "names")
        elif len(words) > 1:
            place = next((p for p in _tails(plain) if p in listed("places.en.txt")), None)
            if (
                place is None
                and plain[0] in listed("given_names.txt")
                and plain[0] not in usual()
                and _surname(plain[-1])
            ):
                end = match.end() - (2 if match.group().lower().endswith(("'s", "’s")) else 0)
                yield Found(match.start(), end, "PERSON", 0.7, "names")
            elif place is not None:
                start = match.start() + whole.rindex(place)
                if text[start : start + len(place)].lower() == place:
                    yield Found(start, start + len(place), "LOCATION", 0.75, "names")


def _tails(words: list[str]) -> Iterator[str]:
    for first in range(1, len(words)):
        yield " ".join(words[first:])


def _surname(word: str) -> bool:
    return word in listed("surnames.txt") or (word not in usual() and word not in clinical())


def _peoples(text: str) -> Iterator[Found]:
    for match in re.finditer(r"\b[A-Z][a-z]+(?:[ -][A-Z][a-z]+)?\b", text):
        word = match.group().lower()
        if word in listed("peoples.en.txt"):
            yield Found(match.start(), match.end(), "NRP", 0.6, "names")
            continue
        first = re.split(r"[ -]", word)[0]
        if first in listed("peoples.en.txt"):
            yield Found(match.start(), match.start() + len(first), "NRP", 0.6, "names")


def is_nobody(text: str) -> bool:
    """Tell whether no word of this can be a name: drugs, parts of the body, words of notes, usual words in lower case."""
    words = [word.lower() for word in re.findall(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*", text)]
    if not words:
        return True
    if any(word in clinical() for word in words) and not any(_known(word) and word not in clinical() for word in words):
        return True
    lower = text == text.lower()
    functions = listed("function_words.en.txt")
    return all(word in functions or (lower and word in usual() and not _known(word)) for word in words)
