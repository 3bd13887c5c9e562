"""Cut text into the pieces of words that the classifier knows, each with its place in the text.

The rules are BERT's (Devlin et al. 2019, the uncased form): spaces part words, every sign of punctuation is a word,
case and accents are dropped, and a word is cut into the longest known pieces from its start.
"""

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import regex

_LONGEST_WORD = 100

# A run of what is neither space nor punctuation, or one sign of it. Chinese characters stand alone. The signs of ASCII
# are all punctuation to BERT; currency and mathematics beyond it are not.
_SIGN = r"\p{P}$+<=>^`|~\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ebef\U0002f800-\U0002fa1f"
_WORD = regex.compile(rf"[^\s{_SIGN}]+|[{_SIGN}]")


class Piece(NamedTuple):
    """One piece: its number in the vocabulary and its place in the text; `opens` where it begins a word."""

    number: int
    start: int
    end: int
    opens: bool


class WordPieces:
    """The vocabulary, and how words fall into it."""

    def __init__(self, vocabulary: Path) -> None:
        words = vocabulary.read_text("utf-8").split("\n")
        self._numbers = {word: number for number, word in enumerate(words) if word}
        self.unknown = self._numbers["[UNK]"]
        self.opening = self._numbers["[CLS]"]
        self.closing = self._numbers["[SEP]"]
        self._cut = lru_cache(maxsize=20_000)(self._cut_word)

    def pieces(self, text: str) -> list[Piece]:
        """Return the pieces of a text in order."""
        found: list[Piece] = []
        for match in _WORD.finditer(text):
            start, word = match.start(), match.group()
            found += [Piece(number, start + first, start + last, first == 0) for number, first, last in self._cut(word)]
        return found

    def _cut_word(self, word: str) -> tuple[tuple[int, int, int], ...]:
        """Return the pieces of one word: number, start and end within it."""
        plain, places = _plain(word)
        if not plain or plain.isspace():
            return ()
        if len(plain) > _LONGEST_WORD:
            return ((self.unknown, 0, len(word)),)
        pieces: list[tuple[int, int, int]] = []
        at = 0
        while at < len(plain):
            end = len(plain)
            while end > at:
                number = self._numbers.get(plain[at:end] if at == 0 else "##" + plain[at:end])
                if number is not None:
                    break
                end -= 1
            else:
                return ((self.unknown, 0, len(word)),)
            pieces.append((number or 0, places[at], places[end - 1] + 1))
            at = end
        return tuple(pieces)


def _plain(word: str) -> tuple[str, list[int]]:
    """Return the word without case and accents, and for each character where it came from."""
    if word.isascii() and word.isprintable():
        return word.lower(), list(range(len(word)))
    plain: list[str] = []
    places: list[int] = []
    for place, character in enumerate(word):
        for part in unicodedata.normalize("NFD", character):
            if unicodedata.category(part) in ("Mn", "Cc", "Cf"):
                continue
            for lower in part.lower():
                if unicodedata.category(lower) != "Mn":
                    plain.append(lower)
                    places.append(place)
    return "".join(plain), places
