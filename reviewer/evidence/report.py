"""What the engine reports: claim sentences with their status, reasons and evidence, and what the draft left out.

All offsets count code points. A report goes to plain data and back unchanged, so that it can be sealed with its item.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How a claim sentence stands; `NONE` never means verified."""

    NONE = "none"
    LOOK = "look"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a sentence is marked: the check, one line for the reader, and the range of the draft it is about."""

    check: str
    status: Status
    message: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A range of one turn of the source."""

    turn: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim sentence at [start, end) of the draft; `score` is suspicion from 0 to 1."""

    start: int
    end: int
    status: Status
    score: float
    reasons: tuple[Reason, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Omission:
    """Something of the source that was not found in the draft."""

    turn: int
    start: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a draft was checked for and what was found."""

    claims: tuple[Claim, ...]
    omissions: tuple[Omission, ...]
    turns_unused: tuple[int, ...]
    length_ratio: float = 1.0  # words of the draft for each word of its source
    length_warning: str | None = None

    def resting_on(self, turn: int) -> tuple[Claim, ...]:
        """Return the claims with evidence in `turn`."""
        return tuple(claim for claim in self.claims if any(e.turn == turn for e in claim.evidence))

    def to_data(self) -> dict[str, Any]:
        """Return the report as plain data for JSON."""
        return {
            "claims": [_claim_data(claim) for claim in self.claims],
            "omissions": [{"turn": o.turn, "start": o.start, "end": o.end, "why": o.why} for o in self.omissions],
            "turns_unused": list(self.turns_unused),
            "length_ratio": self.length_ratio,
            "length_warning": self.length_warning,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Report":
        """Return the report that `to_data` made `data` from."""
        return cls(
            tuple(_claim(entry) for entry in data["claims"]),
            tuple(Omission(**entry) for entry in data["omissions"]),
            tuple(data["turns_unused"]),
            data["length_ratio"],
            data["length_warning"],
        )


def _claim_data(claim: Claim) -> dict[str, Any]:
    return {
        "start": claim.start,
        "end": claim.end,
        "status": claim.status.value,
        "score": claim.score,
        "reasons": [
            {"check": r.check, "status": r.status.value, "message": r.message, "start": r.start, "end": r.end}
            for r in claim.reasons
        ],
        "evidence": [{"turn": e.turn, "start": e.start, "end": e.end} for e in claim.evidence],
    }


def _claim(data: dict[str, Any]) -> Claim:
    reasons = tuple(
        Reason(r["check"], Status(r["status"]), r["message"], r["start"], r["end"]) for r in data["reasons"]
    )
    evidence = tuple(Evidence(**entry) for entry in data["evidence"])
    return Claim(data["start"], data["end"], Status(data["status"]), data["score"], reasons, evidence)
