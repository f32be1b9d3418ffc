"""The door for order streams: orders and the account as they change, as Server-Sent Events."""

from __future__ import annotations

from flask import Blueprint, Response, request

from common import sse
from executor.parts import Parts


def add(routes: Blueprint, parts: Parts) -> None:
    """Adds the call that opens a stream."""

    @routes.get("/orders/stream")
    def get_stream() -> Response:
        last = request.headers.get("Last-Event-ID", "")
        return sse.respond(parts.slots, lambda: parts.streams.begin(last), parts.streams.timings.send)
