"""Seal a key to one person's public key: HPKE in base mode (RFC 9180), X25519, HKDF-SHA256, AES-256-GCM.

Base mode does not say who sealed: anybody who knows the public key can. Whoever opens must know from elsewhere what
should be inside; the workspace's keys are checked against a fingerprint that stands, signed, in the ledger.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from reviewer.domain.errors import SealBrokenError

_X25519_SHA256_AES256GCM = b"\x01"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_SHORTEST = 1 + 32 + 16  # algorithm, encapsulated key, tag


def seal_to(public: X25519PublicKey, plaintext: bytes, info: bytes) -> bytes:
    """Return `plaintext` sealed to the holder of `public`'s private key, for the purpose that `info` encodes."""
    return _X25519_SHA256_AES256GCM + _SUITE.encrypt(plaintext, public, info)


def open_with(private: X25519PrivateKey, sealed: bytes, info: bytes) -> bytes:
    """Return what was sealed to `private`'s public key for this purpose. Raises SealBrokenError."""
    if len(sealed) < _SHORTEST or sealed[:1] != _X25519_SHA256_AES256GCM:
        raise SealBrokenError("This is not a sealed key that this version of the program can open.")
    try:
        return _SUITE.decrypt(sealed[1:], private, info)
    except (InvalidTag, ValueError) as exc:
        raise SealBrokenError("A sealed key does not open: it was altered or sealed to somebody else.") from exc
