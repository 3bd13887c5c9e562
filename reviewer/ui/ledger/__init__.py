"""The ledger page: what was done and seen, an item's whole story, verify, export; and the page of a broken ledger."""

from reviewer.ui.ledger.presenter import LedgerPresenter
from reviewer.ui.ledger.view import BrokenLedgerView, LedgerView

__all__ = ["BrokenLedgerView", "LedgerPresenter", "LedgerView"]
