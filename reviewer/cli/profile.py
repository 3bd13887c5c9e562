"""The profile that a command works on, and its keys."""

import argparse
from pathlib import Path

from reviewer import logs
from reviewer.bootstrap import Application, Services, default_profile
from reviewer.domain.errors import ReviewerError, UsageError


class Opened:
    """The profile that a command works on, closed at the end of the block."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        profile = arguments.profile or default_profile()
        self.application = Application(profile, arguments.key_file, is_command=True)

    def __enter__(self) -> Application:
        return self.application

    def __exit__(self, _kind: object, exc: BaseException | None, _trace: object) -> None:
        if isinstance(exc, Exception) and not isinstance(exc, ReviewerError | BrokenPipeError):
            logs.crash(exc)  # here, because closing ends the log
        self.application.close()


def unlock(arguments: argparse.Namespace, application: Application, *, check_memory: bool = True) -> Services:
    return application.unlock(passphrase_of(arguments), arguments.code, check_memory=check_memory)


def passphrase_of(arguments: argparse.Namespace) -> str | None:
    """Return the passphrase from its file; its last line break does not count."""
    path: Path | None = arguments.passphrase_file
    if path is None:
        return None
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"The passphrase file {path.name} cannot be read.") from exc
