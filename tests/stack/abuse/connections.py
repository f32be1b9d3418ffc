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
    """Sends a piece now and then on each; returns how many are neither answered nor ended when the time is over."""
    end = time.monotonic() + seconds
    left = list(connections)
    while left and time.monotonic() < end:
        time.sleep(pause)
        left = [(door, connection) for door, connection in left if _goes_on(connection, piece)]
    return len(left)


def _goes_on(connection: socket.socket, piece: bytes) -> bool:
    """Sends a piece where the other side has said nothing yet."""
    connection.setblocking(False)
    try:
        connection.recv(65536)
    except BlockingIOError:
        with suppress(OSError):
            connection.send(piece)
            return True
    except OSError:
        pass
    return False
