"""One connection of a client of the HTTP server: what has come of its next request, and what it has not taken yet."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import TConn

from common import wire
from common.errors import error_body
from common.framing import Framing

SEND_SECONDS = 15.0
"""A client that takes nothing of its answer for so long is cut off."""
SOON_MS = 5.0
"""A thread that has answered waits for the next request of its connection for so long, if nobody needs the thread."""
STALLED_SECONDS = 0.5
"""While the worker stops, a client that takes nothing of its answer for so long is cut off."""
READ_BYTES = 64 * 1024
REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    413: "Request Entity Too Large",
    414: "URI Too Long",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
}


class Connection(TConn):  # type: ignore[misc]
    """A client's connection. What is sent waits for the client within `SEND_SECONDS`; nothing else waits.

    Each call that makes a socket wait, or not, gives other threads the turn. So the socket keeps one mode, and what
    must not wait goes past it, to the file.

    framing: what has come of the next request.
    rest: bytes that came behind the last request.
    until: monotonic seconds by which the request must be whole, or the lingering end.
    drained: bytes dropped while lingering.
    unsent: bytes that the client had not taken when last looked at, and monotonic seconds since when it is so many.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.framing = Framing()
        self.rest = b""
        self.until = 0.0
        self.drained = 0
        self.unsent = (0, 0.0)
        self.sock.settimeout(SEND_SECONDS)

    def read(self) -> bool:
        """Takes what has come. Returns true when the request is whole; raises `BadFraming`, EOFError and OSError."""
        try:
            data = self.rest or os.read(self.sock.fileno(), READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            raise EOFError
        self.rest = b""
        if self.framing.feed(data) is not None:
            return True
        if self.framing.remove_expectation():
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return False

    def asks_again_at_once(self) -> bool:
        """Returns true when the next request begins to come very soon."""
        soon = select.poll()
        soon.register(self.sock, select.POLLIN)
        return bool(soon.poll(SOON_MS))

    def stalled(self, now: float) -> bool:
        """Returns true when bytes wait to be taken, and as many as `STALLED_SECONDS` ago."""
        waiting = struct.unpack("i", fcntl.ioctl(self.sock, termios.TIOCOUTQ, bytes(4)))[0]
        if waiting != self.unsent[0]:
            self.unsent = (waiting, now)
        return bool(waiting) and now - self.unsent[1] >= STALLED_SECONDS

    def refuse(self, status: int, message: str) -> None:
        """Answers bytes that never become a request, in the one error shape, and ends the connection."""
        reason = REASONS[status]
        body = wire.encode(error_body(reason.upper().replace(" ", "_"), message))
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.send(head.encode() + b"Connection: close\r\n\r\n" + body)

    def send(self, data: bytes) -> None:
        """Sends a few bytes without waiting. A client that is gone, or whose buffer is full, does without them."""
        with suppress(OSError):
            os.write(self.sock.fileno(), data)
