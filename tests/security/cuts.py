"""Desks that decide while their link, their process or their server dies, and what must be true afterwards.

A desk does what the product says: it keeps its idempotency key, and after any error it asks again under the same one.
What it was told is kept apart from the database, so that the two can be compared.
"""

import mmap
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from reviewer.bootstrap import Application
from reviewer.crypto import OpenKeys
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.errors import UnavailableError
from reviewer.domain.items import Lease, LeaseId
from reviewer.domain.members import Actor
from reviewer.services.analyst import Analyst
from reviewer.services.queue import Queue
from reviewer.services.review import Review
from reviewer.storage import Store
from tests.e2e import children
from tests.factories import Profile, TeamDatabase, new_key
from tests.security.links import Link

_PATIENCE_S = 120
_PAUSE_S = 0.005


class Stage(IntEnum):
    """How far a decision has come."""

    BEFORE = 0
    INSIDE = 1  # its transaction's first statement was sent, its commit was not
    COMMIT = 2  # its commit was sent and not answered
    AFTER = 3


def watch(engine: Engine | type[Engine], reached: Callable[[Stage, Connection], None]) -> None:
    """Say when a transaction that writes sends its first statement, and when its commit."""
    writing: set[int] = set()  # threads

    def statement(connection: Connection, _cursor: Any, text: str, *_: Any) -> None:
        if "hold_chain()" in text:
            writing.add(threading.get_ident())
            reached(Stage.INSIDE, connection)

    def commit(connection: Connection) -> None:
        if threading.get_ident() in writing:
            writing.discard(threading.get_ident())
            reached(Stage.COMMIT, connection)

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)


@dataclass(slots=True)
class Journal:
    """What desks meant, and what they were told."""

    meant: dict[str, tuple[str, str]] = field(default_factory=dict)  # item and note, by key
    told: dict[str, str] = field(default_factory=dict)  # decision, by key
    hits: Counter[Stage] = field(default_factory=Counter)  # where in a decision its error fell
    unheard: int = 0  # decisions that were committed, and whose answer was lost


class Desk:
    """A desk of one member, behind a link of its own."""

    def __init__(self, profile: Profile, journal: Journal, seed: int, *, port: int | None = None) -> None:
        assert profile.team is not None
        database: TeamDatabase = profile.team
        self._profile = profile
        self._journal = journal
        self._random = random.Random(seed)
        self._cluster, self._name = database.cluster, database.name
        actor: Actor = profile.actor()
        login = f"m{actor.member.id[:16]}"
        database.cluster.run(f"ALTER ROLE {login} PASSWORD 'known'")
        keys: OpenKeys = profile.store_of(actor).keys
        profile.store_of(actor).close()
        self.link = Link(database.cluster.port if port is None else port)
        address = replace(database.address(login), port=self.link.port)
        self._store = Store.open_team(address, "known").as_member(keys)
        self._queue = Queue(self._store, actor)
        self._review = Review(self._store, actor, {}, Analyst())
        self._stage = Stage.AFTER
        self._backend = 0
        self._arm: Callable[[Stage], None] | None = None
        self._began = 0.0  # its transaction
        self._length_s = 0.02  # of a decision's transaction, as they have been
        watch(self._store._engine, self._reached)

    @property
    def is_inside(self) -> bool:
        """Tell whether the transaction of a decision goes on."""
        return self._stage in (Stage.INSIDE, Stage.COMMIT)

    def close(self) -> None:
        """End every connection."""
        self._store.close()
        self.link.close()

    def decide(self, arm: Callable[["Desk", Stage], None] | None = None) -> None:
        """Claim an item and decide it, however often that takes; `arm` is told how far the decision has come."""
        lease = self._claim()
        key, note = new_key(), secrets.token_hex(self._random.randrange(1, 400))
        self._journal.meant[key] = (lease.item_id, note)
        judgement = Judgement(Verdict.REJECT, reason="tone", note=note)
        if arm is not None:
            self._arm = lambda stage: arm(self, stage)
        self._stage = Stage.BEFORE
        failed_at: float | None = None
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                made = self._review.decide(lease, judgement, key=key).decision
                break
            except UnavailableError:
                if time.monotonic() > deadline:
                    raise
                if failed_at is None:
                    failed_at = time.time()
                    self._journal.hits[self._stage] += 1
                    self._stage, self._arm = Stage.AFTER, None  # the tries that follow are not what is counted
                time.sleep(_PAUSE_S)
        self._stage, self._arm = Stage.AFTER, None
        if failed_at is not None and made.decided_at.timestamp() < failed_at:
            self._journal.unheard += 1
        self._journal.told[key] = made.id

    def cut_at_random(self, stage: Stage) -> None:
        """Cut the link, or have the server end the connection, at some moment of a decision's transaction."""
        if stage is not Stage.INSIDE:
            return
        how = self.link.cut if self._random.random() < 0.6 else self._end_backend
        began = self._began

        def strike() -> None:
            if self._began == began and self._stage is not Stage.AFTER:  # else it is over already
                how()

        timer = threading.Timer(self._random.random() * self._length_s, strike)
        timer.daemon = True
        timer.start()

    def swallow_answer(self, stage: Stage) -> None:
        """Let the server commit and nobody hear of it."""
        if stage is Stage.COMMIT:
            self.link.swallow()

    def _reached(self, stage: Stage, connection: Connection) -> None:
        if self._stage is Stage.AFTER:
            return
        if stage is Stage.COMMIT:
            self._length_s += (time.monotonic() - self._began - self._length_s) / 8
        else:
            self._began = time.monotonic()
        self._stage = stage
        raw: Any = connection.connection.driver_connection
        self._backend = raw.info.backend_pid
        if self._arm is not None:
            self._arm(stage)

    def _end_backend(self) -> None:
        with self._cluster.connect() as administrator:
            administrator.execute("SELECT pg_terminate_backend(%s)", (self._backend,))

    def _claim(self) -> Lease:
        """Claim as a desk does whose answers may be lost: what it holds already then comes first."""
        deadline = time.monotonic() + _PATIENCE_S
        failed = False
        while True:
            try:
                held = self._queue.adopt(lambda _: True) if failed else []
                if held:
                    return self._queue.open(held[0]).lease
                claimed = self._queue.claim()
            except UnavailableError:
                if time.monotonic() > deadline:
                    raise
                failed = True
                time.sleep(_PAUSE_S)
                continue
            assert claimed is not None, "too few items wait"
            return claimed.lease


