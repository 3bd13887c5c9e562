"""A member's identity: the private keys that receive (X25519) and sign (Ed25519), and the locks they lie under.

The identity is stored sealed, in two copies: one opens with the device secret, joined to a passphrase where the member
has one, the other with the recovery code. A copy begins with its format, the kind of lock and a salt; with a passphrase
also the cost of Argon2id. All of that is bound to the ciphertext, as are workspace and member.
"""

import hashlib
import struct
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from reviewer.crypto import hpke
from reviewer.crypto.recovery_codes import RecoveryCode
from reviewer.crypto.sealing import SECRET_BYTES, Sealer, binding, new_secret, subkey
from reviewer.domain.errors import SealBrokenError, UnlockError

_FORMAT = 1
_DEVICE, _DEVICE_AND_PASSPHRASE, _RECOVERY, _DEVICE_SECRET = range(4)
_HEADER = struct.Struct(f">BB{SECRET_BYTES}s")
_COST = struct.Struct(">IIB")
_MOST_MEMORY_KIB = 1024 * 1024
_MOST_ITERATIONS = 64
_MOST_LANES = 16


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose keys these are: a member of a workspace."""

    workspace: str
    member: str


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What others need to seal to a member and to check their signatures; 32 bytes each."""

    receive: bytes
    sign: bytes

    @property
    def fingerprint(self) -> str:
        """Return what two people compare by voice: 128 bits of a digest of both keys."""
        digest = hashlib.sha256(binding("member keys") + self.receive + self.sign).hexdigest()[:32]
        return " ".join(digest[at : at + 4] for at in range(0, 32, 4))


@dataclass(frozen=True, slots=True)
class PassphraseCost:
    """How dear one guess of a passphrase is; the default is the second choice of RFC 9106, section 4."""

    memory_kib: int = 64 * 1024
    iterations: int = 3
    lanes: int = 4


