"""The way in, at the keyboard: passphrase, code, recovery code, wrong tries, lost keys, and the first start."""

import base64
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton

from reviewer.crypto import KeyFile, KeyringStore, PassphraseCost, RecoveryCode, SecondFactor, identities
from reviewer.domain.members import DeskId, Role
from reviewer.services import access as module
from reviewer.services.access import FREE_TRIES, Access
from tests.desktops import IS_THERE, Desktop
from tests.ui.driver import DrivenDesk, press, type_text, wait_until

PASSPHRASE = "four plain words"


class Profile:
    """A profile that may be locked with a passphrase and a second factor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.access = Access(folder, KeyFile(folder / "keys"), DeskId("test"))
        self.recovery_code = ""
        self.factor: SecondFactor | None = None

    def make(self, passphrase: str | None = PASSPHRASE) -> "Profile":
        """Make the workspace."""
        self.recovery_code = self.access.make("Desk", "Ana", frozenset(Role), passphrase=passphrase).recovery_code
        return self

    def take_second_factor(self, passphrase: str | None = PASSPHRASE) -> "Profile":
        """Turn the second factor on."""
        session = self.access.unlock(passphrase)
        uri = self.access.set_second_factor(session)
        session.store.close()
        self.factor = SecondFactor(base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0]))
        return self

    def code(self, later: int = 0) -> str:
        """Return the code of now, or of a later step."""
        assert self.factor is not None
        return self.factor.code(int(time.time()) // 30 + later)


@pytest.fixture(autouse=True)
def _quick_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PassphraseCost(memory_kib=64, iterations=1, lanes=1)
    monkeypatch.setattr(identities, "PassphraseCost", lambda: cheap)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """Return a folder for a profile."""
    return Profile(tmp_path / "profile")


@pytest.fixture
def open_desk(qapp: QApplication, profile: Profile) -> Iterator[Callable[[], DrivenDesk]]:
    """Open the real desk on the profile."""
    opened: list[DrivenDesk] = []

    def open_one() -> DrivenDesk:
        opened.append(DrivenDesk(profile.folder).open())
        return opened[-1]

    yield open_one
    for desk in opened:
        desk.close()


OpenDesk = Callable[[], DrivenDesk]


def is_open(desk: DrivenDesk) -> bool:
    return desk._desk.presenter is not None


def shown_fields(desk: DrivenDesk) -> list[str]:
    return [field.objectName() for field in desk.window.findChildren(QLineEdit) if field.isVisible()]


def problem(desk: DrivenDesk) -> str:
    label = desk._desk.unlock_view.findChild(QLabel, "problem")
    assert isinstance(label, QLabel)
    return label.text() if label.isVisible() else ""


def button(desk: DrivenDesk, name: str) -> QPushButton:
    found = next(each for each in desk.window.findChildren(QPushButton, name) if each.isVisible())
    assert isinstance(found, QPushButton)
    return found


def enter(desk: DrivenDesk, text: str) -> None:
    """Type into the field that has the focus, and press Enter; wait for what comes of it."""
    type_text(text)
    press("Return")
    desk.settle()


# ---- What is asked


def test_without_a_passphrase_the_desk_opens_by_itself(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make(None)
    assert is_open(open_desk())


def test_a_passphrase_is_asked_for_and_nothing_else_is_there(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make()
    desk = open_desk()
    assert shown_fields(desk) == ["passphrase"]
    assert desk.sees("Review desk")
    assert desk.sees("profile")
    enter(desk, PASSPHRASE)
    wait_until(lambda: is_open(desk))


def test_with_a_second_factor_the_code_comes_after_the_passphrase(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make().take_second_factor()
    desk = open_desk()
    assert shown_fields(desk) == ["passphrase", "code"]
    enter(desk, PASSPHRASE)
    assert not is_open(desk)
    code = profile.code()
    enter(desk, f"{code[:3]} {code[3:]}")
    wait_until(lambda: is_open(desk))


def test_a_second_factor_alone_asks_for_the_code_alone(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make(None).take_second_factor(None)
    desk = open_desk()
    assert shown_fields(desk) == ["code"]
    enter(desk, profile.code())
    wait_until(lambda: is_open(desk))


def test_after_the_lock_the_member_is_named_and_the_passphrase_asked_for_again(
    profile: Profile, open_desk: OpenDesk
) -> None:
    profile.make()
    desk = open_desk()
    enter(desk, PASSPHRASE)
    wait_until(lambda: is_open(desk))
    press("Ctrl+L")
    wait_until(lambda: desk.is_locked)
    assert shown_fields(desk) == ["passphrase"]
    assert desk.sees("Desk · Ana")
    assert desk.sees("Locked by you.")
    enter(desk, PASSPHRASE)
    wait_until(lambda: is_open(desk))


def test_without_a_passphrase_a_locked_desk_waits_for_somebody(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make(None)
    desk = open_desk()
    press("Ctrl+L")
    wait_until(lambda: desk.is_locked)
    desk.settle()
    assert not is_open(desk)
    assert shown_fields(desk) == []
    press("Space")
    wait_until(lambda: is_open(desk))


# ---- Wrong tries


def test_a_wrong_passphrase_is_told_and_leaves_nothing_in_the_field(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make()
    desk = open_desk()
    enter(desk, "wrong")
    assert problem(desk) == "The passphrase is wrong. 4 tries are left before a wait."
    assert [field.text() for field in desk.window.findChildren(QLineEdit)].count("wrong") == 0
    enter(desk, PASSPHRASE)
    wait_until(lambda: is_open(desk))


def test_after_five_wrong_tries_the_page_counts_down(
    profile: Profile, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_S", 2)
    profile.make()
    desk = open_desk()
    for _ in range(FREE_TRIES):
        enter(desk, "wrong")
    assert "The next one is taken in" in problem(desk)
    assert not button(desk, "unlock_button").isEnabled()
    wait_until(lambda: button(desk, "unlock_button").isEnabled())
    enter(desk, PASSPHRASE)
    wait_until(lambda: is_open(desk))


def test_a_desk_opened_during_the_wait_counts_down_as_well(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make()
    first = open_desk()
    for _ in range(FREE_TRIES):
        enter(first, "wrong")
    first.close()
    desk = open_desk()
    desk.settle()
    assert "The next one is taken in" in problem(desk)


def test_a_used_code_is_told_as_such(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make().take_second_factor()
    code = profile.code(later=1)
    profile.access.unlock(PASSPHRASE, code).store.close()
    desk = open_desk()
    enter(desk, PASSPHRASE)
    enter(desk, code)
    assert "used already" in problem(desk)


def test_the_code_field_takes_digits_only(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make(None).take_second_factor(None)
    desk = open_desk()
    type_text("12ab345678")
    field = next(field for field in desk.window.findChildren(QLineEdit, "code"))
    assert field.text() == "123456"


def test_enter_on_an_empty_field_is_no_try(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make()
    desk = open_desk()
    for _ in range(2 * FREE_TRIES):
        press("Return")
    desk.settle()
    enter(desk, PASSPHRASE)
    wait_until(lambda: is_open(desk))


# ---- The recovery code


def test_the_recovery_code_sets_another_passphrase_and_opens_the_desk(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make().take_second_factor()
    desk = open_desk()
    button(desk, "recover").click()
    assert shown_fields(desk) == ["recovery_code", "new_passphrase", "new_passphrase_again"]
    for text in (profile.recovery_code.lower(), "a new one", "a new one"):
        type_text(text)
        press("Tab")
    press("Space")
    wait_until(lambda: is_open(desk))
    press("Ctrl+L")
    wait_until(lambda: desk.is_locked)
    assert shown_fields(desk) == ["passphrase"]
    enter(desk, "a new one")
    wait_until(lambda: is_open(desk))


def test_a_slip_in_the_recovery_code_is_told_and_the_code_stays(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make()
    desk = open_desk()
    button(desk, "recover").click()
    code = RecoveryCode.new().text
    type_text(code)
    press("Return")
    desk.settle()
    assert "does not open this member's keys" in problem(desk)
    assert next(iter(desk.window.findChildren(QLineEdit, "recovery_code"))).text() == code


def test_two_new_passphrases_that_differ_are_told(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make()
    desk = open_desk()
    button(desk, "recover").click()
    for text in (profile.recovery_code, "one", "another"):
        type_text(text)
        press("Tab")
    press("Space")
    assert "differ" in problem(desk)
    assert not is_open(desk)


def test_one_can_go_back_from_the_recovery_code(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make()
    desk = open_desk()
    button(desk, "recover").click()
    button(desk, "recover").click()
    desk.settle()
    assert shown_fields(desk) == ["passphrase"]


# ---- Keys that cannot be reached


def test_lost_keys_are_told_and_can_be_tried_again(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make()
    keys = profile.folder / "keys"
    away = keys.rename(profile.folder / "away")
    desk = open_desk()
    wait_until(lambda: problem(desk))
    assert "There is no key file" in problem(desk)
    assert shown_fields(desk) == []
    away.rename(keys)
    button(desk, "try_again").click()
    desk.settle()
    assert shown_fields(desk) == ["passphrase"]
    enter(desk, PASSPHRASE)
    wait_until(lambda: is_open(desk))


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """Return a session whose bus this process is on."""
    if not IS_THERE:
        pytest.skip("no gnome-keyring-daemon or no dbus-daemon here")
    made = Desktop(tmp_path)
    made.start_bus()
    for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, made.env[name])
    yield made
    made.stop()


def test_without_a_keyring_the_first_start_says_what_to_do_and_goes_on_once_it_is_done(
    desktop: Desktop, tmp_path: Path, qapp: QApplication
) -> None:
    folder = tmp_path / "profile"
    desk = DrivenDesk(folder, keyring=True).open()
    type_text("Desk")
    press("Tab")
    type_text("Ana")
    press("Return")
    wait_until(lambda: desk.sees("This system has no keyring that answers."))
    assert not (folder / "reviewer.db").exists()
    assert not (folder / "device").exists()
    desktop.start_keyring(b"login")
    press("Return")
    wait_until(lambda: desk.window.findChildren(QPushButton, "written_down"), "the recovery code")
    button(desk, "written_down").click()
    wait_until(lambda: is_open(desk))
    desk.close()


def test_a_keyring_that_is_locked_is_told_and_can_be_tried_again(
    desktop: Desktop, tmp_path: Path, qapp: QApplication
) -> None:
    folder = tmp_path / "profile"
    folder.mkdir()
    desktop.start_keyring(b"login")
    Access(folder, KeyringStore.of_this_system(), DeskId("test")).make("Desk", "Ana", frozenset(Role))
    desktop.stop_keyring()
    desktop.start_keyring(None)
    desk = DrivenDesk(folder, keyring=True).open()
    wait_until(lambda: "is locked" in problem(desk))
    assert shown_fields(desk) == []
    desktop.stop_keyring()
    desktop.start_keyring(b"login")
    button(desk, "try_again").click()
    wait_until(lambda: is_open(desk))
    desk.close()


# ---- The first start


def test_a_new_workspace_shows_its_recovery_code_once(profile: Profile, open_desk: OpenDesk) -> None:
    desk = open_desk()
    type_text("Desk")
    press("Tab")
    type_text("Ana")
    press("Return")
    wait_until(lambda: desk.window.findChildren(QPushButton, "written_down"), "the recovery code")
    code = next(iter(desk.window.findChildren(QLabel, "recovery_code"))).text().split()
    assert not is_open(desk)
    press("Space")  # Copy has the focus
    assert QGuiApplication.clipboard().text() == "-".join(code)
    button(desk, "written_down").click()
    wait_until(lambda: is_open(desk))
    desk.settle()
    assert not desk.sees(code[0])
    desk.close()
    assert QGuiApplication.clipboard().text() == ""
    profile.access.recover("".join(code), "another")


def test_a_passphrase_given_at_the_first_start_is_asked_for_from_then_on(profile: Profile, open_desk: OpenDesk) -> None:
    desk = open_desk()
    for text in ("Desk", "Ana", PASSPHRASE):
        type_text(text)
        press("Tab")
    type_text("four plain swords")
    press("Return")
    assert desk.sees("The two passphrases differ: type the second one again.")
    type_text(PASSPHRASE)
    press("Return")
    wait_until(lambda: desk.window.findChildren(QPushButton, "written_down"), "the recovery code")
    button(desk, "written_down").click()
    wait_until(lambda: is_open(desk))
    desk.close()
    assert shown_fields(open_desk()) == ["passphrase"]


def test_a_lock_asked_for_while_the_keys_open_is_not_forgotten(profile: Profile, open_desk: OpenDesk) -> None:
    profile.make()
    desk = open_desk()
    type_text(PASSPHRASE)
    press("Return")
    desk._desk.lock("screen")
    desk.settle()
    wait_until(lambda: desk.is_locked)
    assert not is_open(desk)
    assert shown_fields(desk) == ["passphrase"]
