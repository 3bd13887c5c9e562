"""A way to a server that can be cut: at once, or so that one more answer is swallowed; and led to another server."""

import socket
import struct
import threading
from contextlib import suppress

_AT_ONCE = struct.pack("ii", 1, 0)  # what is closed so does not wait for what is still to be sent


class Link:
    """Passes on what comes to a port of its own, to a server's port on this machine and back."""

    def __init__(self, port: int) -> None:
        self._leads_to = port
        self._swallows = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def lead_to(self, port: int) -> None:
        """Lead every new connection to another server."""
        self._leads_to = port

    def cut(self) -> None:
        """Drop every connection; new ones may be made at once."""
        self._swallows = False
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            _drop(end)

    def swallow(self) -> None:
        """Cut once the server says the next thing, which nobody hears."""
        self._swallows = True

    def close(self) -> None:
        """End it."""
        # A thread that waits in accept() is not woken by closing alone.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._leads_to))
            except OSError:
                _drop(near)
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {near, far}
            threading.Thread(target=self._pass_on, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(far, near, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while said := source.recv(65_536):
                if is_answer and self._swallows:
                    self.cut()
                    return
                target.sendall(said)
        for end in (source, target):
            with self._lock:
                self._open.discard(end)
            _drop(end)


def _drop(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        end.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits in recv()
    end.close()
