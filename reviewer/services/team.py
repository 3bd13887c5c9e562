"""A team's members: who is let in, with which roles, and how one leaves.

Whoever owns the database invites: makes a login. The invited makes keys on their own machine. An admin compares their
fingerprint, told by voice, and only then seals the workspace's key to them; neither owner nor admin can let in alone.
"""

from dataclasses import dataclass, replace

from reviewer.crypto import PublicKeys, WorkspaceKey
from reviewer.domain.errors import NotFoundError, RuleError, UsageError
from reviewer.domain.events import Action
from reviewer.domain.members import Actor, Member, MemberId, Role, WorkspaceId, holds_workspace_key
from reviewer.ledger.directory import encode_key
from reviewer.storage import Store, Transaction, entries, keys, members
from reviewer.storage.store import Unrecorded
from reviewer.storage.team import seats


@dataclass(frozen=True, slots=True)
class Seated:
    """A login as an admin sees it. No fingerprint: an admin must hear it from the person, not copy it from here."""

    login: str
    name: str | None
    roles: frozenset[str]
    state: str  # invited, waits, member, removed


class Team:
    """Lets members in and out, for one admin."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self._store = store
        self._actor = actor

    def listing(self) -> list[Seated]:
        """Return every login of the team."""
        self._need_admin()
        with self._store.read() as tx:
            names = members.names(tx)
            return [self._seated(tx, seat, names) for seat in seats.all_seats(tx)]

    def confirm(
        self, login: str, typed: str, roles: frozenset[Role], *, languages: frozenset[str] | None = None
    ) -> Member:
        """Let in who waits under `login`, if `typed` is the fingerprint that they told.

        Raises RuleError where it is another, NotFoundError where nobody waits.
        """
        self._need_admin()
        if not roles:
            raise UsageError("A member has at least one role.")
        with self._store.write(self._actor) as tx:
            asked = seats.joining(tx, login)
            if _bare(typed) != _bare(asked.secrets.public.fingerprint):
                raise RuleError(
                    "That is not the fingerprint of who waits under this login. Do not go on: ask them to read it out "
                    "again; if it still differs, somebody else is trying to get in."
                )
            _check_key(asked.secrets.public)
            new = Member(asked.member_id, self._actor.member.workspace_id, asked.name, roles, languages)
            members.add(tx, new, asked.secrets)
            # Who only transcribes sees clips and nothing else: the workspace's key is not for them.
            if holds_workspace_key(roles):
                self._seal_workspace_key(tx, new.id, asked.secrets.public)
            tx.record(
                Action.MEMBER_ADDED,
                member=new.id,
                roles=sorted(roles),
                receive=encode_key(asked.secrets.public.receive),
                sign=encode_key(asked.secrets.public.sign),
            )
            return new

    def set_roles(self, login: str, roles: frozenset[Role]) -> None:
        """Give a member other roles, from their next act on. Raises NotFoundError or RuleError."""
        self._need_admin()
        if not roles:
            raise UsageError("A member has at least one role.")
        with self._store.write(self._actor) as tx:
            member_id = self._member(tx, login)
            if member_id == self._actor.member.id:
                raise RuleError("Another admin changes your roles.")
            known = entries.directory(tx).members[member_id]  # and not as the table says
            members.set_roles(tx, member_id, roles)
            if holds_workspace_key(roles) and not holds_workspace_key(known.roles):
                self._seal_workspace_key(tx, member_id, PublicKeys(known.receive, known.sign))
            tx.record(Action.MEMBER_CHANGED, member=member_id, roles=sorted(roles), last=_last(tx, member_id))

    def drop_factor(self, login: str) -> None:
        """Have the server ask a member for no code any more, who lost their authenticator. Raises NotFoundError."""
        self._need_admin()
        with self._store.write(self._actor) as tx:
            member_id = self._member(tx, login)
            seats.drop_factor(tx, login)
            tx.record(Action.POLICY_CHANGED, policy="second_factor", set=False, member=member_id)

    def remove(self, login: str) -> bool:
        """Take a member's seat away at once; rotate the workspace's key afterwards. Who only waits is turned away.

        Return whether it was a member, who had the workspace's key.

        Raises NotFoundError or RuleError.
        """
        self._need_admin()
        with self._store.write(self._actor) as tx:
            if seats.turn_away(tx, login):
                tx.leave_unrecorded(Unrecorded.ASKED_TO_JOIN)
                return False
            member_id = self._member(tx, login)
            if member_id == self._actor.member.id:
                raise RuleError("Another admin removes you.")
            seats.remove(tx, member_id)
            tx.record(Action.MEMBER_REMOVED, member=member_id, last=_last(tx, member_id))
            return True

    def _seal_workspace_key(self, tx: Transaction, member_id: MemberId, public: PublicKeys) -> None:
        for sealed in keys.generations(tx, self._actor.member.id):
            key = keys.generation(tx, sealed.number)
            keys.share_generation(tx, key, member_id, key.seal_to(member_id, public))

    def _seated(self, tx: Transaction, seat: seats.Seat, names: dict[str, str]) -> Seated:
        plain = Seated(seat.login, None, seat.roles, "invited")
        if seat.waits:
            asked = seats.joining(tx, seat.login)
            return replace(plain, name=asked.name, state="waits")
        if seat.member_id is None:
            return plain
        return replace(plain, name=names.get(seat.member_id), state="removed" if seat.removed else "member")

    def _member(self, tx: Transaction, login: str) -> MemberId:
        found = next((each for each in seats.all_seats(tx) if each.login == login and not each.removed), None)
        if found is None or found.member_id is None:
            raise NotFoundError("No member has that login: 'reviewer team list' shows them.")
        return found.member_id

    def _need_admin(self) -> None:
        if Role.ADMIN not in self._actor.member.roles:
            raise RuleError("Only an admin may do this.")


def _check_key(public: PublicKeys) -> None:
    """Refuse a key that nothing can be sealed to: it would stop each exchange of the workspace's key."""
    try:
        WorkspaceKey.new(WorkspaceId("check"), 1).seal_to("check", public)
    except ValueError as exc:
        raise RuleError("Who waits under this login has made no key that anything can be sealed to.") from exc


def _bare(spelled: str) -> str:
    return "".join(spelled.split()).replace("-", "").casefold()


def _last(tx: Transaction, member_id: MemberId) -> int:
    """Return the number of the last entry that a member made under the old rule."""
    head = entries.head_of(tx, member_id)
    return 0 if head is None else head.number
