"""Make a workspace and its first member."""

import secrets

from reviewer.domain import limits
from reviewer.domain.errors import NoWorkspaceError, RuleError, UsageError
from reviewer.domain.events import Action
from reviewer.domain.members import Actor, DeskId, Member, MemberId, Role, WorkspaceId
from reviewer.storage import Store, Transaction, members


class Workspaces:
    """The workspace of a profile."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def make(
        self, name: str, member_name: str, roles: frozenset[Role], languages: frozenset[str] | None = None
    ) -> Member:
        """Make the workspace and its first member. Raises RuleError where the profile has one already."""
        for what, text in (("workspace", name), ("member", member_name)):
            if not text.strip() or len(text) > limits.NAME_CHARACTERS:
                raise UsageError(f"The {what}'s name must have 1 to {limits.NAME_CHARACTERS} characters.")
            if limits.unstorable_character(text):
                raise UsageError(f"The {what}'s name holds a character that cannot be stored.")
        first = Member(
            MemberId(secrets.token_hex(16)), WorkspaceId(secrets.token_hex(16)), member_name, roles, languages
        )
        with self._store.write(Actor(first, DeskId("init"))) as tx:
            if self._taken(tx):
                raise RuleError("This profile has a workspace already; choose another with --profile.")
            members.add_workspace(tx, first.workspace_id, name)
            tx.record(Action.WORKSPACE_MADE)
            members.add(tx, first)
            tx.record(Action.MEMBER_ADDED, member=first.id, roles=sorted(roles))
        return first

    def current(self) -> tuple[str, Member]:
        """Return the workspace's name and the profile's member. Raises NoWorkspaceError."""
        with self._store.read() as tx:
            return members.only(tx)

    @staticmethod
    def _taken(tx: Transaction) -> bool:
        try:
            members.only(tx)
        except NoWorkspaceError:
            return False
        return True
