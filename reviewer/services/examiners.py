"""The analyses that every draft goes through, in one list; they run in the analyst's process (see analyst.py).

An analysis is one entry in `ANALYSES`: a name, a version, and how to open an examiner for one item. What it says comes
back in one form, an `Examination`, whatever it is; those of all analyses are joined into one.
Nothing here is imported by the desk's own process save the list itself, so its start does not pay for the engines.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from reviewer.domain.findings import ANALYSIS_VERSIONS, ClaimSentence, Examination, Finding, Passage, Weight, in_order
from reviewer.domain.items import Turn

if TYPE_CHECKING:
    from reviewer.evidence import Evidence

Data = dict[str, Any]

GATE = "gate"
PERSONAL = "personal"  # no finding comes of it, so that no approval waits for it
UNCHECKED = "unchecked"  # the rule of a finding that says that an analysis itself failed


@dataclass(frozen=True, slots=True)
class Subject:
    """What an analysis may know of an item."""

    item_id: str
    kind: str
    language: str | None
    draft: str
    source: tuple[Turn, ...]
    recipient: str | None = None
    contacts: frozenset[str] = frozenset()  # what the business itself goes by
    suppressed: bool = False  # the recipient opted out


class Examiner(Protocol):
    """One analysis, made ready for one item and for every text that its draft becomes."""

    def resume(self, state: Data) -> None:
        """Take over what `state` kept of an earlier check of the draft, so that only what changes costs anything."""
        ...

    def check(self, text: str) -> Examination:
        """Return what is found in `text`."""
        ...

    def state(self) -> Data:
        """Return what is worth keeping of the last check, as plain data."""
        ...


@dataclass(frozen=True, slots=True)
class Analysis:
    """One entry of the list; its version is raised with every change of what it finds."""

    name: str
    version: int
    open: Callable[[Subject], Examiner]
    rules: Callable[[], tuple[str, ...]]  # those that can be switched off


class _Nothing:
    """Examines nothing: there is nothing to compare with."""

    def resume(self, state: Data) -> None:
        del state

    def check(self, text: str) -> Examination:
        del text
        return Examination()

    def state(self) -> Data:
        return {}


class _Evidence:
    """Compares a draft with its source."""

    def __init__(self, subject: Subject) -> None:
        from reviewer import evidence

        self._draft = subject.draft
        self._checker = evidence.Checker(evidence.Prepared(subject.source, language=subject.language))
        self._report: evidence.Report | None = None

    def resume(self, state: Data) -> None:
        from reviewer import evidence

        self._checker.resume(self._draft, evidence.Report.from_data(state))

    def check(self, text: str) -> Examination:
        from reviewer import evidence

        report = self._report = self._checker.check(text)
        found = [
            Finding(r.check, Weight(r.status.value), r.message, r.start, r.end, _passages(claim.evidence))
            for claim in report.claims
            for r in claim.reasons
        ]
        found += [
            Finding(evidence.OMISSIONS, Weight.LOOK, o.why, 0, 0, (Passage(o.turn, o.start, o.end),))
            for o in report.omissions
        ]
        if report.length_warning is not None:
            found.append(Finding(evidence.LENGTH, Weight.LOOK, report.length_warning, 0, 0))
        sentences = tuple(ClaimSentence(c.start, c.end, _passages(c.evidence)) for c in report.claims)
        return Examination(in_order(found), sentences, report.turns_unused)

    def state(self) -> Data:
        return {} if self._report is None else self._report.to_data()


def _open_evidence(subject: Subject) -> Examiner:
    return _Evidence(subject) if subject.source else _Nothing()


class _Gate:
    """Finds what must not leave, or what a person answers for."""

    def __init__(self, subject: Subject) -> None:
        from reviewer.privacy import gate

        self._outgoing = gate.Outgoing(
            "",
            kind=subject.kind,
            recipient=subject.recipient,
            source=subject.source,
            language=subject.language,
            contacts=subject.contacts,
            suppressed=subject.suppressed,
        )

    def resume(self, state: Data) -> None:
        del state

    def check(self, text: str) -> Examination:
        from reviewer.privacy import gate

        return Examination(in_order(gate.check(replace(self._outgoing, text=text))))

    def state(self) -> Data:
        return {}


def _gate_rules() -> tuple[str, ...]:
    from reviewer.privacy import gate

    return gate.SWITCHABLE


def _evidence_rules() -> tuple[str, ...]:
    from reviewer import evidence

    return evidence.RULES


def _passages(evidence: Iterable["Evidence"]) -> tuple[Passage, ...]:
    return tuple(Passage(each.turn, each.start, each.end) for each in evidence)


ANALYSES: tuple[Analysis, ...] = (
    Analysis("evidence", ANALYSIS_VERSIONS["evidence"], _open_evidence, _evidence_rules),
    Analysis(GATE, ANALYSIS_VERSIONS[GATE], _Gate, _gate_rules),
)
VERSIONS = {analysis.name: analysis.version for analysis in ANALYSES}
PERSONAL_VERSION = ANALYSIS_VERSIONS[PERSONAL]
