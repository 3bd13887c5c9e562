"""The output gate at its two posts: before a decision is accepted, and before its final leaves."""

from dataclasses import replace

from reviewer.domain.findings import Finding
from reviewer.domain.items import ItemHead, Turn
from reviewer.domain.members import Member
from reviewer.privacy import gate
from reviewer.services.suppressions import is_suppressed
from reviewer.storage import Transaction, suppressions


def outgoing(
    tx: Transaction, member: Member, head: ItemHead, source: tuple[Turn, ...], recipient: str | None
) -> gate.Outgoing:
    """Return what the gate wants to know of an item as things stand now; its text is still to come."""
    return gate.Outgoing(
        "",
        kind=head.kind,
        recipient=recipient,
        source=source,
        language=head.language,
        contacts=suppressions.contacts(tx, member.workspace_id),
        suppressed=is_suppressed(tx, member, recipient),
    )


def stopping(outgoing: gate.Outgoing, text: str) -> tuple[Finding, ...]:
    """Return what keeps `text` from leaving."""
    return gate.blocking(gate.check(replace(outgoing, text=text)))
