"""Many connections at once, and bytes that come slowly on them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import cycle, islice

from tests.stack.abuse.raw import Door


@contextmanager
def open_connections(doors: Sequence[Door], count: int) -> Iterator[list[tuple[Door, socket.socket]]]:
    """So many connections, spread over the ports."""
    with ExitStack() as closing:
        yield [(door, closing.enter_context(door.connect())) for door in islice(cycle(doors), count)]


def drip(connections: list[tuple[Door, socket.socket]], piece: bytes, seconds: float, pause: float = 0.5) -> int:
    """Sends a piece now and then on each; returns how many are still taken at the end."""
    end = time.monotonic() + seconds
    left = list(connections)
    while left and time.monotonic() < end:
        time.sleep(pause)
        left = [(door, connection) for door, connection in left if _sent(connection, piece)]
    return len(left)


def _sent(connection: socket.socket, piece: bytes) -> bool:
    """Whether the other side still takes it: it has not closed the connection."""
    with suppress(OSError):
        connection.setblocking(False)
        try:
            ended = connection.recv(65536) == b""
        except BlockingIOError:
            ended = False
        if not ended:
            connection.send(piece)
            return True
    return False
