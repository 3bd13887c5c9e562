"""The output gate at its two posts: before a decision is accepted, and before its final leaves."""

from dataclasses import replace

from reviewer.domain.findings import Finding
from reviewer.domain.members import Member
from reviewer.privacy import gate
from reviewer.services.suppressions import is_suppressed
from reviewer.storage import Transaction, policies, suppressions
from reviewer.storage.opening import Opened


def outgoing(tx: Transaction, member: Member, opened: Opened) -> gate.Outgoing:
    """Return what the gate wants to know of an item as things stand now; its text is still to come."""
    return gate.Outgoing(
        "",
        kind=opened.head.kind,
        recipient=opened.content.recipient,
        source=opened.content.source,
        language=opened.head.language,
        contacts=suppressions.contacts(tx, member.workspace_id) if opened.has_contacts else frozenset(),
        suppressed=opened.has_lists and is_suppressed(tx, member, opened.content.recipient),
    )


def rules_off(tx: Transaction, member: Member, opened: Opened) -> frozenset[str]:
    """Return the rules that are switched off for an item's kind as things stand now."""
    return policies.rules_off(tx, member.workspace_id, opened.head.kind) if opened.has_rules_off else frozenset()


def stopping(outgoing: gate.Outgoing, text: str) -> tuple[Finding, ...]:
    """Return what keeps `text` from leaving."""
    return gate.blocking(gate.check(replace(outgoing, text=text)))
