"""A recorded call as its workspace knows it: who took part, what they agreed to, and what a machine heard.

What a call does not say is None, and None is never taken for a yes.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from reviewer.domain.calls import Transcript

CallId = NewType("CallId", str)


class Side(StrEnum):
    """Which side of a call somebody is on."""

    AGENT = "agent"  # the member of the workspace who spoke
    CALLER = "caller"


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody in a call: who they are, whether they consented, on what basis, and whether they opted in.

    `speaker` is how the transcript calls them.
    """

    side: Side
    id: str
    name: str | None = None
    consented: bool | None = None
    basis: str | None = None
    opted_in: bool | None = None
    speaker: str | None = None

    @property
    def label(self) -> str:
        """Return how the transcript calls them; if nothing else is said, by their side."""
        return self.side.value if self.speaker is None else self.speaker


@dataclass(frozen=True, slots=True)
class Call:
    """A call on its way in; `names` are names and numbers that its own record knows of."""

    external_id: str
    language: str
    parties: tuple[Party, ...]
    transcript: Transcript
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

    def speakers(self, label: str) -> tuple[Party, ...]:
        """Return who speaks under a label of the transcript; where it is nobody's, it may be anybody."""
        named = tuple(party for party in self.parties if party.label == label)
        return named or self.parties

    @property
    def known_texts(self) -> tuple[str, ...]:
        """Return what must be found in its words because its record says so: names, ids, numbers."""
        of_parties = (text for party in self.parties for text in (party.name, party.id) if text)
        return tuple(dict.fromkeys((*of_parties, *self.names)))
