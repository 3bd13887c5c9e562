"""The output gate: what must not leave, and what a person has to answer for before it does.

Runs on the final before a decision is accepted, and again in the dispatcher. A rule is one function that takes what
goes out and
yields findings, and one entry in `RULES`. Guarantees: pure; the same text in the same conversation gives the same
findings, in order
of their places; each finding points at the range it is about.
"""

from collections.abc import Callable, Iterable, Iterator

from reviewer.domain.findings import Finding, Weight
from reviewer.privacy.gate.characters import hidden_characters
from reviewer.privacy.gate.messages import health_in_sms, hidden_links, too_many_segments
from reviewer.privacy.gate.outgoing import Outgoing, block
from reviewer.privacy.gate.people import wrong_contacts, wrong_people
from reviewer.privacy.gate.placeholders import placeholders
from reviewer.privacy.gate.scripts import look_alikes, other_language
from reviewer.privacy.gate.wording import preamble, profanity, threats
from reviewer.privacy.tokens import find_tokens

__all__ = ["RULES", "SWITCHABLE", "Outgoing", "blocking", "check"]

Rule = Callable[[Outgoing], Iterable[Finding]]
_HEAVIEST_FIRST = {weight: place for place, weight in enumerate(Weight)}


def empty(outgoing: Outgoing) -> Iterator[Finding]:
    """Find a text with nothing in it."""
    if not outgoing.text.strip():
        yield block("empty", "The text is empty.", 0, 0)


def suppressed(outgoing: Outgoing) -> Iterator[Finding]:
    """Find a recipient who opted out."""
    if outgoing.suppressed:
        yield block("suppressed", "The recipient opted out: nothing may be sent to this number or address.", 0, 0)


def pii_tokens(outgoing: Outgoing) -> Iterator[Finding]:
    """Find PII tokens that were not turned back into what they stand for."""
    for start, end in find_tokens(outgoing.text):
        yield block("pii_token", "A PII token is left over: restore it, or write what it stands for.", start, end)


RULES: tuple[Rule, ...] = (
    empty,
    suppressed,
    pii_tokens,
    placeholders,
    hidden_characters,
    wrong_people,
    wrong_contacts,
    preamble,
    profanity,
    threats,
    health_in_sms,
    hidden_links,
    look_alikes,
    too_many_segments,
    other_language,
)


# Rules that a workspace may do without: none of those that block.
SWITCHABLE = ("preamble", "profanity", "threat", "phi_in_sms", "link", "look_alike", "segments", "language")


def check(outgoing: Outgoing) -> tuple[Finding, ...]:
    """Return what every rule finds, in the order of the text; what two rules say of one place, by weight."""
    found = [finding for rule in RULES for finding in rule(outgoing)]
    tokens = [(finding.start, finding.end) for finding in found if finding.rule == "pii_token"]
    found = [
        f for f in found if f.rule != "placeholder" or not any(f.start < end and start < f.end for start, end in tokens)
    ]
    return tuple(sorted(found, key=lambda f: (f.start, _HEAVIEST_FIRST[f.weight], f.end, f.rule)))


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return those that nothing leaves with."""
    return tuple(finding for finding in findings if finding.weight is Weight.BLOCK)
