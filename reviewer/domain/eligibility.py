"""Whether a call may be listened to: a chain of gates, each of which must say yes.

A call stands at the first gate that does not say yes, and what is unknown is no. So the state of a call is one gate, or
none once it has passed them all, and every no has its reason.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reviewer.domain.call_records import Call, Side
from reviewer.domain.translation import QT_TRANSLATE_NOOP


class Gate(StrEnum):
    """What must be true of a call before anybody hears any of it, in the order in which it is asked."""

    RECORDED = "recorded"
    TRANSCRIBED = "transcribed"
    CONSENTED = "consented"
    WORKSPACE = "workspace_opted_in"
    FEATURE = "feature_opted_in"
    MEMBER = "member_opted_in"
    CALLER = "caller_opted_in"
    CATEGORY = "category_allowed"
    NOT_HELD = "not_on_legal_hold"
    RETAINED = "retention_not_passed"
    CLEAN = "personal_data_clean"
    BUDGET = "budget_left"


GATES: tuple[Gate, ...] = tuple(Gate)
LABELS: Mapping[Gate, str] = {
    Gate.RECORDED: QT_TRANSLATE_NOOP("Gates", "not recorded"),
    Gate.TRANSCRIBED: QT_TRANSLATE_NOOP("Gates", "not transcribed"),
    Gate.CONSENTED: QT_TRANSLATE_NOOP("Gates", "somebody did not consent"),
    Gate.WORKSPACE: QT_TRANSLATE_NOOP("Gates", "the workspace has not opted in"),
    Gate.FEATURE: QT_TRANSLATE_NOOP("Gates", "the feature is not switched on"),
    Gate.MEMBER: QT_TRANSLATE_NOOP("Gates", "the agent has not opted in"),
    Gate.CALLER: QT_TRANSLATE_NOOP("Gates", "the caller has not opted in"),
    Gate.CATEGORY: QT_TRANSLATE_NOOP("Gates", "its category is not allowed"),
    Gate.NOT_HELD: QT_TRANSLATE_NOOP("Gates", "on legal hold"),
    Gate.RETAINED: QT_TRANSLATE_NOOP("Gates", "its retention has passed"),
    Gate.CLEAN: QT_TRANSLATE_NOOP("Gates", "not shown free of personal data"),
    Gate.BUDGET: QT_TRANSLATE_NOOP("Gates", "no budget left"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a call stands: at a gate that said no or said nothing, or past them all."""

    gate: Gate | None
    is_unknown: bool = False

    @property
    def passed(self) -> bool:
        """Tell whether every gate said yes."""
        return self.gate is None


PASSED = Standing(None)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the workspace allows; None is not said, which is no."""

    workspace_opted_in: bool | None = None
    feature_on: bool | None = None
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OptOuts:
    """Which opt-outs touch a call."""

    workspace: bool = False
    member: bool = False
    caller: bool = False
    call: bool = False


Facts = Mapping[Gate, bool | None]


def standing(facts: Facts) -> Standing:
    """Return where a call with these facts stands; a gate that `facts` does not name is unknown."""
    for gate in GATES:
        answer = facts.get(gate)
        if answer is not True:
            return Standing(gate, is_unknown=answer is None)
    return PASSED


def facts_of(
    call: Call, rules: Rules, opted_out: OptOuts, now: datetime, *, clean: bool | None, budget_left: bool | None
) -> Facts:
    """Return what each gate finds out about a call."""
    agent, caller = call.party(Side.AGENT), call.party(Side.CALLER)
    return {
        Gate.RECORDED: call.recorded,
        Gate.TRANSCRIBED: None if call.transcribed is None else call.transcribed and bool(call.transcript.segments),
        Gate.CONSENTED: _all_consented(call),
        Gate.WORKSPACE: False if opted_out.workspace else rules.workspace_opted_in,
        Gate.FEATURE: rules.feature_on,
        Gate.MEMBER: False if opted_out.member or agent is None else agent.opted_in,
        Gate.CALLER: False if opted_out.caller or opted_out.call or caller is None else caller.opted_in,
        Gate.CATEGORY: None if call.category is None else call.category in rules.categories,
        Gate.NOT_HELD: None if call.legal_hold is None else not call.legal_hold,
        Gate.RETAINED: None if call.retain_until is None else now < call.retain_until,
        Gate.CLEAN: clean,
        Gate.BUDGET: budget_left,
    }


def without(facts: Facts, *later: Gate) -> Facts:
    """Return `facts` as if `later` gates had said yes: for a look ahead, before they can be asked."""
    return {**facts, **dict.fromkeys(later, True)}


def counts(standings: Iterable[Standing]) -> Counter[Gate | None]:
    """Count how many calls stop where; None counts those that passed."""
    return Counter(each.gate for each in standings)


def _all_consented(call: Call) -> bool | None:
    """Tell whether both sides, and everybody else in the call, consented on a stated basis."""
    if {party.side for party in call.parties} < set(Side):
        return None
    answers = [None if party.consented and not party.basis else party.consented for party in call.parties]
    if False in answers:
        return False
    return None if None in answers else True
