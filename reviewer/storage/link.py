"""The way to a team's server: while it is cut it is tried ever more seldom, and in between every call fails at once.

Guarantees: after a failure the next try is not put off, since one cut connection says nothing of the next; each failure
after that puts it off longer, by eight seconds at most and not by the same for every desk; an answer ends that.
"""

import threading
import time
from secrets import SystemRandom

from sqlalchemy.exc import DBAPIError, OperationalError

from reviewer.domain.errors import UnreachableError

_RESTS_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
_JITTER = 0.25
# Classes and codes that say that the connection is gone: 08 connection, 57P shutdown and crash.
_GONE = ("08", "57P01", "57P02", "57P03", "57P05", "53300")


class Link:
    """What every store on one engine knows of the way to its server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._next_at = 0.0

    def check(self) -> None:
        """Raise UnreachableError where the next try is not due."""
        left = self._next_at - time.monotonic()
        if left > 0:
            raise UnreachableError(
                "The team's database cannot be reached; it is tried again in a moment.", was_tried=False
            )

    def answered(self) -> None:
        """Note that the server is there."""
        if self._failures:
            self.try_now()

    def try_now(self) -> None:
        """Let the next call try, however often it failed before."""
        with self._lock:
            self._failures = 0
            self._next_at = 0.0

    def lost(self, why: str) -> UnreachableError:
        """Note a failure and return it."""
        with self._lock:
            rest = _RESTS_S[min(self._failures, len(_RESTS_S) - 1)]
            self._failures += 1
            self._next_at = time.monotonic() + rest * SystemRandom().uniform(1 - _JITTER, 1 + _JITTER)
        return UnreachableError(f"The database did not answer: {why}.")


def is_cut(exc: DBAPIError) -> bool:
    """Tell whether a failure means that the server was not reached, or not to the end."""
    if exc.connection_invalidated:
        return True
    code = getattr(exc.orig, "sqlstate", None)
    if code is None:  # the driver's own: no server said anything
        return isinstance(exc, OperationalError)
    return str(code).startswith(_GONE)
