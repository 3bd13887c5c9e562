"""Keep this process from leaving its memory, its files or its words where somebody else finds them.

Guarantees after `harden`: the process leaves no core dump, and on Linux no other process of the same user can read its
memory; files are made for their owner alone; what nobody catches is told without a value; no library logs anything.
CPython cannot wipe memory, so nothing is promised about what lies in it while the process runs.
"""

import ctypes
import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType

_PR_SET_DUMPABLE = 4  # include/uapi/linux/prctl.h
# They log statements, rows or requests, were somebody to ask them to.
_TALKATIVE = ("sqlalchemy", "alembic", "keyring", "jeepney", "secretstorage", "filelock")


def harden(crash: Callable[[BaseException], object]) -> None:
    """Harden this process; `crash` tells of what nobody catches."""
    forbid_dumps()
    os.umask(0o077)
    faulthandler.disable()  # it would write to wherever standard error goes
    silence_libraries()
    _take_hooks(crash)


def forbid_dumps() -> None:
    """Leave no core dump; a process that this one starts inherits that, but not that its memory is closed to others."""
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def silence_libraries() -> None:
    """Let no library's log reach a handler, whatever level somebody set."""
    logging.raiseExceptions = False  # a handler that fails would print what it was given
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False


def _take_hooks(crash: Callable[[BaseException], object]) -> None:
    def uncaught(kind: type[BaseException], exc: BaseException, _trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            crash(exc)

    def in_thread(args: "threading.ExceptHookArgs") -> None:
        if args.exc_value is not None:
            crash(args.exc_value)

    def unraisable(args: "sys.UnraisableHookArgs") -> None:
        if args.exc_value is not None:
            crash(args.exc_value)

    sys.excepthook = uncaught
    threading.excepthook = in_thread
    sys.unraisablehook = unraisable
