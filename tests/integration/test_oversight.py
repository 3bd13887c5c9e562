"""A supervisor sees how the work stands, and moves what somebody holds; on a file and on a team's database."""

from collections.abc import Callable

import pytest

from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import InputRefusedError, LeaseLostError, NotFoundError, RuleError
from reviewer.domain.items import ClaimedItem
from reviewer.domain.members import Actor, DeskId, Role
from tests.factories import Profile, new_key


def _claim(profile: Profile, actor: Actor) -> ClaimedItem:
    claimed = profile.services(actor).queue.claim()
    assert claimed is not None
    return claimed


@pytest.fixture
def agent(profile: Profile) -> Actor:
    return profile.actor(Role.AGENT)


def test_who_waits_who_holds_and_what_is_escalated_is_seen_without_any_content(profile: Profile, agent: Actor) -> None:
    for number in range(4):
        profile.put(id=f"s{number}", draft="Dear Maria Garcia, see you.")
    profile.put(id="late", kind="summary", due_at="2020-01-01T00:00:00Z")
    profile.services().work.round()  # what is late waits for a supervisor
    held = _claim(profile, agent)
    state = profile.services().oversight.look()
    assert {(each.kind, each.number, each.overdue) for each in state.waiting} == {("sms", 3, 0), ("summary", 1, 1)}
    assert all(each.ages[0] == each.number and each.oldest <= state.at for each in state.waiting)
    assert [(each.head.id, each.member_id, each.ahead, each.handed) for each in state.held] == [
        (held.item.id, agent.member.id, False, False)
    ]
    assert state.held_number == 1
    since = state.held[0].since
    assert since is not None
    assert abs((state.at - since).total_seconds()) < 60
    assert [head.external_id for head in state.escalated] == ["late"]
    assert "Garcia" not in repr(state)


def test_decisions_that_became_final_are_counted_by_the_hour(profile: Profile) -> None:
    assert sum(profile.services().oversight.look().settled) == 0
    profile.put()
    services = profile.services()
    claimed = services.queue.claim()
    assert claimed is not None
    services.review.decide(claimed.lease, Judgement(Verdict.REJECT, reason="tone"), key=new_key())
    profile.let_holds_end()
    services.work.round()
    settled = services.oversight.look().settled
    assert settled[-1] == 1
    assert sum(settled) == 1
    assert len(settled) == 24


def test_a_supervisor_takes_over_and_the_holder_decides_no_more(profile: Profile, agent: Actor) -> None:
    item_id = profile.put()
    lost = _claim(profile, agent)
    profile.services(agent).review.save(item_id, "half a thought", 4)
    profile.services().oversight.take_over(item_id, "away")
    assert profile.services().queue.news().handed
    (lease,) = profile.services().queue.take_up()
    mine = profile.services().queue.open(lease, ahead=True)
    with pytest.raises(LeaseLostError):
        profile.services(agent).review.decide(lost.lease, Judgement(Verdict.REJECT, reason="tone"), key=new_key())
    assert mine.lease.fence > lost.lease.fence
    profile.services().queue.show(lease)
    assert profile.opinions(item_id) == [(agent.member.name, "half a thought")]  # nothing typed is lost
    reassigned = [event for event in profile.events(item_id) if event in ("reassigned", "taken_over")]
    assert reassigned == ["reassigned", "taken_over"]


def test_an_item_is_handed_to_a_colleague_whose_desk_takes_it_up(profile: Profile, agent: Actor) -> None:
    other = profile.actor(Role.AGENT)
    item_id = profile.put()
    _claim(profile, agent)
    services = profile.services()
    names = {each.id for each in services.oversight.colleagues(item_id)}
    assert other.member.id in names
    assert agent.member.id not in names  # who has it already
    services.oversight.hand(item_id, other.member.id, "load")
    assert services.oversight.look().held[0].handed
    assert not profile.services(agent).queue.news().held
    theirs = profile.services(other).queue
    assert theirs.news().handed
    (lease,) = theirs.take_up()
    assert lease.desk == other.desk
    assert theirs.take_up() == []
    assert theirs.open(lease, ahead=True).item.id == item_id


