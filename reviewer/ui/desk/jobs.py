"""What the desk asks of the services: every call here runs on the worker's thread and knows nothing of the screen."""

import secrets
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime

from reviewer.bootstrap import Services
from reviewer.domain.attestations import ADDENDUM_MEANING
from reviewer.domain.decisions import DecisionId
from reviewer.domain.errors import RuleError, UnreachableError
from reviewer.domain.items import ClaimedItem, ItemId, Lease, SignedFinal
from reviewer.services.access import Factors
from reviewer.services.journal import KeptText
from reviewer.services.queue import News, Overview
from reviewer.services.unsent import Sent, Settled
from reviewer.ui.desk.state import Decided, Deciding, Resumed, Saved


class DeskJobs:
    """The desk's work at the store; raises what the services raise."""

    def __init__(self, services: Services, is_alive: Callable[[str], bool]) -> None:
        self._services = services
        self._is_alive = is_alive

    def read_signed(self, item_id: str) -> tuple[SignedFinal, Factors]:
        """Return a signed final with its addenda, and what an addendum to it takes."""
        return self._services.review.read_signed(item_id), self._services.signing.factors()

    def add_addendum(
        self, item_id: str, text: str, passphrase: str | None, code: str | None
    ) -> tuple[SignedFinal, Factors]:
        """Sign an addendum with fresh factors and return the final with it."""
        attestation = replace(self._services.signing.confirm(passphrase, code), meaning=ADDENDUM_MEANING)
        self._services.review.add_addendum(item_id, text, attestation, key=secrets.token_hex(16))
        return self.read_signed(item_id)

    def save(self, kept: KeptText, written: "Future[int] | None") -> Saved:
        """Save a text; that it is on this disk is enough while the server is out of reach."""
        try:
            at = self._services.review.save(kept.item_id, kept.text, kept.cursor, kept.attention)
        except UnreachableError:
            if written is None:
                raise
            return Saved(datetime.now(UTC), kept, written.result())
        self._forget_text(kept.item_id, written)
        return Saved(at, kept)

    def decide(self, deciding: Deciding, claim_ahead: bool) -> Decided:  # noqa: FBT001 - bound by partial
        """Record a decision, and open what is claimed ahead with it."""
        showing = deciding.showing
        if deciding.kept is not None:
            deciding.kept.result()  # on this disk before it is sent
        outcome = self._services.review.decide(
            deciding.entry.item.lease,
            deciding.judgement,
            key=deciding.key,
            attestation=deciding.attestation,
            attention=deciding.attention,
            showing=None if showing is None else showing.lease,
            claim_ahead=claim_ahead,
        )
        self._forget_intent(deciding)
        try:
            ahead = None if outcome.ahead is None else self._services.queue.open(outcome.ahead, ahead=True)
        except UnreachableError:  # the decision is on record; what was claimed ahead is fetched another time
            ahead = None
        return Decided(outcome, ahead)

    def resend(self, deciding: Deciding) -> Sent:
        """Send a decision that waited on this computer."""
        assert self._services.unsent is not None  # noqa: S101 - only a team's desk goes offline
        if deciding.kept is not None:
            deciding.kept.result()
        return self._services.unsent.send(deciding.intent)

    def save_again(self, saved: Saved) -> Saved:
        """Save a text that only this computer has."""
        assert self._services.unsent is not None  # noqa: S101 - only a team's desk goes offline
        try:
            self._services.unsent.save(saved.kept)
        except UnreachableError:
            return saved
        self._services.unsent.journal.forget_text(saved.kept.item_id, saved.version)
        return Saved(datetime.now(UTC), saved.kept)

    def hold_again(self, lease: Lease) -> Lease:
        """Renew a lease after the link was cut."""
        assert self._services.unsent is not None  # noqa: S101 - only a team's desk goes offline
        return self._services.unsent.hold_again(lease)

    def resume(self, wanted: ItemId | None) -> Resumed:
        """Send what waited on this computer, and take up what was on the desk: what is `wanted` first."""
        unsent = self._services.unsent
        settled = Settled() if unsent is None else unsent.settle()  # first: their leases may be those to take over
        return Resumed(self._claimed(wanted), settled)

    def pick_up(self, known: set[ItemId]) -> list[ClaimedItem]:
        """Renew what this desk holds, and open what it was given while no answer came through."""
        queue = self._services.queue
        return [queue.open(each, ahead=True) for each in queue.adopt(self._is_alive) if each.item_id not in known]

    def claim_ahead(self) -> ClaimedItem | None:
        """Claim the next item in advance."""
        return self._services.queue.claim_ahead()

    def take_up(self) -> list[ClaimedItem]:
        """Open what a supervisor handed over."""
        queue = self._services.queue
        return [queue.open(lease, ahead=True) for lease in queue.take_up()]

    def poll(self, ids: list[DecisionId]) -> tuple[Overview, dict[DecisionId, str], News]:
        """Look at what waits, how far decisions are, and what others changed."""
        queue = self._services.queue
        return queue.overview(), self._services.review.progress(ids), queue.news()

    def _forget_text(self, item_id: ItemId, written: "Future[int] | None") -> None:
        if self._services.unsent is not None and written is not None and written.exception() is None:
            self._services.unsent.journal.forget_text(item_id, written.result())

    def _forget_intent(self, deciding: Deciding) -> None:
        if self._services.unsent is not None:
            self._services.unsent.journal.forget(deciding.key)
            self._services.unsent.journal.forget_text(deciding.entry.item.item.id)

    def _claimed(self, wanted: ItemId | None) -> list[ClaimedItem]:
        queue = self._services.queue
        leases = sorted(queue.adopt(self._is_alive), key=lambda lease: lease.item_id != wanted)
        claimed = [queue.open(lease, ahead=lease is not leases[0]) for lease in leases[:2]]
        for surplus in leases[2:]:
            queue.release(surplus.item_id, surplus.id)
        if wanted is not None and wanted not in [each.item.id for each in claimed]:
            claimed = [*self._reclaim(wanted), *claimed][:2]
        first = claimed or [item for item in (queue.claim(),) if item is not None]
        ahead = queue.claim_ahead() if len(first) == 1 else None
        return first + ([] if ahead is None else [ahead])

    def _reclaim(self, wanted: ItemId) -> list[ClaimedItem]:
        """Claim again what was on screen: its lease ran out meanwhile, but perhaps nobody took it."""
        try:
            claimed = self._services.queue.claim(wanted)
        except RuleError:
            return []
        return [] if claimed is None else [claimed]
