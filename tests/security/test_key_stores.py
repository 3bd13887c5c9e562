"""Ways to make the program put its secret where others can read it, or take one that others put there."""

import os
from collections.abc import Iterator
from pathlib import Path

import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, KeyringLocked

from reviewer.crypto import KeyFile, KeyringStore, KeyStore, keystores, new_secret
from reviewer.domain.errors import KeysUnavailableError

_POSIX = pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")


class Plaintext(KeyringBackend):
    """A backend such as keyrings.alt has, that ends up first by its own claim."""

    priority = 100

    def get_password(self, service: str, username: str) -> str | None:
        """Fail the test: nothing may be asked of it."""
        raise AssertionError("asked")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Fail the test: nothing may be written to it."""
        raise AssertionError("written")


@pytest.fixture
def memory() -> Iterator[type[KeyringBackend]]:
    """Return a backend class that passes for an accepted one and keeps secrets in memory."""

    class Memory(KeyringBackend):
        priority = 1
        raised: Exception | None = None
        is_deaf = False

        def __init__(self) -> None:
            self.kept: dict[tuple[str, str], str] = {}

        def get_password(self, service: str, username: str) -> str | None:
            self._raise()
            return self.kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self._raise()
            if not self.is_deaf:
                self.kept[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            self._raise()
            del self.kept[service, username]

        def _raise(self) -> None:
            if self.raised is not None:
                raise self.raised

    Memory.__module__, Memory.__qualname__ = "keyring.backends.macOS", "Keyring"
    yield Memory
    KeyringBackend._classes.discard(Memory)


@pytest.mark.parametrize(
    "backend",
    [Plaintext, keyring.backends.null.Keyring, keyring.backends.fail.Keyring, keyring.backends.chainer.ChainerBackend],
)
def test_a_keyring_that_keeps_nothing_safe_is_refused_with_the_way_out(backend: type[KeyringBackend]) -> None:
    with pytest.raises(KeysUnavailableError, match="--key-file"):
        KeyringStore(backend())


def test_a_subclass_of_an_accepted_keyring_is_refused(memory: type[KeyringBackend]) -> None:
    class Derived(memory):  # type: ignore[valid-type, misc]  # a class made by a fixture
        """One of another module."""

    with pytest.raises(KeysUnavailableError, match="does not keep secrets safe"):
        KeyringStore(Derived())
    KeyringBackend._classes.discard(Derived)


def test_an_environment_variable_cannot_choose_the_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"{__name__}.Plaintext")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'no bus'}")
    folder = tmp_path / "python_keyring"
    folder.mkdir()
    (folder / "keyringrc.cfg").write_text("[backend]\ndefault-keyring=keyring.backends.null.Keyring\n")
    with pytest.raises(KeysUnavailableError, match="no keyring that answers"):
        KeyringStore.of_this_system()


def test_an_environment_variable_cannot_move_the_keyring_to_another_collection(
    monkeypatch: pytest.MonkeyPatch, memory: type[KeyringBackend]
) -> None:
    def init(self: KeyringBackend) -> None:
        self.set_properties_from_env()

    monkeypatch.setenv("KEYRING_PROPERTY_PREFERRED_COLLECTION", "/org/freedesktop/secrets/collection/session")
    monkeypatch.setattr(memory, "__init__", init)
    monkeypatch.setattr("keyring.backends.macOS.Keyring", memory)
    chosen = keystores._backend("keyring.backends.macOS.Keyring")
    assert chosen is not None
    assert vars(chosen) == {}


def test_a_secret_is_kept_and_forgotten(memory: type[KeyringBackend], tmp_path: Path) -> None:
    stores: tuple[KeyStore, ...] = (KeyringStore(memory()), KeyFile(tmp_path / "keys"))
    for store in stores:
        one, other = new_secret(), new_secret()
        store.save("one", one)
        store.save("other", other)
        store.save("one", one)
        assert (store.load("one"), store.load("other")) == (one, other)
        store.forget("one")
        store.forget("one")
        with pytest.raises(KeysUnavailableError, match="no secret for this profile"):
            store.load("one")
        assert store.load("other") == other


def test_a_keyring_that_swallows_what_it_is_given_is_noticed(memory: type[KeyringBackend]) -> None:
    backend = memory()
    backend.is_deaf = True  # type: ignore[attr-defined]  # the fixture's
    with pytest.raises(KeysUnavailableError):
        KeyringStore(backend).save("name", new_secret())


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (KeyringLocked("x"), "locked"),
        (KeyringError("x"), "did not answer"),
        (RuntimeError("x"), "did not answer"),
        (OSError("x"), "did not answer"),
    ],
)
def test_whatever_a_keyring_raises_becomes_words(memory: type[KeyringBackend], raised: Exception, words: str) -> None:
    backend = memory()
    backend.raised = raised  # type: ignore[attr-defined]  # the fixture's
    store = KeyringStore(backend)
    for attempt in (lambda: store.load("n"), lambda: store.save("n", new_secret()), lambda: store.forget("n")):
        with pytest.raises(KeysUnavailableError, match=words):
            attempt()


@pytest.mark.parametrize("stored", ["", "not base64!", "AAAA", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"])
def test_a_damaged_secret_is_not_used(memory: type[KeyringBackend], stored: str) -> None:
    backend = memory()
    backend.set_password("reviewer name", "name", stored)
    with pytest.raises(KeysUnavailableError, match="damaged"):
        KeyringStore(backend).load("name")


@_POSIX
def test_a_key_file_is_its_owners_alone_from_its_first_byte(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        KeyFile(tmp_path / "keys").save("name", new_secret())
    finally:
        os.umask(before)
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600


@_POSIX
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o777])
def test_a_key_file_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys"
    KeyFile(path).save("name", new_secret())
    kept = path.read_bytes()
    path.chmod(mode)
    for attempt in (lambda: KeyFile(path).load("name"), lambda: KeyFile(path).save("other", new_secret())):
        with pytest.raises(KeysUnavailableError, match="chmod 600"):
            attempt()
    assert path.read_bytes() == kept


@_POSIX
def test_a_key_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys"
    KeyFile(path).save("name", new_secret())
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(KeysUnavailableError, match="another user"):
        KeyFile(path).load("name")


@_POSIX
def test_a_link_in_place_of_the_key_file_is_refused(tmp_path: Path) -> None:
    real, link, twin = tmp_path / "real", tmp_path / "link", tmp_path / "twin"
    KeyFile(real).save("name", new_secret())
    link.symlink_to(real)
    for attempt in (lambda: KeyFile(link).load("name"), lambda: KeyFile(link).save("name", new_secret())):
        with pytest.raises(KeysUnavailableError, match="is a link"):
            attempt()
    twin.hardlink_to(real)
    with pytest.raises(KeysUnavailableError, match="no second name"):
        KeyFile(real).load("name")


@_POSIX
def test_a_dangling_link_does_not_make_a_key_file_elsewhere(tmp_path: Path) -> None:
    link, elsewhere = tmp_path / "link", tmp_path / "elsewhere"
    link.symlink_to(elsewhere)
    with pytest.raises(KeysUnavailableError):
        KeyFile(link).save("name", new_secret())
    assert not elsewhere.exists()


def test_what_is_no_key_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter"
    path.write_text("Dear reader")
    path.chmod(0o600)
    with pytest.raises(KeysUnavailableError, match="not a key file"):
        KeyFile(path).save("name", new_secret())
    assert path.read_text() == "Dear reader"


def test_messages_about_keys_name_no_folder_and_no_secret(tmp_path: Path) -> None:
    with pytest.raises(KeysUnavailableError) as refused:
        KeyFile(tmp_path / "keys").load("name")
    assert str(tmp_path) not in refused.value.message
