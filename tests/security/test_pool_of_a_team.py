# ruff: noqa: E501 - a table is read more easily with whole statements in its rows
"""What transcribers, and those who keep the pool, try with psql and their own login, and what the database answers."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import bindparam, update

from reviewer.domain.clips import ClipId, SkipReason
from reviewer.domain.errors import LeaseLostError
from reviewer.domain.events import Action
from reviewer.services.transcribing import OpenClip, Transcribing
from reviewer.storage import clips, schema
from tests.conftest import copied_profile
from tests.factories import Profile
from tests.pools import PoolOf, transcript
from tests.postgres import Cluster
from tests.security.teams import Team, chained, outcome

_GONE = (
    update(schema.clip)
    .where(schema.clip.c.id == bindparam("of_clip"))
    .values(state="withdrawn", audio=b"", sealed_key=b"")
)
_LEASE = "lease_id = 'x', lease_desk = 'x', lease_expires_at = now() + interval '1 minute', done_at = NULL"
_END = "lease_id = NULL, lease_desk = NULL, lease_expires_at = NULL, done_at = now()"


def _heard(action: str, serving: str) -> str:
    """Return an entry that follows a transcriber's own chain in form."""
    return chained(action, serving).replace("{m_agent}", "{m_transcriber}")


def _answer(serving: str, *, text: str = "'t'", listened_ms: int = 2_000) -> str:
    return (
        f"UPDATE serving SET state = 'labelled', {_END} WHERE id = '{serving}';; "
        f"INSERT INTO label VALUES ('{serving}', {text}, 'v', NULL, {listened_ms}, false);; "
    )


_REPORT = (
    f"UPDATE serving SET state = 'reported', {_END} WHERE id = 'leased';; "
    "INSERT INTO label VALUES ('leased', NULL, NULL, NULL, 0, false);; "
)

