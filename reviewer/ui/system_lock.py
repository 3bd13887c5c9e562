"""Hears when the system locks its screen or goes to sleep: systemd's logind and the screen savers of the desktops.

All of it comes over D-Bus, which is Linux's; elsewhere, and without a bus, nothing is heard and idleness must do.
The computer is asked to put off its sleep until the desk is locked (logind grants five seconds), or a suspended memory,
or worse one written to the disk, would hold the keys. Nothing here waits for an answer.
"""

import os
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import SLOT, QObject, Signal, Slot

if sys.platform.startswith("linux") or TYPE_CHECKING:
    from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher, QDBusUnixFileDescriptor

_LOGIND = "org.freedesktop.login1"
_PATH = "/org/freedesktop/login1"
_SAVERS = (
    "org.freedesktop.ScreenSaver",
    "org.gnome.ScreenSaver",
    "org.cinnamon.ScreenSaver",
    "org.mate.ScreenSaver",
    "org.xfce.ScreenSaver",
)


class SystemLock(QObject):
    """Tells when the desk must lock."""

    screen_locked = Signal()
    going_to_sleep = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._delay: int | None = None  # the descriptor that puts off sleep while it is open

    def listen(self) -> bool:
        """Begin to listen; False where there is nothing to listen to."""
        if not sys.platform.startswith("linux"):
            return False
        system, session = QDBusConnection.systemBus(), QDBusConnection.sessionBus()
        heard = [
            _connect(system, _LOGIND, f"{_LOGIND}.Session", "Lock", self, "_on_session_lock"),
            _connect(system, _LOGIND, f"{_LOGIND}.Manager", "PrepareForSleep", self, "_on_sleep"),
        ]
        heard += [_connect(session, "", saver, "ActiveChanged", self, "_on_saver") for saver in _SAVERS]
        return any(heard)

    def put_off_sleep(self) -> None:
        """Ask the computer to wait with its sleep for the lock, from now on."""
        if not sys.platform.startswith("linux") or self._delay is not None:
            return
        bus = QDBusConnection.systemBus()
        if not bus.isConnected():
            return
        call = QDBusMessage.createMethodCall(_LOGIND, _PATH, f"{_LOGIND}.Manager", "Inhibit")
        call.setArguments(["sleep", "Review desk", "Lock the desk first", "delay"])
        watcher = QDBusPendingCallWatcher(bus.asyncCall(call), self)
        watcher.finished.connect(self._on_put_off)

    def let_sleep(self) -> None:
        """Put off sleep no longer: the desk is locked."""
        if self._delay is not None:
            os.close(self._delay)
            self._delay = None

    @Slot("QDBusPendingCallWatcher*")
    def _on_put_off(self, watcher: "QDBusPendingCallWatcher") -> None:
        answer = watcher.reply().arguments()
        if len(answer) == 1 and isinstance(answer[0], QDBusUnixFileDescriptor) and self._delay is None:
            self._delay = os.dup(answer[0].fileDescriptor())
        watcher.deleteLater()

    @Slot("QDBusMessage")
    def _on_session_lock(self, message: "QDBusMessage") -> None:
        own = os.environ.get("XDG_SESSION_ID")
        # Each session has a path of its own; not knowing ours, we take all for it.
        if not own or message.path().rpartition("/")[2] == _label(own):
            self.screen_locked.emit()

    @Slot("QDBusMessage")
    def _on_sleep(self, message: "QDBusMessage") -> None:
        if message.arguments() == [True]:
            self.going_to_sleep.emit()

    @Slot("QDBusMessage")
    def _on_saver(self, message: "QDBusMessage") -> None:
        if message.arguments() == [True]:
            self.screen_locked.emit()


def _connect(bus: "QDBusConnection", service: str, interface: str, name: str, receiver: QObject, slot: str) -> bool:
    # No path: desktops differ in where their screen saver lies, and each session of logind has another.
    if not bus.isConnected():
        return False
    called = SLOT(f"{slot}(QDBusMessage)")
    return bool(bus.connect(service, "", interface, name, receiver, called))  # type: ignore[call-overload]  # wants str


def _label(session: str) -> str:
    """Return an id as systemd writes it into a path (bus_label_escape in its sources)."""
    return "".join(
        c if c.isascii() and (c.isalpha() or (c.isdigit() and at)) else "".join(f"_{b:02x}" for b in c.encode())
        for at, c in enumerate(session)
    )
