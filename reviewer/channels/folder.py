"""The folder transport: one JSON file for each request, whole or not at all, exactly once.

The file's name is the idempotency key, so a second try finds the first one's file and leaves it alone.
"""

import os
import time
from pathlib import Path

from reviewer.domain.errors import UnavailableError

_WORKSHOP = ".outgoing"
_OLD_S = 3_600  # a part is written within moments


class FolderTransport:
    """Writes requests to folders below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def send(self, destination: str, key: str, request: bytes) -> str:
        """Write `request` as `destination`/`key`.json and return that name as the receipt.

        Raises UnavailableError where the folder cannot be written.
        """
        name = f"{destination}/{key}.json"
        target, workshop = self._root / name, self._root / _WORKSHOP
        try:
            if not target.exists():
                _write_whole(target, workshop, request)
            _sync_folder(target.parent)
            for abandoned in workshop.glob("*"):
                if abandoned.stem == target.stem or _is_old(abandoned):
                    abandoned.unlink(missing_ok=True)  # by one that was killed; another machine may have finished it
        except OSError as exc:
            raise UnavailableError(f"The folder '{destination}' cannot be written: {exc.strerror}.") from exc
        return name

    def forget(self, destination: str, key: str) -> None:
        """Remove a request that was written, whole or in part. Raises UnavailableError where that cannot be done."""
        target = self._root / destination / f"{key}.json"
        try:
            for written in (target, *(self._root / _WORKSHOP).glob(f"{key}.*")):
                written.unlink(missing_ok=True)
            if target.parent.exists():
                _sync_folder(target.parent)
        except OSError as exc:
            raise UnavailableError(f"The folder '{destination}' cannot be written: {exc.strerror}.") from exc


def _is_old(part: Path) -> bool:
    try:
        return time.time() - part.stat().st_mtime > _OLD_S
    except FileNotFoundError:
        return False


def _write_whole(target: Path, workshop: Path, request: bytes) -> None:
    """Write elsewhere on the same disk and move into place: a crash leaves the whole file or none."""
    for folder in (target.parent, workshop):
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _sync_folder(folder.parent)
    part = workshop / f"{target.stem}.{os.getpid()}"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(request)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where the system lets a folder be synced."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
