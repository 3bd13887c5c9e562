"""The ledger as its members use it: verify, checkpoint, witness, look, export, prove.

Each profile is a witness: it remembers the last tree head it verified and its own newest entry, and refuses to go on
over a ledger that no longer holds them.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from reviewer.crypto import SignatureCheckers, first_bad_signature
from reviewer.domain.errors import LedgerBrokenError, NotFoundError, UnavailableError
from reviewer.domain.events import Action
from reviewer.domain.members import Actor
from reviewer.ledger import (
    ChainHead,
    Checkpoint,
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

__all__ = ["EntryRow", "Filter", "Ledger", "Told", "Verified", "WitnessFile"]


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of an item's story, as it is read."""

    position: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Verified:
    """How far the ledger is verified and anchored."""

    entries: int
    verified: int
    anchored: int

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
            kept = json.loads(self._path.read_text("utf-8"))
            head = TreeHead(int(kept["size"]), bytes.fromhex(kept["root"])) if kept.get("size") else None
            own = ((actor, ChainHead(int(kept["number"]), kept["hash"])),) if kept.get("number") else ()
        except FileNotFoundError:
            return Witness()
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise LedgerBrokenError(
                f"What this profile remembers of the ledger ({self._path.name}) is damaged: verify the ledger."
            ) from exc
        return Witness(head, own)

    def save(self, head: TreeHead | None, own: ChainHead | None) -> None:
        """Remember a verified head and the own newest entry, whole or not at all."""
        kept: dict[str, Any] = {}
        if head is not None:
            kept |= {"size": head.size, "root": head.root.hex()}
        if own is not None:
            kept |= {"number": own.number, "hash": own.hash}
        part = self._path.with_suffix(f".{os.getpid()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)


class Ledger:
    """The workspace's ledger, seen by one member."""

    def __init__(self, store: Store, actor: Actor, witness: WitnessFile, sink: Path | None) -> None:
        self._store = store
        self._actor = actor
        self._file = witness
        self._sink = sink
        self._verifier = Verifier()
        self._anchored = 0

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
            if witness.head is not None and entries.number(tx) < witness.head.size:
                raise LedgerBrokenError(
                    f"The ledger had {witness.head.size} entries when this desk last verified it; now it has fewer. "
                    "Do not go on; keep the files and verify the ledger."
                )

    def advance(self) -> Verified:
        """Verify the next few hundred entries. Raises LedgerBrokenError."""
        witness = self._file.load(self._actor.member.id)
        start = self._verifier.tree.size
        with self._store.read() as tx:
            piece = list(islice(entries.after(tx, start), _PIECE))
            number = entries.number(tx)
        for position, signed in enumerate(piece, start + 1):
            self._take(signed, position, witness)
        return Verified(number, self._verifier.tree.size, self._anchored)

    def checkpoint(self) -> Verified:
        """Verify what is new and sign the tree over it, for the store, this profile and the sink."""
        while not (state := self.advance()).done:
            pass
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
            self._pour(made)
            self._anchored = head.size
        self.remember()
        return Verified(state.entries, head.size, self._anchored)

    def remember(self) -> None:
        """Write down the verified head and this desk's newest entry."""
        before = self._file.load(self._actor.member.id)
        head = self._verifier.tree.head if self._verifier.tree.size else before.head
        if before.head is not None and (head is None or head.size < before.head.size):
            head = before.head
        own = self._store.own_head or next((known for _, known in before.own), None)
        self._file.save(head, own)

    def verify(self, progress: Callable[[int], None] | None = None) -> Report:
        """Verify everything, every signature included."""
        with self._store.read() as tx, SignatureCheckers(os.cpu_count() or 1) as checkers:
            return verify(
                _Rows(tx),
                check=checkers.first_bad_signature,
                checkpoints=entries.checkpoints(tx),
                witnesses=[self._file.load(self._actor.member.id)],
                progress=progress,
            )

    def number(self) -> int:
        """Count the entries."""
        with self._store.read() as tx:
            return entries.number(tx)

    def listing(self, wanted: Filter, limit: int = 500) -> list[EntryRow]:
        """Return the newest entries that are wanted, newest first."""
        with self._store.read() as tx:
            return entries.listing(tx, wanted, limit)

    def story(self, item_id: str) -> list[Told]:
        """Return every entry about an item, oldest first."""
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
            note = entries.newest_checkpoint(tx)
            every = list(entries.after(tx, 0))
        if note is None:
            raise UnavailableError("There is no checkpoint yet.")
        return Receipt.of(every, position, note).text()

    def export(self, folder: Path, wanted: Filter) -> int:
        """Write entries, keys, checkpoints, a CSV view and verify.py to `folder`; return how many entries.

        Raises UnavailableError where the folder cannot be written.
        """
        with self._store.write(self._actor) as tx:
            tx.record(Action.EXPORTED, filtered=wanted != Filter())
        self.checkpoint()
        with self._store.read() as tx:
            every = list(entries.after(tx, 0))
            made = export(every, entries.checkpoints(tx), wanted=None if wanted == Filter() else _wanted(wanted))
            names = members.names(tx)
        try:
            return _write_export(folder, made, names)
        except OSError as exc:
            raise UnavailableError(f"The folder {folder} cannot be written: {exc.strerror}.") from exc

    def _take(self, signed: SignedEntry, position: int, witness: Witness) -> None:
        try:
            _, signature = self._verifier.add(signed)
        except BrokenEntryError as exc:
            raise LedgerBrokenError(f"Entry {position} of the ledger is wrong: {exc}.") from exc
        remembered = 0 if witness.head is None else witness.head.size
        # What was verified before is covered by the root it is compared with; the rest is checked one by one.
        if position > remembered and first_bad_signature([signature]) is not None:
            raise LedgerBrokenError(f"Entry {position} of the ledger is wrong: its signature is not its actor's.")
        if witness.head is not None and position == remembered and self._verifier.tree.root != witness.head.root:
            raise LedgerBrokenError(
                f"The first {remembered} entries of the ledger are not those that this desk verified before."
            )

    def _now(self) -> datetime:
        with self._store.read() as tx:
            return tx.now()

    def _pour(self, made: Checkpoint) -> None:
        """Give the customer's sink its copy; a sink that is away is told about, not waited for."""
        if self._sink is None:
            return
        try:
            self._sink.mkdir(parents=True, exist_ok=True)
            (self._sink / f"checkpoint-{made.head.size:012}.txt").write_text(made.note, "utf-8")
        except OSError as exc:
            raise UnavailableError(f"The folder for checkpoints cannot be written: {exc.strerror}.") from exc


class _Rows:
    """The entries of the store, which can be gone through again."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def __iter__(self) -> Iterator[SignedEntry]:
        return entries.after(self._tx, 0)


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
