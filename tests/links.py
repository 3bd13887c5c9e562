"""A link between a desk and its server that a test can cut, delay, let swallow everything, and mend.

It lies on loopback and forwards whole connections: what it swallows looks to both ends as behind a tunnel whose far
side is gone. Lost packets cannot be had here, only what they cost: a chunk that waits for its retransmission.
"""

import asyncio
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_RETRANSMISSION_S = 0.3  # what a lost packet costs at least, beside the delay itself


class Link:
    """Forwards 127.0.0.1:`port` to a server's port; every method may be called on any thread."""

    def __init__(self, server_port: int, *, seed: int = 1, listening: socket.socket | None = None) -> None:
        """Forward to a server's port, from a port of this machine or what a socket of another host takes."""
        self._listening = listening
        self._server_port = server_port
        self._chance = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link")
        self._thread.start()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._open = asyncio.Event()
        self._open.set()
        self.port = 0
        self.delay_s = 0.0  # each way
        self.loss = 0.0  # the share of chunks that must be sent again
        self.connections = 0  # since the beginning
        self.on_chunk: Callable[[bool], bool] | None = None  # whether to cut instead of passing on a chunk (to server?)
        self.mend()

    def cut(self) -> None:
        """End every connection at once and take no new one: as a cable that is pulled, with both ends told."""
        self._do(self._cut())

    def break_connections(self) -> None:
        """End every connection at once, but take new ones: as a server that restarts."""
        self._do(self._break())

    def swallow(self) -> None:
        """Forward nothing any more, and tell nobody; new connections are taken and hear nothing."""
        self._do(self._swallow())

    def mend(self) -> None:
        """Forward again."""
        self._do(self._mend())

    def close(self) -> None:
        """End everything."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, what: Any) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    async def _cut(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._break()

    async def _break(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _swallow(self) -> None:
        self._open.clear()

    async def _mend(self) -> None:
        if not self._open.is_set():  # what was under way then is lost
            await self._break()
        self._open.set()
        if self._listener is None:
            if self._listening is None:
                self._listener = await asyncio.start_server(self._take, "127.0.0.1", self.port)
            else:
                self._listener = await asyncio.start_server(self._take, sock=self._listening)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        await self._cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.connections += 1
        try:
            await self._open.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
            self._writers.add(far_writer)
            try:
                async with asyncio.TaskGroup() as pumps:
                    pumps.create_task(self._pump(reader, far_writer, to_server=True))
                    pumps.create_task(self._pump(far_reader, writer, to_server=False))
            finally:
                self._writers.discard(far_writer)
                far_writer.transport.abort()
        except (OSError, asyncio.CancelledError, ExceptionGroup):
            pass
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_server: bool) -> None:
        due = 0.0
        while chunk := await reader.read(65_536):
            await self._open.wait()
            if self.on_chunk is not None and self.on_chunk(to_server):
                await self._cut()
                return
            late = self.delay_s
            while self.loss and self._chance.random() < self.loss:
                late += 2 * self.delay_s + _RETRANSMISSION_S
            due = max(due, self._loop.time() + late)
            if late or due > self._loop.time():
                self._loop.call_at(due, _write, writer, chunk)
            else:
                _write(writer, chunk)
        self._loop.call_at(max(due, self._loop.time()), _finish, writer)


def _write(writer: asyncio.StreamWriter, chunk: bytes) -> None:
    if not writer.is_closing():
        writer.write(chunk)


def _finish(writer: asyncio.StreamWriter) -> None:
    if not writer.is_closing():
        writer.close()


@contextmanager
def linked(server_port: int) -> Iterator[Link]:
    """Have a link within the block."""
    link = Link(server_port)
    try:
        yield link
    finally:
        link.close()
