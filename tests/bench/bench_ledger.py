"""How fast sealing, signing and verifying are, on this machine, beside pymerkle's hashing in the same run.

    python -m tests.bench.bench_ledger [--entries 100000] [--processes 2]

Says of each figure what it covers. Entries are made by four actors, as a workspace at work makes them; making them
signs each one, which is the figure for signing in place.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from pymerkle import InmemoryTree  # type: ignore[import-untyped]  # ships no types

from reviewer.crypto import (
    DataKey,
    FieldPlace,
    Identity,
    Owner,
    PassphraseCost,
    SignatureCheckers,
    WorkspaceKey,
    first_bad_signature,
    new_secret,
    open_identity,
    seal_identity,
)
from reviewer.ledger import CompactRange, SignatureDepth, SignedEntry, verify
from tests.ledgers import Book, reviewed
from tests.verifier import alone

_TARGET_ENTRIES, _TARGET_S = 100_000, 5.0
_PLACE = FieldPlace("workspace", "content", "row", "draft")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=_TARGET_ENTRIES)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    _say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    _bench_sealing()
    _bench_ledger(given.entries, given.processes)
    _say(f"load {os.getloadavg()[0]:.1f} at the end")


def _bench_sealing() -> None:
    for size in (160, 2_000, 64_000):
        key, text = DataKey.new("conversation"), os.urandom(size)
        sealed = key.seal(_PLACE, text)
        _row(f"seal a field of {size:,} bytes", _micros(partial(key.seal, _PLACE, text)))
        _row(f"open a field of {size:,} bytes", _micros(partial(key.open, _PLACE, sealed)))
    key, wrapping, identity = DataKey.new("conversation"), WorkspaceKey.new("workspace", 1), Identity.new()
    wrapped, fingerprint, owner = wrapping.wrap(key), wrapping.fingerprint, Owner("workspace", "member")
    sealed_key = wrapping.seal_to("member", identity.public)
    _row("make and wrap a data key", _micros(lambda: wrapping.wrap(DataKey.new("conversation"))))
    _row("unwrap a data key", _micros(lambda: wrapping.unwrap(wrapped, "conversation", key.id)))
    _row("digest 2,000 bytes", _micros(lambda: key.digest("draft", bytes(2_000))))
    _row("seal the workspace key to a member", _micros(lambda: wrapping.seal_to("member", identity.public)))
    _row(
        "open the workspace key",
        _micros(lambda: WorkspaceKey.open(sealed_key, identity, owner, generation=1, fingerprint=fingerprint)),
    )
    _row("sign 600 bytes", _micros(lambda: identity.sign(bytes(600))))
    secret = new_secret()
    locked = seal_identity(identity, owner, device_secret=secret, passphrase="words", cost=PassphraseCost())
    unlock = _best(lambda: open_identity(locked, owner, device_secret=secret, passphrase="words"), times=3)
    _row("unlock with a passphrase (Argon2id, 64 MiB)", unlock * 1e6)
    plain = seal_identity(identity, owner, device_secret=secret)
    _row("unlock without", _micros(lambda: open_identity(plain, owner, device_secret=secret)))


def _bench_ledger(entries: int, processes: int) -> None:
    started = time.perf_counter()
    book = reviewed(entries, checkpoint_every=max(entries // 100, 1)).book
    _row("write an entry: spell, sign, hash, extend the tree", (time.perf_counter() - started) / entries * 1e6)
    size = statistics.mean(len(signed.body) for signed in book.entries[:1_000])
    _say(f"\n{entries:,} entries of {size:.0f} bytes, {len(book.checkpoints)} checkpoints")

    leaves = [signed.body + signed.signature for signed in book.entries]
    _rate("pymerkle: hash and append the leaves, nothing else", entries, lambda: _pymerkle(leaves))
    _rate("ours: hash and append the leaves, nothing else", entries, lambda: _tree(book.entries))
    _rate(
        "verify: every byte, chain, member, tree; the newest signature of each actor",
        entries,
        lambda: _verify(book, SignatureDepth.LAST_OF_EACH_CHAIN, first_bad_signature),
    )
    with SignatureCheckers(processes) as checkers:
        checkers.first_bad_signature([(b"", b"", b"")] * 1_000)  # starts the processes
        _rate(
            f"verify: the same and every signature, {processes} processes",
            entries,
            lambda: _verify(book, SignatureDepth.EVERY, checkers.first_bad_signature),
        )
    few = Book()
    few.entries, few.checkpoints = book.entries[: entries // 10], []
    _rate(
        "verify: the same and every signature, 1 process",
        len(few.entries),
        lambda: _verify(few, SignatureDepth.EVERY, first_bad_signature),
    )
    pairs = [(signed.body.decode(), signed.signature) for signed in few.entries]
    _rate("verify.py: the same and every signature", len(pairs), lambda: alone.verify_whole(pairs, ()))


def _verify(
    book: Book, depth: SignatureDepth, check: Callable[[Sequence[tuple[bytes, bytes, bytes]]], int | None]
) -> None:
    assert verify(book.entries, check=check, checkpoints=book.checkpoints, depth=depth).ok


def _tree(entries: Sequence[SignedEntry]) -> None:
    grown = CompactRange()
    for signed in entries:
        grown.append(signed.hash)
    assert grown.root


def _pymerkle(leaves: Sequence[bytes]) -> None:
    tree = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        tree.append_entry(leaf)
    assert tree.get_root()


def _micros(act: Callable[[], object], times: int = 1_000) -> float:
    """Return the microseconds of one act: the best of five rounds."""

    def round_() -> None:
        for _ in range(times):
            act()

    return _best(round_, times=5) / times * 1e6


def _best(act: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        taken.append(time.perf_counter() - started)
    return min(taken)


def _rate(label: str, entries: int, act: Callable[[], object]) -> None:
    seconds = _best(act, times=2)
    target = f"{_TARGET_ENTRIES:,} in {seconds / entries * _TARGET_ENTRIES:.1f} s (target {_TARGET_S:.0f})"
    _say(f"{label:<78} {entries / seconds:>10,.0f} entries/s   {target}")


def _row(label: str, micros: float) -> None:
    _say(f"{label:<78} {micros:>10,.1f} µs")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
