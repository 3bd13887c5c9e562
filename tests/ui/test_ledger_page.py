"""The ledger page: what it says of a ledger that holds, of an entry that nobody signed, and of one that was altered."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QLabel, QPushButton

from reviewer.crypto import Identity
from reviewer.domain.members import Role
from reviewer.ui.ledger import BrokenLedgerView, LedgerView
from tests.factories import Profile
from tests.ui.driver import DrivenDesk, wait_until

OpenDesk = Callable[[], DrivenDesk]

_SOON_MS = 30_000


def _leave_unsigned(profile: Profile) -> None:
    """Let a colleague claim an item with entries that they did not sign."""
    agent = profile.actor(Role.AGENT)
    item_id = profile.put(id="theirs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Identity, "sign", lambda _, __: bytes(64))
        assert profile.services(agent).queue.claim(item_id) is not None


def _state(desk: DrivenDesk) -> str:
    desk.window.show_page("ledger")
    page = desk.window.findChildren(LedgerView)[0]
    label = page.findChild(QLabel, "ledger_state")
    assert label is not None
    return label.text()


def test_a_ledger_that_holds_is_said_to_be_verified(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(id="mine")
    desk = open_desk()
    desk.wait_for_item("mine")
    wait_until(lambda: _state(desk).startswith("✓ Verified to #"), "the whole ledger", patience_ms=_SOON_MS)


def test_entries_that_a_colleague_did_not_sign_are_named_and_the_desk_works_on(
    profile: Profile, open_desk: OpenDesk
) -> None:
    _leave_unsigned(profile)
    profile.put(id="mine")
    desk = open_desk()
    desk.wait_for_item("mine")
    wait_until(lambda: "more are not signed by whom they name" in _state(desk), "the entries", patience_ms=_SOON_MS)
    page = desk.window.findChildren(LedgerView)[0]
    verify = next(each for each in page.findChildren(QPushButton) if each.text() == "Verify all")
    verify.click()
    wait_until(lambda: desk.sees("everything else holds"), "the whole report", patience_ms=_SOON_MS)
    desk.window.show_page("review")
    desk.approve()
    wait_until(lambda: len(desk.history) == 1, "the decision", patience_ms=_SOON_MS)


def test_an_entry_that_was_altered_stops_the_desk(profile: Profile, open_desk: OpenDesk) -> None:
    profile.put(id="mine")
    profile.rows("UPDATE entry SET signature = ? WHERE action = 'imported'", bytes(64))
    desk = open_desk()
    wait_until(lambda: bool(desk.window.findChildren(BrokenLedgerView)), "the page", patience_ms=_SOON_MS)
    assert desk.sees("The ledger is broken")
