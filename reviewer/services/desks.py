"""Which desks of this profile run: each holds a lock on a file of its own, which the system frees when it dies."""

import secrets
from pathlib import Path

from filelock import FileLock, Timeout

from reviewer.domain.members import DeskId

# A command ends at once, but a script goes on with the lease that it printed: nobody adopts what a command claimed.
_COMMAND = "command-"


class Desk:
    """This running process; `close` says goodbye, and a kill does as well."""

    def __init__(self, folder: Path, *, is_command: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self.id = DeskId(f"{_COMMAND if is_command else ''}{secrets.token_hex(8)}")
        self._lock = FileLock(self._path(self.id), mode=0o600)
        self._lock.acquire(timeout=0)

    def is_alive(self, desk: str) -> bool:
        """Tell whether the desk with that id still runs on this machine, or works for a script that may."""
        if desk == self.id or desk.startswith(_COMMAND):
            return True
        path = self._path(desk)
        if not path.exists():
            return False
        try:
            with FileLock(path, timeout=0, mode=0o600):
                pass
        except Timeout:
            return True
        path.unlink(missing_ok=True)
        return False

    def close(self) -> None:
        """Release the lock and remove its file."""
        self._lock.release()
        self._path(self.id).unlink(missing_ok=True)

    def _path(self, desk: str) -> Path:
        return self._folder / f"{desk}.lock"
