"""Workspaces and their members."""

from sqlalchemy import insert, select

from reviewer.domain.errors import NoWorkspaceError
from reviewer.domain.members import Member, MemberId, Role, WorkspaceId
from reviewer.storage import clock, schema
from reviewer.storage.store import Transaction


def add_workspace(tx: Transaction, workspace_id: WorkspaceId, name: str) -> None:
    """Make a workspace."""
    tx.run(insert(schema.workspace).values(id=workspace_id, name=name, made_at=clock.now()))


def add(tx: Transaction, new: Member) -> None:
    """Add a member."""
    tx.run(
        insert(schema.member).values(
            id=new.id,
            workspace_id=new.workspace_id,
            name=new.name,
            roles=sorted(new.roles),
            languages=None if new.languages is None else sorted(new.languages),
            skills=None if new.skills is None else sorted(new.skills),
            added_at=clock.now(),
        )
    )


def only(tx: Transaction) -> tuple[str, Member]:
    """Return the workspace's name and the profile's member. Raises NoWorkspaceError where there is none."""
    workspace, member = schema.workspace, schema.member
    row = tx.run(
        select(member, workspace.c.name.label("workspace_name"))
        .join(workspace, workspace.c.id == member.c.workspace_id)
        .order_by(member.c.added_at)
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NoWorkspaceError("This profile has no workspace yet: make one with 'reviewer init'.")
    return row.workspace_name, Member(
        id=MemberId(row.id),
        workspace_id=WorkspaceId(row.workspace_id),
        name=row.name,
        roles=frozenset(map(Role, row.roles)),
        languages=None if row.languages is None else frozenset(row.languages),
        skills=None if row.skills is None else frozenset(row.skills),
    )
