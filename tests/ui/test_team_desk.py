"""The real window on a team's database: what one desk sees and sends when another works beside it."""

import json
from collections.abc import Callable

import pytest

from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.members import Role
from tests.factories import Profile, new_key
from tests.ui.driver import DrivenDesk


@pytest.fixture
def database() -> str:
    """All of these are about a server."""
    return "server"


@pytest.mark.parametrize("kind", ["sms", "clinical_note"])
def test_a_desk_on_a_teams_database_decides_by_key(
    profile: Profile, open_desk: Callable[[], DrivenDesk], kind: str
) -> None:
    profile.put(id="first", kind=kind, draft="Plan:\nRest.\n", priority=2)
    profile.put(id="second", kind=kind, draft="Another draft.", priority=1)
    desk = open_desk()
    assert desk.external_id == "first"
    desk.approve()
    desk.wait_for_item("second")
    desk.settle()
    profile.let_holds_end()
    profile.services().work.round()
    (sent,) = profile.files("sent").values()
    assert json.loads(sent)["final"] == "Plan:\nRest.\n"
    assert profile.services().ledger.verify().ok


def test_a_colleague_takes_what_this_desk_does_not_hold(profile: Profile, open_desk: Callable[[], DrivenDesk]) -> None:
    for number in range(4):
        profile.put(id=str(number), priority=9 - number)
    desk = open_desk()
    desk.settle()
    colleague = profile.services(profile.actor(Role.AGENT))
    claimed = colleague.queue.claim()
    assert claimed is not None
    assert claimed.item.head.external_id == "2"  # one is on screen here, one is ahead
    colleague.review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=new_key())
    desk.approve()
    desk.wait_for_item("1")
    desk.approve()
    desk.wait_for_item("3")
    assert desk.faults() == []
