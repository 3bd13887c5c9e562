"""The system's own lock and sleep signals, over real buses: a session bus, and one that stands in for the system's."""

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("jeepney")  # comes with keyring, on Linux only
from jeepney import DBusAddress, HeaderFields, new_method_call, new_method_return, new_signal
from jeepney.io.blocking import DBusConnection, open_dbus_connection

pytestmark = pytest.mark.skipif(
    not (sys.platform.startswith("linux") and shutil.which("dbus-daemon")), reason="no D-Bus here"
)
_ROOT = Path(__file__).parents[2]
_LISTENER = """
import sys
from PySide6.QtCore import QCoreApplication, QTimer
from reviewer.ui.system_lock import SystemLock
app = QCoreApplication([])
lock = SystemLock()
lock.screen_locked.connect(lambda: print("screen", flush=True))
lock.going_to_sleep.connect(lambda: print("sleep", flush=True))
print("listening" if lock.listen() else "deaf", flush=True)
ACT
QTimer.singleShot(60_000, app.quit)
app.exec()
"""
_MANAGER = DBusAddress("/org/freedesktop/login1", interface="org.freedesktop.login1.Manager")
_SESSION_7 = DBusAddress("/org/freedesktop/login1/session/_37", interface="org.freedesktop.login1.Session")
_SESSION_C2 = DBusAddress("/org/freedesktop/login1/session/c2", interface="org.freedesktop.login1.Session")


class Buses:
    """Two buses and a process that listens on them."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []
        self.session, self.system = self._start_bus(), self._start_bus()
        self.listener: subprocess.Popen[str] | None = None

    def listen(self, session_id: str | None = "7", *, act: str = "") -> str:
        """Start to listen in a login session of that id, do more if asked, and return the first word."""
        env = {
            **os.environ,
            "PYTHONPATH": str(_ROOT),
            "DBUS_SESSION_BUS_ADDRESS": self.session,
            "DBUS_SYSTEM_BUS_ADDRESS": self.system,
        }
        env.pop("XDG_SESSION_ID", None)
        if session_id is not None:
            env["XDG_SESSION_ID"] = session_id
        self.listener = self._start([sys.executable, "-c", _LISTENER.replace("ACT", act)], env)
        return self.heard()

    def heard(self) -> str:
        """Return the next word of the listener."""
        assert self.listener is not None and self.listener.stdout is not None
        return self.listener.stdout.readline().strip()

    def stop(self) -> None:
        """End everything that was started."""
        for process in reversed(self._processes):
            process.terminate()
            with process:
                pass

    def _start_bus(self) -> str:
        bus = self._start(["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"], None)
        assert bus.stdout is not None
        return bus.stdout.readline().strip()

    def _start(self, arguments: list[str], env: dict[str, str] | None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            arguments, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
        )
        self._processes.append(process)
        return process


@pytest.fixture
def buses() -> Iterator[Buses]:
    """Return two fresh buses."""
    made = Buses()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def logind(buses: Buses) -> Iterator[DBusConnection]:
    """Return a connection that is logind for this bus."""
    with open_dbus_connection(buses.system, enable_fds=True) as connection:
        bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
        connection.send_and_get_reply(new_method_call(bus, "RequestName", "su", ("org.freedesktop.login1", 0)))
        yield connection


@pytest.mark.parametrize(
    ("saver", "path"),
    [
        ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
        ("org.freedesktop.ScreenSaver", "/ScreenSaver"),
        ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
        ("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver"),
        ("org.mate.ScreenSaver", "/org/mate/ScreenSaver"),
        ("org.xfce.ScreenSaver", "/org/xfce/ScreenSaver"),
    ],
)
def test_a_screen_that_locks_is_heard_and_one_that_unlocks_is_not(buses: Buses, saver: str, path: str) -> None:
    assert buses.listen() == "listening"
    with open_dbus_connection(buses.session) as connection:
        for active in (False, True):
            connection.send(new_signal(DBusAddress(path, interface=saver), "ActiveChanged", "b", (active,)))
    assert buses.heard() == "screen"


def test_sleep_is_heard_and_waking_is_not(buses: Buses, logind: DBusConnection) -> None:
    assert buses.listen() == "listening"
    logind.send(new_signal(_MANAGER, "PrepareForSleep", "b", (False,)))
    logind.send(new_signal(_MANAGER, "PrepareForSleep", "b", (True,)))
    assert buses.heard() == "sleep"


def test_only_the_lock_of_the_own_login_session_is_heard(buses: Buses, logind: DBusConnection) -> None:
    assert buses.listen("7") == "listening"
    logind.send(new_signal(_SESSION_C2, "Lock"))
    logind.send(new_signal(_MANAGER, "PrepareForSleep", "b", (True,)))
    logind.send(new_signal(_SESSION_7, "Lock"))
    assert [buses.heard(), buses.heard()] == ["sleep", "screen"]


def test_without_a_known_login_session_any_lock_is_heard(buses: Buses, logind: DBusConnection) -> None:
    assert buses.listen(None) == "listening"
    logind.send(new_signal(_SESSION_C2, "Lock"))
    assert buses.heard() == "screen"


def test_a_program_that_is_not_logind_is_not_believed_on_the_system_bus(buses: Buses, logind: DBusConnection) -> None:
    assert buses.listen() == "listening"
    with open_dbus_connection(buses.system) as stranger:
        stranger.send(new_signal(_SESSION_7, "Lock"))
        stranger.send_and_get_reply(
            new_method_call(
                DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus"), "GetId"
            )
        )
    logind.send(new_signal(_MANAGER, "PrepareForSleep", "b", (True,)))
    assert buses.heard() == "sleep"


def test_sleep_is_put_off_until_the_desk_is_locked(buses: Buses, logind: DBusConnection) -> None:
    assert buses.listen(act="lock.put_off_sleep()\nlock.going_to_sleep.connect(lock.let_sleep)") == "listening"
    request = logind.receive(timeout=20)
    while request.header.fields.get(HeaderFields.member) != "Inhibit":
        request = logind.receive(timeout=20)
    assert (request.body[0], request.body[3]) == ("sleep", "delay")
    reader, writer = os.pipe()
    logind.send(new_method_return(request, "h", (writer,)))
    os.close(writer)
    try:
        assert not select.select([reader], [], [], 0.3)[0]
        logind.send(new_signal(_MANAGER, "PrepareForSleep", "b", (True,)))
        assert buses.heard() == "sleep"
        assert select.select([reader], [], [], 20)[0], "the delay was not given up"
        assert os.read(reader, 1) == b""
    finally:
        os.close(reader)


def test_a_system_without_any_bus_is_taken_as_it_is(buses: Buses) -> None:
    buses.session = buses.system = "unix:path=/nonexistent/bus"
    assert buses.listen() == "deaf"