def faults(database: TeamDatabase, journal: Journal) -> list[str]:
    """Return what was lost, doubled, orphaned or left half, in words."""

    def rows(query: str) -> list[tuple[Any, ...]]:
        return database.cluster.run(query, database.name)

    stored = {key: (made, item_id) for key, made, item_id in rows("SELECT idempotency_key, id, item_id FROM decision")}
    found = [f"lost: {key}" for key, made in journal.told.items() if key not in stored or stored[key][0] != made]
    found += [f"not asked for: {key}" for key in stored.keys() - journal.meant.keys()]
    found += [f"of another item: {key}" for key in stored.keys() & journal.meant.keys()
              if stored[key][1] != journal.meant[key][0]]  # fmt: skip
    found += [f"doubled: {row[0]}" for row in rows("SELECT item_id FROM decision GROUP BY 1 HAVING count(*) > 1")]
    return found + [f"{what}: {row[0]}" for what, query in _HALVES.items() for row in rows(query)]


# What is there without what belongs to it.
_DECIDED = (
    "(SELECT convert_from(body, 'UTF8')::jsonb -> 'details' ->> 'decision' AS id FROM entry WHERE action = 'decided')"
)
_HALVES = {
    "orphaned request": "SELECT decision_id FROM outbox WHERE decision_id NOT IN (SELECT id FROM decision)",
    "decision without its request": "SELECT id FROM decision WHERE id NOT IN (SELECT decision_id FROM outbox)",
    "decision without its entry": f"SELECT id FROM decision WHERE id NOT IN {_DECIDED}",
    "entry without its decision": f"SELECT id FROM {_DECIDED} d WHERE id NOT IN (SELECT id FROM decision)",
    "decision without its state": "SELECT id FROM decision d WHERE NOT EXISTS (SELECT FROM item i"
    " WHERE i.id = d.item_id AND i.state = 'held' AND i.fence = d.fence AND i.lease_id IS NULL)",
    "state without its decision": "SELECT id FROM item WHERE state = 'held'"
    " AND id NOT IN (SELECT item_id FROM decision)",
}


# ---- In a process that is killed


def decide_until_killed(folder: Path, journal: Path, mark: Path) -> None:
    """Decide whatever waits, and keep in the file `mark` how far the decision that goes on has come."""
    with mark.open("r+b") as file:
        stage = mmap.mmap(file.fileno(), 1)  # what a killed process wrote there stays

    def reached(newest: Stage, _: Connection) -> None:
        if stage[0] != Stage.AFTER:
            stage[0] = newest

    watch(Engine, reached)
    application = Application(folder, folder / "keys")
    services = application.unlock()
    stage[0] = Stage.AFTER
    _answer_all(services.review, journal)
    held = services.queue.adopt(application.desk.is_alive)
    while True:
        claimed = services.queue.open(held.pop(0)) if held else services.queue.claim()
        assert claimed is not None, "too few items wait"
        note = secrets.token_hex(secrets.randbelow(400) + 1)
        intent = {"item": claimed.item.id, "lease": claimed.lease.id, "key": new_key(), "text": note}
        children._write_down(journal, intent)
        stage[0] = Stage.BEFORE
        _decide(services.review, intent, journal)
        stage[0] = Stage.AFTER


def finish(folder: Path, journal: Path) -> None:
    """Ask again for what killed processes were not told."""
    application = Application(folder, folder / "keys")
    _answer_all(application.unlock().review, journal)
    application.close()


def _answer_all(review: Review, journal: Path) -> None:
    for intent in children._unanswered(journal):
        _decide(review, intent, journal)


def _decide(review: Review, intent: Mapping[str, str], journal: Path) -> None:
    judgement = Judgement(Verdict.REJECT, reason="tone", note=intent["text"])
    decision = review.decide_by_ids(intent["item"], LeaseId(intent["lease"]), judgement, key=intent["key"])
    children._write_down(journal, {"key": intent["key"], "decision": decision.id})


def read_journal(path: Path) -> Journal:
    """Return what processes meant and were told."""
    entries = children.read_journal(path)
    return Journal(
        {each["key"]: (each["item"], each["text"]) for each in entries if "text" in each},
        {each["key"]: each["decision"] for each in entries if "decision" in each},
    )