def test_what_was_handed_over_and_not_taken_up_waits_again_when_the_lease_is_over(
    profile: Profile, agent: Actor
) -> None:
    item_id = profile.put()
    profile.services().oversight.hand(item_id, agent.member.id, "knows")
    profile.let_leases_lapse()
    profile.services().work.round()
    assert profile.state(item_id) == "waiting"
    assert profile.services(agent).queue.take_up() == []


def test_a_restarted_desk_takes_up_what_was_handed_over_meanwhile(profile: Profile, agent: Actor) -> None:
    item_id = profile.put()
    profile.services().oversight.hand(item_id, agent.member.id, "urgent")
    (lease,) = profile.services(Actor(agent.member, DeskId("new"))).queue.adopt(lambda _: False)
    assert lease.item_id == item_id


def test_an_item_is_given_back_and_waits_for_anybody(profile: Profile, agent: Actor) -> None:
    item_id = profile.put()
    lost = _claim(profile, agent)
    profile.services().oversight.give_back(item_id, "away")
    assert profile.state(item_id) == "waiting"
    with pytest.raises(LeaseLostError):
        profile.services(agent).queue.renew(lost.lease)
    with pytest.raises(RuleError, match="waits already"):
        profile.services().oversight.give_back(item_id, "away")


def test_nobody_is_given_what_they_may_not_take(profile: Profile) -> None:
    agent, speaker = profile.actor(Role.AGENT), profile.actor(Role.AGENT, languages=["sr"])
    note = profile.put(kind="clinical_note")
    english = profile.put(language="en")
    for item_id, member in ((note, agent), (english, speaker)):
        assert member.member.id not in {each.id for each in profile.services().oversight.colleagues(item_id)}
        with pytest.raises(RuleError, match="does not fit"):
            profile.services().oversight.hand(item_id, member.member.id, "urgent")
        assert profile.state(item_id) == "waiting"


def test_what_is_decided_is_not_moved(profile: Profile, agent: Actor) -> None:
    item_id = profile.put()
    claimed = _claim(profile, agent)
    profile.services(agent).review.decide(claimed.lease, Judgement(Verdict.REJECT, reason="tone"), key=new_key())
    oversight = profile.services().oversight
    with pytest.raises(RuleError, match="cannot be moved"):
        oversight.hand(item_id, agent.member.id, "urgent")
    with pytest.raises(RuleError, match="cannot be moved"):
        oversight.give_back(item_id, "urgent")


def test_a_move_needs_one_of_the_known_reasons_and_a_known_member(profile: Profile, agent: Actor) -> None:
    item_id = profile.put()
    oversight = profile.services().oversight
    with pytest.raises(InputRefusedError, match="no reason 'because'"):
        oversight.hand(item_id, agent.member.id, "because")
    with pytest.raises(NotFoundError, match="no such member"):
        oversight.hand(item_id, "nobody", "urgent")
    with pytest.raises(NotFoundError):
        oversight.hand("0" * 32, agent.member.id, "urgent")


@pytest.mark.parametrize("act", ["look", "colleagues", "hand", "give_back"])
def test_who_is_no_supervisor_sees_and_moves_nothing(profile: Profile, agent: Actor, act: str) -> None:
    item_id = profile.put()
    oversight = profile.services(agent).oversight
    acts: dict[str, Callable[[], object]] = {
        "look": oversight.look,
        "colleagues": lambda: oversight.colleagues(item_id),
        "hand": lambda: oversight.hand(item_id, agent.member.id, "urgent"),
        "give_back": lambda: oversight.give_back(item_id, "urgent"),
    }
    with pytest.raises(RuleError, match="supervisor"):
        acts[act]()
