"""The workspace's key, one for each generation: wraps data keys, and is itself sealed to every member.

Nothing but wrapping is done with it, so that a new generation re-wraps data keys and never touches content.
"""

from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.constant_time import bytes_eq

from reviewer.crypto import hpke
from reviewer.crypto.data_keys import DataKey
from reviewer.crypto.identities import Identity, Owner, PublicKeys
from reviewer.crypto.sealing import SECRET_BYTES, Sealer, binding, new_secret, subkey
from reviewer.domain.errors import SealBrokenError


class WorkspaceKey:
    """One generation of the workspace's key."""

    def __init__(self, workspace: str, generation: int, secret: bytes) -> None:
        self.workspace = workspace
        self.generation = generation
        self._secret = secret
        self._sealer = Sealer(subkey(secret, binding("data key wrap")))

    @classmethod
    def new(cls, workspace: str, generation: int) -> "WorkspaceKey":
        """Make the key of a generation."""
        return cls(workspace, generation, new_secret())

    @classmethod
    def open(
        cls, sealed: bytes, identity: Identity, owner: Owner, *, generation: int, fingerprint: str
    ) -> "WorkspaceKey":
        """Open a generation's key sealed to a member, and check that it is the one the ledger names.

        `fingerprint` comes from the signed entry that made the generation: whoever can write to the database could
        otherwise seal a key of their own to every member and read all that follows. Raises SealBrokenError.
        """
        secret = identity.open(sealed, _info(owner, generation))
        if len(secret) != SECRET_BYTES:
            raise SealBrokenError("The workspace's key has the wrong length.")
        key = cls(owner.workspace, generation, secret)
        if not bytes_eq(key.fingerprint.encode(), fingerprint.encode()):
            raise SealBrokenError("The workspace's key is not the one that the ledger names; nothing was opened.")
        return key

    def __repr__(self) -> str:
        return f"WorkspaceKey(generation={self.generation})"

    @cached_property
    def fingerprint(self) -> str:
        """Return what may stand in the ledger to name this key."""
        return subkey(self._secret, binding("fingerprint", self.workspace, self.generation)).hex()

    def seal_to(self, member: str, public: PublicKeys) -> bytes:
        """Return this key sealed to a member, whose public keys come from the ledger."""
        receiver = X25519PublicKey.from_public_bytes(public.receive)
        return hpke.seal_to(receiver, self._secret, _info(Owner(self.workspace, member), self.generation))

    def wrap(self, key: DataKey) -> bytes:
        """Return a data key wrapped under this generation."""
        return self._sealer.seal(key.secret, self._bound(key.conversation, key.id))

    def unwrap(self, wrapped: bytes, conversation: str, key_id: str) -> DataKey:
        """Return the data key of a conversation. Raises SealBrokenError."""
        return DataKey(conversation, key_id, self._sealer.open(wrapped, self._bound(conversation, key_id)))

    def _bound(self, conversation: str, key_id: str) -> bytes:
        return binding("data key", self.workspace, self.generation, conversation, key_id)


def _info(owner: Owner, generation: int) -> bytes:
    return binding("workspace key", owner.workspace, generation, owner.member)
