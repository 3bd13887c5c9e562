"""The folder transport: one JSON file for each request, whole or not at all, exactly once.

The file's name is the idempotency key, so a second try finds the first one's file and leaves it alone.
"""

import re
import time
from pathlib import Path

from reviewer.domain.errors import UnavailableError
from reviewer.files import sync_folder, write_whole

_NAME = re.compile(r"[0-9A-Za-z_-]{1,100}", re.ASCII)  # no way out of the folder
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
        _check_name(key)
        name = f"{destination}/{key}.json"
        target, workshop = self._root / name, self._root / _WORKSHOP
        try:
            if target.exists():
                sync_folder(target.parent)  # whoever wrote it may have been killed before that
            else:
                _write(target, workshop, request)
            for abandoned in workshop.glob("*"):
                if abandoned.name.startswith(target.stem) or _is_old(abandoned):
                    abandoned.unlink(missing_ok=True)  # by one that was killed; another machine may have finished it
        except OSError as exc:
            raise UnavailableError(f"The folder '{destination}' cannot be written: {exc.strerror}.") from exc
        return name

    def forget(self, destination: str, key: str) -> None:
        """Remove a request that was written, whole or in part. Raises UnavailableError where that cannot be done."""
        _check_name(key)
        target = self._root / destination / f"{key}.json"
        try:
            for written in (target, *(self._root / _WORKSHOP).glob(f"{key}.*")):
                written.unlink(missing_ok=True)
            if target.parent.exists():
                sync_folder(target.parent)
        except OSError as exc:
            raise UnavailableError(f"The folder '{destination}' cannot be written: {exc.strerror}.") from exc


def _check_name(key: str) -> None:
    if not _NAME.fullmatch(key):
        raise UnavailableError("A request whose key is no file's name is not written.")


def _is_old(part: Path) -> bool:
    try:
        return time.time() - part.stat().st_mtime > _OLD_S
    except FileNotFoundError:
        return False


def _write(target: Path, workshop: Path, request: bytes) -> None:
    """Write elsewhere on the same disk and move into place: nobody who watches the folder sees a part."""
    for folder in (target.parent, workshop):
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            sync_folder(folder.parent)
    write_whole(target, [request], workshop=workshop)
