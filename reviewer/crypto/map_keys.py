"""The key with which an organisation signs its map of workspaces: made once, kept by who runs its servers."""

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reviewer.domain.errors import InputRefusedError, UnavailableError, UsageError

_BYTES = 32


class MapKey:
    """Signs maps."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def make(cls, path: Path) -> "MapKey":
        """Make a key and write it to a new file that its owner alone reads. Raises UsageError, UnavailableError."""
        key = Ed25519PrivateKey.generate()
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(base64.b64encode(key.private_bytes_raw()) + b"\n")
        except FileExistsError as exc:
            raise UsageError(f"{path.name} is there already: a key is never written over.") from exc
        except OSError as exc:
            raise UnavailableError(f"{path.name} cannot be written: {exc.strerror}.") from exc
        return cls(key)

    @classmethod
    def read(cls, path: Path) -> "MapKey":
        """Read a key from its file. Raises InputRefusedError, UnavailableError."""
        try:
            raw = base64.b64decode(path.read_bytes().strip(), validate=True)
        except OSError as exc:
            raise UnavailableError(f"{path.name} cannot be read: {exc.strerror}.") from exc
        except ValueError as exc:
            raise InputRefusedError(f"{path.name} is no key of a map.") from exc
        if len(raw) != _BYTES:
            raise InputRefusedError(f"{path.name} is no key of a map.")
        return cls(Ed25519PrivateKey.from_private_bytes(raw))

    def __repr__(self) -> str:
        return "MapKey()"

    @property
    def public(self) -> bytes:
        """Return what desks know it by: 32 bytes."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature."""
        return self._key.sign(message)
