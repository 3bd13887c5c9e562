"""A user's session of its own for a test: a bus, and a real Secret Service on it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

IS_THERE = sys.platform == "linux" and all(
    map(shutil.which, ("gnome-keyring-daemon", "dbus-daemon", "dbus-send", "gdbus"))
)
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
