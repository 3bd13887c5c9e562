"""`reviewer work` on several machines at one database, killed at any moment: each finishes what another left."""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from reviewer.crypto import KeyFile
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.members import DeskId, Role
from reviewer.services.access import Access
from reviewer.services.team import Team
from reviewer.services.work import RoundReport
from reviewer.settings import SettingsFile
from reviewer.storage.store import Unrecorded
from tests.e2e import children
from tests.factories import Profile, line, new_key

Count = Callable[[int, int], int]

pytestmark = pytest.mark.timeout(7_200)

_ROLES = frozenset(Role) - {Role.ADMIN}


@pytest.fixture
def database() -> str:
    """All of these are about a server."""
    return "server"


def _host(profile: Profile, folder: Path, destination: Path) -> Path:
    """Return the profile of another member on another machine; where finals and reports go is shared by all."""
    assert profile.team is not None
    folder.mkdir(mode=0o700)
    address = profile.team.address(folder.name)
    SettingsFile(folder / "settings.toml").change(database=address.text)
    access = Access(folder, KeyFile(folder / "keys"), DeskId(folder.name), team=address)
    asked = access.join(folder.name, profile.team.invite(folder.name))
    Team(profile.store, profile.first).confirm(folder.name, asked.fingerprint, _ROLES)
    for name in ("sent", "returned"):
        (destination / name).mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(destination / name)
    return folder


def _decide(profile: Profile, number: int) -> None:
    """Let requests wait whose hold is over; none of them has a final, which the analyst would be asked about."""
    profile.take(*(line() for _ in range(number)))
    profile.rows("DELETE FROM unanalysed")
    services = profile.services()
    while (claimed := services.queue.claim()) is not None:
        services.review.decide(claimed.lease, Judgement(Verdict.REJECT, reason="tone"), key=new_key())
    profile.let_holds_end()


def test_machines_whose_workers_are_killed_finish_what_each_other_left(
    profile: Profile, tmp_path: Path, count: Count, note: Callable[[str], None]
) -> None:
    kills = count(3, 300)
    destination = tmp_path / "destination"
    hosts = [_host(profile, tmp_path / f"host{number}", destination) for number in range(3)]
    with ExitStack() as stack:
        running = [stack.enter_context(children.running(children.work_on, host)) for host in hosts[:2]]
        for number in range(kills):
            if len(profile.rows("SELECT FROM outbox WHERE state <> 'sent' LIMIT 8")) < 8:
                _decide(profile, 16)
            _wait_for_a_try(profile)
            time.sleep(random.random() * 0.1)
            victim = number % 2
            children.kill(running[victim])
            profile.let_retries_come()
            running[victim] = stack.enter_context(children.running(children.work_on, hosts[victim]))
        profile.let_retries_come()
        stack.enter_context(children.running(children.work_on, hosts[2]))
        _wait_until(lambda: not profile.rows("SELECT FROM outbox WHERE state <> 'sent'"))
    sent = {path.stem: path.read_bytes() for path in (destination / "returned").iterdir()}
    assert sent == profile.requests()
    assert profile.rows("SELECT DISTINCT state FROM item") == [("decided",)]
    actions: dict[str, Counter[str]] = defaultdict(Counter)
    tried_by: dict[str, set[str]] = defaultdict(set)
    for action, actor, item_id in profile.rows("SELECT action, actor, item_id FROM entry WHERE item_id IS NOT NULL"):
        actions[item_id][action] += 1
        if action == "sending":
            tried_by[item_id].add(actor)
    assert {(each["settled"], each["sent"]) for each in actions.values()} == {(1, 1)}
    shared = sum(len(actors) > 1 for actors in tried_by.values())
    note(f"{len(sent):,} requests sent once each, {shared:,} begun on one machine and finished on another")
    if kills > 10:  # of a few requests the first machine may have sent all
        assert len(set().union(*tried_by.values())) > 1
    assert profile.services().ledger.verify().ok


def test_what_is_due_is_done_by_one_at_a_time_and_by_all_where_somebody_keeps_the_turn(profile: Profile) -> None:
    profile.put()
    other = profile.actor()
    profile.services().queue.claim()
    profile.let_leases_lapse()
    work = profile.services(other).work
    with profile.store.write(profile.first) as tx:
        tx.leave_unrecorded(Unrecorded.NOTHING)
        assert tx.take_turn(f"rounds of {profile.first.member.workspace_id}")
        assert [work.round() for _ in range(10)] == [RoundReport()] * 10
        assert work.round() == RoundReport(expired=1)
    profile.services().queue.claim()
    profile.let_leases_lapse()
    assert work.round() == RoundReport(expired=1)


def test_workers_of_many_members_at_once_settle_and_send_each_decision_once(profile: Profile) -> None:
    _decide(profile, 12)
    actors = [profile.actor() for _ in range(3)]
    reports: list[RoundReport] = []

    def work(number: int) -> None:
        services = profile.services(actors[number])
        for _ in range(3):
            reports.append(services.work.round())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(actors))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(reports, RoundReport()) == RoundReport(settled=12, sent=12)
    assert len(profile.files("returned")) == 12


def _wait_for_a_try(profile: Profile) -> None:
    tries = "SELECT sum(attempts) FROM outbox"
    before = profile.rows(tries)
    _wait_until(lambda: profile.rows(tries) != before)


def _wait_until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.002)
