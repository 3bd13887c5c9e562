"""Find what a record already knows: names, ids and numbers of the people in a conversation, however they are spelt.

A name is found word by word, whatever its case and accents; a number by any five digits of it in a row, spoken or
written. This looks for too much rather than too little: it serves what may leave only without any of it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from reviewer.privacy import spoken
from reviewer.privacy.offsets import Rewritten

_WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")
_FEWEST_DIGITS = 5
_SHORTEST_NAME = 2


def known_spans(text: str, known: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return the ranges of `text` that say something of `known`, in order."""
    return tuple(sorted({*_names(text, known), *_numbers(text, known)}))


def _names(text: str, known: Iterable[str]) -> Iterator[tuple[int, int]]:
    wanted = {_folded(word) for each in known for word in _WORD.findall(each) if len(word) >= _SHORTEST_NAME}
    for found in _WORD.finditer(text):
        word = _folded(found.group())
        if word in wanted or word.removesuffix("s") in wanted:
            yield found.span()


def _numbers(text: str, known: Iterable[str]) -> Iterator[tuple[int, int]]:
    wanted = set()
    for each in known:
        digits = "".join(_DIGIT.findall(each))
        wanted |= {digits[at : at + _FEWEST_DIGITS] for at in range(len(digits) - _FEWEST_DIGITS + 1)}
    if not wanted:
        return
    read = spoken.written(Rewritten(text))
    places = [found.start() for found in _DIGIT.finditer(read.text)]
    digits = "".join(read.text[place] for place in places)
    for at in range(len(digits) - _FEWEST_DIGITS + 1):
        if digits[at : at + _FEWEST_DIGITS] in wanted:
            yield read.original(places[at], places[at + _FEWEST_DIGITS - 1] + 1)


def _folded(word: str) -> str:
    """Return a word without case and accents."""
    apart = unicodedata.normalize("NFKD", word.casefold().replace("đ", "dj"))
    return "".join(character for character in apart if not unicodedata.combining(character))
