"""What can happen to a socket below its protocol: reset, hung up, stalled in the middle of a frame, gone dark."""

from __future__ import annotations

import asyncio
import socket as sockets
import struct

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode

HELD_AFTER_HANGUP_SECONDS = 30.0


class _Nobody(asyncio.Protocol):
    """Takes what arrives and never answers, not even the other side's hang-up."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket

    def eof_received(self) -> bool:
        asyncio.get_running_loop().call_later(HELD_AFTER_HANGUP_SECONDS, self._socket.transport.abort)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._socket.connection_lost(exc)


def go_dark(socket: ServerConnection) -> None:
    """Keeps TCP open and neither sends nor hears anything any more: no frames, no pings, no pongs, no close."""
    socket.transport.set_protocol(_Nobody(socket))


def send_half(socket: ServerConnection, message: bytes) -> None:
    """Writes the first half of a text frame; the rest must never follow."""
    raw = Frame(Opcode.TEXT, message).serialize(mask=False)
    socket.transport.write(raw[: len(raw) // 2])


def hang_up(socket: ServerConnection) -> None:
    """Ends TCP without a close frame; the other side sees 1006."""
    socket.transport.abort()


def reset(socket: ServerConnection) -> None:
    """Ends TCP with a RST instead of a FIN."""
    raw = socket.transport.get_extra_info("socket")
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    socket.transport.abort()
