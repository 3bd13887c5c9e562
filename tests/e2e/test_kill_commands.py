"""Kills at random moments, and two processes at one queue: nothing lost, nothing doubled, nothing half."""

import json
import secrets
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from reviewer.domain.decisions import Judgement, Verdict
from tests.e2e import children
from tests.factories import Profile, every_override, line, new_key

Count = Callable[[int, int], int]

pytestmark = pytest.mark.timeout(3_600)


def _fill(profile: Profile, number: int) -> None:
    for rule in every_override():  # texts at random would be held back
        profile.services().policy.switch("sms", rule, on=False)
    profile.take(*(line(draft=f"Message {each}: добар дан.") for each in range(number)))
    profile.services().analysis.round()


def _decide_everything(profile: Profile) -> None:
    services = profile.services()
    while (claimed := services.queue.claim()) is not None:
        text = f"{claimed.item.draft}\r\n{secrets.token_hex(secrets.randbelow(20_000))}"
        services.review.decide(claimed.lease, Judgement(Verdict.APPROVE, text), key=new_key())


def _let_work(progress: Callable[[], object]) -> None:
    """Let the other process come to a moment that nobody chose; one time in four before it has done anything."""
    before, deadline = progress(), time.monotonic() + 60
    if secrets.randbelow(4):
        while progress() == before and time.monotonic() < deadline:
            time.sleep(0.005)
    time.sleep(secrets.randbelow(800_000) / 1_000_000)  # a final passes the gate before it leaves


def _requests(profile: Profile) -> dict[str, bytes]:
    return {f"{decision}.json": request for decision, request in profile.requests().items()}


def _assert_sound(profile: Profile) -> None:
    assert profile.rows("PRAGMA integrity_check") == [("ok",)]
    assert profile.rows("PRAGMA foreign_key_check") == []
    assert profile.rows("SELECT item_id FROM decision GROUP BY item_id HAVING count(*) > 1") == []
    decided = "SELECT count(*) FROM entry WHERE action = 'decided'"
    assert profile.rows(decided) == profile.rows("SELECT count(*) FROM decision")
    assert profile.services().ledger.verify().ok


def test_killing_the_worker_loses_doubles_and_halves_no_final(profile: Profile, count: Count) -> None:
    kills = count(20, 500)
    seen: dict[Path, tuple[int, int]] = {}
    for _ in range(kills):
        if len(profile.rows("SELECT 1 FROM outbox WHERE state != 'sent' LIMIT 20")) < 20:
            _fill(profile, 100)
            _decide_everything(profile)
            profile.let_holds_end()
        worker = children.start(children.work_on, profile.folder)
        _let_work(lambda: profile.rows("SELECT sum(attempts) FROM outbox"))
        children.kill(worker)
        wanted = _requests(profile)
        for path in (profile.folder / "sent").glob("*"):
            stat = path.stat()
            if path not in seen:
                assert path.read_bytes() == wanted[path.name]
            assert seen.setdefault(path, (stat.st_ino, stat.st_mtime_ns)) == (stat.st_ino, stat.st_mtime_ns)
        profile.let_retries_come()
    profile.services().work.round()
    assert profile.files() == _requests(profile)
    assert len(profile.files()) == profile.rows("SELECT count(*) FROM item")[0][0]
    assert list((profile.folder / ".outgoing").iterdir()) == []
    assert profile.rows("SELECT DISTINCT state FROM outbox") == [("sent",)]
    assert profile.rows("SELECT DISTINCT state FROM item") == [("decided",)]
    assert len(seen) > kills / 4  # the kills fell among real work
    _assert_sound(profile)


def test_killing_a_desk_that_decides_loses_and_doubles_no_decision(
    profile: Profile, tmp_path: Path, count: Count
) -> None:
    kills = count(20, 500)
    (profile.folder / "settings.toml").write_text("[hold]\nsms = 0\n")
    journal = tmp_path / "journal"
    with children.running(children.work_on, profile.folder):  # settles and sends meanwhile
        for _ in range(kills):
            if len(profile.rows("SELECT 1 FROM item WHERE state = 'waiting' LIMIT 80")) < 80:
                _fill(profile, 200)
            desk = children.start(children.decide_all, profile.folder, journal)
            _let_work(lambda: journal.stat().st_size if journal.exists() else 0)
            children.kill(desk)
            if journal.exists() and not journal.read_bytes().endswith(b"\n"):
                journal.write_bytes(journal.read_bytes() + b"\n")  # end the half line
    decided_before = profile.rows("SELECT count(*) FROM decision")[0][0]
    last = children.start(children.decide_all, profile.folder, journal)
    last.join()
    assert last.exitcode == 0
    profile.let_retries_come()
    profile.services().work.round()

    entries = children.read_journal(journal)
    meant = {entry["key"]: entry for entry in entries if "text" in entry}
    answered = {entry["key"]: entry["decision"] for entry in entries if "decision" in entry}
    stored = dict(profile.rows("SELECT idempotency_key, id FROM decision"))
    assert answered == stored  # none lost that was answered, none answered twice, none that nobody meant
    assert meant.keys() == stored.keys()
    finals = {name: json.loads(text) for name, text in profile.files().items()}
    assert {final["decision"]: final["final"] for final in finals.values()} == {
        decision: meant[key]["text"] for key, decision in stored.items()
    }
    assert profile.files() == _requests(profile)
    assert profile.rows("SELECT state, count(*) FROM item GROUP BY state") == [("decided", len(stored))]
    assert decided_before > kills / 4  # the kills fell among real work
    _assert_sound(profile)


def test_two_claimers_in_a_loop_never_hold_the_same_item(profile: Profile, tmp_path: Path, count: Count) -> None:
    claims = count(300, 10_000)
    _fill(profile, claims // 3 + 10)
    (marks := tmp_path / "marks").mkdir()
    reports = [tmp_path / "first.json", tmp_path / "second.json"]
    claimers = [children.start(children.claim_many, profile.folder, marks, report, claims // 2) for report in reports]
    for claimer in claimers:
        claimer.join()
    assert [claimer.exitcode for claimer in claimers] == [0, 0]
    first, second = ([tuple(claim) for claim in json.loads(report.read_text())] for report in reports)
    assert len(first) + len(second) == claims
    assert not set(first) & set(second)  # no fence was given out twice
    fences = Counter(item_id for item_id, _ in first + second)
    assert fences == dict(profile.rows("SELECT id, fence FROM item WHERE fence > 0"))  # and none is missing
    assert {item_id for item_id, _ in first} & {item_id for item_id, _ in second}  # they did meet
    assert profile.rows("SELECT count(*) FROM decision") == [(2 * (claims // 2 // 3),)]
    _assert_sound(profile)
