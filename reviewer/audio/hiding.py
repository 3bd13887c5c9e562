"""Cut personal data out of a clip: from characters of its text to seconds of its sound.

What is hidden reaches at least 300 ms beyond the words on both sides, as the times of words are uncertain by a third of
that; where a word has no times, from the end of the last word before it that has to the start of the next after it.
Nothing is guessed: without word times, or with two hits, there is no clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reviewer.audio.cutting import Cut
from reviewer.domain.calls import Exclusion, Word

LEAST_MARGIN_S = 0.3
PLACEHOLDER = "[personal data]"

Span = tuple[int, int]  # characters of a cut's text, from and up to
Range = tuple[float, float]  # seconds of the recording


@dataclass(frozen=True, slots=True)
class Hidden:
    """The one stretch of a cut to hide, and the text without the words that can no longer be heard whole."""

    start_s: float
    end_s: float
    text: str


def hidden(cut: Cut, spans: Sequence[Span], ranges: Sequence[Range], margin_s: float) -> Hidden | Exclusion | None:
    """Return what to hide, None if there is nothing, or why there can be no clip.

    `spans` are characters of `cut.text`, `ranges` are seconds of the recording; both are widened by the margin.
    """
    margin_s = max(margin_s, LEAST_MARGIN_S)
    times: list[Range] = [(start_s, end_s) for start_s, end_s in ranges if start_s < cut.end_s and cut.start_s < end_s]
    if spans and not any(word.is_timed for word in cut.words):
        return Exclusion.PERSONAL_DATA_UNTIMED
    times += [_times(cut, span) for span in spans]
    merged = _merged([(start_s - margin_s, end_s + margin_s) for start_s, end_s in times])
    if len(merged) > 1:
        return Exclusion.PERSONAL_DATA
    if not merged:
        return None
    start_s, end_s = max(merged[0][0], cut.start_s), min(merged[0][1], cut.end_s)
    return Hidden(start_s, end_s, _text(cut, spans, start_s, end_s))


def _touched(words: Sequence[Word], span: Span) -> list[int]:
    """Return the places of the words that share a character with `span`, or the one that it lies before."""
    touched, at = [], 0
    for place, word in enumerate(words):
        if at < span[1] and span[0] < at + len(word.text) + 1:
            touched.append(place)
        at += len(word.text) + 1
    return touched or [len(words) - 1]


def _times(cut: Cut, span: Span) -> Range:
    touched = _touched(cut.words, span)
    first, last = cut.words[touched[0]], cut.words[touched[-1]]
    start_s, end_s = first.start_s, last.end_s
    if start_s is None or not first.is_timed:
        before = [word.end_s for word in cut.words[: touched[0]] if word.is_timed and word.end_s is not None]
        start_s = before[-1] if before else cut.start_s
    if end_s is None or not last.is_timed:
        after = [word.start_s for word in cut.words[touched[-1] + 1 :] if word.is_timed and word.start_s is not None]
        end_s = after[0] if after else cut.end_s
    # Words out of order must not turn a range inside out: what lies between them is hidden either way.
    known = [s for place in touched for s in (cut.words[place].start_s, cut.words[place].end_s) if s is not None]
    return min([start_s, end_s, *known]), max([start_s, end_s, *known])


def _merged(ranges: list[Range]) -> list[Range]:
    merged: list[Range] = []
    for start_s, end_s in sorted(ranges):
        if merged and start_s <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end_s))
        else:
            merged.append((start_s, end_s))
    return merged


def _text(cut: Cut, spans: Sequence[Span], start_s: float, end_s: float) -> str:
    gone = {place for span in spans for place in _touched(cut.words, span)}
    for place, word in enumerate(cut.words):
        if word.start_s is not None and word.end_s is not None and word.start_s < end_s and start_s < word.end_s:
            gone.add(place)
    if not gone:
        return cut.text
    first, last = min(gone), max(gone)
    kept = [word.text for word in cut.words[:first]], [word.text for word in cut.words[last + 1 :]]
    return " ".join([*kept[0], PLACEHOLDER, *kept[1]])
