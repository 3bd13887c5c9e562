"""The queue: what waits, who holds what, claiming and giving back."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from reviewer.domain.errors import RuleError
from reviewer.domain.events import Action
from reviewer.domain.items import ClaimedItem, Item, ItemHead, ItemId, ItemState, Lease, LeaseId
from reviewer.domain.kinds import KINDS
from reviewer.domain.members import Actor, Member, Role
from reviewer.domain.oversight import HANDED
from reviewer.services.analysis import kept
from reviewer.services.analyst import read
from reviewer.services.gatekeeper import outgoing, rules_off
from reviewer.storage import Store, Transaction, contents, decisions, items, leases, policies, working_copies
from reviewer.storage.opening import Opened, opened
from reviewer.storage.store import Unrecorded


@dataclass(frozen=True, slots=True)
class Overview:
    """What waits for this member: the most urgent items, and how many there are of each kind."""

    waiting: tuple[ItemHead, ...]
    by_kind: Counter[str]

    def number(self) -> int:
        """Count what this member may claim."""
        return self.by_kind.total()


@dataclass(frozen=True, slots=True)
class News:
    """What others may have changed for a desk."""

    held: frozenset[str]  # the live leases of this desk
    handed: bool  # a supervisor handed this member something
    rules_off: frozenset[tuple[str, str]]  # (kind, rule)

    def off(self, kind: str) -> frozenset[str]:
        """Return the rules that are switched off for a kind."""
        return frozenset(rule for of_kind, rule in self.rules_off if of_kind == kind)


class Queue:
    """Claims items for one member at one desk."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self._store = store
        self._actor = actor

    def overview(self, limit: int = 200) -> Overview:
        """Return what this member may claim, most urgent first, and the counts of the workspace."""
        with self._store.read() as tx:
            mine = [route.id for route in _routes(tx, self._actor.member)]
            return Overview(tuple(items.waiting(tx, mine, limit)), items.waiting_counts(tx, mine))

    def listing(self, limit: int) -> tuple[list[ItemHead], Counter[tuple[str, ItemState]]]:
        """Return every open item of the workspace, whatever its state, and the counts."""
        workspace = self._actor.member.workspace_id
        with self._store.read() as tx:
            return items.listing(tx, workspace, limit), items.counts(tx, workspace)

    def claim(self, item_id: str | None = None) -> ClaimedItem | None:
        """Lease the most urgent item, or that very one, and open it; None where nothing waits."""
        return self._claim(ahead=False, item_id=item_id)

    def claim_ahead(self) -> ClaimedItem | None:
        """Lease and open the next item in advance; it counts as seen only once it is shown."""
        return self._claim(ahead=True)

    def open(self, lease: Lease, *, ahead: bool = False) -> ClaimedItem:
        """Record the look, commit it, and only then fetch the content. Raises LeaseLostError."""
        with self._store.write(self._actor) as tx:
            leases.check(tx, lease)
            tx.record(Action.OPENED, lease.item_id, fence=lease.fence, ahead=ahead)
        return self._fetch(lease)

    def show(self, lease: Lease) -> Lease:
        """Turn a look-ahead into the item on screen: its time starts now. Raises LeaseLostError."""
        with self._store.write(self._actor) as tx:
            return shown(tx, lease)

    def renew(self, lease: Lease) -> Lease:
        """Extend a lease because its holder is at work. Raises LeaseLostError."""
        with self._store.write(self._actor) as tx:
            tx.leave_unrecorded(Unrecorded.HEARTBEAT)
            return leases.renew(tx, lease, length_of(leases.check(tx, lease).kind))

    def release(self, item_id: str, lease_id: LeaseId) -> None:
        """Give an item back undecided. Raises LeaseLostError."""
        with self._store.write(self._actor) as tx:
            lease = leases.stated(tx, self._actor, ItemId(item_id), lease_id)
            leases.give_back(tx, lease)
            tx.record(Action.RELEASED, lease.item_id, fence=lease.fence)

    def release_all(self, *, but: ItemId | None = None) -> None:
        """Give back undecided whatever this desk holds, save one item."""
        with self._store.write(self._actor) as tx:
            held = [lease for lease in leases.held_by(tx, self._actor.member.id) if lease.desk == self._actor.desk]
            for lease in (lease for lease in held if lease.item_id != but):
                leases.give_back(tx, lease)
                tx.record(Action.RELEASED, lease.item_id, fence=lease.fence)

    def set_aside(self, lease: Lease) -> None:
        """Note that a leased item is on screen no longer, but comes next. Raises LeaseLostError."""
        with self._store.write(self._actor) as tx:
            leases.set_aside(tx, lease)
            tx.leave_unrecorded(Unrecorded.SET_ASIDE)

    def holder(self, item_id: ItemId) -> str | None:
        """Return the name of the member who has an item now."""
        with self._store.read() as tx:
            return items.holder(tx, item_id)

    def adopt(self, is_alive: Callable[[str], bool]) -> list[Lease]:
        """Return this desk's own live leases, and take over those of the member's desks that are gone.

        A desk is gone if it crashed or was killed; its own leases a desk has left if it was locked. They come in the
        order of the queue, what was on screen first: it counts as on screen from then on, the others as claimed ahead.
        """
        with self._store.write(self._actor) as tx:
            adopted = []
            for old in leases.held_by(tx, self._actor.member.id):
                length = length_of(items.find(tx, self._actor.member.workspace_id, old.item_id).kind)
                if old.desk == self._actor.desk:
                    adopted.append(leases.renew(tx, old, length))
                    tx.leave_unrecorded(Unrecorded.HEARTBEAT)
                elif not is_alive(old.desk):
                    new = _take_up(tx, old, length, ahead=bool(adopted))
                    adopted += [] if new is None else [new]
        return adopted

    def news(self) -> News:
        """Return what changed for this desk by what others did; a look that changes nothing."""
        with self._store.read() as tx:
            mine = leases.held_by(tx, self._actor.member.id)
            return News(
                held=frozenset(lease.id for lease in mine if lease.desk == self._actor.desk),
                handed=any(lease.desk == HANDED for lease in mine),
                rules_off=policies.all_off(tx, self._actor.member.workspace_id),
            )

    def take_up(self) -> list[Lease]:
        """Take up what a supervisor handed to this member, as claimed in advance."""
        with self._store.write(self._actor) as tx:
            taken = []
            for old in leases.held_by(tx, self._actor.member.id):
                if old.desk == HANDED:
                    kind = items.find(tx, self._actor.member.workspace_id, old.item_id).kind
                    new = _take_up(tx, old, length_of(kind), ahead=True)
                    taken += [] if new is None else [new]
            if not taken:
                tx.leave_unrecorded(Unrecorded.NOTHING)
        return taken

    def own(self, item_id: str) -> ClaimedItem | None:
        """Read an item again that the actor has leased, wherever that was; the look is recorded first."""
        with self._store.write(self._actor) as tx:
            held = leases.held_by(tx, self._actor.member.id)
            lease = next((each for each in held if each.item_id == item_id), None)
            if lease is None:
                tx.leave_unrecorded(Unrecorded.NOTHING)
                return None
            tx.record(Action.OPENED, lease.item_id, fence=lease.fence, ahead=False)
        return self._fetch(lease)

    def _claim(self, *, ahead: bool, item_id: str | None = None) -> ClaimedItem | None:
        with self._store.write(self._actor) as tx:
            lease = claim_for(tx, ahead=ahead, item_id=item_id)
            if lease is None:
                return None
            tx.record(Action.OPENED, lease.item_id, fence=lease.fence, ahead=ahead)
        return self._fetch(lease)

    def _fetch(self, lease: Lease) -> ClaimedItem:
        """Read the content of an item; the look at it is on record already."""
        claimed, left = self._read(lease)
        if left:
            self._keep_texts_of_others(lease.item_id)
            claimed, _ = self._read(lease)
        return claimed

    def _read(self, lease: Lease) -> tuple[ClaimedItem, bool]:
        """Return an item's content, and whether colleagues left texts that the claim was not shown."""
        with self._store.read() as tx:
            member = self._actor.member
            there = opened(tx, member.workspace_id, lease.item_id)
            copies = working_copies.on(tx, lease.item_id) if there.has_copies else {}
            copy = copies.pop(member.id, None)
            left = self._store.is_shared and bool(copies)
            item, analysed = _item(tx, member, there), kept(tx, lease.item_id)
            off = rules_off(tx, member, there)
        found = analysed.found
        examination = None if found is None else read(found).without(off)
        return ClaimedItem(item, lease, copy, examination, found, off, analysed.personal), left

    def _keep_texts_of_others(self, item_id: ItemId) -> None:
        """Do what a claim could not, as a team's database shows it nothing before the look is committed."""
        with self._store.write(self._actor) as tx:
            tx.leave_unrecorded(Unrecorded.NOTHING)  # somebody else kept them in this moment
            keep_texts_of_others(tx, item_id)


