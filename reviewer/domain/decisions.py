"""Verdicts, reason codes and what a decision must carry."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from reviewer.domain.translation import QT_TRANSLATE_NOOP

DecisionId = NewType("DecisionId", str)


class Verdict(StrEnum):
    """What a reviewer decided."""

    APPROVE = "approve"
    APPROVE_WITH_EDITS = "approve_with_edits"
    REJECT = "reject"
    RESPOND = "respond"
    ESCALATE = "escalate"
    SKIP = "skip"

    @property
    def releases(self) -> bool:
        """Tell whether a final leaves for its destination."""
        return self in (Verdict.APPROVE, Verdict.APPROVE_WITH_EDITS)

    @property
    def returns(self) -> bool:
        """Tell whether the drafting system is told."""
        return self in (Verdict.REJECT, Verdict.RESPOND)


@dataclass(frozen=True, slots=True)
class Reason:
    """One entry of the controlled list; `key` picks it in the desk."""

    code: str
    label: str
    key: str


# The codes are those that clinicians and contact-centre reviewers used in free comments on AI drafts.
REASONS: tuple[Reason, ...] = (
    Reason("incorrect", QT_TRANSLATE_NOOP("Reason", "Incorrect statement"), "i"),
    Reason("invented", QT_TRANSLATE_NOOP("Reason", "Invented"), "n"),
    Reason("omission", QT_TRANSLATE_NOOP("Reason", "Omission"), "o"),
    Reason("contradiction", QT_TRANSLATE_NOOP("Reason", "Contradiction"), "c"),
    Reason("repetition", QT_TRANSLATE_NOOP("Reason", "Repetition"), "r"),
    Reason("wrong_order", QT_TRANSLATE_NOOP("Reason", "Wrong order"), "d"),
    Reason("wrong_person", QT_TRANSLATE_NOOP("Reason", "Wrong person"), "p"),
    Reason("tone", QT_TRANSLATE_NOOP("Reason", "Tone"), "t"),
    Reason("not_needed", QT_TRANSLATE_NOOP("Reason", "Not needed"), "u"),
    Reason("other", QT_TRANSLATE_NOOP("Reason", "Other"), "x"),
)
REASON_CODES = frozenset(reason.code for reason in REASONS)


@dataclass(frozen=True, slots=True)
class Decision:
    """A recorded decision; `hold_until` is when it can no longer be withdrawn."""

    id: DecisionId
    item_id: str
    verdict: Verdict
    decided_at: datetime
    hold_until: datetime
    reason: str | None = None
    note: str | None = None


def missing(verdict: Verdict, *, reason: str | None, note: str | None) -> str | None:
    """Return what `verdict` still lacks as a sentence, or None."""
    if verdict is Verdict.REJECT and reason is None:
        return "A rejection needs a reason code."
    if verdict is Verdict.REJECT and reason == "other" and not note:
        return "The reason 'other' needs a note that says what is wrong."
    if reason is not None and reason not in REASON_CODES:
        return f"Unknown reason code; the codes are: {', '.join(sorted(REASON_CODES))}."
    if verdict is Verdict.RESPOND and not note:
        return "A response needs a note: the instructions for the drafting system."
    if verdict is Verdict.SKIP and not note:
        return "A skip needs a note: why it should wait."
    return None
