"""What is erased while it is on its way, or while something holds on to it, is gone in the end all the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reviewer.channels.folder import FolderTransport
from reviewer.crypto import database_key
from reviewer.domain.decisions import Verdict
from reviewer.domain.errors import RuleError, UnavailableError
from reviewer.domain.items import ItemId
from reviewer.domain.members import Role
from reviewer.services.work import RoundReport
from reviewer.storage import sqlite
from tests.factories import JUDGEMENTS, SIGNED, Profile, every_override, new_key
from tests.security.disk import Canary, lies_in


class _KilledError(BaseException):
    """Stands for the end of the process."""


class _Interrupted(FolderTransport):
    """A transport during whose sending something else happens."""

    def __init__(
        self, folder: Path, *, before: Callable[[], None] | None = None, after: Callable[[], None] | None = None
    ):
        super().__init__(folder)
        self._before, self._after = before, after

    def send(self, destination: str, key: str, request: bytes) -> str:
        """Send, with what happens before or after it."""
        if self._before is not None:
            self._before()
        receipt = super().send(destination, key, request)
        if self._after is not None:
            self._after()
        return receipt


def _die() -> None:
    raise _KilledError


@pytest.fixture
def canary() -> Canary:
    """Return the word to look for."""
    return Canary()


def _decided(profile: Profile, canary: Canary) -> ItemId:
    item_id = profile.put(draft=canary("draft"), recipient=canary("recipient"))
    claimed = profile.services().queue.claim(item_id)
    assert claimed is not None
    approve, overrides = JUDGEMENTS[Verdict.APPROVE], every_override()
    profile.services().review.decide_by_ids(
        item_id, claimed.lease.id, approve, key=new_key(), attestation=SIGNED, overrides=overrides
    )
    profile.let_holds_end()
    return item_id


def _assert_gone(profile: Profile, canary: Canary, item_id: str) -> None:
    assert canary.found_below(profile.folder) == {}
    assert profile.rows("SELECT DISTINCT outbox.state FROM outbox") in ([("forgotten",)], [("withdrawn",)])
    assert profile.services().work.round() == RoundReport()
    assert profile.services().ledger.verify().ok
    assert profile.state(item_id) == "erased"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_erased_by_one_desk_while_another_is_sending(profile: Profile, canary: Canary, moment: str) -> None:
    item_id = _decided(profile, canary)
    erase = profile.services().vault.erase
    transport = _Interrupted(profile.folder, **{moment: lambda: erase(item_id)})
    assert profile.services(transport=transport).work.round().sent == 0
    _assert_gone(profile, canary, item_id)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_erased_after_the_sender_was_killed(profile: Profile, canary: Canary, moment: str) -> None:
    item_id = _decided(profile, canary)
    transport = _Interrupted(profile.folder, **{moment: _die})
    with pytest.raises(_KilledError):
        profile.services(transport=transport).work.round()
    assert len(profile.files()) == (moment == "after")
    profile.services().vault.erase(item_id)
    _assert_gone(profile, canary, item_id)


def test_erased_after_the_sender_was_killed_over_half_a_file(
    profile: Profile, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    item_id = _decided(profile, canary)
    with monkeypatch.context() as dying:
        dying.setattr(Path, "replace", lambda *_: _die())
        with pytest.raises(_KilledError):
            profile.services().work.round()
    assert list(canary.found_below(profile.folder)) != []
    profile.services().vault.erase(item_id)
    _assert_gone(profile, canary, item_id)


def test_erased_during_its_hold_it_never_leaves(profile: Profile, canary: Canary) -> None:
    item_id = _decided(profile, canary)
    profile.services().vault.erase(item_id)
    _assert_gone(profile, canary, item_id)


def test_a_destination_that_cannot_forget_is_asked_again(profile: Profile, canary: Canary) -> None:
    item_id = _decided(profile, canary)
    profile.services().work.round()
    away = profile.folder / "sent"
    away.rename(profile.folder.parent / "elsewhere")
    away.write_text("in the way")
    with pytest.raises(UnavailableError):
        profile.services().vault.erase(item_id)
    assert profile.rows("SELECT count(*) FROM data_key") == [(0,)]  # what is ours is gone at once
    assert profile.services().work.round() == RoundReport()  # not before its time
    away.unlink()
    (profile.folder.parent / "elsewhere").rename(away)
    profile.rows("UPDATE outbox SET due_at = 0")
    profile.services().work.round()
    _assert_gone(profile, canary, item_id)
    assert profile.events(item_id)[-2:] == ["erased", "forgotten"]


def test_a_program_that_keeps_old_pages_open_is_told_of_and_erasing_again_finishes(
    tmp_path: Path, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sqlite._PRAGMAS, "busy_timeout", 50)
    profile = Profile(tmp_path / "profile")
    item_id = _decided(profile, canary)
    ((wrapped,),) = profile.rows("SELECT wrapped FROM data_key")
    database, key = profile.folder / "reviewer.db", database_key(profile.device_secret)
    with profile.connection() as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM item").fetchall()
        with pytest.raises(UnavailableError, match="keeps old pages"):
            profile.services().vault.erase(item_id)
        assert lies_in(database, key, wrapped)
        reader.execute("COMMIT")
    with pytest.raises(RuleError, match="erased already"):
        profile.services().vault.erase(item_id)
    assert not lies_in(database, key, wrapped)
    profile.close()


def test_only_an_admin_erases_and_rotates(profile: Profile, canary: Canary) -> None:
    item_id = _decided(profile, canary)
    for role in set(Role) - {Role.ADMIN}:
        vault = profile.services(profile.actor(role)).vault
        for act in (lambda: vault.erase(item_id), vault.rotate):  # noqa: B023 - called at once
            with pytest.raises(RuleError, match="admin"):
                act()
    assert profile.rows("SELECT count(*) FROM data_key") == [(1,)]
