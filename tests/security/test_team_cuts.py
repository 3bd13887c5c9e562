"""Links cut, processes killed, servers restarted and replaced in the middle of decisions: nothing lost or doubled.

The servers sync as a team's must; their files lie in memory, which outlives them as a disk does: the machine's own
power is not cut here. What is counted is where a fault fell: inside a decision is between the first
statement of its transaction and its commit; in its commit means that it was sent and never answered, so that the desk
could not know.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from reviewer.domain.errors import LeaseLostError, UnavailableError
from reviewer.services.ledger import Ledger, WitnessFile
from reviewer.storage import postgresql, team
from tests.conftest import copied_profile
from tests.e2e import children
from tests.factories import Profile, TeamDatabase, line
from tests.postgres import Cluster, running
from tests.security import cuts
from tests.security.cuts import Desk, Journal, Stage, faults

Count = Callable[[int, int], int]
Note = Callable[[str], None]

pytestmark = pytest.mark.timeout(14_400)

_DESKS = 4
_STOCK = 60
_SAFE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """Return a server with the settings that a team's must have."""
    with running(settings=_SAFE) as cluster:
        team.lay(cluster.engine(cluster.new_database("laid")))
        yield cluster


@pytest.fixture(scope="module")
def _new_team_profile(tmp_path_factory: pytest.TempPathFactory, server: Cluster) -> Path:
    """Return a new profile with its database on that server."""
    folder = tmp_path_factory.mktemp("new-team") / "profile"
    Profile(folder, TeamDatabase(server, server.new_database("founded", template="laid"))).close()
    return folder


@pytest.fixture
def database() -> str:
    """All of these are about a server."""
    return "server"


def _stock(profile: Profile) -> None:
    """Let enough items wait."""
    ((waiting,),) = profile.rows("SELECT count(*) FROM item WHERE waiting_on IS NOT NULL")
    while waiting < _STOCK:
        with suppress(UnavailableError):  # the first try after a restart
            profile.take(*(line() for _ in range(_STOCK)))
            return


@contextmanager
def _desks(profile: Profile, journals: Sequence[Journal], *, port: int | None = None) -> Iterator[list[Desk]]:
    """Return desks that work at once."""
    _stock(profile)
    desks = [Desk(profile, journal, number, port=port) for number, journal in enumerate(journals)]
    try:
        yield desks
    finally:
        for desk in desks:
            desk.close()


def _together(journals: Sequence[Journal]) -> Journal:
    whole = Journal()
    for each in journals:
        whole.meant |= each.meant
        whole.told |= each.told
        whole.hits += each.hits
        whole.unheard += each.unheard
    return whole


def _in_words(journal: Journal) -> str:
    hits = journal.hits
    return (
        f"{hits.total():,} hits: {hits[Stage.BEFORE]:,} before the transaction, {hits[Stage.INSIDE]:,} inside it,"
        f" {hits[Stage.COMMIT]:,} in its commit ({journal.unheard:,} of those had been committed);"
        f" {len(journal.told):,} decisions"
    )


def test_cut_links_and_ended_connections_lose_and_double_nothing(profile: Profile, count: Count, note: Note) -> None:
    wanted = count(40, 9_000)
    journals = [Journal() for _ in range(_DESKS)]

    def work(desk: Desk, journal: Journal) -> None:
        turn = 0
        while journal.hits.total() < wanted / _DESKS:
            turn += 1
            desk.decide(Desk.swallow_answer if turn % 5 == 0 else Desk.cut_at_random)

    with _desks(profile, journals) as desks, ThreadPoolExecutor(_DESKS) as pool:
        working = [pool.submit(work, *each) for each in zip(desks, journals, strict=True)]
        while not all(each.done() for each in working):
            _stock(profile)
            time.sleep(0.1)
        for each in working:
            each.result()
    journal = _together(journals)
    note(_in_words(journal))
    _sound(profile, journal)
    assert journal.hits[Stage.INSIDE] > wanted / 3
    assert 0 < journal.unheard <= journal.hits[Stage.COMMIT]


