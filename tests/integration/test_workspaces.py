"""Setting up: one workspace with its first member, names checked at the border."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewer.bootstrap import Application
from reviewer.domain.errors import NoWorkspaceError, RuleError, UsageError
from reviewer.domain.members import Role
from reviewer.services.workspaces import Workspaces
from reviewer.storage import Store
from tests.factories import Profile, line


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a store without a workspace."""
    made = Store.open_file(tmp_path / "reviewer.db")
    yield made
    made.close()


def test_the_first_member_is_the_one_that_was_made(store: Store) -> None:
    made = Workspaces(store).make("Пријем", "Ana Čekić", frozenset({Role.AGENT}), frozenset({"sr"}))
    assert Workspaces(store).current() == ("Пријем", made)
    assert (made.roles, made.languages, made.skills) == (frozenset({Role.AGENT}), frozenset({"sr"}), None)


def test_a_profile_has_one_workspace(profile: Profile) -> None:
    with pytest.raises(RuleError, match="already"):
        Workspaces(profile.store).make("Other", "Other", frozenset(Role))
    assert profile.rows("SELECT name FROM workspace") == [("Desk",)]


def test_without_a_workspace_nothing_is_current(store: Store) -> None:
    with pytest.raises(NoWorkspaceError):
        Workspaces(store).current()


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\0b", "half \ud83d", "\ufffe"], ids=repr)
def test_a_name_that_cannot_be_kept_is_refused(store: Store, name: str) -> None:
    for names in ((name, "Ana"), ("Desk", name)):
        with pytest.raises(UsageError, match="name"):
            Workspaces(store).make(*names, frozenset(Role))
    with pytest.raises(NoWorkspaceError):
        Workspaces(store).current()


@pytest.mark.parametrize("producer", ["", " ", "x" * 201])
def test_a_producer_needs_a_name_that_can_be_kept(profile: Profile, producer: str) -> None:
    with pytest.raises(UsageError, match="producer"):
        profile.take(line(), producer=producer)


def test_the_services_are_those_of_the_profile(tmp_path: Path) -> None:
    Profile(tmp_path / "profile").close()
    (tmp_path / "profile" / "settings.toml").write_text("[hold]\nsms = 3\n")
    application = Application(tmp_path / "profile")
    services = application.services()
    assert (services.workspace, services.member.name) == ("Desk", "First")
    assert services.review.hold_of("sms").total_seconds() == 3
    application.close()
    assert list((tmp_path / "profile" / "desks").iterdir()) == []
