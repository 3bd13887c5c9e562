"""Workspaces and their members."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import MetaData, Row, insert, select, text, update

from reviewer.crypto import PublicKeys
from reviewer.domain.errors import NoWorkspaceError
from reviewer.domain.members import Member, MemberId, Role, WorkspaceId
from reviewer.storage import clock, schema
from reviewer.storage.store import Transaction

# On a team's database a member's sealed keys are read through a view, which shows each their own.
_WITH_SECRETS = {"sqlite": schema.member, "postgresql": schema.member.to_metadata(MetaData(), name="own_member")}
_PUBLIC = [column for column in schema.member.c if column.name not in ("identity", "recovery", "totp", "totp_step")]


def add_workspace(tx: Transaction, workspace_id: WorkspaceId, name: str) -> None:
    """Make a workspace."""
    tx.run(insert(schema.workspace).values(id=workspace_id, name=name, made_at=clock.now()))


@dataclass(frozen=True, slots=True)
class MemberSecrets:
    """A member's keys as they are stored: public ones, and the private ones sealed twice; and their second factor."""

    public: PublicKeys
    identity: bytes
    recovery: bytes
    totp: bytes | None = None
    totp_step: int | None = None  # of the last code that was accepted


def add(tx: Transaction, new: Member, secrets: MemberSecrets) -> None:
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
            receive_key=secrets.public.receive,
            sign_key=secrets.public.sign,
            identity=secrets.identity,
            recovery=secrets.recovery,
        )
    )


def secrets_of(tx: Transaction, member_id: MemberId) -> MemberSecrets:
    """Return a member's keys as they are stored."""
    table = _WITH_SECRETS[tx.dialect]
    row = tx.run(select(table).where(table.c.id == member_id)).one()
    public = PublicKeys(bytes(row.receive_key), bytes(row.sign_key))
    totp = None if row.totp is None else bytes(row.totp)
    return MemberSecrets(public, bytes(row.identity), bytes(row.recovery), totp, row.totp_step)


def set_identity(tx: Transaction, member_id: MemberId, sealed: bytes) -> None:
    """Store a member's private keys under another lock."""
    tx.run(update(schema.member).where(schema.member.c.id == member_id).values(identity=sealed))


def set_roles(tx: Transaction, member_id: MemberId, roles: frozenset[Role]) -> None:
    """Give a member other roles."""
    tx.run(update(schema.member).where(schema.member.c.id == member_id).values(roles=sorted(roles)))


def set_totp(tx: Transaction, member_id: MemberId, sealed: bytes | None) -> None:
    """Store a member's second factor, or that they have none; the steps used so far stay used."""
    tx.run(update(schema.member).where(schema.member.c.id == member_id).values(totp=sealed))


def use_totp_step(tx: Transaction, member_id: MemberId, step: int) -> bool:
    """Use up a step and all before it; False where it was used up already."""
    table = schema.member
    is_new = table.c.totp_step.is_(None) | (table.c.totp_step < step)
    return tx.change(update(table).where(table.c.id == member_id, is_new).values(totp_step=step)) == 1


def names(tx: Transaction) -> dict[str, str]:
    """Return the names of all members by id."""
    table = schema.member
    return {row.id: row.name for row in tx.run(select(table.c.id, table.c.name))}


def everybody(tx: Transaction) -> list[Member]:
    """Return the members of the workspace who have any role."""
    return [member for member in map(_member, tx.run(select(*_PUBLIC))) if member.roles]


def only(tx: Transaction) -> tuple[str, Member]:
    """Return the workspace's name and the profile's member. Raises NoWorkspaceError where there is none."""
    workspace, member = schema.workspace, schema.member
    found = select(*_PUBLIC, workspace.c.name.label("workspace_name")).join(
        workspace, workspace.c.id == member.c.workspace_id
    )
    if tx.dialect != "sqlite":
        found = found.where(member.c.id == text("(SELECT member_id FROM seat)"))
    row = tx.run(found.order_by(member.c.added_at).limit(1)).one_or_none()
    if row is None and tx.dialect != "sqlite":
        raise NoWorkspaceError("You are no member of this team: an admin has not let you in yet, or has removed you.")
    if row is None:
        raise NoWorkspaceError("This profile has no workspace yet: make one with 'reviewer init'.")
    return row.workspace_name, _member(row)


def _member(row: Row[Any]) -> Member:
    return Member(
        id=MemberId(row.id),
        workspace_id=WorkspaceId(row.workspace_id),
        name=row.name,
        roles=frozenset(map(Role, row.roles)),
        languages=None if row.languages is None else frozenset(row.languages),
        skills=None if row.skills is None else frozenset(row.skills),
    )
