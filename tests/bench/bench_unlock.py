"""How long unlocking and locking take, beside what they are made of: python -m tests.bench.bench_unlock [rounds].

Unlocking opens the database, the identity (with a passphrase through Argon2id), the workspace's key, and records it;
nothing of it runs on the thread that paints. Locking is what the person sees: from the key to the blank window.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from reviewer.bootstrap import Application
from reviewer.crypto import Identity, Owner, RecoveryCode, SecondFactor, new_secret, open_identity, seal_identity
from reviewer.domain.members import Role

_PASSPHRASE = "four plain words here"
_DRAFT = b'{"id": "D", "kind": "sms", "channel": "chat", "draft": "Yes, we open at nine.", "source": []}'


def main(rounds: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain, locked = _application(folder / "plain", None), _application(folder / "locked", _PASSPHRASE)
        secret, owner, identity = new_secret(), Owner("w", "m"), Identity.new()
        sealed = seal_identity(identity, owner, device_secret=secret, passphrase=_PASSPHRASE)
        factor, step = SecondFactor.new(), int(time.time()) // 30
        figures = {
            "unlock, device secret alone": _timed(rounds, lambda: plain.unlock(at_desk=True), plain.lock),
            "unlock, with a passphrase": _timed(rounds, lambda: locked.unlock(_PASSPHRASE, at_desk=True), locked.lock),
            "  of which Argon2id (64 MiB, 3 passes)": _timed(
                rounds, lambda: open_identity(sealed, owner, device_secret=secret, passphrase=_PASSPHRASE)
            ),
            "  ask what unlocking takes": _timed(rounds, locked.access.factors),
            "check a code": _timed(rounds, lambda: factor.step_of(factor.code(step), time.time())),
            "read a recovery code": _timed(rounds, lambda: RecoveryCode.read(RecoveryCode.new().text)),
            "drop the keys, recorded": _timed(rounds, lambda: plain.lock("asked"), before=plain.unlock),
        }
        for application in (plain, locked):
            application.close()
        figures["key to blank window"], figures["key to keys gone"] = _at_the_desk(folder / "desk", rounds)
    for label, (median, worst) in figures.items():
        print(f"{label:<42} {median:9.2f} ms   worst {worst:9.2f} ms")


def _application(profile: Path, passphrase: str | None) -> Application:
    application = Application(profile, profile / "keys")
    application.access.make("Desk", "Ana", frozenset(Role), passphrase=passphrase)
    return application


def _timed(
    rounds: int,
    act: Callable[[], object],
    after: Callable[[], object] = lambda: None,
    before: Callable[[], object] = lambda: None,
) -> tuple[float, float]:
    """Return median and worst of `act`, in milliseconds."""
    taken = []
    for _ in range(rounds):
        before()
        start = time.perf_counter()
        act()
        taken.append((time.perf_counter() - start) * 1e3)
        after()
    return statistics.median(taken), max(taken)


def _at_the_desk(profile: Path, rounds: int) -> tuple[tuple[float, float], tuple[float, float]]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtWidgets import QApplication

    from reviewer.ui.qt_messages import take_messages
    from tests.ui.driver import DrivenDesk, press, wait_until

    class Painted(QObject):
        """Notes when a widget was first painted."""

        at: float | None = None

        def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
            if event.type() == QEvent.Type.Paint and self.at is None:
                self.at = time.perf_counter()
            return False

    take_messages()
    qt = QApplication.instance() or QApplication([])
    application = _application(profile, None)
    application.unlock().intake.take_all([_DRAFT], "bench")
    application.close()
    desk = DrivenDesk(profile).open()
    painted = Painted()
    desk._desk.unlock_view.installEventFilter(painted)
    blank, gone = [], []
    for _ in range(rounds):
        painted.at = None
        start = time.perf_counter()
        press("Ctrl+L")
        wait_until(lambda: desk.is_locked)
        blank.append((float(painted.at or 0) - start) * 1e3)
        gone.append((time.perf_counter() - start) * 1e3)
        press("Space")
        wait_until(lambda: desk.item is not None)
        desk.settle()
    desk.close()
    del qt
    return (statistics.median(blank), max(blank)), (statistics.median(gone), max(gone))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
