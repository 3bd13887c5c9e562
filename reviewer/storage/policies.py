"""What a workspace does in its own way: the rules that it does without, for one kind of item."""

from sqlalchemy import bindparam, delete, insert, select

from reviewer.domain.members import WorkspaceId
from reviewer.storage import clock, schema
from reviewer.storage.store import Transaction

_off = schema.rule_off
_OF_KIND = select(_off.c.rule).where(_off.c.workspace_id == bindparam("workspace"), _off.c.kind == bindparam("of_kind"))


def rules_off(tx: Transaction, workspace_id: WorkspaceId, kind: str) -> frozenset[str]:
    """Return the rules that are switched off for a kind."""
    return frozenset(tx.run(_OF_KIND, {"workspace": workspace_id, "of_kind": kind}).scalars())


def all_off(tx: Transaction, workspace_id: WorkspaceId) -> frozenset[tuple[str, str]]:
    """Return every kind and rule that is switched off."""
    rows = tx.run(select(_off.c.kind, _off.c.rule).where(_off.c.workspace_id == workspace_id))
    return frozenset((row.kind, row.rule) for row in rows)


def switch_off(tx: Transaction, kind: str, rule: str) -> None:
    """Do without a rule that is in force."""
    who = tx.actor.member
    values = {"workspace_id": who.workspace_id, "kind": kind, "rule": rule, "member_id": who.id}
    tx.run(insert(_off).values(**values, since=clock.now()))


def switch_on(tx: Transaction, kind: str, rule: str) -> None:
    """Put a rule in force again."""
    here = _off.c.workspace_id == tx.actor.member.workspace_id
    tx.run(delete(_off).where(here, _off.c.kind == kind, _off.c.rule == rule))
