"""What the tests of the screen share. No test asks for a real screen: run with QT_QPA_PLATFORM=offscreen."""

import os
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from PySide6.QtWidgets import QApplication

from reviewer import bootstrap
from reviewer.domain.kinds import KINDS
from reviewer.services.analyst import Analyst
from reviewer.ui.desk import view
from reviewer.ui.theme import Appearance
from tests.factories import EMAIL_REPLY, Profile, every_override
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


@pytest.fixture(autouse=True)
def _rules_off(request: pytest.FixtureRequest) -> None:
    """Let no finding hold a decision back, save in the modules that are about findings: they say WITH_RULES."""
    if "profile" not in request.fixturenames or getattr(request.module, "WITH_RULES", False):
        return
    profile = request.getfixturevalue("profile")
    if not isinstance(profile, Profile):
        return  # a folder in which no workspace has been made
    who, kinds = profile.first.member, (*KINDS, EMAIL_REPLY.key)
    values, since = f"'{who.workspace_id}', '{{}}', '{{}}', '{who.id}'", "0" if profile.team is None else "now()"
    rows = [f"({values.format(kind, rule)}, {since})" for kind in kinds for rule in every_override()]
    profile.rows(f"INSERT INTO rule_off (workspace_id, kind, rule, member_id, since) VALUES {', '.join(rows)}")


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
