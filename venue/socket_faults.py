"""Breaks a socket below its protocol: resets it, hangs up, stops in the middle of a frame, or goes dark."""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.http11 import Response

from venue.armed_faults import ArmedFaults, FaultRequest

NORMAL_CLOSURE, ABNORMAL_CLOSURE = 1000, 1006
HELD_AFTER_HANGUP_SECONDS = 30.0


class Silence:
    """The time in which a socket says nothing. It ends by itself, or when the faults are cleared."""

    def __init__(self, faults: ArmedFaults[Any]) -> None:
        self._faults, self._generation = faults, faults.generation
        self._until = float("-inf")

    def begin(self, seconds: float) -> None:
        """Begins the silence now."""
        self._until = asyncio.get_running_loop().time() + seconds
        self._generation = self._faults.generation

    def lasts(self) -> bool:
        """Returns true while nothing may be said."""
        return asyncio.get_running_loop().time() < self._until and self._generation == self._faults.generation


class _Deaf(asyncio.Protocol):
    """Takes the place of the WebSocket protocol: it drops what arrives and never answers, not even a hang-up."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    def eof_received(self) -> bool:
        asyncio.get_running_loop().call_later(HELD_AFTER_HANGUP_SECONDS, self._connection.transport.abort)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)


async def do(fault: FaultRequest, connection: ServerConnection, silence: Silence, frame: bytes) -> None:
    """Does a fault to a socket. `frame` is the text of which `partial_frame` sends half.

    Returns at once when the socket goes on or is being closed; for a socket that goes dark it returns when that ends.
    """
    if fault.fault == "silence":
        silence.begin(fault.seconds or 0.0)
    elif fault.fault == "reset":
        reset(connection)
    elif fault.fault == "close" and fault.code == ABNORMAL_CLOSURE:
        hang_up(connection)
    elif fault.fault == "close":
        await connection.close(fault.code or NORMAL_CLOSURE)
    else:
        if fault.fault == "partial_frame":
            send_half(connection, frame)
        go_dark(connection)
        await connection.wait_closed()


def refusal(connection: ServerConnection, status: int, text: str, page: str | None) -> Response:
    """Returns the answer to an upgrade that is refused: the venue's own text, or the page of something on the way."""
    response = connection.respond(HTTPStatus(status), text if page is None else page)
    if page is not None:
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "text/html; charset=UTF-8"
    return response


def go_dark(connection: ServerConnection) -> None:
    """Keeps TCP open, and neither sends nor hears anything any more: no frames, pings, pongs or close."""
    connection.transport.set_protocol(_Deaf(connection))


def is_dark(connection: ServerConnection) -> bool:
    """Returns true once the socket went dark."""
    return isinstance(connection.transport.get_protocol(), _Deaf)


def send_half(connection: ServerConnection, message: bytes) -> None:
    """Writes the first half of a text frame. Nothing else may be sent after it."""
    raw = Frame(Opcode.TEXT, message).serialize(mask=False)
    connection.transport.write(raw[: len(raw) // 2])


def hang_up(connection: ServerConnection) -> None:
    """Ends TCP without a close frame; the client sees code 1006."""
    connection.transport.abort()


def reset(connection: ServerConnection) -> None:
    """Ends TCP with a RST in place of a FIN."""
    raw = connection.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.transport.abort()
