"""Server-Sent Events, both ways: lines to events, events to bytes. Source: the HTML standard, section 9.2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from common import wire

MAX_EVENT_BYTES = 4 * 1024 * 1024
HEARTBEAT = b": still here\n\n"


@dataclass(frozen=True)
class Event:
    """One event of a stream: its name (`message` when it has none), its data, and its id where it has one."""

    name: str
    data: str
    id: str = ""


class TooLarge(Exception):
    """The other side sent an event that no honest service sends."""


def read(lines: Iterable[bytes]) -> Iterator[Event | None]:
    """The events in `lines` (without their ends); None for a heartbeat comment. Raises `TooLarge`."""
    name, data, identity, size = "message", list[str](), "", 0
    for raw in lines:
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


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cuts chunks of any size into lines, without their ends. Raises `TooLarge` for a line without an end."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_EVENT_BYTES:
            raise TooLarge(f"a line of more than {MAX_EVENT_BYTES} bytes")
        for line in whole:
            yield line.removesuffix(b"\r")


def encode(name: str, body: object) -> bytes:
    """One event whose data is the JSON of `body`, which never holds a line end."""
    return b"event: " + name.encode() + b"\ndata: " + wire.encode(body) + b"\n\n"
