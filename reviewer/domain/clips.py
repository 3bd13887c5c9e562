"""Clips: one de-identified utterance each, how they come to a transcriber, and what comes back.

A transcriber never learns of a call: they see a serving, which has an id of its own for each clip and transcriber.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

ClipId = NewType("ClipId", str)
ServingId = NewType("ServingId", str)

LEASE = timedelta(minutes=20)


class ClipState(StrEnum):
    """Where a clip stands."""

    LIVE = "live"
    WITHDRAWN = "withdrawn"  # opted out, or somebody heard personal data in it


class ServingState(StrEnum):
    """Where a clip stands with one transcriber."""

    READY = "ready"
    LEASED = "leased"
    LABELLED = "labelled"
    SKIPPED = "skipped"
    REPORTED = "reported"  # contains personal data
    WITHDRAWN = "withdrawn"


class SkipReason(StrEnum):
    """Why a clip was not written down."""

    WRONG_CUT = "wrong_cut"
    NO_SPEECH = "no_speech"
    OTHER_LANGUAGE = "other_language"
    TOO_NOISY = "too_noisy"
    TWO_TALK = "two_talk"
    DISTRESSING = "distressing"
    MASKED = "masked"
    TECHNICAL = "technical"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the workspace decided about listening. Every change is an entry of the ledger."""

    workspace_opted_in: bool = False
    feature_on: bool = False
    categories: tuple[str, ...] = ()
    budget_ppm: int = 100  # of the eligible seconds of a year: 0.01 %
    least_calls: int = 100
    longest_delay_days: int = 14
    hypothesis: bool = False  # may listeners see the machine's text?
    least_confidence: int = 70  # percent; below, typing from scratch is quicker than correcting
    blind_percent: int = 15
    second_percent: int = 10
    digits_allowed: bool = False
    glossary: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Serving:
    """What a transcriber's desk holds of a clip: nothing else is in its process."""

    id: ServingId
    language: str
    wav: bytes = field(repr=False)  # the canonical form that reviewer.audio makes
    seconds: float
    hypothesis: str | None = field(default=None, repr=False)
    glossary: tuple[str, ...] = ()
    digits_allowed: bool = False
    text: str | None = field(default=None, repr=False)  # as it was left
    cursor: int = 0
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is done with a clip: labelled, unless it is skipped for a reason or reported."""

    listened_ms: int
    text: str | None  # what was typed, whatever the answer
    cursor: int = 0
    reason: SkipReason | None = None
    is_report: bool = False
