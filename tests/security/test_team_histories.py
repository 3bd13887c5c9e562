"""Fifty desks at one database, their clocks up to ten minutes wrong: each item's history is as if one after another.

The same desks are let loose where the fence is looked at by the database alone, by the statements alone, and by nobody:
the first two must be as sound as both, and in the last the check must find what went wrong.
"""

import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from reviewer.domain.members import DeskId, Role
from tests.conftest import copied_profile
from tests.factories import Profile, TeamDatabase, line
from tests.postgres import Cluster
from tests.security import swarm
from tests.security.histories import Act, Done, violations
from tests.security.swarm import Orders, Report, Seat

Count = Callable[[int, int], int]

pytestmark = pytest.mark.timeout(14_400)

_DESKS = 50  # two of each member
_SOME = 20
_PROCESSES = 2
_SKEW_S = 600
_STOCK = 300
# Where the guards look at the fence, and what they would be without it.
_FENCES = (
    ("need(mine AND live AND NEW.lease_id IS NULL, 'the lease", "need(NEW.lease_id IS NULL, 'the lease"),
    ("about.state = 'held' AND about.fence = NEW.fence AND", "about.state = 'held' AND"),
    ("WHERE d.item_id = NEW.id AND d.fence = NEW.fence), 'a hold", "WHERE d.item_id = NEW.id), 'a hold"),
)
_TEAM = Path(swarm.__file__).parents[2] / "reviewer" / "storage" / "team"
_GUARDS = (_TEAM / "items.sql", _TEAM / "decisions.sql")


# ---- The check itself, on histories made by hand

_SECOND = 1_000_000_000


def _done(act: Act, fence: int, at: float, *, desk: int = 1, ends: float = 0, accepted: bool = True) -> Done:
    """Return an operation that took a tenth of a second from `at`."""
    called, answered = round(at * _SECOND), round((at + 0.1) * _SECOND)
    return Done("i", fence, act, desk, f"m{desk // 10}", called, answered, accepted, round(ends * _SECOND))


_CLAIMED = _done(Act.CLAIM, 1, 0, ends=10)
_SOUND = [
    [_CLAIMED, _done(Act.DECIDE, 1, 9)],
    [_CLAIMED, _done(Act.DECIDE, 1, 9.95)],  # may have come in time
    [_CLAIMED, _done(Act.RENEW, 1, 9, ends=20), _done(Act.DECIDE, 1, 19)],
    [_CLAIMED, _done(Act.DECIDE, 1, 9.95, accepted=False)],  # may have come too late
    [_CLAIMED, _done(Act.CLAIM, 2, 9.95, desk=12, ends=20), _done(Act.DECIDE, 1, 9.92, accepted=False)],
    [_CLAIMED, _done(Act.RELEASE, 1, 3), _done(Act.CLAIM, 2, 3.05, desk=12, ends=20)],
    [_CLAIMED, _done(Act.TAKE_OVER, 2, 3, desk=2, ends=20), _done(Act.DECIDE, 1, 3.05, accepted=False)],
    [_CLAIMED, _done(Act.DECIDE, 1, 3), _done(Act.WITHDRAW, 2, 4, ends=20), _done(Act.DECIDE, 2, 5)],
]
_UNSOUND = {
    "given out twice": [_CLAIMED, _done(Act.CLAIM, 1, 3, desk=12, ends=20)],
    "while 1 was live": [_CLAIMED, _done(Act.CLAIM, 2, 9.5, desk=12, ends=20)],
    "although 1 was decided": [_CLAIMED, _done(Act.DECIDE, 1, 3), _done(Act.CLAIM, 2, 11, desk=12, ends=20)],
    "follows none": [_CLAIMED, _done(Act.CLAIM, 3, 11, desk=12, ends=20)],
    "after its time": [_CLAIMED, _done(Act.DECIDE, 1, 10.1)],
    "ended before": [_CLAIMED, _done(Act.DECIDE, 1, 3), _done(Act.DECIDE, 1, 4)],
    "decide under fence 1 by a desk": [_CLAIMED, _done(Act.DECIDE, 1, 3, desk=12)],
    # The first desk decides when the second has the item: accepted, it would be the second's that is lost.
    "1 was live": [
        _done(Act.CLAIM, 1, 0, ends=2),
        _done(Act.CLAIM, 2, 3, desk=12, ends=20),
        _done(Act.RENEW, 1, 5, ends=20),
    ],
    "1 was decided": [
        _done(Act.CLAIM, 1, 0, ends=9),
        _done(Act.TAKE_OVER, 2, 3, desk=2, ends=20),
        _done(Act.DECIDE, 1, 5),
    ],
    "taken over from who": [_CLAIMED, _done(Act.TAKE_OVER, 2, 3, desk=12, ends=20)],
    "withdrawn from what": [_CLAIMED, _done(Act.DECIDE, 1, 3), _done(Act.WITHDRAW, 2, 4, desk=12, ends=20)],
    "no claim of a new item": [_done(Act.TAKE_OVER, 1, 0, ends=9)],
    "refused although": [_CLAIMED, _done(Act.DECIDE, 1, 3, accepted=False)],
    "never held": [_CLAIMED, _done(Act.DECIDE, 2, 3, accepted=False)],
}


