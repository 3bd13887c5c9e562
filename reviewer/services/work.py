"""The background rounds: settle holds, dispatch finals, expire leases, wake skipped items, escalate what is late.

Any number of desks and workers may run rounds at once, on any number of machines: each step takes what is due in one
transaction, and what somebody took and left comes up again. What is due inside the database one of them does at a time,
so that the others need not look through the same rows; who never gets the turn does it all the same, since whoever has
a login could keep it.
"""

import json
import math
import time
from dataclasses import astuple, dataclass
from datetime import timedelta
from operator import add
from typing import Protocol

from reviewer.domain.decisions import DecisionId, Verdict
from reviewer.domain.errors import LedgerBrokenError, UnavailableError
from reviewer.domain.events import Action
from reviewer.domain.items import ItemId
from reviewer.domain.members import Actor, does_rounds
from reviewer.services import recorded
from reviewer.services.gatekeeper import outgoing, stopping
from reviewer.services.queue import expire_leases
from reviewer.storage import Store, Transaction, decisions, items, leases, outbox, working_copies
from reviewer.storage.decisions import StoredDecision
from reviewer.storage.opening import opened
from reviewer.storage.outbox import Parcel
from reviewer.storage.store import Unrecorded

_BATCH = 100
_SKIP_REST = timedelta(minutes=15)
_PATIENCE = timedelta(seconds=30)  # after which a try that nobody reported on is looked at again
_LONGEST_WAIT = timedelta(minutes=10)
_MOST_MISSED = 10  # turns; a round a second


class Transport(Protocol):
    """Hands a request to its destination; the same key must never arrive twice."""

    def send(self, destination: str, key: str, request: bytes) -> str:
        """Return the destination's receipt. Raises UnavailableError where it is known not to have arrived."""
        ...

    def forget(self, destination: str, key: str) -> None:
        """Remove what arrived, as far as this destination lets us: its conversation was erased."""
        ...


@dataclass(frozen=True, slots=True)
class RoundReport:
    """What one round did."""

    settled: int = 0
    sent: int = 0
    failed: int = 0
    expired: int = 0
    woken: int = 0
    escalated: int = 0
    stopped: int = 0  # finals that the gate sent back

    def __add__(self, other: "RoundReport") -> "RoundReport":
        """Return what both did."""
        return RoundReport(*map(add, astuple(self), astuple(other)))

    @property
    def anything(self) -> bool:
        """Tell whether the round changed something."""
        return any(astuple(self))


