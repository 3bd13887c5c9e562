"""Findings: what a check, of whatever sort, says about a text on its way out.

Offsets count code points of the text that was checked. No message holds more of the text than the range it is about.
An examination is all that the checks say of one text; that it flags nothing never means that the text is verified.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Weight(StrEnum):
    """How much a finding asks for, heaviest first."""

    BLOCK = "block"  # nothing leaves with it: it has to be mended
    STOP = "stop"  # mended, or overridden with a reason, before approval
    LOOK = "look"  # worth a look; asks for nothing

    @property
    def holds_back(self) -> bool:
        """Tell whether something must be done about it before approval."""
        return self is not Weight.LOOK


# The analyses, and the version of each: what another version found is made anew.
ANALYSIS_VERSIONS = {"evidence": 2, "gate": 1, "personal": 2}

_HEAVIEST_FIRST = {weight: number for number, weight in enumerate(Weight)}


@dataclass(frozen=True, slots=True)
class Passage:
    """A range of one turn of the source."""

    turn: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says about the range [start, end) of the text; an empty range is about the whole of it.

    `passages` are the places of the source to look at, the weightiest first.
    """

    rule: str
    weight: Weight
    message: str
    start: int
    end: int
    passages: tuple[Passage, ...] = ()

    @property
    def is_about_all(self) -> bool:
        """Tell whether it is about the whole text rather than a place in it."""
        return self.start == self.end


@dataclass(frozen=True, slots=True)
class ClaimSentence:
    """A sentence of the text at [start, end), and the passages of the source it rests on, the best first."""

    start: int
    end: int
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found in one text. Findings stand in the order of their weight, then of the text."""

    findings: tuple[Finding, ...] = ()
    sentences: tuple[ClaimSentence, ...] = ()
    unused_turns: tuple[int, ...] = ()  # turns of the source that no sentence rests on

    def __add__(self, other: "Examination") -> "Examination":
        """Return what both found in the same text."""
        return Examination(
            in_order((*self.findings, *other.findings)),
            (*self.sentences, *other.sentences),
            (*self.unused_turns, *other.unused_turns),
        )

    def without(self, rules: Collection[str]) -> "Examination":
        """Return the same without the findings of some rules."""
        return replace(self, findings=tuple(f for f in self.findings if f.rule not in rules)) if rules else self

    def sentence_at(self, position: int) -> ClaimSentence | None:
        """Return the sentence that holds a position or ends there."""
        holding = (each for each in self.sentences if each.start <= position < each.end)
        return next(holding, None) or next((each for each in self.sentences if position == each.end), None)

    def resting_on(self, turn: int) -> tuple[ClaimSentence, ...]:
        """Return the sentences that rest on a turn of the source."""
        return tuple(each for each in self.sentences if any(passage.turn == turn for passage in each.passages))

    def to_data(self) -> dict[str, Any]:
        """Return the examination as plain data for JSON."""
        return {
            "findings": [
                [f.rule, f.weight.value, f.message, f.start, f.end, _pairs(f.passages)] for f in self.findings
            ],
            "sentences": [[s.start, s.end, _pairs(s.passages)] for s in self.sentences],
            "unused_turns": list(self.unused_turns),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Examination":
        """Return the examination that `to_data` made `data` from."""
        return cls(
            tuple(
                Finding(rule, Weight(weight), message, start, end, _passages(passages))
                for rule, weight, message, start, end, passages in data["findings"]
            ),
            tuple(ClaimSentence(start, end, _passages(passages)) for start, end, passages in data["sentences"]),
            tuple(data["unused_turns"]),
        )


def in_order(findings: Collection[Finding]) -> tuple[Finding, ...]:
    """Return findings by weight, then by their place; those about the whole text come last of their weight."""
    return tuple(sorted(findings, key=lambda f: (_HEAVIEST_FIRST[f.weight], f.is_about_all, f.start)))


def _pairs(passages: tuple[Passage, ...]) -> list[list[int]]:
    return [[passage.turn, passage.start, passage.end] for passage in passages]


def _passages(data: list[list[int]]) -> tuple[Passage, ...]:
    return tuple(Passage(turn, start, end) for turn, start, end in data)