# name: (who, what, answer). 42501: no right or a policy; RV002: a rule; RV003: no live lease.
ATTACKS: dict[str, tuple[str, str, str]] = {
    # ---- Controls: the same steps as the desk makes them
    "hear what is on record": ("transcriber", "SELECT audio FROM heard_clip WHERE serving_id = 'leased'", "done"),
    "answer": ("transcriber", _answer("leased") + _heard("clip_labelled", "leased"), "done"),
    "take the next clip": (
        "transcriber",
        f"UPDATE serving SET state = 'leased', {_LEASE} WHERE id = 'ready';; " + _heard("clip_opened", "ready"),
        "done",
    ),
    "take back an answer": (
        "transcriber",
        f"DELETE FROM label WHERE serving_id = 'done';; UPDATE serving SET state = 'leased', {_LEASE} WHERE id = 'done';; "
        + _heard("clip_taken_back", "done"),
        "done",
    ),
    "report a clip": (
        "transcriber",
        _REPORT
        + "UPDATE clip SET state = 'withdrawn', audio = '', sealed_key = '' WHERE id = 'c1';; "
        + _heard("clip_reported", "leased"),
        "done",
    ),
    # ---- Hearing more than one's line
    "hear a clip that no hearing is on record for": (
        "transcriber",
        "SELECT audio FROM heard_clip WHERE serving_id = 'ready'",
        "nothing",
    ),
    "hear a colleague's clip": ("transcriber", "SELECT audio FROM heard_clip WHERE serving_id = 'theirs'", "nothing"),
    "take a clip, hear it and roll back": (
        "transcriber",
        f"UPDATE serving SET state = 'leased', {_LEASE} WHERE id = 'ready';; "
        + _heard("clip_opened", "ready")
        + ";; SELECT audio FROM heard_clip WHERE serving_id = 'ready'",
        "nothing",
    ),
    "put a hearing of a colleague's clip on record": ("transcriber", _heard("clip_opened", "theirs"), "RV002"),
    "put a hearing of nothing on record": (
        "transcriber",
        chained("clip_opened", None).replace("{m_agent}", "{m_transcriber}"),
        "RV002",
    ),
    "write a hearing oneself": ("transcriber", "INSERT INTO hearing VALUES ('ready', '{m_transcriber}', '1')", "42501"),
    "hear as an agent": ("agent", "SELECT audio FROM heard_clip", "nothing"),
    "hear as an auditor": ("auditor", "SELECT audio FROM heard_clip", "nothing"),
    "hear past the view": ("transcriber", "SELECT audio FROM clip WHERE id = 'c1'", "42501"),
    "hear as a supervisor": ("supervisor", "SELECT audio FROM clip", "42501"),
    "hear what is on record, but not leased": ("transcriber", _heard("clip_opened", "ready"), "RV003"),
    "hear a clip of long ago again": (
        "transcriber",
        "SELECT audio FROM heard_clip WHERE serving_id = 'old'",
        "nothing",
    ),
    "see what the machine heard before hearing it": ("transcriber", "SELECT hypothesis FROM serving", "42501"),
    # ---- Reaching for calls
    "see calls": ("transcriber", "SELECT record FROM call", "nothing"),
    "see where clips come from": ("transcriber", "SELECT origin FROM clip_origin", "nothing"),
    "see what the machine heard": ("transcriber", "SELECT words FROM clip_origin", "nothing"),
    "see clips on their way": ("transcriber", "SELECT audio FROM staged_clip", "nothing"),
    "see the vault's keys": ("transcriber", "SELECT wrapped FROM vault_key", "nothing"),
    "see the way back of labels": ("transcriber", "SELECT sealed FROM vault_door", "nothing"),
    "see who opted out": ("transcriber", "SELECT digest FROM opt_out", "nothing"),
    "see what was exported": ("transcriber", "SELECT manifest FROM label_export", "nothing"),
    "put a look at a call on record": ("transcriber", _heard("opened", "call"), "RV002"),
    "put a look at a call on record as an agent": ("agent", chained("opened", "call"), "RV002"),
    "see calls as an agent": ("agent", "SELECT record FROM call", "nothing"),
    "see where clips come from as an auditor": ("auditor", "SELECT origin FROM clip_origin", "nothing"),
    "tell calls apart by where rows lie": ("transcriber", "SELECT ctid FROM clip", "42501"),
    "tell calls apart by what wrote them": ("transcriber", "SELECT xmin FROM clip", "42501"),
    "tell lines apart by what wrote them": ("transcriber", "SELECT xmin FROM serving", "42501"),
    "tell calls apart by their size in the statistics": (
        "transcriber",
        "SELECT stavalues1::text FROM pg_statistic",
        "42501",
    ),
    # ---- Colleagues
    "see a colleague's line": ("transcriber", "SELECT 1 FROM serving WHERE member_id <> '{m_transcriber}'", "nothing"),
    "see a colleague's answer": ("transcriber", "SELECT text FROM label WHERE serving_id = 'theirs done'", "nothing"),
    "see what a colleague types": ("transcriber", "SELECT text FROM label_draft", "nothing"),
    "take a colleague's clip": ("transcriber", f"UPDATE serving SET {_LEASE} WHERE id = 'theirs'", "nothing"),
    "type over a colleague's text": ("transcriber", "UPDATE label_draft SET text = 'x'", "nothing"),
    "write a text for a colleague": (
        "transcriber",
        "INSERT INTO label_draft VALUES ('theirs done', 't', 0, now())",
        "RV003",
    ),
    "take back a colleague's answer": ("transcriber", "DELETE FROM label WHERE serving_id = 'theirs done'", "nothing"),
    "answer for a colleague": (
        "transcriber",
        "INSERT INTO label VALUES ('theirs', 't', 'v', NULL, 2000, false)",
        "RV003",
    ),
    # ---- One's own line, otherwise than by the desk
    "take a clip without an entry": (
        "transcriber",
        f"UPDATE serving SET state = 'leased', {_LEASE} WHERE id = 'ready'",
        "RV002",
    ),
    "stretch a lease": (
        "transcriber",
        "UPDATE serving SET lease_expires_at = now() + interval '1 day' WHERE id = 'leased'",
        "RV002",
    ),
    "take a clip that was withdrawn": (
        "transcriber",
        f"UPDATE serving SET state = 'leased', {_LEASE} WHERE id = 'gone'",
        "nothing",
    ),
    "give a clip back without an entry": (
        "transcriber",
        "UPDATE serving SET state = 'ready', lease_id = NULL, lease_desk = NULL, lease_expires_at = NULL WHERE id = 'leased'",
        "RV002",
    ),
    "answer when the lease is over": ("transcriber", _answer("lapsed") + _heard("clip_labelled", "lapsed"), "RV003"),
    "answer what was not taken": ("transcriber", _answer("ready") + _heard("clip_labelled", "ready"), "RV003"),
    "answer without an entry": ("transcriber", _answer("leased").rstrip("; "), "RV002"),
    "answer without a text": (
        "transcriber",
        _answer("leased", text="NULL") + _heard("clip_labelled", "leased"),
        "RV002",
    ),
    "answer unheard": ("transcriber", _answer("leased", listened_ms=10) + _heard("clip_labelled", "leased"), "RV002"),
    "say that it is answered": (
        "transcriber",
        f"UPDATE serving SET state = 'labelled', {_END} WHERE id = 'leased';; " + _heard("clip_labelled", "leased"),
        "RV002",
    ),
    "leave an answer to what waits": (
        "transcriber",
        "INSERT INTO label VALUES ('ready', 't', 'v', NULL, 2000, false)",
        "RV003",
    ),
    "change an answer": ("transcriber", "UPDATE label SET text = 'x'", "nothing"),
    "take back an answer of long ago": ("transcriber", "DELETE FROM label WHERE serving_id = 'old'", "RV002"),
    "reopen an answer of long ago": (
        "transcriber",
        f"UPDATE serving SET state = 'leased', {_LEASE} WHERE id = 'old'",
        "RV002",
    ),
    "take back an answer without an entry": (
        "transcriber",
        f"DELETE FROM label WHERE serving_id = 'done';; UPDATE serving SET state = 'leased', {_LEASE} WHERE id = 'done'",
        "RV002",
    ),
    "type without a live lease": ("transcriber", "INSERT INTO label_draft VALUES ('lapsed', 't', 0, now())", "RV003"),
    "put a clip into one's line": (
        "transcriber",
        "INSERT INTO serving VALUES ('x', 'c5', '{m_transcriber}', 9, 'ready', NULL, 2000, now(), NULL, NULL, NULL, NULL)",
        "42501",
    ),
    "lengthen a lease that is over, and answer": (
        "transcriber",
        "UPDATE serving SET lease_expires_at = now() + interval '1 minute' WHERE id = 'lapsed';; "
        + _answer("lapsed")
        + _heard("clip_labelled", "lapsed"),
        "RV003",
    ),
    "drop an answer without an entry": ("transcriber", "DELETE FROM label WHERE serving_id = 'done'", "RV002"),
    "reopen an answer that stays": (
        "transcriber",
        f"UPDATE serving SET state = 'leased', {_LEASE} WHERE id = 'done';; " + _heard("clip_taken_back", "done"),
        "RV002",
    ),
    "reopen an answer as if it were new": (
        "transcriber",
        f"DELETE FROM label WHERE serving_id = 'done';; UPDATE serving SET state = 'leased', {_LEASE} WHERE id = 'done';; "
        + _heard("clip_opened", "done"),
        "RV002",
    ),
    "say that one began with the machine's text": (
        "transcriber",
        f"UPDATE serving SET state = 'labelled', {_END} WHERE id = 'leased';; "
        "INSERT INTO label VALUES ('leased', 't', 'v', NULL, 2000, true);; " + _heard("clip_labelled", "leased"),
        "RV002",
    ),
    "write a hypothesis": ("transcriber", "UPDATE serving SET hypothesis = 'x' WHERE id = 'leased'", "RV002"),
    "move up in one's line": ("transcriber", "UPDATE serving SET place = 99 WHERE id = 'ready'", "42501"),
    "give seconds back to the budget": ("transcriber", "UPDATE serving SET seconds_ms = 0", "42501"),
    "drop what one does not like": ("transcriber", "DELETE FROM serving WHERE id = 'ready'", "nothing"),
    # ---- Clips, keys and policy
    "withdraw a clip without a report": (
        "transcriber",
        "UPDATE clip SET state = 'withdrawn', audio = '', sealed_key = '' WHERE id = 'c1'",
        "RV002",
    ),
    "report a clip that stays": ("transcriber", _REPORT + _heard("clip_reported", "leased"), "RV002"),
    "change a sound": ("transcriber", "UPDATE clip SET audio = 'x' WHERE id = 'c1'", "RV002"),
    "bring a clip back": ("transcriber", "UPDATE clip SET state = 'live' WHERE id = 'c7'", "RV002"),
    "make a key of the pool": (
        "transcriber",
        "INSERT INTO pool_key VALUES (9, '{m_transcriber}', 's', now())",
        "RV002",
    ),
    "give the pool's key to an agent": (
        "transcriber",
        "INSERT INTO pool_key VALUES (1, '{m_agent}', 's', now())",
        "RV002",
    ),
    "drop another's copy of the pool's key": (
        "transcriber",
        "DELETE FROM pool_key WHERE member_id = '{m_second_transcriber}'",
        "nothing",
    ),
    "drop a copy of the pool's key as an admin": ("admin", "DELETE FROM pool_key", "nothing"),
    "keep everybody from the pool as an agent": ("agent", "SELECT hold_pool()", "RV002"),
    "lock the row that the pool's keepers wait for": (
        "agent",
        "SELECT id FROM workspace WHERE id = '{workspace}' FOR NO KEY UPDATE",
        "42501",
    ),
    "count what others do by its places in the ledger": (
        "transcriber",
        "SELECT position FROM entry_place p WHERE NOT EXISTS (SELECT FROM entry e WHERE e.seq = p.seq)",
        "nothing",
    ),
    "take the pool's key as an agent": ("agent", "SELECT sealed FROM pool_key", "nothing"),
    "switch listening on": ("transcriber", "UPDATE pool_policy SET body = '{{}}'", "nothing"),
    "switch listening on as a supervisor": ("supervisor", "UPDATE pool_policy SET body = '{{}}'", "nothing"),
    "withdraw a clip as a supervisor": ("supervisor", "UPDATE clip SET state = 'withdrawn'", "nothing"),
    "assign a clip as a supervisor": (
        "supervisor",
        "INSERT INTO serving VALUES ('x', 'c5', '{m_transcriber}', 9, 'ready', NULL, 2000, now(), NULL, NULL, NULL, NULL)",
        "42501",
    ),
    # ---- An admin, otherwise than by the desk
    "change the policy without an entry": (
        "admin",
        "UPDATE pool_policy SET body = '{{}}' WHERE workspace_id = '{workspace}'",
        "RV002",
    ),
    "add a call without an entry": (
        "admin",
        "INSERT INTO call VALUES ('x', '{workspace}', 'e', NULL, NULL, 'r', 't', 1, NULL, false, false, NULL, NULL, now())",
        "RV002",
    ),
    "release a clip without an entry": (
        "admin",
        "INSERT INTO clip VALUES ('x', 'en', 500, 'live', 1, 'k', 'a')",
        "RV002",
    ),
    "assign a clip without an entry": (
        "admin",
        "INSERT INTO serving VALUES ('x', 'c5', '{m_transcriber}', 9, 'ready', NULL, 2000, now(), NULL, NULL, NULL, NULL)",
        "RV002",
    ),
    "opt somebody out without an entry": ("admin", "INSERT INTO opt_out VALUES ('x', 'caller', now())", "RV002"),
    "export without an entry": ("admin", "INSERT INTO label_export VALUES ('x', 'jsonl', now(), 'm')", "RV002"),
    "erase a call without an entry": ("admin", "DELETE FROM vault_key", "RV002"),
    "destroy an answer": ("admin", "UPDATE label SET text = NULL, for_vault = NULL WHERE serving_id = 'done'", "RV002"),
    "withdraw a clip without an entry": (
        "admin",
        "UPDATE clip SET state = 'withdrawn', audio = '', sealed_key = '' WHERE id = 'c5'",
        "RV002",
    ),
    "empty a line without an entry": ("admin", "DELETE FROM serving WHERE id = 'ready'", "RV002"),
    "open a gate by hand": ("admin", "UPDATE call SET clean = true, gate = NULL WHERE id = 'call'", "RV002"),
    "exchange the vault's key": ("admin", "UPDATE vault_key SET wrapped = 'x', key_id = 'y', generation = 9", "RV002"),
    "lay a second way back": ("admin", "INSERT INTO vault_door VALUES (2, 's')", "RV002"),
    "destroy the pool's way back under an entry about a call": (
        "admin",
        "DELETE FROM vault_key WHERE id = 'pool';; " + chained("erased", "call").replace("{m_agent}", "{m_admin}"),
        "RV002",
    ),
    "drop what a transcriber types": ("admin", "DELETE FROM label_draft WHERE serving_id = 'theirs'", "RV002"),
    "change a transcriber's answer": ("admin", "UPDATE label SET text = 'x' WHERE serving_id = 'done'", "RV002"),
    "answer in a transcriber's name": (
        "admin",
        f"UPDATE serving SET state = 'labelled', {_END} WHERE id = 'theirs'",
        "RV002",
    ),
    "take a transcriber's clip": ("admin", f"UPDATE serving SET {_LEASE} WHERE id = 'theirs'", "RV002"),
    "drop what was heard": ("admin", "DELETE FROM serving WHERE id = 'done'", "nothing"),
    "bring a clip back as an admin": ("admin", "UPDATE clip SET state = 'live' WHERE id = 'c7'", "RV002"),
    "seal the pool's key to an agent": ("admin", "INSERT INTO pool_key VALUES (1, '{m_agent}', 's', now())", "RV002"),
}


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Team]:
    """Return a team with a member of each role."""
    server: Cluster = request.getfixturevalue("server")
    source: Path = request.getfixturevalue("_new_team_profile")
    with copied_profile(source, tmp_path_factory.mktemp("pool") / "profile", server) as profile:
        made = Team(profile)
        yield made
        made.close()


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack(team: Team, attack: str) -> None:
    who, what, answer = ATTACKS[attack]
    assert outcome(team.psql(who), what.format(**team.fixed.names)) == answer