class Work:
    """Runs the rounds."""

    def __init__(self, store: Store, actor: Actor, transport: Transport) -> None:
        self._store = store
        self._actor = actor
        self._transport = transport
        self._missed_turns = 0
        self._broken: LedgerBrokenError | None = None  # found on the way, told at the end of the round
        self._altered: set[DecisionId] = set()  # what others wait behind no longer, once it was found broken

    def round(self, patience: timedelta | None = None) -> RoundReport:
        """Do everything that is due now; after `patience` what is left waits for the next round.

        So a desk on a slow link gets to other work in between. Of who only audits or transcribes nothing is done.
        """
        if not does_rounds(self._actor.member.roles):
            return RoundReport()
        end = math.inf if patience is None else time.monotonic() + patience.total_seconds()
        report = RoundReport()
        while (step := self._turn_over()).anything:
            report += step
            if time.monotonic() > end:
                return report
        report += self._dispatch(end) + self._forget()
        if self._broken is not None:
            broken, self._broken = self._broken, None
            raise broken
        return report

    def _turn_over(self) -> RoundReport:
        """Do what is due inside the database, a batch at a time, since the desks wait for each commit."""
        with self._store.read() as tx:  # most rounds find nothing, and then no writer waits for them
            if not _anything_due(tx):
                return RoundReport()
        with self._store.write(self._actor) as tx:
            if not tx.take_turn(f"rounds of {self._actor.member.workspace_id}") and self._missed_turns < _MOST_MISSED:
                self._missed_turns += 1
                tx.leave_unrecorded(Unrecorded.NOTHING)
                return RoundReport()
            self._missed_turns = 0
            expired = expire_leases(tx)
            settled = sum(self._settle(tx, stored) for stored in decisions.over(tx, _BATCH, self._altered))
            woken = leases.wake(tx, _BATCH)
            for item_id in woken:
                tx.record(Action.RESUMED, item_id)
            late = leases.overdue(tx, _BATCH)
            for item_id in late:
                leases.escalate(tx, item_id)
                tx.record(Action.OVERDUE, item_id)
            if not (settled or expired or woken or late):
                tx.leave_unrecorded(Unrecorded.NOTHING)
            return RoundReport(settled=settled, expired=expired, woken=len(woken), escalated=len(late))

    def _settle(self, tx: Transaction, stored: StoredDecision) -> bool:
        """Settle a decision, unless somebody altered it: then the others go on, and the round ends by saying so."""
        try:
            _settle_one(tx, stored)
        except LedgerBrokenError as broken:
            self._broken = broken
            self._altered.add(stored.decision.id)
            return False
        return True

    def _dispatch(self, end: float) -> RoundReport:
        report = RoundReport()
        while (parcel := self._next_parcel()) is not None:
            report += self._send(parcel)
            if time.monotonic() > end:
                break
        return report

    def _forget(self) -> RoundReport:
        """Finish the erasures that a kill or an absent destination cut off."""
        try:
            if forget_erased(self._store, self._actor, self._transport):
                self._store.scrub()
        except UnavailableError:
            return RoundReport(failed=1)
        return RoundReport()

    def _next_parcel(self) -> Parcel | None:
        """Take what is due next; a final that the gate stops becomes a report instead."""
        with self._store.read() as tx:
            if not outbox.anything_due(tx):
                return None
        with self._store.write(self._actor) as tx:
            parcel = outbox.take(tx, _PATIENCE)
            if parcel is None:
                tx.leave_unrecorded(Unrecorded.NOTHING)  # another worker came first
            else:
                tx.record(Action.SENDING, parcel.item_id, decision=parcel.decision_id, attempt=parcel.attempts)
            return parcel

    def _send(self, parcel: Parcel) -> RoundReport:
        """Send what is taken and on record, unless the gate stops it now."""
        with self._store.read() as tx:
            stored = decisions.by_id(tx, parcel.decision_id)
            request = outbox.request_of(tx, parcel)
            recorded.check_request(tx, stored, parcel, request)
            rules = self._stopping(tx, parcel, request)
        if rules:
            return self._stop(stored, parcel, request, rules)
        try:
            receipt = self._transport.send(parcel.destination, parcel.decision_id, request)
        except UnavailableError as exc:
            with self._store.write(self._actor) as tx:
                wait = min(_LONGEST_WAIT, timedelta(seconds=2 ** min(parcel.attempts, 10)))
                outbox.mark_failed(tx, parcel.decision_id, exc.message, wait)
                tx.record(Action.SEND_FAILED, parcel.item_id, decision=parcel.decision_id, attempt=parcel.attempts)
            return RoundReport(failed=1)
        with self._store.write(self._actor) as tx:
            if outbox.mark_sent(tx, parcel.decision_id, receipt):
                tx.record(Action.SENT, parcel.item_id, decision=parcel.decision_id, receipt=receipt)
                return RoundReport(sent=1)
            tx.leave_unrecorded(Unrecorded.NOTHING)
        self._transport.forget(parcel.destination, parcel.decision_id)  # it was erased while it was on its way
        return RoundReport()

    def _stopping(self, tx: Transaction, parcel: Parcel, request: bytes) -> list[str]:
        """Return the rules by which the gate stops a final now.

        What let it pass before may have changed during the hold: somebody opted out, or a rule became stricter.
        """
        if parcel.destination != "sent":
            return []
        item = opened(tx, self._actor.member.workspace_id, ItemId(parcel.item_id))
        found = stopping(outgoing(tx, self._actor.member, item), _final(request))
        return sorted({finding.rule for finding in found})

    def _stop(self, stored: StoredDecision, parcel: Parcel, request: bytes, rules: list[str]) -> RoundReport:
        """Send a final back to a supervisor, its text kept."""
        item_id = ItemId(parcel.item_id)
        with self._store.write(self._actor) as tx:
            decisions.stop(tx, parcel.decision_id)
            outbox.stop(tx, parcel.decision_id)
            working_copies.keep_opinion(tx, item_id, stored.member_id, _final(request))
            if stored.decision.verdict is not Verdict.ADDENDUM:
                leases.escalate(tx, item_id)
            tx.record(Action.STOPPED, item_id, decision=parcel.decision_id, rules=rules)
        return RoundReport(stopped=1)


def _final(request: bytes) -> str:
    return str(json.loads(request)["final"])


def forget_erased(store: Store, actor: Actor, transport: Transport) -> int:
    """Let destinations drop what was erased after it may have left; return how many requests that were.

    Raises UnavailableError where one cannot, which is asked again later.
    """
    with store.read() as tx:
        left = outbox.to_forget(tx)
    for each in left:
        try:
            transport.forget(each.destination, each.decision_id)
        except UnavailableError:
            with store.write(actor) as tx:
                outbox.forget_later(tx, each.decision_id, _LONGEST_WAIT)
                tx.leave_unrecorded(Unrecorded.FORGET_LATER)
            raise
        with store.write(actor) as tx:
            outbox.mark_forgotten(tx, each.decision_id)
            tx.record(Action.FORGOTTEN, each.item_id, decision=each.decision_id)
    return len(left)


def _anything_due(tx: Transaction) -> bool:
    return leases.anything_due(tx) or decisions.anything_over(tx)


def _settle_one(tx: Transaction, stored: StoredDecision) -> None:
    decision = stored.decision
    recorded.check(tx, stored)
    decisions.close(tx, decision.id, "settled")
    if decision.verdict is Verdict.ESCALATE:
        leases.escalate(tx, decision.item_id)
    elif decision.verdict is Verdict.SKIP:
        leases.rest(tx, decision.item_id, _SKIP_REST)
    elif decision.verdict is not Verdict.ADDENDUM:  # which belongs to an item that is decided
        items.finish(tx, decision.item_id)
        working_copies.drop_all(tx, decision.item_id)
    tx.record(Action.SETTLED, decision.item_id, decision=decision.id, verdict=decision.verdict.value)
