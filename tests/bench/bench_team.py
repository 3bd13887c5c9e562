"""How fast a team's queue is, as the desk uses it, whether its speed depends on how much waits, and beside others.

Claim + open + decide through SQLAlchemy, with row-level security, guards, signed entries and outbox, over TLS, on a
real PostgreSQL that this run starts. Beside it, on the same server in the same run: the floors `SELECT 1` and one
committed update of one row; and with --peers other queues for PostgreSQL, each by its own Python interface (fetch and
complete). A peer's cycle is two small statements; ours reads and opens the content, checks it, signs three entries and
freezes what leaves, so the peers' figures say what a bare queue costs, not what a decision does.
"""

import argparse
import gc
import json
import multiprocessing
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import text

from reviewer.domain.attestations import Attestation
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.items import Channel, IncomingDraft, ItemId, Turn
from reviewer.domain.members import Actor, Role
from reviewer.services.analysis import Analysed
from reviewer.storage import contents, team
from reviewer.storage.store import Unrecorded
from tests.bench.bench_queue import Timing, measure
from tests.factories import Profile, TeamDatabase
from tests.postgres import PASSWORD, SUPERUSER, Cluster, running

_FLAT = 1.3  # how much slower the largest backlog may be than the smallest
_P99_MS = 250  # with 32 claimers on two cores
_FIRST = 12  # turns before the clock runs
_LOAD = """
INSERT INTO item (id, workspace_id, producer, external_id, kind, channel, route_id, waiting_on, rank, due_at,
                  received_at, state)
SELECT md5(i::text), r.workspace_id, 'bench', 'B-' || i, 'sms', 'sms', r.id, r.id, (random() * 4)::int - 2,
       '9999-01-01Z', now() - i * interval '1 ms', 'waiting'
FROM generate_series(1, {0}) i, (SELECT * FROM route WHERE kind = 'sms' LIMIT 1) r
"""
_NEXT = "SELECT id FROM item WHERE producer = 'bench' ORDER BY rank, due_at, received_at, id LIMIT {0}"
_WANTED = (
    "INSERT INTO unanalysed (item_id, rank, due_at, received_at) SELECT id, rank, due_at, received_at FROM ({0}) n"
)
_DRAFT = IncomingDraft("b", "sms", Channel.SMS, "Yes, we open at nine.", (Turn("Customer", "Do you open at nine?"),))
_PEERS = ("pgqueuer==1.6.0", "procrastinate==3.10.0", "oban==0.7.0", "psycopg[binary,pool]==3.3.9", "asyncpg==0.32.0")


