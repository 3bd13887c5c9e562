"""Many desks at one team's database, each with a wall clock of its own, that write down what they did and were told.

They use the product's own statements, in its transactions, each as a member's login of the database under its policies
and guards. Leases are short, so that many run out: by the database's clock, not by one that a test moves. A desk keeps
on working under leases that it lost; it is the database that must refuse.

One process runs some of the desks, a thread each; skew.c sets their clocks. It reads its orders from standard input.
"""

import ctypes
import os
import pickle
import random
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import bindparam, select, update

from reviewer.crypto import Identity, OpenKeys, Owner
from reviewer.domain.decisions import DecisionId, Verdict
from reviewer.domain.errors import LeaseLostError, ReviewerError
from reviewer.domain.events import Action
from reviewer.domain.items import Lease
from reviewer.domain.members import Actor, DeskId, Member, Role
from reviewer.services.queue import expire_leases
from reviewer.storage import Address, Store, Transaction, decisions, leases, outbox, schema
from reviewer.storage.store import Unrecorded
from tests.security.histories import Act, Done

_ROOT = Path(__file__).parents[2]
_SOURCE = Path(__file__).with_name("skew.c")
_HOLD = timedelta(minutes=30)
_LEASED = select(schema.item).where(schema.item.c.lease_id.is_not(None)).limit(8)
_item = schema.item


@dataclass(frozen=True, slots=True)
class Seat:
    """What one desk needs to know to work."""

    number: int
    member: Member
    desk: DeskId
    identity: bytes
    address: Address
    password: str
    skew_s: int


@dataclass(frozen=True, slots=True)
class Orders:
    """What one process is to do."""

    seats: Sequence[Seat]
    operations: int  # of each desk
    seed: int
    ignores_fence: bool  # the statements then look at the item alone
    report: Path


@dataclass(slots=True)
class Report:
    """What the desks of one process did."""

    done: list[Done] = field(default_factory=list)
    keys: dict[str, tuple[str, int]] = field(default_factory=dict)  # of accepted decisions, by their key
    skews_s: dict[int, int] = field(default_factory=dict)  # as each desk read its own clock
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Report") -> None:
        """Take over what another process did."""
        self.done += other.done
        self.keys |= other.keys
        self.skews_s |= other.skews_s
        self.faults += other.faults


def compile_skew(folder: Path) -> Path:
    """Return what sets a thread's clock, compiled; needs gcc."""
    made = folder / "skew.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", made, _SOURCE], check=True, capture_output=True)
    return made