@pytest.fixture
def database() -> str:
    """Say that the rest runs on a server."""
    return "server"


def _hear(clip: OpenClip | None) -> OpenClip:
    assert clip is not None
    return clip


def test_a_clip_that_one_reports_is_gone_from_every_line_and_every_desk(profile: Profile) -> None:
    pool = PoolOf(profile, transcribers=2)
    pool.pool.set_policy(second_percent=100)  # so that both hear the same clips
    pool.fill(segments=transcript(0)["segments"][:1])
    everybody = [Transcribing(profile.store, profile.first, lambda _: True), *map(pool.transcribing, range(2))]
    (first, _), (second, theirs) = [(desk, clip) for desk in everybody if (clip := desk.next()) is not None]
    second.save(theirs, "half", 4)
    ((reported,),) = profile.rows("SELECT clip_id FROM serving WHERE id = ?", theirs.serving.id)
    while True:
        clip = _hear(first.next())
        if profile.rows("SELECT clip_id FROM serving WHERE id = ?", clip.serving.id) == [(reported,)]:
            break
        first.skip(clip, SkipReason.TOO_NOISY, listened_ms=0)
    first.report(clip, listened_ms=100)
    assert not second.is_there(theirs)
    with pytest.raises(LeaseLostError):
        second.save(theirs, "more", 4)
    left = "SELECT count(*) FROM label_draft d JOIN serving s ON s.id = d.serving_id WHERE s.clip_id = ?"
    assert profile.rows(left, reported) == [(0,)]
    assert profile.rows("SELECT audio, state FROM clip WHERE id = ?", reported) == [(b"", "withdrawn")]
    assert profile.rows(
        "SELECT count(*) FROM serving WHERE clip_id = ? AND state IN ('ready', 'leased')", reported
    ) == [(0,)]


