"""What a check sees, and what it finds."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from reviewer.evidence.facts import Place
from reviewer.evidence.linking import Link, link
from reviewer.evidence.negation import denied
from reviewer.evidence.normalise import Quantity, quantities
from reviewer.evidence.report import Status
from reviewer.evidence.source import Prepared
from reviewer.evidence.words import Token, tokens

_SELDOM_SPELLED = 3  # digits from which on a number is hardly ever written in words


class Finding(NamedTuple):
    """What a check found at [start, end) of the sentence, and where in the source the other side of it stands."""

    status: Status
    message: str
    start: int
    end: int
    places: tuple[Place, ...] = ()


class Context:
    """A claim sentence of a draft beside its source."""

    def __init__(self, text: str, source: Prepared, *, companions: frozenset[str] = frozenset()) -> None:
        self.text = text
        self.source = source
        self.words: tuple[Token, ...] = tokens(text)
        self.quantities: tuple[Quantity, ...] = quantities(text, source.language)
        self.link: Link = link(self.words, self.quantities, source, text)
        self.companions = companions  # names that the draft gives to people whom the source calls by another name

    @cached_property
    def denied(self) -> frozenset[int]:
        """The places of the words that the sentence denies."""
        return denied(self.words)

    @cached_property
    def passage(self) -> frozenset[str]:
        """The content stems of the best passages and their neighbours."""
        found: set[str] = set()
        for number in self.link.segments:
            for near in (number - 1, number, number + 1):
                if 0 <= near < len(self.source.segments):
                    found |= self.source.segments[near].stems
        return frozenset(found)

    @cached_property
    def passage_words(self) -> frozenset[str]:
        """The stems of every word of the best passages, small words included."""
        segments = self.source.segments
        return frozenset(token.stem for number in self.link.segments for token in segments[number].words)

    @cached_property
    def findings(self) -> dict[str, tuple[Finding, ...]]:
        """What each check found, those that found nothing left out."""
        # The list of checks imports this module; a sentence is checked long after both are loaded.
        from reviewer.evidence.checks import CHECKS

        found = ((name, tuple(self._weighed(name, f) for f in check(self))) for name, check in CHECKS.items())
        return {name: findings for name, findings in found if findings}

    def _weighed(self, check: str, finding: Finding) -> Finding:
        """Let weigh less what rests on words and numerals of a language that the rules do not know."""
        if self.source.is_known_language or finding.status is not Status.STOP:
            return finding
        digits = sum(character.isdecimal() for character in self.text[finding.start : finding.end])
        is_sure = check == "phone" or (check == "number" and digits >= _SELDOM_SPELLED)
        return finding if is_sure else finding._replace(status=Status.LOOK)

    def found(self, check: str) -> tuple[Finding, ...]:
        """Return what one check found."""
        return self.findings.get(check, ())

    def quote(self, start: int, end: int) -> str:
        """Return a part of the sentence, short enough to be shown."""
        return shown(self.text[start:end])

    def quote_place(self, place: Place) -> str:
        """Return a part of the source, short enough to be shown."""
        return shown(self.source.turns[place.turn].text[place.start : place.end])


Check = Callable[[Context], Iterator[Finding]]


def shown(text: str) -> str:
    """Return `text` on one line, in quotation marks, at most 60 characters of it."""
    line = " ".join(text.split())
    return f"“{line if len(line) <= 60 else line[:57] + '…'}”"