def claim_for(tx: Transaction, *, ahead: bool, item_id: str | None = None) -> Lease | None:
    """Lease an item to the actor within `tx`. Raises RuleError or NotFoundError where `item_id` is not to be had."""
    member = tx.actor.member
    if item_id is None:
        lease = _claim_best(tx, member, ahead=ahead)
    else:
        expire_leases(tx)
        kind = items.find(tx, member.workspace_id, item_id).kind
        lease = leases.claim_one(tx, item_id, [route.id for route in _routes(tx, member)], length_of(kind))
        if lease is None:
            raise RuleError("This item cannot be claimed now: somebody has it, it is decided, or it is not for you.")
    if lease is None:
        tx.leave_unrecorded(Unrecorded.NOTHING)  # what waited, others took in the same moment
        return None
    tx.record(Action.CLAIMED, lease.item_id, fence=lease.fence, ahead=ahead)
    _keep_texts_at_claim(tx, lease.item_id)
    return lease


def _claim_best(tx: Transaction, member: Member, *, ahead: bool) -> Lease | None:
    routes, may_have_lapsed = leases.inviting(tx, member.workspace_id)
    if may_have_lapsed and expire_leases(tx):
        routes, _ = leases.inviting(tx, member.workspace_id)
    return leases.claim_best(tx, filter(partial(may_serve, member), routes), length_of, ahead=ahead)


