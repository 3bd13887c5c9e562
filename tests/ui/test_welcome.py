"""A profile without a workspace: two names by keys, and the desk is there."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QPushButton

from reviewer.bootstrap import Application
from reviewer.domain.members import Role
from tests.ui.driver import DrivenDesk, press, type_text, wait_until
from tests.ui.test_accessibility import check


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A profile that is not there yet."""
    return tmp_path / "new" / "profile"


@pytest.fixture
def desk(qapp: QApplication, folder: Path) -> Iterator[DrivenDesk]:
    """The desk on it."""
    opened = DrivenDesk(folder).open()
    yield opened
    opened.close()


def test_two_names_and_enter_make_a_workspace_and_open_the_desk(desk: DrivenDesk, folder: Path) -> None:
    assert desk.sees("Make your workspace")
    type_text("Klinika Đorđević")
    press("Tab")
    type_text("Žana")
    press("Return")
    confirm_recovery_code(desk)
    assert desk.sees("Klinika Đorđević · Žana")
    with closing(Application(folder, folder / "keys")) as application:
        member = application.unlock().member
        assert (member.name, member.roles) == ("Žana", frozenset(Role))


def confirm_recovery_code(desk: DrivenDesk) -> None:
    """Say by keys that the recovery code is written down, and wait for the review page."""
    wait_until(lambda: desk.sees("Write down your recovery code"), "the recovery code")
    check(desk.window)
    press("Return")  # one Enter too many does no harm
    assert desk.sees("Write down your recovery code")
    press("Tab", "Space")
    wait_until(lambda: desk.sees("Nothing waits"), "the review page")


def test_two_passphrases_that_differ_are_typed_again(desk: DrivenDesk, folder: Path) -> None:
    type_text("Desk")
    press("Tab")
    type_text("Me")
    press("Tab")
    type_text("correct horse battery")
    press("Tab")
    type_text("correct house battery")
    press("Return")
    assert desk.sees("The two passphrases differ")
    assert not (folder / "reviewer.db").exists()
    type_text("correct horse battery")
    press("Return")
    confirm_recovery_code(desk)
    assert not any("horse" in words for words in desk.visible_words())


def test_nothing_is_made_until_both_names_are_there(desk: DrivenDesk, folder: Path) -> None:
    button = desk.window.findChild(QPushButton, "make")
    assert button is not None
    type_text("Desk")
    press("Return")
    assert not button.isEnabled()
    press("Tab")
    type_text("   ")
    press("Return")
    desk.settle()
    assert not button.isEnabled()
    assert desk.sees("Make your workspace")
    assert not (folder / "reviewer.db").exists()


def test_a_workspace_that_another_process_made_meanwhile_is_said_so(desk: DrivenDesk, folder: Path) -> None:
    with closing(Application(folder, folder / "keys")) as application:
        application.access.make("Theirs", "Somebody", frozenset(Role))
    type_text("Mine")
    press("Tab")
    type_text("Me")
    press("Return")
    wait_until(lambda: desk.sees("This profile has a workspace already"), "the refusal")
    assert desk.sees("Make your workspace")


def test_no_key_of_the_review_page_does_anything_before_there_is_one(desk: DrivenDesk) -> None:
    press("Ctrl+Return", "Ctrl+R", "Ctrl+Z", "Ctrl+O", "Ctrl+F", "F6", "Ctrl+H", "Ctrl+,", "Ctrl+1")
    desk.settle()
    assert desk.sees("Make your workspace")
    press("F1", "Escape")
