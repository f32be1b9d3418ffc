"""Downloads of evidence packages. The stop cuts those that are under way: a slow client must not hold it up."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

from flask import Response, request, send_file

from common.errors import Unavailable
from common.loop import Stop


class Downloads:
    """Answers requests with files, until the service stops."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._open: set[socket.socket] = set()
        stop.on_set(self._cut)

    def respond(self, path: Path) -> Response:
        """Returns the answer of this request: the package at `path`. Raises `Unavailable` after the stop."""
        response = send_file(path, mimetype="application/zip", as_attachment=True, download_name=path.name)
        connection = request.environ.get("gunicorn.socket")
        if connection is not None:
            self._open.add(connection)
            # With direct passthrough the server sends the file itself, and calls nothing at its end.
            response.direct_passthrough = False
            response.call_on_close(lambda: self._open.discard(connection))
        if self._stop.is_set():
            self._open.discard(connection)
            raise Unavailable("the canary stops now")
        return response

    def _cut(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
