"""A source made ready to be asked: its sentences, its words and where they are, its quantities, who speaks.

Preparing costs a few milliseconds per hundred turns and is done once; every question after that is a look-up.
"""

import itertools
import math
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from reviewer.domain.items import Turn
from reviewer.evidence import lexicon
from reviewer.evidence.facts import Facts, Place
from reviewer.evidence.negation import (
    Polarity,
    answer,
    asks,
    begins_question,
    denied,
    granted,
    is_bare_list,
    is_beside,
    takes_for_granted,
)
from reviewer.evidence.sentences import cut
from reviewer.evidence.words import STOPWORDS, Token, comparable, is_content, stem, tokens

_LONGEST_SEGMENT = 400
_MOST_PLACES = 400  # of one word, so that a source of a thousand like lines costs no more than it tells
_AGE = re.compile(
    r"\b(?:years?|yrs?|months?)[\s-]*(?:old|of age)\b|\bhow old\b|\byour age\b|\bage[ds]?\b|\by/?o\b|"
    r"\b(?:i'm|i am|he's|she's|is|turned|turning) (?:now )?(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|"
    r"ninety|\d\d\b)|godina",
    re.IGNORECASE,
)
_BIRTH = re.compile(r"\bdate of birth\b|\bd\.?o\.?b\b|\bbirth ?date\b|datum rođenja", re.IGNORECASE)
_STATED_AGE = re.compile(r"\b(?:years?|yrs?)[\s-]*(?:old|of age)\b|\by/?o\b", re.IGNORECASE)
_SERBIAN = frozenset(
    """
        je da se su nije nisam imam ste sam bih mi vas ali što sto kako dobar dan hvala molim ćete cete treba ima
        """.split()
)
_ENGLISH = frozenset("the is are was and you your have has with for this that not of to it".split())


class Segment(NamedTuple):
    """A sentence of a turn; `stems` are its content words, `stance` says how each stands."""

    turn: int
    start: int
    end: int
    words: tuple[Token, ...]
    stems: frozenset[str]
    stance: dict[str, Polarity]

    @property
    def asked(self) -> bool:
        """Tell whether anything in the segment is asked or left open."""
        return any(so in {Polarity.ASKED, Polarity.BESIDE} for so in self.stance.values())


