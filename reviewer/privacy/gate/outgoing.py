"""A text on its way out, with what its conversation tells about whom it is for."""

from dataclasses import dataclass

from reviewer.domain.findings import Finding, Weight
from reviewer.domain.items import Turn
from reviewer.domain.personal_data import PiiSpan


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the rules of the gate look at.

    `contacts` are telephone numbers, addresses and names of the business itself, which may stand in any text. `spans`
    are the personal data that was found in `text`, None where nothing looked for it. `language` is the recipient's
    (BCP 47; None: not stated).
    """

    text: str
    kind: str = ""
    recipient: str | None = None
    source: tuple[Turn, ...] = ()
    language: str | None = None
    contacts: frozenset[str] = frozenset()
    suppressed: bool = False
    spans: tuple[PiiSpan, ...] | None = None

    @property
    def conversation(self) -> str:
        """Return everything that was said, and by whom."""
        return "\n".join(f"{turn.speaker}: {turn.text}" for turn in self.source)


def block(rule: str, message: str, start: int, end: int) -> Finding:
    """Return a finding that nothing leaves with."""
    return Finding(rule, Weight.BLOCK, message, start, end)


def stop(rule: str, message: str, start: int, end: int) -> Finding:
    """Return a finding that is mended, or overridden with a reason."""
    return Finding(rule, Weight.STOP, message, start, end)