@pytest.mark.parametrize("history", _SOUND)
def test_what_can_have_been_one_after_another_is_sound(history: list[Done]) -> None:
    assert violations(history) == []


@pytest.mark.parametrize("fault", _UNSOUND)
def test_what_cannot_have_been_is_found(fault: str) -> None:
    found = violations(_UNSOUND[fault])
    assert any(fault in each for each in found), found


# ---- The desks


@pytest.fixture(scope="module")
def fifty(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator["_Fifty"]:
    """Return a team with items that wait, and fifty desks."""
    loud_skip: Callable[[str], NoReturn] = request.getfixturevalue("loud_skip")
    if sys.platform != "linux" or shutil.which("gcc") is None:
        loud_skip("setting a desk's clock needs Linux and gcc")
    server: Cluster = request.getfixturevalue("server")
    source: Path = request.getfixturevalue("_new_team_profile")
    folder = tmp_path_factory.mktemp("fifty")
    with copied_profile(source, folder / "profile", server) as profile:
        yield _Fifty(profile, server, folder)


class _Fifty:
    """A team with fifty desks."""

    def __init__(self, profile: Profile, server: Cluster, folder: Path) -> None:
        self._profile = profile
        self._server = server
        self._folder = folder
        self._skew = swarm.compile_skew(folder)
        self._seats = [seat for number in range(_DESKS // 2) for seat in self._seat(number)]
        self._stock(_STOCK)
        profile.store.close()  # a database that somebody is connected to cannot be copied
        assert profile.team is not None
        self.database = profile.team
        self._untouched = server.new_database(template=self.database.name)

    def _seat(self, number: int) -> Iterator[Seat]:
        """Add a member, and return the seats of their two desks, one whose clock is slow and one whose is fast."""
        role = Role.SUPERVISOR if number % 10 == 9 else Role.CLINICIAN if number % 10 == 8 else Role.AGENT
        actor = self._profile.actor(role)
        store = self._profile.store_of(actor)
        identity = store.keys.identity.dump()
        store.close()
        login = f"m{actor.member.id[:16]}"
        self._server.run(f"ALTER ROLE {login} PASSWORD 'known'")
        assert self._profile.team is not None
        for half in (0, 1):
            skew_s = round(_SKEW_S * (number + 1) / (_DESKS // 2)) * (1 if half else -1)
            desk, address = DeskId(f"{actor.desk}-{half}"), self._profile.team.address(login)
            yield Seat(2 * number + half, actor.member, desk, identity, address, "known", skew_s)

    def _stock(self, number: int) -> None:
        self._profile.take(*(line() for _ in range(number)))

    @contextmanager
    def copy(self, *, guarded: bool) -> Iterator[TeamDatabase]:
        """Return a copy of the database, whose guards look at the fence or do not."""
        made = TeamDatabase(self._server, self._server.new_database(template=self._untouched))
        self._server.run(f"REVOKE ALL ON DATABASE {made.name} FROM PUBLIC")
        for login in {seat.address.login for seat in self._seats}:
            self._server.run(f"GRANT CONNECT ON DATABASE {made.name} TO {login}")
        if not guarded:
            self._server.run(_unfenced("".join(each.read_text("utf-8") for each in _GUARDS)), made.name)
        yield made
        self._server.drop_database(made.name)

    def let_loose(self, database: TeamDatabase, operations: int, *, ignores_fence: bool = False) -> "_Told":
        """Let every desk work at a database, or some where there is little to do, and return what they did."""
        desks, parts = (_DESKS, _PROCESSES) if operations >= _DESKS * 10 else (_SOME, 1)
        seats = [replace(seat, address=database.address(seat.address.login)) for seat in self._seats[:desks]]
        orders = [
            Orders(
                seats[part::parts],
                -(-operations // desks),
                part,
                ignores_fence,
                self._folder / f"{database.name}-{part}",
            )
            for part in range(parts)
        ]
        report = Report()
        began = time.monotonic()
        with swarm.started(orders, self._skew) as processes:
            while any(process.poll() is None for process in processes):
                time.sleep(0.2)
                ((waiting,),) = self._server.run(
                    "SELECT count(*) FROM item WHERE waiting_on IS NOT NULL", database.name
                )
                if waiting < _STOCK // 2 and database == self.database:
                    self._stock(_STOCK)
        seconds = time.monotonic() - began
        assert {process.returncode for process in processes} == {0}
        for each in orders:
            report.add(swarm.read_report(each.report))
        ahead_ns = time.time_ns() - time.monotonic_ns()  # ends of leases are wall-clock instants
        done = [each._replace(ends=each.ends - ahead_ns) for each in report.done]
        return _Told(replace(report, done=done), database, seconds)


def _unfenced(guards: str) -> str:
    for fenced, free in _FENCES:
        assert guards.count(fenced) == 1
        guards = guards.replace(fenced, free)
    return guards


@dataclass(frozen=True, slots=True)
class _Told:
    """What the desks of one database did, and how long it took."""

    report: Report
    database: TeamDatabase
    seconds: float

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Read the database past its guards."""
        return self.database.cluster.run(query, self.database.name)

    def numbers(self) -> Counter[tuple[Act, bool]]:
        """Count the operations by what they were and whether they were accepted."""
        return Counter((each.act, each.accepted) for each in self.report.done)


def test_every_history_is_linearizable_whatever_the_clocks_of_the_desks_say(
    fifty: _Fifty, count: Count, note: Callable[[str], None]
) -> None:
    told = fifty.let_loose(fifty.database, count(600, 1_000_000))
    report, numbers = told.report, told.numbers()
    note(f"{len(report.done):,} operations in {told.seconds:.0f} s: {_in_words(numbers)}")
    assert report.faults == {}
    assert violations(report.done) == []
    assert report.skews_s == {seat.number: seat.skew_s for seat in fifty._seats}
    # Every sort of operation was there, and those that must be were refused.
    assert {act for act, accepted in numbers if accepted} == set(Act)
    assert {act for act, accepted in numbers if not accepted} == {Act.RENEW, Act.RELEASE, Act.DECIDE}
    # The database says the same.
    newest = {each.item: 0 for each in report.done}
    for each in report.done:
        newest[each.item] = max(newest[each.item], each.fence)
    assert newest == dict(told.rows("SELECT id, fence FROM item WHERE fence > 0"))
    stored = told.rows("SELECT idempotency_key, item_id, fence FROM decision")
    assert {key: (item_id, fence) for key, item_id, fence in stored} == report.keys
    assert told.rows("SELECT count(*) FROM outbox") == [(len(report.keys),)]
    gained = "SELECT count(*) FROM entry WHERE action IN ('claimed', 'taken_over', 'withdrawn')"
    assert told.rows(gained) == told.rows("SELECT sum(fence)::bigint FROM item")


@pytest.mark.parametrize(
    ("guarded", "ignores_fence"),
    [(True, True), (False, False)],
    ids=["the database looks at it alone", "the statements look at it alone"],
)
def test_either_look_at_the_fence_is_enough(fifty: _Fifty, count: Count, guarded: bool, ignores_fence: bool) -> None:
    with fifty.copy(guarded=guarded) as database:
        told = fifty.let_loose(database, count(200, 4_000), ignores_fence=ignores_fence)
        assert violations(told.report.done) == []
        assert told.numbers()[Act.DECIDE, False] > 0


def test_without_a_fence_the_same_check_finds_what_goes_wrong(
    fifty: _Fifty, count: Count, note: Callable[[str], None]
) -> None:
    with fifty.copy(guarded=False) as database:
        told = fifty.let_loose(database, count(400, 4_000), ignores_fence=True)
        found = violations(told.report.done)
        note(f"without a fence: {len(found):,} violations in {len(told.report.done):,} operations")
        assert any("decided" in each or "decide under" in each for each in found), found


def _in_words(numbers: Counter[tuple[Act, bool]]) -> str:
    return ", ".join(
        f"{number:,} x {act}{'' if accepted else ' refused'}" for (act, accepted), number in sorted(numbers.items())
    )
