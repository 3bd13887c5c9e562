"""Where personal data stands in a text: what the detector finds and the rest of the desk marks, masks and replaces."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class PiiSpan:
    """Personal data of one type in [start, end), counted in code points of the text as it was given.

    `type` is Presidio's name of the entity where it has one (PERSON, PHONE_NUMBER), else a name in that style.
    """

    start: int
    end: int
    type: str
    score: float  # 0 to 1
