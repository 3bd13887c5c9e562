"""A real Secret Service on a bus of its own: GNOME Keyring, unlocked, locked, without a collection, and not there."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reviewer.crypto import KeyringStore, new_secret
from reviewer.domain.errors import KeysUnavailableError

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux's"),
    pytest.mark.skipif(
        not (shutil.which("gnome-keyring-daemon") and shutil.which("dbus-daemon")),
        reason="no gnome-keyring-daemon or no dbus-daemon here",
    ),
]

_NAME = "profile-1"
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""


class Desktop:
    """A user's session with a bus and, once it is started, a keyring."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "bus"
        self._processes: list[subprocess.Popen[bytes]] = []
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_RUNTIME_DIR": str(folder),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self._socket}",
        }

    def start_bus(self) -> None:
        """Start a bus that starts nothing by itself: no prompter, no other keyring."""
        config = self._folder / "bus.conf"
        config.write_text(_BUS.format(socket=self._socket))
        self._start(["dbus-daemon", "--nofork", f"--config-file={config}"])
        _wait_until(self._socket.exists)

    def start_keyring(self, password: bytes | None) -> None:
        """Start GNOME Keyring; with a password it makes or unlocks the login collection."""
        arguments = ["gnome-keyring-daemon", "--foreground", "--components=secrets"]
        daemon = self._start(arguments + (["--unlock"] if password is not None else []))
        assert daemon.stdin is not None
        daemon.stdin.write(password or b"")
        daemon.stdin.close()
        _wait_until(lambda: self._has_owner("org.freedesktop.secrets"))

    def stop_keyring(self) -> None:
        """End the keyring, as at logout."""
        self._end(self._processes.pop())

    def call(self, *arguments: str) -> str:
        """Call the Secret Service."""
        done = subprocess.run(
            ["gdbus", "call", "--session", "--dest", "org.freedesktop.secrets", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def stop(self) -> None:
        """End everything that was started."""
        while self._processes:
            self._end(self._processes.pop())

    def files(self) -> bytes:
        """Return all that the keyring wrote."""
        keyrings = self._folder / "data" / "keyrings"
        return b"".join(path.read_bytes() for path in sorted(keyrings.glob("*.keyring")))

    def _start(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            arguments,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(process)
        return process

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        with process:  # waits, and closes the pipe
            pass

    def _has_owner(self, name: str) -> bool:
        done = subprocess.run(
            ["dbus-send", "--print-reply", "--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner",
             f"string:{name}"],
            env=self.env,
            capture_output=True,
            check=False,
        )  # fmt: skip
        return b"true" in done.stdout


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


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
