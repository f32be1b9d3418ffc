"""Server-Sent Events, both ways: written, read, served on counted slots. Source: the HTML standard, section 9.2."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from flask import Response, request

from common import wire
from common.errors import ClientGone, TooManyStreams
from common.loop import Stop

HEARTBEAT = b": heartbeat\n\n"
MAX_EVENT_BYTES = 4 * 1024 * 1024
SEND_SECONDS = 15.0
SEND_BUFFER_BYTES = 64 * 1024
LONGEST_LOOK_SECONDS = 1.0
_RESUME_POINT = re.compile(r"(?:([0-9a-f]{1,16})-)?([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True)
class Event:
    """One event that was read.

    name: the event's name; `message` when the sender gives none.
    data: the data lines, joined by line ends.
    id: the event's id; empty when it has none.
    """

    name: str
    data: str
    id: str = ""


class TooLarge(Exception):
    """The sender sent an event larger than `MAX_EVENT_BYTES`."""


def encode(name: str, body: object, event_id: str = "") -> bytes:
    """Returns the bytes of one event. Its data is the JSON of `body`, which never holds a line end."""
    return encode_json(name, wire.encode(body), event_id)


def encode_json(name: str, data: bytes, event_id: str = "") -> bytes:
    """Returns the bytes of one event whose data is JSON already."""
    identity = f"id: {event_id}\n".encode() if event_id else b""
    return b"event: %s\n%sdata: %s\n\n" % (name.encode(), identity, data)


def event_id(sequence: int, epoch: str = "") -> str:
    """Returns the id of an event: the sequence up to which its reader was told all.

    `epoch` is hexadecimal and names the run of the process where sequences of another run mean nothing.
    """
    return f"{epoch}-{sequence}" if epoch else str(sequence)


def resume_point(last_event_id: str, epoch: str = "") -> int | None:
    """Returns the sequence in a client's Last-Event-ID, or None when it has none of this epoch."""
    found = _RESUME_POINT.fullmatch(last_event_id)
    if found is None or (found[1] or "") != epoch:
        return None
    return int(found[2])


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cuts chunks of any size into lines, without their ends. Raises `TooLarge` for a line that does not end."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_EVENT_BYTES:
            raise TooLarge(f"a line of more than {MAX_EVENT_BYTES} bytes")
        for line in whole:
            yield line.removesuffix(b"\r")


def read(raw_lines: Iterable[bytes]) -> Iterator[Event | None]:
    """Yields the events in lines without their ends, and None for a heartbeat comment. Raises `TooLarge`."""
    name, data, identity, size = "message", list[str](), "", 0
    for raw in raw_lines:
        size += len(raw)
        if size > MAX_EVENT_BYTES:
            raise TooLarge(f"an event of more than {MAX_EVENT_BYTES} bytes")
        line = raw.decode("utf-8", errors="replace")
        if not line:
            if data:
                yield Event(name, "\n".join(data), identity)
            name, data, identity, size = "message", [], "", 0
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not field:
            yield None
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            identity = value


class StreamSlots:
    """Counts the streams that are open: each holds a thread of the server, and other calls need threads too.

    open: how many streams are open now.
    """

    def __init__(self, most: int, *, instead: str, refused: Callable[[], None] = lambda: None) -> None:
        """`instead` tells a refused client what it can do; `refused` is called for each one."""
        self.open = 0
        self._most, self._instead, self._refused = most, instead, refused
        self._lock = threading.Lock()

    def acquire(self) -> Callable[[], None]:
        """Takes a slot and returns the function that releases it, once. Raises `TooManyStreams` when none is free."""
        with self._lock:
            if self.open >= self._most:
                self._refused()
                raise TooManyStreams(f"all {self._most} streams are taken: {self._instead}", limit=self._most)
            self.open += 1
        held = [True]

        def release() -> None:
            with self._lock:
                if held:
                    held.clear()
                    self.open -= 1

        return release


def respond(slots: StreamSlots, begin: Callable[[], Iterator[bytes]], send_seconds: float = SEND_SECONDS) -> Response:
    """Answers this request with the stream that `begin` opens. Its slot is released whatever happens.

    A client that takes nothing for `send_seconds` is cut off. Raises what `begin` raises, `TooManyStreams` when no
    slot is free, and `ClientGone`.
    """
    release = slots.acquire()
    try:
        response = Response(begin(), content_type="text/event-stream")
        response.call_on_close(release)
        response.headers["X-Accel-Buffering"] = "no"
        _bound_sending(send_seconds)
    except BaseException:
        release()
        raise
    return response


def follow(
    first: bytes, following: Callable[[float], bytes], *, stop: Stop, heartbeat: float, monotonic: Callable[[], float]
) -> Iterator[bytes]:
    """Yields `first`, then what `following(seconds)` returns within that time, until the stop.

    A heartbeat goes out every `heartbeat` seconds, so that silence means loss.
    """
    yield first
    del first  # a snapshot may be large, and the stream may stay open for days
    beat_at = monotonic() + heartbeat
    while not stop.is_set():
        chunk = following(max(0.0, min(beat_at - monotonic(), LONGEST_LOOK_SECONDS)))
        if monotonic() >= beat_at:
            beat_at = monotonic() + heartbeat
            chunk += HEARTBEAT
        if chunk:
            yield chunk


def _bound_sending(seconds: float) -> None:
    """Limits how long sending may take, and how much may wait in buffers; the HTTP server hands over its socket.

    Raises `ClientGone`.
    """
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        try:
            connection.settimeout(seconds)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        except OSError as error:
            raise ClientGone("the client has closed its connection") from error
