"""What the desk knows of its decisions, its place and its link: plain values, the same on every thread."""

import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime

from reviewer.domain.attention import Attention
from reviewer.domain.attestations import Attestation
from reviewer.domain.decisions import Decision, Judgement, Verdict
from reviewer.domain.items import ClaimedItem, ItemId
from reviewer.services.access import Factors
from reviewer.services.journal import Intent, KeptText
from reviewer.services.review import Outcome
from reviewer.services.unsent import Settled

UNSENT = "unsent"  # the state of a decision that waits on this computer for the connection


@dataclass(slots=True)
class HistoryEntry:
    """One decision of this session; `deadline` is when its hold ends, by this process's steady clock."""

    item: ClaimedItem
    verdict: Verdict
    decided_at: datetime
    deadline: float
    decision: Decision | None = None  # None until it is on disk
    state: str = "deciding"
    key: str = ""

    @property
    def seconds_left(self) -> float:
        """Return how long the decision can still be undone, in seconds."""
        return max(0.0, self.deadline - time.monotonic()) if self.state in ("deciding", "held") else 0.0

    @property
    def is_undoable(self) -> bool:
        """Tell whether the decision may still be taken back; what waits to be sent is held for as long as it waits."""
        return self.state == UNSENT or self.seconds_left > 0


@dataclass(frozen=True, slots=True)
class SignRequest:
    """What is to be signed, and by whom."""

    name: str
    roles: str
    text: str
    factors: Factors


@dataclass(frozen=True, slots=True)
class Progress:
    """How the session goes."""

    done: int = 0
    edited: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody was when the desk locked; nothing of any content is in it."""

    item_id: ItemId | None = None
    cursor: int = 0
    history: tuple[HistoryEntry, ...] = ()
    progress: Progress = Progress()
    news: tuple[str, ...] = ()  # what could not be told while the desk was locking


@dataclass(frozen=True, slots=True)
class LinkState:
    """How the desk stands with its team's server."""

    since: datetime | None = None  # since when it is out of reach; None while it answers
    why: str = ""
    unsent: int = 0  # decisions that wait on this computer
    held: int = 0  # items that can be worked on meanwhile
    slow_s: int = 0  # for how long an answer has been waited for


@dataclass(frozen=True, slots=True)
class Deciding:
    """A decision on its way, and what comes onto the screen with it."""

    entry: HistoryEntry
    judgement: Judgement
    key: str
    showing: ClaimedItem | None
    attestation: Attestation | None
    attention: Attention
    kept: "Future[None] | None" = None  # the journal's word that it is on this disk
    was_tried: bool = True  # it may be on record though no answer came

    @property
    def intent(self) -> Intent:
        """Return what the journal keeps of it."""
        return Intent(self.key, self.entry.item.lease, self.judgement, self.attestation, self.attention)


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a decision, and what was claimed ahead with it."""

    outcome: Outcome
    ahead: ClaimedItem | None


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved text; where only this computer has it, `version` is that of the journal."""

    at: datetime
    kept: KeptText
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Resumed:
    """What a desk begins with, and what became of decisions that waited on this computer."""

    claimed: list[ClaimedItem]
    settled: Settled


def without_content(entry: HistoryEntry) -> HistoryEntry:
    """Return an entry that says what was decided on which item, and nothing of its texts."""
    item = replace(entry.item.item, draft="", source=(), recipient=None, second_opinions=(), passed_on=())
    bare = replace(entry.item, item=item, working_copy=None, examination=None, found=None, personal=None)
    return replace(entry, item=bare)
