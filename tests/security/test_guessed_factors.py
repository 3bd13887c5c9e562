"""Ways to get in without the passphrase or the code: guess, guess in parallel, guess and be killed, replay, recover."""

import base64
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from reviewer.crypto import KeyFile, PassphraseCost, SecondFactor, identities
from reviewer.domain.errors import (
    FactorNeededError,
    KeysUnavailableError,
    RuleError,
    TooManyTriesError,
    UnlockError,
    WrongFactorError,
)
from reviewer.domain.members import DeskId, Role
from reviewer.services import access as module
from reviewer.services.access import FREE_TRIES, WAIT_S, Access, Made
from reviewer.storage import entries
from reviewer.storage.entries import Filter

RIGHT = "the right passphrase"
WRONG = "a wrong passphrase"


class Clock:
    """Unix time that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_900_000_000.0

    def __call__(self) -> float:
        return self.now


class Door:
    """A workspace whose member has a passphrase, and the ways at it."""

    def __init__(self, folder: Path, passphrase: str | None = RIGHT) -> None:
        folder.mkdir()
        self.folder = folder
        self.clock = Clock()
        self.keystore = KeyFile(folder / "keys")
        self.access = self.another()
        self.made: Made = self.access.make("Desk", "Ana", frozenset(Role), passphrase=passphrase)
        self.passphrase = passphrase

    def another(self) -> Access:
        """Return the way in of another process."""
        return Access(self.folder, self.keystore, DeskId("desk"), now=self.clock)

    def enter(self, code: str | None = None) -> None:
        """Unlock with the right passphrase, and lock."""
        self.access.unlock(self.passphrase, code, at_desk=True).store.close()

    def fail(self, times: int = 1) -> None:
        """Try a wrong passphrase."""
        for _ in range(times):
            with pytest.raises(WrongFactorError):
                self.access.unlock(WRONG)

    def take_second_factor(self) -> SecondFactor:
        """Turn the second factor on, and return what the authenticator app knows."""
        session = self.access.unlock(self.passphrase)
        uri = self.access.set_second_factor(session)
        session.store.close()
        return SecondFactor(base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0]))

    def recorded(self) -> list[str]:
        """Return what the ledger has of unlocking, oldest first."""
        session = self.access.unlock(self.passphrase)
        try:
            with session.store.read() as tx:
                actions = [row.action for row in reversed(entries.listing(tx, Filter(), 100))]
        finally:
            session.store.close()
        return [action for action in actions if action in ("unlocked", "unlock_failed", "policy_changed")]


@pytest.fixture(autouse=True)
def _quick_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PassphraseCost(memory_kib=64, iterations=1, lanes=1)
    monkeypatch.setattr(identities, "PassphraseCost", lambda: cheap)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """Return a workspace with a passphrase."""
    yield Door(tmp_path / "profile")


# ---- Guessing


def test_after_five_guesses_even_the_right_passphrase_has_to_wait(door: Door) -> None:
    door.fail(FREE_TRIES)
    with pytest.raises(TooManyTriesError) as refused:
        door.access.unlock(RIGHT)
    assert refused.value.wait_s == WAIT_S
    door.clock.now += WAIT_S - 1
    with pytest.raises(TooManyTriesError):
        door.another().unlock(RIGHT)
    door.clock.now += 1
    door.enter()


def test_each_guess_says_how_many_are_left(door: Door) -> None:
    left = []
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongFactorError) as refused:
            door.access.unlock(WRONG)
        left.append(refused.value.tries_left)
    assert left == [4, 3, 2, 1, 0]


def test_the_wait_grows_with_the_guesses(door: Door) -> None:
    waits = []
    for _ in range(11):
        door.fail()
        waits.append(door.access.factors().wait_s)
        door.clock.now += waits[-1]
    assert waits == [0] * 4 + [30] * 5 + [60] * 2


def test_a_guess_during_the_wait_is_not_even_tried(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    door.fail(FREE_TRIES)
    monkeypatch.setattr(module, "open_identity", lambda *_, **__: pytest.fail("a passphrase was tried"))
    for _ in range(3):
        with pytest.raises(TooManyTriesError):
            door.access.unlock(RIGHT)


def test_a_process_killed_over_its_guess_has_had_its_try(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "open_identity", killed)
        for _ in range(FREE_TRIES):
            with pytest.raises(KeyboardInterrupt):
                door.another().unlock(WRONG)
    with pytest.raises(TooManyTriesError):
        door.access.unlock(RIGHT)


def test_guesses_from_many_processes_at_once_share_five_tries(door: Door) -> None:
    outcomes: list[type[Exception]] = []
    start = threading.Barrier(16)

    def guess() -> None:
        way = door.another()
        start.wait()
        try:
            way.unlock(WRONG)
        except UnlockError as exc:
            outcomes.append(type(exc))

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(WrongFactorError) == FREE_TRIES
    assert outcomes.count(TooManyTriesError) == 16 - FREE_TRIES


def test_a_clock_set_back_or_forward_does_not_lock_anybody_out(door: Door) -> None:
    door.fail(FREE_TRIES)
    door.clock.now -= 10 * 365 * 86_400
    assert door.access.factors().wait_s == 0
    door.enter()


def test_guesses_are_on_record_once_somebody_gets_in(door: Door) -> None:
    door.fail(3)
    door.enter()
    door.enter()
    assert door.recorded() == ["unlock_failed", "unlocked", "unlocked"]
    session = door.access.unlock(RIGHT)
    with session.store.read() as tx:
        bodies = [signed.body for signed in entries.after(tx, 0)]
    session.store.close()
    assert sum(b'"tries":3' in body for body in bodies) == 1


def test_to_ask_without_a_passphrase_is_no_guess(door: Door) -> None:
    for _ in range(2 * FREE_TRIES):
        with pytest.raises(FactorNeededError) as asked:
            door.access.unlock()
        assert (asked.value.needs_passphrase, asked.value.needs_code) == (True, False)
    door.enter()


def test_what_was_guessed_is_written_nowhere(door: Door) -> None:
    door.fail(2)
    kept = b"".join(path.read_bytes() for path in door.folder.iterdir() if path.is_file())
    assert WRONG.encode() not in kept
    assert (door.folder / "failed-unlocks").stat().st_mode & 0o077 == 0


def test_signing_is_no_way_around_the_wait(door: Door) -> None:
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongFactorError):
            door.access.confirm(WRONG)
    with pytest.raises(TooManyTriesError):
        door.access.confirm(RIGHT)


# ---- Codes


def _step(door: Door) -> int:
    return int(door.clock.now) // 30


def test_a_replayed_code_is_refused(door: Door) -> None:
    app = door.take_second_factor()
    code = app.code(_step(door))
    door.enter(code)
    with pytest.raises(WrongFactorError, match="used already"):
        door.access.unlock(RIGHT, code)


def test_a_code_older_than_the_last_one_is_refused_though_it_was_never_used(door: Door) -> None:
    app = door.take_second_factor()
    door.enter(app.code(_step(door) + 1))
    for step in (_step(door), _step(door) - 1):
        with pytest.raises(WrongFactorError, match="used already"):
            door.access.unlock(RIGHT, app.code(step))
    door.clock.now += 60
    door.enter(app.code(_step(door)))


def test_one_code_used_by_two_processes_at_once_opens_for_one(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    app = door.take_second_factor()
    code = app.code(_step(door))
    both_checked = threading.Barrier(2)
    settle = Access._settle
    outcomes: list[str] = []

    def late(self: Access, *arguments: object) -> None:
        both_checked.wait()
        settle(self, *arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(Access, "_settle", late)

    def enter() -> None:
        try:
            door.another().unlock(RIGHT, code).store.close()
            outcomes.append("in")
        except UnlockError as exc:
            outcomes.append(exc.message)

    threads = [threading.Thread(target=enter) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["This code was used already: wait for the next one.", "in"]


def test_guessed_codes_count_as_guessed_passphrases_do(door: Door) -> None:
    app = door.take_second_factor()
    wrong = next(f"{n:06}" for n in range(10**6) if app.step_of(f"{n:06}", door.clock.now) is None)
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongFactorError, match="code is wrong"):
            door.access.unlock(RIGHT, wrong)
    with pytest.raises(TooManyTriesError):
        door.access.unlock(RIGHT, app.code(_step(door)))


def test_a_right_code_does_not_make_up_for_a_wrong_passphrase_and_stays_good(door: Door) -> None:
    app = door.take_second_factor()
    with pytest.raises(WrongFactorError, match="passphrase is wrong"):
        door.access.unlock(WRONG, app.code(_step(door)))
    door.enter(app.code(_step(door)))


def test_without_a_passphrase_the_code_is_still_asked_for(tmp_path: Path) -> None:
    door = Door(tmp_path / "profile", passphrase=None)
    app = door.take_second_factor()
    with pytest.raises(FactorNeededError) as asked:
        door.access.unlock()
    assert (asked.value.needs_passphrase, asked.value.needs_code) == (False, True)
    door.enter(app.code(_step(door)))


def test_turning_the_second_factor_off_and_on_makes_no_old_code_new(door: Door) -> None:
    app = door.take_second_factor()
    code = app.code(_step(door))
    session = door.access.unlock(RIGHT, code)
    door.access.drop_second_factor(session)
    with pytest.raises(RuleError):
        door.access.drop_second_factor(session)
    session.store.close()
    door.enter()
    again = door.take_second_factor()
    with pytest.raises(WrongFactorError):
        door.access.unlock(RIGHT, again.code(_step(door)))  # its step was used under the factor before


def test_a_second_second_factor_is_refused_before_it_replaces_the_first(door: Door) -> None:
    app = door.take_second_factor()
    session = door.access.unlock(RIGHT, app.code(_step(door)))
    with pytest.raises(RuleError, match="totp off"):
        door.access.set_second_factor(session)
    session.store.close()


def test_a_code_from_ten_years_off_does_not_fit(door: Door) -> None:
    app = door.take_second_factor()
    with pytest.raises(WrongFactorError):
        door.access.unlock(RIGHT, app.code(_step(door) + 10 * 365 * 2_880))


# ---- The recovery code


def test_the_recovery_code_sets_another_passphrase_and_takes_a_lost_second_factor_away(door: Door) -> None:
    door.take_second_factor()
    # The app is lost with the phone.
    door.access.recover(door.made.recovery_code.lower().replace("-", " "), "another passphrase")
    door.passphrase = "another passphrase"
    door.enter()
    with pytest.raises(WrongFactorError):
        door.access.unlock(RIGHT)


@pytest.mark.parametrize(
    "change", [lambda code: code[:-1] + ("1" if code[-1] == "0" else "0"), lambda _: "0000", lambda _: ""]
)
def test_a_guessed_recovery_code_changes_nothing(door: Door, change: Callable[[str], str]) -> None:
    with pytest.raises(UnlockError):
        door.access.recover(change(door.made.recovery_code), "mine now")
    door.enter()


def test_another_profiles_recovery_code_changes_nothing(door: Door, tmp_path: Path) -> None:
    other = Door(tmp_path / "other")
    with pytest.raises(UnlockError):
        door.access.recover(other.made.recovery_code, "mine now")
    door.enter()


def test_a_lost_keyring_is_made_good_by_the_recovery_code(door: Door) -> None:
    (door.folder / "keys").unlink()
    with pytest.raises(KeysUnavailableError):
        door.access.unlock(RIGHT)
    door.access.recover(door.made.recovery_code, RIGHT)
    door.enter()


def test_a_lost_keyring_and_a_foreign_recovery_code_put_nothing_into_the_keyring(door: Door, tmp_path: Path) -> None:
    other = Door(tmp_path / "other")
    (door.folder / "keys").unlink()
    with pytest.raises(UnlockError):
        door.access.recover(other.made.recovery_code, RIGHT)
    assert not (door.folder / "keys").exists()


def test_recovering_is_on_record_and_so_are_the_guesses_before_it(door: Door) -> None:
    door.fail(2)
    door.access.recover(door.made.recovery_code, RIGHT)
    assert door.recorded() == ["policy_changed", "unlock_failed"]
