"""Where the device secret lives: the operating system's keyring, or a key file that was asked for.

Accepted are the keyrings of Windows, macOS, GNOME and KDE, each chosen here by its class. What `keyring` would choose
by itself is not asked: its environment variables and its configuration file can name a backend that keeps secrets in
the clear, or none at all (https://github.com/jaraco/keyring/issues/117). A secret is read back after it was saved.
"""

import base64
import binascii
import contextlib
import importlib
import os
import stat
import sys
from pathlib import Path
from typing import Protocol

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from reviewer.crypto.sealing import SECRET_BYTES
from reviewer.domain.errors import KeysUnavailableError
from reviewer.files import write_whole

_KEYRINGS = {
    "win32": "Windows Credential Locker keeps the keys: log in to Windows as their owner.",
    "darwin": "The Keychain keeps the keys: unlock your login keychain.",
    "linux": "Unlock or install a keyring: GNOME Keyring, KWallet or another Secret Service.",
}
WAY_OUT = f"{_KEYRINGS.get(sys.platform, _KEYRINGS['linux'])} On a server, name a key file with --key-file."
_ACCEPTED = {
    "win32": ("keyring.backends.Windows.WinVaultKeyring",),
    "darwin": ("keyring.backends.macOS.Keyring",),
    "linux": (
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.libsecret.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.kwallet.DBusKeyringKWallet4",
    ),
}
_EVERY_ACCEPTED = frozenset(name for names in _ACCEPTED.values() for name in names)
_SECRET_SERVICE = "keyring.backends.SecretService.Keyring"  # noqa: S105 - the name of a class
_KEY_FILE_HEAD = "reviewer key file 1"


class KeyStore(Protocol):
    """Keeps secrets of 32 bytes by name. Every method raises KeysUnavailableError."""

    def load(self, name: str) -> bytes:
        """Return the secret; one that is not there is an error too."""
        ...

    def save(self, name: str, secret: bytes) -> None:
        """Keep a secret, in place of an earlier one of that name."""
        ...

    def forget(self, name: str) -> None:
        """Remove a secret if it is there."""
        ...


class KeyringStore:
    """The operating system's keyring."""

    def __init__(self, backend: KeyringBackend) -> None:
        """Take a backend of an accepted class. Raises KeysUnavailableError for any other."""
        name = _class_name(type(backend))
        if name not in _EVERY_ACCEPTED:
            raise KeysUnavailableError(f"The keyring '{name}' does not keep secrets safe, so it is not used. {WAY_OUT}")
        self._backend = backend

    @classmethod
    def of_this_system(cls) -> "KeyringStore":
        """Return the first accepted keyring that answers. Raises KeysUnavailableError."""
        names = _ACCEPTED.get(sys.platform, _ACCEPTED["linux"])
        backends = (_backend(name) for name in names)
        found = next((backend for backend in backends if backend is not None), None)
        if found is None:
            raise KeysUnavailableError(f"This system has no keyring that answers. {WAY_OUT}")
        return cls(found)

    def load(self, name: str) -> bytes:
        """Return the secret. Raises KeysUnavailableError."""
        with _plain_words():
            self._prepare_collection()
            stored = self._backend.get_password(_service(name), name)
        if stored is None:
            raise KeysUnavailableError(
                "The keyring holds no secret for this profile: log in as who made it, or use the recovery code."
            )
        return _decoded(stored)

    def save(self, name: str, secret: bytes) -> None:
        """Keep a secret and read it back. Raises KeysUnavailableError."""
        _check(secret)
        with _plain_words():
            self._prepare_collection()
            self._backend.set_password(_service(name), name, base64.b64encode(secret).decode())
        if self.load(name) != secret:
            raise KeysUnavailableError(f"The keyring did not keep what it was given. {WAY_OUT}")

    def forget(self, name: str) -> None:
        """Remove a secret if it is there. Raises KeysUnavailableError."""
        with _plain_words():
            self._prepare_collection()
            if self._backend.get_password(_service(name), name) is not None:
                self._backend.delete_password(_service(name), name)

    def _prepare_collection(self) -> None:
        """Refuse a Secret Service without a default collection, or whose default dies with the session; unlock it.

        Left to itself, the backend would ask to make one; a secret in the session's collection is lost at logout.
        WORKAROUND: it also leaves its connection open where the collection stays locked (keyring 25.7).
        """
        if _class_name(type(self._backend)) != _SECRET_SERVICE:
            return
        import secretstorage  # exists on Linux only

        with contextlib.closing(secretstorage.dbus_init()) as bus:
            try:
                collection = secretstorage.get_collection_by_alias(bus, "default")
            except secretstorage.exceptions.ItemNotFoundException as exc:
                raise KeysUnavailableError(
                    "The Secret Service has no default collection: make one in the system's password manager. "
                    "On a server, name a key file with --key-file."
                ) from exc
            if collection.collection_path.endswith("/session"):
                raise KeysUnavailableError(
                    "The Secret Service's default collection is forgotten at logout: choose a lasting one as the "
                    "default in the system's password manager."
                )
            if collection.is_locked():
                collection.unlock()
            if collection.is_locked():
                raise KeyringLocked