def test_an_answer_in_the_moment_of_a_withdrawal_leaves_nothing(profile: Profile) -> None:
    pool = PoolOf(profile).fill()
    desk = pool.transcribing()
    clip = _hear(desk.next())
    clip_id = ClipId(str(profile.rows("SELECT clip_id FROM serving WHERE id = ?", clip.serving.id)[0][0]))
    halfway, answered = threading.Event(), threading.Event()

    def withdraw() -> None:
        with profile.store_of(pool.admin).write(pool.admin) as tx:
            tx.change(_GONE, {"of_clip": clip_id})
            halfway.set()
            answered.wait(1)  # an answer that waits for this write does not come before its end
            clips.forget_texts(tx, clip_id)
            clips.take_from_lines(tx, clip_id)
            tx.record(Action.CLIPS_WITHDRAWN, clips=1, servings=1, why="gate")

    withdrawing = threading.Thread(target=withdraw)
    withdrawing.start()
    halfway.wait(10)
    with suppress(LeaseLostError):
        desk.save(clip, "a name", 6)
        desk.submit(clip, "a name", listened_ms=2_000)
    answered.set()
    withdrawing.join()
    about = "WHERE serving_id IN (SELECT id FROM serving WHERE clip_id = ?)"
    assert profile.rows(f"SELECT count(*) FROM label_draft {about}", clip_id) == [(0,)]
    assert profile.rows(f"SELECT count(*) FROM label {about} AND text IS NOT NULL", clip_id) == [(0,)]
    assert _hear(desk.next()).serving.id != clip.serving.id


def test_who_transcribes_no_more_hears_nothing_more(profile: Profile) -> None:
    pool = PoolOf(profile).fill()
    clip = _hear(pool.transcribing().next())
    profile.rows("UPDATE seat SET roles = '{agent}' WHERE member_id = ?", pool.transcribers[0].member.id)
    assert not pool.transcribing().is_there(clip)
    assert pool.transcribing().next() is None


def test_a_transcribers_login_that_is_removed_hears_nothing_more(profile: Profile) -> None:
    pool = PoolOf(profile).fill()
    clip = _hear(pool.transcribing().next())
    profile.rows("UPDATE seat SET removed_at = now() WHERE member_id = ?", pool.transcribers[0].member.id)
    assert not pool.transcribing().is_there(clip)
