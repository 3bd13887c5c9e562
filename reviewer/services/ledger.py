"""The ledger as its members use it: verify, checkpoint, witness, look, export, prove.

Each profile is a witness: it remembers the last tree head it verified, its own newest entry and the key with which the
workspace was founded, and refuses to go on over a ledger that no longer holds them.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from reviewer.crypto import SignatureCheckers, first_bad_signature
from reviewer.domain.errors import LedgerBrokenError, NotFoundError, UnavailableError
from reviewer.domain.events import Action
from reviewer.domain.members import Actor
from reviewer.files import write_whole
from reviewer.ledger import (
    ChainHead,
    Checkpoint,
    CompactRange,
    Entry,
    Export,
    Receipt,
    Report,
    SignedEntry,
    TreeHead,
    Verifier,
    Witness,
    export,
    verify,
)
from reviewer.ledger.entries import instant
from reviewer.ledger.verification import BrokenEntryError
from reviewer.resources import resource
from reviewer.services import csv_view
from reviewer.storage import Store, Transaction, entries, items, members
from reviewer.storage.entries import EntryRow, Filter
from reviewer.storage.store import Unrecorded

_PIECE = 500
_MOST_FLAWED = 100  # entries without a signature that are remembered
_NEWEST = 200  # checkpoints of the sink that are looked at; a newer one covers all that an older one does

__all__ = ["EntryRow", "Filter", "Ledger", "Told", "Verified", "WitnessFile"]


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of an item's story, as it is read."""

    position: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Verified:
    """How far the ledger is verified and anchored; `flawed` are the positions of entries that prove nothing."""

    entries: int
    verified: int
    anchored: int
    flawed: tuple[int, ...] = ()

    @property
    def done(self) -> bool:
        """Tell whether every entry is verified."""
        return self.verified == self.entries


class WitnessFile:
    """What one profile remembers of the ledger, outside the database."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, actor: str) -> Witness:
        """Return what is remembered. Raises LedgerBrokenError where the file is damaged."""
        try:
            kept = dict(json.loads(self._path.read_text("utf-8")))
            head = _head(kept["size"], kept["root"]) if "size" in kept else None
            own = ((actor, _chain_head(kept["number"], kept["hash"])),) if kept.get("number") else ()
            founder = bytes.fromhex(kept["founder"]) if "founder" in kept else None
            flawed = tuple(map(int, kept.get("flawed", ())))
        except FileNotFoundError:
            return Witness()
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise LedgerBrokenError(
                f"What this profile remembers of the ledger ({self._path.name}) is damaged: verify the ledger."
            ) from exc
        return Witness(head, own, founder=founder, flawed=flawed)

    def save(
        self, head: TreeHead | None, own: ChainHead | None, founder: bytes | None, flawed: Sequence[int] = ()
    ) -> None:
        """Remember a verified head, the own newest entry, the founder's key and what is flawed, whole or not at all."""
        kept: dict[str, Any] = {} if founder is None else {"founder": founder.hex()}
        if flawed:
            kept["flawed"] = list(flawed)
        if head is not None:
            kept |= {"size": head.size, "root": head.root.hex()}
        if own is not None and own.number:  # who has written nothing yet has nothing to remember
            kept |= {"number": own.number, "hash": own.hash}
        write_whole(self._path, [json.dumps(kept).encode()])


class Sink:
    """The customer's folder for checkpoints: a second witness, which whoever restores a backup does not have."""

    def __init__(self, folder: Path | None, workspace: str) -> None:
        self._folder = folder
        self._workspace = workspace

    def checkpoints(self) -> list[Checkpoint]:
        """Return the newest ones of this workspace, oldest first; files that are none are passed over."""
        if self._folder is None:
            return []
        paths = sorted(self._folder.glob(f"checkpoint-{self._workspace}-*.txt"))[-_NEWEST:]
        return [found for found in map(_checkpoint, paths) if found is not None and found.workspace == self._workspace]

    def pour(self, made: Checkpoint) -> None:
        """Keep a copy there; one of another tree is never written over. Raises UnavailableError."""
        if self._folder is None:
            return
        name = f"checkpoint-{self._workspace}-{made.head.size:012}-{made.head.root.hex()[:16]}.txt"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / name).write_text(made.note, "utf-8")
        except OSError as exc:
            raise UnavailableError(f"The folder for checkpoints cannot be written: {exc.strerror}.") from exc


