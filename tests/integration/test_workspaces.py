"""Setting up: one workspace with its first member, names checked at the border."""

from pathlib import Path

import pytest

from reviewer.bootstrap import Application
from reviewer.crypto import KeyFile
from reviewer.domain.errors import NoWorkspaceError, RuleError, UsageError
from reviewer.domain.members import DeskId, Role
from reviewer.services.access import Access
from tests.factories import Profile, line


@pytest.fixture
def access(tmp_path: Path) -> Access:
    """Return the way into a profile without a workspace."""
    return Access(tmp_path, KeyFile(tmp_path / "keys"), DeskId("desk"))


def test_the_first_member_is_the_one_that_was_made(access: Access) -> None:
    made = access.make("Пријем", "Ana Čekić", frozenset({Role.AGENT}), languages=frozenset({"sr"}))
    session = access.unlock()
    session.store.close()
    assert (session.workspace, session.member) == ("Пријем", made.member)
    assert (made.member.roles, made.member.languages) == (frozenset({Role.AGENT}), frozenset({"sr"}))


def test_a_profile_has_one_workspace(profile: Profile) -> None:
    with pytest.raises(RuleError, match="already"):
        profile.access.make("Other", "Other", frozenset(Role))
    assert profile.rows("SELECT name FROM workspace") == [("Desk",)]


def test_without_a_workspace_nothing_unlocks(access: Access) -> None:
    with pytest.raises(NoWorkspaceError):
        access.unlock()


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\0b", "half \ud83d", "\ufffe"], ids=repr)
def test_a_name_that_cannot_be_kept_is_refused(access: Access, name: str) -> None:
    for names in ((name, "Ana"), ("Desk", name)):
        with pytest.raises(UsageError, match="name"):
            access.make(*names, frozenset(Role))
    assert not access.exists


@pytest.mark.parametrize("producer", ["", " ", "x" * 201])
def test_a_producer_needs_a_name_that_can_be_kept(profile: Profile, producer: str) -> None:
    with pytest.raises(UsageError, match="producer"):
        profile.take(line(), producer=producer)


def test_the_services_are_those_of_the_profile(tmp_path: Path) -> None:
    Profile(tmp_path / "profile").close()
    (tmp_path / "profile" / "settings.toml").write_text("[hold]\nsms = 3\n")
    application = Application(tmp_path / "profile", tmp_path / "profile" / "keys")
    services = application.unlock()
    assert (services.workspace, services.member.name) == ("Desk", "First")
    assert services.review.hold_of("sms").total_seconds() == 3
    application.close()
    assert list((tmp_path / "profile" / "desks").iterdir()) == []
