"""One data key for each conversation: it seals that conversation's fields and keys the digests of its texts.

Destroying the data key erases the conversation everywhere: sealed fields become noise, and its digests in the ledger
can no longer be matched with guesses, while the entries that hold them still verify.
"""

import secrets
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from reviewer.crypto.sealing import Sealer, binding, new_secret, subkey


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """Where a sealed field lies; it opens nowhere else."""

    workspace: str
    table: str
    row: str
    column: str
    version: int = 1


class DataKey:
    """The key of one conversation; `id` tells it from others and is no secret."""

    def __init__(self, conversation: str, key_id: str, secret: bytes) -> None:
        self.conversation = conversation
        self.id = key_id
        self.secret = secret
        self._sealer = Sealer(subkey(secret, binding("field seal")))

    @classmethod
    def new(cls, conversation: str) -> "DataKey":
        """Make a key for a conversation."""
        return cls(conversation, secrets.token_hex(16), new_secret())

    def __repr__(self) -> str:
        return f"DataKey(id={self.id!r})"

    def seal(self, place: FieldPlace, plaintext: bytes) -> bytes:
        """Return `plaintext` sealed for `place`."""
        return self._sealer.seal(plaintext, self._bound(place))

    def open(self, place: FieldPlace, sealed: bytes) -> bytes:
        """Return what was sealed for `place` under this key. Raises SealBrokenError."""
        return self._sealer.open(sealed, self._bound(place))

    def digest(self, purpose: str, plaintext: bytes) -> str:
        """Return the digest that may stand in the ledger for a text: nobody without the key can test a guess."""
        return f"hmac-sha256:{self.id}:{self._mac(purpose, plaintext).finalize().hex()}"

    def has_digest(self, purpose: str, plaintext: bytes, digest: str) -> bool:
        """Tell whether `digest` is this text's, in constant time."""
        start = f"hmac-sha256:{self.id}:"
        if not digest.startswith(start):
            return False
        try:
            self._mac(purpose, plaintext).verify(bytes.fromhex(digest.removeprefix(start)))
        except (InvalidSignature, ValueError):
            return False
        return True

    @cached_property
    def _digest_key(self) -> bytes:
        return subkey(self.secret, binding("text digest"))

    def _mac(self, purpose: str, plaintext: bytes) -> HMAC:
        mac = HMAC(self._digest_key, SHA256())
        mac.update(binding("digest", purpose) + plaintext)
        return mac

    def _bound(self, place: FieldPlace) -> bytes:
        return binding("field", place.workspace, place.table, place.row, place.column, place.version, self.id)