class Ledger:
    """The workspace's ledger, seen by one member."""

    def __init__(self, store: Store, actor: Actor, witness: WitnessFile, sink: Path | None) -> None:
        self._store = store
        self._actor = actor
        self._file = witness
        self._sink = Sink(sink, actor.member.workspace_id)
        self._compared: set[tuple[int, bytes]] = set()  # heads in the sink that this ledger contains
        self._verifier = Verifier()
        self._anchored = 0
        self._note: str | None = None  # the newest checkpoint of this desk's own
        self._flawed: list[int] = []  # positions of entries that their actors did not sign
        self._broken = False

    def check_memory(self) -> None:
        """Look quickly whether the ledger still holds what this profile remembers. Raises LedgerBrokenError."""
        witness = self._file.load(self._actor.member.id)
        with self._store.read() as tx:
            for actor, head in witness.own:
                if not entries.has(tx, actor, head):
                    raise LedgerBrokenError(
                        f"The ledger no longer holds this desk's own entry number {head.number}: the database was "
                        "rolled back or altered. Do not go on; keep the files and verify the ledger."
                    )
            number = entries.number(tx)
        if witness.head is not None and number < witness.head.size:
            raise LedgerBrokenError(
                f"The ledger had {witness.head.size} entries when this desk last verified it; now it has fewer. "
                "Do not go on; keep the files and verify the ledger."
            )
        if any(number < each.head.size for each in self._sink.checkpoints()):
            raise LedgerBrokenError(
                "The folder for checkpoints holds one of a ledger with more entries than this one has. "
                "Do not go on; keep the files and verify the ledger."
            )

    def advance(self) -> Verified:
        """Verify the next few hundred entries. Raises LedgerBrokenError."""
        witness = self._file.load(self._actor.member.id)
        self._flawed += [position for position in witness.flawed if position not in self._flawed]
        start = self._verifier.tree.size
        self._store.settle()
        with self._store.read() as tx:
            piece = list(islice(entries.after(tx, start), _PIECE))
            number = entries.number(tx)
        if number < max(start, 0 if witness.head is None else witness.head.size):
            raise LedgerBrokenError(
                "The ledger has fewer entries than this desk has verified: the end is missing. Do not go on; keep the "
                "files and verify the ledger."
            )
        if not piece and number > start:  # a team's database keeps the places of entries apart from them
            self._broken = True
            raise LedgerBrokenError(
                "The ledger names entries that are no longer there. Do not go on; keep the files and verify the ledger."
            )
        try:
            for position, signed in enumerate(piece, start + 1):
                self._take(signed, position, witness)
        except LedgerBrokenError:
            self._broken = True
            raise
        return Verified(number, self._verifier.tree.size, self._anchored, tuple(self._flawed))

    def checkpoint(self) -> Verified:
        """Verify what is new and sign the tree over it, for the store, this profile and the sink.

        Raises LedgerBrokenError, also where the sink holds a checkpoint of another ledger: two desks were shown two.
        """
        while not (state := self.advance()).done:
            pass
        self._compare_with_sink()
        head = self._verifier.tree.head
        if head.size > self._anchored:
            made = Checkpoint.make(
                self._actor.member.workspace_id,
                head,
                self._now(),
                signer=self._actor.member.id,
                public=self._store.keys.identity.public.sign,
                sign=self._store.keys.identity.sign,
            )
            with self._store.write(self._actor) as tx:
                entries.add_checkpoint(tx, made)
                tx.leave_unrecorded(Unrecorded.CHECKPOINT)
            self._sink.pour(made)
            self._note = made.note
            self._compared.add((head.size, head.root))
            self._anchored = head.size
        self.remember()
        return Verified(state.entries, head.size, self._anchored, tuple(self._flawed))

    def remember(self) -> None:
        """Write down the verified head and this desk's newest entry; nothing of a ledger that was found broken."""
        if self._broken:
            return
        before = self._file.load(self._actor.member.id)
        head = self._verifier.tree.head if self._verifier.tree.size else before.head
        if before.head is not None and (head is None or head.size < before.head.size):
            head = before.head
        own = self._store.own_head or next((known for _, known in before.own), None)
        self._file.save(head, own, before.founder or self._verifier.directory.founder, self._flawed or before.flawed)

    def verify(self, progress: Callable[[int], None] | None = None) -> Report:
        """Verify everything, every signature included."""
        self._store.settle()
        witness = self._file.load(self._actor.member.id)
        with self._store.read() as tx, SignatureCheckers(os.cpu_count() or 1) as checkers:
            return verify(
                _Rows(tx),
                check=checkers.first_bad_signature,
                checkpoints=[*entries.checkpoints(tx), *(each.note for each in self._sink.checkpoints())],
                witnesses=[witness],
                founder=witness.founder,
                progress=progress,
            )

    def number(self) -> int:
        """Count the entries."""
        self._store.settle()
        with self._store.read() as tx:
            return entries.number(tx)

    def listing(self, wanted: Filter, limit: int = 500) -> list[EntryRow]:
        """Return the newest entries that are wanted, newest first."""
        self._store.settle()
        with self._store.read() as tx:
            return entries.listing(tx, wanted, limit)

    def story(self, item_id: str) -> list[Told]:
        """Return every entry about an item, oldest first."""
        self._store.settle()
        with self._store.read() as tx:
            return [Told(position, Entry.read(signed.body)) for position, signed in entries.story(tx, item_id)]

    def names(self) -> dict[str, str]:
        """Return the members' names by id."""
        with self._store.read() as tx:
            return members.names(tx)

    def receipt(self, item_id: str) -> str:
        """Return the newest decision on an item with the proof that it is in the ledger, for verify.py."""
        self.checkpoint()
        with self._store.read() as tx:
            items.find(tx, self._actor.member.workspace_id, item_id)
            position = entries.newest_about(tx, item_id, Action.DECIDED)
            if position is None:
                raise NotFoundError("There is no decision on this item.")
            every = list(entries.after(tx, 0))
        if self._note is None:
            raise UnavailableError("There is no checkpoint yet.")
        return Receipt.of(every, position, self._note).text()  # and not by one that somebody else left there

    def export(self, folder: Path, wanted: Filter) -> int:
        """Write entries, keys, checkpoints, a CSV view and verify.py to `folder`; return how many entries.

        Raises UnavailableError where the folder cannot be written.
        """
        with self._store.write(self._actor) as tx:
            tx.record(Action.EXPORTED, filtered=wanted != Filter())
        self.checkpoint()
        with self._store.read() as tx:
            every = list(entries.after(tx, 0))
            notes = entries.checkpoints(tx)
            if wanted != Filter() and self._note is not None:
                notes = [self._note]  # a part is proved by one, and not by one that somebody else left there
            made = export(every, notes, wanted=None if wanted == Filter() else _wanted(wanted))
            names = members.names(tx)
        try:
            return _write_export(folder, made, names)
        except OSError as exc:
            raise UnavailableError(f"The folder {folder} cannot be written: {exc.strerror}.") from exc

    def _take(self, signed: SignedEntry, position: int, witness: Witness) -> None:
        try:
            added = self._verifier.add(signed)
        except BrokenEntryError as exc:
            raise LedgerBrokenError(f"Entry {position} of the ledger is wrong: {exc}.") from exc
        if witness.founder not in (None, self._verifier.directory.founder):
            raise LedgerBrokenError("The workspace was made with another founder's key than the one this desk knows.")
        remembered = 0 if witness.head is None else witness.head.size
        # What was verified before is covered by the root it is compared with; the rest is checked one by one.
        if position > remembered and first_bad_signature([added.signature]) is not None:
            if added.is_of_keys:
                raise LedgerBrokenError(f"Entry {position} of the ledger is wrong: its signature is not its actor's.")
            if position not in self._flawed and len(self._flawed) < _MOST_FLAWED:
                self._flawed.append(position)
        if witness.head is not None and position == remembered and self._verifier.tree.root != witness.head.root:
            raise LedgerBrokenError(
                f"The first {remembered} entries of the ledger are not those that this desk verified before."
            )

    def _now(self) -> datetime:
        with self._store.read() as tx:
            return tx.now()

    def _compare_with_sink(self) -> None:
        """Look whether this ledger contains what other desks have poured. Raises LedgerBrokenError."""
        heads = {(each.head.size, each.head.root) for each in self._sink.checkpoints()} - self._compared
        if not heads:
            return
        sizes, roots = {size for size, _ in heads}, dict[int, bytes]()
        tree = CompactRange()
        with self._store.read() as tx:
            for signed in islice(entries.after(tx, 0), max(sizes)):
                tree.append(signed.hash)
                if tree.size in sizes:
                    roots[tree.size] = tree.root
        for size, root in sorted(heads):
            if roots.get(size) != root:
                raise LedgerBrokenError(
                    f"The folder for checkpoints holds one over {size} entries that this ledger does not contain: it "
                    "was rolled back, or two desks were shown two ledgers. Do not go on; keep the files."
                )
        self._compared |= heads


