"""A WebSocket server that says a tape as fast as the socket takes it: one thread, frames joined beforehand."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
from collections.abc import Sequence

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CHUNK_BYTES = 256 * 1024


def framed(payloads: Sequence[bytes]) -> bytes:
    """The payloads as unmasked text frames, one behind the other (RFC 6455, 5.2)."""
    out = bytearray()
    for payload in payloads:
        size = len(payload)
        if size < 126:
            out += bytes((0x81, size))
        else:
            out += b"\x81\x7e" + struct.pack(">H", size) if size < 65_536 else b"\x81\x7f" + struct.pack(">Q", size)
        out += payload
    return bytes(out)


def shake_hands(peer: socket.socket) -> None:
    """Reads a client's request for a WebSocket and grants it (RFC 6455, 4.2.2)."""
    request = b""
    while b"\r\n\r\n" not in request:
        data = peer.recv(4096)
        if not data:
            raise ConnectionError("the client went away")
        request += data
    key = next(
        line.split(b":", 1)[1].strip()
        for line in request.split(b"\r\n")
        if line.lower().startswith(b"sec-websocket-key:")
    )
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())  # noqa: S324 - RFC 6455 asks for it
    peer.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


class Sender:
    """Serves one client: the opening, then, once the client spoke or at once, the whole tape."""

    def __init__(self, opening: Sequence[bytes], tape: Sequence[bytes], *, wait_for_client: bool) -> None:
        self._opening, self._tape, self._wait = framed(opening), framed(tape), wait_for_client
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._listener.getsockname()[1]}"

    def _serve(self) -> None:
        peer, _ = self._listener.accept()
        with peer:
            shake_hands(peer)
            if self._wait:
                peer.recv(4096)
            peer.sendall(self._opening)
            for start in range(0, len(self._tape), CHUNK_BYTES):
                peer.sendall(self._tape[start : start + CHUNK_BYTES])
            while peer.recv(4096):
                """The client's answers; it closes when it has all."""
