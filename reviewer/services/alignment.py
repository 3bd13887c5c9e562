"""Where the words of a label lie in their clip: times of the machine's words, carried over to what people wrote."""

from collections.abc import Sequence
from dataclasses import dataclass

from reviewer.domain.calls import Word
from reviewer.domain.labels import word_errors, words_of


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word of a label; seconds from the start of the clip."""

    text: str
    start: float
    end: float


def timed(text: str, machine: Sequence[Word], seconds: float) -> tuple[TimedWord, ...]:
    """Return the words of a label with times.

    A word that pairs with one of the machine's takes its times; words between two such share the time between them.
    """
    written = words_of(text)
    heard = [(word, bare) for word in machine for bare in words_of(word.text)]
    pairs = word_errors([bare for _, bare in heard], written).pairs
    known: dict[int, tuple[float, float]] = {}
    for at, to in pairs:
        word = heard[at][0] if at is not None else None
        if to is not None and word is not None and word.start_s is not None and word.end_s is not None:
            known[to] = (word.start_s, word.end_s)
    return tuple(_spread(written, known, seconds))


def _spread(written: Sequence[str], known: dict[int, tuple[float, float]], seconds: float) -> list[TimedWord]:
    words: list[TimedWord] = []
    at = 0
    while at < len(written):
        if at in known:
            start, end = known[at]
            words.append(TimedWord(written[at], start, max(start, end)))
            at += 1
            continue
        until = next((later for later in range(at, len(written)) if later in known), len(written))
        left = words[-1].end if words else 0.0
        right = max(left, known[until][0] if until in known else seconds)
        step = (right - left) / (until - at)
        words += [TimedWord(written[at + n], left + n * step, left + (n + 1) * step) for n in range(until - at)]
        at = until
    return words
