"""What the tests of the screen share. No test asks for a real screen: run with QT_QPA_PLATFORM=offscreen."""

import os
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from PySide6.QtWidgets import QApplication

from reviewer import bootstrap
from reviewer.services.analyst import Analyst
from reviewer.ui.desk import view
from reviewer.ui.theme import Appearance
from tests.factories import Profile
from tests.ui.driver import DrivenDesk

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


class _LastingAnalyst(Analyst):
    """One real analyst for all desks of a test run, which none of them ends: its start takes most of a second."""

    def close(self) -> None:
        """Stay."""


@cache
def _lasting_analyst() -> Analyst:
    return _LastingAnalyst()


@pytest.fixture
def appearance(qapp: QApplication) -> Appearance:
    """The look of the desk, light and at 100 percent."""
    return Appearance(qapp, mode="light")


@pytest.fixture
def open_desk(
    qapp: QApplication, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], DrivenDesk]]:
    """Open the real desk on the test's profile, as often as wanted; each is closed at the end.

    What comes up can be approved at once here.
    """
    monkeypatch.setattr(view, "FRESH_MS", 0)
    monkeypatch.setattr(bootstrap, "Analyst", _lasting_analyst)
    opened: list[DrivenDesk] = []

    def open_one() -> DrivenDesk:
        opened.append(DrivenDesk(profile.folder).open())
        return opened[-1]

    yield open_one
    for desk in opened:
        desk.close()
