"""The output gate at its two posts: before a decision is accepted, and before its final leaves."""

from reviewer.domain.findings import Finding
from reviewer.domain.items import ItemId
from reviewer.domain.members import Actor
from reviewer.privacy import gate
from reviewer.services.suppressions import is_suppressed
from reviewer.storage import Transaction, contents, items, suppressions


def outgoing(tx: Transaction, actor: Actor, item_id: ItemId, text: str) -> gate.Outgoing:
    """Return `text` of an item with all that the gate wants to know of it now."""
    workspace_id = actor.member.workspace_id
    head = items.find(tx, workspace_id, item_id)
    _, source, recipient, _ = contents.whole(tx, item_id)
    return gate.Outgoing(
        text,
        kind=head.kind,
        recipient=recipient,
        source=source,
        language=head.language,
        contacts=suppressions.contacts(tx, workspace_id),
        suppressed=is_suppressed(tx, actor, recipient),
    )


def stopping(tx: Transaction, actor: Actor, item_id: ItemId, text: str) -> tuple[Finding, ...]:
    """Return what keeps `text` from leaving now."""
    return gate.blocking(gate.check(outgoing(tx, actor, item_id, text)))
