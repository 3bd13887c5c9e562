"""How fast a team's queue is, as the desk uses it, and whether its speed depends on how much waits.

Claim + open + decide through SQLAlchemy, with row-level security, guards, signed entries and outbox, over TLS, on a
real PostgreSQL that this run starts. Beside it, in the same seconds, the floors of the same server: `SELECT 1`, and one
committed update of one row. Work and floors take turns.
"""

import argparse
import json
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from reviewer.domain.attestations import Attestation
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.items import Channel, IncomingDraft, ItemId, Turn
from reviewer.domain.members import Actor
from reviewer.storage import contents, team
from reviewer.storage.store import Unrecorded
from tests.bench.bench_queue import Timing, measure
from tests.factories import Profile, TeamDatabase
from tests.postgres import Cluster, running

_FLAT = 1.3  # how much slower the largest backlog may be than the smallest
_LOAD = """
INSERT INTO item (id, workspace_id, producer, external_id, kind, channel, route_id, waiting_on, rank, due_at,
                  received_at, state)
SELECT md5(i::text), r.workspace_id, 'bench', 'B-' || i, 'sms', 'sms', r.id, r.id, (random() * 4)::int - 2,
       '9999-01-01Z', now() - i * interval '1 ms', 'waiting'
FROM generate_series(1, {0}) i, (SELECT * FROM route WHERE kind = 'sms' LIMIT 1) r
"""
_NEXT = "SELECT id FROM item WHERE producer = 'bench' ORDER BY rank, due_at, received_at, id LIMIT {0}"
_DRAFT = IncomingDraft("b", "sms", Channel.SMS, "Yes, we open at nine.", (Turn("Customer", "Do you open at nine?"),))


class Backlog:
    """A team with `waiting` items, and the work to be timed on it."""

    def __init__(self, server: Cluster, folder: Path, waiting: int, reached: int, members: int) -> None:
        self._server = server
        name = server.new_database()
        team.lay(server.engine(name))
        self.profile = Profile(folder, TeamDatabase(server, name), login=f"bench{waiting}")
        self.profile.put(kind="sms")
        self.profile.rows(_LOAD.format(waiting))
        ids = [ItemId(item) for (item,) in self.profile.rows(_NEXT.format(reached))]
        for start in range(0, len(ids), 500):
            with self.profile.store.write(self.profile.first) as tx:
                contents.add(tx, [(item_id, _DRAFT) for item_id in ids[start : start + 500]])
                tx.leave_unrecorded(Unrecorded.NOTHING)
        self.profile.rows("CREATE TABLE floor (id int PRIMARY KEY, number int NOT NULL)")
        self.profile.rows("INSERT INTO floor VALUES (1, 0)")
        self.profile.rows("GRANT ALL ON floor TO reviewer_member")
        server.run("VACUUM ANALYZE", name)
        self.actors: list[Actor] = [self.profile.actor() for _ in range(members)]

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

    def together(self, each: int) -> Timing:
        """Let every member work at once, `each` turns."""
        taken: list[float] = []
        start = threading.Barrier(len(self.actors) + 1)

        def work(actor: Actor) -> None:
            start.wait()
            for _ in range(each):
                began = time.perf_counter()
                self.claim_and_decide(actor)
                taken.append(time.perf_counter() - began)

        threads = [threading.Thread(target=work, args=(actor,)) for actor in self.actors]
        for thread in threads:
            thread.start()
        start.wait()
        began = time.perf_counter()
        for thread in threads:
            thread.join()
        whole = time.perf_counter() - began
        walls = sorted(taken)
        last = min(len(walls) - 1, round(len(walls) * 0.99))
        return Timing(walls[len(walls) // 2] * 1e3, walls[last] * 1e3, len(walls) / whole, 0.0)


def main() -> int:
    """Run the benchmark, print a table and a line of JSON, and fail where the cost grows with the backlog."""
    parser = argparse.ArgumentParser(description="claim and decide on PostgreSQL against the floors of the server")
    parser.add_argument("--full", action="store_true", help="with 1,000,000 waiting too")
    parser.add_argument("--times", type=int, default=150, metavar="N", help="turns of each work (default: 150)")
    parser.add_argument("--members", type=int, default=8, metavar="N", help="members who work at once (default: 8)")
    arguments = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    _print(f"{'waiting':>9}  {'work':<18} {'p50 ms':>8} {'p99 ms':>8} {'per s':>8} {'x update':>8}")
    with tempfile.TemporaryDirectory() as folder, running(durable=False) as server:
        for waiting in (10_000, *((1_000_000,) if arguments.full else (100_000,))):
            reached = arguments.times + arguments.members * (arguments.times // 4) + 50
            backlog = Backlog(server, Path(folder) / str(waiting), waiting, reached, arguments.members)
            results[f"{waiting}"] = _run(backlog, arguments.times, waiting)
            backlog.profile.close()
    smallest, largest = results.values()
    growth = largest["claim_decide_p50_ms"] / smallest["claim_decide_p50_ms"]
    _print(f"from the smallest to the largest backlog: x{growth:.2f}: {'flat' if growth <= _FLAT else 'NOT FLAT'}")
    _print(json.dumps({"waiting": results, "growth": round(growth, 2)}))
    return 0 if growth <= _FLAT else 1


def _run(backlog: Backlog, times: int, waiting: int) -> dict[str, float]:
    work: dict[str, Callable[[], None]] = {
        "select 1": backlog.select,
        "update": backlog.update,
        "claim_decide": backlog.claim_and_decide,
    }
    timings = dict(zip(work, measure(list(work.values()), times), strict=True))
    timings[f"{len(backlog.actors)} at once"] = backlog.together(times // 4)
    found: dict[str, float] = {}
    for name, each in timings.items():
        factor = each.p50_ms / timings["update"].p50_ms
        told = f"{each.p50_ms:>8.2f} {each.p99_ms:>8.2f} {each.per_second:>8.0f} {factor:>8.1f}"
        _print(f"{waiting:>9,}  {name:<18} {told}")
        key = name.replace(" ", "_")
        found |= {f"{key}_p50_ms": round(each.p50_ms, 3), f"{key}_p99_ms": round(each.p99_ms, 3)}
        found[f"{key}_per_s"] = round(each.per_second, 1)
    return found


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
