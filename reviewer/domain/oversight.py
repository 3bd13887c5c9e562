"""What a supervisor sees of a team's work, and why they step in: numbers and names, nothing of content."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reviewer.domain.items import ItemHead, LeaseId
from reviewer.domain.members import DeskId, MemberId
from reviewer.domain.translation import QT_TRANSLATE_NOOP

# An item that a supervisor gave to a colleague is held for no desk yet; theirs takes it up.
HANDED = DeskId("handed")

# The upper ends of the ages that are told apart; what is older comes last.
AGES = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=24))
HOURS = 24  # of throughput

# Why somebody else's item is moved. Codes, since the ledger must not hold what a person types about another.
CAUSES: dict[str, str] = {
    "away": QT_TRANSLATE_NOOP("Cause", "The holder is away"),
    "urgent": QT_TRANSLATE_NOOP("Cause", "It is urgent"),
    "load": QT_TRANSLATE_NOOP("Cause", "The holder has too much to do"),
    "knows": QT_TRANSLATE_NOOP("Cause", "Another knows more about it"),
    "asked": QT_TRANSLATE_NOOP("Cause", "The holder asked for it"),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many items of a kind wait, by age, one number for each of AGES and one for what is older."""

    kind: str
    ages: tuple[int, ...]
    overdue: int
    oldest: datetime

    @property
    def number(self) -> int:
        """Count them."""
        return sum(self.ages)


@dataclass(frozen=True, slots=True)
class Holding:
    """Who holds an item, since when, and until when unless their desk goes on."""

    head: ItemHead
    member_id: MemberId
    member: str
    lease_id: LeaseId
    since: datetime | None
    expires_at: datetime
    ahead: bool  # claimed in advance, not on screen
    handed: bool  # given by a supervisor, and not taken up yet


@dataclass(frozen=True, slots=True)
class TeamState:
    """How a team's work stands at an instant of the database's clock."""

    at: datetime
    waiting: tuple[Waiting, ...]
    held: tuple[Holding, ...]
    held_number: int  # which may be more than are listed
    escalated: tuple[ItemHead, ...]
    escalated_number: int
    settled: tuple[int, ...]  # decisions that became final in each of the last HOURS, oldest first
