"""Labels: what transcribers write, how it should look, and how far two of them differ.

Tags stand in square brackets and come from a closed list; ((double brackets)) hold what the listener is unsure of.
Marks of style are soft: they show where to look and forbid nothing.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reviewer.domain.translation import QT_TRANSLATE_NOOP

TAGS = ("[noise]", "[crosstalk]", "[laughter]", "[music]")
UNINTELLIGIBLE = "[unintelligible]"
ALL_TAGS = frozenset({*TAGS, UNINTELLIGIBLE})
LONGEST = 4_000  # characters; a clip has at most 15 seconds

_BRACKETED = re.compile(r"\[[^\[\]]*\]?|\]")
_SPACES = re.compile(r"  +|\t|^ +(?=\S)| +$", re.MULTILINE)
_DIGITS = re.compile(r"\d+(?:[.,:]\d+)*")
_FORBIDDEN = re.compile(r"[*_#<>{}|\\~^=…]+|\.{2,}")
_UNSURE = re.compile(r"\(\(|\)\)|[()]")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class StyleMark:
    """A place [start, end), in code points, where the conventions ask for something else."""

    start: int
    end: int
    rule: str
    message: str


def lint(text: str, *, glossary: Sequence[str] = (), digits_allowed: bool = False) -> tuple[StyleMark, ...]:
    """Return where `text` departs from the conventions, in the order of the text."""
    marks = [
        StyleMark(*m.span(), "tag", QT_TRANSLATE_NOOP("Style", "This is not one of the tags."))
        for m in _BRACKETED.finditer(text)
        if m.group() not in ALL_TAGS
    ]
    marks += _matches(text, _SPACES, "spaces", QT_TRANSLATE_NOOP("Style", "One space between words, none around."))
    marks += _matches(text, _FORBIDDEN, "sign", QT_TRANSLATE_NOOP("Style", "Write words; this sign is not used."))
    if not digits_allowed:
        marks += _matches(text, _DIGITS, "digits", QT_TRANSLATE_NOOP("Style", "Write numbers as they are spoken."))
    marks += _unbalanced(text)
    marks += _glossary_marks(text, glossary)
    return tuple(sorted(marks, key=lambda mark: (mark.start, mark.end)))


def _matches(text: str, pattern: re.Pattern[str], rule: str, message: str) -> Iterable[StyleMark]:
    return (StyleMark(*found.span(), rule, message) for found in pattern.finditer(text))


def _unbalanced(text: str) -> Iterable[StyleMark]:
    message = QT_TRANSLATE_NOOP("Style", "Put what you are unsure of in ((double brackets)).")
    open_at: tuple[int, int] | None = None
    for found in _UNSURE.finditer(text):
        if found.group() == "((" and open_at is None:
            open_at = found.span()
        elif found.group() == "))" and open_at is not None:
            if not text[open_at[1] : found.start()].strip():
                yield StyleMark(open_at[0], found.end(), "unsure", message)
            open_at = None
        else:
            yield StyleMark(*found.span(), "unsure", message)
    if open_at is not None:
        yield StyleMark(*open_at, "unsure", message)


def _glossary_marks(text: str, glossary: Sequence[str]) -> Iterable[StyleMark]:
    message = QT_TRANSLATE_NOOP("Style", "The glossary writes this in another way.")
    for term in glossary:
        for found in re.finditer(rf"(?<!\w){re.escape(term)}(?!\w)", text, re.IGNORECASE):
            if found.group() != term:
                yield StyleMark(*found.span(), "glossary", message)


def words_of(text: str) -> tuple[str, ...]:
    """Return the words that count when two labels are compared: no tags, no brackets, no case, no punctuation."""
    bare = _BRACKETED.sub(" ", text)
    folded = unicodedata.normalize("NFC", bare).casefold().replace("’", "'")
    return tuple(_WORD.findall(folded))


def tags_of(text: str) -> Counter[str]:
    """Count the tags of a label."""
    return Counter(m.group() for m in _BRACKETED.finditer(text) if m.group() in ALL_TAGS)


@dataclass(frozen=True, slots=True)
class WordErrors:
    """How the words of one text differ from those of another, with the pairs of places that belong together.

    In `pairs` None stands for a word that the other text lacks.
    """

    substituted: int
    missing: int
    added: int
    of_words: int
    pairs: tuple[tuple[int | None, int | None], ...] = ()

    @property
    def number(self) -> int:
        """Count the errors."""
        return self.substituted + self.missing + self.added

    @property
    def rate(self) -> float:
        """Return the word error rate; of no words at all it is 0, or 1 where some were added."""
        return self.number / self.of_words if self.of_words else float(self.added > 0)


def word_errors(reference: Sequence[str], heard: Sequence[str]) -> WordErrors:
    """Compare two sequences of words (V. Levenshtein, 1966); ties are broken towards pairing words."""
    rows, columns = len(reference), len(heard)
    cost = [list(range(columns + 1))]
    for at in range(1, rows + 1):
        above, row = cost[-1], [at]
        for to in range(1, columns + 1):
            same = above[to - 1] + (reference[at - 1] != heard[to - 1])
            row.append(min(same, above[to] + 1, row[-1] + 1))
        cost.append(row)
    return _traced(reference, heard, cost)


def _traced(reference: Sequence[str], heard: Sequence[str], cost: list[list[int]]) -> WordErrors:
    at, to = len(reference), len(heard)
    substituted = missing = added = 0
    pairs: list[tuple[int | None, int | None]] = []
    while at or to:
        differs = bool(at and to) and reference[at - 1] != heard[to - 1]
        if at and to and cost[at][to] == cost[at - 1][to - 1] + differs:
            substituted += differs
            at, to = at - 1, to - 1
            pairs.append((at, to))
        elif at and cost[at][to] == cost[at - 1][to] + 1:
            missing, at = missing + 1, at - 1
            pairs.append((at, None))
        else:
            added, to = added + 1, to - 1
            pairs.append((None, to))
    return WordErrors(substituted, missing, added, len(reference), tuple(reversed(pairs)))
