"""Verdicts, reason codes and what a decision must carry."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from reviewer.domain import limits
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
    ADDENDUM = "addendum"  # to a final that is signed and therefore locked

    @property
    def releases(self) -> bool:
        """Tell whether a final leaves for its destination."""
        return self in (Verdict.APPROVE, Verdict.APPROVE_WITH_EDITS)

    @property
    def passes_on(self) -> bool:
        """Tell whether somebody else decides later."""
        return self in (Verdict.ESCALATE, Verdict.SKIP)

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


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reviewer asks for: `text` is the working copy, None for the draft as it is."""

    verdict: Verdict
    text: str | None = None
    reason: str | None = None
    note: str | None = None

    def against(self, draft: str) -> tuple[Verdict, str | None]:
        """Return the verdict now that the text can be compared with the draft, and the final it releases if any."""
        if not self.verdict.releases:
            return self.verdict, None
        final = draft if self.text is None else self.text
        return (Verdict.APPROVE if final == draft else Verdict.APPROVE_WITH_EDITS), final

    def lacking(self, draft: str) -> str | None:
        """Return why this cannot be recorded, as a sentence that says what to do, or None."""
        verdict, final = self.against(draft)
        if final is not None and not final.strip():
            return "The final text is empty: reject the draft instead, or write what should go out."
        return (
            _lacking_reason(verdict, self.reason, self.note)
            or (None if final is None else _unsendable("final text", final, limits.DRAFT_BYTES))
            or (None if self.note is None else _unsendable("note", self.note, limits.NOTE_BYTES))
        )


def _lacking_reason(verdict: Verdict, reason: str | None, note: str | None) -> str | None:
    if reason is not None and reason not in REASON_CODES:
        return f"Unknown reason code; the codes are: {', '.join(sorted(REASON_CODES))}."
    has_note = bool(note and note.strip())
    if verdict is Verdict.REJECT and reason is None:
        return "A rejection needs a reason code."
    if verdict is Verdict.REJECT and reason == "other" and not has_note:
        return "The reason 'other' needs a note that says what is wrong."
    if verdict is Verdict.RESPOND and not has_note:
        return "A response needs a note: the instructions for the drafting system."
    if verdict is Verdict.SKIP and not has_note:
        return "A skip needs a note: why it should wait."
    return None


def _unsendable(what: str, text: str, longest_bytes: int) -> str | None:
    character = limits.unstorable_character(text)
    if character is not None:
        return f"The {what} holds {character}, which cannot be sent; remove it."
    size = len(text.encode())
    if size > longest_bytes:
        return f"The {what} has {size:,} bytes; it may have {longest_bytes:,}."
    return None
