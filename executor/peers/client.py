"""The client of another executor: many threads share one kept connection."""

from __future__ import annotations

import socket
import threading
from itertools import count

from executor.peers.frames import FrameSocket, PeerError, PeerFrame

CONNECT_SECONDS = 0.5


class NotSent(PeerError):
    """The request can't have reached the other executor."""


class PeerClient:
    """Asks one executor at a time; an address other than the last one opens a new connection."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._numbers = count(1)
        self._connection: _Connection | None = None

    def ask(self, address: str, body: bytes, seconds: float) -> PeerFrame:
        """Returns the answer. Raises `NotSent` when nothing was sent, else `PeerError` when no answer came in time."""
        connection = self._connected(address)
        number, answer = next(self._numbers), _Waiting()
        connection.waiting[number] = answer
        try:
            if connection.ended:
                raise NotSent(f"{address}: the connection ended")
            with self._sending:
                connection.socket.send_all(PeerFrame(number, 0, body).to_bytes())
            return answer.result(seconds)
        except PeerError:
            self._drop(connection)
            raise
        finally:
            connection.waiting.pop(number, None)

    def close(self) -> None:
        """Closes the connection; those that wait get `PeerError`."""
        if self._connection is not None:
            self._drop(self._connection)

    def _connected(self, address: str) -> _Connection:
        with self._lock:
            if self._connection is None or self._connection.address != address:
                if self._connection is not None:
                    self._connection.socket.close()
                self._connection = _Connection(address, self._key)
            return self._connection

    def _drop(self, connection: _Connection) -> None:
        with self._lock:
            if self._connection is connection:
                self._connection = None
        connection.socket.close()


class _Waiting:
    """A thread's wait for one answer. A lock that is released once costs a fraction of a future."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self._found: PeerFrame | PeerError | None = None

    def end(self, found: PeerFrame | PeerError) -> None:
        """Gives the answer, or the failure; call it once."""
        self._found = found
        self._lock.release()

    def result(self, seconds: float) -> PeerFrame:
        """Waits for the answer. Raises `PeerError`."""
        if not self._lock.acquire(timeout=seconds):
            raise PeerError(f"no answer within {seconds:.1f} s")
        if isinstance(self._found, PeerFrame):
            return self._found
        raise self._found or PeerError("no answer")


class _Connection:
    """A connection, and the requests on it that wait for their answers, by number."""

    def __init__(self, address: str, key: bytes) -> None:
        self.address = address
        self.waiting: dict[int, _Waiting] = {}
        self.ended = False
        host, _, port = address.rpartition(":")
        try:
            connected = socket.create_connection((host, int(port)), CONNECT_SECONDS)
            self.socket = FrameSocket(connected, key, server=False)
        except (OSError, ValueError, PeerError) as error:
            raise NotSent(f"{address}: {type(error).__name__}: {error}") from error
        threading.Thread(target=self._read, name="peer-answers", daemon=True).start()

    def _read(self) -> None:
        try:
            while True:
                frame = self.socket.read()
                waiting = self.waiting.pop(frame.number, None)
                if waiting is not None:
                    waiting.end(frame)
        except PeerError as error:
            self.ended = True
            self.socket.close()
            while self.waiting:
                _, waiting = self.waiting.popitem()
                waiting.end(PeerError(f"{self.address}: {error}"))
