"""Calls: a recorded conversation with its transcript, who took part, and what they agreed to.

What a call does not say is None, and None is never taken for a yes.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

CallId = NewType("CallId", str)


class Side(StrEnum):
    """Which side of a call somebody is on."""

    AGENT = "agent"  # the member of the workspace who spoke
    CALLER = "caller"


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a transcript; times are seconds from the start of the call, None where the machine gave none."""

    text: str
    start: float | None = None
    end: float | None = None
    confidence: float | None = None

    @property
    def is_timed(self) -> bool:
        """Tell whether both times are known and in order."""
        return self.start is not None and self.end is not None and self.end >= self.start


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one speaker on one channel."""

    side: Side
    channel: int
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """Return the words with single spaces between them."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody in a call: who they are, whether they consented, on what basis, and whether they opted in."""

    side: Side
    id: str
    name: str | None = None
    consented: bool | None = None
    basis: str | None = None
    opted_in: bool | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call on its way in; `names` are names and numbers that its own record knows of."""

    external_id: str
    language: str
    parties: tuple[Party, ...]
    segments: tuple[Segment, ...]
    recorded: bool | None = None
    transcribed: bool | None = None
    category: str | None = None
    legal_hold: bool | None = None
    retain_until: datetime | None = None
    names: tuple[str, ...] = ()
    is_gold: bool = False  # its transcript was checked by people: its clips test listeners

    def party(self, side: Side) -> Party | None:
        """Return who is on a side."""
        return next((party for party in self.parties if party.side is side), None)

    @property
    def known_texts(self) -> tuple[str, ...]:
        """Return what must be found in its words because its record says so: names, ids, numbers."""
        of_parties = (text for party in self.parties for text in (party.name, party.id) if text)
        return tuple(dict.fromkeys((*of_parties, *self.names)))
