"""Hears when the system locks its screen or goes to sleep: systemd's logind and the screen savers of the desktops.

All of it comes over D-Bus, which is Linux's; elsewhere, and without a bus, nothing is heard and idleness must do.
Only signals are taken, so nothing here ever waits.
"""

import os
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import SLOT, QObject, Signal, Slot

if sys.platform.startswith("linux") or TYPE_CHECKING:
    from PySide6.QtDBus import QDBusConnection, QDBusMessage

_LOGIND = "org.freedesktop.login1"
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
