"""The pool from a call to a label: who may be heard, who hears it, and how it is taken back."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reviewer.domain.call_records import Call
from reviewer.domain.clips import SkipReason
from reviewer.domain.eligibility import Gate
from reviewer.domain.errors import InputRefusedError, KeysUnavailableError, LeaseLostError, RuleError, UsageError
from reviewer.domain.members import Role
from reviewer.domain.serving import Limits, broken_rules
from reviewer.services.pool import Made, MadeClip, Pool, Scope
from reviewer.services.transcribing import OpenClip, Transcribing
from reviewer.storage import clips, pool_keys, vault_keys
from tests.factories import Profile
from tests.pools import WORDS, PoolOf, ToneMaker, call

_DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def _filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PoolOf]:
    """A pool of 24 calls with one transcriber, to be copied."""
    profile = Profile(tmp_path_factory.mktemp("filled") / "profile")
    yield PoolOf(profile).fill()
    profile.close()


@pytest.fixture
def pool(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> Iterator[PoolOf]:
    """A pool of 24 calls with one transcriber."""
    if database == "server":
        yield PoolOf(request.getfixturevalue("profile")).fill()
        return
    filled: PoolOf = request.getfixturevalue("_filled")
    made = filled.copy_to(tmp_path / "profile")
    yield made
    made.profile.close()


def _hear(clip: OpenClip | None) -> OpenClip:
    assert clip is not None
    return clip


def _ms(clip: OpenClip) -> int:
    return int(clip.serving.seconds * 1000)


def test_a_clip_goes_from_a_call_to_a_label(pool: PoolOf) -> None:
    desk = pool.transcribing()
    clip = _hear(desk.next())
    assert len(clip.serving.wav) == 44 + 2 * 2 * 16_000
    desk.submit(clip, "and then [noise] the doctor", listened_ms=_ms(clip))
    with pool.profile.store_of(pool.admin).read() as tx:
        (answer,) = clips.answers(tx)
    assert answer.text == "and then [noise] the doctor"
    assert pool.pool.stats().labelled == 1
    report = pool.profile.services().ledger.verify()
    assert report.ok, report.why


class _Breaking(ToneMaker):
    """Makes many clips of a call and then breaks off."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def make(self, recording: Path, call: Call) -> Made:
        """Return more clips than are held in memory at once, and an end that is none."""
        whole = super().make(recording, call)

        def clips() -> Iterator[MadeClip]:
            for _ in range(10):
                yield from whole.clips
            raise self._error

        return replace(whole, clips=clips())


def test_a_recording_that_turns_out_to_be_bad_in_its_middle_leaves_no_clip(profile: Profile) -> None:
    pool = PoolOf(profile, maker=_Breaking(InputRefusedError("It changed while it was being read.")))
    pool.pool.add(call(0), pool.recording)
    with pytest.raises(InputRefusedError, match="it was being read"):
        pool.pool.build()
    assert pool.pool.stats().staged == 0


