"""Where personal data stands in a text: what the detector finds and the rest of the desk marks, masks and replaces."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class PiiSpan:
    """Personal data of one type in [start, end), counted in code points of the text as it was given.

    `type` is Presidio's name of the entity where it has one (PERSON, PHONE_NUMBER), else a name in that style.
    """

    start: int
    end: int
    type: str
    score: float  # 0 to 1


PersonalData: TypeAlias = tuple[tuple[PiiSpan, ...], ...]  # what is in each of some texts


@dataclass(frozen=True, slots=True)
class ItemPersonalData:
    """What is personal in each turn of an item's source, and in each line of its draft."""

    source: PersonalData
    draft: PersonalData

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        return {"source": _plain(self.source), "draft": _plain(self.draft)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "ItemPersonalData":
        """Return what `to_data` made `data` from."""
        return cls(_spans(data["source"]), _spans(data["draft"]))


def _plain(texts: PersonalData) -> list[list[list[Any]]]:
    return [[[s.start, s.end, s.type, s.score] for s in spans] for spans in texts]


def _spans(texts: list[list[list[Any]]]) -> PersonalData:
    return tuple(tuple(PiiSpan(*span) for span in spans) for spans in texts)
