"""What is only so on a team's database: how a desk connects, and what many writers at once do to each other."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import LedgerBrokenError, UnavailableError, UsageError
from reviewer.domain.events import Action
from reviewer.domain.items import ItemId
from reviewer.storage import Address, Store, entries, migrations, team
from reviewer.storage.team import gauge
from tests.factories import Profile, TeamDatabase, new_key
from tests.postgres import PASSWORD, Cluster, make_certificates


@pytest.fixture
def database() -> str:
    """All of these are about a server."""
    return "server"


@pytest.fixture
def address(server: Cluster) -> Address:
    """Return where a database that is set up lies, for its administrator."""
    return Address.read(server.address("laid"))


def _open(address: Address, password: str = PASSWORD) -> None:
    Store.open_team(address, password).close()


# ---- Connecting


def test_the_connection_is_of_tls_1_3_and_bound_to_its_channel(profile: Profile) -> None:
    with profile.store.read() as tx:
        raw = tx._connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        told = raw.info.get_parameters()
        used = raw.execute("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
    assert used == ("TLSv1.3",)
    wanted = {"sslmode": "verify-full", "channel_binding": "require", "require_auth": "scram-sha-256"}
    assert {name: told[name] for name in wanted} == wanted


def test_a_server_of_another_authority_is_refused(address: Address, tmp_path: Path) -> None:
    other = make_certificates(tmp_path, "strangers")
    strange = Address.read(address.text.replace(dict(address.files)["sslrootcert"], str(other.authority)))
    with pytest.raises(UnavailableError, match="certificate verify failed"):
        _open(strange)


def test_a_server_with_a_certificate_for_another_host_is_refused(address: Address) -> None:
    with pytest.raises(UnavailableError, match="does not match host"):
        _open(Address.read(address.text.replace("127.0.0.1", "localhost")))


def test_a_wrong_password_is_refused_and_not_repeated(address: Address) -> None:
    with pytest.raises(UnavailableError) as raised:
        _open(address, "hunter2hunter2")
    assert "authentication failed" in raised.value.message
    assert "hunter2" not in raised.value.message


def test_the_environment_weakens_nothing(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    weak = {"PGOPTIONS": "-c synchronous_commit=off", "PGSSLMODE": "disable", "PGSSLROOTCERT": "/nowhere"}
    for name, value in weak.items():
        monkeypatch.setenv(name, value)
    store = Store.open_team(address, PASSWORD)
    with store.read() as tx:
        raw = tx._connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    store.close()
    assert raw == "on"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("postgresql://ana:secret@db.example/team", "password"),
        ("postgresql://db.example/team", "must read"),
        ("mysql://ana@db.example/team", "must read"),
        ("postgresql://ana@db.example/", "name the database"),
        ("postgresql://ana@db.example/team?sslmode=disable", "sslmode"),
        ("postgresql://ana@db.example:port/team", "cannot be read"),
        ("postgresql://ana@db.example/team?options=-c%20a=b", "options"),
    ],
)
def test_an_address_that_is_wrong_or_would_weaken_the_connection_is_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        Address.read(text)
    assert "secret" not in raised.value.message


@pytest.mark.parametrize("text", ["postgresql://a%40b@[::1]:5433/te%20am?sslrootcert=/x/a%20b.crt"])
def test_an_address_reads_as_it_is_written(text: str) -> None:
    read = Address.read(text)
    assert (read.login, read.host, read.port, read.database) == ("a@b", "::1", 5433, "te am")
    assert Address.read(read.text) == read


def test_a_database_that_nobody_set_up_is_refused(server: Cluster) -> None:
    name = server.new_database()
    with pytest.raises(UnavailableError, match="team init"):
        _open(Address.read(server.address(name)))
    server.drop_database(name)


def test_laying_twice_changes_nothing(server: Cluster) -> None:
    name = server.new_database(template="laid")
    catalogue = "SELECT relname, relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    before = server.run(catalogue, name)
    team.lay(server.engine(name))
    assert server.run(catalogue, name) == before
    assert server.run("SELECT version_num FROM alembic_version", name) == [(migrations.HEAD,)]
    server.drop_database(name)


def test_the_tests_own_server_also_starts_as_a_normal_user(tmp_path: Path) -> None:
    code = "from tests.postgres import running\nwith running() as c: print(c.run('SELECT current_user')[0][0])"
    command = [sys.executable, "-c", code]
    where = Path(__file__).parents[2]
    if os.geteuid() == 0:
        # A copy, since the checkout may lie where only root looks.
        where = tmp_path / "checkout"
        shutil.copytree(Path(__file__).parents[1], where / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        command = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", *command]
        for folder in (tmp_path, *tmp_path.parents):
            if folder.owner() == "root" and folder != Path("/") and folder.stat().st_mode & 0o5 != 0o5:
                folder.chmod(0o755)
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    assert done.stdout.strip() == "postgres", done.stderr


# ---- Many writers


@pytest.fixture
def sixteen(profile: Profile) -> list[ItemId]:
    """Return items that wait."""
    return [profile.put(id=f"{number:02}") for number in range(16)]


def test_many_members_claim_at_once_and_nobody_gets_the_same(profile: Profile, sixteen: list[ItemId]) -> None:
    actors = [profile.actor() for _ in range(4)]
    start = threading.Barrier(len(actors))

    def take(number: int) -> list[ItemId]:
        queue = profile.services(actors[number]).queue
        start.wait()
        taken: list[ItemId] = []
        while (claimed := queue.claim()) is not None:
            taken.append(claimed.item.id)
        return taken

    with ThreadPoolExecutor(len(actors)) as pool:
        taken = [item for each in pool.map(take, range(len(actors))) for item in each]
    assert Counter(taken) == Counter(sixteen)


def test_one_member_at_two_desks_writes_one_chain(profile: Profile) -> None:
    def note(_: int) -> None:
        for _ in range(10):
            with profile.store.write(profile.first) as tx:
                tx.record(Action.OPENED)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(note, range(3)))
    numbers = [row[0] for row in profile.rows("SELECT number FROM entry ORDER BY number")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert profile.services().ledger.verify().ok


def test_an_entry_that_is_committed_late_does_not_push_in_before_others(profile: Profile) -> None:
    other = profile.actor()
    ledger = profile.services().ledger
    anchored = ledger.checkpoint().anchored
    with profile.services(other).queue._store.write(other) as slow:
        slow.record(Action.OPENED, why="drawn first")
        with profile.store.write(profile.first) as tx:
            tx.record(Action.OPENED, why="committed first")
        assert ledger.checkpoint().anchored == anchored  # nobody knows yet which comes first
    assert ledger.checkpoint().anchored == anchored + 2
    assert ledger.verify().ok


@pytest.fixture
def places(profile: Profile) -> Iterator[list[int]]:
    """Return the places that are given out, as they stand at the end of a test."""
    found: list[int] = []
    yield found
    assert found


def test_places_have_no_gaps_whatever_was_rolled_back(profile: Profile, places: list[int]) -> None:
    for number in range(12):
        try:
            with profile.store.write(profile.first) as tx:
                tx.record(Action.OPENED)
                if number % 3 == 0:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass
    with profile.store.read() as tx:
        before = entries.number(tx)
    profile.services().ledger.checkpoint()
    places += [row[0] for row in profile.rows("SELECT position FROM entry_place ORDER BY position")]
    assert places == list(range(1, len(places) + 1))
    assert len(places) >= before + 8


def test_a_cut_connection_is_unavailable_and_the_next_call_connects_anew(profile: Profile) -> None:
    item_id = profile.put()
    assert profile.team is not None
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'first' AND datname = ?"
    profile.rows(cut, profile.team.name)
    with pytest.raises(UnavailableError, match="did not answer"):
        profile.services().queue.overview()
    claimed = profile.services().queue.claim()
    assert claimed is not None
    assert claimed.item.id == item_id


def test_a_decision_whose_answer_was_lost_is_replayed_by_its_key(profile: Profile) -> None:
    profile.put()
    services, key = profile.services(), new_key()
    claimed = services.queue.claim()
    assert claimed is not None
    first = services.review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=key)
    again = services.review.decide(claimed.lease, Judgement(Verdict.APPROVE), key=key)
    assert again.decision == first.decision
    assert profile.rows("SELECT count(*) FROM decision") == [(1,)]


def test_profiles_of_two_databases_on_one_server_know_nothing_of_each_other(
    profile: Profile, server: Cluster, tmp_path: Path
) -> None:
    profile.put()
    other = TeamDatabase(server, server.new_database(template="laid"))
    with closing(Profile(tmp_path / "other", TeamDatabase(other.cluster, other.name), login="second")) as second:
        assert second.services().queue.overview().number() == 0
        assert second.put() is not None
    assert profile.services().queue.overview().number() == 1
    server.drop_database(other.name)


# ---- Dead rows


def test_a_vacuum_that_was_set_otherwise_is_found(server: Cluster) -> None:
    name = server.new_database(template="laid")
    assert not any("item" in each for each in team.drift(server.engine(name)))
    server.run("ALTER TABLE item RESET (autovacuum_vacuum_scale_factor)", name)
    assert "the table item was changed" in team.drift(server.engine(name))
    server.drop_database(name)


def test_dead_rows_and_what_keeps_them_are_told(profile: Profile) -> None:
    assert profile.team is not None
    profile.put()
    services = profile.services()
    claimed = services.queue.claim()
    assert claimed is not None
    engine = profile.team.cluster.engine(profile.team.name)
    with profile.store.read() as tx:  # sees what is from now on rewritten
        tx.now()
        for _ in range(30):
            services.queue.renew(claimed.lease)
        deadline = time.monotonic() + 30
        while {each.name: each.dead for each in gauge.read(engine).tables}["item"] < 30:
            assert time.monotonic() < deadline  # the server counts about once a second
            time.sleep(0.05)
        assert gauge.read(engine).oldest_transaction_s >= 0
        assert gauge.read(engine).faults == []


@pytest.mark.parametrize(
    ("live", "dead", "oldest_s", "told"),
    [
        (10, 10_000, 300, ""),
        (1_000_000, 900_000, 0, ""),
        (10, 10_001, 0, "item has 10,001 dead rows beside 10 live ones"),
        (1_000_000, 1_000_001, 0, "vacuum does not keep up"),
        (10, 0, 301, "open for 5 minutes"),
    ],
)
def test_a_server_that_does_not_keep_up_is_named(live: int, dead: int, oldest_s: int, told: str) -> None:
    found = gauge.Gauge((gauge.Table("item", live, dead),), oldest_s).faults
    assert len(found) == bool(told)
    assert told in "".join(found)


def test_a_ledger_whose_last_entries_are_gone_is_broken_and_nobody_waits_for_them(profile: Profile) -> None:
    ledger = profile.services().ledger
    ledger.checkpoint()
    profile.put()
    ledger.advance()
    profile.rows("DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)")
    with pytest.raises(LedgerBrokenError, match="no longer there"):
        profile.services().ledger.checkpoint()