def test_killed_processes_lose_and_double_nothing(profile: Profile, tmp_path: Path, count: Count, note: Note) -> None:
    kills = count(3, 1_000)
    path, mark = tmp_path / "journal", tmp_path / "mark"
    hits = Journal().hits
    while hits.total() < kills:
        _stock(profile)
        mark.write_bytes(bytes([Stage.AFTER]))
        process = children.start(cuts.decide_until_killed, profile.folder, path, mark)
        _wait_until(lambda: mark.read_bytes()[0] in (Stage.INSIDE, Stage.COMMIT))
        time.sleep(random.random() * 0.03)
        children.kill(process)
        stage = Stage(mark.read_bytes()[0])
        if stage is not Stage.AFTER:
            hits[stage] += 1
        if path.exists() and not path.read_bytes().endswith(b"\n"):
            path.write_bytes(path.read_bytes() + b"\n")  # end the half line
    told = len(cuts.read_journal(path).told)
    last = children.start(cuts.finish, profile.folder, path)
    last.join()
    assert last.exitcode == 0
    journal = cuts.read_journal(path)
    journal.hits = hits
    note(_in_words(journal))
    _sound(profile, journal)
    assert told <= len(journal.told)
    assert hits[Stage.INSIDE] + hits[Stage.COMMIT] > kills / 2


def test_servers_that_are_restarted_at_once_lose_and_double_nothing(
    profile: Profile, server: Cluster, count: Count, note: Note
) -> None:
    restarts = count(2, 500)
    journal = _restarted(profile, server, restarts)
    note(f"{restarts:,} restarts, {_in_words(journal)}")
    _sound(profile, journal)
    assert journal.hits[Stage.INSIDE] + journal.hits[Stage.COMMIT] > 0


def test_the_same_check_finds_what_is_lost_where_commits_need_not_reach_the_disk(
    profile: Profile, server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgresql._SESSION, "synchronous_commit", "off")
    profile.rows("ALTER TABLE entry DISABLE TRIGGER whole")  # which would set it right again
    assert profile.team is not None
    found: list[str] = []
    for _ in range(10):
        found += faults(profile.team, _restarted(profile, server, 1, may_lose=True))
        if any(each.startswith("lost") for each in found):
            break
    assert any(each.startswith("lost") for each in found)


def test_a_standby_that_takes_over_has_every_decision(profile: Profile, server: Cluster, note: Note) -> None:
    assert profile.team is not None
    journals = [Journal() for _ in range(_DESKS)]
    over = threading.Event()

    def work(desk: Desk) -> None:
        while not over.is_set():
            desk.decide()

    with _standby(server) as standby, _desks(profile, journals) as desks, ThreadPoolExecutor(_DESKS) as pool:
        working = [pool.submit(work, desk) for desk in desks]
        _let_decide(journals, 10)
        _wait_until(lambda: any(desk.is_inside for desk in desks))
        server.stop()
        told = sum(len(each.told) for each in journals)
        standby.run("SELECT pg_promote()")
        for desk in desks:
            desk.link.lead_to(standby.port)
        _let_decide(journals, 4)
        over.set()
        for each in working:
            each.result()
        journal = _together(journals)
        note(f"one failover after {told:,} decisions, {_in_words(journal)}")
        assert faults(TeamDatabase(standby, profile.team.name), journal) == []
        assert journal.meant.keys() == journal.told.keys()
        assert len(journal.told) > told > 0


