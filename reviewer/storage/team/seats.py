"""Seats of a team's database: who waits to join, who has one, and taking one away."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, String, Table, insert, select, text

from reviewer.crypto import PublicKeys
from reviewer.domain.errors import NotFoundError, RuleError
from reviewer.domain.members import MemberId, WorkspaceId
from reviewer.storage.members import MemberSecrets
from reviewer.storage.store import Transaction

_joining = Table(
    "joining",
    MetaData(),
    Column("login", String),
    Column("member_id", String),
    Column("name", String),
    Column("receive_key", LargeBinary),
    Column("sign_key", LargeBinary),
    Column("identity", LargeBinary),
    Column("recovery", LargeBinary),
    Column("asked_at", DateTime(timezone=True)),
)
_OWN = text("SELECT member_id, workspace_id FROM seat")
_SEATS = text("SELECT login, member_id, roles, removed_at IS NOT NULL AS removed, waits FROM team_seats()")
_REMOVE = text("SELECT remove_seat(:member)")
_SET_FACTOR = text("SELECT factor_set(:secret)")
_DROP_FACTOR = text("SELECT factor_drop(coalesce(:login, session_user))")


@dataclass(frozen=True, slots=True)
class Joining:
    """Somebody who was invited, has made keys, and waits for an admin."""

    login: str
    member_id: MemberId
    name: str
    secrets: MemberSecrets


@dataclass(frozen=True, slots=True)
class Seat:
    """A login and what it may do."""

    login: str
    member_id: MemberId | None
    roles: frozenset[str]
    removed: bool
    waits: bool


def is_free(tx: Transaction) -> bool:
    """Tell whether the login has a seat that no member has taken."""
    row = tx.run(_OWN).one_or_none()
    return row is not None and row.member_id is None


def workspace_to_join(tx: Transaction) -> WorkspaceId:
    """Return the workspace that the login was invited to. Raises RuleError where that is not to be joined."""
    row = tx.run(_OWN).one_or_none()
    if row is None:
        raise RuleError("This login is not invited.")
    if row.member_id is not None:
        raise RuleError("This login is a member's already.")
    if row.workspace_id is None:
        raise RuleError("Nobody has founded the workspace yet: that is done with 'reviewer team found'.")
    return WorkspaceId(row.workspace_id)


def ask(tx: Transaction, member_id: MemberId, name: str, secrets: MemberSecrets) -> None:
    """Ask to join, in place of what was asked before."""
    tx.run(_joining.delete())  # the policy narrows this to one's own
    tx.run(
        insert(_joining).values(
            member_id=member_id,
            name=name,
            receive_key=secrets.public.receive,
            sign_key=secrets.public.sign,
            identity=secrets.identity,
            recovery=secrets.recovery,
        )
    )


def joining(tx: Transaction, login: str) -> Joining:
    """Return who waits under a login. Raises NotFoundError."""
    row = tx.run(select(_joining).where(_joining.c.login == login)).one_or_none()
    if row is None:
        raise NotFoundError("Nobody waits to join under that login: 'reviewer team list' shows who does.")
    public = PublicKeys(bytes(row.receive_key), bytes(row.sign_key))
    secrets = MemberSecrets(public, bytes(row.identity), bytes(row.recovery))
    return Joining(row.login, MemberId(row.member_id), row.name, secrets)


def turn_away(tx: Transaction, login: str) -> bool:
    """Take back what somebody asked who waits to join; False where nobody waits under that login."""
    return tx.change(_joining.delete().where(_joining.c.login == login)) == 1


def all_seats(tx: Transaction) -> Sequence[Seat]:
    """Return every seat; for admins."""
    return [Seat(row.login, row.member_id, frozenset(row.roles), row.removed, row.waits) for row in tx.run(_SEATS)]


def remove(tx: Transaction, member_id: MemberId) -> None:
    """Take a member's seat away, once their running transaction has ended. The same transaction must record it."""
    tx.run(_REMOVE, {"member": member_id})


def set_factor(tx: Transaction, secret: bytes) -> str:
    """Have the server ask this login for codes of a secret from now on; return a pass. Raises RuleError."""
    earned: str = tx.run(_SET_FACTOR, {"secret": secret}).scalar_one()
    return earned


def drop_factor(tx: Transaction, login: str | None = None) -> None:
    """Have the server ask this login, or as an admin another one, for no code any more. Raises RuleError."""
    tx.run(_DROP_FACTOR, {"login": login})
