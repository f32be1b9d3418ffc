"""Raw connections to a published port: bytes as they are, and what comes back of them."""

from __future__ import annotations

import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass

ANSWER_SECONDS = 15.0
"""The longest wait for an answer; its end says nothing about speed."""
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


@dataclass(frozen=True)
class Door:
    """A published port, and a path on it that everybody may read.

    service: the service behind it.
    path: answers 200 to a plain GET.
    """

    service: str
    port: int
    path: str

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        """Opens a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_SECONDS)


@dataclass(frozen=True)
class Reply:
    """All that came back on one connection until it was closed, or until nothing more came.

    statuses: of each answer on it, in order; empty when it was closed without one.
    """

    service: str
    content: bytes
    closed: bool

    @property
    def statuses(self) -> tuple[int, ...]:
        return tuple(int(found) for found in STATUS.findall(self.content))

    def __str__(self) -> str:
        return f"{self.service}: {self.statuses or 'no answer'}, closed={self.closed}: {self.content[:200]!r}"


def exchange(door: Door, sent: bytes, *, quiet: float = 1.0) -> Reply:
    """Sends bytes and collects what comes back until the connection ends, or nothing came for `quiet` seconds after
    an answer."""
    with door.connect() as connection:
        # It may be closed before all is sent, with an answer to read nevertheless.
        with suppress(OSError):
            connection.sendall(sent)
        return collect(door, connection, quiet=quiet)


def collect(door: Door, connection: socket.socket, *, quiet: float = 1.0) -> Reply:
    """Reads what is to come on an open connection, as `exchange` does."""
    content = b""
    end = time.monotonic() + ANSWER_SECONDS
    while (left := end - time.monotonic()) > 0:
        connection.settimeout(min(quiet, left) if content else left)
        try:
            received = connection.recv(65536)
        except TimeoutError:
            break
        except OSError:
            return Reply(door.service, content, closed=True)
        if not received:
            return Reply(door.service, content, closed=True)
        content += received
    return Reply(door.service, content, closed=False)


def request(
    door: Door, method: str, path: str, *headers: str, body: bytes = b"", host: str | None = None, end: bool = True
) -> bytes:
    """Returns the bytes of a request. A Content-Length is added unless a header speaks of the body's length.

    end: asks the server to close the connection after its answer.
    """
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host or door.host}", *headers]
    if end:
        lines.append("Connection: close")
    if body and not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
