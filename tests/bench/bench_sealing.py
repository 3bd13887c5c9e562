"""What sealing and signing add to claiming and deciding.

The same work runs in three profiles that take turns, one by one: as the program does it; without ciphers and
signatures; and without any of it, entries left empty and the file unencrypted. What is left out is replaced by
something that costs nothing and stores as many bytes, so that the difference is what it costs. Beside them stands the
floor: one committed update of one row in the same file.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from unittest.mock import patch

from sqlcipher3 import dbapi2

from reviewer.crypto import DataKey, FieldPlace, Identity, WorkspaceKey
from reviewer.domain.attestations import Attestation
from reviewer.domain.decisions import Judgement, Verdict
from reviewer.domain.kinds import KINDS
from reviewer.ledger import Entry, SignedEntry
from reviewer.storage import sqlite
from reviewer.storage.store import Unrecorded
from tests.bench.bench_queue import Timing, measure
from tests.factories import Profile, every_override, line, new_key

_OVERHEAD = bytes(29)  # what sealing adds: algorithm, nonce, tag
_DRAFT = "Yes, we open at nine. Reply 1 to keep your time, 2 to change it. "
_SOURCE = [{"speaker": "Customer", "text": "Do you open at nine on Saturdays, or later? " * 8}] * 5
_prepare = sqlite._prepare


def _seal(_: DataKey, __: FieldPlace, plaintext: bytes) -> bytes:
    return _OVERHEAD + plaintext


def _open(_: DataKey, __: FieldPlace, sealed: bytes) -> bytes:
    return sealed[len(_OVERHEAD) :]


def _digest(key: DataKey, _: str, __: bytes) -> str:
    return f"hmac-sha256:{key.id}:{'0' * 64}"


def _unwrap(_: WorkspaceKey, __: bytes, conversation: str, key_id: str) -> DataKey:
    key = object.__new__(DataKey)
    key.conversation, key.id = conversation, key_id
    return key


def _no_signature(_: Identity, __: bytes) -> bytes:
    return bytes(64)


def _empty_entry(_: Entry, sign: Callable[[bytes], bytes]) -> SignedEntry:
    return SignedEntry(b"{}" + bytes(600), sign(b""))


def _plain_file(_: bytes, connection: dbapi2.Connection, record: object) -> None:
    class Unkeyed:
        """Passes everything on but the key."""

        def execute(self, statement: str) -> object:
            return None if statement.startswith("PRAGMA key") else connection.execute(statement)

        def __setattr__(self, name: str, value: object) -> None:
            setattr(connection, name, value)

    _prepare(b"", Unkeyed(), record)


Replaced = list[tuple[type, str, object]]
_NO_CIPHERS: Replaced = [
    (DataKey, "seal", _seal),
    (DataKey, "open", _open),
    (DataKey, "digest", _digest),
    (WorkspaceKey, "unwrap", _unwrap),
    (Identity, "sign", _no_signature),
]
_MODES: Mapping[str, Replaced] = {
    "sealed and signed": [],
    "no ciphers, no signatures": _NO_CIPHERS,
    "plain": [*_NO_CIPHERS, (Entry, "sign", _empty_entry)],
}


@contextmanager
def _replaced(what: Replaced) -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, with_what in what:
            stack.enter_context(patch.object(owner, name, with_what))
        yield


class Desk:
    """A profile with drafts to decide, and the work to be timed on it, in one of the modes."""

    def __init__(self, folder: Path, mode: str, drafts: int) -> None:
        self._what = _MODES[mode]
        plain = patch.object(sqlite, "_prepare", _plain_file if mode == "plain" else _prepare)
        with plain:
            self._profile = Profile(folder)
        with _replaced(self._what):
            for start in range(0, drafts, 500):
                self._profile.take(*(line(id=f"{start + n}", draft=_DRAFT, source=_SOURCE) for n in range(500)))
        services = self._profile.services()
        for kind in KINDS:
            for rule in every_override():  # real drafts have findings, and what sealing costs is asked here
                services.policy.switch(kind, rule, on=False)
        self._queue, self._review = services.queue, services.review
        with self._profile.store.write(self._profile.first) as tx:  # a connection of the pool, as the work has it
            self._floor = tx._connection.connection.dbapi_connection
            tx.leave_unrecorded(Unrecorded.NOTHING)
        assert self._floor is not None
        with closing(self._floor.cursor()) as cursor:
            cursor.execute("CREATE TABLE floor (id INTEGER PRIMARY KEY, number INTEGER NOT NULL)")
            cursor.execute("INSERT INTO floor VALUES (1, 0)")

    def floor(self) -> None:
        """Commit one update of one row."""
        assert self._floor is not None
        with closing(self._floor.cursor()) as cursor:
            for statement in ("BEGIN IMMEDIATE", "UPDATE floor SET number = number + 1 WHERE id = 1", "COMMIT"):
                cursor.execute(statement)

    def claim_and_decide(self) -> None:
        """Claim and open an item, then approve it edited: two commits."""
        with _replaced(self._what):
            claimed = self._queue.claim()
            assert claimed is not None
            judgement = Judgement(Verdict.APPROVE, f"{claimed.item.draft} See you.", note="Warmer.")
            self._review.decide(claimed.lease, judgement, key=new_key(), attestation=Attestation())

    def close(self) -> None:
        """Close the profile."""
        self._profile.close()


def main() -> int:
    """Run the benchmark; print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description="what sealing and signing add to claim and decide")
    parser.add_argument("--times", type=int, default=400, metavar="N", help="turns of each work (default: 400)")
    parser.add_argument("--dir", type=Path, metavar="DIR", help="a folder on the disk to measure")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.dir) as folder:
        desks = {mode: Desk(Path(folder) / str(n), mode, arguments.times + 500) for n, mode in enumerate(_MODES)}
        work = [act for desk in desks.values() for act in (desk.floor, desk.claim_and_decide)]
        timings = measure(work, arguments.times)
        for desk in desks.values():
            desk.close()
    by_mode = {mode: (timings[2 * n], timings[2 * n + 1]) for n, mode in enumerate(_MODES)}
    _tell(by_mode)
    return 0


