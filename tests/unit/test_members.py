"""Who may be offered what: languages and skills."""

import pytest

from reviewer.domain.kinds import KINDS
from reviewer.domain.members import Member, MemberId, Role, WorkspaceId
from reviewer.services.queue import may_review


def _member(*roles: Role, languages: set[str] | None = None, skills: set[str] | None = None) -> Member:
    narrowed = [None if each is None else frozenset(each) for each in (languages, skills)]
    return Member(MemberId("m"), WorkspaceId("w"), "Member", frozenset(roles), *narrowed)


@pytest.mark.parametrize(
    ("languages", "language", "speaks"),
    [
        (None, "am", True),
        (None, None, True),
        ({"en"}, None, True),
        ({"en"}, "en", True),
        ({"en"}, "EN", True),
        ({"EN"}, "en-GB", True),
        ({"sr"}, "sr-Latn", True),
        ({"sr-Latn"}, "sr", False),
        ({"sr-Latn"}, "sr-Cyrl", False),
        ({"en"}, "enm", False),
        ({"en", "de"}, "de-AT", True),
        (set(), "en", False),
        (set(), None, True),
    ],
)
def test_a_language_covers_its_own_varieties(languages: set[str] | None, language: str | None, speaks: bool) -> None:
    assert _member(languages=languages).speaks(language) is speaks


@pytest.mark.parametrize(
    ("skills", "required", "has"),
    [
        (None, {"billing"}, True),
        (set(), set(), True),
        (set(), {"billing"}, False),
        ({"billing"}, {"billing", "fraud"}, False),
        ({"billing", "fraud"}, {"fraud"}, True),
    ],
)
def test_every_required_skill_is_needed(skills: set[str] | None, required: set[str], has: bool) -> None:
    assert _member(skills=skills).has_skills(frozenset(required)) is has


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", Role)
def test_a_role_reviews_exactly_the_kinds_that_name_it(kind: str, role: Role) -> None:
    assert may_review(_member(role), kind, escalated=False) is (role in KINDS[kind].roles)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", Role)
def test_only_a_supervisor_takes_what_was_escalated(kind: str, role: Role) -> None:
    assert may_review(_member(role), kind, escalated=True) is (role is Role.SUPERVISOR)


def test_a_kind_that_is_gone_is_offered_to_nobody() -> None:
    assert not may_review(_member(*Role), "telegram", escalated=False)
