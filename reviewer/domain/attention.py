"""What a reviewer made of the findings: what was shown and looked at, and which were overridden and why.

An override is bound to the words it was given for: the same rule about another sentence, or about the same sentence
once it reads differently, is a finding of its own.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NewType

from reviewer.domain import limits
from reviewer.domain.decisions import Reason
from reviewer.domain.findings import Examination, Finding, Weight
from reviewer.domain.translation import QT_TRANSLATE_NOOP

FindingId = NewType("FindingId", str)

OTHER = "other"
OVERRIDE_REASONS: tuple[Reason, ...] = (
    Reason("in_source", QT_TRANSLATE_NOOP("OverrideReason", "The source says so"), "s"),
    Reason("known", QT_TRANSLATE_NOOP("OverrideReason", "Known from elsewhere"), "k"),
    Reason("wording", QT_TRANSLATE_NOOP("OverrideReason", "Only worded differently"), "w"),
    Reason("wrong_mark", QT_TRANSLATE_NOOP("OverrideReason", "The mark is wrong"), "m"),
    Reason(OTHER, QT_TRANSLATE_NOOP("OverrideReason", "Other"), "x"),
)
OVERRIDE_CODES = frozenset(reason.code for reason in OVERRIDE_REASONS)


@dataclass(frozen=True, slots=True)
class Override:
    """A finding that was dismissed, and why."""

    finding: FindingId
    rule: str
    reason: str
    note: str | None = None

    def lacking(self) -> str | None:
        """Return why this cannot be recorded, as a sentence that says what to do, or None."""
        if self.reason not in OVERRIDE_CODES:
            return f"Unknown reason for an override; the reasons are: {', '.join(sorted(OVERRIDE_CODES))}."
        if self.reason == OTHER and not (self.note and self.note.strip()):
            return "The reason 'other' needs a note that says why the finding does not hold."
        if self.note is not None and limits.unstorable_character(self.note):
            return "The note holds a character that cannot be kept; remove it."
        if self.note is not None and len(self.note.encode()) > limits.NOTE_BYTES:
            return f"The note is too long; it may have {limits.NOTE_BYTES:,} bytes."
        return None


@dataclass(frozen=True, slots=True)
class Attention:
    """What one reviewer made of the findings of one item so far."""

    was_shown: bool = False  # the findings were on a screen, rather than only kept
    opened: frozenset[FindingId] = frozenset()
    overrides: tuple[Override, ...] = ()

    def with_opened(self, finding: FindingId) -> "Attention":
        """Return the same once a finding has been looked at."""
        return replace(self, opened=self.opened | {finding})

    def with_override(self, override: Override) -> "Attention":
        """Return the same with one more override, in place of an earlier one of the same finding."""
        others = tuple(each for each in self.overrides if each.finding != override.finding)
        return replace(self, overrides=(*others, override))

    def without_override(self, finding: FindingId) -> "Attention":
        """Return the same once an override has been taken back."""
        return replace(self, overrides=tuple(each for each in self.overrides if each.finding != finding))

    def override_of(self, finding: FindingId) -> Override | None:
        """Return the override of a finding."""
        return next((each for each in self.overrides if each.finding == finding), None)

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        return {
            "was_shown": self.was_shown,
            "opened": sorted(self.opened),
            "overrides": [[o.finding, o.rule, o.reason, o.note] for o in self.overrides],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Attention":
        """Return what `to_data` made `data` from."""
        return cls(data["was_shown"], frozenset(data["opened"]), tuple(Override(*each) for each in data["overrides"]))


NO_ATTENTION = Attention()


def id_of(finding: Finding, text: str, examination: Examination) -> FindingId:
    """Return what tells a finding from every other in the texts that a draft becomes.

    It follows from the rule and the words it is about, those of the sentence and, for what is about the whole text,
    the place in the source; not from where they stand.
    """
    sentence = None if finding.is_about_all else examination.sentence_at(finding.start)
    about = [finding.rule, text[finding.start : finding.end]]
    if finding.is_about_all:
        about += [f"{passage.turn}:{passage.start}:{passage.end}" for passage in finding.passages[:1]]
    elif sentence is not None:
        about.append(text[sentence.start : sentence.end])
    joined = "\0".join(about).encode("utf-8", "surrogatepass")
    return FindingId(f"{finding.rule}:{hashlib.sha256(joined).hexdigest()[:16]}")


def left(examination: Examination, text: str, attention: Attention) -> tuple[Finding, ...]:
    """Return the findings to mend or override before `text` may be approved; no override lifts a block."""
    overridden = {each.finding for each in attention.overrides}
    return tuple(
        f
        for f in examination.findings
        if f.weight is Weight.BLOCK or (f.weight.holds_back and id_of(f, text, examination) not in overridden)
    )


def applied(examination: Examination, text: str, overrides: Iterable[Override]) -> tuple[Override, ...]:
    """Return those overrides whose finding stands in `text`; the others were mended since."""
    standing = {id_of(f, text, examination) for f in examination.findings}
    return tuple(each for each in overrides if each.finding in standing)


def by_rule(
    examination: Examination, text: str, reasons: Mapping[str, str], note: str | None = None
) -> tuple[Override, ...]:
    """Return overrides of all findings of some rules that hold `text` back, each for the reason of its rule."""
    return tuple(
        Override(id_of(f, text, examination), f.rule, reasons[f.rule], note)
        for f in examination.findings
        if f.weight.holds_back and f.rule in reasons
    )


def summary(
    before: tuple[Examination, str], after: tuple[Examination, str] | None, attention: Attention
) -> list[dict[str, Any]]:
    """Return what became of the findings, by rule and weight: numbers and codes, no word of any text.

    `before` and `after` are the draft and the final, each with what was found in it; `after` is None where nothing is
    released.
    """
    found = _counted(before[0].findings)
    standing = _counted(after[0].findings if after is not None else before[0].findings)
    opened = Counter(finding.split(":")[0] for finding in attention.opened)
    stands = applied(*(after or before), attention.overrides)
    told = []
    for rule, weight in sorted(found | standing, key=lambda each: (list(Weight).index(each[1]), each[0])):
        reasons = sorted(each.reason for each in stands if each.rule == rule)
        entry: dict[str, Any] = {"rule": rule, "weight": weight.value, "in_draft": found[rule, weight]}
        entry["opened"] = opened.pop(rule, 0)
        if after is not None:
            entry["mended"] = max(0, found[rule, weight] - standing[rule, weight])
            entry["in_final"] = standing[rule, weight]
        if reasons:
            entry["overridden"] = reasons
        told.append(entry)
    return told


def _counted(findings: Iterable[Finding]) -> Counter[tuple[str, Weight]]:
    return Counter((finding.rule, finding.weight) for finding in findings)
