"""Write a file so that a crash or a power cut leaves the whole of it, the one before, or none."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_OWNER_ONLY, _FOR_ALL = 0o600, 0o644


def write_whole(path: Path, content: Iterable[bytes], *, workshop: Path | None = None, for_all: bool = False) -> None:
    """Write `content` to `path`, for its owner alone or `for_all` to read.

    It goes by way of a part beside it or in a `workshop` on the same disk, and lasts then. The part is named after the
    file and this process; who was killed may leave it. Raises OSError.
    """
    part = (workshop or path.parent) / f"{path.name}.{os.getpid()}.part"
    part.unlink(missing_ok=True)  # whatever lies there already may be somebody else's to read
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as file:
            file.writelines(content)
            if for_all:
                part.chmod(_FOR_ALL)  # whatever the process's own mask says
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a power cut, where the system lets a folder be synced. Raises OSError."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
