"""The queue: what comes first, to whom, for how long, and what becomes of a lease that is lost."""

import secrets
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import LeaseLostError, NotFoundError, RuleError
from reviewer.domain.items import ClaimedItem, ItemState
from reviewer.domain.kinds import KINDS
from reviewer.domain.members import Actor, DeskId, Role
from reviewer.ledger import Entry
from reviewer.services.desks import Desk
from tests.factories import Profile, line, new_key

_SOON = datetime(2100, 1, 1, tzinfo=UTC)


def _claim(profile: Profile, actor: Actor | None = None, item_id: str | None = None) -> ClaimedItem:
    claimed = profile.services(actor).queue.claim(item_id)
    assert claimed is not None
    return claimed


def _claim_all(profile: Profile, actor: Actor | None = None) -> list[str]:
    queue = profile.services(actor).queue
    claimed = []
    while (each := queue.claim()) is not None:
        claimed.append(each.item.head.external_id)
    return claimed


def _due(minutes: int) -> str:
    return (_SOON + timedelta(minutes=minutes)).isoformat()


# ---- Order


def test_priority_comes_before_due_time_and_due_time_before_age(profile: Profile) -> None:
    for changed in (
        {"id": "old"},
        {"id": "young"},
        {"id": "due-later", "due_at": _due(60)},
        {"id": "due-sooner", "due_at": _due(5)},
        {"id": "low", "priority": -1, "due_at": _due(1)},
        {"id": "high", "priority": 3},
        {"id": "high-and-due", "priority": 3, "due_at": _due(90)},
    ):
        profile.put(**changed)
    wanted = ["high-and-due", "high", "due-sooner", "due-later", "old", "young", "low"]
    assert [head.external_id for head in profile.services().queue.overview().waiting] == wanted
    assert [head.external_id for head in profile.services().queue.listing(10)[0]] == wanted
    assert _claim_all(profile) == wanted


def test_the_order_holds_across_kinds_languages_and_skills(profile: Profile) -> None:
    kinds, languages = list(KINDS), ["en", "sr", None]
    for number in range(60):
        profile.take(
            line(
                id=f"{number:02}",
                kind=kinds[number % 3],
                language=languages[number % 2],
                requires=["a"] if number % 5 == 0 else [],
                priority=secrets.randbelow(3),
                due_at=_due(secrets.randbelow(3)) if number % 4 else None,
            )
        )
    rows = profile.rows("SELECT external_id FROM item ORDER BY rank, due_at, received_at, id")
    assert _claim_all(profile) == [external_id for (external_id,) in rows]


def test_lines_of_one_import_keep_their_order(profile: Profile) -> None:
    profile.take(*(line(id=f"{number:03}") for number in range(250)))
    assert _claim_all(profile) == [f"{number:03}" for number in range(250)]


# ---- Routing


def test_an_item_is_offered_only_to_those_whose_role_reviews_its_kind(profile: Profile) -> None:
    for kind in KINDS:
        profile.put(id=kind, kind=kind)
    for role in Role:
        offered = profile.services(profile.actor(role)).queue.overview()
        wanted = {key for key, kind in KINDS.items() if role in kind.roles}
        assert {head.kind for head in offered.waiting} == wanted
        assert offered.by_kind == Counter(wanted)
        assert offered.number() == len(wanted)


def test_an_item_goes_to_those_who_speak_its_language(profile: Profile) -> None:
    for language in ("en", "en-GB", "sr-Latn", None):
        profile.put(id=str(language), language=language)
    assert _claim_all(profile, profile.actor(languages=["sr"])) == ["sr-Latn", "None"]
    assert _claim_all(profile, profile.actor(languages=["EN"])) == ["en", "en-GB"]


def test_an_item_goes_to_those_who_have_every_skill_it_requires(profile: Profile) -> None:
    profile.put(id="both", requires=["billing", "fraud"])
    profile.put(id="one", requires=["billing"])
    profile.put(id="none")
    assert _claim_all(profile, profile.actor(skills=["billing"])) == ["one", "none"]
    assert _claim_all(profile, profile.actor(skills=["fraud", "billing", "law"])) == ["both"]


