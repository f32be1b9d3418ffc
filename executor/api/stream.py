"""The door for who wants to be told: orders and the account as they change, as Server-Sent Events."""

from __future__ import annotations

import socket

from flask import Blueprint, Response, request

from executor.stream.streams import Streams

SEND_BUFFER_BYTES = 64 * 1024


def add(routes: Blueprint, streams: Streams) -> None:
    """The call that opens a stream."""

    @routes.get("/orders/stream")
    def get_stream() -> Response:
        leave = streams.enter()
        try:
            events = streams.begin(request.headers.get("Last-Event-ID", ""))
        except BaseException:
            leave()
            raise
        _bound_sending(streams.pace.send)
        response = Response(events, content_type="text/event-stream")
        response.call_on_close(leave)
        return response


def _bound_sending(seconds: float) -> None:
    """A client that stops reading must not hold its thread for ever, and one that is slow must not be sent what waited
    long in buffers; the HTTP server hands its socket over for this."""
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(seconds)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
