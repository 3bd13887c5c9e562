"""A connection that notices a server which fell silent, whatever lies in between.

TCP notices a cut on its way to the next machine only: behind a tunnel or a proxy a dead link looks alive for ever. So
whoever waits for an answer knocks at the server after a few seconds of silence. One that opens the door is slow, and is
waited for; one that does not is gone.
"""

import socket
import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.pq import ExecStatus
from psycopg.waiting import Ready, Wait

SILENCE_S = 3.0
KNOCK_S = 3.0
_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"  # what every PostgreSQL answers with one byte, before any login

T = TypeVar("T")


class _Cursor(psycopg.Cursor[Any]):
    """Describes columns by what is asked of them alone: the rest took some 3 % of a desk's work."""

    @property
    def description(self) -> list[Any] | None:
        """Return the name and the type of each column, in the form of DB-API 2.0; None where there is no row set."""
        result = self.pgresult
        if result is None or result.status != ExecStatus.TUPLES_OK:
            return None
        unknown = (None,) * 5
        return [((result.fname(n) or b"").decode(), result.ftype(n), *unknown) for n in range(result.nfields)]


class PatientConnection(psycopg.Connection[Any]):
    """Waits for a server as long as it is there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cursor_factory = _Cursor

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **kwargs: Any) -> T:
        """Wait for what `gen` does. Raises OperationalError, the connection closed, once the link is cut."""
        return super().wait(self._watched(gen), *args, **kwargs)

    def _watched(self, gen: Generator[Any, Any, T]) -> Generator[Wait, Ready | int, T]:
        since = time.monotonic()
        try:
            wish = next(gen)
            while True:
                ready = yield wish
                if ready:
                    since = time.monotonic()
                elif time.monotonic() - since > SILENCE_S:
                    self._knock()
                    since = time.monotonic()
                wish = gen.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result

    def _knock(self) -> None:
        try:
            host, port = self.info.hostaddr or self.info.host, self.info.port
            with socket.create_connection((host, port), timeout=KNOCK_S) as door:
                door.sendall(_SSL_REQUEST)
                if door.recv(1):
                    return
        except OSError:
            pass
        self.pgconn.finish()
        raise psycopg.OperationalError("the server fell silent and cannot be reached")