class Identity:
    """A member's private keys, open."""

    def __init__(self, receive: X25519PrivateKey, sign: Ed25519PrivateKey) -> None:
        self._receive = receive
        self._sign = sign

    @classmethod
    def new(cls) -> "Identity":
        """Make the keys of a member."""
        return cls(X25519PrivateKey.generate(), Ed25519PrivateKey.generate())

    def __repr__(self) -> str:
        return f"Identity(sign={self.public.sign.hex()[:16]})"

    @cached_property
    def public(self) -> PublicKeys:
        """Return the public keys."""
        return PublicKeys(self._receive.public_key().public_bytes_raw(), self._sign.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature; callers put their purpose in front of the message."""
        return self._sign.sign(message)

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Return what was sealed to this identity for the purpose of `info`. Raises SealBrokenError."""
        return hpke.open_with(self._receive, sealed, info)

    def dump(self) -> bytes:
        """Return both private keys, to be sealed at once."""
        return self._receive.private_bytes_raw() + self._sign.private_bytes_raw()

    @classmethod
    def load(cls, dumped: bytes) -> "Identity":
        """Return the identity that was dumped."""
        receive, sign = dumped[:SECRET_BYTES], dumped[SECRET_BYTES:]
        return cls(X25519PrivateKey.from_private_bytes(receive), Ed25519PrivateKey.from_private_bytes(sign))


def seal_identity(
    identity: Identity,
    owner: Owner,
    *,
    device_secret: bytes,
    passphrase: str | None = None,
    cost: PassphraseCost | None = None,
) -> bytes:
    """Return the identity under the device secret, joined to a passphrase if there is one."""
    if passphrase is None:
        header = _HEADER.pack(_FORMAT, _DEVICE, new_secret())
    else:
        spent = cost or PassphraseCost()
        header = _HEADER.pack(_FORMAT, _DEVICE_AND_PASSPHRASE, new_secret())
        header += _COST.pack(spent.memory_kib, spent.iterations, spent.lanes)
    return _seal(identity, owner, header, _device_key(header, device_secret, passphrase))


def open_identity(sealed: bytes, owner: Owner, *, device_secret: bytes, passphrase: str | None = None) -> Identity:
    """Open the copy under the device secret. Raises UnlockError for a wrong secret or passphrase."""
    if is_passphrase_needed(sealed) and passphrase is None:
        raise UnlockError("This member's keys are also locked with a passphrase: enter it.")
    header = _header(sealed, _DEVICE_AND_PASSPHRASE if is_passphrase_needed(sealed) else _DEVICE)
    used = passphrase if is_passphrase_needed(sealed) else None
    try:
        return _open(sealed, owner, header, _device_key(header, device_secret, used))
    except SealBrokenError as exc:
        raise UnlockError(
            "The keys do not open: the passphrase is wrong, or this device's secret belongs to another member."
            if used is not None
            else "The keys do not open with this device's secret; use the recovery code."
        ) from exc


def is_passphrase_needed(sealed: bytes) -> bool:
    """Tell whether the copy under the device secret also needs a passphrase."""
    return sealed[:2] == bytes([_FORMAT, _DEVICE_AND_PASSPHRASE])


def seal_for_recovery(identity: Identity, owner: Owner, code: RecoveryCode) -> bytes:
    """Return the second copy of the identity, which the recovery code opens."""
    header = _HEADER.pack(_FORMAT, _RECOVERY, new_secret())
    return _seal(identity, owner, header, _recovery_key(header, code, "identity under recovery code"))


def recover_identity(sealed: bytes, owner: Owner, code: RecoveryCode) -> Identity:
    """Open the second copy. Raises UnlockError where the code is another member's or an older one."""
    header = _header(sealed, _RECOVERY)
    try:
        return _open(sealed, owner, header, _recovery_key(header, code, "identity under recovery code"))
    except SealBrokenError as exc:
        raise UnlockError("This recovery code does not open this member's keys; look for a newer one.") from exc


def seal_device_secret(device_secret: bytes, name: str, code: RecoveryCode) -> bytes:
    """Return the device secret under the recovery code, to be kept beside a database that the device secret encrypts.

    Without it a recovery code would be of no use on a new device: the copy of the identity lies in that database.
    """
    header = _HEADER.pack(_FORMAT, _DEVICE_SECRET, new_secret())
    key = _recovery_key(header, code, "device secret under recovery code")
    return header + Sealer(key).seal(device_secret, binding("device secret", name) + header)


def recover_device_secret(sealed: bytes, name: str, code: RecoveryCode) -> bytes:
    """Open the device secret of that name. Raises UnlockError where the code is another one."""
    header = _header(sealed, _DEVICE_SECRET)
    key = _recovery_key(header, code, "device secret under recovery code")
    try:
        return Sealer(key).open(sealed[len(header) :], binding("device secret", name) + header)
    except SealBrokenError as exc:
        raise UnlockError("This recovery code does not open this profile; look for a newer one.") from exc


def _seal(identity: Identity, owner: Owner, header: bytes, key: bytes) -> bytes:
    return header + Sealer(key).seal(identity.dump(), _bound(owner, header))


def _open(sealed: bytes, owner: Owner, header: bytes, key: bytes) -> Identity:
    return Identity.load(Sealer(key).open(sealed[len(header) :], _bound(owner, header)))


def _bound(owner: Owner, header: bytes) -> bytes:
    return binding("identity", owner.workspace, owner.member) + header


def _header(sealed: bytes, lock: int) -> bytes:
    length = _HEADER.size + (_COST.size if lock == _DEVICE_AND_PASSPHRASE else 0)
    if len(sealed) <= length or sealed[:2] != bytes([_FORMAT, lock]):
        raise UnlockError("These are no keys that this version of the program can open.")
    return sealed[:length]


def _device_key(header: bytes, device_secret: bytes, passphrase: str | None) -> bytes:
    salt = _HEADER.unpack_from(header)[2]
    if len(device_secret) != SECRET_BYTES:
        raise UnlockError("The device's secret has the wrong length: it is not one that this program made.")
    if passphrase is None:
        return subkey(device_secret, binding("identity under device"), salt)
    stretched = _stretched(passphrase, salt, header)
    return subkey(device_secret + stretched, binding("identity under device and passphrase"), salt)


def _stretched(passphrase: str, salt: bytes, header: bytes) -> bytes:
    memory_kib, iterations, lanes = _COST.unpack_from(header, _HEADER.size)
    # The header comes from the database: without limits it could ask this machine for all its memory.
    if not (8 * lanes <= memory_kib <= _MOST_MEMORY_KIB and 1 <= iterations <= _MOST_ITERATIONS):
        raise UnlockError("The stored cost of the passphrase is out of bounds; the keys were altered.")
    if not 1 <= lanes <= _MOST_LANES:
        raise UnlockError("The stored cost of the passphrase is out of bounds; the keys were altered.")
    function = Argon2id(salt=salt, length=SECRET_BYTES, iterations=iterations, lanes=lanes, memory_cost=memory_kib)
    # The same words must give the same bytes however the keyboard composed them (RFC 8265, OpaqueString).
    return function.derive(unicodedata.normalize("NFC", passphrase).encode())


def _recovery_key(header: bytes, code: RecoveryCode, purpose: str) -> bytes:
    return subkey(code.secret, binding(purpose), _HEADER.unpack_from(header)[2])
