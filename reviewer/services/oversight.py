"""What a supervisor does for a team: sees how the work stands, and moves an item that somebody holds.

Each move is one transaction with its entry; the text that the holder had typed is kept as a second opinion. The
holder's decision, should it come, is refused by its fence.
"""

from dataclasses import dataclass
from typing import Any

from reviewer.domain.errors import InputRefusedError, NotFoundError, RuleError
from reviewer.domain.events import Action
from reviewer.domain.items import ItemId, ItemState
from reviewer.domain.members import Actor, Member, Role
from reviewer.domain.oversight import CAUSES, TeamState
from reviewer.services.queue import length_of, may_serve
from reviewer.storage import Store, Transaction, items, leases, members, oversight

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may be given an item."""

    id: str
    name: str


class Oversight:
    """Sees and moves the work of a workspace, for one supervisor."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self._store = store
        self._actor = actor

    def look(self) -> TeamState:
        """Return how the work stands. Raises RuleError."""
        self._need_supervisor()
        workspace = self._actor.member.workspace_id
        with self._store.read() as tx:
            now = tx.now()
            return TeamState(
                at=now,
                waiting=oversight.waiting(tx, workspace, now),
                held=oversight.held(tx, workspace, _SHOWN),
                held_number=oversight.held_number(tx, workspace),
                escalated=oversight.escalated(tx, workspace, _SHOWN),
                escalated_number=oversight.escalated_number(tx, workspace),
                settled=oversight.settled(tx, now),
            )

    def colleagues(self, item_id: str) -> list[Colleague]:
        """Return who may be given that item, by name. Raises RuleError, NotFoundError."""
        self._need_supervisor()
        with self._store.read() as tx:
            row = self._movable(tx, item_id)
            route = _route(tx, self._actor.member, row.route_id)
            found = [
                Colleague(member.id, member.name)
                for member in members.everybody(tx)
                if member.id != row.lease_member_id and may_serve(member, route)
            ]
        return sorted(found, key=lambda each: each.name.casefold())

    def take_over(self, item_id: str, cause: str) -> None:
        """Take an item that a colleague holds; this member's desk takes it up. Raises as `hand` does."""
        self.hand(item_id, self._actor.member.id, cause)

    def hand(self, item_id: str, member_id: str, cause: str) -> None:
        """Give an item that somebody holds, or that waits, to a colleague, whose desk takes it up within seconds.

        Should no desk of theirs take it up, it waits again when the lease is over. Raises RuleError, NotFoundError, or
        InputRefusedError.
        """
        self._need_supervisor()
        _check_cause(cause)
        with self._store.write(self._actor) as tx:
            row = self._movable(tx, item_id)
            to = next((each for each in members.everybody(tx) if each.id == member_id), None)
            if to is None:
                raise NotFoundError("There is no such member in this workspace.")
            if row.lease_member_id == to.id:
                raise RuleError(f"{to.name} holds this item already.")
            if not may_serve(to, _route(tx, self._actor.member, row.route_id)):
                raise RuleError(f"{to.name} may not take this item: role, language or skill does not fit.")
            lease = leases.hand(tx, item_id, to.id, row.fence, length_of(row.kind))
            tx.record(
                Action.REASSIGNED,
                lease.item_id,
                fence=lease.fence,
                from_member=row.lease_member_id,
                to_member=to.id,
                reason=cause,
            )

    def give_back(self, item_id: str, cause: str) -> None:
        """Let an item that somebody holds wait again, for anybody. Raises as `hand` does."""
        self._need_supervisor()
        _check_cause(cause)
        with self._store.write(self._actor) as tx:
            row = self._movable(tx, item_id)
            if row.state != ItemState.LEASED:
                raise RuleError("Nobody holds this item: it waits already.")
            leases.take_away(tx, item_id, row.lease_id)
            tx.record(Action.RELEASED, ItemId(item_id), fence=row.fence, from_member=row.lease_member_id, reason=cause)

    def _movable(self, tx: Transaction, item_id: str) -> Any:
        items.find(tx, self._actor.member.workspace_id, item_id)
        row = items.row(tx, item_id)
        if row.state not in (ItemState.LEASED, ItemState.WAITING, ItemState.ESCALATED):
            raise RuleError("This item cannot be moved now: it is decided, put aside or erased.")
        return row

    def _need_supervisor(self) -> None:
        if Role.SUPERVISOR not in self._actor.member.roles:
            raise RuleError(f"Only a member with the role '{Role.SUPERVISOR}' may do this.")


def _check_cause(cause: str) -> None:
    if cause not in CAUSES:
        raise InputRefusedError(f"There is no reason '{cause}'; the reasons are: {', '.join(CAUSES)}.")


def _route(tx: Transaction, member: Member, route_id: int) -> items.Route:
    return next(route for route in items.routes(tx, member.workspace_id) if route.id == route_id)
