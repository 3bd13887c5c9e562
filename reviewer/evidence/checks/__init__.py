"""The checks, in the order in which their findings are shown.

A check is one function from a `Context` to its findings and one line in `CHECKS`; its name there is what a reason
carries, what the ledger counts and what can be switched off.
"""

from reviewer.evidence.checks import denials, people, quantities, stance, wording
from reviewer.evidence.checks.context import Check, Context, Finding

CHECKS: dict[str, Check] = {
    "dose": quantities.doses,
    "unit": quantities.units,
    "number": quantities.numbers,
    "date": quantities.dates,
    "time": quantities.times,
    "phone": quantities.phones,
    "drug": people.drugs,
    "name": people.people,
    "speaker": people.speakers,
    "laterality": stance.laterality,
    "negation_added": denials.negation_added,
    "phrase_denied": denials.phrase_denied,
    "negation_lost": denials.negation_lost,
    "number_elsewhere": quantities.bindings,
    "opposite": stance.opposites,
    "only_added": wording.only_added,
}

__all__ = ["CHECKS", "Check", "Context", "Finding"]