def test_an_item_of_another_role_cannot_be_had_by_its_id(profile: Profile) -> None:
    item_id = profile.put(kind="clinical_note")
    with pytest.raises(RuleError, match="not for you"):
        profile.services(profile.actor(Role.AGENT)).queue.claim(item_id)
    assert profile.state(item_id) == "waiting"


def test_an_unknown_id_is_not_found(profile: Profile) -> None:
    with pytest.raises(NotFoundError):
        profile.services().queue.claim("nothing")


def test_where_nothing_waits_nothing_is_claimed_and_nothing_recorded(profile: Profile) -> None:
    before = profile.events()
    assert profile.services().queue.claim() is None
    assert profile.services().queue.claim_ahead() is None
    assert profile.events() == before


# ---- Leases


def test_a_claim_opens_the_item_with_all_that_came_in(profile: Profile) -> None:
    model = {"name": "replywright", "version": "3.2"}
    item_id = profile.put(id="SMS-7", model=model, recipient="+12025550107", language="en", priority=4)
    claimed = _claim(profile)
    item = claimed.item
    assert (item.id, item.head.external_id, item.head.producer) == (item_id, "SMS-7", "tests")
    assert (item.draft, [turn.text for turn in item.source]) == ("Yes, we open at nine.", ["Do you open at nine?"])
    assert item.model is not None
    assert (item.model.name, item.model.prompt_version) == ("replywright", None)
    assert (item.recipient, item.head.language, item.head.priority) == ("+12025550107", "en", 4)
    assert (item.head.state, item.escalated, claimed.working_copy) == (ItemState.LEASED, False, None)
    assert profile.events(item_id) == ["imported", "claimed", "opened"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_lease_lasts_as_long_as_its_kind_says_by_the_databases_clock(profile: Profile, kind: str) -> None:
    profile.put(kind=kind)
    lease = _claim(profile).lease
    with profile.store.read() as tx:
        left = lease.expires_at - tx.now()
    assert timedelta(0) <= KINDS[kind].lease - left < timedelta(seconds=10)


def test_an_item_is_held_by_one_member_at_a_time(profile: Profile) -> None:
    item_id = profile.put()
    _claim(profile)
    other = profile.services(profile.actor())
    assert other.queue.claim() is None
    with pytest.raises(RuleError, match="somebody has it"):
        other.queue.claim(item_id)
    assert other.queue.holder(item_id) == "First"


def test_an_expired_lease_can_be_claimed(profile: Profile) -> None:
    item_id = profile.put()
    _claim(profile)
    profile.let_leases_lapse()
    again = _claim(profile, profile.actor())
    assert again.item.id == item_id
    assert profile.events(item_id) == ["imported", "claimed", "opened", "lease_expired", "claimed", "opened"]


def test_the_fence_grows_with_each_claim(profile: Profile) -> None:
    profile.put()
    fences = []
    for _ in range(3):
        fences.append(_claim(profile).lease.fence)
        profile.let_leases_lapse()
    assert fences == [1, 2, 3]


def test_a_heartbeat_extends_a_lease_and_records_nothing(profile: Profile) -> None:
    item_id = profile.put()
    lease = _claim(profile).lease
    profile.rows("UPDATE item SET lease_expires_at = lease_expires_at - 300000")
    before = profile.events()
    renewed = profile.services().queue.renew(lease)
    assert renewed.expires_at >= lease.expires_at
    assert (renewed.id, renewed.fence) == (lease.id, lease.fence)
    assert profile.events() == before
    assert profile.state(item_id) == "leased"


@pytest.mark.parametrize("lost", ["expired", "released", "claimed by another", "stale fence", "made up"])
def test_a_lost_lease_is_refused_everywhere(profile: Profile, lost: str) -> None:
    item_id = profile.put()
    mine = profile.services()
    lease = _claim(profile).lease
    if lost == "released":
        mine.queue.release(item_id, lease.id)
    elif lost == "stale fence":
        lease = replace(lease, fence=lease.fence - 1)
    elif lost == "made up":
        lease = replace(lease, id=type(lease.id)(new_key()))
    else:
        profile.let_leases_lapse()
        if lost == "claimed by another":
            _claim(profile, profile.actor())
    before = profile.rows("SELECT * FROM item")
    for use in (mine.queue.renew, mine.queue.show, mine.queue.open):
        with pytest.raises(LeaseLostError):
            use(lease)
    with pytest.raises(LeaseLostError):
        mine.review.decide(lease, Judgement(Verdict.APPROVE), key=new_key())
    if lost != "stale fence":  # a release names no fence
        with pytest.raises(LeaseLostError):
            mine.queue.release(item_id, lease.id)
    assert profile.rows("SELECT * FROM item") == before
    assert profile.rows("SELECT * FROM decision") == []


def test_a_released_item_waits_again_where_it_was(profile: Profile) -> None:
    first, second = profile.put(id="first"), profile.put(id="second")
    claimed = _claim(profile)
    profile.services().queue.release(first, claimed.lease.id)
    assert _claim_all(profile, profile.actor()) == ["first", "second"]
    assert profile.events(first)[3] == "released"
    assert profile.state(second) == "leased"


def test_another_members_lease_cannot_be_released(profile: Profile) -> None:
    item_id = profile.put()
    lease = _claim(profile).lease
    with pytest.raises(LeaseLostError):
        profile.services(profile.actor()).queue.release(item_id, lease.id)
    assert profile.state(item_id) == "leased"


# ---- Text of a lost lease


def test_a_lost_lease_keeps_the_text_as_a_second_opinion(profile: Profile) -> None:
    item_id = profile.put()
    mine, lease = profile.services(), _claim(profile).lease
    profile.let_leases_lapse()
    other = profile.actor()
    _claim(profile, other)
    with pytest.raises(LeaseLostError):
        mine.review.decide(lease, Judgement(Verdict.APPROVE, "My own words."), key=new_key())
    profile.let_leases_lapse()
    (opinion,) = _claim(profile, other).item.second_opinions
    assert (opinion.member, opinion.text) == ("First", "My own words.")
    assert "second_opinion_kept" in profile.events(item_id)


def test_a_text_left_behind_is_shown_to_whoever_comes_next(profile: Profile) -> None:
    item_id = profile.put()
    _claim(profile)
    profile.services().review.save(item_id, "Half a sent", 11)
    profile.let_leases_lapse()
    claimed = _claim(profile, profile.actor())
    assert claimed.working_copy is None
    assert [(opinion.member, opinion.text) for opinion in claimed.item.second_opinions] == [("First", "Half a sent")]


def test_a_text_left_behind_is_still_ones_own_on_coming_back(profile: Profile) -> None:
    item_id = profile.put()
    _claim(profile)
    profile.services().review.save(item_id, "Half a sent", 11)
    profile.let_leases_lapse()
    claimed = _claim(profile)
    assert claimed.working_copy is not None
    assert (claimed.working_copy.text, claimed.working_copy.cursor) == ("Half a sent", 11)
    assert claimed.item.second_opinions == ()


def test_an_untouched_draft_is_no_second_opinion(profile: Profile) -> None:
    item_id = profile.put(draft="As it was.")
    mine, lease = profile.services(), _claim(profile).lease
    mine.review.save(item_id, "As it was.", 0)
    profile.let_leases_lapse()
    with pytest.raises(LeaseLostError):
        mine.review.decide(lease, Judgement(Verdict.APPROVE, "As it was."), key=new_key())
    assert _claim(profile, profile.actor()).item.second_opinions == ()


def test_trying_again_with_a_lost_lease_keeps_the_same_text_once(profile: Profile) -> None:
    profile.put()
    mine, lease = profile.services(), _claim(profile).lease
    profile.let_leases_lapse()
    for _ in range(3):
        with pytest.raises(LeaseLostError):
            mine.review.decide(lease, Judgement(Verdict.APPROVE, "My own words."), key=new_key())
    assert len(_claim(profile, profile.actor()).item.second_opinions) == 1


# ---- Look-ahead


def test_the_next_item_is_claimed_in_advance_and_counts_as_seen_only_when_shown(profile: Profile) -> None:
    profile.put(id="on screen")
    item_id = profile.put(id="next")
    queue = profile.services().queue
    queue.claim()
    ahead = queue.claim_ahead()
    assert ahead is not None
    assert profile.rows("SELECT lease_ahead FROM item ORDER BY external_id") == [(1,), (0,)]
    queue.show(ahead.lease)
    assert profile.rows("SELECT lease_ahead FROM item ORDER BY external_id") == [(0,), (0,)]
    bodies = profile.rows("SELECT body FROM entry WHERE item_id = ? AND action = 'opened' ORDER BY seq", item_id)
    assert [Entry.read(body).details["ahead"] for (body,) in bodies] == [True, False]


def test_showing_a_look_ahead_starts_its_time_anew(profile: Profile) -> None:
    profile.put()
    queue = profile.services().queue
    ahead = queue.claim_ahead()
    assert ahead is not None
    profile.rows("UPDATE item SET lease_expires_at = lease_expires_at - 300000")
    assert queue.show(ahead.lease).expires_at >= ahead.lease.expires_at


def test_an_unused_look_ahead_goes_back_unseen(profile: Profile) -> None:
    item_id = profile.put()
    queue = profile.services().queue
    ahead = queue.claim_ahead()
    assert ahead is not None
    queue.release(item_id, ahead.lease.id)
    assert _claim(profile, profile.actor()).item.id == item_id


# ---- A desk that died


def test_the_leases_of_a_dead_desk_are_taken_over_what_was_on_screen_first(profile: Profile) -> None:
    profile.put(id="on screen")
    profile.put(id="ahead")
    dead = profile.services()
    shown, ahead = dead.queue.claim(), dead.queue.claim_ahead()
    assert shown is not None
    assert ahead is not None
    alive = Actor(profile.first.member, DeskId("second"))
    adopted = profile.services(alive).queue.adopt(lambda desk: desk == "second")
    assert [lease.item_id for lease in adopted] == [shown.item.id, ahead.item.id]
    assert {lease.desk for lease in adopted} == {"second"}
    assert profile.services(alive).queue.news().held == {lease.id for lease in adopted}
    with pytest.raises(LeaseLostError):
        dead.queue.renew(shown.lease)
    assert profile.events(shown.item.id)[-1] == "taken_over"


def test_the_leases_of_a_desk_that_lives_are_left_alone(profile: Profile) -> None:
    profile.put()
    lease = _claim(profile).lease
    alive = Actor(profile.first.member, DeskId("second"))
    assert profile.services(alive).queue.adopt(lambda _: True) == []
    assert profile.services().queue.renew(lease).id == lease.id


def test_the_leases_of_colleagues_are_left_alone(profile: Profile) -> None:
    profile.put()
    _claim(profile, profile.actor())
    assert profile.services().queue.adopt(lambda _: False) == []


def test_a_lease_that_ran_out_is_not_taken_over(profile: Profile) -> None:
    profile.put()
    _claim(profile)
    profile.let_leases_lapse()
    assert profile.services().queue.adopt(lambda _: False) == []


def test_a_desk_is_alive_until_it_closes(profile: Profile) -> None:
    first, second = Desk(profile.folder / "desks"), Desk(profile.folder / "desks")
    assert first.id != second.id
    assert first.is_alive(first.id)
    assert first.is_alive(second.id)
    second.close()
    assert not first.is_alive(second.id)
    assert not first.is_alive("never-was")
    first.close()
    assert list((profile.folder / "desks").iterdir()) == []


# ---- The listing


def test_the_listing_counts_every_open_item_by_kind_and_state(profile: Profile) -> None:
    for number in range(3):
        profile.put(id=f"s{number}")
    profile.put(kind="summary")
    services = profile.services()
    claimed = services.queue.claim()
    assert claimed is not None
    services.review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=new_key())
    services.queue.claim()
    rows, counts = services.queue.listing(3)
    assert len(rows) == 3
    assert counts == {
        ("sms", ItemState.HELD): 1,
        ("sms", ItemState.LEASED): 1,
        ("sms", ItemState.WAITING): 1,
        ("summary", ItemState.WAITING): 1,
    }
    assert {row.external_id: row.held_by for row in rows}["s1"] == "First"


def test_a_desk_does_not_adopt_what_a_command_claimed_for_a_script(tmp_path: Path) -> None:
    command = Desk(tmp_path, is_command=True)
    command.close()
    desk = Desk(tmp_path)
    assert desk.is_alive(command.id)
    desk.close()
