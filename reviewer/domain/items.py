"""Items: a draft, the source it was made from, and where the item stands.

An item waits, is leased to one member at a time, is decided, rests in its hold and is settled. Nothing is lost
in any state: a lapsed lease sends it back to wait, and an item past its due time goes to a supervisor, never out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from reviewer.domain.attention import NO_ATTENTION, Attention
from reviewer.domain.decisions import Verdict
from reviewer.domain.findings import Examination
from reviewer.domain.members import DeskId, MemberId
from reviewer.domain.personal_data import ItemPersonalData

ItemId = NewType("ItemId", str)
LeaseId = NewType("LeaseId", str)


class Channel(StrEnum):
    """Where the source conversation took place."""

    VOICE = "voice"
    SMS = "sms"
    CHAT = "chat"
    EMAIL = "email"


class ItemState(StrEnum):
    """Where an item stands."""

    WAITING = "waiting"
    LEASED = "leased"
    HELD = "held"
    SKIPPED = "skipped"
    ESCALATED = "escalated"
    DECIDED = "decided"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the source; times are seconds from the start of the conversation."""

    speaker: str
    text: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model that wrote the draft, as its producer states it."""

    name: str
    version: str
    prompt_version: str | None = None


@dataclass(frozen=True, slots=True)
class IncomingDraft:
    """A checked draft on its way in; `priority` is larger for sooner."""

    external_id: str
    kind: str
    channel: Channel
    draft: str
    source: tuple[Turn, ...]
    model: ModelInfo | None = None
    recipient: str | None = None
    language: str | None = None
    priority: int = 0
    due_at: datetime | None = None
    requires: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ItemHead:
    """What a list may show of an item: nothing of its content."""

    id: ItemId
    external_id: str
    producer: str
    kind: str
    channel: Channel
    state: ItemState
    language: str | None
    priority: int
    due_at: datetime | None
    received_at: datetime
    held_by: str | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The time-limited right to an item; `fence` grows with each claim and a decision must carry it."""

    id: LeaseId
    item_id: ItemId
    member_id: MemberId
    desk: DeskId
    fence: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """The reviewer's autosaved, not yet decided text; `cursor` counts code points."""

    text: str
    cursor: int
    saved_at: datetime
    attention: Attention = NO_ATTENTION


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """Text of a reviewer who lost the lease before deciding."""

    member: str
    text: str
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """An opened item with its content."""

    head: ItemHead
    escalated: bool
    draft: str
    source: tuple[Turn, ...]
    model: ModelInfo | None
    recipient: str | None
    second_opinions: tuple[SecondOpinion, ...] = ()
    # Why and with what note colleagues passed it on: (member, verdict, note).
    passed_on: tuple[tuple[str, Verdict, str], ...] = ()
    contacts: frozenset[str] = frozenset()  # what the business itself goes by
    suppressed: bool = False  # the recipient opted out

    @property
    def id(self) -> ItemId:
        """Return the item's id."""
        return self.head.id

    @property
    def kind(self) -> str:
        """Return the key of the item's kind."""
        return self.head.kind


@dataclass(frozen=True, slots=True)
class ClaimedItem:
    """An item with the lease that this desk holds on it, the text as it was left, and what was found in the draft.

    `examination` is None while the draft has not been analysed; it leaves out the rules that are switched off.
    `found` is what the analyses themselves kept of it. `personal` is None while nobody has looked for personal data.
    """

    item: Item
    lease: Lease
    working_copy: WorkingCopy | None = None
    examination: Examination | None = None
    found: Mapping[str, str] | None = None
    rules_off: frozenset[str] = frozenset()
    personal: ItemPersonalData | None = None


@dataclass(frozen=True, slots=True)
class SignedText:
    """A text with its signature line."""

    text: str
    name: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class SignedFinal:
    """A signed final, which is locked, and what was added to it."""

    head: ItemHead
    final: SignedText
    addenda: tuple[SignedText, ...]
