"""Findings: what a check, of whatever sort, says about a text on its way out.

Offsets count code points of the text that was checked. No message holds more of the text than the range it is about.
"""

from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """How much a finding asks for, heaviest first."""

    BLOCK = "block"  # nothing leaves with it: it has to be mended
    STOP = "stop"  # mended, or overridden with a reason, before approval
    LOOK = "look"  # worth a look; asks for nothing


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