class Backlog:
    """A team with `waiting` items, analysed as they are after intake, and the work to be timed on it."""

    def __init__(self, server: Cluster, folder: Path, waiting: int, reached: int, members: int) -> None:
        name = server.new_database()
        team.lay(server.engine(name))
        self.profile = Profile(folder, TeamDatabase(server, name), login=f"bench{waiting}")
        self.profile.put(kind="sms")
        self.profile.rows(_LOAD.format(waiting))
        self._fill(reached)
        self.profile.rows("CREATE TABLE floor (id int PRIMARY KEY, number int NOT NULL)")
        self.profile.rows("INSERT INTO floor VALUES (1, 0)")
        self.profile.rows("GRANT ALL ON floor TO reviewer_member")
        self.actors: list[Actor] = [self.profile.actor(Role.AGENT) for _ in range(members)]
        server.run("VACUUM ANALYZE", name)

    def _fill(self, reached: int) -> None:
        """Give content and findings to those that the turns will reach; they are sealed one by one."""
        following = _NEXT.format(reached).replace("SELECT id", "SELECT id, rank, due_at, received_at")
        ids = [ItemId(item) for (item,) in self.profile.rows(_NEXT.format(reached))]
        for start in range(0, len(ids), 500):
            with self.profile.store.write(self.profile.first) as tx:
                contents.add(tx, [(item_id, _DRAFT) for item_id in ids[start : start + 500]])
                tx.leave_unrecorded(Unrecorded.NOTHING)
        self.profile.rows(_WANTED.format(following))
        analysis = self.profile.services().analysis
        found = None
        while subjects := analysis.take(200):
            found = found or analysis.examine(subjects[0]).found  # their texts are all one
            analysis.keep([Analysed(ItemId(each.item_id), found) for each in subjects])

    def select(self) -> None:
        """Ask for nothing."""
        with self.profile.store._engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def update(self) -> None:
        """Commit one update of one row."""
        with self.profile.store._engine.begin() as connection:
            connection.execute(text("UPDATE floor SET number = number + 1 WHERE id = 1"))

    def claim_and_decide(self, actor: Actor | None = None) -> None:
        """Claim and open an item, then approve it: two commits and a read."""
        services = self.profile.services(actor)
        claimed = services.queue.claim()
        assert claimed is not None
        services.review.decide(
            claimed.lease, Judgement(Verdict.APPROVE), key=secrets.token_hex(16), attestation=Attestation()
        )

    def together(self, claimers: int, turns: int) -> Timing:
        """Let so many members work at once, each `turns` times and in a process of its own, as desks are."""
        actors = self.actors[:claimers]
        context = multiprocessing.get_context("fork")  # the content's keys are open in this process
        all_here, workers = context.Barrier(claimers), []
        for actor in actors:
            near, far = context.Pipe()
            worker = context.Process(target=self._work, args=(actor, turns, all_here, far))
            worker.start()
            workers.append((worker, near))
        ends = [near.recv() for _, near in workers]  # the clock of one is that of all
        for worker, _ in workers:
            worker.join()
        taken = sorted(after - before for each in ends for before, after in pairwise(each))
        whole = max(each[-1] for each in ends) - min(each[0] for each in ends)
        last = min(len(taken) - 1, round(len(taken) * 0.99))
        return Timing(taken[len(taken) // 2] * 1e3, taken[last] * 1e3, len(taken) / whole, 0.0)

    def _work(self, actor: Actor, turns: int, all_here: Any, answer: Connection) -> None:
        self.profile.store_of(actor)._engine.dispose(close=False)  # those connections are the parent's
        gc.freeze()  # as the desk does
        for _ in range(_FIRST):  # the first one connects, and compiles its statements; later the server keeps its plans
            self.claim_and_decide(actor)
        all_here.wait()
        ends = [time.perf_counter()]
        for _ in range(turns):
            self.claim_and_decide(actor)
            ends.append(time.perf_counter())
        answer.send(ends)
        os._exit(0)


class Peers:
    """Other queues on the same server, in an environment that is made for this run and thrown away."""

    def __init__(self, folder: Path, python: str, server: Cluster) -> None:
        self._server = server
        self._python = folder / "bin" / "python"
        subprocess.run([python, "-m", "venv", folder], check=True)
        subprocess.run([self._python, "-m", "pip", "install", "-q", *_PEERS], check=True)

    def load(self, waiting: int) -> None:
        """Make a database for each, with so many jobs in it."""
        for name in self.names():
            self._server.new_database(f"{name}{waiting}")
            self._run(name, waiting, "--waiting", str(waiting))

    def work(self, name: str, waiting: int, claimers: int, seconds: float) -> Timing:
        """Let claimers fetch and complete."""
        told = self._run(name, waiting, "--claimers", str(claimers), "--seconds", str(seconds))
        return Timing(told["p50_ms"], told["p99_ms"], told["per_s"], 0.0)

    @staticmethod
    def names() -> tuple[str, ...]:
        """Return their names."""
        return ("pgqueuer", "procrastinate", "oban")

    def _run(self, name: str, waiting: int, *how: str) -> dict[str, float]:
        database = {
            "host": "127.0.0.1",
            "port": self._server.port,
            "user": SUPERUSER,
            "password": PASSWORD,
            "database": f"{name}{waiting}",
            "authority": str(self._server.certificates.authority),
        }
        command = [str(self._python), str(Path(__file__).with_name("peers.py")), name, *how]
        done = subprocess.run(command, input=json.dumps(database), check=True, stdout=subprocess.PIPE, text=True)
        told: dict[str, float] = json.loads(done.stdout)
        return told


def main() -> int:
    """Run the benchmark, print a table and a line of JSON, and fail where the cost grows with the backlog."""
    parser = argparse.ArgumentParser(description="claim and decide on PostgreSQL against floors and peers")
    parser.add_argument("--full", action="store_true", help="with 1,000,000 waiting, not 100,000")
    parser.add_argument("--huge", action="store_true", help="with 10,000,000 waiting")
    parser.add_argument("--times", type=int, default=150, metavar="N", help="turns of each work (default: 150)")
    parser.add_argument("--claimers", type=int, nargs="+", default=[1, 8], metavar="N", help="(default: 1 8)")
    parser.add_argument("--peers", metavar="PYTHON", help="beside other queues, with this Python (3.12 or newer)")
    parser.add_argument("--durable", action="store_true", help="on a disk that is synced, not in memory")
    arguments = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    _print(f"{'waiting':>10}  {'work':<18} {'p50 ms':>8} {'p99 ms':>8} {'per s':>8} {'x update':>8}")
    largest = 10_000_000 if arguments.huge else 1_000_000 if arguments.full else 100_000
    with tempfile.TemporaryDirectory() as folder, running(durable=arguments.durable) as server:
        peers = None if arguments.peers is None else Peers(Path(folder) / "peers", arguments.peers, server)
        for waiting in (10_000, largest):
            turns = sum(claimers * (_turns(arguments.times, claimers) + _FIRST) for claimers in arguments.claimers)
            reached = arguments.times + turns + 50
            backlog = Backlog(server, Path(folder) / str(waiting), waiting, reached, max(arguments.claimers))
            if peers is not None:
                peers.load(waiting)
            results[f"{waiting}"] = _run(backlog, peers, arguments.times, waiting, arguments.claimers)
            backlog.profile.close()
    small, large = results.values()
    growth = large["claim_decide_p50_ms"] / small["claim_decide_p50_ms"]
    _print(f"from the smallest to the largest backlog: x{growth:.2f}: {'flat' if growth <= _FLAT else 'NOT FLAT'}")
    slowest = max(result.get("32_at_once_p99_ms", 0) for result in results.values())
    if slowest:
        _print(f"p99 of 32 at once: {slowest:.0f} ms: {'within' if slowest <= _P99_MS else 'OVER'} {_P99_MS} ms")
    _print(json.dumps({"waiting": results, "growth": round(growth, 2)}))
    return 0 if growth <= _FLAT else 1


def _turns(times: int, claimers: int) -> int:
    return max(20, times * 2 // claimers)


def _run(backlog: Backlog, peers: Peers | None, times: int, waiting: int, at_once: list[int]) -> dict[str, float]:
    work: dict[str, Callable[[], None]] = {
        "select 1": backlog.select,
        "update": backlog.update,
        "claim_decide": backlog.claim_and_decide,
    }
    timings = dict(zip(work, measure(list(work.values()), times), strict=True))
    for claimers in at_once:
        timings[f"{claimers} at once"] = backlog.together(claimers, _turns(times, claimers))
        for name in () if peers is None else peers.names():
            with suppress(subprocess.CalledProcessError):  # it has said itself what it lacks
                assert peers is not None
                timings[f"{name} {claimers}"] = peers.work(name, waiting, claimers, seconds=3)
    found: dict[str, float] = {}
    for name, each in timings.items():
        factor = each.p50_ms / timings["update"].p50_ms
        told = f"{each.p50_ms:>8.2f} {each.p99_ms:>8.2f} {each.per_second:>8.0f} {factor:>8.1f}"
        _print(f"{waiting:>10,}  {name:<18} {told}")
        key = name.replace(" ", "_")
        found |= {f"{key}_p50_ms": round(each.p50_ms, 3), f"{key}_p99_ms": round(each.p99_ms, 3)}
        found[f"{key}_per_s"] = round(each.per_second, 1)
    return found


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