class Prepared:
    """A source with its indexes."""

    def __init__(
        self, turns: Sequence[Turn], *, language: str | None = None, conversation_date: date | None = None
    ) -> None:
        self.turns = tuple(turns)
        self.language = _language(self.turns, language)
        self.conversation_date = conversation_date
        self.facts = Facts(self.turns, self.language, conversation_date)
        self.segments = tuple(map(_settled, _segments(self.turns)))
        self.postings: defaultdict[str, list[int]] = defaultdict(list)
        self.stance: defaultdict[str, Counter[Polarity]] = defaultdict(Counter)
        self.words: Counter[str] = Counter()
        self.neighbours: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self._of_turn: defaultdict[int, list[int]] = defaultdict(list)
        for number, segment in enumerate(self.segments):
            self._of_turn[segment.turn].append(number)
            for one in segment.stems:
                self.postings[one].append(number)
            for one, stance in segment.stance.items():
                self.stance[one][stance] += 1
            self.words.update(token.word for token in segment.words)
            content = [t.stem for t in segment.words if is_content(t)]
            for pair in itertools.pairwise(content):
                self.neighbours[pair].append(number)
        self.postings.default_factory = None  # who asks for a word must not bring it in
        self._beginnings: defaultdict[str, set[str]] = defaultdict(set)
        for one in self.postings:
            if len(one) >= 4:
                self._beginnings[one[:4]].add(one)
        self.spoken = sum(count for word, count in self.words.items() if word[:1].isalnum())
        self.speaks_of_age = any(_AGE.search(turn.text) for turn in self.turns)
        self.only_birth_tells_age = any(_BIRTH.search(turn.text) for turn in self.turns) and not any(
            _STATED_AGE.search(turn.text) for turn in self.turns
        )
        self.letters = " ".join(re.sub(r"[^a-z0-9]+", "", comparable(turn.text)) for turn in self.turns)
        self.speakers = {comparable(turn.speaker).strip() for turn in self.turns}
        self.clinical = bool(
            self.speakers & {"doctor", "patient", "clinician", "nurse", "physician", "lekar", "pacijent"}
        )
        self.speaker_words = {token.word for turn in self.turns for token in tokens(turn.speaker)}
        self.kept: dict[str, Any] = {}  # what a check works out once for the whole source
        self._matches: dict[str, dict[str, float]] = {}

    def weight(self, one: str) -> float:
        """Return how telling a word is: rarer in the source is more."""
        return 1.0 + math.log((1 + len(self.segments)) / (1 + len(self.postings.get(one, ()))))

    def match(self, one: str) -> dict[str, float]:
        """Return the stems of the source that may stand for `one`, each with how surely, 1 being itself."""
        known = self._matches.get(one)
        if known is None:
            known = self._matches[one] = self._match(one)
        return known

    def _match(self, one: str) -> dict[str, float]:
        found = {one: 1.0} if one in self.postings else {}
        for other in lexicon.synonyms(one):
            if other in self.postings:
                found.setdefault(other, 0.8)
        drug = lexicon.generic(one)
        if drug is not None:
            for other in self.postings:
                if other != one and lexicon.generic(other) == drug:
                    found.setdefault(other, 1.0)
        if len(one) >= 4:
            for other in self._beginnings.get(one[:4], ()):
                if other != one and _alike(one, other):
                    found.setdefault(other, 0.8)
        return found

    def spelled(self, one: str) -> str:
        """Return a word of the source that has the stem `one`."""
        for number in self.places_of(one)[:1]:
            return next(token.word for token in self.segments[number].words if token.stem == one)
        return one

    def segment_at(self, place: Place) -> int | None:
        """Return the number of the segment that holds `place`, or the first of its turn."""
        numbers = self._of_turn.get(place.turn, ())
        at = bisect_right(numbers, place.start, key=lambda number: self.segments[number].start) - 1
        if at >= 0 and place.start < self.segments[numbers[at]].end:
            return numbers[at]
        return numbers[0] if numbers else None

    @property
    def is_known_language(self) -> bool:
        """Tell whether numbers in words, negations and names of this language are known."""
        return self.language in {"en", "sr"}

    def places_of(self, one: str) -> list[int]:
        """Return the segments that have a stem; of one that is everywhere, enough of them."""
        return self.postings[one][:_MOST_PLACES] if one in self.postings else []


