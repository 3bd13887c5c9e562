"""What leaves for an auditor: the ledger or a part of it as files, and one entry with its proof as a receipt.

Files of an export: `entries.jsonl`, one signed entry a line; `keys.json`, the entries that say who may sign;
`checkpoints.jsonl`. In a part every entry carries the proof that it stands at its position in the tree of the newest
checkpoint, so that nothing else of the ledger need be shown. The program beside them, `verify.py`, reads the same form
and shares no code with this.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reviewer.ledger.checkpoints import Checkpoint, MalformedCheckpointError
from reviewer.ledger.directory import KEY_ACTIONS
from reviewer.ledger.entries import MalformedEntryError, SignedEntry, message, parse
from reviewer.ledger.merkle import Tree, is_included
from reviewer.ledger.verification import BrokenEntryError, Check, Verifier

FORMAT = 1


class MalformedExportError(ValueError):
    """A file that is no export of this program."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry at its position in the tree, counted from 1; `proof` leads to the root of some checkpoint."""

    position: int
    signed: SignedEntry
    proof: tuple[bytes, ...] | None = None

    def as_json(self) -> dict[str, object]:
        """Return it as a line of an export."""
        line: dict[str, object] = {
            "position": self.position,
            "entry": self.signed.body.decode(),
            "signature": base64.b64encode(self.signed.signature).decode(),
        }
        return line if self.proof is None else line | {"proof": [step.hex() for step in self.proof]}

    @classmethod
    def read(cls, untrusted_line: Any) -> "Placed":
        """Read what as_json gave, in that very spelling. Raises MalformedExportError."""
        try:
            steps = untrusted_line.get("proof")
            signature = base64.b64decode(untrusted_line["signature"], validate=True)
            signed = SignedEntry(untrusted_line["entry"].encode(), signature)
            proof = None if steps is None else tuple(bytes.fromhex(step) for step in steps)
            placed = cls(untrusted_line["position"], signed, proof)
            is_same = placed.as_json() == untrusted_line and type(placed.position) is int
        except (KeyError, TypeError, AttributeError, ValueError, binascii.Error) as exc:
            raise MalformedExportError("a line is no entry") from exc
        if not is_same:
            raise MalformedExportError("a line is no entry")
        return placed


@dataclass(frozen=True, slots=True)
class Export:
    """The files of an export, as text."""

    entries: Iterator[str]
    keys: str
    checkpoints: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """One entry, the entries that say who may sign, and a checkpoint that covers them all."""

    placed: Placed
    keys: tuple[Placed, ...]
    checkpoint: str

    @classmethod
    def of(cls, entries: Sequence[SignedEntry], position: int, checkpoint: str) -> "Receipt":
        """Prove the entry at `position`; `entries` are at least those that the checkpoint covers."""
        covered = entries[: Checkpoint.read(checkpoint).head.size]
        placed = _proved(covered, {position} | _key_positions(covered))
        keys = tuple(each for each in placed.values() if each.position != position or _is_key(each.signed))
        return cls(placed[position], keys, checkpoint)

    def text(self) -> str:
        """Return the receipt as a file."""
        whole = {
            "format": FORMAT,
            "receipt": self.placed.as_json(),
            "keys": [each.as_json() for each in self.keys],
            "checkpoint": self.checkpoint,
        }
        return json.dumps(whole, ensure_ascii=False, indent=1)

    @classmethod
    def read(cls, untrusted_text: str) -> "Receipt":
        """Read what text() gave. Raises MalformedExportError."""
        try:
            whole = json.loads(untrusted_text)
            if whole["format"] != FORMAT or not isinstance(whole["checkpoint"], str):
                raise MalformedExportError("this is no receipt that this version knows")
            keys = tuple(Placed.read(each) for each in whole["keys"])
            return cls(Placed.read(whole["receipt"]), keys, whole["checkpoint"])
        except (KeyError, TypeError, ValueError, RecursionError) as exc:
            raise MalformedExportError("this is no receipt") from exc


