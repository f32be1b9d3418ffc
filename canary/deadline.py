"""Cuts a connection at a deadline."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType


class Deadline:
    """Cuts the connection at the deadline. A socket's own timeout would start anew with every byte."""

    def __init__(self, connected: socket.socket, seconds: float, name: str) -> None:
        """`seconds` is the time from entering, and `name` the thread's that cuts. Leaving late raises TimeoutError."""
        self._socket = connected
        self._passed = threading.Event()
        self._timer = threading.Timer(max(0.0, seconds), self._cut)
        self._timer.daemon = True
        self._timer.name = name

    def _cut(self) -> None:
        self._passed.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()
        if self._passed.is_set():
            raise TimeoutError from error