def _keep_texts_at_claim(tx: Transaction, item_id: ItemId) -> None:
    """Keep colleagues' texts within the claim; a team's database shows them later only, to Queue._fetch."""
    if tx.dialect == "sqlite":
        keep_texts_of_others(tx, item_id)


def keep_texts_of_others(tx: Transaction, item_id: ItemId) -> None:
    """Turn what colleagues left unfinished on an item into second opinions, within `tx`."""
    for member_id, text in working_copies.of_others(tx, item_id):
        differs = text != contents.draft(tx, item_id)[0]
        if differs:
            working_copies.keep_opinion(tx, item_id, member_id, text)
        tx.record(Action.SECOND_OPINION_KEPT, item_id, differs=differs)
        working_copies.drop(tx, item_id, member_id)


def _take_up(tx: Transaction, old: Lease, length: timedelta, *, ahead: bool) -> Lease | None:
    """Take over a lease of the same member that no desk holds, within `tx`."""
    new = leases.take_over(tx, old.item_id, old.id, length, ahead=ahead)
    if new is not None:
        tx.record(Action.TAKEN_OVER, new.item_id, fence=new.fence, from_desk=old.desk)
        _keep_texts_at_claim(tx, new.item_id)
    return new


def shown(tx: Transaction, lease: Lease) -> Lease:
    """Mark a look-ahead as on screen within `tx`. Raises LeaseLostError."""
    seen = leases.mark_seen(tx, lease, length_of(leases.check(tx, lease).kind))
    tx.record(Action.OPENED, lease.item_id, fence=lease.fence, ahead=False)
    return seen


def expire_leases(tx: Transaction) -> int:
    """Send items whose lease ran out back to wait, within `tx`; returns how many."""
    lapsed = leases.expire(tx)
    for each in lapsed:
        tx.record(Action.LEASE_EXPIRED, each.item_id, member=each.member_id)
    return len(lapsed)


def length_of(kind: str) -> timedelta:
    """Return how long a lease on an item of `kind` lasts."""
    return KINDS[kind].lease


def may_review(member: Member, kind: str, *, escalated: bool) -> bool:
    """Tell whether a member's roles let them take such an item."""
    if escalated:
        return Role.SUPERVISOR in member.roles
    return kind in KINDS and bool(member.roles & KINDS[kind].roles)


def may_serve(member: Member, route: items.Route) -> bool:
    """Tell whether items on a route may come to a member."""
    return (
        may_review(member, route.kind, escalated=route.escalated)
        and member.speaks(route.language)
        and member.has_skills(route.requires)
    )


def _routes(tx: Transaction, member: Member) -> list[items.Route]:
    return [route for route in items.routes(tx, member.workspace_id) if may_serve(member, route)]


def _item(tx: Transaction, member: Member, there: Opened) -> Item:
    going = outgoing(tx, member, there)
    return Item(
        head=there.head,
        escalated=there.escalated,
        draft=there.content.draft,
        source=there.content.source,
        model=there.content.model,
        recipient=there.content.recipient,
        second_opinions=working_copies.opinions(tx, there.head.id) if there.has_opinions else (),
        passed_on=decisions.passed_on(tx, there.head.id) if there.has_passed_on else (),
        contacts=going.contacts,
        suppressed=going.suppressed,
    )
