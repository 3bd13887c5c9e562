"""Logs hold ids, counts and durations; never content, names or numbers of people."""

import logging
import os
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

_SIZE = 1024 * 1024


class _PrivateFiles(RotatingFileHandler):
    """Opens each file, also the one after a change-over, for its owner alone."""

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, "a", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600))


def start(folder: Path) -> None:
    """Write the program's log to `folder`, at most three files of 1 MiB."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = _PrivateFiles(folder / "reviewer.log", maxBytes=_SIZE, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("reviewer")
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def stop() -> None:
    """Close the log."""
    logger = logging.getLogger("reviewer")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()


def crash(exc: BaseException) -> str:
    """Log where an unexpected error came from, without its message or any value; return its name."""
    frames = []
    trace = exc.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    logging.getLogger("reviewer").error("%s at %s", type(exc).__name__, " < ".join(reversed(frames)))
    return type(exc).__name__
