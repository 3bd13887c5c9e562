"""Whether a decision is what its maker signed.

Rows can be edited by whoever owns the database, and a request can be sealed anew by any member; an entry can be made by
its actor alone. So nothing is settled, sent or shown as signed on the word of a row.
"""

from datetime import timedelta

from reviewer.domain.decisions import Verdict
from reviewer.domain.errors import LedgerBrokenError
from reviewer.domain.events import Action
from reviewer.ledger import Entry, SignedEntry
from reviewer.ledger.entries import MalformedEntryError
from reviewer.storage import Transaction, entries, keys
from reviewer.storage.decisions import StoredDecision
from reviewer.storage.outbox import Parcel

_SAME_TIME = timedelta(minutes=1)  # row and entry are written in one transaction, which may have to wait
_MADE_BY = (Action.DECIDED, Action.ADDENDUM_MADE)


def check(tx: Transaction, stored: StoredDecision) -> Entry:
    """Return the entry that made a decision which was not withdrawn. Raises LedgerBrokenError where its row differs."""
    decision = stored.decision
    about = [
        (entry, signed)
        for _, signed in entries.story(tx, decision.item_id)
        if (entry := _readable(signed)) is not None and entry.details.get("decision") == decision.id
    ]
    made = next(((entry, signed) for entry, signed in about if entry.action in _MADE_BY), None)
    withdrawn = any(entry.action in (Action.WITHDRAWN, Action.STOPPED) for entry, _ in about)
    if made is None or withdrawn or not _is_same(tx, stored, *made):
        raise LedgerBrokenError(
            "The database says something else of a decision than its maker signed: it was altered. Nothing was done. "
            "Do not go on; keep the files and verify the ledger."
        )
    return made[0]


def check_request(tx: Transaction, stored: StoredDecision, parcel: Parcel, request: bytes) -> None:
    """Refuse to send what was not decided, or elsewhere. Raises LedgerBrokenError."""
    made = check(tx, stored)
    verdict = stored.decision.verdict
    destination = "returned" if verdict.returns else "sent" if verdict.releases or verdict is Verdict.ADDENDUM else None
    digest = keys.digest(tx, parcel.item_id, "request", request.decode())
    if parcel.destination != destination or (made.after or {}).get("request") != digest:
        raise LedgerBrokenError(
            "A request is not the one that was decided, or was to go elsewhere: the database was altered. Nothing was "
            "sent. Do not go on; keep the files and verify the ledger."
        )


def check_final(tx: Transaction, stored: StoredDecision, final: str | None) -> None:
    """Refuse to show as signed what was not. Raises LedgerBrokenError."""
    signed = (check(tx, stored).after or {}).get("final")
    if final is None or signed != keys.digest(tx, stored.decision.item_id, "final", final):
        raise LedgerBrokenError("A signed text is not the one that was signed: the database was altered.")


def _readable(signed: SignedEntry) -> Entry | None:
    """Return what an entry says; None for bytes that are no entry, which whoever wrote them has to answer for."""
    try:
        return Entry.read(signed.body)
    except MalformedEntryError:
        return None


def _is_same(tx: Transaction, stored: StoredDecision, made: Entry, signed: SignedEntry) -> bool:
    decision = stored.decision
    verdict = Verdict.ADDENDUM.value if made.action == Action.ADDENDUM_MADE else made.verdict
    return (
        (made.actor, verdict) == (stored.member_id, decision.verdict.value)
        and made.details.get("reason") == decision.reason
        and abs(made.at - decision.decided_at) < _SAME_TIME
        and entries.is_signed(tx, signed)
    )