def test_a_building_that_was_killed_puts_nothing_into_the_pool_and_begins_anew(profile: Profile) -> None:
    pool = PoolOf(profile).fill(range(21))
    pool.pool.add(call(99), pool.recording)
    live = pool.pool.stats().live
    killed = Pool(profile.store_of(pool.admin), pool.admin, _Breaking(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        killed.build()
    assert pool.pool.stats().staged == 32
    assert pool.pool.round().released == 0
    assert pool.pool.stats().live == live
    pool.pool.build()
    assert (pool.pool.stats().staged, pool.pool.stats().live) == (0, live + 4)


def test_nobody_hears_a_pool_of_too_few_calls(profile: Profile) -> None:
    pool = PoolOf(profile).fill(range(19))
    assert pool.transcribing().next() is None
    assert pool.pool.stats().staged == 19 * 4
    assert pool.pool.stats().waits_for_calls == 20
    pool.fill(range(19, 20))
    assert pool.pool.stats().staged == 0
    assert pool.transcribing().next() is not None


def test_a_policy_cannot_go_below_the_fewest_calls(pool: PoolOf) -> None:
    with pytest.raises(UsageError, match="fewer than 20"):
        pool.pool.set_policy(least_calls=19)


def test_a_line_holds_the_rules(pool: PoolOf) -> None:
    (transcriber,) = pool.transcribers
    with pool.profile.store_of(pool.admin).read() as tx:
        known = clips.origins(tx)
        served = clips.served(tx, transcriber.member.id, known)
    assert len(served.own) >= 20
    assert broken_rules(served.own, served.of_call, Limits()) == []


def test_the_budget_is_taken_before_anything_is_served(profile: Profile) -> None:
    pool = PoolOf(profile)
    pool.pool.set_policy(budget_ppm=10_000)  # of 24 minutes: 14.4 seconds, which is 7 clips of 2
    pool.fill()
    stats = pool.pool.stats()
    assert stats.waiting == 7
    assert stats.budget.reserved_s == pytest.approx(14.0)
    assert stats.budget.total_s == pytest.approx(14.4)


def test_a_budget_of_nothing_serves_nothing(profile: Profile) -> None:
    pool = PoolOf(profile)
    pool.pool.set_policy(budget_ppm=0)
    assert pool.fill().transcribing().next() is None
    assert pool.pool.stats().standing == {Gate.BUDGET: 24}


def test_every_change_of_the_policy_is_an_entry(pool: PoolOf) -> None:
    before = len(pool.profile.events())
    pool.pool.set_policy(budget_ppm=100, blind_percent=20)
    assert pool.profile.events()[before:] == ["policy_changed", "policy_changed"]
    pool.pool.set_policy(budget_ppm=100)
    assert len(pool.profile.events()) == before + 2


@pytest.mark.parametrize(
    ("changed", "gate"),
    [
        ({"recorded": None}, Gate.RECORDED),
        ({"segments": []}, Gate.TRANSCRIBED),
        ({"retain_until": "2020-01-01T00:00:00Z"}, Gate.RETAINED),
    ],
)
def test_a_call_stops_at_the_first_gate_that_does_not_say_yes(
    profile: Profile, changed: dict[str, object], gate: Gate
) -> None:
    pool = PoolOf(profile)
    added = pool.pool.add(call(1, **changed), pool.recording)
    assert added.standing.gate is gate
    assert pool.pool.build().clips == 0


def test_without_the_model_for_personal_data_nothing_passes(profile: Profile) -> None:
    pool = PoolOf(profile, maker=ToneMaker(clean=None))
    pool.fill(range(21))
    stats = pool.pool.stats()
    assert (stats.staged, stats.live, stats.waiting) == (0, 0, 0)
    assert stats.standing == {Gate.CLEAN: 21}
    assert stats.unknown == {Gate.CLEAN: 21}


def test_no_key_of_an_admin_opens_a_clip_and_no_key_of_a_transcriber_opens_the_vault(pool: PoolOf) -> None:
    admin, transcriber = pool.profile.store_of(pool.admin), pool.profile.store_of(pool.transcribers[0])
    with admin.read() as tx, pytest.raises(KeysUnavailableError):
        pool_keys.reader(tx, 1)
    with transcriber.read() as tx:
        pool_keys.reader(tx, 1)
        with pytest.raises(KeysUnavailableError):
            vault_keys.of(tx, vault_keys.POOL)
        if transcriber.is_shared:
            assert clips.origins(tx) == []  # a server does not even show them
        else:
            with pytest.raises(KeysUnavailableError):
                clips.origins(tx)


def test_a_key_of_the_pool_that_no_admin_signed_is_refused(pool: PoolOf) -> None:
    pool.profile.rows("DELETE FROM entry WHERE action = 'pool_key_made'")
    with pytest.raises(Exception, match="does not name"):
        pool.transcribing().next()


def test_who_comes_later_gets_the_pools_key_from_a_colleague(pool: PoolOf) -> None:
    profile = pool.profile
    newcomer = profile.transcriber()
    later = Transcribing(profile.store_of(newcomer), newcomer, lambda _: True)
    assert later.next() is None
    assert pool.transcribing().share_key() == 1
    with profile.store_of(newcomer).read() as tx:
        pool_keys.reader(tx, 1)
    assert pool.transcribing().share_key() == 0


def test_a_copy_of_the_pools_key_that_does_not_open_is_sealed_anew(pool: PoolOf) -> None:
    profile = pool.profile
    newcomer = profile.transcriber()
    later = Transcribing(profile.store_of(newcomer), newcomer, lambda _: True)
    pool.transcribing().share_key()
    profile.rows("UPDATE pool_key SET sealed = ? WHERE member_id = ?", b"something else", newcomer.member.id)
    later.share_key()
    assert pool.transcribing().share_key() == 1
    with profile.store_of(newcomer).read() as tx:
        pool_keys.reader(tx, 1)


def test_a_pool_that_nobody_can_open_gets_a_new_key(pool: PoolOf) -> None:
    profile = pool.profile
    profile.rows("UPDATE pool_key SET sealed = ?", b"something else")
    for holder in (profile.first, *pool.transcribers):
        Transcribing(profile.store_of(holder), holder, lambda _: True).share_key()
    pool.fill(range(30, 60))
    with pool.profile.store_of(pool.transcribers[0]).read() as tx:
        pool_keys.reader(tx, 2)


def test_an_opt_out_takes_the_clip_from_the_screen(pool: PoolOf) -> None:
    desk = pool.transcribing()
    clip = _hear(desk.next())
    desk.save(clip, "half a", 6)
    done = pool.pool.opt_out(Scope.WORKSPACE)
    assert done.withdrawn.drafts == 1
    assert not desk.is_there(clip)
    for act in (
        lambda: desk.save(clip, "more", 4),
        lambda: desk.submit(clip, "more", listened_ms=_ms(clip)),
        lambda: desk.renew(clip),
    ):
        with pytest.raises(LeaseLostError):
            act()
    assert desk.next() is None
    assert pool.pool.stats().live == 0
    assert pool.profile.rows("SELECT count(*) FROM label_draft") == [(0,)]
    assert pool.profile.rows("SELECT sum(length(audio)), sum(length(sealed_key)) FROM clip") == [(0, 0)]
    assert "opted_out" in pool.profile.events(done.receipt)


@pytest.mark.parametrize(
    ("scope", "who"), [(Scope.MEMBER, "agent-7"), (Scope.CALLER, "+12025550007"), (Scope.CALL, "CALL-00007")]
)
def test_an_opt_out_takes_one_call_alone_and_for_good(pool: PoolOf, scope: Scope, who: str) -> None:
    done = pool.pool.opt_out(scope, who)
    assert (done.calls, done.withdrawn.clips) == (1, 4)
    assert pool.pool.stats().live == 23 * 4
    again = pool.pool.add(call(7), pool.recording)
    assert again.standing.gate in (Gate.MEMBER, Gate.CALLER)
    assert pool.pool.build().clips == 0
    with pool.profile.store_of(pool.admin).read() as tx:
        served = clips.served(tx, pool.transcribers[0].member.id, clips.origins(tx))
    assert broken_rules(served.own, served.of_call, Limits()) == []


def test_who_opts_out_before_their_first_call_is_never_heard(profile: Profile) -> None:
    pool = PoolOf(profile)
    pool.pool.opt_out(Scope.CALLER, "+12025550003")
    assert pool.pool.add(call(3), pool.recording).standing.gate is Gate.CALLER


def test_personal_data_heard_by_one_is_taken_from_everybody(profile: Profile) -> None:
    pool = PoolOf(profile, transcribers=2)
    pool.pool.set_policy(second_percent=100)
    pool.fill()
    first, second = pool.transcribing(0), pool.transcribing(1)
    heard = _hear(first.next())
    (clip_id,) = pool.profile.rows("SELECT clip_id FROM serving WHERE id = ?", heard.serving.id)[0]
    # The other one has it on their desk too.
    pool.profile.rows("DELETE FROM serving WHERE clip_id = ? AND id != ?", clip_id, heard.serving.id)
    theirs = _hear(second.next())
    pool.profile.rows("UPDATE serving SET clip_id = ? WHERE id = ?", clip_id, theirs.serving.id)
    first.report(heard, listened_ms=500)
    assert not second.is_there(theirs)
    assert pool.profile.rows("SELECT state, length(audio) FROM clip WHERE id = ?", clip_id) == [("withdrawn", 0)]
    assert pool.pool.stats().reported == 1
    with pytest.raises(RuleError, match="nothing to undo"):
        first.undo(pool.profile.now() - _DAY)


def test_a_label_takes_one_full_hearing_and_a_word(pool: PoolOf) -> None:
    desk = pool.transcribing()
    clip = _hear(desk.next())
    with pytest.raises(RuleError, match="whole clip"):
        desk.submit(clip, "words", listened_ms=_ms(clip) - 100)
    with pytest.raises(RuleError, match="nothing written"):
        desk.submit(clip, " \n", listened_ms=_ms(clip))


def test_the_last_answer_can_be_taken_back_with_its_text(pool: PoolOf) -> None:
    desk = pool.transcribing()
    clip = _hear(desk.next())
    desk.submit(clip, "and then", listened_ms=_ms(clip))
    back = desk.undo(pool.profile.now() - _DAY)
    assert (back.serving.id, back.serving.text, back.serving.cursor) == (clip.serving.id, "and then", 8)
    desk.skip(back, SkipReason.TOO_NOISY, listened_ms=10)
    assert desk.progress(pool.profile.now() - _DAY).today == 1
    assert pool.pool.stats().skipped == {"too_noisy": 1}


def test_what_a_dead_desk_typed_comes_back_first(pool: PoolOf) -> None:
    clip = _hear(pool.transcribing(desk="gone").next())
    pool.transcribing(desk="gone").save(clip, "half", 2)
    alive = pool.transcribing(desk="new")
    other = _hear(alive.next())
    assert other.serving.id != clip.serving.id  # that desk may still show it
    alive.give_back(other)
    alive._is_alive = lambda desk: desk != "gone"
    back = _hear(alive.next())
    assert (back.serving.id, back.serving.text, back.serving.cursor) == (clip.serving.id, "half", 2)


def test_of_two_clips_that_a_dead_desk_had_the_one_typed_in_last_comes_first(pool: PoolOf) -> None:
    gone, alive = pool.transcribing(desk="gone"), pool.transcribing(desk="new")
    ahead, on_screen = _hear(gone.next()), _hear(gone.next())
    gone.save(on_screen, "half", 2)
    alive._is_alive = lambda desk: desk != "gone"
    assert [_hear(alive.next()).serving.id for _ in range(2)] == [on_screen.serving.id, ahead.serving.id]


def test_the_hypothesis_is_seen_only_where_the_policy_says_and_by_no_blind_share(profile: Profile) -> None:
    pool = PoolOf(profile, transcribers=2)
    pool.pool.set_policy(hypothesis=True, blind_percent=50)
    pool.fill()
    desk, seen = pool.transcribing(), Counter[str | None]()
    for _ in range(20):
        clip = _hear(desk.next())
        seen[clip.serving.hypothesis] += 1
        desk.skip(clip, SkipReason.TECHNICAL, listened_ms=0)
    assert set(seen) == {None, " ".join(WORDS)}


def test_no_hypothesis_is_seen_where_the_policy_says_nothing(pool: PoolOf) -> None:
    assert pool.profile.rows("SELECT count(*) FROM serving WHERE hypothesis IS NOT NULL") == [(0,)]


def test_gold_is_always_heard_blind(profile: Profile) -> None:
    pool = PoolOf(profile)
    pool.pool.set_policy(hypothesis=True, blind_percent=0)
    pool.fill(gold=True)
    assert _hear(pool.transcribing().next()).serving.hypothesis is None


def test_a_transcriber_who_comes_later_gets_the_key_from_a_colleague(pool: PoolOf) -> None:
    late = pool.profile.transcriber()
    pool.transcribers.append(late)
    assert pool.transcribing(0).share_key() == 1
    assert pool.transcribing(0).share_key() == 0
    pool.pool.round()
    assert pool.transcribing(1).next() is not None


def test_a_legal_hold_that_comes_later_withdraws_what_is_out(pool: PoolOf) -> None:
    added = pool.pool.add(call(5, legal_hold=True), pool.recording)
    assert (added.is_new, added.withdrawn) == (False, 4)
    assert added.standing.gate is Gate.NOT_HELD


def test_only_an_admin_changes_the_pool(pool: PoolOf) -> None:
    agent = pool.profile.actor(Role.AGENT)
    theirs = Pool(pool.profile.store_of(agent), agent, ToneMaker())
    for act in (
        lambda: theirs.add(call(99), pool.recording),
        theirs.build,
        theirs.stats,
        lambda: theirs.opt_out(Scope.WORKSPACE),
        lambda: theirs.set_policy(budget_ppm=5),
    ):
        with pytest.raises(RuleError, match="role"):
            act()


def test_a_new_key_of_the_workspace_opens_what_the_old_one_sealed(pool: PoolOf) -> None:
    pool.profile.services().vault.rotate()
    assert pool.pool.stats().live == 24 * 4
    (transcriber,) = pool.transcribers
    assert pool.profile.rows("SELECT count(*) FROM workspace_key WHERE member_id = ?", transcriber.member.id) == [(0,)]


def test_an_erased_call_is_gone(pool: PoolOf) -> None:
    pool.pool.erase_call("CALL-00003")
    assert pool.pool.stats().live == 23 * 4
    assert pool.pool.round().released == 0