class _Rows:
    """The entries of the store, which can be gone through again."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def __iter__(self) -> Iterator[SignedEntry]:
        return entries.after(self._tx, 0)


def _head(size: object, root: object) -> TreeHead:
    """Read a remembered head. Raises ValueError."""
    if not isinstance(size, int) or size < 1 or not isinstance(root, str) or len(bytes.fromhex(root)) != 32:
        raise ValueError("no head")
    return TreeHead(size, bytes.fromhex(root))


def _chain_head(number: object, hash_: object) -> ChainHead:
    """Read a remembered entry. Raises ValueError."""
    if not isinstance(number, int) or number < 1 or not isinstance(hash_, str) or len(hash_) != 64:
        raise ValueError("no entry")
    return ChainHead(number, hash_)


def _checkpoint(path: Path) -> Checkpoint | None:
    try:
        return Checkpoint.read(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _wanted(wanted: Filter) -> Callable[[int, dict[str, Any]], bool]:
    def fits(_position: int, fields: dict[str, Any]) -> bool:
        entry_at = fields["at"]
        return (
            (wanted.since is None or entry_at >= instant(wanted.since))
            and (wanted.until is None or entry_at < instant(wanted.until))
            and wanted.actor in (None, fields["actor"])
            and wanted.action in (None, fields["action"])
            and wanted.item_id in (None, fields.get("object"))
        )

    return fits


def _write_export(folder: Path, made: Export, names: dict[str, str]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    lines = list(made.entries)
    (folder / "entries.jsonl").write_text("".join(lines), "utf-8")
    (folder / "keys.json").write_text(made.keys, "utf-8")
    (folder / "checkpoints.jsonl").write_text(made.checkpoints, "utf-8")
    (folder / "verify.py").write_bytes(resource("verify.py").read_bytes())
    (folder / "entries.csv").write_text(csv_view.table(lines, names), "utf-8")
    return len(lines)
