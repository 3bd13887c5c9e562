"""Link the claim sentences of a draft to their source; find what is unsupported and what is missing.

Pure: the standard library and the lists of resources/evidence, no model, no network, no state. Guarantees that every
mark explains itself in one line, that offsets count code points, and that "no mark" is never called verified.
Start with `check`; a desk prepares the source once and keeps a `Checker`.
"""

from reviewer.evidence.engine import LENGTH, OMISSIONS, RULES, SCORE, Checker, check, recheck
from reviewer.evidence.report import Claim, Evidence, Omission, Reason, Report, Status
from reviewer.evidence.source import Prepared

__all__ = [
    "LENGTH",
    "OMISSIONS",
    "RULES",
    "SCORE",
    "Checker",
    "Claim",
    "Evidence",
    "Omission",
    "Prepared",
    "Reason",
    "Report",
    "Status",
    "check",
    "recheck",
]