_TAMPERED = {
    "lost": "DELETE FROM decision WHERE id = (SELECT min(id) FROM decision)",
    "doubled": 'INSERT INTO decision SELECT (jsonb_populate_record(d, \'{"id": "x", "idempotency_key": "y",'
    ' "state": "withdrawn"}\')).* FROM decision d LIMIT 1',
    "not asked for": "UPDATE decision SET idempotency_key = 'x' WHERE id = (SELECT min(id) FROM decision)",
    "of another item": "UPDATE decision SET item_id = (SELECT max(id) FROM item WHERE state = 'waiting')"
    " WHERE id = (SELECT min(id) FROM decision)",
    "orphaned request": "DELETE FROM decision WHERE id = (SELECT max(id) FROM decision)",
    "decision without its request": "DELETE FROM outbox WHERE decision_id = (SELECT min(id) FROM decision)",
    "decision without its entry": "DELETE FROM entry WHERE action = 'decided'",
    "entry without its decision": "DELETE FROM decision",
    "decision without its state": "UPDATE item SET fence = fence + 1",
    "state without its decision": "UPDATE item SET state = 'held', waiting_on = NULL WHERE state = 'waiting'",
}


@pytest.mark.parametrize("fault", _TAMPERED)
def test_the_check_finds_what_was_done_by_hand(decided: tuple[TeamDatabase, Journal], fault: str) -> None:
    database, journal = decided
    assert faults(database, journal) == []
    database.cluster.run("BEGIN", database.name)
    database.cluster.run(_TAMPERED[fault], database.name)
    found = faults(database, journal)
    database.cluster.run("ROLLBACK", database.name)
    assert any(each.startswith(f"{fault}: ") for each in found), found


@pytest.fixture(scope="module")
def decided(
    tmp_path_factory: pytest.TempPathFactory, server: Cluster, _new_team_profile: Path
) -> Iterator[tuple[TeamDatabase, Journal]]:
    """Return a team's database in which two decisions were made."""
    with copied_profile(_new_team_profile, tmp_path_factory.mktemp("decided") / "profile", server) as profile:
        journal = Journal()
        with _desks(profile, [journal]) as (desk,):
            desk.decide()
            desk.decide()
        assert profile.team is not None
        yield profile.team, journal


def _restarted(profile: Profile, server: Cluster, restarts: int, *, may_lose: bool = False) -> Journal:
    """Let desks decide while the server is ended without any good-bye and started again, so many times."""
    journals = [Journal() for _ in range(_DESKS)]
    over = threading.Event()

    def work(desk: Desk) -> None:
        while not over.is_set():
            try:
                desk.decide()
            except LeaseLostError:
                if not may_lose:
                    raise

    with _desks(profile, journals) as desks, ThreadPoolExecutor(_DESKS) as pool:
        working = [pool.submit(work, desk) for desk in desks]
        for _ in range(restarts):
            _stock(profile)
            _let_decide(journals, 1)
            _wait_until(lambda: any(desk.is_inside for desk in desks))
            time.sleep(random.random() * 0.02)
            server.stop()
            server.start()
        over.set()
        for each in working:
            each.result()
    return _together(journals)


@contextmanager
def _standby(server: Cluster) -> Iterator[Cluster]:
    """Return a standby that every commit waits for; the server is started again afterwards, by itself."""
    standby = Cluster(standby_of=server, settings=_SAFE | {"synchronous_standby_names": "''"})
    try:
        standby.start()
        server.run("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        server.run("SELECT pg_reload_conf()")
        _wait_until(lambda: server.run("SELECT sync_state FROM pg_stat_replication") == [("sync",)])
        yield standby
    finally:
        standby.remove()
        server.stop()
        server.start()
        server.run("ALTER SYSTEM RESET synchronous_standby_names")
        server.run("SELECT pg_reload_conf()")


def _sound(profile: Profile, journal: Journal) -> None:
    """See that what desks were told is what there is, and that the ledger holds together."""
    assert profile.team is not None
    assert faults(profile.team, journal) == []
    assert journal.meant.keys() == journal.told.keys()
    with closing(profile.open_store()) as store:
        ledger = Ledger(store.as_member(profile.store.keys), profile.first, WitnessFile(profile.folder / "again"), None)
        assert ledger.verify().ok


def _let_decide(journals: Sequence[Journal], number: int) -> None:
    before = sum(len(each.told) for each in journals)
    _wait_until(lambda: sum(len(each.told) for each in journals) >= before + number)


def _wait_until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.001)
