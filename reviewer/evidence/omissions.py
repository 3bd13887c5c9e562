"""What the source says and the draft does not: at most five points, the weightiest first, each with its passage.

Not "the least similar to the draft", which lists small talk: medicines and doses, allergies, symptoms affirmed or
denied, numbers and dates, what was promised, what was asked and not answered, and words that are rare in talk.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from reviewer.evidence import lexicon
from reviewer.evidence.checks.context import shown
from reviewer.evidence.normalise import Day, Quantity, Reading, Sort, quantities
from reviewer.evidence.report import Omission
from reviewer.evidence.source import Prepared, Segment
from reviewer.evidence.words import Token, comparable, is_content, stem, tokens

MOST = 5
_ALLERGY = re.compile(r"\ballerg|\balergi", re.IGNORECASE)
_PROMISE = re.compile(
    r"\b(?:i|we)(?:'ll| will| am going to|'m going to|'re going to| are going to)\s+(?:call|send|e-?mail|refund|mail|"
    r"ship|order|schedule|refer|check|contact|text|replace|credit|follow|prescribe|start|see|get back|transfer|"
    r"arrange|have|put|increase|decrease|continue)|\b(?:javi|posla|nazva|pozva|vrati)ćemo\b",
    re.IGNORECASE,
)
_PLAN = frozenset(
    stem(w)
    for w in "start continue increase decrease stop prescribe order refer schedule follow recommend refill".split()
)
_ASKER = frozenset("user customer client caller patient guest".split())
_SMALL_TALK = frozenset(
    stem(w)
    for w in """good morning afternoon day doing great thing things bit lot little kind sort way time today see look let
    come take give tell ask talk happen guess make sure try use need want feel put start help keep work say
    sound hear remember actually really pretty probably maybe definitely absolutely basically alright sorry thank thanks
    nice wonderful perfect fine awesome gosh okay yesterday tomorrow week month year hour minute morning night people
    person doctor dr mr mrs miss name question dragon dax visit clinic everything anything something nothing everybody
    somebody going gotten while thought couple whole part able always never ever sometimes usually often already still
    yet even again far away long ago different same new old big small high low hard easy move moving bring turn ahead
    quick quickly hopefully understand seem seems stuff guy""".split()
)


class _Point(NamedTuple):
    """A thing of the source that matters, where it stands, and how much it weighs."""

    key: str
    sort: str
    segment: int
    start: int
    end: int
    weight: float
    quantity: Quantity | None = None


class Points:
    """What in a source matters, found once; asked for each text of the draft."""

    def __init__(self, source: Prepared) -> None:
        self._source = source

    def missing(self, sentences: Sequence[str], most: int = MOST) -> tuple[Omission, ...]:
        """Return what a draft of `sentences` does not have, the weightiest first, at most one for each passage."""
        stated = _Stated(sentences, self._source)
        by_segment: defaultdict[int, list[_Point]] = defaultdict(list)
        for point in self._points:
            if not stated.has(point):
                by_segment[point.segment].append(point)
        ranked = sorted(by_segment.items(), key=lambda entry: (-_joint(entry[1]), entry[0]))
        found: list[Omission] = []
        shown_keys: set[str] = set()
        for segment, points in ranked:
            fresh = [p for p in points if p.key not in shown_keys]
            if not fresh or _joint(fresh) < _LEAST_WEIGHT:
                continue
            found.append(self._omission(segment, fresh))
            shown_keys |= {p.key for p in points}
            if len(found) == most:
                break
        return tuple(found)

    def terms(self, sentences: Sequence[str]) -> list[tuple[str, float]]:
        """Return the key of every missing point with its weight, the weightiest first."""
        stated = _Stated(sentences, self._source)
        best: dict[str, float] = {}
        for point in self._points:
            if not stated.has(point):
                best[point.key] = max(best.get(point.key, 0.0), point.weight)
        return sorted(best.items(), key=lambda entry: -entry[1])

    def _omission(self, segment: int, points: list[_Point]) -> Omission:
        points = sorted(points, key=lambda p: -p.weight)
        where = self._source.segments[segment]
        text = self._source.turns[where.turn].text
        named = []
        for point in points[:2]:
            words = shown(text[point.start : point.end])
            if f"{point.sort} {words}" not in named:
                named.append(f"{point.sort} {words}")
        return Omission(where.turn, where.start, where.end, "not found in the draft: " + ", ".join(named))

    @cached_property
    def _points(self) -> list[_Point]:
        found: list[_Point] = []
        both = self._both_speak_of()
        for number, segment in enumerate(self._source.segments):
            found += self._words(number, segment, both)
            found += self._numbers(number, segment)
            found += self._sayings(number, segment)
        return found

    def _both_speak_of(self) -> frozenset[str]:
        by_speaker: defaultdict[str, set[str]] = defaultdict(set)
        for segment in self._source.segments:
            by_speaker[self._source.turns[segment.turn].speaker] |= segment.stems
        sets = list(by_speaker.values())
        return frozenset().union(*(a & b for i, a in enumerate(sets) for b in sets[i + 1 :]))

    def _words(self, number: int, segment: Segment, both: frozenset[str]) -> list[_Point]:
        found = []
        symptoms = lexicon.symptom_stems()
        plan = bool(segment.stems & _PLAN)
        drug_here = any(lexicon.generic(t.word) for t in segment.words)
        symptom_here = bool(segment.stems & symptoms)
        for token in segment.words:
            if not is_content(token) or token.stem in _SMALL_TALK:
                continue
            drug = lexicon.generic(token.word)
            spoken = len(set(self._source.places_of(token.stem)))
            weight = 0.5 * min(spoken, 4) / 2 + 0.5 * (token.stem in both) + 0.3 * plan
            if drug is not None:
                sort, weight = "medication", weight + 2.0
            elif token.stem in symptoms:
                allergy = _ALLERGY.search(token.word) is not None
                sort, weight = ("allergy", weight + 2.0) if allergy else ("symptom", weight + 1.6)
            elif _is_telling(token):
                unusual = not lexicon.part_of_speech(token.word, token.stem)
                sort, weight = "", weight + 0.4 * symptom_here + 0.5 * drug_here + 0.5 * unusual - 0.3
            else:
                continue
            start, end = segment.start + token.start, segment.start + token.end
            found.append(_Point(token.stem, sort or "mention of", number, start, end, weight))
        return found

    def _numbers(self, number: int, segment: Segment) -> list[_Point]:
        text = self._source.turns[segment.turn].text[segment.start : segment.end]
        drug = any(lexicon.generic(t.word) for t in segment.words)
        found = []
        for quantity in quantities(text, self._source.language):
            telling = quantity.sort not in {Sort.NUMBER, Sort.ORDINAL, Sort.CODE} or any(
                isinstance(r, float) and (r > 12 or r != int(r)) for r in quantity.readings
            )
            if not telling:
                continue
            dated = quantity.sort in {Sort.DATE, Sort.TIME, Sort.WEEKDAY}
            weight = 1.4 + 1.0 * drug + 0.2 * dated + 0.4 * (quantity.unit is not None)
            key = "#" + ",".join(sorted(map(str, quantity.readings)))
            start, end = segment.start + quantity.start, segment.start + quantity.end
            sort = "dose" if drug and quantity.unit is not None else quantity.sort.value
            found.append(_Point(key, sort, number, start, end, weight, quantity))
        return found

    def _sayings(self, number: int, segment: Segment) -> list[_Point]:
        turn = self._source.turns[segment.turn]
        text = turn.text[segment.start : segment.end]
        speaker = comparable(turn.speaker)
        found = []
        if speaker not in _ASKER and _PROMISE.search(text) and len(segment.stems) >= 2:
            found.append(_Point(f"!{number}", "promise", number, segment.start, segment.end, 0.9))
        last = segment.turn == len(self._source.turns) - 1
        if text.endswith("?") and speaker in _ASKER and last and len(segment.stems) >= 2:
            found.append(_Point(f"?{number}", "unanswered question", number, segment.start, segment.end, 1.5))
        return found


_LEAST_WEIGHT = 0.8


def _joint(points: Sequence[_Point]) -> float:
    """Return the weight of points that stand in one passage: the first counts whole, more of them a little."""
    weights = sorted((p.weight for p in {p.key: p for p in points}.values()), reverse=True)
    return weights[0] + 0.15 * sum(weights[1:3]) if weights else 0.0


def _is_telling(token: Token) -> bool:
    """Tell whether a word names a thing, so that its absence says something; that of a verb says little."""
    sort = lexicon.part_of_speech(token.word, token.stem)
    unknown = not sort and not token.word.endswith(("ing", "ed", "ly"))
    return len(token.stem) >= 4 and (sort == "n" or unknown)


class _Stated:
    """What a draft has, in the forms in which a source may have it."""

    def __init__(self, sentences: Sequence[str], source: Prepared) -> None:
        parts = [_stated_in(sentence, source.language) for sentence in sentences]
        self._stems = frozenset().union(*(part[0] for part in parts))
        self._beginnings = {s[:5] for s in self._stems if len(s) >= 5}
        self._generics = frozenset().union(*(part[1] for part in parts))
        self._source = source
        self._readings = frozenset().union(*(part[2] for part in parts))
        self._numbers = {r for r in self._readings if isinstance(r, float)}
        self._numbers |= {float(part) for r in self._readings if isinstance(r, Day) for part in r}

    def has(self, point: _Point) -> bool:
        """Tell whether the draft has `point`."""
        if point.quantity is not None:
            return any(self._has_reading(r) for r in point.quantity.readings)
        if point.sort in {"promise", "unanswered question"}:
            stems = self._source.segments[point.segment].stems - _SMALL_TALK
            return sum(self._has_word(s) for s in stems) * 2 >= len(stems)
        drug = lexicon.generic(point.key)
        return self._has_word(point.key) or (drug is not None and drug in self._generics)

    def _has_reading(self, one: Reading) -> bool:
        if isinstance(one, tuple) and not isinstance(one, Day):
            minute, half = one
            return any((minute, other) in self._readings for other in ((0, 1, -1) if half == -1 else (half, -1)))
        return one in self._readings or (isinstance(one, float) and one in self._numbers)

    def _has_word(self, one: str) -> bool:
        if one in self._stems or (len(one) >= 5 and one[:5] in self._beginnings):
            return True
        return any(other in self._stems for other in lexicon.synonyms(one))


@lru_cache(maxsize=2048)
def _parts(reading: Reading) -> tuple[Reading, ...]:
    """Return the numbers that a time or a date is made of: who writes 2:20 has not left out the twenty."""
    if isinstance(reading, Day):
        return tuple(float(part) for part in reading if part)
    if isinstance(reading, tuple):
        hour, minute = divmod(reading[0], 60)
        return float(hour or 12), float(hour + 12), float(minute)
    return ()


def _stated_in(sentence: str, language: str) -> tuple[frozenset[str], frozenset[str], frozenset[Reading]]:
    """Return the stems, the drugs and the readings of the quantities of one sentence."""
    words = tokens(sentence)
    drugs = frozenset(g for t in words if (g := lexicon.generic(t.word)))
    readings = frozenset(part for q in quantities(sentence, language) for r in q.readings for part in (r, *_parts(r)))
    return frozenset(t.stem for t in words), drugs, readings


def length_ratio(draft: str, source: Prepared) -> float:
    """Return how many words the draft has for each word of its source."""
    said = source.spoken
    return len(_WORDS.findall(draft)) / said if said else 1.0


_SHORT = 0.12
_LEAST_SPOKEN = 60
_WORDS = re.compile(r"\w+(?:['’]\w+)*")


def length_warning(ratio: float, source: Prepared) -> str | None:
    """Return a line for the reader where a draft is much shorter than such drafts are, else None."""
    if source.spoken < _LEAST_SPOKEN or ratio >= _SHORT:
        return None
    return f"the draft has {max(1, round(100 * ratio))} words for every 100 of its source: it may leave out a lot"
