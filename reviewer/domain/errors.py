"""Failures we expect, each with a message that a person can act on and an exit code for scripts.

No message holds content, a name, a number or a key.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command tells the shell (stable, for scripts)."""

    DONE = 0
    BUG = 1
    USAGE = 2
    INPUT_REFUSED = 3
    RULE = 4
    UNAVAILABLE = 5
    LEDGER_BROKEN = 6


class ReviewerError(Exception):
    """An expected failure; `code` names it for programs."""

    exit_code: ExitCode = ExitCode.BUG
    code: str = "error"

    @property
    def message(self) -> str:
        """Return the sentence to show."""
        return str(self)


class UsageError(ReviewerError):
    """The call itself is wrong."""

    exit_code = ExitCode.USAGE
    code = "usage"


class InputRefusedError(ReviewerError):
    """Some input cannot be taken."""

    exit_code = ExitCode.INPUT_REFUSED
    code = "input_refused"


class RuleError(ReviewerError):
    """A rule of reviewing forbids it."""

    exit_code = ExitCode.RULE
    code = "rule"


class NotFoundError(RuleError):
    """Nothing has that id in this workspace."""

    code = "not_found"


class LeaseLostError(RuleError):
    """The lease ran out, was released or taken over; the caller's text is kept."""

    code = "lease_lost"


class KeyReusedError(RuleError):
    """An idempotency key came back with another request."""

    code = "idempotency_key_reused"


class FindingsLeftError(RuleError):
    """Findings must be mended or overridden before the text may be approved; `rules` counts them by rule."""

    code = "findings_left"

    def __init__(self, rules: Mapping[str, int], hint: str = "") -> None:
        number = sum(rules.values())
        named = ", ".join(f"{rule} ({count})" if count > 1 else rule for rule, count in sorted(rules.items()))
        what = "1 finding has" if number == 1 else f"{number} findings have"
        super().__init__(f"{what} to be mended or overridden with a reason before this can be approved: {named}.{hint}")
        self.rules = dict(rules)


class StoppedError(RuleError):
    """The output gate does not let a text out."""

    code = "stopped"

    def __init__(self, rules: Iterable[str]) -> None:
        self.rules = tuple(sorted(set(rules)))
        super().__init__(f"The gate does not let this text out: {', '.join(map(_spelled, self.rules))}.")


class HoldOverError(RuleError):
    """The hold is over: the decision can no longer be withdrawn."""

    code = "hold_over"


class UnavailableError(ReviewerError):
    """The store, a file or a key cannot be reached."""

    exit_code = ExitCode.UNAVAILABLE
    code = "unavailable"


class UnreachableError(UnavailableError):
    """The way to the team's server is cut; unless it was not even tried, what was asked for may have been done."""

    code = "unreachable"

    def __init__(self, why: str, *, was_tried: bool = True) -> None:
        super().__init__(why)
        self.was_tried = was_tried


class NoWorkspaceError(UnavailableError):
    """The profile holds no workspace yet."""

    code = "no_workspace"


class KeysUnavailableError(UnavailableError):
    """The place where keys live cannot be used, or holds none for this profile."""

    code = "keys_unavailable"


class UnlockError(UnavailableError):
    """A passphrase, recovery code or device secret does not open the member's keys."""

    code = "unlock_refused"


class FactorNeededError(UnlockError):
    """Unlocking takes more than was given; this does not count as a try."""

    def __init__(self, *, passphrase: bool, code: bool) -> None:
        asked = [*["the passphrase (--passphrase-file)"] * passphrase, *["a code of the second factor (--code)"] * code]
        super().__init__(f"Unlocking takes {' and '.join(asked)}.")
        self.needs_passphrase = passphrase
        self.needs_code = code


class WrongFactorError(UnlockError):
    """A passphrase or code does not fit; the try was counted."""

    def __init__(self, why: str, tries_left: int) -> None:
        super().__init__(f"{why} {_tries(tries_left)}")
        self.why = why
        self.tries_left = tries_left


class TooManyTriesError(UnlockError):
    """Too many wrong passphrases or codes: no further try is taken for a while."""

    code = "too_many_tries"

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"Too many wrong tries: wait {wait_s} seconds.")
        self.wait_s = wait_s


def _spelled(rule: str) -> str:
    return rule.replace("_", " ")


def _tries(left: int) -> str:
    if left == 0:
        return "The next try has to wait."
    return "1 try is left before a wait." if left == 1 else f"{left} tries are left before a wait."


class DetectorUnavailableError(UnavailableError):
    """The detector of personal data cannot run, so nothing may be taken for free of any."""

    code = "detector_unavailable"


class LockedError(UnavailableError):
    """The desk is locked: its keys are gone until somebody unlocks it."""

    code = "locked"


class ErasedError(RuleError):
    """The conversation was erased: its key is destroyed."""

    code = "erased"


class SealBrokenError(UnavailableError):
    """Sealed bytes do not open: altered, moved from another place, or under another key."""

    code = "seal_broken"


class LedgerBrokenError(ReviewerError):
    """The ledger no longer is what was signed or witnessed."""

    exit_code = ExitCode.LEDGER_BROKEN
    code = "ledger_broken"
