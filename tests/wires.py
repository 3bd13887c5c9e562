"""Hosts of the tests' own, each in a network namespace with an address of its own, and the wires between them.

A wire carries IP packets between two tunnel devices and can delay them, lose some or all: what lies on it sees real
losses and sends again. It takes root and nothing of this machine's network is touched; all is gone afterwards.
"""

import ctypes
import fcntl
import heapq
import os
import random
import secrets
import select
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER = "10.77.0.1"
_TUNSETIFF, _TUN, _NO_HEADER = 0x400454CA, 0x0001, 0x1000
_NEW_NET = 0x40000000


def why_not() -> str | None:
    """Return why there can be no namespaces here, or None."""
    if os.geteuid() != 0:
        return "network namespaces take root"
    if not (os.access("/dev/net/tun", os.R_OK | os.W_OK) and shutil.which("ip")):
        return "there is no /dev/net/tun or no ip command"
    probe = f"rv{secrets.token_hex(3)}"
    if subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False).returncode != 0:
        return "the system makes no network namespace"
    subprocess.run(["ip", "netns", "del", probe], check=True)
    return None


class Host:
    """A namespace with one tunnel to the server's."""

    def __init__(self, net: "Net", number: int) -> None:
        self.name = f"{net.name}h{number}"
        self.address = f"10.77.0.{10 + number}"
        self.device, self._far = f"{net.name}a{number}", f"{net.name}b{number}"
        self.delay_s = 0.0  # each way
        self.loss = 0.0  # of packets, each way
        self.swallows = False
        self.lost = self.carried = 0
        _ip("netns", "add", self.name)
        self.near_end, self.far_end = _tunnel(self.device), _tunnel(self._far)
        for device, where, own, other in (
            (self.device, self.name, self.address, SERVER),
            (self._far, net.server, SERVER, self.address),
        ):
            _ip("link", "set", device, "netns", where)
            _ip("-n", where, "addr", "add", own, "peer", other, "dev", device)
            _ip("-n", where, "link", "set", device, "up")
        _ip("-n", self.name, "link", "set", "lo", "up")

    def set_link(self, state: str) -> None:
        """Set this host's own link "up" or "down", as pulling its cable does."""
        _ip("-n", self.name, "link", "set", self.device, state)
        if state == "up":
            _ip("-n", self.name, "route", "replace", SERVER, "dev", self.device, "src", self.address)


class Net:
    """Some hosts, and a server's namespace in which this process listens."""

    def __init__(self, hosts: int) -> None:
        self.name = f"rv{secrets.token_hex(2)}"
        self.server = f"{self.name}s"
        _ip("netns", "add", self.server)
        _ip("-n", self.server, "link", "set", "lo", "up")
        self.hosts = [Host(self, number) for number in range(hosts)]
        self._chance = random.Random(5)
        self._over = False
        self._thread = threading.Thread(target=self._carry, name="wires")
        self._thread.start()

    def listen(self) -> socket.socket:
        """Return a socket that listens at the server's address, on any port."""
        found: list[socket.socket] = []
        opener = threading.Thread(target=self._listen, args=(found,))  # the namespace is the thread's own
        opener.start()
        opener.join()
        return found[0]

    def close(self) -> None:
        """Remove everything."""
        self._over = True
        self._thread.join()
        for host in self.hosts:
            os.close(host.near_end)
            os.close(host.far_end)
            _ip("netns", "del", host.name)
        _ip("netns", "del", self.server)

    def _listen(self, found: list[socket.socket]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(f"/run/netns/{self.server}").open() as there:
            if libc.setns(there.fileno(), _NEW_NET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        listening = socket.socket()
        listening.bind((SERVER, 0))
        listening.listen()
        listening.setblocking(False)
        found.append(listening)

    def _carry(self) -> None:
        ends: dict[int, tuple[Host, int]] = {}
        for host in self.hosts:
            ends |= {host.near_end: (host, host.far_end), host.far_end: (host, host.near_end)}
        on_its_way: list[tuple[float, int, int, bytes]] = []
        number = 0
        while not self._over:
            wait = 0.05 if not on_its_way else max(0.0, min(0.05, on_its_way[0][0] - time.monotonic()))
            for end in select.select(list(ends), [], [], wait)[0]:
                packet, (host, other) = os.read(end, 65_535), ends[end]
                if host.swallows or self._chance.random() < host.loss:
                    host.lost += 1
                    continue
                host.carried += 1
                number += 1
                heapq.heappush(on_its_way, (time.monotonic() + host.delay_s, number, other, packet))
            while on_its_way and on_its_way[0][0] <= time.monotonic():
                _, _, other, packet = heapq.heappop(on_its_way)
                try:
                    os.write(other, packet)
                except OSError:  # that end is down: packets for it are lost
                    ends[other][0].lost += 1


def _tunnel(name: str) -> int:
    end = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _TUN | _NO_HEADER))
    return end


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def hosts(number: int) -> Iterator[Net]:
    """Have a net of hosts within the block."""
    net = Net(number)
    try:
        yield net
    finally:
        net.close()