def _tell(by_mode: dict[str, tuple[Timing, Timing]]) -> None:
    say = partial(print, flush=True)
    say(f"{'claim + decide':<27} {'p50 ms':>8} {'p99 ms':>8} {'cpu ms':>8} {'per s':>8} {'x floor':>8}")
    for mode, (floor, timing) in by_mode.items():
        figures = f"{timing.p50_ms:>8.2f} {timing.p99_ms:>8.2f} {timing.cpu_ms:>8.2f} {timing.per_second:>8.0f}"
        say(f"{mode:<27} {figures} {timing.p50_ms / floor.p50_ms:>8.1f}")
    sealed, plain = by_mode["sealed and signed"][1], by_mode["plain"][1]
    floors = by_mode["sealed and signed"][0].p50_ms, by_mode["plain"][0].p50_ms
    told = {
        "ratio": round(sealed.p50_ms / plain.p50_ms, 3),
        "cpu_ratio": round(sealed.cpu_ms / plain.cpu_ms, 3),
        "added_ms": round(sealed.p50_ms - plain.p50_ms, 3),
        "added_cpu_ms": round(sealed.cpu_ms - plain.cpu_ms, 3),
        "ciphers_cpu_ms": round(sealed.cpu_ms - by_mode["no ciphers, no signatures"][1].cpu_ms, 3),
        "per_s": round(sealed.per_second, 1),
        "plain_per_s": round(plain.per_second, 1),
        "floor_ms": round(floors[0], 3),
        "plain_floor_ms": round(floors[1], 3),
    }
    say(
        f"sealed and signed takes x{told['ratio']} of plain: {told['added_ms']} ms more, {told['added_cpu_ms']} ms"
        f" of them on the processor; ciphers and signatures {told['ciphers_cpu_ms']} ms"
    )
    say(json.dumps(told))


if __name__ == "__main__":
    sys.exit(main())
