"""How a command is called: the parser, what every command takes, and how arguments become values."""

import argparse
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, Protocol

from reviewer.channels.drafts import lines
from reviewer.domain.errors import ExitCode, InputRefusedError, UsageError
from reviewer.domain.limits import DRAFT_BYTES, unstorable_character

Run = Callable[[argparse.Namespace], ExitCode]


class Parser(argparse.ArgumentParser):
    """Reports a wrong call the way every other failure is reported; takes no abbreviations, which would not last."""

    def __init__(self, **how: Any) -> None:
        super().__init__(allow_abbrev=False, **how)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. '{self.prog} --help' shows how to call it.")


class AddCommand(Protocol):
    """Adds a command to the parser; `run` is None for what opens the desk."""

    def __call__(self, name: str, run: Run | None, text: str) -> argparse.ArgumentParser:
        """Return the new command's parser, which takes what every command takes."""
        ...


def add_common(parser: argparse.ArgumentParser, *, profile: str | None, files: str | None, json: bool | str) -> None:
    parser.add_argument("--profile", type=Path, default=profile, metavar="DIR", help="folder of the workspace's data")
    parser.add_argument(
        "--key-file",
        type=Path,
        default=files,
        metavar="FILE",
        help="this device's secret, in a file instead of the keyring",
    )
    parser.add_argument("--passphrase-file", type=Path, default=files, metavar="FILE", help="the member's passphrase")
    parser.add_argument("--code", default=files, metavar="DIGITS", help="a one-time code, where unlocking takes one")
    parser.add_argument("--json", action="store_true", default=json, help="answer as JSON, for programs")


def checked(arguments: argparse.Namespace) -> argparse.Namespace:
    """Refuse what the shell handed over in broken encoding, save the names of files."""
    for name, value in vars(arguments).items():
        if isinstance(value, str) and name not in ("file", "text_file") and unstorable_character(value):
            raise UsageError(f"The argument '{name}' is not text in the encoding of this system.")
    return arguments


def instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date and time such as 2026-05-14T09:00:00Z") from None
    return at if at.tzinfo is not None else at.astimezone()


def count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def listed(name: str, text: str) -> list[str]:
    listed = [part.strip() for part in text.split(",") if part.strip()]
    if not listed:
        raise UsageError(f"'--{name}' names nothing; leave it out for every one of them.")
    return listed


def lines_of(name: str) -> Iterator[bytes]:
    if name == "-":
        yield from lines(sys.stdin.buffer)
        return
    try:
        with Path(name).open("rb") as file:
            yield from lines(file)
    except OSError as exc:
        raise UsageError(f"The file {name} cannot be read: {exc.strerror}.") from exc


def text_of(name: str) -> str:
    try:
        untrusted = sys.stdin.buffer.read(DRAFT_BYTES + 1) if name == "-" else _read(Path(name))
        if len(untrusted) > DRAFT_BYTES:
            raise InputRefusedError(f"The text has more than {DRAFT_BYTES:,} bytes.")
        return untrusted.decode("utf-8")
    except OSError as exc:
        raise UsageError(f"The file {name} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise InputRefusedError(f"The text is not UTF-8 at byte {exc.start + 1}.") from exc


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(DRAFT_BYTES + 1)  # one byte too many is enough to be refused
