"""The background rounds: what is due happens once, whoever runs them and wherever they are cut off."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from reviewer.channels.folder import FolderTransport
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import UnavailableError
from reviewer.domain.members import Role
from reviewer.services import work as rounds
from reviewer.services.work import RoundReport
from reviewer.storage import leases, outbox, schema
from tests.factories import JUDGEMENTS, Profile, line, new_key


class _Killed(BaseException):
    """Stands for the end of the process."""


class _Flaky:
    """A transport that behaves as each call is told to, and remembers what it was given."""

    def __init__(self, folder: Path, *faults: str) -> None:
        self._real = FolderTransport(folder)
        self._faults = list(faults)
        self.calls: list[tuple[str, str, bytes]] = []

    def send(self, destination: str, key: str, request: bytes) -> str:
        self.calls.append((destination, key, request))
        fault = self._faults.pop(0) if self._faults else ""
        if fault == "unavailable":
            raise UnavailableError("The folder 'sent' cannot be written: no space left on device.")
        if fault == "killed before":
            raise _Killed
        receipt = self._real.send(destination, key, request)
        if fault == "killed after":
            raise _Killed
        return receipt

    def forget(self, destination: str, key: str) -> None:
        self._real.forget(destination, key)


def _decide(profile: Profile, verdict: Verdict = Verdict.APPROVE, **changed: Any) -> str:
    """Import an item, decide it, let its hold end, and return its id."""
    item_id = profile.put(**changed)
    claimed = profile.services().queue.claim(item_id)
    assert claimed is not None
    profile.services().review.decide(claimed.lease, JUDGEMENTS[verdict], key=new_key())
    profile.let_holds_end()
    return item_id


def _outbox(profile: Profile) -> list[tuple[Any, ...]]:
    return profile.rows("SELECT state, attempts FROM outbox ORDER BY due_at")


# ---- Settling and dispatch


@pytest.mark.parametrize("verdict", JUDGEMENTS)
def test_after_its_hold_a_decision_takes_effect_once(profile: Profile, verdict: Verdict) -> None:
    item_id = _decide(profile, verdict)
    leaves = verdict.releases or verdict.returns
    work = profile.services().work
    assert work.round() == RoundReport(settled=1, sent=int(leaves))
    assert work.round() == RoundReport()
    after = {Verdict.ESCALATE: "escalated", Verdict.SKIP: "skipped"}.get(verdict, "decided")
    assert profile.state(item_id) == after
    assert profile.rows("SELECT state FROM decision") == [("settled",)]
    assert len(profile.files("sent")) == int(verdict.releases)
    assert len(profile.files("returned")) == int(verdict.returns)
    ending = ["settled", "sending", "sent"] if leaves else ["settled"]
    assert profile.events(item_id)[4:] == ending


def test_a_final_leaves_byte_for_byte_as_decided(profile: Profile) -> None:
    text = "Line one\r\nline two\n\n\ttab שלום\u200f č€ 😀  "
    item_id = profile.put(recipient="+12025550107")
    services = profile.services()
    claimed = services.queue.claim(item_id)
    assert claimed is not None
    decision = services.review.decide(claimed.lease, Judgement(Verdict.APPROVE, text), key=new_key()).decision
    (frozen,) = profile.requests().values()
    profile.let_holds_end()
    services.work.round()
    assert profile.files() == {f"{decision.id}.json": frozen}
    assert json.loads(frozen)["final"] == text


def test_during_its_hold_nothing_leaves(profile: Profile) -> None:
    claimed = profile.services().queue.claim(profile.put())
    assert claimed is not None
    profile.services().review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=new_key())
    assert profile.services().work.round() == RoundReport()
    assert profile.files() == {}
    assert profile.state(claimed.item.id) == "held"


def test_a_round_that_finds_nothing_writes_nothing(profile: Profile) -> None:
    profile.put()
    before = profile.rows("SELECT * FROM entry")
    assert profile.services().work.round() == RoundReport()
    assert not profile.services().work.round().anything
    assert profile.rows("SELECT * FROM entry") == before


def test_what_is_due_in_the_outbox_but_not_settled_cannot_leave(profile: Profile) -> None:
    _decide(profile)
    profile.rows("UPDATE decision SET hold_until = hold_until + 864000000")
    assert profile.services().work.round() == RoundReport()
    assert profile.files() == {}


def test_many_finals_leave_in_one_round_each_in_its_own_file(profile: Profile) -> None:
    said = [f"Message {number}" for number in range(40)]
    profile.take(*(line(draft=text, source=[{"speaker": "Customer", "text": text}]) for text in said))
    services = profile.services()
    while (claimed := services.queue.claim()) is not None:
        services.review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=new_key())
    profile.let_holds_end()
    assert services.work.round() == RoundReport(settled=40, sent=40)
    finals = [json.loads(text)["final"] for text in profile.files().values()]
    assert sorted(finals) == sorted(f"Message {number}" for number in range(40))


# ---- Failing


def test_a_failing_folder_is_retried_until_it_works(profile: Profile) -> None:
    item_id = _decide(profile)
    flaky = _Flaky(profile.folder, "unavailable", "unavailable")
    work = profile.services(transport=flaky).work
    assert work.round() == RoundReport(settled=1, failed=1)
    assert work.round() == RoundReport()  # not before its time
    profile.let_retries_come()
    assert work.round() == RoundReport(failed=1)
    profile.let_retries_come()
    assert work.round() == RoundReport(sent=1)
    assert len(set(flaky.calls)) == 1  # the same key, the same bytes
    assert len(profile.files()) == 1
    assert profile.events(item_id)[5:] == ["sending", "send_failed", "sending", "send_failed", "sending", "sent"]
    assert profile.rows("SELECT state, attempts, problem FROM outbox") == [("sent", 3, None)]


def test_a_file_where_the_folder_should_be_fails_with_a_reason_and_recovers(profile: Profile) -> None:
    _decide(profile)
    (profile.folder / "sent").write_text("in the way")
    work = profile.services().work
    assert work.round().failed == 1
    ((problem,),) = profile.rows("SELECT problem FROM outbox")
    assert "cannot be written" in problem
    (profile.folder / "sent").unlink()
    profile.let_retries_come()
    assert work.round().sent == 1


@pytest.mark.parametrize(("attempts", "wait_s"), [(0, 2), (1, 4), (5, 64), (20, 600), (60, 600), (5_000, 600)])
def test_the_wait_between_tries_doubles_up_to_ten_minutes(profile: Profile, attempts: int, wait_s: int) -> None:
    _decide(profile)
    profile.rows("UPDATE outbox SET attempts = ?", attempts)
    profile.services(transport=_Flaky(profile.folder, "unavailable")).work.round()
    with profile.store.read() as tx:
        waits = tx.run(select(schema.outbox.c.due_at)).scalar_one() - tx.now()
    assert timedelta(0) <= timedelta(seconds=wait_s) - waits < timedelta(seconds=2)


def test_one_failing_request_does_not_hold_up_the_others(profile: Profile) -> None:
    for number in range(3):
        _decide(profile, id=str(number))
    assert profile.services(transport=_Flaky(profile.folder, "unavailable")).work.round() == RoundReport(
        settled=3, sent=2, failed=1
    )


# ---- Being killed


@pytest.mark.parametrize("moment", ["killed before", "killed after"])
def test_a_kill_between_the_file_and_the_mark_sends_exactly_once(profile: Profile, moment: str) -> None:
    _decide(profile)
    with pytest.raises(_Killed):
        profile.services(transport=_Flaky(profile.folder, moment)).work.round()
    first = {path: path.stat().st_ino for path in profile.folder.glob("sent/*")}
    assert len(first) == (moment == "killed after")
    assert _outbox(profile) == [("sending", 1)]
    work = profile.services().work
    assert work.round() == RoundReport()  # the killed one might still be at it
    profile.let_retries_come()
    assert work.round() == RoundReport(sent=1)
    assert _outbox(profile) == [("sent", 2)]
    files = {path: path.stat().st_ino for path in profile.folder.glob("sent/*")}
    assert len(files) == 1
    assert first.items() <= files.items()  # not written a second time


def test_a_part_left_behind_by_a_kill_is_swept_up_by_the_retry(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise _Killed

    _decide(profile)
    with monkeypatch.context() as dying:
        dying.setattr(Path, "replace", killed)
        with pytest.raises(_Killed):
            profile.services().work.round()
    assert len(list((profile.folder / ".outgoing").iterdir())) == 1
    assert profile.files() == {}
    profile.let_retries_come()
    assert profile.services().work.round().sent == 1
    assert list((profile.folder / ".outgoing").iterdir()) == []
    assert len(profile.files()) == 1


# ---- Several workers


def test_a_worker_that_comes_too_late_finds_nothing_and_goes_on(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    _decide(profile)
    other, looks = profile.services().work, []
    real: Callable[..., bool] = outbox.anything_due

    def overtaken(tx: Any) -> bool:
        due = real(tx)
        looks.append(due)
        if len(looks) == 1:
            other.round()
        return due

    monkeypatch.setattr(outbox, "anything_due", overtaken)
    assert profile.services().work.round() == RoundReport(settled=1)
    assert looks[0] is True
    assert _outbox(profile) == [("sent", 1)]


def test_workers_at_the_same_time_share_the_work_and_send_each_final_once(profile: Profile) -> None:
    profile.take(*(line() for _ in range(60)))
    services = profile.services()
    while (claimed := services.queue.claim()) is not None:
        services.review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=new_key())
    profile.let_holds_end()
    transports = [_Flaky(profile.folder) for _ in range(4)]
    reports: list[RoundReport] = []

    def work(transport: _Flaky) -> None:
        reports.append(profile.services(transport=transport).work.round())

    threads = [threading.Thread(target=work, args=(transport,)) for transport in transports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == 4  # none of them failed
    keys = [key for transport in transports for _, key, _ in transport.calls]
    assert len(keys) == len(set(keys)) == 60 == len(profile.files())
    assert sum(report.settled for report in reports) == sum(report.sent for report in reports) == 60


# ---- Leases, skips and due times


def test_a_mountain_of_due_items_is_taken_down_in_batches(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    profile.take(*(line(id=f"{number}") for number in range(10)))
    profile.rows("UPDATE item SET due_at = 0")
    services, commits = profile.services(), []
    real = leases.overdue

    def counting(tx: Any, limit: int) -> Any:
        late = real(tx, limit)
        commits.append(len(late))
        return late

    monkeypatch.setattr(rounds, "_BATCH", 4)
    monkeypatch.setattr(leases, "overdue", counting)
    assert services.work.round() == RoundReport(escalated=10)
    assert commits == [4, 4, 2]
    assert profile.rows("SELECT count(*) FROM item WHERE state = 'escalated'") == [(10,)]


def test_an_expired_lease_goes_back_to_wait(profile: Profile) -> None:
    item_id = profile.put()
    profile.services().queue.claim()
    profile.let_leases_lapse()
    assert profile.services().work.round() == RoundReport(expired=1)
    assert profile.state(item_id) == "waiting"


def test_a_skipped_item_rests_and_comes_back(profile: Profile) -> None:
    item_id = _decide(profile, Verdict.SKIP)
    work = profile.services().work
    work.round()
    assert profile.services().queue.claim() is None
    assert work.round() == RoundReport()
    profile.let_skips_end()
    assert work.round() == RoundReport(woken=1)
    claimed = profile.services().queue.claim()
    assert claimed is not None
    assert claimed.item.id == item_id
    assert claimed.item.passed_on == (("First", "skip", "Waiting for a call back."),)


def test_an_overdue_item_escalates_and_is_never_approved_by_itself(profile: Profile) -> None:
    item_id = profile.put(due_at=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    assert profile.services().work.round() == RoundReport()
    profile.make_late(item_id)
    assert profile.services().work.round() == RoundReport(escalated=1)
    assert profile.services().work.round() == RoundReport()
    assert profile.state(item_id) == "escalated"
    assert profile.services(profile.actor(Role.AGENT)).queue.claim() is None
    claimed = profile.services(profile.actor(Role.SUPERVISOR)).queue.claim()
    assert claimed is not None
    assert claimed.item.escalated
    assert profile.rows("SELECT * FROM decision") == []
    assert profile.files() == {}


def test_an_item_in_work_is_not_taken_away_at_its_due_time(profile: Profile) -> None:
    item_id = profile.put(due_at=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    profile.services().queue.claim()
    profile.make_late(item_id)
    assert profile.services().work.round() == RoundReport()
    profile.let_leases_lapse()
    assert profile.services().work.round() == RoundReport(expired=1, escalated=1)


def test_an_expired_and_overdue_item_escalates_in_the_same_round(profile: Profile) -> None:
    item_id = profile.put(due_at="2001-01-01T00:00:00Z")
    assert profile.services().work.round() == RoundReport(escalated=1)
    assert profile.state(item_id) == "escalated"


# ---- Escalation


def test_an_escalated_item_waits_for_a_supervisor_with_all_that_was_written(profile: Profile) -> None:
    item_id = profile.put()
    services = profile.services(profile.actor(Role.AGENT))
    claimed = services.queue.claim()
    assert claimed is not None
    judgement = Judgement(Verdict.ESCALATE, "Half an answer", note="Is this ours?")
    services.review.decide(claimed.lease, judgement, key=new_key())
    profile.let_holds_end()
    services.work.round()
    assert services.queue.claim() is None
    opened = profile.services(profile.actor(Role.SUPERVISOR)).queue.claim()
    assert opened is not None
    assert opened.item.id == item_id
    assert opened.item.escalated
    assert [opinion.text for opinion in opened.item.second_opinions] == ["Half an answer"]
    assert [(verdict, note) for _, verdict, note in opened.item.passed_on] == [("escalate", "Is this ours?")]


@pytest.mark.parametrize("way", ["released", "expired", "skipped"])
def test_an_escalated_item_that_a_supervisor_leaves_stays_escalated(profile: Profile, way: str) -> None:
    item_id = _decide(profile, Verdict.ESCALATE)
    supervisor = profile.services(profile.actor(Role.SUPERVISOR))
    supervisor.work.round()
    claimed = supervisor.queue.claim()
    assert claimed is not None
    if way == "released":
        supervisor.queue.release(item_id, claimed.lease.id)
    elif way == "expired":
        profile.let_leases_lapse()
        supervisor.work.round()
    else:
        supervisor.review.decide(claimed.lease, JUDGEMENTS[Verdict.SKIP], key=new_key())
        profile.let_holds_end()
        supervisor.work.round()
        profile.let_skips_end()
        supervisor.work.round()
    assert profile.state(item_id) == "escalated"
    assert profile.services(profile.actor(Role.AGENT)).queue.claim() is None
    again = supervisor.queue.claim()
    assert again is not None
    assert again.item.id == item_id


def test_a_supervisor_who_is_a_reviewer_too_can_approve_what_was_escalated(profile: Profile) -> None:
    item_id = _decide(profile, Verdict.ESCALATE)
    services = profile.services()
    services.work.round()
    claimed = services.queue.claim()
    assert claimed is not None
    services.review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=new_key())
    profile.let_holds_end()
    assert services.work.round() == RoundReport(settled=1, sent=1)
    assert profile.state(item_id) == "decided"


def test_nothing_is_lost_in_any_state(profile: Profile) -> None:
    profile.take(*(line(id=f"{number}") for number in range(12)))
    services = profile.services()
    for verdict in JUDGEMENTS:
        claimed = services.queue.claim()
        assert claimed is not None
        services.review.decide(claimed.lease, JUDGEMENTS[verdict], key=new_key())
    profile.let_holds_end()
    services.work.round()
    services.queue.claim(profile.rows("SELECT id FROM item WHERE state = 'waiting'")[0][0])
    states = dict(profile.rows("SELECT state, count(*) FROM item GROUP BY state"))
    assert states == {"decided": 4, "escalated": 1, "skipped": 1, "leased": 1, "waiting": 5}
    profile.let_leases_lapse()
    profile.let_skips_end()
    services.work.round()
    waiting = services.queue.overview().waiting
    assert len(waiting) == 12 - 4  # all but those approved twice, rejected and responded to
