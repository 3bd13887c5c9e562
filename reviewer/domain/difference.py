"""What a reviewer changed: the difference between a draft and its working copy, word by word, to be read by people.

Guarantees: `equal` and `removed` joined are the text before, `equal` and `added` joined the text after, to the code
point. No change is cut inside a word, a number, an emoji sequence or a CRLF. Spaces or punctuation alone between two
changes of one line belong to the change, so that a rewritten phrase reads as one. The same two texts always give the
same answer: work is limited by counted steps, never by the clock, and where they run out a passage is shown as replaced
whole.

How: what both texts begin and end with is set aside; of a long rest whole lines are matched first, then words. Words
that occur once on both sides anchor the match (Bram Cohen's patience diff); what lies between anchors is matched by
E. Myers, "An O(ND) difference algorithm and its variations", Algorithmica 1 (1986). Spaces are never matched for their
own sake, or they would outvote the words; line breaks are.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import accumulate, chain, pairwise

# A text longer than this is matched by lines before words.
_LONG = 4096
# Elementary steps one difference may take, and the depth of one Myers search; measured to stay below 100 ms for 64 KiB.
_STEPS = 80_000
_DEEPEST = 150
# No strip shows more of a line than this, in code points.
_LONGEST_CONTEXT = 400

_Pair = tuple[int, int]  # places of equal members in the old and in the new sequence

_WORD = re.compile(r"\w")
_LINE_BREAK = re.compile(r"[\r\n]")


class ChangeKind(StrEnum):
    """What became of a passage."""

    EQUAL = "equal"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True)
class Change:
    """A passage and its place in both texts, in code points; in the one that lacks it, where it would stand."""

    kind: ChangeKind
    text: str
    before_start: int
    after_start: int


@dataclass(frozen=True)
class Excerpt:
    """Changes that stand close together, with some words around them; an ellipsis belongs where the line goes on."""

    changes: tuple[Change, ...]
    goes_on_before: bool
    goes_on_after: bool


def difference(before: str, after: str) -> tuple[Change, ...]:
    """Tell what was removed from, and added to, a text."""
    spans = _slid(before, after, _changed_spans(before, after))
    return tuple(_spell_out(before, after, _merge(spans, before)))


def edit_distance_words(before: str, after: str) -> int:
    """Count the words removed and added."""
    changes = difference(before, after)
    return sum(_count_words(change.text) for change in changes if change.kind is not ChangeKind.EQUAL)


def excerpts(changes: Sequence[Change], context_words: int = 4) -> tuple[Excerpt, ...]:
    """Give the changed places with at most so many words of their line on either side, for a strip of one line."""
    return tuple(_excerpt(changes, first, last, context_words) for first, last in _clusters(changes, context_words))


@dataclass(frozen=True)
class _Span:
    """A passage of one text, or of a sequence, and what stands for it in the other."""

    before_start: int
    before_end: int
    after_start: int
    after_end: int


class _Steps:
    """The work that one difference may still do."""

    def __init__(self) -> None:
        self._left = _STEPS

    def take(self, steps: int) -> bool:
        """Spend steps; False when there are not enough left."""
        self._left -= steps
        return self._left >= 0


# From texts to changed spans


def _changed_spans(before: str, after: str) -> Iterator[_Span]:
    start = _common_start(before, after)
    rest = _common_end(before, after, start)
    steps = _Steps()
    middle = _Span(start, len(before) - rest, start, len(after) - rest)
    for passage in _changed_lines(before, after, middle, steps):
        yield from _changed_words(before, after, passage, steps)


def _common_start(before: str, after: str) -> int:
    """Find a boundary of words, common to both texts, up to which they are equal."""
    shared = _largest(min(len(before), len(after)), lambda length: before.startswith(after[:length]))
    if shared == len(before) == len(after):
        return shared
    boundary = max(before.rfind(space, 0, shared) for space in " \n")
    while boundary > 0 and before[boundary - 1].isspace():
        boundary -= 1
    return max(boundary, 0)


def _common_end(before: str, after: str, start: int) -> int:
    """Measure the equal rest of both texts, from a boundary of words on."""
    most = min(len(before), len(after)) - start
    shared = _largest(most, lambda length: before.endswith(after[len(after) - length :]))
    shared_start = len(before) - shared
    spaces = [found for space in " \n" if (found := before.find(space, shared_start)) >= 0]
    if not spaces:
        return 0
    boundary = min(spaces)
    while boundary < len(before) and before[boundary].isspace():
        boundary += 1
    return len(before) - boundary


def _largest(most: int, holds: Callable[[int], bool]) -> int:
    """Find the largest number up to `most` that holds, where every smaller one does; zero always does."""
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        if holds(middle):
            least = middle
        else:
            most = middle - 1
    return least


def _changed_lines(before: str, after: str, span: _Span, steps: _Steps) -> Iterator[_Span]:
    if max(span.before_end - span.before_start, span.after_end - span.after_start) <= _LONG:
        yield span
        return
    old = before[span.before_start : span.before_end].splitlines(keepends=True)
    new = after[span.after_start : span.after_end].splitlines(keepends=True)
    old_starts, new_starts = _starts(span.before_start, old), _starts(span.after_start, new)
    matched = _matches(old, new, steps, anchored=str.strip, exhaustive=False)
    for gap in _gaps(matched, _Span(0, len(old), 0, len(new))):
        yield _Span(
            old_starts[gap.before_start],
            old_starts[gap.before_end],
            new_starts[gap.after_start],
            new_starts[gap.after_end],
        )


def _starts(start: int, parts: Iterable[str]) -> list[int]:
    return list(accumulate(map(len, parts), initial=start))


def _changed_words(before: str, after: str, span: _Span, steps: _Steps) -> Iterator[_Span]:
    old = _words(before, span.before_start, span.before_end)
    new = _words(after, span.after_start, span.after_end)
    old_words, new_words = [match.group() for match in old], [match.group() for match in new]
    matched = _matches(old_words, new_words, steps, anchored=_WORD.match, exhaustive=True)
    at_before, at_after = span.before_start, span.after_start
    ends = ((*old[i].span(), *new[j].span()) for i, j in matched)
    last = (span.before_end, span.before_end, span.after_end, span.after_end)
    for before_end, next_before, after_end, next_after in chain(ends, (last,)):
        if before[at_before:before_end] != after[at_after:after_end]:
            yield _without_equal_spaces(before, after, _Span(at_before, before_end, at_after, after_end))
        at_before, at_after = next_before, next_after


def _without_equal_spaces(before: str, after: str, span: _Span) -> _Span:
    """Take off the spaces that a passage between two matched words begins or ends with on both sides."""
    old, new = before[span.before_start : span.before_end], after[span.after_start : span.after_end]
    lead = len(old) - len(old.lstrip())
    if old[:lead] != new[: len(new) - len(new.lstrip())]:
        lead = 0
    old, new = old[lead:], new[lead:]
    trail = len(old) - len(old.rstrip())
    if old[len(old) - trail :] != new[len(new.rstrip()) :]:
        trail = 0
    return _Span(span.before_start + lead, span.before_end - trail, span.after_start + lead, span.after_end - trail)


def _slid(before: str, after: str, spans: Iterable[_Span]) -> Iterator[_Span]:
    """Let no addition or removal begin with the full stop of the sentence before, when it could end with its own."""
    end = _Span(len(before), len(before), len(after), len(after))
    for span, following in pairwise([*spans, end]):
        yield _slid_right(before, after, span, following.before_start)


def _slid_right(before: str, after: str, span: _Span, limit: int) -> _Span:
    while span.before_start == span.before_end or span.after_start == span.after_end:
        text, start = (after, span.after_start) if span.before_start == span.before_end else (before, span.before_start)
        first, following = _unit().match(text, start), _unit().match(before, span.before_end, limit)
        if first is None or following is None or first.group() != following.group() or _WORD.match(first.group()):
            return span
        size = len(first.group())
        span = _Span(span.before_start + size, span.before_end + size, span.after_start + size, span.after_end + size)
    return span


def _merge(spans: Iterable[_Span], before: str) -> Iterator[_Span]:
    """Join changes that only spaces or punctuation of one line keep apart."""
    current: _Span | None = None
    for span in spans:
        if current is None:
            current = span
        elif _is_readable_apart(before[current.before_end : span.before_start]):
            yield current
            current = span
        else:
            current = _Span(current.before_start, span.before_end, current.after_start, span.after_end)
    if current is not None:
        yield current


def _is_readable_apart(text: str) -> bool:
    return bool(_WORD.search(text) or _LINE_BREAK.search(text))


def _spell_out(before: str, after: str, spans: Iterable[_Span]) -> Iterator[Change]:
    at_before, at_after = 0, 0
    for span in spans:
        if at_before < span.before_start:
            yield Change(ChangeKind.EQUAL, before[at_before : span.before_start], at_before, at_after)
        if span.before_start < span.before_end:
            removed = before[span.before_start : span.before_end]
            yield Change(ChangeKind.REMOVED, removed, span.before_start, span.after_start)
        if span.after_start < span.after_end:
            added = after[span.after_start : span.after_end]
            yield Change(ChangeKind.ADDED, added, span.before_end, span.after_start)
        at_before, at_after = span.before_end, span.after_end
    if at_before < len(before):
        yield Change(ChangeKind.EQUAL, before[at_before:], at_before, at_after)


# Words


def _words(text: str, start: int, end: int) -> list[re.Match[str]]:
    """Find the words, single punctuation marks and line breaks; spaces lie between them."""
    return list(_unit().finditer(text, start, end))


def _count_words(text: str) -> int:
    return sum(_WORD.match(match.group()) is not None for match in _words(text, 0, len(text)))


@cache
def _unit() -> re.Pattern[str]:
    """Compile what may not be cut: a word or number, a symbol, each with its marks and joiners, or a line break."""
    marks = _ranges(code for code in range(0x300, 0x10000) if unicodedata.category(chr(code)).startswith("M"))
    # Beyond the basic plane only skin tones, tags of flags and variation selectors matter; flags are pairs of letters.
    marks += "\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\U000e0100-\U000e01ef"
    word = rf"\w(?:[\w{marks}\u200c\u200d]|['’](?=\w)|(?<=\d)[.,:/](?=\d))*"
    symbol = rf"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[^\w\s])(?:[{marks}]|\u200d[^\w\s])*"
    return re.compile(rf"{word}|{symbol}|\r\n|[\r\n]")


def _ranges(codes: Iterable[int]) -> str:
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in runs)


# Matching of two sequences


def _matches(
    old: Sequence[str], new: Sequence[str], steps: _Steps, *, anchored: Callable[[str], object], exhaustive: bool
) -> list[_Pair]:
    """Pair equal members in order.

    Only those that `anchored` finds telling may anchor; without `exhaustive` nothing is searched between anchors.
    """
    pairs: list[_Pair] = []
    open_gaps = [_Span(0, len(old), 0, len(new))]
    while open_gaps:
        gap, ends = _without_equal_ends(old, new, open_gaps.pop())
        pairs += ends
        these, those = old[gap.before_start : gap.before_end], new[gap.after_start : gap.after_end]
        if not these or not those or not steps.take(len(these) + len(those)):
            continue
        anchors = [(gap.before_start + i, gap.after_start + j) for i, j in _anchors(these, those, anchored)]
        if anchors:
            pairs += anchors
            open_gaps += _gaps(anchors, gap)
        elif exhaustive and not set(these).isdisjoint(those):
            pairs += [(gap.before_start + i, gap.after_start + j) for i, j in _shortest_edit(these, those, steps)]
    return sorted(pairs)


def _without_equal_ends(old: Sequence[str], new: Sequence[str], gap: _Span) -> tuple[_Span, list[_Pair]]:
    i, old_end, j, new_end = gap.before_start, gap.before_end, gap.after_start, gap.after_end
    pairs: list[_Pair] = []
    while i < old_end and j < new_end and old[i] == new[j]:
        pairs.append((i, j))
        i, j = i + 1, j + 1
    while i < old_end and j < new_end and old[old_end - 1] == new[new_end - 1]:
        old_end, new_end = old_end - 1, new_end - 1
        pairs.append((old_end, new_end))
    return _Span(i, old_end, j, new_end), pairs


def _gaps(pairs: Iterable[_Pair], whole: _Span) -> Iterator[_Span]:
    """Find what lies before, between and after the pairs of a passage."""
    before = (whole.before_start - 1, whole.after_start - 1)
    for (i, j), (next_i, next_j) in pairwise([before, *pairs, (whole.before_end, whole.after_end)]):
        if i + 1 < next_i or j + 1 < next_j:
            yield _Span(i + 1, next_i, j + 1, next_j)


def _anchors(old: Sequence[str], new: Sequence[str], anchored: Callable[[str], object]) -> list[_Pair]:
    """Pair what occurs once on each side, in the longest order that both sides share."""
    times_new = Counter(new)
    once_old = [word for word, times in Counter(old).items() if times == 1 and times_new[word] == 1 and anchored(word)]
    if not once_old:
        return []
    place_old = {word: place for place, word in enumerate(old)}
    place_new = {word: place for place, word in enumerate(new)}
    return _longest_increasing(sorted((place_old[word], place_new[word]) for word in once_old))


def _longest_increasing(pairs: Sequence[_Pair]) -> list[_Pair]:
    """Choose the most pairs whose second numbers rise (patience sorting)."""
    tops: list[int] = []
    on_top: list[int] = []
    below: list[int] = []
    for index, (_, j) in enumerate(pairs):
        pile = bisect_left(tops, j)
        below.append(on_top[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [j]
        on_top[pile : pile + 1] = [index]
    chosen: list[_Pair] = []
    index = on_top[-1]
    while index >= 0:
        chosen.append(pairs[index])
        index = below[index]
    return chosen[::-1]


def _shortest_edit(old: Sequence[str], new: Sequence[str], steps: _Steps) -> list[_Pair]:
    """Pair as much as can be paired (Myers' greedy algorithm); nothing when that would take too many steps."""
    furthest = {1: 0}
    history: list[dict[int, int]] = []
    for depth in range(min(len(old) + len(new), _DEEPEST) + 1):
        if not steps.take(depth + 1):
            return []
        history.append(furthest.copy())
        for diagonal in range(-depth, depth + 1, 2):
            i = _entry(furthest, diagonal, depth)
            j = i - diagonal
            while i < len(old) and j < len(new) and old[i] == new[j]:
                i, j = i + 1, j + 1
            furthest[diagonal] = i
            if i >= len(old) and j >= len(new):
                return _walked_back(history, len(old), len(new))
    return []


def _entry(furthest: dict[int, int], diagonal: int, depth: int) -> int:
    """Find where in the old sequence the best path of this depth steps onto a diagonal."""
    if _adds(furthest, diagonal, depth):
        return furthest[diagonal + 1]
    return furthest[diagonal - 1] + 1


def _adds(furthest: dict[int, int], diagonal: int, depth: int) -> bool:
    return diagonal == -depth or (diagonal != depth and furthest[diagonal - 1] < furthest[diagonal + 1])


def _walked_back(history: Sequence[dict[int, int]], old_size: int, new_size: int) -> list[_Pair]:
    pairs: list[_Pair] = []
    i, diagonal = old_size, old_size - new_size
    for depth in range(len(history) - 1, -1, -1):
        entry = _entry(history[depth], diagonal, depth)
        pairs += [(matched, matched - diagonal) for matched in range(entry, i)]
        added = _adds(history[depth], diagonal, depth)
        i, diagonal = (entry, diagonal + 1) if added else (entry - 1, diagonal - 1)
    return pairs


# Context of changes


def _clusters(changes: Sequence[Change], context_words: int) -> list[tuple[int, int]]:
    """Find the first and last of those changes whose contexts meet."""
    clusters: list[tuple[int, int]] = []
    for place, change in enumerate(changes):
        if change.kind is ChangeKind.EQUAL:
            continue
        if clusters and all(
            _is_bridge(between.text, context_words) for between in changes[clusters[-1][1] + 1 : place]
        ):
            clusters[-1] = (clusters[-1][0], place)
        else:
            clusters.append((place, place))
    return clusters


def _is_bridge(text: str, words: int) -> bool:
    return not _LINE_BREAK.search(text) and _context_before(text, words) <= _context_after(text, words)


def _excerpt(changes: Sequence[Change], first: int, last: int, words: int) -> Excerpt:
    lead: tuple[Change, ...] = ()
    trail: tuple[Change, ...] = ()
    goes_on_before = goes_on_after = False
    if first > 0:
        text = changes[first - 1].text
        start = _context_before(text, words)
        lead = _part(changes[first - 1], start, len(text))
        goes_on_before = start > 0 and not _LINE_BREAK.match(text, start - 1)
    if last + 1 < len(changes):
        text = changes[last + 1].text
        end = _context_after(text, words)
        trail = _part(changes[last + 1], 0, end)
        goes_on_after = end < len(text) and not _LINE_BREAK.match(text, end)
    return Excerpt((*lead, *changes[first : last + 1], *trail), goes_on_before, goes_on_after)


def _context_after(text: str, words: int) -> int:
    """Find the end of the first words of a passage, within its first line."""
    line_break = _LINE_BREAK.search(text)
    end = min(line_break.start() if line_break else len(text), _LONGEST_CONTEXT)
    ends = [0, *(match.end() for match in _words(text, 0, end) if _WORD.match(match.group()))]
    return ends[words] if len(ends) > words + 1 else end


def _context_before(text: str, words: int) -> int:
    """Find the start of the last words of a passage, within its last line."""
    start = max(text.rfind("\n") + 1, text.rfind("\r") + 1, len(text) - _LONGEST_CONTEXT)
    starts = [match.start() for match in _words(text, start, len(text)) if _WORD.match(match.group())] + [len(text)]
    return starts[-1 - words] if len(starts) > words + 1 else start


def _part(change: Change, start: int, end: int) -> tuple[Change, ...]:
    if start >= end:
        return ()
    return (Change(change.kind, change.text[start:end], change.before_start + start, change.after_start + start),)