def export(
    entries: Sequence[SignedEntry],
    checkpoints: Sequence[str],
    *,
    wanted: Callable[[int, dict[str, Any]], bool] | None = None,
) -> Export:
    """Return the files for all entries, or for those that `wanted(position, fields)` and the last checkpoint covers."""
    notes = "".join(json.dumps(note, ensure_ascii=False) + "\n" for note in checkpoints)
    if wanted is None:
        placed: Iterable[Placed] = (Placed(position, signed) for position, signed in enumerate(entries, 1))
        keys = [Placed(position, signed) for position, signed in enumerate(entries, 1) if _is_key(signed)]
        return Export(_lines(placed), _keys_file(keys, of=None), notes)
    newest = max(map(Checkpoint.read, checkpoints), key=lambda each: each.head.size)
    covered = entries[: newest.head.size]
    chosen = {position for position, signed in enumerate(covered, 1) if wanted(position, parse(signed.body))}
    proved = _proved(covered, chosen | _key_positions(covered))
    keys = [each for each in proved.values() if _is_key(each.signed)]
    lines = _lines(each for each in proved.values() if each.position in chosen)
    return Export(lines, _keys_file(keys, of=len(covered)), json.dumps(newest.note, ensure_ascii=False) + "\n")


def check_receipt(receipt: Receipt, *, check: Check, founder: bytes | None = None) -> str | None:
    """Return why a receipt proves nothing, or None where it holds."""
    try:
        checkpoint = Checkpoint.read(receipt.checkpoint)
        verifier = Verifier()
        for placed in sorted(receipt.keys, key=lambda each: each.position):
            _take(verifier, placed, checkpoint, check)
        why = _lacking(verifier, receipt.placed, checkpoint, check)
    except (MalformedCheckpointError, MalformedEntryError, BrokenEntryError) as exc:
        return f"{exc}"
    if founder is not None and founder != verifier.directory.founder:
        return "the workspace was made with another founder's key"
    keys = filter(checkpoint.is_hinted, verifier.directory.signing_keys(checkpoint.signer))
    if checkpoint.workspace != verifier.workspace or not any(
        check([(key, checkpoint.message, checkpoint.signature)]) is None for key in keys
    ):
        return "its checkpoint is not signed by a member"
    return why


def _take(verifier: Verifier, placed: Placed, checkpoint: Checkpoint, check: Check) -> None:
    """Let an entry that says who may sign take effect. Raises BrokenEntryError."""
    if verifier.workspace is None and placed.position != 1:
        raise BrokenEntryError("the first entry of the ledger is missing")
    signature = verifier.add_apart(placed.signed)
    if check([signature]) is not None:
        raise BrokenEntryError(f"the signature of entry {placed.position} is not its actor's")
    if not _is_in(placed, checkpoint):
        raise BrokenEntryError(f"entry {placed.position} is not in the tree of the checkpoint")


def _lacking(verifier: Verifier, placed: Placed, checkpoint: Checkpoint, check: Check) -> str | None:
    fields = parse(placed.signed.body)
    keys = verifier.directory.at(fields["actor"], fields["number"])
    if fields["workspace"] != verifier.workspace or keys is None:
        return "its actor is not a member"
    if check([(keys.sign, message(placed.signed.body), placed.signed.signature)]) is not None:
        return "its signature is not its actor's"
    return None if _is_in(placed, checkpoint) else "it is not in the tree of the checkpoint"


def _is_in(placed: Placed, checkpoint: Checkpoint) -> bool:
    return placed.proof is not None and is_included(
        placed.signed.hash, placed.position - 1, checkpoint.head, placed.proof
    )


def _proved(covered: Sequence[SignedEntry], positions: Iterable[int]) -> dict[int, Placed]:
    tree, size = Tree(signed.hash for signed in covered), len(covered)
    return {
        position: Placed(position, covered[position - 1], tuple(tree.inclusion_proof(position - 1, size)))
        for position in sorted(positions)
    }


def _key_positions(entries: Sequence[SignedEntry]) -> set[int]:
    return {position for position, signed in enumerate(entries, 1) if _is_key(signed)}


def _is_key(signed: SignedEntry) -> bool:
    return parse(signed.body)["action"] in KEY_ACTIONS


def _lines(placed: Iterable[Placed]) -> Iterator[str]:
    return (json.dumps(each.as_json(), ensure_ascii=False) + "\n" for each in placed)


def _keys_file(keys: Sequence[Placed], *, of: int | None) -> str:
    whole = {"format": FORMAT, "part_of": of, "keys": [each.as_json() for each in keys]}
    return json.dumps(whole, ensure_ascii=False, indent=1)
