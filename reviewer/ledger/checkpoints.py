"""A checkpoint: a signed note of how large the tree was and what its root was, to be kept by others than the database.

The form is that of C2SP: https://c2sp.org/tlog-checkpoint inside https://c2sp.org/signed-note, so other tools read it.
The origin is the workspace, the one extension line is the time, the name of the key is the member who signed.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reviewer.ledger.entries import SIGNATURE_BYTES, instant
from reviewer.ledger.merkle import TreeHead

_ORIGIN = "reviewer.ledger/"
_ED25519 = b"\x01"
_NOTE = re.compile(
    r"(?P<text>reviewer\.ledger/(?P<workspace>[!-~]{1,100})\n"
    r"(?P<size>[1-9][0-9]{0,15})\n"
    r"(?P<root>[A-Za-z0-9+/]{43}=)\n"
    r"time (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\n)"
    r"\n— (?P<signer>[!-*,-~]{1,100}) (?P<signature>[A-Za-z0-9+/]{91}=)\n",
    re.ASCII,
)


class MalformedCheckpointError(ValueError):
    """Text that is no checkpoint of this program."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head, who signed it and when; `note` is the whole of it as text."""

    workspace: str
    head: TreeHead
    at: datetime
    signer: str
    note: str
    key_hint: bytes  # the first four bytes of a hash of name and key
    signature: bytes

    @classmethod
    def make(
        cls, workspace: str, head: TreeHead, at: datetime, *, signer: str, public: bytes, sign: Callable[[bytes], bytes]
    ) -> "Checkpoint":
        """Sign a tree head."""
        root = base64.b64encode(head.root).decode()
        text = f"{_ORIGIN}{workspace}\n{head.size}\n{root}\ntime {instant(at)}\n"
        signed = base64.b64encode(_hint(signer, public) + sign(text.encode())).decode()
        return cls.read(f"{text}\n— {signer} {signed}\n")

    @classmethod
    def read(cls, untrusted_note: str) -> "Checkpoint":
        """Read a checkpoint, its signature unchecked. Raises MalformedCheckpointError."""
        match = _NOTE.fullmatch(untrusted_note)
        if match is None:
            raise MalformedCheckpointError("this is no checkpoint")
        try:
            signed = base64.b64decode(match["signature"], validate=True)
            root = base64.b64decode(match["root"], validate=True)
            at = datetime.fromisoformat(match["at"])
        except (binascii.Error, ValueError) as exc:
            raise MalformedCheckpointError("this is no checkpoint") from exc
        # Unused bits of base64 would let two spellings stand for one signature.
        if base64.b64encode(signed).decode() != match["signature"] or base64.b64encode(root).decode() != match["root"]:
            raise MalformedCheckpointError("this is no checkpoint")
        assert len(signed) == 4 + SIGNATURE_BYTES  # noqa: S101 - 91 characters and one sign of equality are 68 bytes
        head = TreeHead(int(match["size"]), root)
        return cls(match["workspace"], head, at, match["signer"], untrusted_note, signed[:4], signed[4:])

    @property
    def message(self) -> bytes:
        """Return what is signed."""
        return self.note[: self.note.rindex("\n— ")].encode()

    def is_hinted(self, public: bytes) -> bool:
        """Tell whether the note says that this key signed it."""
        return _hint(self.signer, public) == self.key_hint


def _hint(signer: str, public: bytes) -> bytes:
    return hashlib.sha256(signer.encode() + b"\n" + _ED25519 + public).digest()[:4]
