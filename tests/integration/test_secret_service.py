"""A real Secret Service on a bus of its own: GNOME Keyring, unlocked, locked, without a collection, and not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewer.crypto import KeyringStore, new_secret
from reviewer.domain.errors import KeysUnavailableError
from tests.desktops import IS_THERE, Desktop

pytestmark = pytest.mark.skipif(not IS_THERE, reason="no gnome-keyring-daemon or no dbus-daemon here")

_NAME = "profile-1"


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """Return a session with a bus that this process is on."""
    made = Desktop(tmp_path)
    made.start_bus()
    for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, made.env[name])
    try:
        yield made
    finally:
        made.stop()


def test_a_secret_survives_logout_and_is_not_in_the_clear(desktop: Desktop) -> None:
    desktop.start_keyring(b"login password")
    secret = new_secret()
    KeyringStore.of_this_system().save(_NAME, secret)
    desktop.stop_keyring()
    desktop.start_keyring(b"login password")
    store = KeyringStore.of_this_system()
    assert store.load(_NAME) == secret
    assert secret not in desktop.files()
    store.forget(_NAME)
    with pytest.raises(KeysUnavailableError, match="no secret for this profile"):
        store.load(_NAME)


def test_without_a_keyring_nothing_is_written_and_the_way_out_is_named(desktop: Desktop) -> None:
    with pytest.raises(KeysUnavailableError, match="--key-file"):
        KeyringStore.of_this_system()
    assert desktop.files() == b""


def test_a_locked_keyring_is_named_and_nothing_is_written(desktop: Desktop) -> None:
    desktop.start_keyring(b"login password")
    store = KeyringStore.of_this_system()
    store.save(_NAME, new_secret())
    desktop.stop_keyring()
    kept = desktop.files()
    desktop.start_keyring(None)  # nobody typed the password, and there is nobody to ask
    for attempt in (lambda: store.load(_NAME), lambda: store.save(_NAME, new_secret())):
        with pytest.raises(KeysUnavailableError, match="is locked"):
            attempt()
    assert desktop.files() == kept


def test_a_keyring_without_a_default_collection_is_named_and_none_is_made(desktop: Desktop) -> None:
    desktop.start_keyring(None)
    store = KeyringStore.of_this_system()
    for attempt in (lambda: store.load(_NAME), lambda: store.save(_NAME, new_secret())):
        with pytest.raises(KeysUnavailableError, match="no default collection"):
            attempt()
    assert desktop.files() == b""


def test_a_default_collection_that_dies_with_the_session_is_refused(desktop: Desktop) -> None:
    desktop.start_keyring(b"login password")
    desktop.call(
        "--object-path", "/org/freedesktop/secrets", "--method", "org.freedesktop.Secret.Service.SetAlias",
        "default", "/org/freedesktop/secrets/collection/session",
    )  # fmt: skip
    with pytest.raises(KeysUnavailableError, match="forgotten at logout"):
        KeyringStore.of_this_system().save(_NAME, new_secret())
