"""How fast the queue is, and whether its speed depends on how much waits.

Every figure stands beside a floor that the same disk set in the same seconds: one committed update of one row, by the
plain driver, in the same file, with the same settings. Work and floor take turns, one by one, since a shared disk
changes its mind from minute to minute.
"""

import argparse
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from reviewer.domain.attestations import Attestation
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.events import Action
from reviewer.domain.items import Channel, IncomingDraft, ItemId, Lease, Turn
from reviewer.domain.kinds import KINDS
from reviewer.services.analysis import Analysed
from reviewer.services.examiners import Subject
from reviewer.storage import contents
from tests.factories import Profile, line

_FLAT = 1.5  # how much slower the largest backlog may be than the smallest
_SOURCE = [{"speaker": "Customer", "text": "Do you open at nine on Saturdays, or later? " * 8}] * 5

_LOAD_ITEMS = """
INSERT INTO item (id, workspace_id, producer, external_id, kind, channel, language, route_id, waiting_on, rank, due_at,
                  received_at, state)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
SELECT lower(hex(randomblob(16))), route.workspace_id, 'bench', 'B-' || i, route.kind, 'sms', NULL, route.id, route.id,
       abs(random()) % 5 - 2,
       CASE abs(random()) % 4 WHEN 0 THEN 4102444800000 + abs(random()) % 86400000 ELSE 253370764800000 END,
       1700000000000 + i, 'waiting'
FROM n JOIN route ON route.id = 1 + i % (SELECT max(id) FROM route)
"""
# Content is sealed item by item; only what the turns will reach needs any.
_REACHED = 4_000
_NEXT = "SELECT id FROM item WHERE producer = 'bench' ORDER BY rank, due_at, received_at, id LIMIT ?"
_DRAFT = IncomingDraft(
    "bench",
    "sms",
    Channel.SMS,
    "Yes, we open at nine on Saturdays, and no later.",
    (Turn("Customer", "Do you open at nine on Saturdays?"),),
)


@dataclass(frozen=True, slots=True)
class Timing:
    """What one piece of work took, in milliseconds; `cpu_ms` is the processor's part."""

    p50_ms: float
    p99_ms: float
    per_second: float
    cpu_ms: float


class Backlog:
    """A profile with `waiting` items, and the work to be timed on it."""

    def __init__(self, folder: Path, waiting: int) -> None:
        self.profile = Profile(folder)
        self.waiting = waiting
        self._load()
        services = self.profile.services()
        self._queue, self._review, self._intake = services.queue, services.review, services.intake
        self._opened = self.profile.connection()
        self._floor = self._opened.__enter__()
        for setting in ("synchronous=2", "secure_delete=1"):
            self._floor.execute(f"PRAGMA {setting}")
        self._floor.execute("CREATE TABLE floor (id INTEGER PRIMARY KEY, number INTEGER NOT NULL)")
        self._floor.execute("INSERT INTO floor VALUES (1, 0)")
        self._desk = self._open_desk()
        self._numbers = count(1)

    def floor(self) -> None:
        """Commit one update of one row."""
        self._floor.execute("BEGIN IMMEDIATE")
        self._floor.execute("UPDATE floor SET number = number + 1 WHERE id = 1")
        self._floor.execute("COMMIT")

    def claim_and_decide(self) -> None:
        """Claim and open an item, then approve it: two commits, as a script does it."""
        claimed = self._queue.claim()
        assert claimed is not None
        self._review.decide(
            claimed.lease,
            Judgement(Verdict.APPROVE, claimed.item.draft),
            key=secrets.token_hex(16),
            attestation=Attestation(),
        )

    def decide_and_next(self) -> None:
        """Approve what is on screen, show the next item and claim another: one commit, as the desk does it."""
        next(self._desk)

    def overview(self) -> None:
        """Read what the desk lists."""
        self._queue.overview()

    def take_drafts(self, number: int) -> float:
        """Import `number` drafts and return how many a second."""
        lines = [line(id=f"I-{next(self._numbers)}", source=_SOURCE) for _ in range(number)]
        start = time.perf_counter()
        report = self._intake.take_all(lines, "bench-import")
        assert report.imported == number
        return number / (time.perf_counter() - start)

    def close(self) -> None:
        """Close every connection."""
        self._opened.__exit__(None, None, None)
        self.profile.close()

    def _load(self) -> None:
        for kind in KINDS:
            for language in ("en", "sr-Latn"):
                self.profile.put(kind=kind, language=language)
        with self.profile.connection() as database:
            database.execute("PRAGMA synchronous=0")
            database.execute("BEGIN IMMEDIATE")
            database.execute(_LOAD_ITEMS, (self.waiting,))
            database.execute("COMMIT")
            reached = [ItemId(row[0]) for row in database.execute(_NEXT, (_REACHED,))]
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with self.profile.store.write(self.profile.first) as tx:
            contents.add(tx, [(item_id, _DRAFT) for item_id in reached])
            tx.record(Action.IMPORTED, number=len(reached))
        analysis = self.profile.services().analysis  # as it is after intake; their texts are all one
        subject = Subject(reached[0], "sms", _DRAFT.language, _DRAFT.draft, _DRAFT.source, _DRAFT.recipient)
        found = analysis.examine(subject).found
        analysis.keep([Analysed(item_id, found) for item_id in reached])

    def _open_desk(self) -> Iterator[None]:
        def claim() -> Lease:
            claimed = self._queue.claim()
            assert claimed is not None
            return claimed.lease

        shown, ahead = claim(), self._queue.claim_ahead()
        assert ahead is not None
        next_up = ahead.lease
        while True:
            outcome = self._review.decide(
                shown,
                Judgement(Verdict.APPROVE, "Yes, at nine."),
                key=secrets.token_hex(16),
                attestation=Attestation(),
                showing=next_up,
                claim_ahead=True,
            )
            assert outcome.showing is not None
            assert outcome.ahead is not None
            shown, next_up = outcome.showing, outcome.ahead
            yield