@contextmanager
def started(orders: Sequence[Orders], skew: Path) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Run processes of desks within the block; whichever is still there at its end is killed."""
    environment = os.environ | {"LD_PRELOAD": str(skew), "REVIEWER_SKEW": str(skew)}
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for each in orders:
            command = [sys.executable, "-m", "tests.security.swarm"]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=_ROOT, env=environment)
            processes.append(process)
            assert process.stdin is not None
            with process.stdin:
                pickle.dump(each, process.stdin)
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def read_report(path: Path) -> Report:
    """Return what a process did."""
    made = pickle.loads(path.read_bytes())
    assert isinstance(made, Report)
    return made


class _Desk:
    """One desk: it claims, renews, gives back, decides, withdraws, lets leases run out and uses them all the same."""

    def __init__(self, seat: Seat, orders: Orders, report: Report) -> None:
        self._seat = seat
        self._actor = Actor(seat.member, seat.desk)
        owner = Owner(seat.member.workspace_id, seat.member.id)
        keys = OpenKeys(owner, Identity.load(seat.identity), {})
        self._store = Store.open_team(seat.address, seat.password).as_member(keys)
        self._random = random.Random(orders.seed * 1_000 + seat.number)
        self._report = report
        self._left = orders.operations
        self._leads = Role.SUPERVISOR in seat.member.roles
        self._refusal = ReviewerError if orders.ignores_fence else LeaseLostError  # any guard's then
        self._late: list[Lease] = []

    def work(self) -> None:
        """Do what was ordered."""
        ctypes.CDLL(os.environ["REVIEWER_SKEW"]).skew_by(self._seat.skew_s)
        with self._store.read() as tx:
            self._report.skews_s[self._seat.number] = round(time.time() - tx.now().timestamp())
        while self._left > 0:
            lease = self._gain(self._take_over if self._random.random() < 0.12 else self._claim)
            while lease is not None and self._left > 0:
                lease = self._use(lease)
            if self._late and self._random.random() < 0.6:
                late = self._late.pop(self._random.randrange(len(self._late)))
                self._random.choice((self._decide, self._decide, self._renew, self._release))(late)
        self._store.close()

    def _use(self, lease: Lease) -> Lease | None:
        """Do something with a lease; return the one that is left to go on with."""
        what = self._random.random()
        if what < 0.3:
            self._late.append(lease)
            return None
        if what < 0.4:
            self._release(lease)
            return None
        if what < 0.55:
            return self._renew(lease)
        if not self._decide(lease):
            return None
        return self._gain(partial(self._withdraw, lease)) if self._random.random() < 0.85 else None

    @staticmethod
    def _gain(act: Callable[[], Lease | None]) -> Lease | None:
        """Come to a lease; one that is over before its look is on record never was: all of it is taken back."""
        with suppress(LeaseLostError):
            return act()
        return None

    def _length(self) -> timedelta:
        return timedelta(milliseconds=self._random.choice((self._random.randint(20, 400), 8_000)))

    def _claim(self) -> Lease | None:
        called = time.monotonic_ns()
        with self._store.write(self._actor) as tx:
            expire_leases(tx)
            length = self._length()
            routes, _ = leases.inviting(tx, self._actor.member.workspace_id)
            mine = [route for route in routes if not route.escalated]
            lease = leases.claim_best(tx, mine, lambda _: length, ahead=False)
            if lease is None:
                tx.leave_unrecorded(Unrecorded.NOTHING)
            else:
                tx.record(Action.CLAIMED, lease.item_id, fence=lease.fence, ahead=False)
                tx.record(Action.OPENED, lease.item_id, fence=lease.fence, ahead=False)
        if lease is None:
            self._left -= 1  # else nothing would end where nothing waits
            time.sleep(0.02)
            return None
        return self._gained(Act.CLAIM, called, lease)

    def _take_over(self) -> Lease | None:
        """Take what another desk of the same member holds, or for a supervisor what anybody holds."""
        with self._store.read() as tx:
            if self._leads:
                held = [(row.id, row.lease_id) for row in tx.run(_LEASED)]
            else:
                mine = leases.held_by(tx, self._actor.member.id)
                held = [(lease.item_id, lease.id) for lease in mine if lease.desk != self._actor.desk]
        if not held:
            return None
        item_id, from_lease = self._random.choice(held)
        called = time.monotonic_ns()
        with self._store.write(self._actor) as tx:
            lease = leases.take_over(tx, item_id, from_lease, self._length(), ahead=False)
            if lease is None:
                tx.leave_unrecorded(Unrecorded.NOTHING)
            else:
                tx.record(Action.TAKEN_OVER, item_id, fence=lease.fence, from_desk="other")
                tx.record(Action.OPENED, item_id, fence=lease.fence, ahead=False)
        return None if lease is None else self._gained(Act.TAKE_OVER, called, lease)

    def _withdraw(self, lease: Lease) -> Lease | None:
        called = time.monotonic_ns()
        with self._store.write(self._actor) as tx:
            stored = decisions.standing(tx, lease.item_id)
            if stored is None or stored.member_id != self._actor.member.id:
                tx.leave_unrecorded(Unrecorded.NOTHING)
                return None
            decisions.close(tx, stored.decision.id, "withdrawn")
            outbox.withdraw(tx, stored.decision.id)
            again = leases.resume(tx, lease.item_id, self._length())
            tx.record(Action.WITHDRAWN, lease.item_id, decision=stored.decision.id, fence=again.fence)
            tx.record(Action.OPENED, lease.item_id, fence=again.fence, ahead=False)
        return self._gained(Act.WITHDRAW, called, again)

    def _renew(self, lease: Lease) -> Lease | None:
        called, renewed = time.monotonic_ns(), None
        try:
            with self._store.write(self._actor) as tx:
                tx.leave_unrecorded(Unrecorded.HEARTBEAT)
                renewed = leases.renew(tx, lease, self._length())
        except LeaseLostError:
            pass
        self._note(Act.RENEW, called, lease, renewed or lease, accepted=renewed is not None)
        return renewed

    def _release(self, lease: Lease) -> None:
        called, accepted = time.monotonic_ns(), True
        try:
            with self._store.write(self._actor) as tx:
                leases.give_back(tx, lease)
                tx.record(Action.RELEASED, lease.item_id, fence=lease.fence)
        except LeaseLostError:
            accepted = False
        self._note(Act.RELEASE, called, lease, lease, accepted=accepted)

    def _decide(self, lease: Lease) -> bool:
        called, accepted, key = time.monotonic_ns(), True, secrets.token_hex(16)
        try:
            with self._store.write(self._actor) as tx:
                self._record(tx, lease, key)
        except self._refusal:
            accepted = False
        self._note(Act.DECIDE, called, lease, lease, accepted=accepted)
        if accepted:
            self._report.keys[key] = (lease.item_id, lease.fence)
        return accepted

    def _record(self, tx: Transaction, lease: Lease, key: str) -> None:
        """Write a decision with its state, request and entry."""
        leases.hold(tx, lease)
        made = decisions.add(
            tx,
            DecisionId(secrets.token_hex(16)),
            lease,
            Verdict.REJECT,
            key=key,
            final=None,
            reason="tone",
            note=None,
            hold=_HOLD,
        )
        outbox.add(tx, made, "returned", "{}")
        tx.record(Action.DECIDED, lease.item_id, verdict=Verdict.REJECT.value, decision=made.id)

    def _gained(self, act: Act, called: int, lease: Lease) -> Lease:
        self._note(act, called, lease, lease, accepted=True)
        return lease

    def _note(self, act: Act, called: int, lease: Lease, after: Lease, *, accepted: bool) -> None:
        answered = time.monotonic_ns()
        ends = round(after.expires_at.timestamp() * 1_000) * 1_000_000  # by the database's clock
        member = self._actor.member.id
        self._report.done.append(
            Done(
                lease.item_id,
                lease.fence,
                act,
                self._seat.number,
                member,
                called,
                answered,
                accepted,
                ends,
                self._leads,
            )
        )
        self._left -= 1


def _ignore_fence() -> None:
    """Let a decision take an item for one's own because one had it once: so it is done without a fence."""
    held = update(_item).where(_item.c.id == bindparam("of_item"))
    leases._HOLD = held.values({"state": "held"} | leases._NO_LEASE).returning(_item)


def _run(orders: Orders) -> None:
    if orders.ignores_fence:
        _ignore_fence()
    report = Report()
    desks = [_Desk(seat, orders, report) for seat in orders.seats]

    def work(desk: _Desk) -> None:
        try:
            desk.work()
        except ReviewerError as exc:
            report.faults[exc.message] += 1

    threads = [threading.Thread(target=work, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    orders.report.write_bytes(pickle.dumps(report))


if __name__ == "__main__":
    from tests.security import swarm  # under the name by which its report is read

    swarm._run(pickle.load(sys.stdin.buffer))