def _alike(one: str, other: str) -> bool:
    """Tell whether two stems share a beginning long enough to be forms of one word."""
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    return shared >= max(4, min(len(one), len(other)) - 1, (max(len(one), len(other)) * 3) // 5)


def _language(turns: Sequence[Turn], stated: str | None) -> str:
    """Return "sr" for Serbian and its neighbours, else the code of the language that is stated or guessed."""
    if stated is not None:
        code = stated.replace("_", "-").split("-")[0].casefold()
        return "sr" if code in {"sr", "hr", "bs", "sh", "cnr"} else code
    return guess_language(" ".join(turn.text for turn in turns)[:20_000])


def guess_language(text: str) -> str:
    """Return "sr" for Serbian and its neighbours, "en" for all else."""
    words = [comparable(word) for word in re.findall(r"[^\W\d_]+", text)]
    serbian = sum(word in _SERBIAN for word in words)
    return "sr" if serbian > 2 * sum(word in _ENGLISH for word in words) and serbian > len(words) / 20 else "en"


def _segments(turns: Sequence[Turn]) -> list[Segment]:
    found: list[Segment] = []
    asked: list[int] = []
    asker = ""
    for number, turn in enumerate(turns):
        says = answer(turn.text)
        if (
            says is Polarity.DENIED
            and found
            and not asked
            and found[-1].turn == number - 1
            and turn.speaker != turns[number - 1].speaker
            and len(found[-1].words) <= 14
        ):
            # A bare list that is answered with "no" was a question; how it stands stays open.
            found[-1] = found[-1]._replace(stance=dict.fromkeys(found[-1].stance, Polarity.ASKED))
            if is_bare_list(found[-1].words):
                found[-1] = _answered(found[-1], says)
        if turn.speaker == asker:
            says = Polarity.ASKED
        if asked and says is not Polarity.ASKED:
            for index in asked:
                found[index] = _answered(found[index], says)
        elif asked and turn.speaker != asker and turn.text.strip():
            for index in asked:
                if takes_for_granted(found[index].words):
                    found[index] = _answered(found[index], Polarity.ASSERTED)
            asked = []
        first = len(found)
        for start, end in _spans(turn.text):
            found.append(_segment(number, start, end, turn.text))
        for index in range(first + 1, len(found)):
            # "Do you have any symptoms. Chest pain, shortness of breath": what is listed is asked as well.
            if found[index - 1].asked and found[index].stems and is_bare_list(found[index].words):
                found[index] = found[index]._replace(stance=dict.fromkeys(found[index].stance, Polarity.ASKED))
            echo = found[index].words
            if found[index - 1].asked and len(echo) <= 6 and not found[index].asked:
                # "Any discharge? No, okay.": whoever asks repeats what they were told.
                repeated = answer(turn.text[found[index].start : found[index].end])
                if repeated is not Polarity.ASKED:
                    found[index - 1] = _answered(found[index - 1], repeated)
        questions = [n for n in range(first, len(found)) if found[n].asked]
        if questions:
            asked, asker = questions[-3:], turn.speaker
        elif len(found) > first and len(found[-1].words) > 3:
            asked = []
    return found


def _spans(text: str) -> list[tuple[int, int]]:
    spans = []
    for start, end in cut(text) or ([(0, len(text))] if text.strip() else []):
        while end - start > _LONGEST_SEGMENT:
            at = max(
                text.rfind(" ", start + 100, start + _LONGEST_SEGMENT),
                text.rfind(",", start + 100, start + _LONGEST_SEGMENT),
            )
            at = at if at > start else start + _LONGEST_SEGMENT
            spans.append((start, at + 1))
            start = at + 1
        if end > start:
            spans.append((start, end))
    return spans


def _segment(turn: int, start: int, end: int, text: str) -> Segment:
    words = tokens(text[start:end])
    not_so = denied(words)
    asked = asks(words)
    open_until = -1  # what follows "any" or "if" is asked, or left open
    beside = is_so = False
    stance: dict[str, Polarity] = {}
    for place, token in enumerate(words):
        if begins_question(words, place):
            open_until = place + 15
            beside = False
        elif token.word in {",", "or", "and", ";", "."}:
            beside = is_so = False
        elif granted(words, place):
            is_so = True
        elif is_beside(words, place):
            beside = True
        if is_content(token):
            unsure = (asked or place <= open_until) and not is_so
            open_as = Polarity.BESIDE if beside else Polarity.ASKED
            so = Polarity.DENIED if place in not_so and not is_so else open_as if unsure else Polarity.ASSERTED
            if token.stem not in stance or so is Polarity.ASSERTED:
                stance[token.stem] = so
    stems = frozenset(token.stem for token in words if is_content(token))
    return Segment(turn, start, end, words, stems, stance)


def _answered(segment: Segment, says: Polarity) -> Segment:
    beside = Polarity.ASSERTED if says is Polarity.ASSERTED else Polarity.ASKED
    answers = {Polarity.ASKED: says, Polarity.BESIDE: beside}
    return segment._replace(stance={one: answers.get(so, so) for one, so in segment.stance.items()})


def _settled(segment: Segment) -> Segment:
    """Return a segment whose questions will not be answered any more."""
    if Polarity.BESIDE not in segment.stance.values():
        return segment
    return segment._replace(
        stance={one: Polarity.ASKED if so is Polarity.BESIDE else so for one, so in segment.stance.items()}
    )


def content_stems(words: Sequence[Token]) -> list[str]:
    """Return the stems of the content words, in order."""
    return [token.stem for token in words if is_content(token)]


__all__ = ["STOPWORDS", "Prepared", "Segment", "content_stems", "guess_language", "stem"]
