"""AES-256-GCM, bound to a place: what is sealed for one place opens at no other.

A sealed value is one byte for the algorithm, a random nonce of 96 bits, and ciphertext with its tag. One key may seal
2^32 values before two nonces are likely enough to meet (NIST SP 800-38D, 8.3); a data key serves one conversation and a
workspace key wraps data keys for 90 days, both far below.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reviewer.domain.errors import SealBrokenError

SECRET_BYTES = 32
OVERHEAD_BYTES = 1 + 12 + 16  # what sealing adds: algorithm, nonce, tag

_AES_256_GCM = b"\x01"
_NONCE_BYTES = 12


def new_secret() -> bytes:
    """Return 32 bytes from the system's generator."""
    return secrets.token_bytes(SECRET_BYTES)


def binding(tag: str, *parts: str | int) -> bytes:
    """Encode `tag` and `parts` so that no two different lists give the same bytes."""
    return b"".join(map(_encoded, ("reviewer", 1, tag, *parts)))


def subkey(secret: bytes, purpose: bytes, salt: bytes | None = None) -> bytes:
    """Derive the key for one purpose, so that no key serves two (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=SECRET_BYTES, salt=salt, info=purpose).derive(secret)


def database_key(device_secret: bytes) -> bytes:
    """Return the key that encrypts the profile's database file as a whole."""
    return subkey(device_secret, binding("database file"))


def login_password(device_secret: bytes) -> str:
    """Return the password with which the device logs in to a team's database."""
    return subkey(device_secret, binding("database login")).hex()


class Sealer:
    """Seals and opens under one key."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise ValueError("a key has 32 bytes")
        self._cipher = AESGCM(secret)

    def seal(self, plaintext: bytes, bound: bytes) -> bytes:
        """Return `plaintext` sealed for the place that `bound` encodes."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _AES_256_GCM + nonce + self._cipher.encrypt(nonce, plaintext, _AES_256_GCM + bound)

    def open(self, sealed: bytes, bound: bytes) -> bytes:
        """Return what was sealed for exactly this place under exactly this key. Raises SealBrokenError."""
        if len(sealed) < OVERHEAD_BYTES or sealed[:1] != _AES_256_GCM:
            raise SealBrokenError("This is not sealed content that this version of the program can open.")
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, _AES_256_GCM + bound)
        except InvalidTag as exc:
            raise SealBrokenError(
                "Sealed content does not open: it was altered, moved from another place, or belongs to another key."
            ) from exc


def _encoded(part: str | int) -> bytes:
    if isinstance(part, int):
        return b"i" + part.to_bytes(8, "big", signed=True)
    text = part.encode()
    return b"s" + len(text).to_bytes(4, "big") + text
