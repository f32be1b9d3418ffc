"""A WebSocket server that costs next to nothing: it answers what clients ask for, and sends batches of ready frames."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import BinaryIO

from bench.frames.sender import framed, shake_hands

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class PlainServer:
    """Serves any number of clients. `heard` takes the text of a client and returns the frames that answer it.

    order: held while frames are made and sent, so that they leave in the order in which they were made.
    """

    def __init__(self, heard: Callable[[bytes], Sequence[bytes]]) -> None:
        self._heard = heard
        self.order = threading.Lock()
        self._clients: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self._listener.getsockname()[1]}"

    def say(self, frames: Sequence[bytes]) -> None:
        """Sends a batch to every client; one that went away is forgotten. The caller holds `order`."""
        data = framed(frames)
        for client in list(self._clients) if data else ():
            try:
                client.sendall(data)
            except OSError:
                self._clients.discard(client)

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, EOFError), client, client.makefile("rb") as reader:
            shake_hands(client)
            self._clients.add(client)
            while (frame := _next(reader))[0] != CLOSE:
                kind, payload = frame
                with self.order:
                    if kind == TEXT:
                        client.sendall(framed(self._heard(payload)))
                    elif kind == PING:
                        client.sendall(bytes((0x80 | PONG, len(payload))) + payload)
        self._clients.discard(client)


def _next(reader: BinaryIO) -> tuple[int, bytes]:
    """Returns the type and the payload of a client's next frame, which is masked and in one piece (RFC 6455, 5.3)."""
    first, second = _exactly(reader, 2)
    size = second & 0x7F
    if size >= 126:
        size = (
            struct.unpack(">H", _exactly(reader, 2))[0] if size == 126 else struct.unpack(">Q", _exactly(reader, 8))[0]
        )
    mask = _exactly(reader, 4)
    payload = _exactly(reader, size)
    return first & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def _exactly(reader: BinaryIO, count: int) -> bytes:
    data = reader.read(count)
    if len(data) < count:
        raise EOFError("the client went away")
    return data
