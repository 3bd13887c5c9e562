"""Personal data as it was found in a text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PiiSpan:
    """One piece of personal data in [start, end) of a text, in code points; `type` is an entity's name."""

    start: int
    end: int
    type: str
    score: float