def measure(work: list[Callable[[], None]], times: int) -> list[Timing]:
    """Time each piece of work `times` times, taking turns."""
    for each in work:
        each()  # the first one compiles its statements
    taken: list[list[tuple[float, float]]] = [[] for _ in work]
    for _ in range(times):
        for each, results in zip(work, taken, strict=True):
            start, cpu_start = time.perf_counter(), time.process_time()
            each()
            results.append((time.perf_counter() - start, time.process_time() - cpu_start))
    return [_timing(results) for results in taken]


def _timing(results: list[tuple[float, float]]) -> Timing:
    walls = sorted(wall for wall, _ in results)
    cpus = sorted(cpu for _, cpu in results)
    middle, last = len(walls) // 2, min(len(walls) - 1, round(len(walls) * 0.99))
    return Timing(walls[middle] * 1e3, walls[last] * 1e3, len(walls) / sum(walls), cpus[middle] * 1e3)


def main() -> int:
    """Run the benchmark, print a table and a line of JSON, and fail where the cost grows with the backlog."""
    parser = argparse.ArgumentParser(description="claim and decide against the floor of the disk")
    parser.add_argument("--full", action="store_true", help="with 1,000,000 waiting too (needs 1 GB of disk)")
    parser.add_argument("--times", type=int, default=400, metavar="N", help="turns of each work (default: 400)")
    parser.add_argument("--dir", type=Path, metavar="DIR", help="a folder on the disk to measure")
    arguments = parser.parse_args()

    results: dict[str, dict[str, float]] = {}
    _print(f"{'waiting':>9}  {'work':<17} {'p50 ms':>8} {'p99 ms':>8} {'cpu ms':>8} {'per s':>8} {'x floor':>8}")
    for waiting in (1_000, 100_000, *((1_000_000,) if arguments.full else ())):
        with tempfile.TemporaryDirectory(dir=arguments.dir) as folder:
            results[f"{waiting}"] = _run(Path(folder) / "profile", waiting, arguments.times)

    smallest, largest = next(iter(results.values())), list(results.values())[-1]
    growth = {name: largest[f"{name}_cpu_ms"] / smallest[f"{name}_cpu_ms"] for name in ("claim_decide", "decide_next")}
    flat = max(growth.values()) <= _FLAT
    told = ", ".join(f"{name} x{factor:.2f}" for name, factor in growth.items())
    _print(f"from the smallest to the largest backlog: {told}: {'flat' if flat else 'NOT FLAT'}")
    _print(json.dumps({"waiting": results, "growth": {k: round(v, 2) for k, v in growth.items()}, "flat": flat}))
    return 0 if flat else 1


def _run(folder: Path, waiting: int, times: int) -> dict[str, float]:
    backlog = Backlog(folder, waiting)
    names = ("floor", "claim_decide", "decide_next", "overview")
    work = [backlog.floor, backlog.claim_and_decide, backlog.decide_and_next, backlog.overview]
    timings = dict(zip(names, measure(work, min(times, waiting // 4)), strict=True))
    floor = timings["floor"]
    result: dict[str, float] = {}
    for name, each in timings.items():
        factor = each.p50_ms / floor.p50_ms
        _print(
            f"{waiting:>9,}  {name:<17} {each.p50_ms:>8.2f} {each.p99_ms:>8.2f} {each.cpu_ms:>8.2f}"
            f" {each.per_second:>8.0f} {factor:>8.1f}"
        )
        result |= {f"{name}_p50_ms": round(each.p50_ms, 3), f"{name}_p99_ms": round(each.p99_ms, 3)}
        result |= {f"{name}_cpu_ms": round(each.cpu_ms, 3), f"{name}_per_s": round(each.per_second, 1)}
    rate = backlog.take_drafts(3_000)
    _print(f"{waiting:>9,}  {'import':<17} {'':>26} {rate:>8.0f}")
    backlog.close()
    return result | {"import_per_s": round(rate)}


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
