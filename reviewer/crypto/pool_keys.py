"""The pool's keys: a hierarchy of their own, which begins and ends apart from the workspace's.

Each generation of the pool is a pair of keys. Whoever fills the pool seals to the public half, which stands in the
ledger; the private half is sealed to each transcriber and to nobody else, and whoever made it drops it. So no agent's,
clinician's or admin's key opens a clip, and a transcriber's keys open nothing but clips.

The way back is the vault's pair: a label is sealed to its public half, and its private half lies under a data key that
only the workspace's key opens.
"""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from reviewer.crypto import hpke
from reviewer.crypto.identities import Identity, Owner, PublicKeys
from reviewer.crypto.sealing import SECRET_BYTES, Sealer, binding, new_secret, subkey
from reviewer.domain.errors import SealBrokenError


class PoolReader:
    """The private half of one generation of the pool: what transcribers hold."""

    def __init__(self, workspace: str, generation: int, private: X25519PrivateKey) -> None:
        self.workspace = workspace
        self.generation = generation
        self._private = private

    @classmethod
    def new(cls, workspace: str, generation: int) -> "PoolReader":
        """Make a generation."""
        return cls(workspace, generation, X25519PrivateKey.generate())

    @classmethod
    def open(cls, sealed: bytes, identity: Identity, owner: Owner, *, generation: int, public: bytes) -> "PoolReader":
        """Open a generation sealed to a member; `public` is what the ledger names. Raises SealBrokenError."""
        secret = identity.open(sealed, _share(owner, generation))
        if len(secret) != SECRET_BYTES:
            raise SealBrokenError("The pool's key has the wrong length.")
        reader = cls(owner.workspace, generation, X25519PrivateKey.from_private_bytes(secret))
        if reader.public != public:
            raise SealBrokenError("The pool's key is not the one that the ledger names; nothing was opened.")
        return reader

    def __repr__(self) -> str:
        return f"PoolReader(generation={self.generation})"

    @property
    def public(self) -> bytes:
        """Return the public half, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    @property
    def writer(self) -> "PoolWriter":
        """Return what seals to this generation."""
        return PoolWriter(self.workspace, self.generation, self.public)

    def seal_to(self, member: str, public: PublicKeys) -> bytes:
        """Return the private half sealed to a transcriber, whose public keys come from the ledger."""
        receiver = X25519PublicKey.from_public_bytes(public.receive)
        return hpke.seal_to(receiver, self._private.private_bytes_raw(), _share(self._owner(member), self.generation))

    def open_clip(self, clip: str, sealed_key: bytes) -> "ClipKey":
        """Return the key of a clip. Raises SealBrokenError."""
        secret = hpke.open_with(self._private, sealed_key, _clip(self.workspace, self.generation, clip))
        return ClipKey(self.workspace, clip, secret)

    def open_for_serving(self, serving: str, sealed: bytes) -> bytes:
        """Return what was sealed for one serving. Raises SealBrokenError."""
        return hpke.open_with(self._private, sealed, _serving(self.workspace, self.generation, serving))

    def _owner(self, member: str) -> Owner:
        return Owner(self.workspace, member)


class PoolWriter:
    """The public half of one generation: seals, and opens nothing."""

    def __init__(self, workspace: str, generation: int, public: bytes) -> None:
        self.workspace = workspace
        self.generation = generation
        self._public = X25519PublicKey.from_public_bytes(public)

    def new_clip(self, clip: str) -> tuple["ClipKey", bytes]:
        """Make the key of a clip; return it with its copy for the pool."""
        secret = new_secret()
        sealed = hpke.seal_to(self._public, secret, _clip(self.workspace, self.generation, clip))
        return ClipKey(self.workspace, clip, secret), sealed

    def seal_for_serving(self, serving: str, plaintext: bytes) -> bytes:
        """Seal what one transcriber may see with one serving."""
        return hpke.seal_to(self._public, plaintext, _serving(self.workspace, self.generation, serving))


class ClipKey:
    """The key of one clip: seals its sound, and what is written about it."""

    def __init__(self, workspace: str, clip: str, secret: bytes) -> None:
        self._workspace = workspace
        self.clip = clip
        self._sealer = Sealer(subkey(secret, binding("clip seal")))

    def __repr__(self) -> str:
        return f"ClipKey(clip={self.clip!r})"

    def seal(self, place: tuple[str, str, str], plaintext: bytes) -> bytes:
        """Return `plaintext` sealed for a table, a row and a column."""
        return self._sealer.seal(plaintext, self._bound(place))

    def open(self, place: tuple[str, str, str], sealed: bytes) -> bytes:
        """Return what was sealed for that place. Raises SealBrokenError."""
        return self._sealer.open(sealed, self._bound(place))

    def _bound(self, place: tuple[str, str, str]) -> bytes:
        return binding("clip", self._workspace, self.clip, *place)


class VaultDoor:
    """The pair through which labels come back: anybody may put one in, the vault alone takes it out."""

    def __init__(self, workspace: str, private: X25519PrivateKey) -> None:
        self._workspace = workspace
        self._private = private

    @classmethod
    def new(cls, workspace: str) -> "VaultDoor":
        """Make a pair."""
        return cls(workspace, X25519PrivateKey.generate())

    @classmethod
    def load(cls, workspace: str, dumped: bytes) -> "VaultDoor":
        """Return the pair that was dumped."""
        return cls(workspace, X25519PrivateKey.from_private_bytes(dumped))

    def __repr__(self) -> str:
        return "VaultDoor()"

    @property
    def public(self) -> bytes:
        """Return the public half, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    def dump(self) -> bytes:
        """Return the private half, to be sealed at once."""
        return self._private.private_bytes_raw()

    def open(self, serving: str, sealed: bytes) -> bytes:
        """Return the label that was put in with a serving. Raises SealBrokenError."""
        return hpke.open_with(self._private, sealed, _label(self._workspace, serving))


def seal_label(workspace: str, door: bytes, serving: str, plaintext: bytes) -> bytes:
    """Seal a label to the vault, whose public half `door` comes from the ledger."""
    return hpke.seal_to(X25519PublicKey.from_public_bytes(door), plaintext, _label(workspace, serving))


def _share(owner: Owner, generation: int) -> bytes:
    return binding("pool key", owner.workspace, generation, owner.member)


def _clip(workspace: str, generation: int, clip: str) -> bytes:
    return binding("pool clip", workspace, generation, clip)


def _serving(workspace: str, generation: int, serving: str) -> bytes:
    return binding("pool serving", workspace, generation, serving)


def _label(workspace: str, serving: str) -> bytes:
    return binding("pool label", workspace, serving)
