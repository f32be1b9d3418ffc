"""Frames on a socket between two executors, each of which proves that it has the shared key."""

from __future__ import annotations

import hmac
import secrets
import socket
import struct
from contextlib import suppress
from typing import NamedTuple

LARGEST_FRAME = 16 * 1024 * 1024
HANDSHAKE_SECONDS = 2.0
NONCE_BYTES, DIGEST = 32, "sha256"
_HEAD = struct.Struct(">IQH")
"""The length of what follows, the number of the request, and the status of an answer (0 in a request)."""


class PeerError(Exception):
    """The other side is away, does not have the key, or sends what is no frame."""


class PeerFrame(NamedTuple):
    """One request or one answer.

    number: the request's number, which its answer has too.
    status: the HTTP status of an answer; 0 in a request.
    body: JSON.
    """

    number: int
    status: int
    body: bytes

    def to_bytes(self) -> bytes:
        """Returns the frame as it is sent."""
        return _HEAD.pack(len(self.body), self.number, self.status) + self.body


class FrameSocket:
    """A connected socket that carries frames. One thread at a time may send, and one may read."""

    def __init__(self, connected: socket.socket, key: bytes, *, server: bool) -> None:
        """Proves the key to the other side, and has it proved. Raises `PeerError`, and then closes the socket."""
        self._socket = connected
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.settimeout(HANDSHAKE_SECONDS)
        self._reader = connected.makefile("rb")
        try:
            self._prove(key, b"server" if server else b"client", b"client" if server else b"server")
        except (OSError, PeerError) as error:
            self.close()
            raise PeerError(f"no handshake ({type(error).__name__}: {error})") from error
        connected.settimeout(None)

    def send_all(self, data: bytes | memoryview) -> None:
        """Sends the bytes of frames; waits until the other side has room. Raises `PeerError`."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise PeerError(f"{type(error).__name__}: {error}") from error

    def send_some(self, data: bytes | memoryview) -> bytes | memoryview:
        """Sends without any wait; returns what found no room. Raises `PeerError`."""
        try:
            sent = self._socket.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return data
        except OSError as error:
            raise PeerError(f"{type(error).__name__}: {error}") from error
        return memoryview(data)[sent:] if sent < len(data) else b""

    def read(self) -> PeerFrame:
        """Waits for one frame. Raises `PeerError`."""
        length, number, status = _HEAD.unpack(self._exactly(_HEAD.size))
        if length > LARGEST_FRAME:
            raise PeerError(f"a frame of {length} bytes")
        return PeerFrame(number, status, self._exactly(length))

    def close(self) -> None:
        """Closes the socket; a thread that reads gets `PeerError`."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _prove(self, key: bytes, own: bytes, other: bytes) -> None:
        nonce = secrets.token_bytes(NONCE_BYTES)
        self._socket.sendall(nonce)
        theirs = self._exactly(NONCE_BYTES)
        self._socket.sendall(hmac.digest(key, own + theirs, DIGEST))
        expected = hmac.digest(key, other + nonce, DIGEST)
        if not hmac.compare_digest(self._exactly(len(expected)), expected):
            raise PeerError("the other side does not have the key")

    def _exactly(self, count: int) -> bytes:
        try:
            found = self._reader.read(count)
        except (OSError, ValueError) as error:
            raise PeerError(f"{type(error).__name__}: {error}") from error
        if len(found) < count:
            raise PeerError("the connection ended")
        return found