class SystemKeyring:
    """Whichever accepted keyring answers when it is asked: one may start, or be unlocked, while the program runs."""

    def load(self, name: str) -> bytes:
        """Return the secret. Raises KeysUnavailableError."""
        return KeyringStore.of_this_system().load(name)

    def save(self, name: str, secret: bytes) -> None:
        """Keep a secret and read it back. Raises KeysUnavailableError."""
        KeyringStore.of_this_system().save(name, secret)

    def forget(self, name: str) -> None:
        """Remove a secret if it is there. Raises KeysUnavailableError."""
        KeyringStore.of_this_system().forget(name)


class KeyFile:
    """Secrets in a file that only its owner can read: the explicit way for servers and tests."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, name: str) -> bytes:
        """Return the secret. Raises KeysUnavailableError."""
        secret = self._read().get(name)
        if secret is None:
            raise KeysUnavailableError(f"The key file {self._path.name} holds no secret for this profile.")
        return secret

    def save(self, name: str, secret: bytes) -> None:
        """Keep a secret; the file is written whole. Raises KeysUnavailableError."""
        _check(secret)
        kept = self._read() if os.path.lexists(self._path) else {}
        self._write(kept | {name: secret})

    def forget(self, name: str) -> None:
        """Remove a secret if it is there. Raises KeysUnavailableError."""
        if not os.path.lexists(self._path):
            return
        kept = self._read()
        if kept.pop(name, None) is not None:
            self._write(kept)

    def _read(self) -> dict[str, bytes]:
        lines = self._read_text().splitlines()
        if not lines or lines[0] != _KEY_FILE_HEAD:
            raise KeysUnavailableError(f"{self._path.name} is not a key file that this program made.")
        pairs = (line.rpartition(" ") for line in lines[1:])
        return {name: _decoded(encoded) for name, _, encoded in pairs}

    def _read_text(self) -> str:
        try:
            # Both are missing on Windows, where links need a privilege; a pipe would be waited for.
            flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            opened = os.open(self._path, flags)
        except FileNotFoundError as exc:
            raise KeysUnavailableError(f"There is no key file {self._path.name}.") from exc
        except OSError as exc:
            if self._path.is_symlink():
                raise KeysUnavailableError(f"The key file {self._path.name} is a link: name the file itself.") from exc
            raise KeysUnavailableError(f"The key file {self._path.name} cannot be read: {exc.strerror}.") from exc
        try:
            self._refuse_if_shared(os.fstat(opened))
            with os.fdopen(opened, encoding="ascii", errors="replace", closefd=False) as file:
                return file.read()
        finally:
            os.close(opened)

    def _refuse_if_shared(self, found: os.stat_result) -> None:
        name = self._path.name
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise KeysUnavailableError(f"The key file {name} must be a plain file that has no second name.")
        if os.name != "posix":  # elsewhere the profile's folder is guarded by the system's access lists
            return
        if found.st_uid != os.geteuid():
            raise KeysUnavailableError(f"The key file {name} belongs to another user.")
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise KeysUnavailableError(f"Others can read the key file {name}: run 'chmod 600' on it.")

    def _write(self, kept: dict[str, bytes]) -> None:
        lines = [_KEY_FILE_HEAD, *(f"{name} {base64.b64encode(secret).decode()}" for name, secret in kept.items())]
        try:
            write_whole(self._path, [f"{line}\n".encode("ascii") for line in lines])
        except OSError as exc:
            raise KeysUnavailableError(f"The key file {self._path.name} cannot be written: {exc.strerror}.") from exc


class _plain_words(contextlib.AbstractContextManager[None]):  # noqa: N801 - reads as a statement
    """Turn whatever a keyring raises into a message that a person can act on."""

    def __exit__(self, kind: object, exc: BaseException | None, trace: object) -> None:
        if exc is None or isinstance(exc, KeysUnavailableError) or not isinstance(exc, Exception):
            return
        if isinstance(exc, KeyringLocked) or type(exc).__name__ in ("LockedException", "PromptDismissedException"):
            raise KeysUnavailableError(f"The keyring is locked, and was not unlocked. {WAY_OUT}") from exc
        # Backends let the errors of D-Bus, of the system and of their own through, without a common class.
        raise KeysUnavailableError(f"The keyring did not answer ({type(exc).__name__}). {WAY_OUT}") from exc


def _backend(name: str) -> KeyringBackend | None:
    """Return an instance of the backend class if it works here."""
    module, _, class_name = name.rpartition(".")
    try:
        found: type[KeyringBackend] = getattr(importlib.import_module(module), class_name)
        if not found.viable:
            return None
        backend = found()
    except Exception:  # a backend for another system fails in its own way
        return None
    # Its constructor took KEYRING_PROPERTY_… from the environment, which could name another collection.
    for variable in os.environ:
        if variable.startswith("KEYRING_PROPERTY_"):
            vars(backend).pop(variable.removeprefix("KEYRING_PROPERTY_").lower(), None)
    return backend


def _class_name(backend: type[KeyringBackend]) -> str:
    return f"{backend.__module__}.{backend.__qualname__}"


def _service(name: str) -> str:
    return f"reviewer {name}"  # one target for each secret: Windows knows them by this alone


def _check(secret: bytes) -> None:
    if len(secret) != SECRET_BYTES:
        raise ValueError("a stored secret has 32 bytes")


def _decoded(stored: str) -> bytes:
    with contextlib.suppress(binascii.Error, ValueError):
        secret = base64.b64decode(stored, validate=True)
        if len(secret) == SECRET_BYTES:
            return secret
    raise KeysUnavailableError("What is stored as this profile's secret is damaged; use the recovery code.")
