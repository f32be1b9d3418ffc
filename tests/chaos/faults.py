"""Faults besides a process that is killed: one that hangs, the market's stream, market data, connections."""

from __future__ import annotations

import random
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.executors import Executor
from tests.executor.cable import Wire
from tests.executor.standin import MarketData

HANG_SECONDS = (0.3, 4.0)
"""Shorter and longer than the limit of a heartbeat."""
AWAY_SECONDS = (0.2, 3.0)


class Hanging:
    """An executor as something that can hang for a while."""

    def __init__(self, executor: Executor, rng: random.Random) -> None:
        self.name = f"{executor.name} hangs"
        self.kill = executor.hang
        self._executor, self._rng = executor, rng

    def start(self) -> None:
        """Wakes it after a while."""
        time.sleep(self._rng.uniform(*HANG_SECONDS))
        self._executor.wake()


class StreamCut:
    """The market's streams, which are cut; market data goes on."""

    name = "market stream cut"

    def __init__(self, data: MarketData) -> None:
        self._data = data

    def kill(self) -> None:
        """Ends every open stream."""
        self._data.cuts += 1

    def start(self) -> None:
        """Cuts every stream: those who follow ask anew."""


class MarketDataKilled:
    """Market data as something that can be killed: it comes back as another run, with another clock."""

    name = "market data killed"

    def __init__(self, data: MarketData, cable: Wire, rng: random.Random) -> None:
        self._data, self._cable, self._rng = data, cable, rng

    def kill(self) -> None:
        """Ends all of its connections, and refuses new ones."""
        self._cable.pull()
        self._data.cuts += 1

    def start(self) -> None:
        """Starts it after a while; its sequences begin again."""
        time.sleep(self._rng.uniform(*AWAY_SECONDS))
        self._data.epoch, self._data.zero = secrets.token_hex(4), time.monotonic() - self._rng.uniform(0.0, 1e6)
        self._data.moved = 0
        self._cable.plug()


class MarketDataHanging:
    """Market data as something that hangs: its connections stay open, and tell nothing."""

    name = "market data hangs"

    def __init__(self, cable: Wire, rng: random.Random) -> None:
        self.kill = cable.hang
        self._cable, self._rng = cable, rng

    def start(self) -> None:
        """Lets everything through that waited."""
        time.sleep(self._rng.uniform(*AWAY_SECONDS))
        self._cable.plug()


class PeersCut:
    """The connections between the executors, which are cut."""

    name = "peers cut"

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports

    def kill(self) -> None:
        """Cuts the connections to their ports for each other."""
        for port in self._ports:
            _cut(port)

    def start(self) -> None:
        """They connect anew."""

    @staticmethod
    def possible() -> bool:
        """Returns true where connections can be cut from outside: on Linux, for root."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.settimeout(1.0)
                try:
                    _cut(port)
                    client.recv(1)
                except TimeoutError:
                    return False
                except OSError:
                    return True
        return False


def _cut(port: int) -> None:
    command = ["ss", "--kill", "--tcp", "dst", "127.0.0.1", "dport", "=", str(port)]
    try:
        subprocess.run(command, capture_output=True, timeout=10, check=False)
    except FileNotFoundError:
        return


@contextmanager
def cabled(data: MarketData) -> Iterator[Wire]:
    """Lays a cable to market data, and tells its end as the address of market data."""
    cable = Wire(int(data.url.rpartition(":")[2]))
    data.url = f"http://127.0.0.1:{cable.port}"
    try:
        yield cable
    finally:
        cable.close()
